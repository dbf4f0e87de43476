"""Behrens' ideal learner: a reward probability that drifts, at a volatility that drifts, at a rate that is unknown.

It assumes no reversals and no two kinds of stretches, only that probability and volatility wander, and infers all
three levels (r, v, k) on a grid. People's learning rates follow its volatility (Behrens et al. 2007); Wang et al.
2018 (Fig. 3) hold a network's beside people's.
"""

from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key
from scipy.stats import beta, norm

from fastslow.agents.observer import Observer, best, sampled
from fastslow.errors import check
from fastslow.tasks.task import Task, check_count
from fastslow.timestep import Output, Percept

V = (-8.0, -2.0)
"""Least and greatest v: a drift of s.d. .02, no more than a bin of r, to .37, a reversal."""
K = (-4.0, 1.0)
"""Least and greatest k, log variance of the step of v."""
MOST = 0.9
"""A Beta distribution of mean r has a variance below r (1 - r); wider drifts are cut to this part of it."""


def drift(bins: int, v: np.ndarray) -> np.ndarray:
    """P(r_i+1 | r_i, v_i+1) as `[v, from, to]`: Beta of mean r_i and variance exp(v), bin by bin."""
    edges = np.linspace(0, 1, bins + 1)
    mean = (edges[1:] + edges[:-1])[None, :, None] / 2
    variance = np.minimum(np.exp(v)[:, None, None], MOST * mean * (1 - mean))
    size = mean * (1 - mean) / variance - 1
    matrix = np.diff(beta.cdf(edges, mean * size, (1 - mean) * size), axis=2)
    return matrix / matrix.sum(axis=2, keepdims=True)


def wander(v: np.ndarray, k: np.ndarray) -> np.ndarray:
    """P(v_i+1 | v_i, k) as `[k, from, to]`: normal of variance exp(k), bin by bin, what overshoots in the last."""
    width = v[1] - v[0]
    edges = np.concatenate([[-np.inf], v[:-1] + width / 2, [np.inf]])
    deviation = np.exp(k / 2)[:, None, None]
    return np.diff(norm.cdf(edges, v[None, :, None], deviation), axis=2)


class Behrens(Observer):
    """Pulls the arm whose probability, by the mean over the posterior of r, is above one half.

    r_i+1 ~ Beta(mean r_i, variance exp(v_i+1)); v_i+1 ~ Normal(v_i, variance exp(k)); all uniform at first. r is the
    probability that arm 0 pays, 1 - r that of arm 1. After a pull Bayes' rule, then a step of v, then one of r.
    `value` and the probe `q` are posterior means of the arms; probes `volatility` and `rate` those of v and k.
    """

    drift: Float[Array, "v r r"]
    """Transitions of r for each v."""
    wander: Float[Array, "k v v"]
    """Transitions of v for each k."""

    cite: ClassVar[tuple[str, ...]] = ("behrens2007",)

    def grids(self) -> tuple[Float[Array, " r"], Float[Array, " v"], Float[Array, " k"]]:
        bins, v, k = self.drift.shape[1], self.drift.shape[0], self.wander.shape[0]
        return (jnp.arange(bins) + 0.5) / bins, jnp.linspace(*V, v), jnp.linspace(*K, k)

    def blank(self) -> Float[Array, "r v k"]:
        shape = (self.drift.shape[1], self.drift.shape[0], self.wander.shape[0])
        return jnp.full(shape, 1 / np.prod(shape), jnp.float32)

    def take_in(
        self, state: Float[Array, "r v k"], percept: Percept
    ) -> tuple[Float[Array, "r v k"], dict[str, Array]]:
        r, _, _ = self.grids()
        action = percept.last_action
        pulled = (action == 0) | (action == 1)
        first_pays = (percept.last_reward > 0) == (action == 0)
        likelihood = jnp.where(pulled, jnp.where(first_pays, r, 1 - r), 1.0)
        posterior = state * likelihood[:, None, None]
        posterior = posterior / posterior.sum()
        stepped = jnp.einsum("rvk,kvw->rwk", posterior, self.wander)
        moved = jnp.einsum("rwk,wrs->swk", stepped, self.drift)
        return jnp.where(percept.first, state, moved), {}

    def choose(self, state: Float[Array, "r v k"], percept: Percept, key: Key[Array, ""]) -> Output:
        r, v, k = self.grids()
        mean = state.sum(axis=(1, 2)) @ r
        q = jnp.stack([mean, 1 - mean])
        volatility, rate = state.sum(axis=(0, 2)) @ v, state.sum(axis=(0, 1)) @ k
        return sampled(key, best(q), q.max(), q=q, volatility=volatility, rate=rate)


def behrens(task: Task, bins: int = 24, v_bins: int = 13, k_bins: int = 6) -> Behrens:
    """Behrens' learner of two arms whose probabilities sum to one."""
    check(task.actions == 2, f"behrens assumes two arms, but the task has {task.actions}; give one with two.")
    for name, value in (("bins", bins), ("v_bins", v_bins), ("k_bins", k_bins)):
        check_count(name, value, 2)
    v, k = np.linspace(*V, v_bins), np.linspace(*K, k_bins)
    return Behrens(jnp.asarray(drift(bins, v), jnp.float32), jnp.asarray(wander(v, k), jnp.float32))
