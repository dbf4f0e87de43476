"""Observers of the episodic two-step task: a filter on what pays now, and what they make of a past trial that is cued.

Three uses of the same memory, the known answers of the analysis: plan from the past trial's reward through its state
(ideal), repeat whatever was rewarded then (episodic model-free learning), or none at all. Vikbladh, Shohamy & Daw
2017; Ritter et al. 2018 (bioRxiv 360537).
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from fastslow.agents.bayes_greedy import posterior, swapped, values_of
from fastslow.agents.observer import Observer, assume, best, sampled
from fastslow.errors import UserError
from fastslow.tasks.episodic_two_step import STAGES, EpisodicTwoStep
from fastslow.tasks.task import Task, parameter
from fastslow.timestep import Output, Percept

USES = ("plan", "repeat", "none")


class Remembered(NamedTuple):
    """A past trial, or many."""

    action: Int[Array, "*slot"]
    state: Int[Array, "*slot"]
    rewarded: Bool[Array, "*slot"]


class Known(NamedTuple):
    good0: Float[Array, ""]
    """Probability that state 0 is the good one now."""
    contexts: Float[Array, "slot bit"]
    """What the trials of this episode are known by."""
    trials: Remembered
    stored: Int[Array, ""]
    """Trials stored, the first slots."""
    shown: Float[Array, " bit"]
    """The context that was shown before the choice; zeros where none was."""
    slot: Int[Array, ""]
    """Where the trial is stored that the context recalls; -1 for none."""


class BayesEpisodic(Observer):
    """Chooses the action of greater expected reward in this trial; ties at random.

    With b the belief that state 0 is good, V(0) = b high + (1-b) low, V(1) likewise with 1-b, and
    Q(a) = sum_s P(s|a) V(s). Where a past trial with state s* and reward r* is cued and `use` is plan, V(s*) = r*, for
    that reward is paid again; with repeat, its action is preferred if it was rewarded and else the other, whatever the
    transition. b follows Bayes' rule after every outcome but a repeated one (known by its old context), which tells
    nothing of the present; then b <- b (1-swap) + (1-b) swap. `value` is the expected reward of the choice at hand, 0
    once the outcome is there. Probes: `q`, `belief`, `recalled` (1 where a past trial is recalled).
    """

    transition: Float[Array, ""] = eqx.field(converter=parameter)
    """Probability of the common transition."""
    reward_high: Float[Array, ""] = eqx.field(converter=parameter)
    """Probability that the good state pays."""
    reward_low: Float[Array, ""] = eqx.field(converter=parameter)
    """Probability that the other one does."""
    swap: Float[Array, ""] = eqx.field(converter=parameter)
    """Probability of a swap between two trials."""
    use: Int[Array, ""]
    """What is made of a past trial: its number in `USES`."""
    trials: int = eqx.field(static=True)
    """Trials of an episode, half of which may have to be remembered."""
    bits: int = eqx.field(static=True)
    """Length of a context."""

    cite: ClassVar[tuple[str, ...]] = ("ritterepisodic2018", "vikbladh2017")

    def blank(self) -> Known:
        slots = self.trials // 2
        nothing = Remembered(jnp.zeros(slots, jnp.int32), jnp.zeros(slots, jnp.int32), jnp.zeros(slots, bool))
        contexts, shown = jnp.zeros((slots, self.bits)), jnp.zeros(self.bits)
        return Known(jnp.float32(0.5), contexts, nothing, jnp.int32(0), shown, jnp.int32(-1))

    def take_in(self, state: Known, percept: Percept) -> tuple[Known, dict[str, Array]]:
        context, reached = percept.cue.context[0], percept.observation[1:STAGES]
        at_choice, at_outcome = percept.observation[0] > 0, reached.sum() > 0
        now = Remembered(percept.last_action, reached.argmax().astype(jnp.int32), percept.last_reward > 0)

        again = (context == state.shown).all() & (state.shown != 0).any()
        news, chances = at_outcome & ~again, (self.reward_high, self.reward_low)
        b = posterior(state.good0, now.state, percept.last_reward, *chances, news)
        b = jnp.where(at_choice & ~percept.first, swapped(b, self.swap), b)

        slots = jnp.arange(self.trials // 2)
        new = (slots == state.stored) & at_outcome & percept.cue.store
        trials = Remembered(*(jnp.where(new, one, old) for one, old in zip(now, state.trials, strict=True)))
        contexts = jnp.where(new[:, None], context, state.contexts)

        # The latest, if more trials than one were known by this context.
        known = (contexts == context[None]).all(axis=1) & (slots < state.stored)
        found = jnp.where(known & percept.cue.recall, slots, -1).max()
        slot = jnp.where(at_choice, found, state.slot)
        shown = jnp.where(at_choice, context, state.shown)
        return Known(b, contexts, trials, state.stored + new.sum(), shown, slot), {}

    def choose(self, state: Known, percept: Percept, key: Key[Array, ""]) -> Output:
        here = jnp.arange(self.trials // 2) == state.slot
        action, then, rewarded = ((here * column).sum() for column in state.trials)
        plans, repeats, _ = self.use == jnp.arange(len(USES))
        recalled = (state.slot >= 0) & (plans | repeats)
        v = values_of(state.good0, self.reward_high, self.reward_low)
        v = jnp.where(recalled & plans & (jnp.arange(2) == then), rewarded.astype(jnp.float32), v)
        q = self.transition * v + (1 - self.transition) * v[::-1]
        wanted = jnp.arange(2) == jnp.where(rewarded > 0, action, 1 - action)
        logits = best(jnp.where(recalled & repeats, wanted.astype(jnp.float32), q))
        at_choice = percept.observation[0] > 0
        chosen = jnp.where(at_choice, logits, jnp.log(jnp.full(2, 0.5)))
        value = jnp.where(at_choice, (jnp.exp(logits) * q).sum(), 0.0)
        return sampled(key, chosen, value, q=q, belief=state.good0, recalled=recalled.astype(jnp.float32))


def bayes_episodic(task: Task, use: str = "plan") -> BayesEpisodic:
    """The observer that knows the probabilities of `task`, an episodic two-step task; `use` is one of `USES`."""
    assume("bayes_episodic", task, EpisodicTwoStep)
    if use not in USES:
        raise UserError(f"use is '{use}', but it must be one of: {', '.join(USES)}.")
    known = (task.transition, task.reward_high, task.reward_low, task.swap)
    return BayesEpisodic(*known, jnp.int32(USES.index(use)), task.trials, task.bits)
