"""Measures, claims and figures of compositional bandits, from behaviour and states that are made by hand."""

import numpy as np
import pandas as pd
import pytest

from fastslow.experiments.compositional_bandits import (
    AGENTS,
    DRAWN,
    EXPERIMENT,
    FIRST,
    GRID,
    HALF,
    LAST,
    RIGHT_READ,
    SUM,
)
from fastslow.experiments.compositional_bandits_measures import meanings
from fastslow.experiments.experiment import judge
from fastslow.records.record import from_arrays, from_trials

CODES, EPISODES, SUBJECTS, PULLS = 10, 6, 2, 2
RNG = np.random.default_rng(0)
PAIR = np.broadcast_to(RNG.permutation(CODES**2), (EPISODES, CODES**2))
FIRST_CODE, SECOND_CODE = np.divmod(PAIR, CODES)


def met(codes):
    """How often each code had been met, this time included `[episode exposure]`."""
    return np.array([[(one[: at + 1] == one[at]).sum() for at in range(one.size)] for one in codes])


MET = {"first_exposure": met(FIRST_CODE), "second_exposure": met(SECOND_CODE)}
KNOWN = np.minimum(*MET.values()) > 1


def numbers(task):
    """What the codes of each pair stand for, and the good arm `[episode exposure]`."""
    o1, o2 = np.random.default_rng(1).integers(0, task.levels, (2, EPISODES, CODES))
    o1, o2 = np.take_along_axis(o1, FIRST_CODE, 1), np.take_along_axis(o2, SECOND_CODE, 1)
    return o1, o2, np.asarray(task.arm_of())[o1, o2]


def lived(task, how):
    """The record of subjects who pull the good arm (`both`), one of its row, in a third of the episodes the good one
    (`row`), or one in neither its row nor its column (`none`), as they all do while a code is new."""
    good = numbers(task)[2]
    wrong = (good + (4 if task is GRID else 1)) % task.arms
    in_row = good // 3 * 3 + (good + np.arange(EPISODES)[:, None]) % 3
    pulled = np.where(KNOWN, {"both": good, "row": in_row, "none": wrong}[how], wrong)
    episode, place, pull = (x.ravel() for x in np.indices((EPISODES, CODES**2, PULLS)))
    table = pd.DataFrame({name: values[episode, place] for name, values in MET.items()})
    table = table.assign(
        context=PAIR[episode, place],
        episode=episode,
        trial=PULLS * place + pull,
        exposure_order=place,
        exposure_trial=pull,
        action=pulled[episode, place],
        reward=0.0,
        correct=(pulled == good)[episode, place],
        **{f"p_reward_{arm}": np.where(good == arm, 0.9, 0.1)[episode, place] for arm in range(task.arms)},
    )
    return from_trials(
        pd.concat([table.assign(subject=f"seed {n}") for n in range(SUBJECTS)], ignore_index=True)
    )


def recalled(task, what):
    """The record of first pulls at which states were recalled that hold what the code stands for, or the arm of the
    pair before, which is the one recalled."""
    *meant, good = numbers(task)
    before = np.maximum(np.arange(CODES**2) - 1, 0)
    of = meant if what == "meaning" else [good[:, before]] * 2
    shape = (SUBJECTS, EPISODES, CODES**2)
    states = np.concatenate([np.eye(task.arms)[one] for one in of], axis=2)
    trial = MET | {"context": PAIR, "action": good, "reward": np.zeros(good.shape, np.float32)}
    trial |= {
        "p_reward": np.where(np.arange(task.arms) == good[..., None], 0.9, 0.1),
        "recalled_state": states,
    }
    trial["recalled"] = np.broadcast_to(before[None, :, None], (EPISODES, CODES**2, 2))
    arrays = {name: np.broadcast_to(x, (SUBJECTS, *x.shape)) for name, x in trial.items()}
    assert arrays["action"].shape == shape
    return from_arrays(arrays, [f"seed {n}" for n in range(SUBJECTS)])


@pytest.fixture(scope="module")
def tables():
    how = {
        "ep_lstm": "both",
        "observer": "both",
        "ep_first": "row",
        "observer_first": "row",
        "lost_second": "row",
    }
    names = (*DRAWN, "observer_second", "observer_no_memory", "lost_first", "lost_second", "untrained")
    players = {name: lived(GRID, how.get(name, "none")) for name in names}
    players |= {f"{name}_sum": lived(SUM, "none") for name in ("ep_lstm", "observer_first")}
    players["observer_sum"] = lived(SUM, "both")
    held = {"held_ep_lstm": recalled(GRID, "meaning"), "held_ep_lstm_sum": recalled(SUM, "arm")}
    return EXPERIMENT.measure(players | held)


