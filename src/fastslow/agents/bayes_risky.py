"""The ideal gambler: infer the odds of the risky lever from its wins and losses, press it where they are worth it.

Bayes' rule between the two odds that a `RiskyChoice` task holds; the levers are told apart by what they pay.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from fastslow.agents.observer import LOG_NEVER, Observer, assume, best, sampled
from fastslow.tasks.risky_choice import RiskyChoice
from fastslow.tasks.task import Task, parameter
from fastslow.timestep import Output, Percept


class GamblerBelief(NamedTuple):
    p_certain: Float[Array, "2"]
    """Probability that each lever is the certain one."""
    log_odds: Float[Array, ""]
    """Log of P(odds are high) / P(odds are low)."""


class BayesRisky(Observer):
    """Presses the lever of greater expected reward; ties at random. Probes: `q`, `p_high`."""

    small: Float[Array, ""] = eqx.field(converter=parameter)
    large: Float[Array, ""] = eqx.field(converter=parameter)
    p_high: Float[Array, ""] = eqx.field(converter=parameter)
    p_low: Float[Array, ""] = eqx.field(converter=parameter)

    cite: ClassVar[tuple[str, ...]] = ("wang2018", "stopper2014")

    def blank(self) -> GamblerBelief:
        return GamblerBelief(jnp.full(2, 0.5), jnp.float32(0))

    def take_in(self, state: GamblerBelief, percept: Percept) -> tuple[GamblerBelief, dict[str, Array]]:
        paid, pressed = percept.last_reward, jnp.arange(2) == percept.last_action
        certain = jnp.abs(paid - self.small) < 1e-3
        # A void press pays -1 and tells nothing.
        told = ~percept.first & (percept.last_action >= 0) & (paid >= 0)
        is_certain = jnp.where(certain, pressed, ~pressed).astype(jnp.float32)
        win = jnp.log(self.p_high) - jnp.log(self.p_low)
        loss = jnp.log1p(-self.p_high) - jnp.log1p(-self.p_low)
        evidence = jnp.where(certain, 0.0, jnp.where(paid > 0, win, loss))
        return GamblerBelief(
            jnp.where(told, is_certain, state.p_certain), state.log_odds + jnp.where(told, evidence, 0.0)
        ), {}

    def choose(self, state: GamblerBelief, percept: Percept, key: Key[Array, ""]) -> Output:
        p_high = jax.nn.sigmoid(state.log_odds)
        p_win = p_high * self.p_high + (1 - p_high) * self.p_low
        q = state.p_certain * self.small + (1 - state.p_certain) * self.large * p_win
        there = percept.observation > 0
        logits = jnp.where(there, best(jnp.where(there, q, -jnp.inf)), LOG_NEVER)
        return sampled(key, logits, jnp.where(there, q, -jnp.inf).max(), q=q, p_high=p_high)


def bayes_risky(task: Task) -> BayesRisky:
    """The observer that knows what the levers of `task` pay and both odds."""
    assume("bayes_risky", task, RiskyChoice)
    return BayesRisky(task.small, task.large, task.p_high, task.p_low)
