"""The recurrent cores: their unrolls and gradients against plain scans, their steps against the equations."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.networks import fast_weights, gru, lstm

TIME, LANES, INPUTS, UNITS = 9, 4, 3, 5
CORES = {
    "lstm": (lstm, lstm.LSTM),
    "gru": (gru, gru.GRU),
    "fast_weights": (fast_weights, lambda *args: fast_weights.FastWeights(*args, cues=2, keys=3)),
}


def example(name):
    rules, core = CORES[name]
    keys = jax.random.split(jax.random.key(3), 4)
    weights = core(INPUTS, UNITS, keys[0])
    # A learned initial state that is not zero, so that its gradient is tested away from symmetry.
    weights = jax.tree.map(lambda x: x + 0.1 * jax.random.normal(keys[3], x.shape), weights)
    inputs = jax.random.normal(keys[1], (TIME, LANES, INPUTS))
    first = jax.random.uniform(keys[2], (TIME, LANES)) < 0.3
    state = jax.tree.map(lambda x: jnp.full((LANES, *x.shape), 0.2), weights.initial)
    return rules, weights, inputs, first, state


def plain(rules, weights, state, inputs, first):
    """Outputs over time, step by step."""

    def step(state, now):
        x, begins = now
        state, activity = weights.step(rules.start_where(begins, weights.initial, state), x)
        return state, activity.h

    return jax.lax.scan(step, state, (inputs, first))[1]


@pytest.mark.parametrize("name", CORES)
def test_the_unroll_and_its_gradient_are_those_of_the_scan(name):
    rules, weights, inputs, first, state = example(name)
    weigh = jax.random.normal(jax.random.key(9), (TIME, LANES, UNITS))

    def fused(weights, inputs):
        out = rules.unroll(weights, state, inputs, first)
        return (out * weigh).sum(), out

    def scanned(weights, inputs):
        out = plain(rules, weights, state, inputs, first)
        return (out * weigh).sum(), out

    ours, out = jax.grad(fused, (0, 1), has_aux=True)(weights, inputs)
    theirs, expected = jax.grad(scanned, (0, 1), has_aux=True)(weights, inputs)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        assert float(jnp.abs(b).max()) > 1e-3  # the comparison is not of zeros
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_the_fused_gradient_agrees_with_finite_differences_in_float64(name):
    rules, weights, inputs, first, state = example(name)
    with jax.enable_x64(True):
        wide = [
            jax.tree.map(lambda x: jnp.asarray(np.asarray(x), jnp.float64), part)
            for part in (weights, inputs, state)
        ]
        weights, inputs, state = wide

        def loss(weights):
            return (rules.unroll(weights, state, inputs, first) ** 2).sum()

        direction = jax.tree.map(
            lambda x: jnp.cos(jnp.arange(x.size, dtype=x.dtype)).reshape(x.shape), weights
        )
        gradient = jax.grad(loss)(weights)
        along = sum(
            float((g * d).sum())
            for g, d in zip(jax.tree.leaves(gradient), jax.tree.leaves(direction), strict=True)
        )
        step = 1e-5
        moved = [loss(jax.tree.map(lambda x, d, s=s: x + s * step * d, weights, direction)) for s in (1, -1)]
        assert along == pytest.approx(float(moved[0] - moved[1]) / (2 * step), rel=1e-6)


@pytest.mark.parametrize("name", CORES)
def test_an_episode_that_begins_forgets_what_was_before(name):
    rules, weights, inputs, first, state = example(name)
    begins = first.at[4].set(True)
    other = inputs.at[:4].add(1.0)
    one, two = (rules.unroll(weights, state, x, begins) for x in (inputs, other))
    assert float(jnp.abs(one[:4] - two[:4]).max()) > 1e-2
    np.testing.assert_array_equal(one[4:], two[4:])


def test_the_lstm_step_is_the_published_equations():
    _, weights, _, _, _ = example("lstm")
    h, c, x = (np.linspace(-0.5, 0.5, n) for n in (UNITS, UNITS, INPUTS))
    state, activity = weights.step(
        lstm.LSTMState(jnp.asarray(h, jnp.float32), jnp.asarray(c, jnp.float32)), jnp.asarray(x, jnp.float32)
    )
    z = (
        x @ np.asarray(weights.input, np.float64)
        + h @ np.asarray(weights.recurrent, np.float64)
        + np.asarray(weights.bias)
    )
    gates = 1 / (1 + np.exp(-z[: 3 * UNITS]))
    i, f, o = gates[:UNITS], gates[UNITS : 2 * UNITS], gates[2 * UNITS :]
    expected_c = f * c + i * np.tanh(z[3 * UNITS :])
    np.testing.assert_allclose(state.c, expected_c, atol=1e-6)
    np.testing.assert_allclose(state.h, o * np.tanh(expected_c), atol=1e-6)
    np.testing.assert_allclose(activity.gates[: 3 * UNITS], gates, atol=1e-6)


def test_the_gru_step_is_the_published_equations():
    _, weights, _, _, _ = example("gru")
    h, x = np.linspace(-0.5, 0.5, UNITS), np.linspace(-0.5, 0.5, INPUTS)
    out, _ = weights.step(jnp.asarray(h, jnp.float32), jnp.asarray(x, jnp.float32))
    of_h = h @ np.asarray(weights.recurrent, np.float64)
    of_x = x @ np.asarray(weights.input, np.float64) + np.asarray(weights.bias)
    r, z = (1 / (1 + np.exp(-(of_h + of_x)[part])) for part in (slice(0, UNITS), slice(UNITS, 2 * UNITS)))
    n = np.tanh(of_x[2 * UNITS :] + r * of_h[2 * UNITS :])
    np.testing.assert_allclose(out, (1 - z) * n + z * h, atol=1e-6)


def test_fast_weights_are_the_published_equations():
    _, weights, inputs, _, state = example("fast_weights")
    w = jax.tree.map(lambda x: np.asarray(x, np.float64), weights)
    memory, key = (np.asarray(x[0], np.float64) for x in state)
    state = jax.tree.map(lambda x: x[0], state)
    for x in np.asarray(inputs[:3, 0]):
        state, activity = weights.step(state, jnp.asarray(x))
        memory = memory + np.outer(key, x @ w.write)
        key = x[:2] @ w.cue + w.cue_bias
        key = key / np.linalg.norm(key)
        found = key @ memory
        expected = np.maximum(0, x @ w.input + found @ w.read + w.bias)
        np.testing.assert_allclose(activity.h, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(state.memory, memory, rtol=1e-4, atol=1e-5)


def test_fast_weights_find_what_came_of_the_same_observation_and_nothing_else():
    """By hand: keys that do not overlap, rewards written as they are, and sums read out."""
    blank = fast_weights.FastWeights(3, 1, jax.random.key(0), cues=2, keys=2)
    weights = jax.tree.map(jnp.zeros_like, blank)
    places = (jnp.eye(2), jnp.array([[0.0], [0], [1]]), jnp.ones((1, 1)))
    weights = eqx.tree_at(lambda net: (net.cue, net.write, net.read), weights, places)
    left, right = [1.0, 0.0], [0.0, 1.0]
    # Each step's observation and the reward of the step before.
    lived = jnp.array([[*left, 0], [*right, 5], [*left, 2], [*left, 4], [*right, 0]])
    first = jnp.zeros((5, 1), bool).at[0].set(True)
    state = jax.tree.map(lambda x: x[None], weights.initial)
    found = fast_weights.unroll(weights, state, lived[:, None], first)
    np.testing.assert_allclose(found[:, 0, 0], [0, 0, 5, 9, 2], atol=1e-4)


@pytest.mark.parametrize(("name", "gate"), [("lstm", 1), ("gru", 1)])
def test_units_that_remember_forget_over_two_to_span_steps(name, gate):
    rules, core = CORES[name]
    weights = rules.remembering(core(INPUTS, 200, jax.random.key(0)), jax.random.key(1), 50)
    blocks = np.asarray(weights.bias).reshape(-1, 200)
    keep = 1 / (1 + np.exp(-blocks[gate]))
    constants = 1 / (1 - keep)
    assert 2 <= constants.min() < 5 and 45 < constants.max() <= 50
    assert abs(constants.mean() - 26) < 4 * 14 / 200**0.5  # evenly spread
    if name == "lstm":
        np.testing.assert_allclose(1 / (1 + np.exp(-blocks[0])), 1 - keep, atol=1e-6)
    others = [block for i, block in enumerate(blocks) if i > gate]
    assert not np.any(others)