def test_claims_are_shares_where_both_codes_are_known(tables):
    told = {claim.measure: claim for claim in judge(EXPERIMENT, tables["claims"])}
    assert all(claim.measured is not None for claim in told.values())
    for name, share in {
        "ep_lstm": 1,
        "ep_first": 1 / 3,
        "lstm": 0,
        "observer_sum": 1,
        "ep_lstm_sum": 0,
    }.items():
        assert told[f"{name}: {FIRST}"].measured == pytest.approx(share)
    assert told[f"ep_lstm: {LAST}"].measured == 1
    above = told[f"ep_lstm less observer_first: {FIRST}, lower end"]
    assert above.measured == pytest.approx(2 / 3) and above.accepted
    assert told["ep_lstm: first pull correct, one code new"].measured == 0
    for name, half, share in (
        ("ep_lstm", "column", 1),
        ("lost_second", "row", 1),
        ("lost_second", "column", 1 / 3),
    ):
        assert told[f"{name}: first pull {HALF[half]}, both codes known"].measured == pytest.approx(share)


def test_a_bound_that_is_not_surpassed_is_not_accepted(tables):
    rows = tables["claims"].set_index("measure")
    equal = rows["value"].to_dict() | {f"ep_lstm less observer_first: {FIRST}, lower end": -0.01}
    claims = pd.DataFrame({"measure": equal.keys(), "value": equal.values(), "low": np.nan, "high": np.nan})
    told = {claim.measure: claim.accepted for claim in judge(EXPERIMENT, claims)}
    assert told[f"ep_lstm less observer_first: {FIRST}, lower end"] is False


def test_what_states_hold_is_read_out_of_them(tables):
    """The arm of the pair before tells nothing of what a code stands for, of which the commonest is guessed."""
    claims = tables["claims"].set_index("measure")["value"]
    assert claims[f"ep_lstm: {RIGHT_READ['meaning']}"] == 1
    assert claims[f"ep_lstm_sum: {RIGHT_READ['arm']}"] == 1
    assert claims[f"ep_lstm_sum: {RIGHT_READ['meaning']}"] < 0.45


def test_numbers_of_sums_are_told_relative_to_the_first_code():
    o1, o2, good = numbers(SUM)
    first, second = meanings(good[None], PAIR[None], SUM)
    origin = o1[:, :1]
    np.testing.assert_array_equal(second[0], (o2 + origin) % 4)
    known = FIRST_CODE[:, :1] != FIRST_CODE
    np.testing.assert_array_equal(first[0][known], ((o1 - origin) % 4)[known])
    assert (first[0][~known] == -1).all()


def test_figures_show_who_is_above_the_bounds(tables):
    drawing = EXPERIMENT.draw(tables)["compositional_bandits"]
    axes = drawing.figure.axes
    lines = [{line.get_label(): line.get_ydata() for line in axis.get_lines()} for axis in (axes[1], axes[4])]
    np.testing.assert_allclose(lines[0]["episodic LSTM"], [1, 1])
    np.testing.assert_allclose(lines[0]["ideal, first code alone"], [1 / 3, 1 / 3])
    np.testing.assert_allclose(lines[1]["episodic LSTM"], [0, 0])
    bars = [[bar.get_height() for bar in axis.patches] for axis in (axes[2], axes[5])]
    np.testing.assert_allclose(bars[0], [1, 1, 0, 1, 1 / 3, 0])
    assert bars[1][0] == 1 and len(bars[1]) == 3


def test_agents_differ_in_what_they_recall_by():
    made = EXPERIMENT.conditions(EXPERIMENT.config("laptop"))
    assert {name: (each.task.combine, each.agent.recall, each.agent.lost) for name, each in made.items()} == {
        "ep_lstm": ("grid", "gate", ()),
        "ep_first": ("grid", "gate", (1,)),
        "lstm": ("grid", "none", ()),
        "ep_lstm_sum": ("sum", "gate", ()),
    }
    assert (
        set(made) == set(AGENTS)
        and len({made[name].trainer for name in ("ep_lstm", "ep_first", "lstm")}) == 1
    )
    assert all(each.task.codes == 4 for each in made.values())
