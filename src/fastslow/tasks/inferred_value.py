"""One of two sides pays, now and then the other: what one target's outcome says about the target not shown.

A trial is a fixation cue, then ONE target, left or right, that must be answered with its side, then a blank
screen on which the outcome is known. One side always pays and the other never, and they reverse without a sign.
Exactly one side pays, so after a single surprise the value of the target that was not shown is known too, though
it was not experienced. Wang et al. 2018 (Simulation 3, Fig. 4), after Bromberg-Martin et al. 2010, whose schedule
of reversals is not known to us; .05 per trial is ours.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from fastslow.tasks import task
from fastslow.tasks.task import Task, Variable, check_count, check_range, opening, outcome, parameter, pick
from fastslow.tasks.two_step import PENALTY
from fastslow.timestep import TimeStep

FIXATION, TARGET, OUTCOME = 0, 1, 2
"""The steps of a trial."""
STEPS = 3

CUE = Variable("cue", "the target shown", "0 left, 1 right, -1 not shown (fixation broken)")
SIDE = Variable("side", "the side that pays", "0 left, 1 right")
RESPONSE = Variable("action", "the side answered; -1 where the trial is void", "0 left, 1 right, -1 void")
P_REWARD = Variable("p_reward", "probability that each side pays", "0 or 1, one column per side")


class InferredState(NamedTuple):
    side: Int[Array, ""]
    trial: Int[Array, ""]
    stage: Int[Array, ""]
    """Step within the trial."""
    void: Bool[Array, ""]
    cue: Int[Array, ""]
    """The trial's target, drawn as the trial begins."""
    shown: Bool[Array, ""]
    """Fixation was kept, so that the target was seen."""


class InferredValue(Task):
    """Answers are forced, so only the expectation of reward can differ: a task about value, not about choice.

    The observation is what is on the screen, one-hot over fixation, left target, right target; zeros for blank.
    Actions are 0 centre, 1 left, 2 right: fixation wants centre, a target its own side, the blank screen anything.
    An invalid response costs `penalty` and voids the trial: the screen is blank for its remaining steps.
    """

    hazard: Float[Array, "..."] = eqx.field(converter=parameter, default=0.05)
    """Probability, at the start of each trial but the first, that the sides reverse."""
    penalty: Float[Array, "..."] = eqx.field(converter=parameter, default=1.0)
    """What an invalid response costs (Wang 2018: 1)."""
    trials: int = eqx.field(static=True, default=50)
    """Trials in an episode, three steps each."""

    variant: ClassVar[str] = (
        "Wang 2018 Sim 3 / Bromberg-Martin 2010: one target a trial, one side pays 1 and the other 0, reversals 5 % "
        "per trial (ours), -1 for invalid responses; no choice between targets, no saccade times"
    )
    cite: ClassVar[tuple[str, ...]] = ("wang2018", "brombergmartin2010")
    trial_variables: ClassVar[tuple[Variable, ...]] = (
        task.TRIAL,
        task.TRIAL_END,
        RESPONSE,
        task.REWARD,
        PENALTY,
        CUE,
        SIDE,
        P_REWARD,
        task.VALID,
        task.CORRECT,
        task.REGRET,
    )
    observation_shape: ClassVar[tuple[int, ...]] = (3,)
    actions: ClassVar[int] = 3

    def __check_init__(self) -> None:
        check_range("hazard", self.hazard, 0, 1)
        check_range("penalty", self.penalty, 0, 1e6)
        check_count("trials", self.trials, 1)

    @property
    def episode_steps(self) -> int:
        return STEPS * self.trials

    def sample(self, key: Key[Array, ""]) -> Int[Array, ""]:
        """The side that pays in the first trial."""
        return jax.random.bernoulli(key).astype(jnp.int32)

    def start(self, problem: Int[Array, ""], key: Key[Array, ""]) -> tuple[InferredState, TimeStep]:
        zero, no = jnp.int32(0), jnp.bool_(False)
        state = InferredState(problem, zero, zero, no, zero, no)
        return state, opening(screen(zero), self.trial_of(state, no))

    def trial_of(self, state: InferredState, end: Bool[Array, ""]) -> dict[str, Array]:
        """The trial variables; a void trial forgoes what its target would have paid."""
        p = (jnp.arange(2) == state.side).astype(jnp.float32)
        pays = pick(p, state.cue)
        return {
            "trial": state.trial,
            "trial_end": end,
            "action": jnp.where(state.void, -1, state.cue),
            "reward": jnp.where(state.void, 0.0, pays),
            "penalty": -self.penalty * state.void,
            "cue": jnp.where(state.shown, state.cue, -1),
            "side": state.side,
            "p_reward": p,
            "valid": ~state.void,
            "correct": ~state.void,
            "regret": jnp.where(state.void, pays, 0.0),
        }

    def step(
        self, state: InferredState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[InferredState, TimeStep]:
        draws = jax.random.uniform(key, (2,))
        begins, answers = state.stage == FIXATION, state.stage == TARGET
        reverses = begins & (state.trial > 0) & (draws[0] < self.hazard)
        side = jnp.where(reverses, 1 - state.side, state.side)
        cue = jnp.where(begins, (draws[1] < 0.5).astype(jnp.int32), state.cue)
        accepted = jnp.where(begins, action == 0, ~answers | (action == 1 + cue))
        violates = ~state.void & ~accepted
        void = state.void | violates
        shown = jnp.where(begins, ~void, state.shown)

        paid = answers & ~void & (cue == side)
        reward = paid.astype(jnp.float32) - self.penalty * violates.astype(jnp.float32)
        ends = state.stage == OUTCOME
        trial = self.trial_of(InferredState(side, state.trial, state.stage, void, cue, shown), ends)

        stage = jnp.where(ends, FIXATION, state.stage + 1)
        following = state.trial + ends.astype(jnp.int32)
        seen = jnp.where(stage == FIXATION, 0, jnp.where((stage == TARGET) & ~void, 1 + cue, -1))
        carried = InferredState(side, following, stage, void & ~ends, cue, shown)
        return carried, outcome(screen(seen), reward, following >= self.trials, trial)


def screen(index: Int[Array, ""]) -> Float[Array, " cue"]:
    """One-hot over fixation, left, right; zeros (blank) for -1."""
    return (jnp.arange(3) == index).astype(jnp.float32)
