"""Bandits: how arms are drawn and walk, what they pay, whose regret it is."""

import jax.numpy as jnp
import numpy as np
import pytest
from rolls import roll, within
from scipy import stats

from fastslow.errors import UserError
from fastslow.tasks.bandit import CorrelatedBandit, IndependentBandit, easy, hard, medium
from fastslow.tasks.informative_arm import InformativeArm
from fastslow.tasks.restless import RestlessBandit, calm, volatile
from fastslow.tasks.task import reflect


def chosen(trials):
    return np.take_along_axis(trials["p_reward"], trials["action"][:, None], 1)[:, 0]


@pytest.mark.parametrize(
    "task", [IndependentBandit(), IndependentBandit(arms=5, pulls=20), CorrelatedBandit(), easy()]
)
def test_arms_pay_by_their_probability_and_regret_is_by_it_too(task):
    trials = roll(task, 400).trials()
    assert within(trials["reward"] - chosen(trials), 0.0)
    best = trials["p_reward"].max(1)
    np.testing.assert_allclose(trials["regret"], best - chosen(trials), atol=1e-6)
    np.testing.assert_array_equal(trials["correct"], chosen(trials) == best)


def test_arms_are_drawn_as_published():
    independent = roll(IndependentBandit(pulls=1), 4000).problem
    assert stats.kstest(independent.ravel(), "uniform").pvalue > 1e-4
    assert abs(np.corrcoef(independent.T)[0, 1]) < 4 / 4000**0.5
    uniform = roll(CorrelatedBandit(pulls=1), 4000).problem
    np.testing.assert_allclose(uniform.sum(1), 1.0)
    assert stats.kstest(uniform[:, 0], "uniform").pvalue > 1e-4
    for make, low in ((easy, 0.1), (medium, 0.25), (hard, 0.4)):
        p1 = roll(make(pulls=1), 4000).problem[:, 0]
        np.testing.assert_allclose(np.unique(p1), [low, 1 - low], rtol=1e-6)
        assert within(p1 > 0.5, 0.5)


def test_arms_stay_within_an_episode():
    p = roll(IndependentBandit(), 8).by_episode("p_reward")
    assert (p == p[:, :1]).all()


def test_a_missed_pull_is_a_row():
    rolled = roll(IndependentBandit(pulls=3), 8, actions=[-1, 2, 0])
    np.testing.assert_array_equal(rolled.by_episode("action"), [[-1, -1, 0]] * 8)
    np.testing.assert_array_equal(rolled.by_episode("valid"), [[False, False, True]] * 8)
    assert (rolled.outcomes.reward[:, :2] == 0).all()
    np.testing.assert_allclose(rolled.by_episode("regret")[:, 0], rolled.problem.max(1))


def test_the_informative_arm_tells_the_target_and_optimal_play_earns_20_55():
    episodes = 4000
    first = roll(InformativeArm(), episodes, actions=[10] * 5)
    np.testing.assert_allclose(first.outcomes.reward[:, 0], (first.problem + 1) / 10, rtol=1e-6)
    hint = np.rint(first.outcomes.reward[:, 0] * 10).astype(int) - 1
    # who asks once and then pulls what the answer names, for each target as often as it is drawn
    totals = []
    for target in range(10):
        actions = [10, *[target] * 4]
        totals.append(
            roll(InformativeArm(), episodes, actions=actions).outcomes.reward.sum(1)[hint == target]
        )
    totals = np.concatenate(totals)
    assert totals.size == episodes and within(totals, 20.55)
    np.testing.assert_allclose(np.unique(totals), 20 + np.arange(1, 11) / 10, rtol=1e-6)


def test_random_play_of_the_informative_arm_earns_6_6():
    rolled = roll(InformativeArm(), 8000)
    assert within(rolled.outcomes.reward.sum(1), 5 * (0.55 + 5 + 9 * 1) / 11)  # 6.614
    assert within(rolled.outcomes.reward[:, 0][rolled.outcomes.trial["action"][:, 0] == 10], 0.55)
    assert (np.bincount(rolled.problem) > 8000 / 10 - 4 * 27).all() and len(np.bincount(rolled.problem)) == 10
    np.testing.assert_allclose(rolled.trials()["regret"], 5.0 - rolled.trials()["reward"], rtol=1e-6)


def test_restless_arms_walk_as_they_should():
    rolled = roll(RestlessBandit(), 1000)
    trials, p1 = rolled.trials(), rolled.by_episode("p_reward")[:, :, 0]
    assert within(trials["reward"] - chosen(trials), 0.0)
    np.testing.assert_allclose(trials["p_reward"].sum(1), 1.0, rtol=1e-6)
    assert p1.min() >= 0 and p1.max() <= 1
    assert stats.kstest(p1[:, 0], "uniform").pvalue > 1e-4
    volatility = rolled.by_episode("volatility")
    assert (volatility == volatility[:, :1]).all() and within(volatility[:, 0] > 0.1, 0.5)
    np.testing.assert_allclose(np.unique(volatility), [0.02, 0.2], rtol=1e-6)

    steps = np.diff(p1, axis=1)
    slow = steps[(volatility[:, 1:] < 0.1) & (np.abs(p1[:, :-1] - 0.5) < 0.3)]  # ten s.d. from the bounds
    assert within(slow, 0.0) and abs(slow.std() - 0.02) < 4 * 0.02 / (2 * slow.size) ** 0.5
    # from near the middle a fast step is a normal one folded at two and a half s.d.
    fast = steps[(volatility[:, 1:] > 0.1) & (np.abs(p1[:, :-1] - 0.5) < 0.05)]
    assert abs(np.quantile(np.abs(fast), 0.5) / 0.6745 - 0.2) < 4 * 0.2 * 1.17 / fast.size**0.5


@pytest.mark.parametrize(("make", "sigma"), [(calm, 0.02), (volatile, 0.2)])
def test_volatility_can_be_fixed(make, sigma):
    np.testing.assert_allclose(roll(make(2), 32).by_episode("volatility"), sigma, rtol=1e-6)


def test_reflection_folds_at_both_bounds():
    x = jnp.array([0.3, 1.1, -0.3, 2.4, -1.2, 1.0, 0.0, 0.25])
    folded = reflect(x, jnp.float32(0), jnp.float32(1))
    np.testing.assert_allclose(folded, [0.3, 0.9, 0.3, 0.4, 0.8, 1.0, 0.0, 0.25], atol=1e-6)
    np.testing.assert_allclose(reflect(x, jnp.float32(0.5), jnp.float32(0.5)), 0.5)


@pytest.mark.parametrize(
    ("make", "options", "words"),
    [
        (IndependentBandit, {"arms": 0}, "arms is 0"),
        (IndependentBandit, {"pulls": -3}, "pulls is -3"),
        (CorrelatedBandit, {"p_high": 1.2}, "p_high is 1.2.*between 0 and 1"),
        (CorrelatedBandit, {"p_low": 0.8, "p_high": 0.3}, "p_low must not exceed p_high"),
        (RestlessBandit, {"sigma_low": -0.1}, "sigma_low is -0.1"),
        (RestlessBandit, {"sigma_low": 0.5}, "sigma_low must not exceed sigma_high"),
        (InformativeArm, {"arms": 2}, "arms is 2"),
        (InformativeArm, {"pay_other": 6.0}, "pay_other must not exceed pay_target"),
    ],
)
def test_a_parameter_out_of_range_is_refused(make, options, words):
    with pytest.raises(UserError, match=words):
        make(**options)
