"""Returns against sums written out by hand and a plain Python oracle."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.rules.returns import lambda_returns, prediction_errors


def oracle(rewards, discounts, values_next, lambda_):
    out, later = [], values_next[-1]
    for reward, discount, value in zip(rewards[::-1], discounts[::-1], values_next[::-1], strict=True):
        later = reward + discount * ((1 - lambda_) * value + lambda_ * later)
        out.append(later)
    return out[::-1]


def test_the_k_step_return_written_out():
    rewards, values = jnp.array([1.0, 0.0, 2.0]), jnp.array([5.0, 6.0, 7.0])
    returns = lambda_returns(rewards, jnp.full(3, 0.5), values, 1.0)
    # 1 + .5 * 0 + .25 * 2 + .125 * 7;  0 + .5 * 2 + .25 * 7;  2 + .5 * 7
    np.testing.assert_allclose(returns, [2.375, 2.75, 5.5])


def test_lambda_zero_is_one_step_td():
    rewards, values = jnp.array([1.0, 0.0, 2.0]), jnp.array([5.0, 6.0, 7.0])
    np.testing.assert_allclose(lambda_returns(rewards, jnp.full(3, 0.5), values, 0.0), [3.5, 3.0, 5.5])


def test_a_discount_of_zero_cuts_the_future_off():
    values = jnp.array([5.0, 6.0, 7.0])
    returns = lambda_returns(jnp.array([1.0, 1.0, 1.0]), jnp.array([0.9, 0.0, 0.9]), values, 1.0)
    np.testing.assert_allclose(returns, [1.9, 1.0, 7.3], rtol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_random_sequences_agree_with_a_python_loop_in_every_jit_variant(seed):
    rng = np.random.default_rng(seed)
    steps = int(rng.integers(1, 30))
    rewards, values = rng.normal(size=(2, steps)).astype(np.float32)
    discounts = (rng.random(steps) < 0.8).astype(np.float32) * 0.9
    lambda_ = float(rng.random())
    expected = oracle(rewards, discounts, values, lambda_)
    for function in (lambda_returns, jax.jit(lambda_returns)):
        np.testing.assert_allclose(
            function(*map(jnp.asarray, (rewards, discounts, values)), lambda_), expected, rtol=1e-4, atol=1e-5
        )


def test_the_prediction_error_by_hand():
    delta = prediction_errors(jnp.array(1.0), jnp.array(0.9), jnp.array(2.0), jnp.array(3.0))
    assert float(delta) == pytest.approx(1.0 + 0.9 * 3.0 - 2.0)
