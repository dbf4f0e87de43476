"""The differentiable neural dictionary: embeddings of what was met, with what came of it.

A value like any other: written, read and passed on by pure functions. The review's Box 2 (Botvinick et al. 2019),
Blundell et al. 2016 (MFEC), Pritzel et al. 2017 (NEC) and Gershman & Daw 2017 are settings of its `Rules`; cell states
in place of returns make it the memory of Ritter et al. 2018.
"""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, UInt32

from fastslow.errors import UserError, check
from fastslow.memory.kernels import KERNELS
from fastslow.memory.neighbours import (
    Neighbours,
    measured,
    nearest,
    nearest_and_newest,
    nearest_approximately,
    nearest_of_each,
    squared_norms,
)
from fastslow.tasks.task import check_count, check_range

LOOKED_UP = 4096
"""Fingerprints compared at a time."""
MERGES = ("append", "max", "average", "mean")
EVICTIONS = ("least_used", "oldest")


@dataclass(frozen=True)
class Rules:
    """How a dictionary is read and written."""

    neighbours: int = 0
    """Entries that a read weighs, the nearest ones; 0: all."""
    kernel: Literal["inverse", "gaussian", "uniform"] = "gaussian"
    """Similarity by squared distance (memory.kernels)."""
    scale: float = 1.0
    """Squared distance at which similarity has fallen to 1/2 (`inverse`) or 1/e (`gaussian`)."""
    normalise: bool = True
    """Divide by the sum of the similarities; without it (Box 2 as it is worded) values grow with what is stored."""
    merge: Literal["append", "max", "average", "mean"] = "append"
    """What is done with a state that is stored already: store it again, keep the larger value, move the value by
    `rate` towards the new one, or keep the mean of all."""
    rate: float = 0.1
    """Step of `average` (NEC's alpha)."""
    exact: bool = False
    """The value of a state that is stored already is its own, whatever its neighbours' (MFEC)."""
    evict: Literal["least_used", "oldest"] = "least_used"
    """Which entry gives way when all are taken: the one that was longest neither a neighbour nor written, or the one
    written longest ago; where every entry is a neighbour at every read, these are the same."""
    newest: bool = False
    """Of entries as near as each other the one written last comes first, else the one stored first; where `evict` is
    `oldest`, as only then times of writing are kept."""
    learned: bool = False
    """Gradients reach the keys and values stored; else they count as data."""
    approximate: bool = False
    """Search for neighbours approximately (faster on accelerators alone)."""

    def __post_init__(self) -> None:
        check_count("neighbours", self.neighbours, 0)
        check_range("scale", self.scale, 1e-30, 1e30)
        check_range("rate", self.rate, 0, 1)
        for name, known in (("kernel", tuple(KERNELS)), ("merge", MERGES), ("evict", EVICTIONS)):
            given = getattr(self, name)
            if given not in known:
                raise UserError(f"{name} is '{given}', but it must be one of: {', '.join(known)}.")
        check(
            not (self.approximate and self.neighbours == 0),
            "approximate is a way to search for neighbours, but neighbours is 0, which reads all; give a number.",
        )
        check(
            self.evict == "oldest" or not self.newest,
            "newest asks when entries were written, but evict is 'least_used', which keeps when they were used; set "
            "evict to 'oldest'.",
        )
        check(
            not (self.approximate and self.newest),
            "newest ranks entries exactly, which an approximate search does not; leave one of the two out.",
        )

    @property
    def ring(self) -> bool:
        """Slots are written in turn, over and over."""
        return self.merge == "append" and self.evict == "oldest"


BOX2 = Rules()
"""The review's Box 2, normalised: kernel regression on all that was stored (Gershman & Daw 2017)."""
BOX2_LITERAL = Rules(normalise=False)
"""Box 2 as it is worded: a sum."""
MFEC = Rules(neighbours=11, kernel="uniform", merge="max", exact=True)
"""Model-free episodic control (Blundell et al. 2016, Atari)."""
LENGYEL_DAYAN = Rules(scale=1e-6, merge="max")
"""The same state alone, and what was best there (Lengyel & Dayan 2008)."""
NEC = Rules(neighbours=50, kernel="inverse", scale=1e-3, merge="average", rate=0.1)
"""Neural episodic control (Pritzel et al. 2017; rate as in public code, the paper does not tell it)."""
NEC_NARROW = replace(NEC, scale=1e-5, rate=0.01)
"""The same with a narrower kernel and smaller steps, as another public implementation has it (hiwonjoon/NEC)."""


