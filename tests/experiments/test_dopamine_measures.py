"""Hand-made choices under risk through the measures: changes, their direction, and the rule of both odds."""

import numpy as np
import pandas as pd
import pytest

from fastslow.experiments import dopamine
from fastslow.experiments.experiment import CLAIMS
from fastslow.records.record import from_arrays

LOW, HIGH = 0.125, 0.5
"""The odds at which the risk is not worth it, and is."""
CONTROL = {LOW: [0.2, 0.3], HIGH: [0.6, 0.7]}
"""Shares of risky choices of two seeds."""


def players():
    """Everyone's records by name; all of them choose alike."""
    names = ["control", "untrained", "bayes_risky", *dopamine.MANIPULATIONS]
    return dict.fromkeys([*names, *(f"{name}_shuffled" for name in dopamine.MANIPULATIONS)], CONTROL)


def moved(low, high):
    """The control's shares, moved by so much at either of the odds."""
    return {LOW: [share + low for share in CONTROL[LOW]], HIGH: [share + high for share in CONTROL[HIGH]]}


def told(**others):
    """The claims where all choose as the control does but for `others`."""
    rows = [
        (name, f"seed {i}", odds, share)
        for name, shares in (players() | others).items()
        for odds, values in shares.items()
        for i, share in enumerate(values)
    ]
    risky = pd.DataFrame(rows, columns=["name", "subject", "p_win", "risky"])
    errors = pd.DataFrame(
        [("risky win", 1.5), ("risky win", 2.5), ("risky loss", -1), ("risky loss", -3)],
        columns=["outcome", "rpe"],
    )
    regret = pd.DataFrame([(name, r) for name in players() for r in (0.1, 0.3)], columns=["name", "regret"])
    return dopamine.claims(risky, errors, regret).set_index("measure")


def test_claims_by_hand():
    value = told(block_win=moved(-0.1, -0.3), bayes_risky={LOW: [0, 0], HIGH: [1, 0.9]})["value"]
    by_hand = {
        "control: risky choice, worth the risk less not": 0.4,
        "bayes_risky: risky choice, worth the risk less not": 0.95,
        "untrained: regret per trial": 0.2,
        "block_win: change of risky choice": -0.2,
        "block_certain: change of risky choice": 0,
        "control: prediction error, risky win": 2,
        "control: prediction error, risky loss": -2,
    }
    assert value[list(by_hand)].to_dict() == pytest.approx(by_hand)


@pytest.mark.parametrize(
    ("name", "by_name_and_odds", "moves"),
    [
        ("block_win", (-0.1, -0.2), 1),
        ("block_win", (0.1, 0.2), 0),  # the wrong way
        ("block_win", (0.1, -0.3), 0),  # towards chance, though lower in the mean
        ("block_win", (-0.1, 0), 0),
        ("block_certain", (0.1, 0.2), 1),
        ("block_certain", (-0.1, -0.2), 0),
        ("block_certain", (0.3, -0.1), 0),
        ("stimulate_loss", (0.1, 0.2), 1),
        ("stimulate_loss", (-0.1, -0.2), 0),
        ("stimulate_loss_shuffled", (0.1, 0.2), 1),  # and is then not accepted
        ("stimulate_loss_shuffled", (0.1, -0.1), 0),
        ("block_win_shuffled", (-0.1, -0.2), 1),
    ],
)
def test_choice_moves_where_it_does_as_published_at_both_odds(name, by_name_and_odds, moves):
    value = told(**{name: moved(*by_name_and_odds)})["value"]
    assert value[f"{name}: {dopamine.MOVES}"] == moves
    assert value[f"{name}: change of risky choice"] == pytest.approx(np.mean(by_name_and_odds))
    others = [n for n in value.index if dopamine.MOVES in n and n != f"{name}: {dopamine.MOVES}"]
    assert len(others) == 5 and not value[others].any()


