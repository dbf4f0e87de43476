"""The part of `check_task` that plays episodes: alone and in lanes, compiled and not, once and again."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, Key, PyTree

from fastslow.checks import attempt
from fastslow.errors import UserError
from fastslow.tasks.check_values import alive, check_opening, check_out_of_range, check_values
from fastslow.tasks.task import Task
from fastslow.timestep import TimeStep

UNCOMPILED_STEPS = 50  # of an episode; the rest of a longer one is compared between compiled programs only
LANES = 32  # at least two of which must draw different problems; a fair coin fails that once in 2^31
QUICK = {"xla_backend_optimization_level": 0}  # each program runs few times: compile it in half the time
TOLERANCE = 1e-4  # between programs that differ only in compilation; float32 rounds differently when fused


class Episode(NamedTuple):
    """One episode's opening and its outcomes, `[step ...]`; after `last` the steps are void."""

    problem: PyTree
    opening: TimeStep
    outcomes: TimeStep


def play(task: Task, key: Key[Array, ""], actions: Int[Array, " step"] | np.ndarray) -> Episode:
    """One episode by `scan`, on a problem, opening and steps all drawn from `key`."""
    problem = task.sample(jax.random.fold_in(key, 0))
    state, opening = task.start(problem, jax.random.fold_in(key, 1))

    def step(state: PyTree, at: tuple[Array, Array]) -> tuple[PyTree, TimeStep]:
        time, action = at
        return task.step(state, action, jax.random.fold_in(key, 2 + time))

    at = (jnp.arange(actions.shape[0]), actions)
    return Episode(problem, opening, jax.lax.scan(step, state, at)[1])


def play_uncompiled(task: Task, key: Key[Array, ""], actions: np.ndarray) -> Episode:
    """The first `UNCOMPILED_STEPS` of the same episode, by a Python loop."""
    problem = task.sample(jax.random.fold_in(key, 0))
    state, opening = task.start(problem, jax.random.fold_in(key, 1))
    outcomes = []
    for time, action in enumerate(actions[:UNCOMPILED_STEPS]):
        state, outcome = task.step(state, jnp.int32(action), jax.random.fold_in(key, 2 + time))
        outcomes.append(jax.tree.map(np.asarray, outcome))
    return Episode(problem, opening, jax.tree.map(lambda *steps: np.stack(steps), *outcomes))


def concrete(leaf: Any) -> np.ndarray:
    """A leaf as numbers, keys of random generators included."""
    if isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        leaf = jax.random.key_data(leaf)
    return np.asarray(leaf)


def difference(a: Episode, b: Episode, steps: int) -> str:
    """What differs by more than rounding within the first `steps`; empty where nothing does."""
    a, b = (
        episode._replace(outcomes=jax.tree.map(lambda x: x[:steps], episode.outcomes)) for episode in (a, b)
    )
    leaves = zip(jax.tree_util.tree_leaves_with_path(a), jax.tree.leaves(b), strict=True)
    for (path, x), y in leaves:
        x, y = concrete(x), concrete(y)
        if not np.allclose(x, y, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True):
            where = jax.tree_util.keystr(path).lstrip(".").replace("outcomes.", "outcome's ")
            return where.replace("opening.", "opening's ")
    return ""


def check_single(task: Task, name: str, key: Key[Array, ""], actions: np.ndarray) -> Episode:
    """One episode not compiled, once more after another, and compiled: all the same; returns the last."""
    fresh = attempt(name, lambda: play_uncompiled(task, key, actions))
    play_uncompiled(task, jax.random.fold_in(key, 0), actions[::-1])
    again = play_uncompiled(task, key, actions)
    compiled = attempt(name, lambda: jax.jit(play, compiler_options=QUICK)(task, key, actions))
    steps = min(int(alive(compiled.outcomes.last[None]).sum()), UNCOMPILED_STEPS)
    fault = difference(fresh, again, steps)
    if fault:
        raise UserError(
            f"{name} gives another {fault} for the same problem, actions and keys when an episode came "
            "between; keep nothing outside the state, and draw only from the key."
        )
    fault = difference(fresh, compiled, steps)
    if fault:
        raise UserError(
            f"{name} gives another {fault} compiled than not compiled; draw only from the key, and branch "
            "by jnp.where."
        )
    return compiled


def check_batch(
    task: Task, name: str, key: Key[Array, ""], trials: int, varied: bool, truncates: bool
) -> dict[str, np.ndarray]:
    """Lanes, each with its own copy of the fields, round by round until there are enough completed trials.

    The values first, which one program shows; then the first lane alone. Returns the table of the trials.
    """
    draw = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    size = (LANES, task.episode_steps)
    swept = jax.tree.map(lambda leaf: np.repeat(np.asarray(leaf)[None], LANES, axis=0), task)

    @partial(jax.jit, compiler_options=QUICK)
    @partial(jax.vmap, in_axes=(0, None, 0, 0))
    def program(task: Task, key: Array, lane: Array, actions: Array) -> Episode:
        return play(task, jax.random.fold_in(key, lane), actions)

    def roll(actions: np.ndarray, turn: int = 0) -> Episode:
        return jax.tree.map(concrete, program(swept, key, turn * LANES + np.arange(LANES), actions))

    tables: list[dict[str, np.ndarray]] = []
    for turn in range(max(trials, 1)):  # fewer: each turn completes a trial in every lane
        actions = draw.integers(0, task.actions, size, dtype=np.int32)
        episodes = attempt(f"{name}, with its fields swept by vmap,", lambda: roll(actions, turn))  # noqa: B023
        check_opening(name, episodes.opening)
        check_values(task, name, episodes.outcomes, truncates)
        tables.append(completed(episodes.outcomes))
        if turn == 0:
            rolled = actions, episodes
        if sum(len(table["trial"]) for table in tables) >= trials:
            break

    actions, episodes = rolled
    if varied and all((leaf == leaf[:1]).all() for leaf in jax.tree.leaves(episodes.problem)):
        raise UserError(
            f"{name}.sample gives the same problem for {LANES} different keys; draw it from the key, or call "
            "check_task with varied=False if it holds one problem alone."
        )
    for action in (-1, task.actions):
        check_out_of_range(name, action, roll(np.full_like(actions, action)).outcomes)

    single = check_single(task, name, jax.random.fold_in(key, 0), actions[0])
    steps = int(alive(episodes.outcomes.last)[0].sum())
    fault = difference(jax.tree.map(lambda x: x[0], episodes), single, steps)
    if fault:
        raise UserError(f"{name} gives another {fault} in a batch than alone; write it for one lane.")
    fault = difference(episodes, roll(actions), LANES)
    if fault:
        raise UserError(f"{name} gives another {fault} when the same episodes are run again.")
    return {column: np.concatenate([table[column] for table in tables]) for column in tables[0]}


def completed(outcomes: TimeStep) -> dict[str, np.ndarray]:
    """The completed trials of `[lane step]` outcomes, a column `[trial ...]` for each trial variable."""
    ends = alive(outcomes.last) & outcomes.trial["trial_end"]
    return {column: value[ends] for column, value in outcomes.trial.items()}