class Dictionary(NamedTuple):
    """What is stored. A leading axis (an action each, a lane each) is added and mapped over by `vmap`; or one of such a
    stack is named by its index, `of`, which spares the others the work."""

    keys: Float[Array, "slot key"]
    norms: Float[Array, " slot"]
    """Squared lengths of the keys."""
    values: Float[Array, "slot value"]
    identity: UInt32[Array, "slot 2"]
    """Fingerprints of the states (memory.identity)."""
    writes: Int[Array, " slot"]
    """How often each entry was written."""
    stamp: Int[Array, " slot"]
    """The time of an entry's last use, on the dictionary's own clock."""
    used: Int[Array, ""]
    """Entries stored, the first slots."""
    clock: Int[Array, ""]
    """Writes and touches so far."""


class Retrieval(NamedTuple):
    """What a read gives."""

    value: Float[Array, " value"]
    """0 where nothing is stored that is like the query."""
    weights: Float[Array, " neighbour"]
    """What each neighbour counts; 0 where there is none."""
    index: Int[Array, " neighbour"]
    """Slots of the neighbours; -1 where there is none."""
    known: Bool[Array, ""]
    """The state itself is stored."""


def empty(capacity: int, key_size: int, value_size: int = 1) -> Dictionary:
    """A dictionary with room for `capacity` entries and none in it."""
    for name, size in (("capacity", capacity), ("key_size", key_size), ("value_size", value_size)):
        check_count(name, size, 1)
    return Dictionary(
        keys=jnp.zeros((capacity, key_size)),
        norms=jnp.zeros(capacity),
        values=jnp.zeros((capacity, value_size)),
        identity=jnp.zeros((capacity, 2), jnp.uint32),
        writes=jnp.zeros(capacity, jnp.int32),
        stamp=jnp.zeros(capacity, jnp.int32),
        used=jnp.int32(0),
        clock=jnp.int32(0),
    )


def watched(memory: Dictionary) -> tuple[Array, Array]:
    """What is finite only if all that is stored is: the squared lengths stand for the keys, which are far more."""
    return memory.norms, memory.values


Which = tuple[Int[Array, ""], ...]
"""The indices that name one dictionary of a stack; of a single one, `()`."""


def stack(memory: Dictionary, count: int) -> Dictionary:
    """`count` dictionaries like this one, along a new leading axis."""
    return jax.tree.map(lambda x: jnp.broadcast_to(x, (count, *x.shape)), memory)


def find(memory: Dictionary, identity: UInt32[Array, "2"], of: Which = ()) -> Int[Array, ""]:
    """The slot in which the very same state is stored, -1 if in none; searched block by block, as far as it is used."""
    slots, ones = memory.stamp.shape[-1], (1,) * len(of)
    block, used = min(LOOKED_UP, slots), memory.used[of]

    def compare(now: tuple[Array, Array]) -> tuple[Array, Array]:
        number, found = now
        start = jnp.minimum(number * block, slots - block)
        some = jax.lax.dynamic_slice(memory.identity, (*of, start, 0), (*ones, block, 2)).reshape(block, 2)
        slot = start + jnp.arange(block)
        same = (some[:, 0] == identity[0]) & (some[:, 1] == identity[1]) & (slot < used)
        # The least of the slots, and not `argmax`, which on a CPU takes ten times as long.
        first = jnp.where(same, slot, slots).min()
        return number + 1, jnp.where((first < slots) & (found < 0), first, found).astype(jnp.int32)

    def more(now: tuple[Array, Array]) -> Bool[Array, ""]:
        return (now[0] * block < used) & (now[1] < 0)

    return jax.lax.while_loop(more, compare, (jnp.int32(0), jnp.int32(-1)))[1]


