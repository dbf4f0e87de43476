"""Thompson sampling (Thompson 1933): pull an arm with the probability that it is the best.

With `samples` > 1 it is the optimistic variant of Duan et al. 2016 ("OTS"), read as: sample the posterior
that often and pull the arm that was most often the greatest. The paper's words allow other readings; those that we
tried (the greatest of all samples; no sample below the mean) miss its table by several standard errors.
"""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Key

from fastslow.agents.beta import beta
from fastslow.agents.counts import CountingObserver, Counts
from fastslow.agents.observer import best, sampled
from fastslow.tasks.task import Task, check_count
from fastslow.timestep import Output, Percept


class Thompson(CountingObserver):
    """Independent Beta(1, 1) priors on the arms."""

    arms: int = eqx.field(static=True, default=2)
    samples: int = eqx.field(static=True, default=1)
    """Posterior samples per choice."""

    cite: ClassVar[tuple[str, ...]] = ("thompson1933", "duan2016")

    def __check_init__(self) -> None:
        check_count("arms", self.arms, 1)
        check_count("samples", self.samples, 1)

    def choose(self, state: Counts, percept: Percept, key: Key[Array, ""]) -> Output:
        draw_key, choice_key = jax.random.split(key)
        size = (self.samples, self.arms)
        p = beta(
            draw_key,
            jnp.broadcast_to(state.successes + 1, size),
            jnp.broadcast_to(state.failures + 1, size),
        )
        winner = p >= p.max(axis=1, keepdims=True)
        votes = winner.sum(axis=0).astype(jnp.float32)
        return sampled(choice_key, best(votes), state.mean.max(), q=state.mean)


def thompson(task: Task, samples: int = 1) -> Thompson:
    """Thompson sampling over the arms of `task`."""
    return Thompson(task.actions, samples)


def optimistic_thompson(task: Task, samples: int = 20) -> Thompson:
    """Optimistic Thompson sampling ("OTS") over the arms of `task`; about 20 samples give the published numbers."""
    return Thompson(task.actions, samples)
