"""Targets and losses of value learning against their definitions, term by term."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.rules import q_learning

SUPPORT = jnp.linspace(-2.0, 2.0, 5)


def test_the_double_target_takes_the_value_of_the_other_networks_choice():
    theirs, mine = jnp.asarray([1.0, 5.0, 2.0]), jnp.asarray([0.0, 0.1, 0.9])
    one, half = jnp.float32(1.0), jnp.float32(0.5)
    assert float(q_learning.q_target(one, half, theirs, theirs.argmax())) == pytest.approx(1 + 0.5 * 5)
    assert float(q_learning.q_target(one, half, theirs, mine.argmax())) == pytest.approx(1 + 0.5 * 2)
    assert float(q_learning.q_target(one, jnp.float32(0), theirs, theirs.argmax())) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("delta", "loss", "slope"), [(0.5, 0.125, 0.5), (-0.5, 0.125, -0.5), (3.0, 2.5, 1.0)]
)
def test_the_gradient_of_the_huber_loss_is_the_clipped_error(delta, loss, slope):
    value, gradient = jax.value_and_grad(q_learning.huber)(jnp.float32(delta))
    assert float(value) == pytest.approx(loss) and float(gradient) == pytest.approx(slope)


def test_of_two_streams_the_advantages_add_up_to_nothing():
    rng = np.random.default_rng(0)
    value, advantage = rng.normal(size=(7, 1, 3)), rng.normal(size=(7, 4, 3))
    q = q_learning.dueling(jnp.asarray(value, jnp.float32), jnp.asarray(advantage, jnp.float32))
    np.testing.assert_allclose(q.mean(1), value[:, 0], atol=1e-6)
    np.testing.assert_allclose(q[:, 1] - q[:, 2], advantage[:, 1] - advantage[:, 2], atol=1e-6)


def by_hand(reward: float, discount: float, p: np.ndarray) -> np.ndarray:
    """Atom by atom, as in Algorithm 1 of Bellemare et al. 2017."""
    support, out = np.asarray(SUPPORT), np.zeros(len(p))
    for z, share in zip(support, p, strict=True):
        b = (np.clip(reward + discount * z, support[0], support[-1]) - support[0]) / (support[1] - support[0])
        low, high = int(np.floor(b)), int(np.ceil(b))
        if low == high:
            out[low] += share
        else:
            out[low] += share * (high - b)
            out[high] += share * (b - low)
    return out


@pytest.mark.parametrize(
    ("reward", "discount"), [(0.0, 1.0), (0.3, 0.9), (1.0, 0.0), (5.0, 0.9), (-0.7, 0.5)]
)
def test_a_shifted_distribution_is_shared_between_neighbouring_atoms(reward, discount):
    p = np.random.default_rng(1).dirichlet(np.ones(5)).astype(np.float32)
    got = q_learning.projected(jnp.float32(reward), jnp.float32(discount), SUPPORT, jnp.asarray(p))
    np.testing.assert_allclose(got, by_hand(reward, discount, p), atol=1e-6)
    assert float(got.sum()) == pytest.approx(1.0)
    inside = np.clip(reward + discount * np.asarray(SUPPORT), -2, 2)
    assert float(got @ SUPPORT) == pytest.approx(float(inside @ p), abs=1e-5), "its mean moves likewise"


def test_cross_entropy_is_least_where_the_prediction_is_the_target():
    target = jnp.asarray([0.2, 0.5, 0.3])
    gradient = jax.grad(lambda logits: q_learning.cross_entropy(target, logits))(jnp.log(target))
    np.testing.assert_allclose(gradient, 0.0, atol=1e-6)
    assert float(q_learning.cross_entropy(target, jnp.zeros(3))) == pytest.approx(np.log(3), rel=1e-6)
