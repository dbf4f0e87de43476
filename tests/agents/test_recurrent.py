"""The recurrent agent: its wiring, its sampling, and the two routes to its gradient."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.agents.interaction import interaction
from fastslow.agents.recurrent import RecurrentConfig, make, sample
from fastslow.errors import UserError
from fastslow.loop import run
from fastslow.tasks.bandit import IndependentBandit
from fastslow.timestep import Percept

TASK = IndependentBandit(arms=3, pulls=10)


def percept(action, reward, time):
    first = jnp.bool_(time == 0)
    return Percept(
        jnp.zeros(0), jnp.int32(action), jnp.float32(reward), first, jnp.int32(time), jnp.float32(0)
    )


def inputs(config, *args):
    return np.asarray(make(TASK, config, jax.random.key(0)).inputs(percept(*args))).tolist()


def test_inputs_are_last_action_last_reward_and_time():
    assert inputs(RecurrentConfig(), -1, 0.0, 0) == [0, 0, 0, 0, 0]
    assert inputs(RecurrentConfig(), 1, 0.5, 5) == [0, 1, 0, 0.5, 0.5]


def test_each_input_can_be_cut():
    assert inputs(RecurrentConfig(see_action=False), 1, 0.5, 5) == [0.5, 0.5]
    assert inputs(RecurrentConfig(see_reward=False), 1, 0.5, 5) == [0, 1, 0, 0.5]
    assert inputs(RecurrentConfig(see_time=False), 1, 0.5, 5) == [0, 1, 0, 0.5]


def test_reward_levels_are_one_hot_and_absent_at_the_first_step():
    config = RecurrentConfig(see_action=False, see_time=False, reward_levels=(0.1, 1.0, 5.0))
    assert inputs(config, 1, 5.0, 5) == [0, 0, 1]
    assert inputs(config, 1, 0.12, 5) == [1, 0, 0]
    assert inputs(config, -1, 0.0, 0) == [0, 0, 0]


def test_sampling_follows_the_softmax():
    logits = jnp.log(jnp.array([0.2, 0.5, 0.3]))
    uniform = (jnp.arange(1000) + 0.5) / 1000
    actions = jax.vmap(sample, in_axes=(None, 0))(logits, uniform)
    np.testing.assert_allclose(np.bincount(actions, minlength=3) / 1000, [0.2, 0.5, 0.3], atol=1e-3)
    assert int(sample(logits, jnp.float32(1.0))) == 2  # rounding can never name an action that is not there


@pytest.mark.parametrize("core", ["lstm", "gru"])
def test_relive_is_what_was_lived_and_unroll_agrees_in_value_and_gradient(core):
    agent = make(TASK, RecurrentConfig(units=6, core=core), jax.random.key(2))
    # Away from the small initial heads, so that the policy and its gradient depend on the activity.
    agent = jax.tree.map(lambda x: x * 3 + 0.1, agent)
    loop = interaction(agent, TASK, 4)
    lanes = loop.init(jax.random.key(1))
    _, trace = run(loop, jax.random.key(5), 25, lanes)

    def loss(agent, route):
        if route == "relive":
            logits, values = agent.relive(trace.percept, trace.output)
        else:
            logits, values = agent.unroll(lanes.agent_state, trace.percept)
        return (logits**2).sum() + (values**2).sum(), (logits, values)

    (_, relived), gradient = jax.value_and_grad(loss, has_aux=True)(agent, "relive")
    (_, unrolled), other = jax.value_and_grad(loss, has_aux=True)(agent, "unroll")
    np.testing.assert_allclose(relived[0], trace.output.logits, atol=1e-5)
    np.testing.assert_allclose(relived[1], trace.output.value, atol=1e-5)
    for a, b in zip(jax.tree.leaves((relived, gradient)), jax.tree.leaves((unrolled, other)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3)


def test_acting_changes_no_weight_and_unlike_histories_give_unlike_activity():
    agent = make(TASK, RecurrentConfig(units=6), jax.random.key(2))
    state = agent.init_state(jax.random.key(0))
    state, _ = agent.step(state, percept(-1, 0.0, 0), jax.random.key(0))
    _, won = agent.step(state, percept(1, 1.0, 1), jax.random.key(0))
    _, lost = agent.step(state, percept(1, 0.0, 1), jax.random.key(0))
    assert float(jnp.abs(won.units - lost.units).max()) > 1e-3


def test_bad_settings_are_refused_in_one_sentence():
    with pytest.raises(UserError, match="units is 0, but it must be a whole number of at least 1"):
        RecurrentConfig(units=0)
