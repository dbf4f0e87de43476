"""The Bayes-optimal player of two correlated arms, p2 = 1 - p1 (Wang et al. 2016, dependent bandits I).

Each pull of either arm says equally much about p1, so exploring buys nothing and greed is exactly optimal, for
every prior on p1 that is symmetric about one half: easy, medium, hard and uniform alike.
"""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Key

from fastslow.agents.counts import CountingObserver, Counts
from fastslow.agents.observer import assume, best, sampled
from fastslow.tasks.bandit import CorrelatedBandit
from fastslow.tasks.task import Task
from fastslow.timestep import Output, Percept


class BayesCorrelated(CountingObserver):
    """Pulls the arm with the greater signed evidence, (s1 + f2) - (f1 + s2); either where it is 0.

    `value` and the probe `q` are posterior means under a uniform p1.
    """

    arms: int = eqx.field(static=True, default=2)

    cite: ClassVar[tuple[str, ...]] = ("wang2016",)

    def choose(self, state: Counts, percept: Percept, key: Key[Array, ""]) -> Output:
        for_first = state.successes[0] + state.failures[1]
        p1 = (for_first + 1) / (state.pulls.sum() + 2)
        q = jnp.stack([p1, 1 - p1])
        return sampled(key, best(q), q.max(), q=q)


def bayes_correlated(task: Task) -> BayesCorrelated:
    """The optimal player of `task`, a CorrelatedBandit (p2 = 1 - p1)."""
    assume("bayes_correlated", task, CorrelatedBandit)
    return BayesCorrelated()
