"""The probe worlds keep the promises of a task, and pay what they say to chance and to the best policy."""

import jax
import numpy as np
import pytest
from rolls import roll, within

from fastslow.tasks.check import check_task
from fastslow.tasks.probes import (
    PROBES,
    ActedReward,
    DelayedReward,
    LearnedReward,
    MatchedReward,
    RememberedReward,
)


@pytest.mark.parametrize("probe", PROBES)
def test_a_probe_is_a_task_and_chance_earns_what_it_says(probe):
    check_task(probe(), jax.random.key(0), 100)
    assert within(roll(probe(), 2000).outcomes.reward.sum(1), probe.chance)


def returns(probe, policy):
    """Return of `policy(sign) -> actions` over both signs, evenly."""
    totals = []
    for sign in (-1, 1):
        rolled = roll(probe(), 64, actions=policy(sign))
        totals.append(rolled.outcomes.reward.sum(1)[rolled.problem == sign].mean())
    return np.mean(totals)


@pytest.mark.parametrize(
    ("probe", "policy"),
    [
        (ActedReward, lambda sign: [1]),
        (MatchedReward, lambda sign: [int(sign > 0)]),
        (RememberedReward, lambda sign: [0, 0, 0, int(sign > 0)]),
    ],
)
def test_the_best_policy_earns_what_it_says(probe, policy):
    assert returns(probe, policy) == probe.best


def test_a_guess_then_certainty_is_best_where_the_side_is_hidden():
    guess = np.mean([returns(LearnedReward, lambda sign, g=g: [g, *[int(sign > 0)] * 3]) for g in (0, 1)])
    assert guess == LearnedReward.best
    assert (roll(LearnedReward(), 8).outcomes.observation == 0).all()


def test_the_cue_to_remember_is_seen_once():
    rolled = roll(RememberedReward(), 32)
    np.testing.assert_array_equal(rolled.opening.observation[:, 0], rolled.problem)
    assert (rolled.outcomes.observation == 0).all() and (rolled.outcomes.reward[:, :3] == 0).all()


def test_the_delayed_reward_comes_second():
    rolled = roll(DelayedReward(), 1000)
    assert (rolled.outcomes.reward[:, 0] == 0).all()
    assert set(np.unique(rolled.outcomes.reward[:, 1])) == {1.0, 3.0}
