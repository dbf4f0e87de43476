"""Returns: what a stretch of experience says that a state was worth.

Unbatched over lanes (use `vmap`), time first; they need not align with episodes, because a discount of 0 cuts.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def lambda_returns(
    rewards: Float[Array, " time"],
    discounts: Float[Array, " time"],
    values_next: Float[Array, " time"],
    lambda_: float | Float[Array, ""],
) -> Float[Array, " time"]:
    """R_t = r_{t+1} + gamma_{t+1} [(1 - lambda) V(s_{t+1}) + lambda R_{t+1}], R at the end = V(s_T).

    `discounts` hold gamma times the world's 0 or 1; `values_next[t]` is V(s_{t+1}).  With lambda = 1 this is the
    k-step return of Wang et al. 2018, Methods, k running to the end of the stretch:
    R_t = sum_{i<k} gamma^i r_{t+i} + gamma^k V(s_{t+k}).  Sutton & Barto 2018, eq. 12.18.
    """

    def back(later: Array, now: tuple[Array, Array, Array]) -> tuple[Array, Array]:
        reward, discount, value_next = now
        earlier = reward + discount * ((1 - lambda_) * value_next + lambda_ * later)
        return earlier, earlier

    return jax.lax.scan(back, values_next[-1], (rewards, discounts, values_next), reverse=True)[1]


def n_step_sum(
    rewards: Float[Array, " n"], gamma: float | Float[Array, ""], beyond: Float[Array, ""]
) -> Float[Array, ""]:
    """G_t^(n) = sum_{k=0}^{n-1} gamma^k r_{t+k+1} + gamma^n V(s_{t+n}); `beyond` is V(s_{t+n}).

    Pritzel et al. 2017, eq. 3. The review's Box 2 (Botvinick et al. 2019) expects nothing after the n steps.
    """
    n = rewards.shape[0]
    return gamma ** jnp.arange(n) @ rewards + gamma**n * beyond


def sums_to_end(rewards: Float[Array, " time"], gamma: float | Float[Array, ""]) -> Float[Array, " time"]:
    """G_t = sum_k gamma^k r_{t+k+1} to the end of an episode: the Monte-Carlo return R_t of Blundell et al. 2016."""

    def back(later: Array, reward: Array) -> tuple[Array, Array]:
        earlier = reward + gamma * later
        return earlier, earlier

    return jax.lax.scan(back, jnp.zeros_like(rewards[0]), rewards, reverse=True)[1]


def prediction_errors(
    rewards: Float[Array, "*batch"],
    discounts: Float[Array, "*batch"],
    values: Float[Array, "*batch"],
    values_next: Float[Array, "*batch"],
) -> Float[Array, "*batch"]:
    """delta_t = r_{t+1} + gamma_{t+1} V(s_{t+1}) - V(s_t): the reward-prediction error (Sutton 1988)."""
    return rewards + discounts * values_next - values
