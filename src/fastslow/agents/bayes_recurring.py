"""The ideal player of bandits that come back: never forgets what it learned of the arms under a barcode.

It knows how the barcode bandits of Ritter et al. 2018 are made, keeps a posterior over the good arm for every barcode
that it met in the episode, and pulls the arm most likely to be good.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from fastslow.agents.observer import Observer, assume, best, sampled
from fastslow.errors import check
from fastslow.tasks.bandit import OneGoodArm
from fastslow.tasks.recurring import Recurring
from fastslow.tasks.task import Task, parameter
from fastslow.timestep import Output, Percept


class Known(NamedTuple):
    """What is known of every context met so far."""

    codes: Float[Array, "context bit"]
    log_p: Float[Array, "context arm"]
    """Log probability, up to a constant, that each arm is the good one."""
    count: Int[Array, ""]
    """Contexts met, the first rows."""


class BayesRecurring(Observer):
    """log P(good = k) grows by log P(reward | k is good) with every pull, in the row of the barcode shown."""

    p_good: Float[Array, ""] = eqx.field(converter=parameter)
    p_rest: Float[Array, ""] = eqx.field(converter=parameter)
    arms: int = eqx.field(static=True, default=10)
    contexts: int = eqx.field(static=True, default=10)
    bits: int = eqx.field(static=True, default=10)
    remembers: bool = eqx.field(static=True, default=True)
    """Without memory it begins each exposure knowing nothing."""

    cite: ClassVar[tuple[str, ...]] = ("ritter2018",)

    def blank(self) -> Known:
        rows = self.contexts
        return Known(jnp.zeros((rows, self.bits)), jnp.zeros((rows, self.arms)), jnp.int32(0))

    def row(self, state: Known, percept: Percept) -> Bool[Array, " context"]:
        """Which row is the present context's, the first free one if it was never met."""
        place = jnp.arange(self.contexts)
        same = (state.codes == percept.cue.context[0][None]).all(-1) & (place < state.count)
        return jnp.where(same.any(), same, place == state.count)

    def take_in(self, state: Known, percept: Percept) -> tuple[Known, dict[str, Array]]:
        row = self.row(state, percept)
        begins = percept.cue.begins
        arm = jnp.arange(self.arms)
        p = jnp.where(arm == percept.last_action, self.p_good, self.p_rest)
        p = jnp.clip(p, 1e-6, 1 - 1e-6)
        told = jnp.where(percept.last_reward > 0.5, jnp.log(p), jnp.log1p(-p))
        # A barcode comes with no outcome: what was done before belongs to the one before.
        pulled = (percept.last_action >= 0) & ~begins
        log_p = state.log_p + jnp.where(row[:, None] & pulled, told[None], 0.0)
        if not self.remembers:
            log_p = jnp.where(begins, 0.0, log_p)
        codes = jnp.where(row[:, None], percept.cue.context, state.codes)
        count = jnp.maximum(state.count, row.argmax() + 1).astype(jnp.int32)
        return Known(codes, log_p, count), {}

    def choose(self, state: Known, percept: Percept, key: Key[Array, ""]) -> Output:
        log_p = jnp.where(self.row(state, percept)[:, None], state.log_p, 0.0).sum(0)
        p = jnp.exp(log_p - log_p.max())
        p = p / p.sum()
        value = (p.max() * self.p_good + (1 - p.max()) * self.p_rest).astype(jnp.float32)
        return sampled(key, best(log_p, 1e-4), value)


def bayes_recurring(task: Task, remembers: bool = True) -> BayesRecurring:
    """The ideal player of barcode bandits without noise; forgetful where it does not remember earlier exposures."""
    assume("bayes_recurring", task, Recurring)
    assert isinstance(task, Recurring)
    assume("bayes_recurring", task.task, OneGoodArm)
    check(
        not np.any(np.asarray(task.noise)),
        f"noise is {np.asarray(task.noise).item():g}, but bayes_recurring knows barcodes as they are; give it 0.",
    )
    inner = task.task
    return BayesRecurring(inner.p_good, inner.p_rest, inner.arms, task.contexts, task.bits, remembers)
