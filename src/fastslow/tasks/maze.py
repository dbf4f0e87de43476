"""Mazes seen from within: several walks from the same start to the same hidden target, each maze met once.

Memory of the first walk is what makes the second shorter. Duan et al. 2016 (section 3.3, visual navigation), with
the first-person view of a game engine replaced by what a gridworld shows of the cells ahead: theirs are
images of 30 x 40 pixels, forward steps and slight turns, ours walls and target up to five cells away, steps from
cell to cell and quarter turns, so that paths are several times shorter in actions.
"""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from fastslow.tasks import maze_walk
from fastslow.tasks.maze_atlas import atlas
from fastslow.tasks.maze_walk import MAZE_VARIABLES, MazeProblem, MazeState, Pay, Senses
from fastslow.tasks.task import Task, Variable, check_count, check_range, parameter
from fastslow.timestep import TimeStep

HELD_OUT = 1000
"""Number of the first of the thousand mazes of the tests; training takes mazes before them, or after them."""


class Maze(Task):
    """Perfect mazes out of a fixed collection; forward, turn left, turn right.

    A walk ends at the target or after `limit` actions; then the agent is put back to the start, sees in its
    observation that it was, and goes on remembering. An episode is `trials` walks.
    """

    goal: Float[Array, "..."] = eqx.field(converter=parameter, default=1.0)
    """Reward at the target (Duan 2016: 1)."""
    wall: Float[Array, "..."] = eqx.field(converter=parameter, default=0.001)
    """What it costs to walk into a wall (Duan 2016: .001)."""
    cost: Float[Array, "..."] = eqx.field(converter=parameter, default=0.04)
    """What every action costs, the last one included (Duan 2016: .04)."""
    side: int = eqx.field(static=True, default=5)
    """Cells along each side (Duan 2016: 5 small, 9 large)."""
    trials: int = eqx.field(static=True, default=2)
    """Walks in an episode (Duan 2016: 2 in training, up to 5 in the test)."""
    limit: int = eqx.field(static=True, default=250)
    """Most actions in a walk (Duan 2016: 250 small, 1000 large)."""
    first: int = eqx.field(static=True, default=0)
    """Number of the first maze of the collection (tests: 1000 to 1999, whichever others are trained on)."""
    mazes: int = eqx.field(static=True, default=1000)
    """Mazes in the collection, each with its own start and target (Duan 2016: 1000)."""
    depth: int = eqx.field(static=True, default=5)
    """Cells seen in the direction faced, the own one included: with 5, to the end of any corridor of a small maze."""
    loops: float = eqx.field(static=True, default=0.0)
    """Probability that a wall of the perfect maze is taken down."""

    variant: ClassVar[str] = (
        "Duan 2016 visual navigation as a gridworld: its rewards, numbers of mazes, walks and limits; seen are "
        "walls and target up to five cells ahead, not pixels; quarter turns and whole steps, not slight ones"
    )
    cite: ClassVar[tuple[str, ...]] = ("duan2016",)
    trial_variables: ClassVar[tuple[Variable, ...]] = MAZE_VARIABLES
    actions: ClassVar[int] = maze_walk.ACTIONS

    def __check_init__(self) -> None:
        for name in ("goal", "wall", "cost"):
            check_range(name, getattr(self, name), 0, 1e6)
        check_count("side", self.side, 2)
        for name in ("trials", "limit", "mazes", "depth"):
            check_count(name, getattr(self, name), 1)
        check_count("first", self.first, 0)
        check_range("loops", self.loops, 0, 1)
        # Drawn now, not within the program that samples from it.
        atlas(self.side, self.first, self.mazes, self.loops)

    @property
    def observation_shape(self) -> tuple[int, ...]:
        return (self.senses.size,)

    @property
    def senses(self) -> Senses:
        return Senses(self.side, self.depth, compass=False)

    @property
    def episode_steps(self) -> int:
        return self.trials * self.limit

    def sample(self, key: Key[Array, ""]) -> MazeProblem:
        """One maze of the collection, all equally often."""
        return self.number(jax.random.randint(key, (), 0, self.mazes))

    def number(self, row: Int[Array, ""] | int) -> MazeProblem:
        """The maze in this row of the collection."""
        known = atlas(self.side, self.first, self.mazes, self.loops)
        passages, start, target, shortest = (jnp.asarray(values)[row] for values in known)
        every = (self.trials,)
        return MazeProblem(
            jnp.int32(self.first + row),
            passages,
            target,
            jnp.broadcast_to(start, every),
            jnp.broadcast_to(shortest, every),
        )

    def start(self, problem: MazeProblem, key: Key[Array, ""]) -> tuple[MazeState, TimeStep]:
        return maze_walk.begin(problem, self.senses)

    def step(
        self, state: MazeState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[MazeState, TimeStep]:
        pay = Pay(self.goal, self.wall, self.cost)
        return maze_walk.walk(state, action, pay, self.senses, self.limit)


def large(trials: int = 5, limit: int = 1000) -> Maze:
    """Mazes of 9 x 9 cells, which training never shows."""
    return Maze(side=9, trials=trials, limit=limit, first=HELD_OUT)
