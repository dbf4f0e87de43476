"""Observers of volatility: the filter against brute force, Behrens' grid against its definition, both noticing."""

from itertools import pairwise, product

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.agents.bayes_volatility import BayesVolatility, bayes_volatility
from fastslow.agents.behrens import V, behrens, drift, wander
from fastslow.errors import UserError
from fastslow.tasks.bandit import IndependentBandit
from fastslow.tasks.volatility import VolatileBandit
from fastslow.timestep import Percept


def percept(action, reward):
    zero, first = jnp.float32(0), jnp.bool_(action < 0)
    return Percept(jnp.zeros(0), jnp.int32(action), zero + reward, first, jnp.int32(0), zero)


def brute_force(outcomes, p, low, high, redraw):
    """P(good arm, level) after the outcomes, over every history of both."""
    posterior, states = np.zeros((2, 2)), list(product(range(2), range(2)))
    for history in product(states, repeat=len(outcomes) + 1):
        weight = 0.25
        for (good, level), (next_good, next_level) in pairwise(history):
            weight *= (1 - redraw) * (level == next_level) + redraw / 2
            hazard = (low, high)[next_level]
            weight *= hazard if good != next_good else 1 - hazard
        for (good, _), (action, reward) in zip(history, outcomes, strict=False):
            pays = p if good == action else 1 - p
            weight *= pays if reward else 1 - pays
        posterior[history[-1]] += weight
    return posterior / posterior.sum()


def test_the_filter_is_exact():
    observer = BayesVolatility(0.8, 0.02, 0.3, 0.1)
    outcomes = [(0, 1), (0, 0), (1, 1), (1, 0)]
    state, _ = observer.take_in(observer.blank(), percept(-1, 0))
    for action, reward in outcomes:
        state, _ = observer.take_in(state, percept(action, reward))
    expected = brute_force(outcomes, 0.8, 0.02, 0.3, 0.1)
    np.testing.assert_allclose(state, expected, atol=1e-6)
    output = observer.choose(state, percept(1, 0), jax.random.key(0))
    assert float(output.probes["volatility"]) == pytest.approx(expected[:, 1].sum(), abs=1e-6)
    assert int(output.action) == expected.sum(1).argmax()


@eqx.filter_jit
def take_in(observer, state, percept):
    return observer.take_in(state, percept)[0]


def after(observer, outcomes):
    state = take_in(observer, observer.blank(), percept(-1, 0))
    for action, reward in outcomes:
        state = take_in(observer, state, percept(action, reward))
    return observer.choose(state, percept(0, 1), jax.random.key(0)).probes


SETTLED, RESTLESS = [(0, 1)] * 48, [(0, 1)] * 8 + ([(0, 0)] * 8 + [(0, 1)] * 8) * 3
BEHRENS = behrens(VolatileBandit(), 12, 7, 3)


@pytest.mark.parametrize("observer", [bayes_volatility(VolatileBandit()), BEHRENS], ids=["ideal", "behrens"])
def test_reversals_are_noticed_and_calm_is(observer):
    calm, volatile = after(observer, SETTLED), after(observer, RESTLESS)
    assert float(volatile["volatility"]) > float(calm["volatility"])
    assert float(calm["q"][0]) > 0.75
    mirrored = after(observer, [(1 - action, reward) for action, reward in RESTLESS])
    np.testing.assert_allclose(mirrored["q"], volatile["q"][::-1], atol=1e-4)


def test_an_impossible_outcome_teaches_nothing():
    certain = BayesVolatility(1.0, 0.0, 0.0, 0.0)
    state = jnp.array([[0.5, 0.5], [0.0, 0.0]])
    after, _ = certain.take_in(state, percept(0, 0))
    np.testing.assert_allclose(after, state)


def test_the_drift_of_r_has_the_stated_mean_and_variance():
    v = np.log(np.array([0.01, 0.04]))
    centres = (np.arange(200) + 0.5) / 200
    matrix = drift(200, v)
    np.testing.assert_allclose(matrix.sum(axis=2), 1)
    for level, variance in zip(matrix, np.exp(v), strict=True):
        row = level[60]
        mean = row @ centres
        assert mean == pytest.approx(centres[60], abs=0.002)
        assert row @ (centres - mean) ** 2 == pytest.approx(variance, rel=0.02)


def test_the_step_of_v_is_normal_and_stays_within():
    v = np.linspace(*V, 61)
    matrix = wander(v, np.array([-2.0]))[0]
    np.testing.assert_allclose(matrix.sum(axis=1), 1)
    row = matrix[30]
    assert row @ v == pytest.approx(v[30]) and row @ (v - v[30]) ** 2 == pytest.approx(np.exp(-2), rel=0.02)


def test_other_worlds_are_refused():
    with pytest.raises(UserError, match="two arms"):
        behrens(IndependentBandit(arms=3))
    with pytest.raises(UserError, match="bins is 1"):
        behrens(VolatileBandit(), 1)
    with pytest.raises(UserError, match="VolatileBandit"):
        bayes_volatility(IndependentBandit())
