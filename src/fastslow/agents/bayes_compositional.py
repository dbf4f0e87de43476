"""The observer of compositional bandits: what each code means, learned from the arms of the pairs it was part of.

With one code left out it is the bound of whoever goes by the other alone, and with both the bound of whoever learns
every pair anew: what lies above all three has put two recollections together (Ritter et al. 2018).
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from fastslow.agents.observer import Observer, assume, best, sampled
from fastslow.errors import UserError
from fastslow.tasks.compositional_bandits import CompositionalBandits
from fastslow.tasks.task import Task, parameter
from fastslow.timestep import Output, Percept

USES = ("both", "first", "second", "neither")


class Meanings(NamedTuple):
    """What is known of the codes of the first set and of the second, along the axis `part`."""

    codes: Float[Array, "part code bit"]
    """Codes in the order in which they were met."""
    p: Float[Array, "part code level"]
    """Probability of each meaning."""
    met: Int[Array, " part"]
    """Codes met."""
    here: Int[Array, " part"]
    """Which the present ones are."""
    joint: Float[Array, "level level"]
    """Probability of the meanings of the present pair."""


class BayesCompositional(Observer):
    """Within a pair exact: P(o1, o2 | outcomes), from the product of what is known of either; greedy, ties at random.

    After it each code keeps its marginal (assumed-density filtering), so what an outcome says of two codes at once is
    lost, and more so where both are uncertain. Of sums only differences between codes are ever told: the first code met
    is taken to mean 0, all else follows. A code that is not used is one whose meaning is forgotten after each pair.
    `value` is the probability of a reward.
    """

    p_good: Float[Array, ""] = eqx.field(converter=parameter)
    """Probability that the good arm pays."""
    p_rest: Float[Array, ""] = eqx.field(converter=parameter)
    """Probability that another does."""
    arm_of: Int[Array, "level level"]
    """The good arm for each pair of meanings."""
    used: Bool[Array, " part"]
    """Which of the two codes are."""
    pinned: bool = eqx.field(static=True)
    """Only differences are told."""
    arms: int = eqx.field(static=True)
    codes: int = eqx.field(static=True)
    """Codes in a set."""
    bits: int = eqx.field(static=True)
    """Length of a code."""

    cite: ClassVar[tuple[str, ...]] = ("ritter2018",)

    def blank(self) -> Meanings:
        levels = self.arm_of.shape[0]
        p = jnp.full((2, self.codes, levels), 1 / levels)
        if self.pinned:
            p = p.at[0, 0].set(jnp.arange(levels) == 0)
        codes, none = jnp.zeros((2, self.codes, self.bits)), jnp.zeros(2, jnp.int32)
        return Meanings(codes, p, none, none, jnp.full((levels, levels), 1 / levels**2))

    def take_in(self, state: Meanings, percept: Percept) -> tuple[Meanings, dict[str, Array]]:
        slots, context = jnp.arange(self.codes)[None], percept.cue.context
        begins = percept.first | percept.cue.begins
        known = (state.codes == context[:, None]).all(axis=2) & (slots < state.met[:, None])
        new = ~known.any(axis=1)
        here = jnp.where(begins, jnp.where(new, state.met, known.argmax(axis=1)), state.here)
        at = slots == here[:, None]
        codes = jnp.where((at & begins)[..., None], context[:, None], state.codes)
        now = (at[..., None] * state.p).sum(1)
        joint = jnp.where(begins, now[0][:, None] * now[1][None], state.joint)

        chosen = percept.last_action
        p = jnp.where(self.arm_of == chosen, self.p_good, self.p_rest)
        likelihood = jnp.where(percept.last_reward > 0, p, 1 - p)
        told = joint * jnp.where((chosen >= 0) & ~begins, likelihood, 1.0)
        joint = told / jnp.maximum(told.sum(), 1e-30)

        learned = jnp.stack([joint.sum(1), joint.sum(0)])
        keep = at & self.used[:, None] & percept.cue.store
        p = jnp.where(keep[..., None], learned[:, None], state.p)
        return Meanings(codes, p, state.met + (begins & new), here, joint), {}

    def choose(self, state: Meanings, percept: Percept, key: Key[Array, ""]) -> Output:
        leads = self.arm_of[None] == jnp.arange(self.arms)[:, None, None]
        p_best = jnp.where(leads, state.joint[None], 0.0).sum((1, 2))
        q = self.p_rest + (self.p_good - self.p_rest) * p_best
        return sampled(key, best(q, 1e-5), q.max(), q=q)


def bayes_compositional(task: Task, uses: str = "both") -> BayesCompositional:
    """The observer that knows how `task`, compositional bandits, is made; `uses` is one of `USES`."""
    assume("bayes_compositional", task, CompositionalBandits)
    if uses not in USES:
        raise UserError(f"uses is '{uses}', but it must be one of: {', '.join(USES)}.")
    used = jnp.array([uses in ("both", "first"), uses in ("both", "second")])
    pinned = task.combine == "sum"
    sizes = (task.arms, task.codes, task.bits)
    return BayesCompositional(task.p_good, task.p_rest, task.arm_of(), used, pinned, *sizes)
