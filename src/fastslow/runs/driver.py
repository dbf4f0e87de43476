"""Runs a training loop for as long as it takes: in chunks, watched, saved, and resumed bit for bit.

One compiled program takes up to `ROWS` updates per call, the number being an input: chunks of any length, the
last one too, run the same program, so where a run was cut cannot change its bits. Each update's state is
checked on the device; the first that is not finite stops the run before anything of it reaches a checkpoint.
"""

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Key, PyTree

from fastslow.errors import UserError
from fastslow.loop import Loop, advance_seeds, map_seeds, seed_keys
from fastslow.runs import checkpoint, metrics
from fastslow.runs.files import make_folder
from fastslow.runs.footprint import TOLD, check_room, footprint, told
from fastslow.runs.progress import Silent, reporter

ROWS = 256
"""Most updates in one call of the compiled program."""
CHUNK_SECONDS = 0.5
"""A chunk is made about this long, so that progress moves and Ctrl-C is answered."""
LONGER = 5e-9
"""And longer by these seconds for every byte of state: each chunk takes every seed's state out of all and puts it back
(measured: about 4e-10 s a byte)."""
SAVE_SECONDS = 60.0
"""Time between two checkpoints; saving costs milliseconds. Of a state so large that it costs seconds, as many times
longer."""
OUTSIDE = ".emulator_handle"
"""Ends the names of leaves that mean nothing to another process."""
POINTS = 1000
"""A training curve holds about this many points."""
FROM_THE_TASK = ("observation", "reward", "rewards", "reward'")
"""Ends the names of tensors and metrics that are not computed but given by the task."""


class Stopped(KeyboardInterrupt):
    """Ctrl-C or SIGTERM came; everything up to `update` is saved and the run can go on."""

    def __init__(self, number: int, update: int, directory: Path) -> None:
        super().__init__(f"Stopped after update {update}; the same command goes on from there.")
        self.code, self.update, self.directory = 128 + number, update, directory


class Chunk(NamedTuple):
    """What one call of the compiled program gives; with seeds, every array has a leading seed axis."""

    state: PyTree
    rows: dict[str, Array]
    """Metrics of the chunk's updates, `[ROWS ...]`; rows beyond `done` are not filled."""
    done: Int[Array, "..."]
    """Updates taken in the chunk; the last may be the bad one."""
    finite: Bool[Array, "..."]
    """The state and the metrics after the last update are all finite."""


class Program(NamedTuple):
    """The compiled functions of a training run."""

    start: Callable[[Array], PyTree]
    """`key -> state` before the first update."""
    chunk: Callable[[PyTree, Array, Array, Array], Chunk]
    """`(state, key, first, count) -> Chunk`: updates `first` to `first + count - 1`, `count <= ROWS`."""
    resume: Callable[[PyTree, Array, Array], PyTree] | None
    """`(state, key, done) -> state`: what a saved state must go through, where it does not go on as it is."""


def is_real(leaf: Array) -> bool:
    """It could hold NaN."""
    return jnp.issubdtype(leaf.dtype, jnp.inexact)


def all_finite(tree: PyTree) -> Bool[Array, ""]:
    leaves = [leaf for leaf in jax.tree.leaves(tree) if is_real(leaf)]
    return jnp.all(jnp.stack([jnp.isfinite(leaf).all() for leaf in leaves])) if leaves else jnp.bool_(True)


def bad_tensors(state: PyTree, rows: dict[str, Any]) -> list[str]:
    """The paths of the state's leaves that hold NaN or infinity, then the names of such metrics; what the task gave
    comes first, since all else may follow from it."""
    leaves = zip(checkpoint.names(state), jax.tree.leaves(state), strict=True)
    tensors = [
        f"state{name}" for name, leaf in leaves if is_real(leaf) and not np.isfinite(np.asarray(leaf)).all()
    ]
    names = tensors + [f"metric '{name}'" for name, values in rows.items() if not np.isfinite(values).all()]
    return sorted(names, key=lambda name: not name.endswith(FROM_THE_TASK))


def start(loop: Loop, key: Key[Array, ""]) -> PyTree:
    """The state before the first update, with the key that `fastslow.loop.run` gives it; no weak types."""
    state = loop.init(jax.random.fold_in(key, 0))
    return jax.tree.map(
        lambda leaf: leaf if checkpoint.is_key(leaf) else jnp.asarray(leaf, leaf.dtype), state
    )


