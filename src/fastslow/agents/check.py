"""Does an agent keep the promises of `Agent`? One call says so, or names the fault in a sentence.

Every shipped agent passes `check_agent`, and a user's own can be held to the same rules before any training.
"""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key, PyTree

from fastslow.agents.agent import Agent
from fastslow.agents.interaction import first_percept, interaction
from fastslow.checks import attempt, check_pytree
from fastslow.errors import UserError, check
from fastslow.loop import run
from fastslow.tasks.task import Task
from fastslow.timestep import Output, Percept, Trace

# So few steps are lived that compiling is what takes time.
quick_jit = functools.partial(eqx.filter_jit, compiler_options={"xla_backend_optimization_level": 0})
LANES = 3
UNCOMPILED_STEPS = 3
TOLERANCE = 1e-4  # between programs that differ only in compilation; float32 rounds differently when fused
LEAST_LOG_P = -20.0  # an action with less by the agent's own logits was not drawn from them


def check_agent(
    agent: Agent, task: Task, key: Key[Array, ""], forgets: bool = True, steps: int = 200
) -> Trace:
    """Let `agent` live in `task` and hold it to what `Agent` promises.

    Checked: the agent is a pytree of arrays and hashable static fields; its state keeps one form through
    `begin_episode`, `step` and `end_episode`; outputs have their shapes and dtypes, are finite at every step,
    actions in range and of some probability by the logits; compiled = not compiled, batched = single; the same
    percepts and keys give the same outputs, and its arrays stay as they were.

    **Arguments**: `forgets` False for an agent with a memory that outlives the episode, else a second episode
    must be met like the first; `steps` lived at least, in three lanes.

    **Returns** the trace `[step lane ...]`. **Raises** `UserError`, one sentence that names the fault.
    """
    name = type(agent).__name__
    check_pytree(agent, name)
    before = [np.array(leaf) for leaf in jax.tree.leaves(agent)]
    live_key, feed_key = jax.random.split(key)
    check_forms(agent, task, name)

    trace = attempt(
        f"{name} in {type(task).__name__}",
        lambda: lived(agent, task, live_key, max(steps, task.episode_steps + 1)),
    )
    check_trace(name, trace, task.actions)
    check_programs(agent, name, first_episode(trace), feed_key, forgets)
    after = jax.tree.leaves(agent)
    unchanged = all(np.array_equal(a, np.asarray(b)) for a, b in zip(before, after, strict=True))
    check(unchanged, f"{name} changed its own arrays while it lived; only its state may change in `step`.")
    return trace


@quick_jit
def lived(agent: Agent, task: Task, key: Key[Array, ""], steps: int) -> Trace:
    return run(interaction(agent, task, LANES), key, steps)[1]


def first_episode(trace: Trace) -> Percept:
    """Percepts `[lane time ...]` of the lanes' first episodes, cut to the shortest."""
    length = int(np.asarray(trace.last).argmax(axis=0).min()) + 1
    # Cut on the host, here and below: every cut of another shape would be a program to compile.
    return jax.tree.map(lambda x: np.swapaxes(np.asarray(x)[:length], 0, 1), trace.percept)


def check_forms(agent: Agent, task: Task, name: str) -> None:
    """Shapes and dtypes of states and output, without running anything."""
    key = jax.random.key(0)
    percept = jax.eval_shape(lambda key: first_percept(task.start(task.sample(key), key)[1]), key)
    born = attempt(f"{name}.init_state", lambda: jax.eval_shape(agent.init_state, key))
    begun = attempt(f"{name}.begin_episode", lambda: jax.eval_shape(agent.begin_episode, born))
    state, output = attempt(f"{name}.step", lambda: jax.eval_shape(agent.step, begun, percept, key))
    ended = attempt(f"{name}.end_episode", lambda: jax.eval_shape(agent.end_episode, state, percept, key))
    for method, other in (("begin_episode", begun), ("step", state), ("end_episode", ended)):
        same = jax.tree.structure(other) == jax.tree.structure(born) and all(
            (a.shape, a.dtype) == (b.shape, b.dtype)
            for a, b in zip(jax.tree.leaves(other), jax.tree.leaves(born), strict=True)
        )
        check(same, f"{name}.{method} returns a state of another form than {name}.init_state; keep one form.")
    if not isinstance(output, Output):
        raise UserError(f"{name}.step returns a {type(output).__name__} second, but it must be an Output.")
    for field, shape, kind in (("action", (), "i"), ("logits", (task.actions,), "f"), ("value", (), "f")):
        given = getattr(output, field)
        if given.shape != shape or given.dtype.kind != kind:
            raise UserError(
                f"{name}.step gives {field} of shape {given.shape} and type {given.dtype}, but it must be {shape} "
                f"and {'a whole number' if kind == 'i' else 'float32'}."
            )
    check(
        output.units.ndim == 1,
        f"{name}.step gives units of shape {output.units.shape}, but it must be a vector.",
    )


