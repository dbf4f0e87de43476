"""Replay: the latest experience as it came, from which a learner draws at random (Lin 1992; Mnih et al. 2015).

A value like every memory. What was seen is kept once, a frame a step; stacks of frames and n-step targets are put
together when they are drawn. Priorities are those of Schaul et al. 2016, eqs. 1 and 2.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, Shaped

from fastslow.errors import check


class Replay(NamedTuple):
    """The last steps of every lane, in a ring of slots; a row is a step of all lanes."""

    observation: Shaped[Array, "slot lane ..."]
    """What was seen before the action, as the world gives it."""
    action: Int[Array, "slot lane"]
    reward: Float[Array, "slot lane"]
    """Paid for the action."""
    discount: Float[Array, "slot lane"]
    """0 where the action ended the episode for good, or made what follows count for nothing, else 1."""
    last: Bool[Array, "slot lane"]
    """The action was the episode's last."""
    value: Float[Array, "slot lane"]
    """What the agent expected of the state when it was in it."""
    priority: Float[Array, "slot lane"]
    """In proportion to the chance of being drawn."""
    added: Int[Array, ""]
    """Rows added so far."""


class Batch(NamedTuple):
    """Transitions of n steps, as they were drawn."""

    observation: Shaped[Array, "batch ... frame"]
    """What was seen, `frame` steps of it, the newest last; 0 before the episode began. One step is as the world gives
    it."""
    action: Int[Array, " batch"]
    reward: Float[Array, " batch"]
    """sum_{k<n} gamma^k r_{t+k+1}, to the episode's end, or a discount of 0, at most."""
    discount: Float[Array, " batch"]
    """gamma^n, 0 where the episode ended, or a discount of 0 came, within the n steps."""
    following: Shaped[Array, "batch ... frame"]
    """What was seen n steps later; of no meaning where `discount` is 0."""
    value: Float[Array, " batch"]
    """What the agent expected of it when it saw it."""
    cut: Bool[Array, " batch"]
    """The episode was cut off within the n steps, so that nobody knows what was to follow."""
    chance: Float[Array, " batch"]
    """With which each was drawn."""
    index: tuple[Int[Array, " batch"], Int[Array, " batch"]]
    """Slot and lane of each."""


def empty(slots: int, lanes: int, observation: Shaped[Array, "..."] | jax.ShapeDtypeStruct) -> Replay:
    """Room for `slots` steps of each lane, `observation` being like what they see."""
    check(slots >= 2, f"slots is {slots}, but a replay needs room for 2 steps or more.")

    def blank(dtype: Any = jnp.float32) -> Array:
        return jnp.zeros((slots, lanes), dtype)

    seen = jnp.zeros((slots, lanes, *observation.shape), observation.dtype)
    nothing = blank(), blank(), blank(bool), blank(), blank()
    return Replay(seen, blank(jnp.int32), *nothing, added=jnp.int32(0))


def add(
    replay: Replay,
    observation: Shaped[Array, "time lane ..."],
    action: Int[Array, "time lane"],
    reward: Float[Array, "time lane"],
    discount: Float[Array, "time lane"],
    last: Bool[Array, "time lane"],
    value: Float[Array, "time lane"],
) -> Replay:
    """The replay with these steps, in place of the oldest; what is new has the greatest priority of all.

    The number of steps must divide the slots, so that a stretch never runs over the ring's end.
    """
    slots, time = replay.action.shape[0], action.shape[0]
    check(
        slots % time == 0,
        f"{time} steps are added at a time, but the {slots} slots are no multiple of it; take slots that are.",
    )
    at = replay.added % slots
    greatest = jnp.where(replay.added > 0, replay.priority.max(), 1.0)
    new = (observation, action, reward, discount, last, value, jnp.full(action.shape, greatest))

    def put(ring: Array, rows: Array) -> Array:
        return jax.lax.dynamic_update_slice_in_dim(ring, rows.astype(ring.dtype), at, 0)

    return Replay(*map(put, replay[:-1], new), added=replay.added + time)


def watched(replay: Replay, rows: int) -> Replay:
    """What must be finite for all to be, if it was so `rows` rows ago: of what was seen only these rows."""
    slots = replay.action.shape[0]
    newest = (replay.added - 1 - jnp.arange(min(rows, slots))) % slots
    return replay._replace(observation=replay.observation[newest])


def cut_off(replay: Replay) -> Replay:
    """The replay in which every lane's newest step is its episode's last, cut off: what is added next is no sequel."""
    newest = (replay.added - 1) % replay.action.shape[0]
    return replay._replace(
        last=replay.last.at[newest].set(True), discount=replay.discount.at[newest].set(1.0)
    )


def drawable(replay: Replay, n: int, frames: int = 1) -> tuple[Int[Array, ""], Int[Array, ""]]:
    """`(oldest, count)`: rows by their number since the beginning, of which the n steps and the frames are all here."""
    slots = replay.action.shape[0]
    oldest = jnp.maximum(replay.added - slots, 0)
    # Before the very first row there is nothing to be seen; before the oldest kept there was.
    first = jnp.where(oldest > 0, oldest + frames - 1, 0)
    return first, jnp.maximum(replay.added - n - first, 0)


