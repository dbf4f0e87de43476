"""Losses against the published gradients, worked out by hand or by finite differences."""

import jax
import jax.numpy as jnp
import numpy as np

from fastslow.rules import policy_gradient as pg

LOGITS = jnp.array([0.3, -1.0, 0.7])
PI = np.exp(LOGITS) / np.exp(LOGITS).sum()


def test_the_policy_gradient_is_delta_times_onehot_minus_pi():
    gradient = jax.grad(lambda z: pg.policy_loss(pg.log_probability(z, jnp.int32(2)), jnp.float32(1.7)))(
        LOGITS
    )
    np.testing.assert_allclose(gradient, -1.7 * (np.eye(3)[2] - PI), atol=1e-6)


def test_no_gradient_reaches_the_critic_through_the_policy_term():
    def loss(value):
        return pg.policy_loss(pg.log_probability(LOGITS, jnp.int32(0)), 2.0 - value)

    assert float(jax.grad(loss)(jnp.float32(0.5))) == 0.0


def test_descending_the_value_loss_is_delta_grad_v():
    gradient = jax.grad(lambda v: pg.value_loss(jnp.float32(3.0), v))(jnp.float32(1.0))
    assert float(gradient) == -2.0  # minus delta = -(3 - 1)


def test_entropy_of_known_distributions():
    np.testing.assert_allclose(pg.entropy(jnp.zeros(4)), np.log(4), rtol=1e-6)
    np.testing.assert_allclose(pg.entropy(LOGITS), -(PI * np.log(PI)).sum(), rtol=1e-5)
    np.testing.assert_allclose(pg.entropy(jnp.array([0.0, 60.0])), 0.0, atol=1e-6)


def test_the_clipped_loss_stops_paying_beyond_the_clip():
    ratio = jnp.log(jnp.array([0.5, 1.0, 1.5]))
    gain, loss = jnp.full(3, 2.0), jnp.full(3, -2.0)
    np.testing.assert_allclose(
        pg.clipped_policy_loss(ratio, jnp.zeros(3), gain, 0.2), [-1.0, -2.0, -2.4], rtol=1e-6
    )
    np.testing.assert_allclose(
        pg.clipped_policy_loss(ratio, jnp.zeros(3), loss, 0.2), [1.6, 2.0, 3.0], rtol=1e-6
    )
