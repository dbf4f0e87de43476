"""Targets and losses of value learning from n-step transitions, for one transition each (batched by `vmap`).

G is the n-step sum of rewards and `discount` gamma^n, 0 where the episode ended (memory.replay).
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int


def q_target(
    reward: Float[Array, ""],
    discount: Float[Array, ""],
    q_next: Float[Array, " action"],
    chosen: Int[Array, ""],
) -> Float[Array, ""]:
    """G + gamma^n Q'(s_{t+n}, a*), `q_next` being Q'.

    `chosen` is a*: the greatest of Q' itself (Mnih et al. 2015), or of the network that learns, which does not flatter
    its own errors (double Q-learning; van Hasselt et al. 2016).
    """
    return reward + discount * (q_next * jax.nn.one_hot(chosen, q_next.shape[0])).sum()


def huber(delta: Float[Array, "*batch"]) -> Float[Array, "*batch"]:
    """delta^2 / 2 within one of 0, |delta| - 1/2 beyond: its gradient is the error, clipped (Mnih et al. 2015)."""
    size = jnp.abs(delta)
    return jnp.where(size <= 1, 0.5 * delta**2, size - 0.5)


def dueling(value: Float[Array, "*batch 1 atom"], advantage: Float[Array, "*batch action atom"]) -> Array:
    """Q = V + A - mean_a A (Wang, Schaul et al. 2016, eq. 9), for each atom."""
    return value + advantage - advantage.mean(-2, keepdims=True)


def projected(
    reward: Float[Array, ""],
    discount: Float[Array, ""],
    support: Float[Array, " atom"],
    p: Float[Array, " atom"],
) -> Float[Array, " atom"]:
    """The distribution of G + gamma^n Z on the support of Z, whose probabilities are `p`.

    Bellemare et al. 2017, eq. 7: each shifted atom is shared between its two neighbours on the (even) support.
    """
    spacing = support[1] - support[0]
    shifted = jnp.clip(reward + discount * support, support[0], support[-1])
    near = jnp.clip(1 - jnp.abs(shifted[None] - support[:, None]) / spacing, 0, 1)
    return near @ p


def cross_entropy(target: Float[Array, " atom"], logits: Float[Array, " atom"]) -> Float[Array, ""]:
    """-sum_i m_i log p_i, the target m counted as data."""
    return -(jax.lax.stop_gradient(target) * jax.nn.log_softmax(logits)).sum()
