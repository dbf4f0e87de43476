"""The recurrent agent: its wiring, its sampling, and the two routes to its gradient."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.agents.interaction import interaction
from fastslow.agents.recurrent import RecurrentConfig, make, sample
from fastslow.errors import UserError
from fastslow.loop import run
from fastslow.networks import lstm
from fastslow.tasks.bandit import IndependentBandit
from fastslow.tasks.harlow_pixels import HarlowPixels
from fastslow.timestep import Output, Percept

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


def test_pay_stands_in_the_place_of_its_action():
    config = RecurrentConfig(see_time=False, see_pay=True)
    assert inputs(config, 1, 0.5, 5) == [0, 1, 0, 0.5, 0, 0.5, 0]
    assert inputs(config, -1, 0.0, 0) == [0] * 7


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


@pytest.mark.parametrize("core", ["lstm", "gru", "feedforward", "fast_weights"])
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


def test_gradients_reach_the_encoder_by_both_routes_and_agree_with_finite_differences():
    task = HarlowPixels(width=8, height=8, image=6)
    agent = make(task, RecurrentConfig(units=4, encoder="conv_small"), jax.random.key(2))
    agent = eqx.tree_at(lambda agent: agent.heads, agent, agent.heads * 10)
    draw, shape = np.random.default_rng(0), (7, 2)
    first = np.zeros(shape, bool)
    first[[0, 3], [0, 1]] = True
    time = np.broadcast_to(np.arange(7)[:, None], shape).astype(np.int32)
    last_action, last_reward = (
        draw.integers(0, 3, shape, np.int32),
        draw.normal(size=shape).astype(np.float32),
    )
    pictures = draw.uniform(size=(*shape, 8, 8, 3)).astype(np.float32)
    percepts = Percept(pictures, last_action, last_reward, first, time, np.zeros(shape, np.float32))
    start = jax.tree.map(lambda x: np.full((2, 4), 0.1, np.float32), agent.core.initial)

    def loss(encoder, agent, percepts, start, route="unroll"):
        agent = eqx.tree_at(lambda agent: agent.encoder, agent, encoder)
        if route == "unroll":
            logits, values = agent.unroll(start, percepts)
        else:
            activity = lstm.forward(agent.core, start, agent.inputs(percepts), percepts.first)
            lived = Output(last_action, pictures, last_reward, pictures, {"activity": activity})
            logits, values = agent.relive(percepts, lived)
        return (logits**2).sum() + (values**2).sum()

    slope = jax.jit(jax.grad(loss), static_argnums=4)
    unrolled, relived = (
        slope(agent.encoder, agent, percepts, start, route) for route in ("unroll", "relive")
    )
    for a, b in zip(jax.tree.leaves(relived), jax.tree.leaves(unrolled), strict=True):
        assert float(np.abs(b).max()) > 1e-4  # every filter and bias is reached
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)

    def widen(part):
        return jax.tree.map(
            lambda x: np.asarray(x, np.float64) if x.dtype == np.float32 else np.asarray(x), part
        )

    with jax.enable_x64(True):
        wide = widen((agent, percepts, start))
        encoder = wide[0].encoder
        along = jax.tree.map(lambda x: np.cos(np.arange(x.size)).reshape(x.shape), encoder)
        high, low = (
            jax.jit(loss)(jax.tree.map(lambda x, d: x + s * 1e-6 * d, encoder, along), *wide)  # noqa: B023
            for s in (1, -1)
        )
    product = sum(
        float((g * d).sum()) for g, d in zip(jax.tree.leaves(unrolled), jax.tree.leaves(along), strict=True)
    )
    assert product == pytest.approx(float(high - low) / 2e-6, rel=1e-3)


def test_an_encoder_needs_a_picture():
    with pytest.raises(UserError, match=r"encoder is 'conv', but the task shows \(0,\), no picture"):
        make(TASK, RecurrentConfig(encoder="conv"), jax.random.key(0))


def test_the_feedforward_control_acts_on_the_present_alone():
    config = RecurrentConfig(units=6, core="feedforward", see_action=False)
    agent = make(TASK, config, jax.random.key(2))
    state = agent.init_state(jax.random.key(0))
    for past in (percept(-1, 0.0, 0), percept(2, 1.0, 1)):
        state, _ = agent.step(state, past, jax.random.key(0))
        _, now = agent.step(state, percept(0, 0.5, 5), jax.random.key(0))
        x = np.array([0.5, 0.5])
        expected = np.tanh(x @ np.asarray(agent.core.input) + np.asarray(agent.core.bias))
        np.testing.assert_allclose(now.units, expected, atol=1e-6)


def test_bad_settings_are_refused_in_one_sentence():
    with pytest.raises(UserError, match="units is 0, but it must be a whole number of at least 1"):
        RecurrentConfig(units=0)
    for core in ("feedforward", "fast_weights"):
        with pytest.raises(
            UserError, match=f"span is 50, but only the gates of lstm and gru .* with '{core}'"
        ):
            RecurrentConfig(core=core, span=50)
