"""The ideal observer of Harlow's task on a screen: it knows the rules and the geometry, and reads the pictures.

It tells from the first cross where it looks, keeps count of that from then on, holds the cross, and goes to the picture
that is more like the rewarded one (Harlow 1949; Wang et al. 2018, Simulation 5).
"""

from typing import ClassVar, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from fastslow.agents.lesson import Lesson, expected, learn
from fastslow.agents.observer import Observer, best, sampled
from fastslow.tasks.harlow_pixels import CHOICE, FIXATION, Gaze, HarlowPixels
from fastslow.tasks.panorama import span
from fastslow.timestep import Output, Percept

STAY = 2
STEADY = 0.8
"""The gaze is steered back where it would come to rest beyond this share of the cross's tolerance."""


class SightState(NamedTuple):
    lesson: Lesson
    offer: Float[Array, "2 feature"]
    """The two pictures of the trial at hand, as read off the screen."""
    gaze: Gaze


class PixelsObserver(Observer):
    """Not knowing, it goes wherever its first turn at the pictures, a coin's, leads.

    `value` is the expected reward of the trial alone; probe: `evidence`, for each side.
    """

    task: HarlowPixels

    cite: ClassVar[tuple[str, ...]] = ("harlow1949", "wang2018")

    def blank(self) -> SightState:
        nothing = jnp.zeros(self.task.height * self.task.image * 3)
        zero = jnp.float32(0)
        gaze = Gaze(zero, zero, jnp.int32(FIXATION), jnp.int32(0))
        return SightState(Lesson(nothing, nothing, jnp.bool_(False)), jnp.stack([nothing] * 2), gaze)

    def take_in(self, state: SightState, percept: Percept) -> tuple[SightState, dict[str, Array]]:
        task = self.task
        gaze, fixates, chosen = task.look(state.gaze, percept.last_action)
        first = percept.first
        opening = state.gaze._replace(heading=self.heading_of(percept.observation))
        gaze = Gaze(*(jnp.where(first, a, b) for a, b in zip(opening, gaze, strict=True)))
        fixates, chosen = fixates & ~first, chosen & ~first
        right = percept.last_reward > (task.reward_right + task.reward_wrong) / 2
        lesson = learn(state.lesson, state.offer, (gaze.heading > 0).astype(jnp.int32), right, chosen)
        offer = jnp.where(fixates, self.read(gaze, percept.observation), state.offer)
        return SightState(lesson, offer, gaze), {}

    def heading_of(self, screen: Float[Array, "row pixel colour"]) -> Float[Array, ""]:
        """Where one looks, from the middle of the red on a screen that shows the whole cross."""
        red = screen[..., 0].sum(0)
        return (
            -(red * span(self.task.width)).sum()
            / jnp.maximum(red.sum(), 1e-6)
            * self.task.field
            / self.task.width
        )

    def read(self, gaze: Gaze, screen: Float[Array, "row pixel colour"]) -> Float[Array, "2 feature"]:
        """The left and the right picture, as far as they are on the screen, moved back into their places."""
        filled = self.task.overlap(gaze)[:, : 2 * self.task.image]
        columns = jnp.einsum("pc,rpk->crk", filled, screen)
        return columns.reshape(2, -1)

    def choose(self, state: SightState, percept: Percept, key: Key[Array, ""]) -> Output:
        task, gaze = self.task, state.gaze
        for_side = likeness(state.lesson, state.offer)
        known = for_side[0] != for_side[1]
        # Without knowledge, on to where the gaze already turned; at the cross, a coin.
        begun = jnp.where(jnp.abs(gaze.heading) > task.fixation_tolerance, jnp.sign(gaze.heading), 0.0)
        to_picture = jnp.where(known, for_side[1] - for_side[0], begun)
        rest = task.turned(gaze, jnp.int32(STAY)).heading
        home = -jnp.sign(rest) * (jnp.abs(rest) > STEADY * task.fixation_tolerance)
        way = jnp.where(gaze.stage == CHOICE, to_picture, home)
        stays = jnp.where(gaze.stage == CHOICE, -1.0, 0.5 - jnp.abs(home))
        value = jnp.where(gaze.stage == CHOICE, expected(task.reward_right, task.reward_wrong, for_side), 0.0)
        return sampled(key, best(jnp.stack([-way, way, stays])), value, evidence=for_side)


def likeness(lesson: Lesson, offer: Float[Array, "2 feature"]) -> Float[Array, "2"]:
    """1 for the side at which the rewarded object more likely is, by squared differences of pixels; 0, 0: unknown."""

    def apart(left: Array, right: Array) -> Array:
        return ((offer[0] - left) ** 2).sum() + ((offer[1] - right) ** 2).sum()

    left = apart(lesson.good, lesson.bad) < apart(lesson.bad, lesson.good)
    return jnp.where(lesson.known, jnp.stack([left, ~left]).astype(jnp.float32), 0.0)
