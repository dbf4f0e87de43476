"""Harlow's learning sets on a ring: the gaze must be moved to the fixation mark, then to the object chosen.

A stand-in, small enough for a laptop, for the screen of Wang et al. 2018 (Simulation 5): a ring of 17 cells of which
9 are seen, objects that are single numbers, two actions that turn the gaze. What it keeps of the original is that a
choice takes many steps, that nothing tells when a trial begins, and that a trial may never be finished.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from fastslow.tasks.harlow import HARLOW_VARIABLES, Pair, check_harlow, draw_pair, toss, trial_of
from fastslow.tasks.task import Task, Variable, check_count, check_range, opening, outcome, parameter
from fastslow.timestep import TimeStep

CELLS, VIEW, OFFSET = 17, 9, 3
"""Cells of the ring, cells seen (the gaze in the middle), and distance of the objects from the fixation mark."""
MARK = 1.0
"""How the fixation mark looks; an empty cell is 0."""


class RingState(NamedTuple):
    pair: Pair
    side: Int[Array, ""]
    """Where the rewarded object is, 0 left or 1 right."""
    trial: Int[Array, ""]
    time: Int[Array, ""]
    """Steps taken in the episode."""
    gaze: Int[Array, ""]
    """Cell looked at, -8 to 8; the fixation mark is cell 0, the objects -3 and 3."""
    chooses: Bool[Array, ""]
    """The objects are shown; otherwise the fixation mark is."""


class HarlowRing(Task):
    """Actions 0 and 1 turn the gaze one cell to the left and right; any other leaves it where it is.

    Looking at the mark pays `reward_fixation` and replaces it by the two objects, left and right; looking at one
    chooses it, pays, and brings the mark back. An episode ends with its last trial or after `limit` steps; the trial
    at hand is then not finished, and those that it never came to are missed.
    """

    reward_right: Float[Array, "..."] = eqx.field(converter=parameter, default=1.0)
    """Paid for the rewarded object (Wang 2016: 1)."""
    reward_wrong: Float[Array, "..."] = eqx.field(converter=parameter, default=-1.0)
    """Paid for the other object (Wang 2016: -1)."""
    reward_fixation: Float[Array, "..."] = eqx.field(converter=parameter, default=0.2)
    """Paid for looking at the fixation mark, apart from the trial's reward (Wang 2016: .2)."""
    spread: Float[Array, "..."] = eqx.field(converter=parameter, default=4.0)
    """Objects are evenly spaced numbers between minus this and plus this."""
    trials: int = eqx.field(static=True, default=6)
    """Trials with the same pair, an episode (Wang 2018: 6; Wang 2016: 10)."""
    limit: int = eqx.field(static=True, default=250)
    """Most steps in an episode (Wang 2016: 3600 frames)."""
    objects: int = eqx.field(static=True, default=1000)
    """Objects to draw from in training, and as many held out (Wang 2016: 1000 images each)."""
    held_out: bool = eqx.field(static=True, default=False)
    """Draw from the held-out objects, none of which is met in training."""

    variant: ClassVar[str] = (
        "Wang 2018 Sim 5 / Wang 2016 Exp 6 on a ring of 17 cells: objects are numbers; no pixels, no momentum, "
        "one step to fixate, no pause between trials, no action that does nothing"
    )
    cite: ClassVar[tuple[str, ...]] = ("harlow1949", "wang2018", "wang2016")
    trial_variables: ClassVar[tuple[Variable, ...]] = HARLOW_VARIABLES
    observation_shape: ClassVar[tuple[int, ...]] = (VIEW,)
    actions: ClassVar[int] = 2

    def __check_init__(self) -> None:
        check_harlow(self)
        check_range("reward_fixation", self.reward_fixation, -1e6, 1e6)
        check_range("spread", self.spread, 1e-6, 1e6)
        check_count("limit", self.limit, 1)

    @property
    def episode_steps(self) -> int:
        return self.limit

    @property
    def scheduled_trials(self) -> int:
        return self.trials

    def sample(self, key: Key[Array, ""]) -> Pair:
        return draw_pair(key, self.objects, self.held_out)

    def look(self, number: Int[Array, ""]) -> Float[Array, ""]:
        """The number that stands for an object; those held out lie halfway between those of training."""
        place = 2 * (number % self.objects) + number // self.objects
        return self.spread * (2 * place / (2 * self.objects - 1) - 1)

    def show(self, state: RingState) -> Float[Array, " view"]:
        """The cells around the gaze, from left to right."""
        cell = wrap(state.gaze + jnp.arange(VIEW) - VIEW // 2)
        rewarded, other = self.look(state.pair.rewarded), self.look(state.pair.other)
        left, right = jnp.where(state.side == 0, rewarded, other), jnp.where(state.side == 0, other, rewarded)
        objects = jnp.where(cell == -OFFSET, left, 0.0) + jnp.where(cell == OFFSET, right, 0.0)
        return jnp.where(state.chooses, objects, jnp.where(cell == 0, MARK, 0.0))

    def start(self, problem: Pair, key: Key[Array, ""]) -> tuple[RingState, TimeStep]:
        """The gaze starts one to three cells from the mark."""
        side_key, far_key, way_key = jax.random.split(key, 3)
        gaze = jax.random.randint(far_key, (), 1, OFFSET + 1) * (2 * toss(way_key) - 1)
        zero = jnp.int32(0)
        state = RingState(problem, toss(side_key), zero, zero, gaze, jnp.bool_(False))
        trial = self.tabulate(state, jnp.bool_(False), jnp.int32(-1))
        return state, opening(self.show(state), trial)

    def tabulate(self, state: RingState, end: Array, choice: Array) -> dict[str, Array]:
        return trial_of(
            state.trial, end, choice, state.side, state.pair, self.reward_right, self.reward_wrong
        )

    def step(
        self, state: RingState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[RingState, TimeStep]:
        gaze = wrap(state.gaze + jnp.where(action == 0, -1, 0) + jnp.where(action == 1, 1, 0))
        fixates = ~state.chooses & (gaze == 0)
        chosen = state.chooses & (jnp.abs(gaze) == OFFSET)
        choice = jnp.where(chosen, (gaze > 0).astype(jnp.int32), -1)
        time = state.time + 1
        trial = self.tabulate(state, chosen | (time >= self.limit), choice)
        number = state.trial + chosen.astype(jnp.int32)
        following = RingState(
            state.pair,
            jnp.where(chosen, toss(key), state.side),
            number,
            time,
            gaze,
            (state.chooses | fixates) & ~chosen,
        )
        reward = trial["reward"] + jnp.where(fixates, self.reward_fixation, 0.0)
        last = (number >= self.trials) | (time >= self.limit)
        return following, outcome(self.show(following), reward, last, trial)


def wrap(cell: Int[Array, "*n"]) -> Int[Array, "*n"]:
    """Cells beyond one end of the ring come back at the other."""
    return (cell + CELLS // 2) % CELLS - CELLS // 2