def take_up(loop: Loop, state: PyTree, key: Key[Array, ""], done: Array) -> PyTree:
    """A saved state made ready to go on, with a key that no update and no other cut has."""
    return loop.resume(state, jax.random.fold_in(jax.random.fold_in(key, 0), done))


def take_updates(loop: Loop, state: PyTree, key: Key[Array, ""], first: Array, count: Array) -> Chunk:
    """`count` updates, or as many as leave the state finite."""
    # Traced once, for the shapes and for the loop.
    step = jax.jit(loop.step, inline=True)
    shapes = jax.eval_shape(step, state, key)[1]
    rows = jax.tree.map(lambda leaf: jnp.zeros((ROWS, *leaf.shape), leaf.dtype), shapes)

    def more(carry: Chunk) -> Bool[Array, ""]:
        return (carry.done < count) & carry.finite

    def update(carry: Chunk) -> Chunk:
        # The key of fastslow.loop.step_keys: counted from the run's beginning, whatever the chunk.
        step_key = jax.random.fold_in(key, first + 1 + carry.done)
        state, measured = step(carry.state, step_key)
        rows = jax.tree.map(lambda all, one: all.at[carry.done].set(one), carry.rows, measured)
        return Chunk(state, rows, carry.done + 1, all_finite((loop.watched(state), measured)))

    return jax.lax.while_loop(more, update, Chunk(state, rows, jnp.int32(0), jnp.bool_(True)))


@lru_cache(maxsize=4)
def program(loop: Loop, seeds: tuple[int, ...] | None) -> Program:
    """The compiled functions of a loop, or of a lane per seed; kept, so that to go on costs no compiling."""
    if seeds is None:
        return Program(
            jax.jit(partial(start, loop)),
            jax.jit(partial(take_updates, loop), donate_argnums=0),
            jax.jit(partial(take_up, loop)) if loop.resume else None,
        )
    numbers = np.asarray(seeds, np.uint32)

    def start_seeds(key: Array) -> PyTree:
        return map_seeds(partial(start, loop), seed_keys(key, jnp.asarray(numbers)), len(numbers))

    def chunk_seeds(state: PyTree, key: Array, first: Array, count: Array) -> Chunk:
        def one(lane: tuple[PyTree, Array]) -> tuple[PyTree, Chunk]:
            chunk = take_updates(loop, *lane, first, count)
            return chunk.state, chunk._replace(state=None)

        state, chunk = advance_seeds(one, (state, seed_keys(key, jnp.asarray(numbers))), len(numbers))
        return chunk._replace(state=state)

    def resume_seeds(state: PyTree, key: Array, done: Array) -> PyTree:
        def one(lane: tuple[PyTree, Array]) -> PyTree:
            return take_up(loop, *lane, done)

        return map_seeds(one, (state, seed_keys(key, jnp.asarray(numbers))), len(numbers))

    return Program(
        jax.jit(start_seeds),
        jax.jit(chunk_seeds, donate_argnums=0),
        jax.jit(resume_seeds) if loop.resume else None,
    )