def write(
    memory: Dictionary,
    key: Float[Array, " key"],
    value: Float[Array, " value"],
    identity: UInt32[Array, "2"] | None,
    when: Bool[Array, ""],
    rules: Rules,
    of: Which = (),
) -> Dictionary:
    """Store one state, or bring up to date what is stored of it; as it was unless `when`.

    Its `identity` may be `None` where nothing asks for it: where states are appended, and none looked up exactly.
    """
    check(
        identity is not None or (rules.merge == "append" and not rules.exact),
        "These rules tell by its identity whether a state is stored; pass it.",
    )
    capacity, used, clock = memory.stamp.shape[-1], memory.used[of], memory.clock[of]
    known = find(memory, identity, of) if rules.merge != "append" else jnp.int32(-1)
    is_new = known < 0
    if rules.ring:
        free = clock % capacity
    else:
        free = jax.lax.cond(
            used < capacity, lambda: used, lambda: memory.stamp[of].argmin().astype(jnp.int32)
        )
    slot = jnp.where(is_new, free, known)
    writes = jnp.where(is_new, 0, memory.writes[(*of, slot)]) + 1
    old = memory.values[(*of, slot)]
    merged = {
        "append": value,
        "max": jnp.maximum(old, value),
        "average": old + rules.rate * (value - old),
        "mean": old + (value - old) / writes,
    }[rules.merge]
    # Out of range, where nothing is to be written: such writes are dropped.
    at = (*of, jnp.where(when, slot, capacity))
    return Dictionary(
        keys=memory.keys.at[at].set(key, mode="drop"),
        norms=memory.norms.at[at].set(squared_norms(key), mode="drop"),
        values=memory.values.at[at].set(jnp.where(is_new, value, merged), mode="drop"),
        identity=memory.identity if identity is None else memory.identity.at[at].set(identity, mode="drop"),
        writes=memory.writes.at[at].set(writes, mode="drop"),
        stamp=memory.stamp.at[at].set(clock + 1, mode="drop"),
        used=memory.used.at[of].add((when & is_new & (used < capacity)).astype(jnp.int32)),
        clock=memory.clock.at[of].add(when.astype(jnp.int32)),
    )


def write_all(
    memory: Dictionary,
    keys: Float[Array, "entry key"],
    values: Float[Array, "entry value"],
    identities: UInt32[Array, "entry 2"],
    when: Bool[Array, " entry"],
    rules: Rules,
    of: Int[Array, " entry"] | None = None,
) -> Dictionary:
    """Store many states, one after the other; it takes as long as the last that is wanted comes late.

    `of` names the dictionary of each where `memory` is a stack.
    """
    if when.size == 0:
        return memory
    wanted = jnp.where(when, jnp.arange(1, when.size + 1), 0).max()

    def store(now: tuple[Array, Dictionary]) -> tuple[Array, Dictionary]:
        i, memory = now
        which = () if of is None else (of[i],)
        return i + 1, write(memory, keys[i], values[i], identities[i], when[i], rules, which)

    return jax.lax.while_loop(lambda now: now[0] < wanted, store, (jnp.int32(0), memory))[1]


def read(
    memory: Dictionary,
    query: Float[Array, " key"],
    rules: Rules,
    identity: UInt32[Array, "2"] | None = None,
    of: Which = (),
) -> Retrieval:
    """What the stored states that are like this one were worth.

    sum_i w_i v_i, w_i the similarity of entry i, over the sum of all w if `normalise` (Box 2; Pritzel 2017, eqs. 2
    and 3). `identity` is needed where `exact` is set, and tells in any case whether the state itself is stored.
    """
    check(not rules.exact or identity is not None, "These rules look states up exactly; pass their identity.")
    if not rules.learned:
        memory = jax.lax.stop_gradient(memory)
    found = neighbours_of(memory, query, rules, of)
    weights = weigh(found.distance, found.index >= 0, rules)
    value = weights @ memory.values[(*of, found.index)]
    if identity is None:
        return Retrieval(value, weights, found.index, jnp.bool_(False))
    slot = find(memory, identity, of)
    if rules.exact:
        value = jnp.where(slot >= 0, memory.values[(*of, slot)], value)
    return Retrieval(value, weights, found.index, slot >= 0)