def draw_uniformly(
    replay: Replay, key: Key[Array, ""], batch: int, n: int, gamma: float, frames: int = 1
) -> Batch:
    """`batch` transitions of n steps, all alike likely; there must be one."""
    lanes = replay.action.shape[1]
    oldest, count = drawable(replay, n, frames)
    drawn = jax.random.randint(key, (batch,), 0, count * lanes)
    chance = jnp.full(batch, 1.0 / jnp.maximum(count * lanes, 1))
    return gather(replay, oldest + drawn // lanes, drawn % lanes, chance, n, gamma, frames)


def draw_by_priority(
    replay: Replay, key: Key[Array, ""], batch: int, n: int, gamma: float, frames: int = 1
) -> Batch:
    """`batch` transitions of n steps, one from each of as many parts of equal probability (Schaul et al. 2016)."""
    slots, lanes = replay.action.shape
    oldest, count = drawable(replay, n, frames)
    # The age of each row, counted from the oldest that can be drawn.
    age = (jnp.arange(slots) - oldest) % slots
    p = jnp.where((age < count)[:, None], replay.priority, 0.0).ravel()
    # Rows of about the square root of all: two short sums in place of a long one.
    width = max(int(p.size**0.5), 1)
    rows = jnp.pad(p, (0, -p.size % width)).reshape(-1, width)
    sums = jnp.cumsum(rows.sum(1))
    u = (jnp.arange(batch) + jax.random.uniform(key, (batch,))) / batch * sums[-1]
    # Rounding can point beyond the last that has a chance: then it is that one, of the rows and of what is in it.
    row = jnp.minimum(jnp.searchsorted(sums, u, side="right"), jnp.searchsorted(sums, sums[-1]))
    within = jnp.cumsum(rows[row], axis=1)
    left = u - jnp.where(row > 0, sums[jnp.maximum(row - 1, 0)], 0.0)
    place = (within <= left[:, None]).sum(1)
    ends = jnp.where(rows[row] > 0, jnp.arange(width)[None], 0).max(1)
    drawn = row * width + jnp.minimum(place, ends)
    slot = drawn // lanes
    number = oldest + (slot - oldest) % slots
    return gather(replay, number, drawn % lanes, p[drawn] / sums[-1], n, gamma, frames)


def gather(
    replay: Replay,
    number: Int[Array, " batch"],
    lane: Int[Array, " batch"],
    chance: Float[Array, " batch"],
    n: int,
    gamma: float,
    frames: int,
) -> Batch:
    """The transitions that begin at these rows, numbered since the beginning, and lanes."""
    slots = replay.action.shape[0]
    time = (number[:, None] + jnp.arange(n)[None]) % slots
    # Whether a step's reward counts: none before it was the last, or said that nothing after it does.
    last, kept = replay.last[time, lane[:, None]], replay.discount[time, lane[:, None]]
    ends = last | (kept == 0)
    before = jnp.cumsum(ends, axis=1) - ends
    inside = before == 0
    powers = gamma ** jnp.arange(n)
    reward = (replay.reward[time, lane[:, None]] * inside * powers[None]).sum(1)
    ended = ends.any(1)
    after = number + n
    return Batch(
        observation=stacked(replay, number, lane, frames),
        action=replay.action[number % slots, lane],
        reward=reward,
        discount=jnp.where(ended, 0.0, gamma**n),
        following=stacked(replay, after, lane, frames),
        value=replay.value[after % slots, lane],
        cut=(last & inside & (kept > 0)).any(1),
        chance=chance,
        index=(number % slots, lane),
    )


def stacked(replay: Replay, number: Int[Array, " batch"], lane: Int[Array, " batch"], frames: int) -> Array:
    """What was seen at a row and before it, as far as the episode goes."""
    slots = replay.action.shape[0]
    if frames == 1:
        return replay.observation[number % slots, lane]
    back = jnp.arange(frames - 1, -1, -1)
    time = number[:, None] - back[None]
    at = time % slots
    # An episode that ended at an earlier step hides what was seen up to then.
    ended = replay.last[at, lane[:, None]] & (back > 0)[None]
    hidden = jnp.cumsum(ended[:, ::-1], axis=1)[:, ::-1] > 0
    seen = replay.observation[at, lane[:, None]]
    shown = ~hidden & (time >= 0)
    seen = jnp.where(shown.reshape(*shown.shape, *[1] * (seen.ndim - 2)), seen, jnp.zeros_like(seen))
    return jnp.moveaxis(seen, 1, -1)


def with_priorities(replay: Replay, batch: Batch, priority: Float[Array, " batch"]) -> Replay:
    """The replay in which what was drawn has these priorities now."""
    return replay._replace(priority=replay.priority.at[batch.index].set(priority))


def importance(batch: Batch, count: Int[Array, ""], beta: Float[Array, ""] | float) -> Float[Array, " batch"]:
    """w_i = (N P(i))^-beta, over the greatest of them (Schaul et al. 2016, section 3.4)."""
    weight = (count * jnp.maximum(batch.chance, 1e-30)) ** -beta
    return weight / weight.max()
