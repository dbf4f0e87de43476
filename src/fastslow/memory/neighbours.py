"""Exact nearest neighbours in a buffer that fills up: only the part in use is searched.

|q - k|^2 = |q|^2 - 2 q.k + |k|^2, with |k|^2 kept beside the keys, so that a search is a matrix product and a
selection. It runs block by block up to the last key in use, and costs what is stored, not what there is room for.
(Under `vmap` over buffers, in place of queries, it costs what there is room for: there, use `jax.lax.map`.)
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from fastslow.errors import check

BLOCK = 16_384
"""Most keys compared at a time; fewer while fewer are in use, by halves down to"""
SMALLEST = 1024
GROUP = 16
"""Keys of which the nearest stands for all at first, where many are compared."""
ROUNDING = 1e-5
"""Keys whose distances differ by less, as a share of the squared length of the query, are as near as each other."""
EXACT = jax.lax.Precision.HIGHEST
"""Of the products that rank; accelerators multiply in fewer bits unless they are told."""
TOGETHER, FAR = 8, 65_536
"""Queries of one buffer that are searched for together, where each of many names its own, and the slots from which on
that pays. It pays in buffers of one block too; in between one by one is faster (3 to 9 buffers, 32 queries)."""


class Neighbours(NamedTuple):
    """The nearest first."""

    index: Int[Array, " neighbour"]
    """Where they are stored; -1 where fewer are stored than were asked for."""
    distance: Float[Array, " neighbour"]
    """Squared Euclidean distance; infinite where there is none."""


def squared_norms(keys: Float[Array, "*n key"]) -> Float[Array, "*n"]:
    """|k|^2."""
    return (keys**2).sum(-1)


def nearest(
    keys: Float[Array, "*stack slot key"],
    norms: Float[Array, "*stack slot"],
    used: Int[Array, "*stack"],
    query: Float[Array, " key"],
    neighbours: int,
    of: tuple[Int[Array, ""], ...] = (),
) -> Neighbours:
    """The nearest of the first `used` keys to one query; batched by `vmap`, which shares the keys.

    **Arguments**: `norms` the `squared_norms` of the keys; `neighbours` how many, at most the number of slots; `of`
    which one is searched where several buffers are stacked. Of keys equally near, the one stored first comes first.
    """
    slots = keys.shape[-2]
    check_number(neighbours, slots)
    # Which ones are near is not differentiable, how near they are is.
    stored, lengths, asked = jax.lax.stop_gradient((keys, norms, query))
    used, ones = used[of], (1,) * len(of)

    def compare(start: Array | int, size: int, least: Array | int = 0) -> tuple[Array, Array]:
        """The nearest of `size` keys from `start` on, the first of them being the `least`."""
        slot = start + jnp.arange(size)
        some = jax.lax.dynamic_slice(stored, (*of, start, 0), (*ones, size, asked.shape[0]))
        near = jnp.matmul(2 * asked, some.reshape(size, -1).T, precision=EXACT)
        near = near - jax.lax.dynamic_slice(lengths, (*of, start), (*ones, size)).reshape(size)
        near, place = greatest(jnp.where((slot < used) & (slot >= least), near, -jnp.inf), neighbours)
        return near, start + place

    sizes = doubled(max(SMALLEST, neighbours), min(max(BLOCK, neighbours), slots))
    block = sizes[-1]

    def of_block(now: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        number, best, index = now
        # The last block begins earlier, so that it ends with the buffer; what it repeats is left out.
        near, slot = compare(jnp.minimum(number * block, slots - block), block, number * block)
        # Of equals top_k takes the first, which are those found earlier.
        best, kept = jax.lax.top_k(jnp.concatenate([best, near]), neighbours)
        return number + 1, best, jnp.concatenate([index, slot])[kept]

    def block_by_block() -> tuple[Array, Array]:
        nothing = (jnp.int32(0), jnp.full(neighbours, -jnp.inf), jnp.full(neighbours, -1, jnp.int32))
        return jax.lax.while_loop(lambda now: now[0] * block < used, of_block, nothing)[1:]

    ways = [partial(compare, 0, size) for size in sizes] + [block_by_block] * (slots > block)
    best, index = jax.lax.switch(jnp.searchsorted(jnp.asarray(sizes), used), ways)
    return measured(keys, query, jnp.where(best > -jnp.inf, index, -1), of)


def greatest(x: Float[Array, " n"], count: int) -> tuple[Float[Array, " count"], Int[Array, " count"]]:
    """`jax.lax.top_k`, in a third of the time where there are many.

    The greatest are all in those groups whose own greatest are the greatest. Of equals the first come first, but that
    one group too many of equals can hide one.
    """
    groups = x.size // GROUP
    if x.size % GROUP or groups < 2 * count:
        return tuple(jax.lax.top_k(x, count))
    # A group is every so manieth number, so that all groups' greatest are found side by side.
    table = x.reshape(GROUP, groups)
    chosen = jnp.sort(jax.lax.top_k(table.max(0), count)[1])
    best, place = jax.lax.top_k(table[:, chosen].ravel(), count)
    return best, place // count * groups + chosen[place % count]


def nearest_of_each(
    keys: Float[Array, "stack slot key"],
    norms: Float[Array, "stack slot"],
    used: Int[Array, " stack"],
    queries: Float[Array, "query key"],
    neighbours: int,
    of: Int[Array, " query"],
) -> Int[Array, "query neighbour"]:
    """Where the nearest of many queries are stored, each in the buffer `of` its own; not differentiable.

    Queries of the same one go together where that pays, since to read the keys is what takes the time.
    """
    count, stack = queries.shape[0], used.shape[0]
    queries = jax.lax.stop_gradient(queries)

    def one(query: Array, buffer: Array) -> Array:
        return nearest(keys, norms, used, query, neighbours, (buffer,)).index

    if BLOCK < keys.shape[-2] < FAR:
        return jax.lax.map(lambda asked: one(*asked), (queries, of))
    same = of[:, None] == of[None]
    # How many before it ask the same buffer, and in which of the bunches, buffer by buffer, that puts it.
    before = (same & (jnp.arange(count)[None] < jnp.arange(count)[:, None])).sum(1)
    asked = (of[None] == jnp.arange(stack)[:, None]).sum(1)
    bunches = -(-asked // TOGETHER)
    first = jnp.cumsum(bunches) - bunches
    bunch, seat = first[of] + before // TOGETHER, before % TOGETHER
    most = count // TOGETHER + min(stack, count)
    seats = jnp.full((most, TOGETHER), count).at[bunch, seat].set(jnp.arange(count))
    buffer = jnp.zeros(most, of.dtype).at[bunch].set(of)

    def search(now: tuple[Array, Array]) -> tuple[Array, Array]:
        number, found = now
        who = seats[number]
        those = queries[jnp.minimum(who, count - 1)]
        index = jax.vmap(lambda query: one(query, buffer[number]))(those)
        return number + 1, found.at[who].set(index, mode="drop")

    nothing = jnp.zeros((count, neighbours), jnp.int32)
    return jax.lax.while_loop(lambda now: now[0] < bunches.sum(), search, (jnp.int32(0), nothing))[1]


def nearest_and_newest(
    keys: Float[Array, "slot key"],
    norms: Float[Array, " slot"],
    stamp: Int[Array, " slot"],
    used: Int[Array, ""],
    query: Float[Array, " key"],
    neighbours: int,
) -> Neighbours:
    """The nearest of the first `used` keys, of those as near (within rounding) the one with the latest `stamp` first.

    One after the other by plain maxima, which in lanes that each have a small buffer of their own are much faster than
    `top_k`, a selection of branches or a search by blocks; costs what there is room for, times `neighbours`.
    """
    slots = keys.shape[0]
    check_number(neighbours, slots)
    stored, lengths, asked = jax.lax.stop_gradient((keys, norms, query))
    slot = jnp.arange(slots)
    near = jnp.where(slot < used, 2 * jnp.matmul(stored, asked, precision=EXACT) - lengths, -jnp.inf)
    # What the same key gives twice can differ in the last bits.
    slack = ROUNDING * (asked @ asked)

    def next_one(near: Array, _: None) -> tuple[Array, Array]:
        best = near.max()
        equal = near >= jnp.maximum(best - slack, -3e38)
        latest = jnp.where(equal, stamp, -1).max()
        # The last of them, as every stamp is another where there is any.
        chosen = jnp.where(equal & (stamp == latest), slot, -1).max()
        return jnp.where(slot == chosen, -jnp.inf, near), chosen.astype(jnp.int32)

    if neighbours == 1:
        index = next_one(near, None)[1][None]
    else:
        index = jax.lax.scan(next_one, near, None, length=neighbours)[1]
    return measured(keys, query, index)


def doubled(least: int, most: int) -> list[int]:
    """From `least` on each twice the one before, the last one `most`."""
    sizes = [least]
    while sizes[-1] < most:
        sizes.append(2 * sizes[-1])
    return [*sizes[:-1], most]


def nearest_approximately(
    keys: Float[Array, "*stack slot key"],
    norms: Float[Array, "*stack slot"],
    used: Int[Array, "*stack"],
    query: Float[Array, " key"],
    neighbours: int,
    of: tuple[Int[Array, ""], ...] = (),
) -> Neighbours:
    """The same but for about one in twenty, found faster on accelerators (Chern et al. 2022); searches all slots."""
    slots = keys.shape[-2]
    check_number(neighbours, slots)
    stored, lengths, asked = jax.lax.stop_gradient((keys, norms, query))
    near = jnp.where(jnp.arange(slots) < used[of], 2 * stored[of] @ asked - lengths[of], -jnp.inf)
    best, index = jax.lax.approx_max_k(near, neighbours, recall_target=0.95)
    return measured(keys, query, jnp.where(best > -jnp.inf, index, -1), of)


def check_number(neighbours: int, slots: int) -> None:
    check(
        1 <= neighbours <= slots,
        f"{neighbours} neighbours are asked for, but the memory has room for {slots}; ask for 1 to {slots}.",
    )


def measured(
    keys: Float[Array, "*stack slot key"],
    query: Float[Array, " key"],
    index: Int[Array, " neighbour"],
    of: tuple[Int[Array, ""], ...] = (),
) -> Neighbours:
    """The neighbours in these slots with their distances, computed once more for the few that were found: the
    difference of large numbers is good enough to rank them only."""
    distance = squared_norms(query[None] - keys[(*of, index)])
    return Neighbours(index, jnp.where(index >= 0, distance, jnp.inf))