def check_trace(name: str, trace: Trace, actions: int) -> None:
    for path, leaf in jax.tree_util.tree_leaves_with_path(trace.output):
        values = np.asarray(leaf)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            where = int((~np.isfinite(values)).reshape(len(values), -1).any(axis=1).argmax())
            raise UserError(
                f"{name} gives an output{jax.tree_util.keystr(path)} that is not finite at step {where}."
            )
    action = np.asarray(trace.output.action)
    outside = action[(action < 0) | (action >= actions)]
    if outside.size:
        raise UserError(f"{name} takes action {outside[0]}, but the task has actions 0 to {actions - 1}.")
    log_p = np.asarray(jax.nn.log_softmax(trace.output.logits, axis=-1))
    taken = np.take_along_axis(log_p, action[..., None], -1)
    check(
        bool((taken > LEAST_LOG_P).all()),
        f"{name} takes actions that its own logits all but exclude (log probability {taken.min():.0f}); give the "
        "logits by which the action is drawn.",
    )


def fed(agent: Agent, state: PyTree, percepts: Percept, key: Key[Array, ""]) -> tuple[PyTree, Output]:
    """State after, and outputs in, an episode of `percepts` `[time ...]`."""
    keys = jax.random.split(key, percepts.time.shape[0])

    def step(state, now):
        return agent.step(state, *now)

    state, outputs = jax.lax.scan(step, agent.begin_episode(state), (percepts, keys))
    # What the last action led to does not matter here: the last percept stands in for it.
    return agent.end_episode(state, jax.tree.map(lambda x: x[-1], percepts), key), outputs


fed_lanes = quick_jit(jax.vmap(fed, in_axes=(None, 0, 0, None)))


def compare(what: str, one: Output, other: Output) -> None:
    for field in ("logits", "value"):
        a, b = np.asarray(getattr(one, field)), np.asarray(getattr(other, field))
        if not np.allclose(a, b, TOLERANCE, TOLERANCE):
            raise UserError(
                f"{what}: {field} differ by {np.abs(a - b).max():.3g} on the same percepts and keys."
            )


def check_programs(agent: Agent, name: str, percepts: Percept, key: Key[Array, ""], forgets: bool) -> None:
    """Lanes and compiled against alone and not; then, in the same lanes, a second and a third episode."""
    born = agent.init_state(key)
    lanes = jax.tree.map(lambda x: jnp.broadcast_to(x, (LANES, *x.shape)), born)
    met = jax.device_put(percepts)
    state, fresh = fed_lanes(agent, lanes, met, key)

    keys = jax.random.split(key, percepts.time.shape[1])
    logits, value = np.asarray(fresh.logits), np.asarray(fresh.value)
    alone = agent.begin_episode(born)
    for step in range(min(UNCOMPILED_STEPS, len(keys))):
        percept = jax.device_put(jax.tree.map(lambda x, i=step: x[0, i], percepts))
        alone, output = agent.step(alone, percept, keys[step])
        compare(
            f"{name} alone (not compiled) and in lanes (compiled) gives different outputs at step {step}",
            output,
            fresh._replace(logits=logits[0, step], value=value[0, step]),
        )
    if forgets:
        others = jax.tree.map(lambda x: np.roll(x, 1, axis=0), percepts)
        state, _ = fed_lanes(agent, state, jax.device_put(others), key)
        _, again = fed_lanes(agent, state, met, key)
        compare(
            f"{name} does not forget at the start of an episode (if it is not meant to, say forgets=False)",
            fresh,
            again,
        )
