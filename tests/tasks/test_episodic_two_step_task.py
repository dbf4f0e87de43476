"""The episodic two-step task: published rates, what is cued and repeated, what is shown when, void trials."""

import numpy as np
import pytest
from rolls import roll, within

from fastslow.errors import UserError
from fastslow.tasks.episodic_two_step import EpisodicTwoStep

EPISODES = 256


@pytest.fixture(scope="module")
def rolled():
    return roll(EpisodicTwoStep(), EPISODES)


@pytest.fixture(scope="module")
def column(rolled):
    return {name: rolled.by_episode(name) for name in rolled.outcomes.trial}


def test_published_rates(rolled, column):
    assert column["valid"].all() and column["action"].shape == (EPISODES, 100)
    assert within(column["transition"], 0.9)
    np.testing.assert_array_equal(column["transition"], column["action"] == column["state"])
    uncued = {name: values[:, :50] for name, values in column.items()}
    assert not uncued["cued"].any() and column["cued"][:, 50:].all() and not uncued["repeated"].any()
    good = uncued["p_reward"].argmax(2)
    assert within(uncued["reward"][uncued["state"] == good], 0.9)
    assert within(uncued["reward"][uncued["state"] != good], 0.1)
    assert within(good[:, 0], 0.5) and within(good[:, 1:] != good[:, :-1], 0.1)
    np.testing.assert_array_equal(good[:, 0], rolled.problem.good)


def test_each_past_trial_is_cued_once_in_its_half(column):
    cued = column["recalled_trial"]
    assert (cued[:, :50] == -1).all()
    np.testing.assert_array_equal(np.sort(cued[:, 50:75]), np.tile(np.arange(25), (EPISODES, 1)))
    np.testing.assert_array_equal(np.sort(cued[:, 75:]), np.tile(np.arange(25, 50), (EPISODES, 1)))
    assert within(cued[:, 50:75].mean(0), 12) and (cued[0] != cued[1]).any()


def test_what_is_recalled_is_what_happened(column):
    cued = column["recalled_trial"][:, 50:]
    for name in ("action", "state", "transition", "reward"):
        then = np.take_along_axis(column[name], cued, axis=1)
        np.testing.assert_array_equal(column[f"recalled_{name}"][:, 50:], then)
        assert (column[f"recalled_{name}"][:, :50] == -1).all()


def test_the_same_state_pays_the_same_and_the_other_pays_as_ever(column):
    second = {name: values[:, 50:] for name, values in column.items()}
    again = second["repeated"]
    np.testing.assert_array_equal(again, second["state"] == second["recalled_state"])
    np.testing.assert_array_equal(second["reward"][again], second["recalled_reward"][again])
    # The action led to the other state: its probability is that of now, .9 or .1, and the side goes on swapping.
    other = np.take_along_axis(second["p_reward"], 1 - second["recalled_state"][..., None], 2)[..., 0]
    assert within(other > 0.5, 0.5)
    high = ~again & (other > 0.5)
    assert within(second["reward"][high], 0.9) and within(second["reward"][~again & (other < 0.5)], 0.1)
    good = np.where(other > 0.5, 1 - second["recalled_state"], second["recalled_state"])
    assert within(good[:, 1:] != good[:, :-1], 0.1)


def test_regret_counts_a_repeated_reward(column):
    p = column["p_reward"]
    expected = 0.9 * p + 0.1 * p[..., ::-1]
    chosen = np.take_along_axis(expected, column["action"][..., None], 2)[..., 0]
    np.testing.assert_allclose(column["regret"], expected.max(2) - chosen, atol=1e-6)


def test_what_is_shown_when(rolled, column):
    """Choice and outcome take turns; contexts are new but for the cued one, which comes back where its state does."""
    seen = np.concatenate([rolled.opening.observation[:, None], rolled.outcomes.observation[:, :-1]], axis=1)
    seen = seen.reshape(EPISODES, 100, 2, 13)
    assert (seen[:, :, 0, :3] == np.eye(3)[0]).all()
    np.testing.assert_array_equal(seen[:, :, 1, :3], np.eye(3)[1 + column["state"]])
    paid = np.concatenate([np.zeros((EPISODES, 1)), rolled.outcomes.reward[:, :-1]], axis=1)
    np.testing.assert_array_equal(paid.reshape(EPISODES, 100, 2)[:, :, 1], column["reward"])
    before, after = seen[:, :, 0, 3:], seen[:, :, 1, 3:]
    assert (before[:, :50] == 0).all() and (abs(after) == 1).all()
    past = np.take_along_axis(after, np.maximum(column["recalled_trial"], 0)[..., None], axis=1)
    np.testing.assert_array_equal(before[:, 50:], past[:, 50:])
    again = column["repeated"]
    np.testing.assert_array_equal(after[again], before[again])
    # All that is not a repetition is new: as many contexts in an episode as trials that did not repeat.
    codes = (after > 0) @ 2 ** np.arange(10)
    assert [len(set(row)) for row in codes] == (100 - again.sum(1)).tolist()
    assert within((after[:, :50] > 0).mean((1, 2)), 0.5)


def test_cues_say_when_to_store_and_when_to_recall(rolled):
    first, later = rolled.opening.cue, rolled.outcomes.cue
    store, recall, begins = (
        np.concatenate([getattr(first, name)[:, None], getattr(later, name)[:, :-1]], axis=1)
        for name in ("store", "recall", "begins")
    )
    at = np.arange(200)
    np.testing.assert_array_equal(store, np.tile((at % 2 == 1) & (at < 100), (EPISODES, 1)))
    np.testing.assert_array_equal(recall, np.tile((at % 2 == 0) & (at >= 100), (EPISODES, 1)))
    np.testing.assert_array_equal(begins, np.tile(at == 0, (EPISODES, 1)))
    np.testing.assert_array_equal(later.context[:, :, 0], rolled.outcomes.observation[:, :, 3:])


def test_a_void_trial_shows_and_pays_nothing_and_leaves_nothing_to_recall():
    task = EpisodicTwoStep(trials=4, reward_low=1.0, reward_high=1.0)
    rolled = roll(task, 64, actions=[-1, 0, 0, 0, 1, 7, 2, 0])
    column = {name: rolled.by_episode(name) for name in rolled.outcomes.trial}
    np.testing.assert_array_equal(column["valid"], np.tile([False, True, True, False], (64, 1)))
    assert (rolled.outcomes.observation[:, 0] == 0).all() and not rolled.outcomes.cue.store[:, 0].any()
    assert (column["action"][:, [0, 3]] == -1).all() and (column["reward"] == column["valid"]).all()
    # Trial 2 is cued by trial 0, which was void: its context is shown, with nothing behind it.
    assert rolled.outcomes.cue.recall[:, 3].all() and (column["recalled_trial"][:, 2] == 0).all()
    assert (column["recalled_state"][:, 2] == -1).all() and not column["repeated"][:, 2].any()
    assert (column["recalled_state"][:, 3] == column["state"][:, 1]).all()


@pytest.mark.parametrize(
    ("name", "value"), [("transition", 0.3), ("swap", 2.0), ("trials", 50), ("trials", 0), ("bits", 6)]
)
def test_a_parameter_out_of_range_is_refused(name, value):
    with pytest.raises(UserError, match=f"{name} is {value:g}, but"):
        EpisodicTwoStep(**{name: value})
