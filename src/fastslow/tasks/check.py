"""Does a world keep the promises of `Task`? One call says so, or names the fault in a sentence.

A world that is wrong in a small way (a NaN on the fifth step, a side that survives the episode, a draw from
Python's own generator) trains agents all the same and ruins what is concluded from them. So every shipped
task passes `check_task`, and a user's own can be held to the same rules before any training.
After dm_env's test mixin and pgx's `api_test`, which export their conformance tests likewise.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key, PyTree

from fastslow.checks import attempt, check_pytree
from fastslow.errors import UserError
from fastslow.tasks.check_episodes import check_batch
from fastslow.tasks.task import Task, Variable
from fastslow.timestep import TimeStep

REQUIRED = ("trial", "trial_end", "action", "reward")


def check_task(
    task: Any, key: Key[Array, ""], trials: int = 1000, varied: bool = True, truncates: bool = False
) -> dict[str, np.ndarray]:
    """Roll `trials` trials with random actions and hold them to what `Task` promises.

    Checked: the task is a pytree of arrays and hashable static fields, works under plain `jit`, `vmap` and
    `scan`, and its fields can be swept by `vmap`; observation, reward, discount, last and the trial columns
    keep their shapes, dtypes and ranges at every step; every episode ends within `episode_steps`; compiled =
    not compiled, batched = single; the same problem and keys give the same episode whatever came before,
    different keys different problems; actions out of range (-1 and `actions`) leave all finite and are
    tabulated as -1. Not checked: what only the paper can say, such as the rates of rewards and transitions;
    test those on the table returned.

    **Arguments**: `trials` the least number rolled; `varied` False for a world that holds one problem alone;
    `truncates` True where an episode may be cut off (`last` with discount 1).

    **Returns**: the trial table of all completed trials, a column `[trial ...]` for each trial variable.

    **Raises** `UserError`, one sentence that names the fault.
    """
    name = type(task).__name__
    if not isinstance(task, Task):
        raise UserError(f"check_task was given a {name}, not a Task; derive its class from Task.")
    check_facts(task, name)
    check_pytree(task, name)
    check_structure(task, name)
    return check_batch(task, name, key, trials, varied, truncates)


def check_facts(task: Task, name: str) -> None:
    shape, actions, steps = task.observation_shape, task.actions, task.episode_steps
    whole = (int, np.integer)
    if not (isinstance(shape, tuple) and all(isinstance(size, whole) for size in shape)):
        raise UserError(f"{name}.observation_shape is {shape!r}, but it must be a tuple of whole numbers.")
    for fact, value in (("actions", actions), ("episode_steps", steps)):
        if isinstance(value, bool) or not isinstance(value, whole) or value < 1:
            raise UserError(f"{name}.{fact} is {value!r}, but it must be a whole number of at least 1.")
    for fact in ("variant", "cite", "trial_variables"):
        if not hasattr(task, fact):
            raise UserError(f"{name}.{fact} is missing; declare it as a class variable.")
    if not all(isinstance(variable, Variable) for variable in task.trial_variables):
        raise UserError(f"{name}.trial_variables holds something that is not a Variable.")
    names = [variable.name for variable in task.trial_variables]
    for required in REQUIRED:
        if required not in names:
            raise UserError(f"{name}.trial_variables lacks '{required}', which every task must have.")
    if len(set(names)) < len(names):
        raise UserError(f"{name}.trial_variables names a column twice: {', '.join(names)}.")


def check_structure(task: Task, name: str) -> None:
    """Shapes and dtypes, at the start and after a step, without running either."""

    def begin(task: Task, key: Array) -> tuple[PyTree, TimeStep]:
        return pair(f"{name}.start", task.start(task.sample(key), key))

    def go_on(task: Task, state: PyTree, action: Array, key: Array) -> tuple[PyTree, TimeStep]:
        return pair(f"{name}.step", task.step(state, action, key))

    key, action = jax.random.key(0), jnp.int32(0)
    state, opening = attempt(f"{name}.start", lambda: jax.eval_shape(begin, task, key))
    after, outcome = attempt(f"{name}.step", lambda: jax.eval_shape(go_on, task, state, action, key))
    check_timestep(task, f"{name}.start", opening)
    check_timestep(task, f"{name}.step", outcome)
    compare_forms(f"the state that {name}.step returns", after, f"the one that {name}.start returns", state)
    compare_forms(f"the TimeStep of {name}.step", outcome, f"that of {name}.start", opening)


def pair(where: str, returned: Any) -> tuple[PyTree, TimeStep]:
    if not (isinstance(returned, tuple) and len(returned) == 2 and isinstance(returned[1], TimeStep)):
        raise UserError(f"{where} must return a pair, the state and a TimeStep.")
    return returned


def check_timestep(task: Task, where: str, timestep: TimeStep) -> None:
    forms = (
        ("observation", tuple(task.observation_shape), "float32, uint8 or bool"),
        ("reward", (), "float32"),
        ("discount", (), "float32"),
        ("last", (), "bool"),
    )
    for field, shape, dtype in forms:
        value = getattr(timestep, field)
        if value.shape != shape or str(value.dtype) not in dtype.replace(",", "").split():
            raise UserError(
                f"{where} gives a {field} of shape {value.shape} and type {value.dtype}, but it must be "
                f"{shape} and {dtype}."
            )
    declared = {variable.name for variable in task.trial_variables}
    given = set(timestep.trial)
    if given != declared:
        lacking, extra = sorted(declared - given), sorted(given - declared)
        fault = f"lacks '{lacking[0]}'" if lacking else f"has '{extra[0]}'"
        remedy = "which trial_variables declares" if lacking else "which trial_variables does not declare"
        raise UserError(f"{where} gives trial variables in which the table {fault}, {remedy}.")
    for column, value in timestep.trial.items():
        if value.ndim > 1 or str(value.dtype) not in ("int32", "float32", "bool"):
            raise UserError(
                f"{where} gives a trial variable '{column}' of shape {value.shape} and type {value.dtype}, "
                "but a column must be a number or a vector of int32, float32 or bool."
            )
    for column, dtype in (
        ("trial", "int32"),
        ("trial_end", "bool"),
        ("action", "int32"),
        ("reward", "float32"),
    ):
        value = timestep.trial[column]
        if value.shape != () or value.dtype != dtype:
            raise UserError(
                f"{where} gives a trial variable '{column}' of shape {value.shape} and type {value.dtype}, "
                f"but it must be a single {dtype}."
            )


def compare_forms(this: str, a: PyTree, that: str, b: PyTree) -> None:
    """The same structure, shapes and dtypes, or a sentence that names the first difference."""
    if jax.tree.structure(a) != jax.tree.structure(b):
        raise UserError(f"{this} is built otherwise than {that}; a scan can only carry one form.")
    leaves = zip(jax.tree_util.tree_leaves_with_path(a), jax.tree.leaves(b), strict=True)
    for (path, x), y in leaves:
        if (x.shape, x.dtype) != (y.shape, y.dtype):
            raise UserError(
                f"{this} has {jax.tree_util.keystr(path)} of shape {x.shape} and type {x.dtype}, "
                f"but {that} {y.shape} and {y.dtype}; a scan can only carry one form."
            )
