"""Ideal observers of Harlow's task: one trial tells which object is rewarded.

They know that of two objects one is always rewarded, and lack only which: a first choice at random, and from then on
the object that was rewarded, or the one that is not known to be wrong. Right in half of the first trials and in all
others (Harlow 1949; Wang et al. 2018, Fig. 6), also where only one of the two objects recurs.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from fastslow.agents.learning_set_pixels import PixelsObserver
from fastslow.agents.lesson import Lesson, expected, learn
from fastslow.agents.observer import Observer, assume, best, sampled
from fastslow.tasks.harlow import Harlow
from fastslow.tasks.harlow_pixels import HarlowPixels
from fastslow.tasks.harlow_ring import MARK, OFFSET, VIEW, HarlowRing, wrap
from fastslow.tasks.task import Task, parameter
from fastslow.timestep import Output, Percept


def evidence(lesson: Lesson, offer: Float[Array, "2 feature"]) -> Float[Array, "2"]:
    """For each side, how many of the two objects say that it is the rewarded one; 0, 0 where nothing is known."""
    is_good = (offer == lesson.good[None]).all(axis=1)
    is_bad = (offer == lesson.bad[None]).all(axis=1)
    return jnp.where(lesson.known, is_good.astype(jnp.float32) + is_bad[::-1], 0.0)


class CodeState(NamedTuple):
    lesson: Lesson
    offer: Float[Array, "2 feature"]
    """The two codes of the trial at hand."""


class CodeObserver(Observer):
    """For objects shown as codes, one choice a step. `value` is the expected reward of the trial; probe: `evidence`."""

    reward_right: Float[Array, ""] = eqx.field(converter=parameter)
    reward_wrong: Float[Array, ""] = eqx.field(converter=parameter)
    features: int = eqx.field(static=True)

    cite: ClassVar[tuple[str, ...]] = ("harlow1949", "wang2018")

    def blank(self) -> CodeState:
        code = jnp.zeros(self.features)
        return CodeState(Lesson(code, code, jnp.bool_(False)), jnp.zeros((2, self.features)))

    def take_in(self, state: CodeState, percept: Percept) -> tuple[CodeState, dict[str, Array]]:
        side = percept.last_action
        right = percept.last_reward > (self.reward_right + self.reward_wrong) / 2
        lesson = learn(state.lesson, state.offer, side, right, (side == 0) | (side == 1))
        return CodeState(lesson, percept.observation.reshape(2, self.features)), {}

    def choose(self, state: CodeState, percept: Percept, key: Key[Array, ""]) -> Output:
        for_side = evidence(state.lesson, state.offer)
        value = expected(self.reward_right, self.reward_wrong, for_side)
        return sampled(key, best(for_side), value, evidence=for_side)


class RingState(NamedTuple):
    lesson: Lesson
    offer: Float[Array, "2 1"]
    gaze: Int[Array, ""]
    chooses: Bool[Array, ""]
    """The objects are shown; otherwise the fixation mark is."""


class RingObserver(Observer):
    """For objects on a ring: keeps count of where it looks, goes to the mark and then to the object by the shorter way.

    Not knowing, it tosses a coin at the mark and sticks to it. `value` is the expected reward of the trial alone.
    """

    reward_right: Float[Array, ""] = eqx.field(converter=parameter)
    reward_wrong: Float[Array, ""] = eqx.field(converter=parameter)

    cite: ClassVar[tuple[str, ...]] = ("harlow1949", "wang2018")

    def blank(self) -> RingState:
        code = jnp.zeros(1)
        return RingState(
            Lesson(code, code, jnp.bool_(False)), jnp.zeros((2, 1)), jnp.int32(0), jnp.bool_(False)
        )

    def take_in(self, state: RingState, percept: Percept) -> tuple[RingState, dict[str, Array]]:
        seen = percept.observation
        turn = (percept.last_action == 1).astype(jnp.int32) - (percept.last_action == 0)
        opening = VIEW // 2 - jnp.argmax(seen == MARK).astype(jnp.int32)
        gaze = jnp.where(percept.first, opening, wrap(state.gaze + turn))
        chosen = state.chooses & (jnp.abs(gaze) == OFFSET)
        right = percept.last_reward > (self.reward_right + self.reward_wrong) / 2
        lesson = learn(state.lesson, state.offer, (gaze > 0).astype(jnp.int32), right, chosen)
        fixated = ~state.chooses & (gaze == 0)
        shown = jnp.stack([seen[VIEW // 2 - OFFSET], seen[VIEW // 2 + OFFSET]])[:, None]
        offer = jnp.where(fixated, shown, state.offer)
        return RingState(lesson, offer, gaze, (state.chooses | fixated) & ~chosen), {}

    def choose(self, state: RingState, percept: Percept, key: Key[Array, ""]) -> Output:
        for_side = evidence(state.lesson, state.offer)
        here = jnp.sign(state.gaze).astype(jnp.float32)
        # Towards the better object; without one, on to where the gaze already turned; to the mark, back.
        to_object = jnp.where(for_side[0] == for_side[1], here, for_side[1] - for_side[0])
        wish = jnp.where(state.chooses, to_object, -here)
        value = jnp.where(state.chooses, expected(self.reward_right, self.reward_wrong, for_side), 0.0)
        return sampled(key, best(jnp.stack([-wish, wish])), value, evidence=for_side)


def learning_set(task: Task) -> CodeObserver | RingObserver | PixelsObserver:
    """The observer that knows the rules of `task`, Harlow's as codes, on a ring or on a screen."""
    assume("learning_set", task, Harlow, HarlowRing, HarlowPixels)
    assert isinstance(task, Harlow | HarlowRing | HarlowPixels)
    if isinstance(task, Harlow):
        return CodeObserver(task.reward_right, task.reward_wrong, task.features)
    if isinstance(task, HarlowPixels):
        return PixelsObserver(task)
    return RingObserver(task.reward_right, task.reward_wrong)
