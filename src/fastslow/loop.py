"""One shape for every time-scale: a loop is a pair of pure functions, and to run it is a scan.

A trial-by-trial interaction, a training run and an evolutionary search are each a `Loop` whose step runs the
faster loop inside. Randomness is counter-based (the key of step i is `fold_in(key, i)`), so a run that is
cut into chunks, or killed and resumed, is the same run bit for bit.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import Array, Integer, Key, PyTree


def everything(state: PyTree) -> PyTree:
    """The state itself."""
    return state


class Loop(NamedTuple):
    """`init(key) -> state` and `step(state, key) -> (state, output)`, both pure."""

    init: Callable[[Key[Array, ""]], PyTree]
    step: Callable[[PyTree, Key[Array, ""]], tuple[PyTree, Any]]
    resume: Callable[[PyTree, Key[Array, ""]], PyTree] | None = None
    """`resume(state, key) -> state`: what a state that was saved must go through before it is stepped in another
    process; `None` where it goes on as it is."""
    watched: Callable[[PyTree], PyTree] = everything
    """`watched(state)`: what must be finite after a step for the whole state to be; less than all where most of a
    state is a memory of which little changes at a time, for to look through gigabytes takes longer than a step."""


TRAIN, BEHAVE = 0, 1
"""Numbers of the root keys of training and of behaviour after it, so that no agent is tested on training's draws."""


def step_keys(key: Key[Array, ""], steps: int, start: Integer[Array, ""] | int = 0) -> Key[Array, " steps"]:
    """The keys of steps `start` to `start + steps - 1`; step 0's differs from the key that `init` gets."""
    return jax.vmap(lambda i: jax.random.fold_in(key, i))(start + 1 + jnp.arange(steps))


def run(
    loop: Loop,
    key: Key[Array, ""],
    steps: int,
    state: PyTree = None,
    start: Integer[Array, ""] | int = 0,
) -> tuple[PyTree, PyTree]:
    """Run `steps` steps: `(S, Y["steps ..."])`.

    **Arguments**: `key` the run's own key, the same in every chunk; `state` where to go on from (`None`: from
    `loop.init`); `start` how many steps were taken before.
    """
    if state is None:
        state = loop.init(jax.random.fold_in(key, 0))
    return jax.lax.scan(loop.step, state, step_keys(key, steps, start))


def seed_keys(key: Key[Array, ""], seeds: Integer[Array, " seed"]) -> Key[Array, " seed"]:
    """A key per seed that depends on nothing but `key` and the seed's own number."""
    return jax.vmap(lambda seed: jax.random.fold_in(key, seed))(seeds)


def run_seeds(
    loop: Loop,
    key: Key[Array, ""],
    seeds: Sequence[int],
    steps: int,
    state: PyTree = None,
    start: Integer[Array, ""] | int = 0,
) -> tuple[PyTree, PyTree]:
    """`run` for many seeds at once; states and outputs gain a leading `seed` axis.

    Every seed is computed by the same program from keys of its own, so seed s alone is, bit for bit, seed s in any
    sweep. On a CPU the seeds are shared out over JAX's CPU devices, each taking its seeds one after the other
    (batching small products saves nothing there). On an accelerator they are batched by `vmap`, at a width of two
    or more, because a batch of one rounds differently.
    """
    numbers = np.asarray(seeds, np.uint32)

    def one(lane: tuple[Array, PyTree]) -> tuple[PyTree, PyTree]:
        seed, state = lane
        return run(loop, jax.random.fold_in(key, seed), steps, state, start)

    return map_seeds(one, (jnp.asarray(numbers), state), len(numbers))


def map_seeds(one: Callable, lanes: PyTree, width: int) -> PyTree:
    """`one` for each of `width` seeds; its argument is `lanes`, with a leading seed axis (see `run_seeds`)."""
    if jax.default_backend() != "cpu":
        return _batch(one, lanes, width)
    return _share_out(one, partial(jax.lax.map, one), lanes, width)


def advance_seeds(one: Callable, lanes: PyTree, width: int) -> PyTree:
    """`map_seeds`, each seed's state taking the place of the one before.

    `lanes` is `(state, ...)` and `one` is `(state, ...) -> (state, out)`. To keep the states before beside those after
    would take twice the memory, and at every call the time to write to memory that is new.
    """
    if jax.default_backend() != "cpu":
        return _batch(one, lanes, width)
    return _share_out(one, partial(_in_place, one), lanes, width)


def _batch(one: Callable, lanes: PyTree, width: int) -> PyTree:
    padded = jax.tree.map(lambda x: jnp.concatenate([x, x]), lanes) if width == 1 else lanes
    return jax.tree.map(lambda x: x[:width], jax.vmap(one)(padded))


def _alone(one: Callable, lanes: PyTree) -> PyTree:
    """A loop of one round would copy the state, which may be gigabytes."""
    return jax.tree.map(lambda x: x[None], one(jax.tree.map(lambda x: x[0], lanes)))


def _in_place(one: Callable, lanes: PyTree) -> PyTree:
    width = len(jax.tree.leaves(lanes)[0])

    def lane(lanes: PyTree, i: Integer[Array, ""] | int) -> PyTree:
        return jax.tree.map(lambda x: x[i], lanes)

    def turn(i: Integer[Array, ""], held: tuple[PyTree, PyTree]) -> tuple[PyTree, PyTree]:
        new = one((lane(held[0], i), *lane(lanes[1:], i)))
        return jax.tree.map(lambda all, mine: all.at[i].set(mine), held, new)

    told = jax.eval_shape(one, lane(lanes, 0))[1]
    untold = jax.tree.map(lambda x: jnp.zeros((width, *x.shape), x.dtype), told)
    return jax.lax.fori_loop(0, width, turn, (lanes[0], untold))


def _share_out(one: Callable, in_turn: Callable, lanes: PyTree, width: int) -> PyTree:
    devices = jax.devices()[: min(width, jax.device_count())]
    padding = -width % len(devices)
    lanes = jax.tree.map(lambda x: jnp.concatenate([x, x[:padding]]) if padding else x, lanes)
    share = jax.shard_map(
        partial(_alone, one) if len(devices) >= width else in_turn,
        mesh=Mesh(np.asarray(devices), ("seed",)),
        in_specs=PartitionSpec("seed"),
        out_specs=PartitionSpec("seed"),
        check_vma=False,
    )
    return jax.tree.map(lambda x: x[:width], share(lanes))
