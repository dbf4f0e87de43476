"""Policy gradients, as losses per time step to be averaged by the learner.

Signs: Wang et al. 2018 (Methods) ascend delta grad log pi + beta_v delta grad V + beta_e grad H, with
delta = R - V.  Each function below is the loss, to be descended, whose gradient is minus one of these terms.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int


def log_probability(
    logits: Float[Array, "*batch action"], actions: Int[Array, "*batch"]
) -> Float[Array, "*batch"]:
    """log pi(a | s) of a softmax policy."""
    return (jax.nn.one_hot(actions, logits.shape[-1]) * jax.nn.log_softmax(logits)).sum(-1)


def entropy(logits: Float[Array, "*batch action"]) -> Float[Array, "*batch"]:
    """H(pi) = -sum_a pi(a) log pi(a), in nats."""
    log_pi = jax.nn.log_softmax(logits)
    return -(jnp.exp(log_pi) * log_pi).sum(-1)


def policy_loss(log_pi: Float[Array, "*batch"], delta: Float[Array, "*batch"]) -> Float[Array, "*batch"]:
    """-delta log pi(a | s), the advantage delta = R - V counted as data (Mnih et al. 2016)."""
    return -jax.lax.stop_gradient(delta) * log_pi


def value_loss(returns: Float[Array, "*batch"], values: Float[Array, "*batch"]) -> Float[Array, "*batch"]:
    """(R - V)^2 / 2, whose descent is delta grad V; the return counts as data, the value does not."""
    return 0.5 * (jax.lax.stop_gradient(returns) - values) ** 2


def clipped_policy_loss(
    log_pi: Float[Array, "*batch"],
    log_pi_acting: Float[Array, "*batch"],
    advantages: Float[Array, "*batch"],
    clip: float,
) -> Float[Array, "*batch"]:
    """-min(rho A, clip(rho, 1 - eps, 1 + eps) A), rho = pi / pi_acting (Schulman et al. 2017, eq. 7)."""
    rho = jnp.exp(log_pi - log_pi_acting)
    return -jnp.minimum(rho * advantages, jnp.clip(rho, 1 - clip, 1 + clip) * advantages)
