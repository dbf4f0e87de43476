"""The observer of reversal learning: its filter against brute force over all reversal histories, its choices."""

from itertools import pairwise, product

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.agents.bayes_reversal import bayes_reversal
from fastslow.errors import UserError
from fastslow.tasks.bandit import IndependentBandit
from fastslow.tasks.reversal import Reversal, unannounced
from fastslow.timestep import Percept

HAZARD = 0.1


def percept(action, reward):
    zero, first = jnp.float32(0), jnp.bool_(action < 0)
    return Percept(jnp.zeros(0), jnp.int32(action), jnp.float32(reward), first, jnp.int32(0), zero)


def brute_force(outcomes):
    """P(better arm after the outcomes), summed over every sequence of better arms."""
    posterior = np.zeros(3)
    for history in product(range(3), repeat=len(outcomes) + 1):
        p = 1 / 3
        for before, after in pairwise(history):
            p *= 1 - HAZARD if before == after else HAZARD / 2
        for best, (action, reward) in zip(history, outcomes, strict=False):
            pays = 0.8 if best == action else 0.2
            p *= pays if reward else 1 - pays
        posterior[history[-1]] += p
    return posterior / posterior.sum()


def test_the_filter_is_exact():
    observer = bayes_reversal(Reversal(), HAZARD)
    outcomes = [(0, 1), (0, 1), (1, 0), (0, 0), (2, 1), (2, 0)]
    state, signals = observer.take_in(observer.blank(), percept(-1, 0))
    for action, reward in outcomes:
        expected_reward = float(observer.expected(state)[action])
        state, signals = observer.take_in(state, percept(action, reward))
        assert float(signals["delta_reward"]) == pytest.approx(reward - expected_reward, abs=1e-6)
    np.testing.assert_allclose(state, brute_force(outcomes), atol=1e-6)
    output = observer.choose(state, percept(2, 0), jax.random.key(0))
    np.testing.assert_allclose(output.probes["q"], 0.2 + 0.6 * brute_force(outcomes), atol=1e-6)
    assert int(output.action) == brute_force(outcomes).argmax()


def test_a_missed_trial_teaches_nothing_but_time_passes():
    observer = bayes_reversal(Reversal(), HAZARD)
    state = jnp.array([0.8, 0.1, 0.1])
    missed = percept(-1, 0)._replace(first=jnp.bool_(False))
    moved, signals = observer.take_in(state, missed)
    np.testing.assert_allclose(moved, [0.9 * 0.8 + 0.1 * 0.1, *[0.9 * 0.1 + 0.05 * 0.9] * 2], atol=1e-6)
    assert float(signals["delta_reward"]) == 0


def test_it_expects_reversals_as_often_as_the_task_has_them():
    assert float(bayes_reversal(Reversal()).hazard) == pytest.approx(1 / 15)
    assert float(bayes_reversal(unannounced(0.2)).hazard) == pytest.approx(0.2)
    with pytest.raises(UserError, match="bayes_reversal assumes a task of kind Reversal"):
        bayes_reversal(IndependentBandit())