def test_the_interval_at_either_odds_must_be_clear_of_0():
    """One seed of two goes the other way at one of the odds: the mean moves, its interval holds 0."""
    shares = {LOW: [CONTROL[LOW][0] + 0.3, CONTROL[LOW][1] - 0.01], HIGH: moved(0, 0.2)[HIGH]}
    value = told(block_certain=shares)["value"]
    assert value["block_certain: change of risky choice"] > 0.15
    assert value[f"block_certain: {dopamine.MOVES}"] == 0


def test_seeds_are_held_against_themselves():
    """The changes are seed by seed: those of equal size have no spread, however far seeds lie apart."""
    row = told(stimulate_loss=moved(0.1, 0.1)).loc["stimulate_loss: change of risky choice"]
    assert row[["value", "low", "high"]].tolist() == pytest.approx([0.1] * 3)


EPISODES, TRIALS = 2, 11


def behaviour(shares):
    """A record: an episode of either odds, its first press forced on the risky lever, so many of ten others risky."""
    shape = (2, EPISODES, TRIALS)
    count = np.array([[10 * share for share in seeds] for seeds in shares.values()]).T.round()
    press = np.broadcast_to(np.arange(TRIALS), shape)
    forced = press == 0
    risky = forced | (press <= count[:, :, None])
    win = risky & (press % 2 == 1)
    # The error of an outcome is that of the press; at fixation it is nonsense, and that of forced presses too.
    rpe = np.where(win, 3.0, np.where(risky, -1.0, 0.5))
    rpe = np.stack([np.full(shape, 99.0), np.where(forced, 77.0, rpe)], axis=3).reshape(*shape[:2], -1)
    return from_arrays(
        {
            "action": risky.astype(int),
            "reward": np.where(win, 4.0, np.where(risky, 0.0, 1.0)),
            "risky": risky,
            "forced": forced,
            "p_win": np.broadcast_to(np.array(list(shares))[None, :, None], shape).copy(),
            "regret": np.where(risky, 0.0, 0.5),
        },
        ["seed 0", "seed 1"],
        time_arrays={
            "step_trial": np.broadcast_to(np.repeat(np.arange(TRIALS), 2), rpe.shape).copy(),
            "step_rpe": rpe,
        },
    )


def test_records_are_measured_by_their_free_presses_and_their_outcomes():
    records = {name: behaviour(shares) for name, shares in players().items()}
    records["block_win"] = behaviour(moved(-0.1, -0.2))
    records["control"]["step_rpe"] = records["control"]["step_rpe"] / 2  # its errors are those reported
    value = dopamine.measure(records)[CLAIMS].set_index("measure")["value"]
    by_hand = {
        "control: risky choice, worth the risk less not": 0.4,
        "control: regret per trial": 0.5 * (8 + 7 + 4 + 3) / 4 / TRIALS,
        "block_win: change of risky choice": -0.15,
        f"block_win: {dopamine.MOVES}": 1,
        "block_win_shuffled: change of risky choice": 0,
        "control: prediction error, risky win": 1.5,
        "control: prediction error, certain": 0.25,
        "control: prediction error, risky loss": -0.5,
    }
    assert value[list(by_hand)].to_dict() == pytest.approx(by_hand)


def test_shuffled_stimulation_keeps_amounts_and_episodes_and_loses_the_time():
    """Nothing is delivered at the first step, and nothing of the last press, which no step follows."""
    delivered = np.zeros((40, 20))
    delivered[:, [3, 4, 19]] = -4, -2, -1
    delivered[20:] *= 10
    steps = dopamine.shuffled(delivered, np.random.default_rng(0))
    assert steps.shape == (40, 40)
    assert not steps[:, 0].any()
    amounts = np.sort(steps, axis=1)[:, :3]
    assert (amounts[:20] == [-4, -2, 0]).all() and (amounts[20:] == [-40, -20, 0]).all()
    # At steps of fixation (even) and of choice (odd) alike, elsewhere in each episode.
    where = (steps[:20] == -4).argmax(axis=1)
    assert len(set(where)) > 10 and 0.2 < (where % 2).mean() < 0.8
