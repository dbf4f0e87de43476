"""The ideal swimmer: searches a pool cell by cell, and goes straight to the platform once it was found.

No search finds a random platform sooner than one that sees a new cell with every move, and no way is shorter than the
direct one: beside it, trained agents are seen to search and to remember (Ritter et al. 2018).
"""

import functools
from typing import ClassVar, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Key

from fastslow.agents.observer import Observer, assume, best, sampled
from fastslow.tasks.task import Task
from fastslow.tasks.water_maze import MOVES, WaterMaze
from fastslow.timestep import Output, Percept

NEVER = 1e3


@functools.lru_cache
def maps(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Moves between any two cells `[cell cell]`, and the cell that each action leads to `[cell action]`."""
    at = np.stack(np.divmod(np.arange(side**2), side), axis=1)
    apart = np.abs(at[:, None] - at[None]).sum(-1)
    to = np.clip(at[:, None] + np.array(MOVES)[None], 0, side - 1)
    return apart.astype(np.float32), (to[..., 0] * side + to[..., 1]).astype(np.int32)


class Searched(NamedTuple):
    """What is known of a pool."""

    empty: Bool[Array, " cell"]
    """Cells that were seen without a platform."""
    target: Int[Array, ""]
    """The platform's cell; -1 while unknown."""


class Swimmer(Observer):
    """Takes a shortest way to the platform, or to the nearest cell not seen yet; ties at random.

    Of equally near cells those with the fewest unseen neighbours come first, so that none is left behind. A new cell
    with every move finds the platform within t moves with probability t / (cells - 1), which nothing can better.
    `value` is the probability with which each cell that may be the platform's is; probe `left`: moves from each of the
    next cells to the one that is made for.
    """

    side: int = eqx.field(static=True)
    """Cells along each side of the pool."""

    cite: ClassVar[tuple[str, ...]] = ("ritter2018", "morris1984")

    def blank(self) -> Searched:
        return Searched(jnp.zeros(self.side**2, bool), jnp.int32(-1))

    def cell_of(self, percept: Percept) -> Int[Array, ""]:
        row, column = percept.observation.reshape(2, self.side).argmax(axis=1)
        return (row * self.side + column).astype(jnp.int32)

    def take_in(self, state: Searched, percept: Percept) -> tuple[Searched, dict[str, Array]]:
        cell, found = self.cell_of(percept), percept.last_reward > 0
        empty = state.empty | ((jnp.arange(self.side**2) == cell) & ~found)
        return Searched(empty, jnp.where(found, cell, state.target)), {}

    def choose(self, state: Searched, percept: Percept, key: Key[Array, ""]) -> Output:
        apart, after = maps(self.side)
        here = self.cell_of(percept)
        may_be = jnp.where(state.target >= 0, jnp.arange(self.side**2) == state.target, ~state.empty)
        unseen = (apart == 1).astype(np.float32) @ may_be.astype(jnp.float32)
        cost = jnp.where(may_be, jnp.asarray(apart)[here] + 0.1 * unseen, NEVER)
        goals = may_be & (cost <= cost.min() + 1e-6)
        left = jnp.where(goals[None], jnp.asarray(apart)[jnp.asarray(after)[here]], NEVER).min(axis=1)
        value = 1 / jnp.maximum(may_be.sum(), 1).astype(jnp.float32)
        return sampled(key, best(-left), value, left=left)


def swimmer(task: Task) -> Swimmer:
    """The ideal swimmer in `task`, a water maze (`recalling` where it comes back)."""
    assume("swimmer", task, WaterMaze)
    return Swimmer(task.side)
