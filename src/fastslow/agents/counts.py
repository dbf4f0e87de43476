"""Successes and failures of each arm: the sufficient statistic of every fixed Bernoulli bandit."""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from fastslow.agents.observer import Observer
from fastslow.timestep import Percept


class Counts(NamedTuple):
    """One entry per arm; a reward between 0 and 1 counts as that fraction of a success."""

    successes: Float[Array, " arm"]
    failures: Float[Array, " arm"]

    @property
    def pulls(self) -> Float[Array, " arm"]:
        return self.successes + self.failures

    @property
    def mean(self) -> Float[Array, " arm"]:
        """Posterior mean of each arm under a Beta(1, 1) prior."""
        return (self.successes + 1) / (self.pulls + 2)


def no_counts(arms: int) -> Counts:
    return Counts(jnp.zeros(arms), jnp.zeros(arms))


def tally(counts: Counts, percept: Percept) -> Counts:
    """Add the last pull; a missing action (-1) adds nothing."""
    pulled = (jnp.arange(counts.successes.shape[0]) == percept.last_action).astype(jnp.float32)
    successes = counts.successes + pulled * percept.last_reward
    return Counts(successes, counts.failures + pulled * (1 - percept.last_reward))


class CountingObserver(Observer):
    """An observer of bandits whose whole knowledge is its `Counts`.

    Subclasses give `arms` and `choose`. Their `value` is the posterior mean reward (Beta(1, 1) prior) of the
    best-looking arm, and the probe `q` holds that mean for each arm.
    """

    arms: eqx.AbstractVar[int]

    def blank(self) -> Counts:
        return no_counts(self.arms)

    def take_in(self, state: Counts, percept: Percept) -> tuple[Counts, dict[str, Array]]:
        return tally(state, percept), {}
