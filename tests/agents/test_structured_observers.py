"""Observers that know a structure: the informative arm, and arms that wander."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.agents.informed import informed, searcher
from fastslow.agents.interaction import interaction
from fastslow.agents.restless_thompson import restless_thompson, walk
from fastslow.agents.thompson import thompson
from fastslow.agents.uniform import uniform
from fastslow.errors import UserError
from fastslow.loop import run
from fastslow.tasks.bandit import IndependentBandit
from fastslow.tasks.informative_arm import InformativeArm
from fastslow.tasks.restless import calm, volatile
from fastslow.timestep import Percept

EPISODES = 4000


@eqx.filter_jit
def play(agent, task, episodes=EPISODES):
    _, trace = run(interaction(agent, task, episodes), jax.random.key(0), task.episode_steps)
    return trace


@pytest.mark.parametrize(("make", "expected"), [(informed, 20.55), (searcher, 11.0), (uniform, 6.614)])
def test_return_of_five_pulls_with_an_informative_arm(make, expected):
    task = InformativeArm()
    total = np.asarray(play(make(task), task).reward.sum(0))
    assert abs(total.mean() - expected) < 4 * total.std() / EPISODES**0.5 + 0.001


def test_the_informed_asks_once_then_is_always_right():
    task = InformativeArm()
    trace = play(informed(task), task)
    assert (np.asarray(trace.output.action)[0] == 10).all()
    assert np.asarray(trace.trial["correct"])[1:].all()


def test_the_searcher_never_repeats_a_miss():
    task = InformativeArm()
    actions = np.asarray(play(searcher(task), task).output.action)
    correct = np.asarray(play(searcher(task), task).trial["correct"])
    for lane in range(200):
        missed = actions[~correct[:, lane], lane]
        assert len(set(missed)) == len(missed)


def test_the_walk_keeps_probability_and_matches_simulation():
    matrix = walk(0.2)
    np.testing.assert_allclose(matrix.sum(axis=1), 1)
    rng = np.random.default_rng(0)
    p = 0.095 + 0.2 * rng.standard_normal(200_000)
    p = np.abs(p)
    centres = (np.arange(101) + 0.5) / 101
    row = matrix[9]
    assert abs((row * centres).sum() - np.where(p > 1, 2 - p, p).mean()) < 0.003
    np.testing.assert_allclose(np.ones(101) @ matrix, np.ones(101), atol=1e-3)


@pytest.mark.parametrize(("task", "volatility"), [(calm(), 0.02), (volatile(), 0.2)])
def test_a_sampler_that_knows_the_walk_beats_one_that_assumes_none(task, volatility):
    knows = play(restless_thompson(task, volatility), task, 1000).trial["regret"].sum(0)
    assumes_none = play(thompson(task), task, 1000).trial["regret"].sum(0)
    error = float(knows.var() + assumes_none.var()) ** 0.5 / 1000**0.5
    assert float(assumes_none.mean() - knows.mean()) > 2 * error


def test_with_no_volatility_the_grid_posterior_is_the_beta_posterior():
    """Arms p and 1 - p with 2 successes of 3 for arm 0 and none of 1 for arm 1: Beta(4, 2), mean 2/3."""
    agent = restless_thompson(calm(), 0.0)
    state = agent.init_state(jax.random.key(0))
    first = jnp.bool_(True)
    percept = play_percept(-1, 0.0)._replace(first=first)
    state, _ = agent.step(state, percept, jax.random.key(0))
    for action, reward in ((0, 1.0), (0, 1.0), (0, 0.0), (1, 0.0)):
        state, output = agent.step(state, play_percept(action, reward), jax.random.key(0))
    np.testing.assert_allclose(output.probes["q"], [2 / 3, 1 / 3], atol=1e-3)


def play_percept(action, reward):
    zero = jnp.float32(0)
    return Percept(jnp.zeros(0), jnp.int32(action), jnp.float32(reward), jnp.bool_(False), jnp.int32(0), zero)


def test_refuses_other_tasks():
    with pytest.raises(UserError, match="informed assumes a task of kind InformativeArm, but was given Ind"):
        informed(IndependentBandit())
    with pytest.raises(UserError, match="restless_thompson assumes a task of kind RestlessBandit"):
        restless_thompson(IndependentBandit())