@contextmanager
def signals_noted() -> Iterator[list[int]]:
    """Within the block SIGINT and SIGTERM are noted in the list; a second one acts at once."""
    noted: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, frame: Any) -> None:
        noted.append(number)
        for each, handler in before.items():
            signal.signal(each, handler)

    for number in before:
        signal.signal(number, note)
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def train(
    loop: Loop,
    key: Key[Array, ""],
    updates: int,
    directory: Path,
    seeds: Sequence[int] | None = None,
    *,
    title: str = "train",
    steps_per_update: int = 1,
    chunk: int | None = None,
    save_seconds: float = SAVE_SECONDS,
    report: Callable[[str, int, int, int], Silent] = reporter,
) -> PyTree:
    """Run `updates` updates of a loop whose steps return `dict[str, Array]`; the last state is returned.

    What the directory already holds of this run is gone on from, bit for bit; but worlds that stand outside JAX
    (`Loop.resume`) begin new episodes, which the title shown says. The caller has the directory open
    (`directory.open_run`), so no other process writes it.

    **Arguments**: `seeds` train one lane each, as `fastslow.loop.run_seeds` does (the state then has a
    leading seed axis); `steps_per_update` for the rate shown, of all seeds; `chunk` updates per chunk
    (`None`: about half a second, longer where states are large); `save_seconds` between checkpoints;
    `report` makes the progress reporter (`progress.Silent` for none).

    **Raises** `UserError` naming tensor and update where a state is not finite (the last checkpoint, finite,
    stays), and before anything is allocated where it would take more memory than it may (`footprint.check_room`);
    `Stopped` after Ctrl-C or SIGTERM, when all is saved.
    """
    folder, curve = directory / "ckpt", directory / metrics.NAME
    make_folder(folder)
    compiled = program(loop, None if seeds is None else tuple(seeds))
    like = jax.eval_shape(compiled.start, key)
    needs = footprint(like, None if seeds is None else len(seeds))
    check_room(needs)
    saved = checkpoint.load(folder, like) if checkpoint.steps(folder) else None
    done, state = (saved.step, saved.state) if saved else (0, None)
    metrics.cut(curve, done)
    if saved and done >= updates:
        return state
    if saved and compiled.resume:
        state, title = compiled.resume(state, key, jnp.int32(done)), f"{title}, in new episodes"
    elif saved and any(name.endswith(OUTSIDE) for name in checkpoint.names(state)):
        raise UserError(
            f"The run in '{directory}' was with an emulator, which ended with its process, and its trainer does not "
            "say how to go on without it; train in another directory."
        )
    every = max(1, updates // POINTS)
    unsaved: list[dict[str, Any]] = []

    def save() -> None:
        # The curve first: lines beyond the newest checkpoint are cut on resume, missing ones are lost.
        metrics.append(curve, unsaved)
        unsaved.clear()
        checkpoint.save(folder, done, state)

    with signals_noted() as noted, report(title, updates, done, steps_per_update) as shown:
        if needs.most >= TOLD:
            shown.say(told(needs))
        if state is None:
            state = compiled.start(key)
            save()  # a disk that refuses says so before the work, not after
        size, last_save, pause = chunk or 1, time.monotonic(), save_seconds
        while done < updates and not noted:
            began = time.monotonic()
            count = min(size, ROWS, updates - done)
            result = compiled.chunk(state, key, jnp.int32(done), jnp.int32(count))
            state = result.state
            check_finite(result, done, seeds, checkpoint.steps(folder))
            # The update axis first: a run over seeds has it second.
            rows = {
                name: np.moveaxis(np.asarray(v), int(seeds is not None), 0) for name, v in result.rows.items()
            }
            for i in range(count):
                if (done + i + 1) % every == 0:
                    unsaved.append(
                        {"update": done + i + 1} | {name: v[i].tolist() for name, v in rows.items()}
                    )
            done += count
            shown.update(done, {name: float(v[:count].mean()) for name, v in rows.items()})
            if chunk is None:
                size = next_size(count, time.monotonic() - began, CHUNK_SECONDS + LONGER * needs.state)
            if done == updates or noted or time.monotonic() - last_save >= pause:
                began = time.monotonic()
                save()
                last_save = time.monotonic()
                pause = save_seconds * max(1.0, last_save - began)
    if done < updates:
        raise Stopped(noted[0], done, directory)
    return state


def load_state(loop: Loop, key: Key[Array, ""], directory: Path, seeds: Sequence[int] | None) -> PyTree:
    """The newest state that `train` has saved in a directory; `UserError` where there is none."""
    like = jax.eval_shape(program(loop, None if seeds is None else tuple(seeds)).start, key)
    saved = checkpoint.load(directory / "ckpt", like)
    if saved is None:
        raise UserError(f"'{directory}' holds no checkpoint; train it first.")
    return saved.state


def check_finite(result: Chunk, before: int, seeds: Sequence[int] | None, saved: list[int]) -> None:
    """`UserError` naming tensor, update and seed where a chunk ended on a state that is not finite."""
    finite = np.asarray(result.finite)
    if finite.all():
        return
    whose = ""
    if seeds is not None:
        lane = int(np.argmin(finite))
        result = jax.tree.map(lambda leaf: leaf[lane], result)
        whose = f" of seed {seeds[lane]}"
    last = int(result.done) - 1
    bad = bad_tensors(result.state, {name: np.asarray(values)[last] for name, values in result.rows.items()})
    given = bad[0].endswith(FROM_THE_TASK)
    what = "The task gave what no one can learn from" if given else "Training diverged"
    remedy = "check the task with check_task" if given else "lower the learning rate, or clip the gradient"
    raise UserError(
        f"{what}: {bad[0]} is not finite after update {before + last + 1}{whose} (the checkpoint of update "
        f"{saved[-1]} is kept); {remedy}."
    )


def next_size(count: int, seconds: float, wanted: float) -> int:
    """Updates for a chunk of the seconds `wanted`; at most four times the last, whose time may hold compiling."""
    fitting = math.floor(count * wanted / max(seconds, 1e-6))
    return max(1, min(fitting, 4 * count, ROWS))
