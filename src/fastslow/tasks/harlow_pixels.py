"""Harlow's learning sets on a screen: objects are pictures, and a choice is a turn of the gaze towards one.

A red cross must be held in the middle of the view for some steps; then two pictures appear, left and right; turning
one into the middle chooses it, both vanish, and after a pause the cross is back. Nothing but pixels tells which of
this is happening. Wang et al. 2016 (section 3.2.2) and 2018 (Simulation 5), after Harlow 1949; their photographs are
replaced by the drawings of `object_images`.

The defaults are a small screen that a laptop can train on; `wang2018` is the published one.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from fastslow.errors import check
from fastslow.tasks import panorama
from fastslow.tasks.harlow import HARLOW_VARIABLES, Pair, check_harlow, draw_pair, toss, trial_of
from fastslow.tasks.object_images import picture
from fastslow.tasks.panorama import plus, side_by_side, span, wrap
from fastslow.tasks.task import (
    Task,
    Variable,
    check_count,
    check_order,
    check_range,
    opening,
    outcome,
    parameter,
)
from fastslow.timestep import TimeStep

FIXATION, CHOICE, PAUSE = 0, 1, 2
"""Stages of a trial."""
RED = (1.0, 0.0, 0.0)


class Gaze(NamedTuple):
    """Where one looks, and how far the trial is."""

    heading: Float[Array, ""]
    """-180 to 180 degrees; the cross is at 0, right is positive."""
    speed: Float[Array, ""]
    """Degrees per frame."""
    stage: Int[Array, ""]
    """`FIXATION`, `CHOICE` or `PAUSE`."""
    count: Int[Array, ""]
    """Steps for which the cross has been held, or those of the stage that have passed."""


class PixelsState(NamedTuple):
    pair: Pair
    images: Float[Array, "2 row column colour"]
    """Of the rewarded object and of the other."""
    side: Int[Array, ""]
    """Where the rewarded object is, 0 left or 1 right."""
    trial: Int[Array, ""]
    time: Int[Array, ""]
    """Steps taken in the episode."""
    gaze: Gaze


class HarlowPixels(Task):
    """Actions: 0 turns left, 1 right, any other not at all. The screen is `height` x `width` pixels of RGB, 0 to 1.

    Holding the cross pays `reward_fixation`, choosing a picture the trial's reward. An episode ends with its last
    choice or after `limit` steps; the trial at hand is then not finished, and those it never came to are missed.
    """

    reward_right: Float[Array, "..."] = eqx.field(converter=parameter, default=1.0)
    """Paid for the rewarded object (Wang 2016: 1)."""
    reward_wrong: Float[Array, "..."] = eqx.field(converter=parameter, default=-1.0)
    """Paid for the other object (Wang 2016: -1)."""
    reward_fixation: Float[Array, "..."] = eqx.field(converter=parameter, default=0.2)
    """Paid for holding the cross, apart from the trial's reward (Wang 2016: .2)."""
    field: Float[Array, "..."] = eqx.field(converter=parameter, default=65.0)
    """Degrees that the screen's width spans (Wang 2016: 65)."""
    turn: Float[Array, "..."] = eqx.field(converter=parameter, default=8.0)
    """Degrees per step at full speed (Wang 2016: about 4.4)."""
    momentum: Float[Array, "..."] = eqx.field(converter=parameter, default=0.5)
    """Share of the speed that is kept from frame to frame, 0 to below 1 (Wang 2016: "a little"; .5 is ours)."""
    offset: Float[Array, "..."] = eqx.field(converter=parameter, default=19.0)
    """Degrees from the cross to the middle of each picture (ours: both just fit into the view)."""
    fixation_tolerance: Float[Array, "..."] = eqx.field(converter=parameter, default=3.5)
    """Degrees from the middle of the view within which the cross is held (Wang 2016: 3.5)."""
    selection_tolerance: Float[Array, "..."] = eqx.field(converter=parameter, default=7.0)
    """Degrees from the middle of the view within which a picture is chosen (Wang 2016: 7)."""
    width: int = eqx.field(static=True, default=24)
    """Pixels of the screen from left to right (Wang 2016: 84)."""
    height: int = eqx.field(static=True, default=12)
    """Pixels of the screen from top to bottom (Wang 2016: 84)."""
    image: int = eqx.field(static=True, default=10)
    """Pixels of a picture's side (Wang 2016: 34)."""
    cross: int = eqx.field(static=True, default=5)
    """Pixels of the cross's side (ours)."""
    repeat: int = eqx.field(static=True, default=4)
    """Frames for which an action is repeated, one step (Wang 2016: 4)."""
    fixation_steps: int = eqx.field(static=True, default=4)
    """Steps for which the cross must be held (Wang 2016: 4)."""
    pause: int = eqx.field(static=True, default=2)
    """Steps between a choice and the next cross (Wang 2016: 10)."""
    trials: int = eqx.field(static=True, default=6)
    """Trials with the same pair, an episode (Wang 2018: 6; Wang 2016: 10)."""
    limit: int = eqx.field(static=True, default=100)
    """Most steps in an episode (Wang 2016: 3600 frames, 900 steps)."""
    objects: int = eqx.field(static=True, default=1000)
    """Objects to draw from in training, and as many held out (Wang 2016: 1000 images each)."""
    held_out: bool = eqx.field(static=True, default=False)
    """Draw from the held-out objects, none of which is met in training."""

    variant: ClassVar[str] = (
        "Wang 2018 Sim 5 / Wang 2016 Exp 6: fixation, turning with momentum, pause; drawn objects, not ImageNet; by "
        "default a small screen, faster turns and a shorter pause"
    )
    cite: ClassVar[tuple[str, ...]] = ("harlow1949", "wang2018", "wang2016")
    trial_variables: ClassVar[tuple[Variable, ...]] = HARLOW_VARIABLES
    actions: ClassVar[int] = 3

    def __check_init__(self) -> None:
        check_harlow(self)
        check_range("reward_fixation", self.reward_fixation, -1e6, 1e6)
        check_range("field", self.field, 1, 360)
        check_range("turn", self.turn, 0, 180)
        check_range("momentum", self.momentum, 0, 0.999)
        for name in ("offset", "fixation_tolerance", "selection_tolerance"):
            check_range(name, getattr(self, name), 0, 180)
        # Nearer, a picture would be chosen where the cross was held.
        needed = self.fixation_tolerance + self.selection_tolerance
        check_order("fixation_tolerance + selection_tolerance", needed, "offset", self.offset)
        for name in ("width", "image", "cross", "repeat", "fixation_steps", "limit"):
            check_count(name, getattr(self, name), 1)
        check_count("pause", self.pause, 0)
        tallest = max(self.image, self.cross)
        check_count("height", self.height, 1)
        check(
            self.height >= tallest,
            f"height is {self.height}, but the screen must be at least as high as a picture and the cross, {tallest}.",
        )

    @property
    def observation_shape(self) -> tuple[int, ...]:
        return (self.height, self.width, 3)

    @property
    def episode_steps(self) -> int:
        return self.limit

    @property
    def scheduled_trials(self) -> int:
        return self.trials

    def sample(self, key: Key[Array, ""]) -> Pair:
        return draw_pair(key, self.objects, self.held_out)

    def start(self, problem: Pair, key: Key[Array, ""]) -> tuple[PixelsState, TimeStep]:
        """The gaze rests, with the cross in view but anywhere between the places of the pictures."""
        side_key, heading_key = jax.random.split(key)
        images = jnp.stack([picture(problem.rewarded, self.image), picture(problem.other, self.image)])
        zero, heading = jnp.int32(0), self.offset * (2 * jax.random.uniform(heading_key) - 1)
        gaze = Gaze(heading, jnp.float32(0), jnp.int32(FIXATION), zero)
        state = PixelsState(problem, images, toss(side_key), zero, zero, gaze)
        return state, opening(self.show(state), self.tabulate(state, jnp.bool_(False), jnp.int32(-1)))

    def tabulate(self, state: PixelsState, end: Array, choice: Array) -> dict[str, Array]:
        return trial_of(
            state.trial, end, choice, state.side, state.pair, self.reward_right, self.reward_wrong
        )

    def turned(self, gaze: Gaze, action: Int[Array, ""]) -> Gaze:
        """The gaze after the frames in which an action is repeated, each of which eases into the turn."""
        way = jnp.where(action == 0, -1.0, 0.0) + jnp.where(action == 1, 1.0, 0.0)
        heading, speed = gaze.heading, gaze.speed
        for _ in range(self.repeat):
            speed = self.momentum * speed + (1 - self.momentum) * way * self.turn / self.repeat
            heading = heading + speed
        return gaze._replace(heading=wrap(heading), speed=speed)

    def look(self, gaze: Gaze, action: Int[Array, ""]) -> tuple[Gaze, Bool[Array, ""], Bool[Array, ""]]:
        """The gaze after a step; whether the cross has now been held for long enough; whether a picture was chosen."""
        gaze = self.turned(gaze, action)
        fixating, choosing = gaze.stage == FIXATION, gaze.stage == CHOICE
        held = jnp.where(jnp.abs(gaze.heading) <= self.fixation_tolerance, gaze.count + 1, 0)
        fixates = fixating & (held >= self.fixation_steps)
        chosen = choosing & (jnp.abs(jnp.abs(gaze.heading) - self.offset) <= self.selection_tolerance)
        rested = (gaze.stage == PAUSE) & (gaze.count + 1 >= self.pause)
        after_choice = PAUSE if self.pause else FIXATION
        stage = jnp.where(fixates, CHOICE, jnp.where(chosen, after_choice, gaze.stage))
        stage = jnp.where(rested, FIXATION, stage).astype(jnp.int32)
        count = jnp.where(stage != gaze.stage, 0, jnp.where(fixating, held, gaze.count + 1))
        return gaze._replace(stage=stage, count=count), fixates, chosen

    def step(
        self, state: PixelsState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[PixelsState, TimeStep]:
        gaze, fixates, chosen = self.look(state.gaze, action)
        choice = jnp.where(chosen, (gaze.heading > 0).astype(jnp.int32), -1)
        time, number = state.time + 1, state.trial + chosen.astype(jnp.int32)
        trial = self.tabulate(state, chosen | (time >= self.limit), choice)
        side = jnp.where(chosen, toss(key), state.side)
        following = PixelsState(state.pair, state.images, side, number, time, gaze)
        reward = trial["reward"] + jnp.where(fixates, self.reward_fixation, 0.0)
        last = (number >= self.trials) | (time >= self.limit)
        return following, outcome(self.show(following), reward, last, trial)

    def overlap(self, gaze: Gaze) -> Float[Array, "pixel column"]:
        """How much of each pixel's width is filled by each column of the left picture, the right one, the cross."""
        pitch = self.field / self.width
        image, cross = span(self.image) * pitch, span(self.cross) * pitch
        at = jnp.concatenate([image - self.offset, image + self.offset, cross])
        return panorama.overlap(gaze.heading, at, self.width, pitch)

    def show(self, state: PixelsState) -> Float[Array, "height width colour"]:
        """The screen: the pictures or the cross or, in the pause, nothing."""
        left, right = jnp.where(state.side == 0, state.images, state.images[::-1])
        strip = side_by_side((left, right, jnp.asarray(plus(self.cross, RED))), self.height)
        is_picture = np.arange(strip.shape[1]) < 2 * self.image
        shown = jnp.where(is_picture, state.gaze.stage == CHOICE, state.gaze.stage == FIXATION)
        return panorama.view(self.overlap(state.gaze) * shown[None, :], strip)


def wang2018(held_out: bool = False) -> HarlowPixels:
    """The published screen: 84 x 84 pixels, pictures of 34 x 34, turns of 4.4 degrees, a pause of 10 steps."""
    return HarlowPixels(
        turn=4.4, width=84, height=84, image=34, cross=9, pause=10, limit=900, held_out=held_out
    )
