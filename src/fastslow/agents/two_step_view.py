"""How trials of the two-step task look from inside an agent: percepts in, whole trials out.

The published forms differ in what a step is. Observers of all of them share this file, which tells the stage at
hand and, once a trial's outcome has arrived, hands over the trial whole: choice, state, response, reward.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from fastslow.agents.observer import LOG_NEVER
from fastslow.errors import UserError
from fastslow.tasks.task import Task
from fastslow.tasks.two_step import TwoStep, TwoStepInOne
from fastslow.tasks.two_step_daw import TwoStepDaw
from fastslow.timestep import Percept

FIXATION, CHOICE, SECOND, VOID = 0, 1, 2, 3


class Form(NamedTuple):
    """What a step is in a form of the task (plain numbers, static)."""

    stages: int
    """Steps in a trial: 1 (both in one), 2, or 3 with a fixation step."""
    second_actions: int
    """Actions that matter in a second-stage state: 1 (any response will do) or 2."""

    @property
    def fixation(self) -> bool:
        return self.stages == 3

    @property
    def actions(self) -> int:
        return 3 if self.fixation else 2

    @property
    def cues(self) -> int:
        """Length of the observation."""
        return 2 if self.stages == 1 else self.stages + 1


def form_of(task: Task) -> Form:
    """The form of a two-step task; `UserError` for any other task."""
    if isinstance(task, TwoStepInOne):
        return Form(1, 1)
    if isinstance(task, TwoStep):
        return Form(3 if task.fixation else 2, 1)
    if isinstance(task, TwoStepDaw):
        return Form(2, 2)
    raise UserError(
        f"This agent assumes a two-step task, but was given {type(task).__name__}; give TwoStepInOne, TwoStep "
        "or TwoStepDaw."
    )


class Seen(NamedTuple):
    """What is remembered within a trial; -1 where there is nothing yet."""

    choice: Int[Array, ""]
    state: Int[Array, ""]


class Trial(NamedTuple):
    """What the percept completes."""

    passed: Bool[Array, ""]
    """A trial, valid or void, has just ended."""
    valid: Bool[Array, ""]
    """It has, and the rest of the fields hold."""
    choice: Int[Array, ""]
    """First-stage choice, 0 or 1."""
    state: Int[Array, ""]
    """Second-stage state reached, 0 or 1."""
    response: Int[Array, ""]
    """Second-stage action, 0 or 1; 0 where it does not matter."""
    reward: Float[Array, ""]


def nothing_seen() -> Seen:
    return Seen(jnp.int32(-1), jnp.int32(-1))


def look(form: Form, seen: Seen, percept: Percept) -> tuple[Seen, Trial]:
    """Take in a percept: what to remember within the trial, and the trial that it completes.

    Void are trials with an action out of range, with zeros for a cue, or with a penalty (reward below 0).
    """
    cue = percept.observation
    side = percept.last_action - (1 if form.fixation else 0)
    answered = (side == 0) | (side == 1)
    if form.stages == 1:
        passed, choice, response = ~percept.first, side, jnp.int32(0)
        state = jnp.where(cue.sum() > 0, cue.argmax(), -1).astype(jnp.int32)
    else:
        passed = (cue[0] > 0) & ~percept.first
        choice, state, response = seen.choice, seen.state, side if form.second_actions > 1 else jnp.int32(0)
        at_second = cue[-2:].sum() > 0
        reached = jnp.where(cue[-1] > 0, 1, 0)
        seen = Seen(jnp.where(at_second & answered, side, -1), jnp.where(at_second & answered, reached, -1))
    valid = passed & answered & (choice >= 0) & (state >= 0) & (percept.last_reward >= 0)
    inside = jnp.where(valid, 1, 0)
    return seen, Trial(passed, valid, choice * inside, state * inside, response * inside, percept.last_reward)


def stage(form: Form, percept: Percept) -> Int[Array, ""]:
    """The stage at hand: FIXATION, CHOICE, SECOND or VOID."""
    if form.stages == 1:
        return jnp.int32(CHOICE)
    cue = percept.observation
    index = cue.argmax() + (0 if form.fixation else 1)
    return jnp.where(cue.sum() > 0, jnp.minimum(index, SECOND), VOID).astype(jnp.int32)


def state_at_hand(percept: Percept) -> Int[Array, ""]:
    """The second-stage state that is shown (in the form in one step: the last trial's); 0 where none is."""
    return percept.observation[-1].astype(jnp.int32)


def stage_logits(
    form: Form, now: Int[Array, ""], first: Float[Array, "2"], second: Float[Array, " response"]
) -> Float[Array, " action"]:
    """Log choice probabilities over the form's actions, given those of choice and second stage."""
    if form.stages == 1:
        return first
    if form.second_actions == 1:
        second = jnp.zeros(2)
    if not form.fixation:
        return jnp.where(now == CHOICE, first, second)
    never = jnp.full(1, LOG_NEVER)
    centre = jnp.array([0.0, LOG_NEVER, LOG_NEVER])
    sides = jnp.concatenate([never, jnp.where(now == CHOICE, first, second)])
    return jnp.where(now == FIXATION, centre, jnp.where(now == VOID, 0.0, sides))
