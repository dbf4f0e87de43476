"""The water maze: an open pool, a platform out of sight, and nothing but one's place to tell where it is.

Whoever has found the platform once can swim straight to it from anywhere, as rats do (Morris 1984). With `Recurring`
it is the contextual water maze of Ritter et al. 2018: many pools, each known by its barcode, and each platform has to
be found only once by those who recall where it was.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from fastslow.tasks import task
from fastslow.tasks.recurring import Recurring
from fastslow.tasks.task import Task, Variable, check_count, opening, outcome
from fastslow.timestep import TimeStep

MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))
"""Rows and columns that each action moves by: north, east, south, west."""
WATER_MAZE_VARIABLES = (
    task.TRIAL,
    task.TRIAL_END,
    Variable("action", "the last move; -1 where it is missing", "0 north, 1 east, 2 south, 3 west"),
    Variable("reward", "1 where the platform was found", "0 or 1"),
    Variable("target", "cell of the platform, hidden", "0, 1, ..., row by row"),
    Variable("start", "cell in which the swim began", "0, 1, ..., row by row"),
    Variable("steps", "moves made in the swim", "1, 2, ..."),
    Variable("found", "the platform was found before time was up", "0 or 1"),
    Variable("shortest", "moves on the direct path", "1, 2, ..."),
    Variable("cell", "cell reached", "0, 1, ..., row by row"),
    Variable("valid", "the last action was one of the four", "0 or 1"),
)


class SwimState(NamedTuple):
    target: Int[Array, ""]
    cell: Int[Array, ""]
    began: Int[Array, ""]
    """Cell in which this swim began."""
    steps: Int[Array, ""]
    """Moves made in it."""
    time: Int[Array, ""]
    """Actions taken in the episode."""
    swims: Int[Array, ""]
    """Swims that are over."""


class WaterMaze(Task):
    """A square pool, a hidden platform that stays for the episode, and swims to it from random cells.

    Seen is the cell that one is in, row and column each one-hot. To reach the platform pays 1; there one sees where one
    is, and whatever is done next, one is put into a random other cell and a new swim begins. The walls hold, and an
    action that is none of the four passes the time. An episode has a fixed number of actions; the swim that it cuts
    short is there as one that did not find the platform.
    """

    side: int = eqx.field(static=True, default=8)
    """Cells along each side (Ritter 2018: about 8)."""
    limit: int = eqx.field(static=True, default=20)
    """Actions in an episode (Ritter 2018: about 20 each time a pool is met)."""

    variant: ClassVar[str] = (
        "the pool within Ritter 2018's contextual water maze, sizes as we recall them; the platform is seen when "
        "reached, the step from it leads to a random cell; no context"
    )
    cite: ClassVar[tuple[str, ...]] = ("ritter2018", "morris1984")
    trial_variables: ClassVar[tuple[Variable, ...]] = WATER_MAZE_VARIABLES
    actions: ClassVar[int] = len(MOVES)

    def __check_init__(self) -> None:
        check_count("side", self.side, 2)
        check_count("limit", self.limit, 1)

    @property
    def observation_shape(self) -> tuple[int, ...]:
        return (2 * self.side,)

    @property
    def episode_steps(self) -> int:
        return self.limit

    @property
    def cells(self) -> int:
        return self.side**2

    def sample(self, key: Key[Array, ""]) -> Int[Array, ""]:
        """The platform's cell."""
        return jax.random.randint(key, (), 0, self.cells)

    def elsewhere(self, target: Int[Array, ""], key: Key[Array, ""]) -> Int[Array, ""]:
        """A random cell that is not the platform's."""
        drawn = jax.random.randint(key, (), 0, self.cells - 1)
        return drawn + (drawn >= target)

    def start(self, problem: Int[Array, ""], key: Key[Array, ""]) -> tuple[SwimState, TimeStep]:
        zero, no = jnp.int32(0), jnp.bool_(False)
        cell = self.elsewhere(problem, key)
        state = SwimState(problem, cell, cell, zero, zero, zero)
        return state, opening(self.view(cell), self.trial_of(state, zero, no, no))

    def view(self, cell: Int[Array, ""]) -> Float[Array, " seen"]:
        along = jnp.arange(self.side)
        return jnp.concatenate([along == cell // self.side, along == cell % self.side]).astype(jnp.float32)

    def step(
        self, state: SwimState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[SwimState, TimeStep]:
        """A move; from the platform, a random cell."""
        there = state.cell == state.target
        moves = (jnp.arange(len(MOVES)) == action).astype(jnp.int32) @ jnp.array(MOVES, jnp.int32)
        row, column = jnp.clip(jnp.stack(divmod(state.cell, self.side)) + moves, 0, self.side - 1)
        put = self.elsewhere(state.target, key)
        cell = jnp.where(there, put, row * self.side + column)
        found = ~there & (cell == state.target)

        time = state.time + 1
        began = jnp.where(there, put, state.began)
        swim = SwimState(state.target, cell, began, jnp.where(there, 0, state.steps + 1), time, state.swims)
        last = time >= self.limit
        ended = found | (last & (swim.steps > 0))
        trial = self.trial_of(swim, action, found, ended)
        after = swim._replace(swims=state.swims + ended)
        return after, outcome(self.view(cell), found.astype(jnp.float32), last, trial)

    def trial_of(
        self, state: SwimState, action: Int[Array, ""], found: Bool[Array, ""], ended: Bool[Array, ""]
    ) -> dict[str, Array]:
        """The trial variables, of the state that the action led to."""
        valid = (action >= 0) & (action < len(MOVES))
        return {
            "trial": state.swims,
            "trial_end": ended,
            "action": jnp.where(valid, action, -1),
            "reward": found.astype(jnp.float32),
            "target": state.target,
            "start": state.began,
            "steps": state.steps,
            "found": found,
            "shortest": between(state.began, state.target, self.side),
            "cell": state.cell,
            "valid": valid,
        }


def between(one: Int[Array, "*any"], other: Int[Array, "*any"], side: int) -> Int[Array, "*any"]:
    """Moves between two cells of an open square."""
    return abs(one // side - other // side) + abs(one % side - other % side)


def contextual_water_maze(
    side: int = 8,
    limit: int = 20,
    contexts: int = 10,
    exposures: int = 10,
    bits: int = 10,
    noise: float = 0.0,
) -> Recurring:
    """Pools that come back, each under its barcode; `limit` actions each time one is met."""
    return Recurring(WaterMaze(side, limit), noise, contexts, exposures, bits)
