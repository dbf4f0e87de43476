"""Planning in a known Markov decision process over a finite horizon."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Backup = Callable[[Float[Array, " state"]], Float[Array, "state action"]]


def backward_induction(backup: Backup, states: int, horizon: int) -> Float[Array, "time state action"]:
    """Q of each choice by steps made: Q_t = `backup`(V_{t+1}), V_t = max_a Q_t(s, a), V_horizon = 0 (Bellman 1957)."""

    def back(later: Array, _: None) -> tuple[Array, Array]:
        q = backup(later)
        return q.max(axis=-1), q

    return jax.lax.scan(back, jnp.zeros(states), None, length=horizon, reverse=True)[1]


def expected_backup(
    transition: Float[Array, "state action next"], reward: Float[Array, "state action"]
) -> Backup:
    """Q(s, a) = r(s, a) + sum_s' P(s' | s, a) V(s')."""
    return lambda later: reward + transition @ later


def optimistic_transition(
    transition: Float[Array, "*n next"], width: Float[Array, "*n"], later: Float[Array, " next"]
) -> Float[Array, "*n next"]:
    """The distribution of greatest mean `later` among those whose L1 distance to `transition` is at most `width`.

    Jaksch, Ortner & Auer 2010, Fig. 2: width / 2 is added to the best next state and taken from the worst ones.
    """
    order = jnp.argsort(-later)
    p = transition[..., order]
    gained = jnp.minimum(1.0, p[..., 0] + width / 2)
    # What the best leaves is filled up in order of worth; the rest, the worst, loses.
    rest = jnp.cumsum(p[..., 1:], axis=-1)
    kept = jnp.minimum(rest, (1 - gained)[..., None])
    moved = jnp.concatenate([gained[..., None], jnp.diff(kept, axis=-1, prepend=0.0)], axis=-1)
    return moved[..., jnp.argsort(order)]
