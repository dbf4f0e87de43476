"""The episodic cores: their unrolls and gradients against plain scans, their steps against the equations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.networks import ep_gru, ep_lstm, gru, lstm

TIME, LANES, INPUTS, UNITS, PARTS = 9, 4, 3, 5, 2
CORES = {"ep_lstm": (ep_lstm, ep_lstm.EpLSTM, True), "ep_gru": (ep_gru, ep_gru.EpGRU, False)}


def example(name):
    rules, core, squash = CORES[name]
    keys = jax.random.split(jax.random.key(3), 5)
    weights = core(INPUTS, UNITS, keys[0], PARTS, squash)
    # A learned initial state that is not zero, so that its gradient is tested away from symmetry.
    weights = jax.tree.map(lambda x: x + 0.1 * jax.random.normal(keys[3], x.shape), weights)
    inputs = jax.random.normal(keys[1], (TIME, LANES, INPUTS))
    first = jax.random.uniform(keys[2], (TIME, LANES)) < 0.3
    recalled = jax.random.normal(keys[4], (TIME, LANES, PARTS, UNITS))
    state = jax.tree.map(lambda x: jnp.full((LANES, *x.shape), 0.2), weights.initial)
    return rules, weights, (state, inputs, first, recalled)


@pytest.mark.parametrize("name", CORES)
def test_the_unroll_and_its_gradient_are_those_of_the_scan(name):
    rules, weights, (state, inputs, first, recalled) = example(name)
    weigh = jax.random.normal(jax.random.key(9), (TIME, LANES, UNITS))

    def fused(weights, inputs):
        out = rules.unroll(weights, state, inputs, first, recalled)
        return (out * weigh).sum(), out

    def scanned(weights, inputs):
        out = rules.forward(weights, state, inputs, first, recalled).h
        return (out * weigh).sum(), out

    ours, out = jax.grad(fused, (0, 1), has_aux=True)(weights, inputs)
    theirs, expected = jax.grad(scanned, (0, 1), has_aux=True)(weights, inputs)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        assert float(jnp.abs(b).max()) > 1e-3  # the comparison is not of zeros
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name", CORES)
def test_the_fused_gradient_agrees_with_finite_differences_in_float64(name):
    rules, weights, data = example(name)
    with jax.enable_x64(True):
        wide = jax.tree.map(lambda x: jnp.asarray(np.asarray(x), jnp.float64), (weights, *data))
        weights, state, inputs, _, recalled = wide

        def loss(weights):
            return (rules.unroll(weights, state, inputs, data[2], recalled) ** 2).sum()

        direction = jax.tree.map(
            lambda x: jnp.cos(jnp.arange(x.size, dtype=x.dtype)).reshape(x.shape), weights
        )
        gradient = jax.grad(loss)(weights)
        pairs = zip(jax.tree.leaves(gradient), jax.tree.leaves(direction), strict=True)
        along = sum(float((g * d).sum()) for g, d in pairs)
        step = 1e-5
        moved = [loss(jax.tree.map(lambda x, d, s=s: x + s * step * d, weights, direction)) for s in (1, -1)]
        assert along == pytest.approx(float(moved[0] - moved[1]) / (2 * step), rel=1e-6)


def sigma(z):
    return 1 / (1 + np.exp(-z))


@pytest.mark.parametrize("squash", [True, False])
def test_the_episodic_lstm_step_is_the_published_equations(squash):
    recalled = example("ep_lstm")[2][3]
    weights = ep_lstm.EpLSTM(INPUTS, UNITS, jax.random.key(0), PARTS, squash)
    h, c, x = (np.linspace(-0.5, 0.5, n) for n in (UNITS, UNITS, INPUTS))
    past = np.asarray(recalled[0, 0], np.float64)
    state, activity = weights.step(
        lstm.LSTMState(jnp.asarray(h, jnp.float32), jnp.asarray(c, jnp.float32)),
        jnp.asarray(x, jnp.float32),
        recalled[0, 0],
    )
    of = (x @ np.asarray(weights.input, np.float64)) + h @ np.asarray(weights.recurrent, np.float64)
    i, f, o, r1, r2, candidate = np.split(of + np.asarray(weights.bias), 3 + PARTS + 1)
    m = np.tanh(past) if squash else past
    expected = sigma(f) * c + sigma(i) * np.tanh(candidate) + sigma(r1) * m[0] + sigma(r2) * m[1]
    np.testing.assert_allclose(state.c, expected, atol=1e-6)
    np.testing.assert_allclose(state.h, sigma(o) * np.tanh(expected), atol=1e-6)
    gates = ep_lstm.reinstatement(weights, activity)
    np.testing.assert_allclose(gates, [sigma(r1).mean(), sigma(r2).mean()], atol=1e-6)


def test_the_episodic_gru_step_is_its_equations():
    _, weights, (_, _, _, recalled) = example("ep_gru")
    h, x = np.linspace(-0.5, 0.5, UNITS), np.linspace(-0.5, 0.5, INPUTS)
    m = np.asarray(recalled[0, 0], np.float64)
    out, activity = weights.step(jnp.asarray(h, jnp.float32), jnp.asarray(x, jnp.float32), recalled[0, 0])
    of_h = np.split(h @ np.asarray(weights.recurrent, np.float64), 3 + PARTS)
    of_x = np.split(x @ np.asarray(weights.input, np.float64) + np.asarray(weights.bias), 3 + PARTS)
    r, z, e1, e2 = (sigma(a + b) for a, b in zip(of_h[:-1], of_x[:-1], strict=True))
    n = np.tanh(of_x[-1] + r * of_h[-1] + e1 * m[0] + e2 * m[1])
    np.testing.assert_allclose(out, (1 - z) * n + z * h, atol=1e-6)
    np.testing.assert_allclose(ep_gru.reinstatement(weights, activity), [e1.mean(), e2.mean()], atol=1e-6)


def test_with_nothing_recalled_they_are_the_plain_cores():
    state, x = lstm.LSTMState(jnp.full(UNITS, 0.2), jnp.full(UNITS, 0.3)), jnp.ones(INPUTS)
    nothing = jnp.zeros((PARTS, UNITS))
    key = jax.random.key(4)
    plain, _ = lstm.LSTM(INPUTS, UNITS, key).step(state, x)
    np.testing.assert_allclose(
        ep_lstm.EpLSTM(INPUTS, UNITS, key, PARTS).step(state, x, nothing)[0].c, plain.c, atol=1e-6
    )
    plain, _ = gru.GRU(INPUTS, UNITS, key).step(state.h, x)
    np.testing.assert_allclose(
        ep_gru.EpGRU(INPUTS, UNITS, key, PARTS).step(state.h, x, nothing)[0], plain, atol=1e-6
    )
