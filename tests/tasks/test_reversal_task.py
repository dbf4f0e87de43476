"""Three-arm reversal learning: the people's schedule, reversals at any time, rates, bad numbers."""

import jax
import numpy as np
import pandas as pd
import pytest
from rolls import roll, within

from fastslow.errors import UserError
from fastslow.tasks.reversal import Reversal, unannounced


@pytest.fixture(scope="module")
def scheduled():
    return roll(Reversal(), 512)


def test_the_better_arm_changes_every_fifteen_trials_to_any_other(scheduled):
    best = scheduled.by_episode("p_reward").argmax(2)
    np.testing.assert_array_equal(best[:, 0], scheduled.problem)
    changes = best[:, 1:] != best[:, :-1]
    expected = np.isin(np.arange(1, 90), [15, 30, 45, 60, 75])
    np.testing.assert_array_equal(changes, np.broadcast_to(expected, changes.shape))
    np.testing.assert_array_equal(
        scheduled.by_episode("block"), np.broadcast_to(np.arange(90) // 15, best.shape)
    )
    for arm in range(3):
        assert within(scheduled.problem == arm, 1 / 3)
        after = best[:, 15][best[:, 14] == arm]
        assert arm not in after and within(after == (arm + 1) % 3, 0.5)


def test_the_better_arm_pays_eight_times_in_ten_the_others_two(scheduled):
    trials = scheduled.trials()
    right = trials["action"] == trials["p_reward"].argmax(1)
    np.testing.assert_array_equal(trials["correct"], right)
    np.testing.assert_allclose(trials["regret"], np.where(right, 0, 0.6), atol=1e-6)
    assert within(trials["reward"][right], 0.8) and within(trials["reward"][~right], 0.2)


def test_unannounced_reversals_come_as_often_at_any_time():
    best = roll(unannounced(), 512).by_episode("p_reward").argmax(2)
    changes = best[:, 1:] != best[:, :-1]
    assert within(changes, 1 / 15)
    assert within(changes[:, 1:][changes[:, :-1]], 1 / 15)  # and whatever came before


def test_the_schedule_is_that_of_the_people(data_folder):
    people = pd.read_csv(data_folder / "human_reversal_zorowitz" / "trials.csv.gz")
    best = people.sort_values(["subject", "trial"])["correct"].to_numpy().reshape(406, 90)
    changes = np.diff(best, axis=1) != 0
    np.testing.assert_array_equal(changes.all(axis=0), np.isin(np.arange(1, 90), [15, 30, 45, 60, 75]))
    assert changes.sum() == 406 * 5
    paid = people.groupby("accuracy")["outcome"].mean()
    assert paid[1.0] == pytest.approx(0.8, abs=0.01) and paid[0.0] == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"reward_high": 0.1}, "reward_low .* must not exceed"),
        ({"hazard": 1.5}, "hazard is 1.5"),
        ({"arms": 1}, "arms is 1"),
        ({"block": -1}, "block is -1"),
        ({"trials": 0}, "trials is 0"),
    ],
)
def test_bad_numbers_are_refused(options, words):
    with pytest.raises(UserError, match=words):
        Reversal(**options)


def test_two_arms_and_no_reversal_are_an_ordinary_bandit():
    task = Reversal(arms=2, block=0, trials=4)
    best = roll(task, 64).by_episode("p_reward").argmax(2)
    assert (best == best[:, :1]).all() and task.actions == 2
    assert jax.numpy.allclose(task.probabilities(jax.numpy.int32(1)), jax.numpy.array([0.2, 0.8]))
