"""Mazes made to order: random trees of corridors in a grid of cells, and how far it is from anywhere in them.

A maze is one whole number per cell, `passages`, whose bit h is set where the wall on side h is open (h = 0 north,
1 east, 2 south, 3 west). Walls have no thickness, so a maze of 5 x 5 cells has 25 places to be. In a perfect maze
there is exactly one path between any two cells; further walls taken down at random make loops.
"""

from functools import lru_cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

NORTH, EAST, SOUTH, WEST = range(4)
FAR = 1_000_000
"""Distance of what cannot be reached."""


class Atlas(NamedTuple):
    """Mazes by number, each with its start and target: NumPy arrays with a leading axis `maze`."""

    passages: Int[np.ndarray, "maze cell"]
    start: Int[np.ndarray, " maze"]
    """Cell and heading where the agent begins, as `4 cell + heading`."""
    target: Int[np.ndarray, " maze"]
    """The cell to be found, never the one of the start."""
    shortest: Int[np.ndarray, " maze"]
    """Actions, turns included, on the shortest path from start to target."""


def offsets(columns: int) -> Int[np.ndarray, " heading"]:
    """What a step forward adds to the number of the cell, cells being numbered row by row from the north-west."""
    return np.array([-columns, 1, columns, -1], np.int32)


def walls_between(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All inner walls: the cell on their one side, the cell on the other, and the heading from one to the other."""
    cell = np.arange(rows * columns).reshape(rows, columns)
    east, south = (cell[:, :-1].ravel(), cell[:, 1:].ravel()), (cell[:-1].ravel(), cell[1:].ravel())
    heading = np.repeat([EAST, SOUTH], [len(east[0]), len(south[0])])
    return np.concatenate([east[0], south[0]]), np.concatenate([east[1], south[1]]), heading


def passages_of(opened: Bool[Array, " wall"] | np.ndarray, rows: int, columns: int) -> Int[Array, " cell"]:
    """The maze in which these of `walls_between` are open."""
    here, there, heading = walls_between(rows, columns)
    bits = jnp.where(opened, 1, 0)
    empty = jnp.zeros(rows * columns, jnp.int32)
    return empty.at[here].add(bits << heading).at[there].add(bits << (heading + 2) % 4)


def spanning_tree(
    start: Int[Array, ""], luck: Float[Array, "round heading"], columns: int
) -> Int[Array, " cell"]:
    """The passages of a perfect maze, dug by randomised depth-first search.

    From `start`, dig on to any neighbour not yet reached (each round's luckiest heading); where there is none, go
    back the way that was dug. Corridors are long and winding, and forks few but costly. Every cell but the first is
    entered once and left backwards once, so `2 (cells - 1)` rounds of luck are needed.
    """
    cells = luck.shape[0] // 2 + 1
    row, column = jnp.divmod(jnp.arange(cells), columns)
    steps = jnp.asarray(offsets(columns))
    bounds = jnp.stack([row > 0, column < columns - 1, row < cells // columns - 1, column > 0], axis=1)

    def dig(now: tuple[Array, Array, Array], luck: Array) -> tuple[tuple[Array, Array, Array], None]:
        here, back, passages = now
        # A cell is reached when its way back is known.
        free = bounds[here] & (back[jnp.clip(here + steps, 0, cells - 1)] < 0)
        heading = jnp.where(free, luck, -1).argmax()
        there = here + steps[heading]
        opened = passages.at[here].add(1 << heading).at[there].add(1 << (heading + 2) % 4)
        onwards = (there, back.at[there].set(here), opened)
        retreat = (back[here], back, passages)
        return jax.tree.map(lambda a, b: jnp.where(free.any(), a, b), onwards, retreat), None

    back = jnp.full(cells, -1).at[start].set(start)
    nothing = jnp.zeros(cells, jnp.int32)
    return jax.lax.scan(dig, (start, back, nothing), luck)[0][2]


def distances(
    passages: Int[Array, " cell"], target: Int[Array, ""], columns: int
) -> Int[Array, "cell heading"]:
    """Actions (forward, a quarter turn left or right) from every cell and heading to the target cell.

    Breadth-first search, backwards from the target, every pose at once until nothing changes.
    """
    cells = passages.shape[0]
    is_open = (passages[:, None] >> jnp.arange(4)[None, :]) & 1
    at_target = (jnp.arange(cells) == target)[:, None]

    def shorter(now: tuple[Array, Array]) -> tuple[Array, Array]:
        distance, _ = now
        # Of the cell ahead; where it would lie outside the grid there is a wall.
        ahead = [jnp.roll(distance[:, heading], -offset) for heading, offset in enumerate(offsets(columns))]
        forward = jnp.where(is_open == 1, jnp.stack(ahead, axis=1), FAR)
        turned = jnp.minimum(jnp.roll(distance, 1, 1), jnp.roll(distance, -1, 1))
        following = jnp.minimum(distance, 1 + jnp.minimum(forward, turned))
        return following, (following != distance).any()

    first = jnp.broadcast_to(jnp.where(at_target, 0, FAR), (cells, 4)).astype(jnp.int32)
    return jax.lax.while_loop(lambda now: now[1], shorter, (first, jnp.bool_(True)))[0]


def draw(key: Key[Array, ""], side: int, loops: float) -> tuple[Array, Array, Array, Array]:
    """One maze of `side` x `side` cells with start and target: a row of the atlas."""
    cells, walls = side**2, len(walls_between(side, side)[0])
    rounds = 2 * (cells - 1)
    numbers = jax.random.uniform(key, (3 + walls + 4 * rounds,))
    place, luck, heading_luck = jnp.split(numbers, [3, 3 + walls])
    origin, pose = (cells * place[0]).astype(jnp.int32), (4 * cells * place[1]).astype(jnp.int32)
    passages = spanning_tree(origin, heading_luck.reshape(rounds, 4), side)
    passages |= passages_of(luck < loops, side, side)
    # Any cell but the agent's own.
    target = (pose // 4 + 1 + ((cells - 1) * place[2]).astype(jnp.int32)) % cells
    return passages, pose, target, distances(passages, target, side).ravel()[pose]


@lru_cache
def atlas(side: int, first: int, mazes: int, loops: float = 0.0) -> Atlas:
    """Mazes number `first` to `first + mazes - 1` of this size: the same at every call, on every machine.

    **Arguments**: `loops` the probability with which each further wall is taken down.
    """
    with jax.ensure_compile_time_eval():
        root = jax.random.fold_in(jax.random.key(2016), side)
        keys = jax.vmap(partial(jax.random.fold_in, root))(first + jnp.arange(mazes))
        rows = jax.jit(jax.vmap(partial(draw, side=side, loops=loops)))(keys)
        return Atlas(*(np.asarray(row, np.int32) for row in rows))
