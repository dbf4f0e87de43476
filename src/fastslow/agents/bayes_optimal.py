"""The Bayes-optimal player of two independent uniform arms: the floor under every regret curve.

Finite-horizon dynamic programming over posterior counts (Bellman 1956; it is what the Gittins index of Wang
et al. 2016 approximates). Expected return of 100 pulls: 64.9184 of a possible 66.667.
"""

from functools import cache
from typing import ClassVar, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, Int8, Key

from fastslow.agents.counts import CountingObserver, Counts
from fastslow.agents.observer import assume, best, sampled
from fastslow.errors import check
from fastslow.tasks.bandit import IndependentBandit
from fastslow.tasks.task import Task, check_count
from fastslow.timestep import Output, Percept

MOST_PULLS = 200
TIE = 2


class Solution(NamedTuple):
    """The optimal policy of two Beta(1, 1) arms over a finite horizon."""

    value: float
    """Expected total reward of the whole episode."""
    policy: np.ndarray
    """int8 `[state]`: 0 or 1 the better arm, 2 either; ordered by `state_index`."""


def solve(pulls: int) -> Solution:
    """Backward induction: with m_i the posterior mean of arm i, and s, f its successes and failures,

    V_n(s1, f1, s2, f2) = max_i  m_i (1 + V_{n+1}(s_i + 1)) + (1 - m_i) V_{n+1}(f_i + 1),   V_pulls = 0.

    A layer n (pulls made) is held as a cube over (s1, f1, s2), f2 being what is left; cells beyond it
    hold numbers that no state reads.
    """
    layers = []
    later = np.zeros((pulls + 1,) * 3)
    for n in range(pulls - 1, -1, -1):
        count = np.arange(n + 1)
        s1, f1, s2 = count[:, None, None], count[None, :, None], count[None, None, :]
        f2 = n - s1 - f1 - s2
        mean1 = (s1 + 1) / (s1 + f1 + 2)
        mean2 = (s2 + 1) / np.maximum(s2 + f2 + 2, 1)
        gain1 = mean1 * (1 + later[1:, :-1, :-1]) + (1 - mean1) * later[:-1, 1:, :-1]
        gain2 = mean2 * (1 + later[:-1, :-1, 1:]) + (1 - mean2) * later[:-1, :-1, :-1]
        better = np.where(np.abs(gain1 - gain2) < 1e-11, TIE, gain2 > gain1).astype(np.int8)
        layers.append(better[f2 >= 0])
        later = np.maximum(gain1, gain2)
    return Solution(float(later[0, 0, 0]), np.concatenate(layers[::-1]))


def optimal_return(arms: int, pulls: int) -> float:
    """Expected total reward of optimal play of any number of Beta(1, 1) arms, exact, for a few pulls (at most 20).

    The same recursion, over multisets of what is known of the arms pulled so far, which of them is which being
    of no matter. Ten pulls of five arms return 6.6600, of ten or more 6.7140.
    """
    check_count("arms", arms, 1)
    check_count("pulls", pulls, 0)
    check(
        pulls <= 20, f"optimal_return is exact for at most 20 pulls, but was asked for {pulls}; use gittins."
    )

    @cache
    def value(known: tuple[tuple[int, int], ...], left: int) -> float:
        if left == 0:
            return 0.0
        options = set(known) | ({(0, 0)} if len(known) < arms else set())
        return max(gain(known, arm, left) for arm in options)

    def gain(known: tuple[tuple[int, int], ...], arm: tuple[int, int], left: int) -> float:
        others = list(known)
        if arm in others:
            others.remove(arm)
        s, f = arm
        mean = (s + 1) / (s + f + 2)
        paid, unpaid = (tuple(sorted([*others, after])) for after in ((s + 1, f), (s, f + 1)))
        return mean * (1 + value(paid, left - 1)) + (1 - mean) * value(unpaid, left - 1)

    return value((), pulls)


def state_index(
    s1: Int[Array, "*n"], f1: Int[Array, "*n"], s2: Int[Array, "*n"], f2: Int[Array, "*n"]
) -> Int[Array, "*n"]:
    """Rank of a state: by pulls made, then s1, f1, s2 (the combinatorial number system)."""
    n = s1 + f1 + s2 + f2
    m, k = n - s1, n - s1 - f1
    before = n * (n + 1) * (n + 2) // 6 * (n + 3) // 4
    in_layer = (n + 1) * (n + 2) * (n + 3) // 6 - (m + 1) * (m + 2) * (m + 3) // 6
    return before + in_layer + (m + 1) * (m + 2) // 2 - (k + 1) * (k + 2) // 2 + s2


class BayesOptimal(CountingObserver):
    """Plays the optimal policy of `solve`; after the horizon it solved for, the arm of greater mean."""

    policy: Int8[Array, " state"]
    """`Solution.policy`: 4.4 million states (4.4 MB) for 100 pulls."""
    pulls: int = eqx.field(static=True)
    """The horizon assumed."""
    arms: int = eqx.field(static=True, default=2)

    cite: ClassVar[tuple[str, ...]] = ("bellman1956", "wang2016")

    def choose(self, state: Counts, percept: Percept, key: Key[Array, ""]) -> Output:
        s, f = state.successes.astype(jnp.int32), state.failures.astype(jnp.int32)
        index = jnp.minimum(state_index(s[0], f[0], s[1], f[1]), self.policy.shape[0] - 1)
        better = self.policy[index]
        wanted = jnp.stack([better != 1, better != 0]).astype(jnp.float32)
        wanted = jnp.where(state.pulls.sum() < self.pulls, wanted, state.mean)
        return sampled(key, best(wanted), state.mean.max(), q=state.mean)


def bayes_optimal(task: Task) -> BayesOptimal:
    """The optimal player of two arms p ~ U[0, 1] for the pulls of `task` (at most 200), solved here (seconds)."""
    assume("bayes_optimal", task, IndependentBandit)
    check(task.actions == 2, f"bayes_optimal solves 2 arms, but the task has {task.actions}; use gittins.")
    check(
        task.episode_steps <= MOST_PULLS,
        f"bayes_optimal tabulates at most {MOST_PULLS} pulls, but the task has {task.episode_steps}; shorten the task.",
    )
    return BayesOptimal(jnp.asarray(solve(task.episode_steps).policy), task.episode_steps)
