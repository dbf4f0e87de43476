"""One-shot navigation: a maze that never changes, a goal that is hidden anew in every episode.

The agent searches until it has found the goal, is put elsewhere, and may go straight to it from then on. Wang et al.
2016 (section 3.2, one-shot navigation), after Mirowski et al. 2017: their I-shaped maze, with the first-person view
of a game engine replaced by what a gridworld shows of the cells ahead.
"""

from functools import lru_cache
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from fastslow.tasks import maze_walk
from fastslow.tasks.maze_atlas import distances, passages_of, walls_between
from fastslow.tasks.maze_walk import MAZE_VARIABLES, MazeProblem, MazeState, Pay, Senses
from fastslow.tasks.task import Task, Variable, check_count, check_range, parameter
from fastslow.timestep import TimeStep


@lru_cache
def layout(arm: int, corridor: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The I, lying in a grid of `corridor + 2` rows and `2 arm + 1` columns.

    **Returns**: its passages `[cell]`; the four ends of its arms `[goal]`; the actions from every cell and heading
    to each of them `[goal pose]`, the pose being `4 cell + heading`.
    """
    rows, columns = corridor + 2, 2 * arm + 1
    here, there, _ = walls_between(rows, columns)
    bars = (here // columns == there // columns) & np.isin(here // columns, (0, rows - 1))
    opened = bars | ((here % columns == arm) & (there % columns == arm))
    goals = np.array([0, columns - 1, (rows - 1) * columns, rows * columns - 1], np.int32)
    with jax.ensure_compile_time_eval():
        passages = passages_of(opened, rows, columns)
        far = jax.jit(jax.vmap(lambda goal: distances(passages, goal, columns)))(goals)
        return np.asarray(passages), goals, np.asarray(far).reshape(len(goals), -1)


class IMaze(Task):
    """A corridor with a bar across either end; the goal is at the end of one of the four arms.

    At the start, and whenever the goal has been found or `limit` actions have passed, the agent is put anywhere in
    the corridor, facing anywhere. It has a compass: the four arms look alike, the paper's do not.
    """

    goal: Float[Array, "..."] = eqx.field(converter=parameter, default=1.0)
    """Reward at the goal."""
    wall: Float[Array, "..."] = eqx.field(converter=parameter, default=0.0)
    """What it costs to walk into a wall."""
    cost: Float[Array, "..."] = eqx.field(converter=parameter, default=0.0)
    """What every action costs."""
    arm: int = eqx.field(static=True, default=5)
    """Cells in an arm."""
    corridor: int = eqx.field(static=True, default=3)
    """Cells in the corridor between the bars."""
    trials: int = eqx.field(static=True, default=5)
    """Searches in an episode."""
    limit: int = eqx.field(static=True, default=100)
    """Most actions in a search."""
    depth: int = eqx.field(static=True, default=2)
    """Cells seen in the direction faced, the own one included."""

    variant: ClassVar[str] = (
        "Wang 2016 one-shot navigation (I-maze of Mirowski 2017) as a gridworld: four goals, starts in the "
        "corridor, searches counted instead of time; seen are walls and goal up to two cells away and a compass"
    )
    cite: ClassVar[tuple[str, ...]] = ("wang2016", "mirowski2017")
    trial_variables: ClassVar[tuple[Variable, ...]] = MAZE_VARIABLES
    actions: ClassVar[int] = maze_walk.ACTIONS

    def __check_init__(self) -> None:
        for name in ("goal", "wall", "cost"):
            check_range(name, getattr(self, name), 0, 1e6)
        for name in ("arm", "corridor", "trials", "limit", "depth"):
            check_count(name, getattr(self, name), 1)
        layout(self.arm, self.corridor)

    @property
    def columns(self) -> int:
        return 2 * self.arm + 1

    @property
    def observation_shape(self) -> tuple[int, ...]:
        return (self.senses.size,)

    @property
    def senses(self) -> Senses:
        return Senses(self.columns, self.depth, compass=True)

    @property
    def episode_steps(self) -> int:
        return self.trials * self.limit

    def sample(self, key: Key[Array, ""]) -> MazeProblem:
        """Where the goal is, and where the agent will be put."""
        goal_key, row_key, heading_key = jax.random.split(key, 3)
        passages, goals, far = (jnp.asarray(values) for values in layout(self.arm, self.corridor))
        number = jax.random.randint(goal_key, (), 0, len(goals))
        row = jax.random.randint(row_key, (self.trials,), 1, self.corridor + 1)
        heading = jax.random.randint(heading_key, (self.trials,), 0, 4)
        starts = 4 * (row * self.columns + self.arm) + heading
        return MazeProblem(jnp.int32(0), passages, goals[number], starts, far[number, starts])

    def start(self, problem: MazeProblem, key: Key[Array, ""]) -> tuple[MazeState, TimeStep]:
        return maze_walk.begin(problem, self.senses)

    def step(self, state: MazeState, action: Array, key: Key[Array, ""]) -> tuple[MazeState, TimeStep]:
        pay = Pay(self.goal, self.wall, self.cost)
        return maze_walk.walk(state, action, pay, self.senses, self.limit)
