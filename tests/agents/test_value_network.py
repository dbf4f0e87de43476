"""The value network: one step is the delta rule carried back, by hand; and it keeps the rules of agents."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.agents.check import check_agent
from fastslow.agents.value_network import Life, Weights, value_network
from fastslow.errors import UserError
from fastslow.tasks.associations import Associations
from fastslow.tasks.bandit import IndependentBandit
from fastslow.tasks.corridor import Corridor
from fastslow.timestep import Percept

KEY = jax.random.key(0)
TASK = Associations(patterns=2, features=3, answers=2)


def percept(action, reward):
    return Percept(
        jnp.zeros(3), jnp.int32(action), jnp.float32(reward), jnp.bool_(False), jnp.int32(1), jnp.float32(0)
    )


def born(agent):
    draws = jax.random.split(KEY, 4)
    shapes = ((3, 4), (4,), (4, 2), (2,))
    weights = Weights(*(jax.random.normal(key, shape) for key, shape in zip(draws, shapes, strict=True)))
    return Life(weights, jnp.array([1.0, -1.0, 1.0]))


def test_one_step_is_the_delta_rule_carried_back():
    agent = value_network(TASK, alpha=0.2, units=4)
    life = born(agent)
    w, s = [np.asarray(part, float) for part in life.weights], np.asarray(life.seen)
    h = np.tanh(s @ w[0] / 3**0.5 + w[1])
    q = 1 / (1 + np.exp(-(h @ w[2] / 2 + w[3])))
    delta = np.array([0.0, 0.7 - q[1]])
    carried = (w[2] @ delta / 2) * (1 - h**2)
    expected = (
        w[0] + 0.2 * np.outer(s, carried) / 3**0.5,
        w[1] + 0.2 * carried,
        w[2] + 0.2 * np.outer(h, delta) / 2,
        w[3] + 0.2 * delta,
    )
    learned, error = agent.learn(life, percept(1, 0.7), jnp.float32(0))
    for found, right in zip(learned.weights, expected, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-5, atol=1e-6)
    assert float(error) == pytest.approx(delta[1], abs=1e-6)


def test_nothing_is_learned_without_an_action_and_what_follows_counts():
    agent = value_network(TASK, alpha=0.2, gamma=0.5, units=4)
    life = born(agent)
    same, error = agent.learn(life, percept(-1, 1.0), jnp.float32(1))
    assert float(error) == 0
    jax.tree.map(np.testing.assert_array_equal, same, life)
    (_, plain), (_, more) = (agent.learn(life, percept(0, 0.2), jnp.float32(v)) for v in (0.0, 0.6))
    assert float(more - plain) == pytest.approx(0.5 * 0.6, abs=1e-6)
    _, most = agent.learn(life, percept(0, 3.0), jnp.float32(1))
    assert float(most - plain) == pytest.approx(1 - 0.2, abs=1e-6)  # cut off at 1


@pytest.mark.usefixtures("forgotten")
def test_it_keeps_the_promises():
    task = Corridor(length=3, limit=6)
    check_agent(value_network(task, units=4), task, KEY, forgets=False, steps=10)


def test_a_task_that_shows_nothing_is_refused():
    with pytest.raises(UserError, match="shows nothing"):
        value_network(IndependentBandit())
