"""The set-size task: what is shown how often and when, which answer pays, and when memory is cued."""

import numpy as np
import pandas as pd
import pytest
from rolls import roll, within

from fastslow.errors import UserError
from fastslow.tasks.set_size import ANSWERS, SHARES, SetSize

TASK = SetSize()
BLOCKS = 500


@pytest.fixture(scope="module")
def rolled():
    return roll(TASK, BLOCKS)


@pytest.fixture(scope="module")
def live(rolled):
    """Which steps belong to the block."""
    last = rolled.outcomes.last
    return np.cumsum(last, axis=1) - last == 0


@pytest.fixture(scope="module")
def trials(rolled, live):
    ends = rolled.outcomes.trial["trial_end"] & live
    columns = {name: value[ends] for name, value in rolled.outcomes.trial.items()}
    return pd.DataFrame(columns | {"block": np.nonzero(ends)[0]})


def test_every_picture_of_a_block_is_shown_as_often(trials):
    sizes = trials.groupby("block")["set_size"].agg(["first", "nunique", "size"])
    assert (sizes["nunique"] == 1).all() and (sizes["size"] == 9 * sizes["first"]).all()
    assert all(within(sizes["first"] == size, 1 / 5) for size in range(2, 7))
    of_picture = trials.groupby(["block", "stimulus"])
    assert (of_picture.size() == 9).all()
    np.testing.assert_array_equal(trials["iteration"], of_picture.cumcount() + 1)
    np.testing.assert_array_equal(trials["delay"], of_picture["trial"].diff().fillna(0))
    assert (trials.groupby("block")["stimulus"].nunique() == sizes["first"]).all()


def test_delays_are_spread_as_among_the_people(trials):
    """Mean delays of Collins & Frank's people in blocks that were not prolonged: 1.94, 2.89, 5.76."""
    again = trials[trials["iteration"] > 1]
    delays = {size: rows["delay"] for size, rows in again.groupby("set_size")}
    for size, people in ((2, 1.94), (3, 2.89), (6, 5.76)):
        assert delays[size].mean() == pytest.approx(people, rel=0.05)
        assert (delays[size] <= 2 * size - 1).mean() > 0.93
    # Of six pictures each delay from 1 to 8 is about as frequent (of the people's, .112 to .079).
    shares = [(delays[6] == delay).mean() for delay in range(1, 9)]
    assert min(shares) > 0.07 and max(shares) < 0.125


def test_one_answer_pays_and_answers_are_shared_as_among_the_people(trials):
    np.testing.assert_array_equal(trials["correct"], trials["action"] == trials["answer"])
    np.testing.assert_array_equal(trials["reward"], trials["correct"])
    assert (trials.groupby(["block", "stimulus"])["answer"].nunique() == 1).all()
    assert within(trials["correct"], 1 / ANSWERS)
    pictures = trials.drop_duplicates(["block", "stimulus"])
    counts = pd.crosstab(pictures["block"], pictures["answer"])
    shared = pd.Series(np.sort(counts.to_numpy(), axis=1).tolist()).map(str)
    size = counts.sum(axis=1).to_numpy()
    for number, shares, share in ((2, [0, 1, 1], 5 / 6), (3, [1, 1, 1], 1 / 2), (6, [2, 2, 2], 2 / 3)):
        assert within(shared[size == number] == str(shares), share)
    assert all(within(pictures["answer"] == answer, 1 / 3) for answer in range(ANSWERS))
    assert (SHARES.sum(axis=2) == np.arange(2, 7)[:, None]).all()


def test_a_picture_is_shown_and_then_its_outcome_with_memory_cued_accordingly(rolled, live):
    shown = np.concatenate([rolled.opening.observation[:, None], rolled.outcomes.observation[:, :-1]], axis=1)
    cue = [
        np.concatenate([a[:, None], b[:, :-1]], axis=1)
        for a, b in zip(rolled.opening.cue, rolled.outcomes.cue, strict=True)
    ]
    context, recall, store, begins = cue
    asks = shown[..., 8] == 1
    assert (asks[live] == (np.indices(live.shape)[1] % 2 == 0)[live]).all()
    assert (recall[live] == asks[live]).all() and (store[live] == ~asks[live]).all()
    assert (begins[live] == asks[live]).all()
    np.testing.assert_array_equal(context[:, :, 0], shown[..., :8])
    sizes = np.broadcast_to(rolled.problem.size[:, None] / 6, live.shape)
    np.testing.assert_allclose(shown[..., 9], sizes, rtol=1e-6)
    # The outcome is shown with the picture that it is about, and pays nothing more.
    told = live[:, 1:] & ~asks[:, 1:]
    np.testing.assert_array_equal(shown[:, 1:, :8][told], shown[:, :-1, :8][told])
    assert not rolled.outcomes.reward[live & ~asks].any()
    assert rolled.outcomes.cue.store[live & rolled.outcomes.last].all()


def test_pictures_are_unlike_each_other_and_new_in_every_block(rolled):
    codes = rolled.problem.codes
    np.testing.assert_allclose(
        codes @ codes.transpose(0, 2, 1), np.broadcast_to(8 * np.eye(6), (BLOCKS, 6, 6))
    )
    assert all(within(codes[..., i], 0.0) for i in range(1, 8))
    assert len(np.unique(codes.reshape(-1, 8), axis=0)) == 256
    same = roll(SetSize(least=2, most=2, presentations=1, same_pictures=True), 100).problem.codes
    assert len(np.unique(same.reshape(-1, 8), axis=0)) == 8


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"least": 1}, "least is 1"),
        ({"most": 7}, "most is 7"),
        ({"least": 4, "most": 3}, "least must not exceed most"),
        ({"presentations": 0}, "presentations is 0"),
    ],
)
def test_parameters_are_checked(wrong, said):
    with pytest.raises(UserError, match=said):
        SetSize(**wrong)
