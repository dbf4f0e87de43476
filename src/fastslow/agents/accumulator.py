"""The ideal observer of noisy evidence: sums what the readings tell, and responds by the sign of the sum.

By Wald's log-likelihood ratio, as in models of perceptual decisions. What it has decided can be recalled where the
example comes back (`recalling`).
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from fastslow.agents.observer import Observer, assume, best, sampled
from fastslow.tasks.contextual_choice import ContextualChoice
from fastslow.tasks.task import Task, parameter
from fastslow.timestep import Output, Percept


class Evidence(NamedTuple):
    log_odds: Float[Array, ""]
    """Log odds that right is right."""
    time: Int[Array, ""]
    """Steps of the trial that were seen."""


class Accumulator(Observer):
    """log P(right) / P(left) grows by 2 `drift` times the sum of the readings, from step `noise` of a trial on.

    It goes by the readings alone, as the public agent does, which is not told its rewards; ties at random. `value` is
    the probability that its response is right; probe `belief` that right is.
    """

    drift: Float[Array, ""] = eqx.field(converter=parameter)
    """Mean of an informative reading, in s.d."""
    noise: int = eqx.field(static=True)
    """Steps of a trial at which readings tell nothing."""
    size: int = eqx.field(static=True)
    """Readings at a step, which come first in the observation."""

    cite: ClassVar[tuple[str, ...]] = ("wald1947",)

    def blank(self) -> Evidence:
        return Evidence(jnp.float32(0), jnp.int32(0))

    def take_in(self, state: Evidence, percept: Percept) -> tuple[Evidence, dict[str, Array]]:
        # Alone it begins each trial with nothing; where beliefs are recalled, whoever recalls them says so.
        anew = jnp.bool_(False) if percept.cue is None else percept.cue.begins
        first = percept.first | anew
        time = jnp.where(first, 0, state.time)
        told = 2 * self.drift * percept.observation[: self.size].sum()
        log_odds = jnp.where(anew, 0.0, state.log_odds) + jnp.where(time >= self.noise, told, 0.0)
        return Evidence(log_odds, time + 1), {}

    def choose(self, state: Evidence, percept: Percept, key: Key[Array, ""]) -> Output:
        belief = jax.nn.sigmoid(state.log_odds)
        logits = best(jnp.stack([-state.log_odds, state.log_odds]))
        return sampled(key, logits, jnp.maximum(belief, 1 - belief), belief=belief)


def accumulator(task: Task) -> Accumulator:
    """The observer that knows how the evidence of `task`, a contextual choice, is drawn; it recalls nothing."""
    assume("accumulator", task, ContextualChoice)
    return Accumulator(task.drift, task.noise, task.size)