def weigh(
    distance: Float[Array, " neighbour"], there: Bool[Array, " neighbour"], rules: Rules
) -> Float[Array, " neighbour"]:
    """What each neighbour counts, by its squared distance; 0 for those that are not `there`."""
    # No entry is no distance away: of an infinite one the gradient would be NaN.
    distance = jnp.where(there, distance, 0.0)
    weights = jnp.where(there, KERNELS[rules.kernel](distance, rules.scale), 0.0)
    if not rules.normalise:
        return weights
    total = weights.sum()
    return jnp.where(total > 0, weights / jnp.where(total > 0, total, 1.0), 0.0)


class Recalled(NamedTuple):
    """Entries that were read, apart from the memory: what a gradient can be taken of without taking all of it."""

    keys: Float[Array, "*batch neighbour key"]
    values: Float[Array, "*batch neighbour value"]


def recall(memory: Dictionary, index: Int[Array, " neighbour"], of: Which = ()) -> Recalled:
    """The entries in these slots."""
    return Recalled(memory.keys[(*of, index)], memory.values[(*of, index)])


def value_of(
    recalled: Recalled, query: Float[Array, " key"], there: Bool[Array, " neighbour"], rules: Rules
) -> Float[Array, " value"]:
    """What `read` gives, from entries that were recalled (those `there`)."""
    return weigh(squared_norms(query[None] - recalled.keys), there, rules) @ recalled.values


def revise(
    memory: Dictionary,
    index: Int[Array, "*batch neighbour"],
    change: Recalled,
    of: tuple[Int[Array, "..."], ...] = (),
) -> Dictionary:
    """The memory with this added to the keys and values in these slots (-1: none), of one read or of many."""
    at = (*of, jnp.where(index >= 0, index, memory.stamp.shape[-1]))
    keys = memory.keys.at[at].add(change.keys, mode="drop")
    values = memory.values.at[at].add(change.values, mode="drop")
    norms = memory.norms.at[at].set(squared_norms(keys[(*of, index)]), mode="drop")
    return memory._replace(keys=keys, norms=norms, values=values)


def reads_all(memory: Dictionary, rules: Rules) -> bool:
    """Every entry is a neighbour at every read."""
    return not 0 < rules.neighbours < memory.stamp.shape[-1]


def neighbours_of(
    memory: Dictionary, query: Float[Array, " key"], rules: Rules, of: Which = ()
) -> Neighbours:
    """The entries that a read weighs; of a dictionary with fewer slots than neighbours, all."""
    capacity = memory.stamp.shape[-1]
    if rules.newest and 0 < rules.neighbours <= capacity:
        stored = memory.keys[of], memory.norms[of], memory.stamp[of], memory.used[of]
        return nearest_and_newest(*stored, query, rules.neighbours)
    if reads_all(memory, rules):
        slots = jnp.arange(capacity)
        return measured(memory.keys, query, jnp.where(slots < memory.used[of], slots, -1), of)
    search = nearest_approximately if rules.approximate else nearest
    return search(memory.keys, memory.norms, memory.used, query, rules.neighbours, of)


def neighbours_of_each(
    memory: Dictionary, queries: Float[Array, "query key"], rules: Rules, of: Int[Array, " query"]
) -> Int[Array, "query neighbour"]:
    """The entries that many reads weigh, each of the dictionary of a stack that `of` names; -1 where there is none."""
    if rules.approximate or rules.newest or reads_all(memory, rules):
        # One after the other: each searches one dictionary, and no other.
        return jax.lax.map(lambda one: neighbours_of(memory, one[0], rules, (one[1],)).index, (queries, of))
    return nearest_of_each(memory.keys, memory.norms, memory.used, queries, rules.neighbours, of)


def emptied(memory: Dictionary) -> Dictionary:
    """The same with nothing in it; the slots keep what they held, which nobody reads."""
    return memory._replace(used=jnp.zeros_like(memory.used), clock=jnp.zeros_like(memory.clock))


def touch(memory: Dictionary, index: Int[Array, " neighbour"], rules: Rules) -> Dictionary:
    """Note that these entries (-1: none) were neighbours; only `least_used` asks for it. Where all always are, the
    times of their writing tell more."""
    if rules.evict != "least_used" or reads_all(memory, rules):
        return memory
    at = jnp.where(index >= 0, index, memory.stamp.size)
    clock = memory.clock + 1
    return memory._replace(stamp=memory.stamp.at[at].set(clock, mode="drop"), clock=clock)
