"""Records of agents: weights frozen, one episode per lane, every trial kept.

What comes out has the same form as a rat's or a person's record.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Key, PyTree

from fastslow import __version__
from fastslow.agents.agent import Agent
from fastslow.agents.interaction import interaction, shares
from fastslow.errors import check, nearest
from fastslow.loop import run
from fastslow.records.record import from_arrays
from fastslow.records.schema import PADDING, SCHEMA
from fastslow.tasks.task import Task
from fastslow.timestep import Trace

NOT_COLUMNS = ("trial", "trial_end")
STEPPED = ("trial", "reward", "value")
"""What every record holds by step in its own way."""


def collect(
    agents: Sequence[Agent],
    task: Task,
    key: Key[Array, ""],
    episodes: int,
    subjects: Sequence[str] | None = None,
    gamma: float = 0.0,
    units: bool = False,
    attrs: Mapping[str, Any] | None = None,
    observations: bool = False,
    keep: Sequence[str] = (),
    signals: Sequence[str] = (),
) -> xr.Dataset:
    """Let each agent, as one subject, live `episodes` episodes of `task`, each from birth.

    Of an agent that was trained the memory, if it has one, is inborn (`Agent.remembering`); what it stores in one
    episode is not there in another. One life of many episodes: `records.lifetime`.

    **Arguments**: `subjects` their names ("seed 0", ... by default); `gamma` the discount with which reward-
    prediction errors are formed; `units` keep the activity of every unit (`hidden`: subject, episode, time, unit);
    `observations` keep what was seen before each action, flattened (`observation`: subject, episode, time, feature);
    `keep` names trial variables that are kept at every step too, as `step_NAME` (where an agent was, step by step);
    `signals` names the agent's own (`Output.probes`: how far a gate was open, what was recalled), kept at every step as
    `step_NAME`, and in the trial table as they were at the choice that completed the trial.

    **Returns** a record with the task's trial variables, and by time step: `step_trial`, the trial in progress (its
    place along the record's trial axis), `step_reward`, `step_value` V(o_t), `step_rpe` r_{t+1} + gamma V(o_{t+1}) -
    V(o_t). Steps after an episode's end are not there (NaN; `step_trial` -1). What was so at the first, second, ...
    step of every trial: `records.activity.at_step`. Where the task says how many trials an episode is to have
    (`scheduled_trials`), those that it never came to are there, missed.
    """
    check(episodes > 0, f"episodes is {episodes}, but at least 1 is needed.")
    known = [variable.name for variable in task.trial_variables if variable.name not in STEPPED]
    for name in keep:
        check(name in known, f"The task has no trial variable '{name}' to keep by step{nearest(name, known)}")
    check(len(agents) > 0, "There are no agents to collect behaviour from.")
    names = [f"seed {i}" for i in range(len(agents))] if subjects is None else list(subjects)
    keys = [jax.random.fold_in(key, i) for i in range(len(agents))]
    lived = [
        _to_arrays(
            live(agent, task, key, episodes, units, observations, tuple(signals)),
            gamma,
            task.scheduled_trials,
            keep,
        )
        for agent, key in zip(agents, keys, strict=True)
    ]
    trials = {name: _stack([one[0][name] for one in lived]) for name in lived[0][0]}
    steps = {name: np.stack([one[1][name] for one in lived]) for name in lived[0][1]}
    provenance = {"task": type(task).__name__, "fastslow": __version__, "variables": own_variables(task)}
    return from_arrays(trials, names, provenance | dict(attrs or {}), steps)


def own_variables(task: Task) -> dict[str, dict[str, str]]:
    """What the task says of its trial variables that the schema does not know, so that a file can say it too."""
    own = [one for one in task.trial_variables if one.name not in (*SCHEMA, *NOT_COLUMNS)]
    return {one.name: {"meaning": one.meaning, "levels": one.levels, "unit": one.unit} for one in own}


@eqx.filter_jit
def live(
    agent: Agent,
    task: Task,
    key: Key[Array, ""],
    episodes: int,
    units: bool,
    observations: bool = False,
    signals: tuple[str, ...] = (),
) -> dict[str, PyTree]:
    """One episode per lane, as `[time episode ...]` arrays."""

    def lived(key: Key[Array, ""], lanes: int) -> dict[str, PyTree]:
        _, trace = run(interaction(agent, task, lanes, once=True), key, task.episode_steps)
        return kept_of(trace, task, units, observations, signals)

    if not shares(agent):
        return lived(key, episodes)
    # One after the other: what is stored in one episode is not to be known in the next.
    alone = jax.lax.map(lambda key: lived(key, 1), jax.random.split(key, episodes))
    return jax.tree.map(lambda x: jnp.moveaxis(x[:, :, 0], 0, 1), alone)


def kept_of(
    trace: Trace, task: Task, units: bool, observations: bool, signals: tuple[str, ...]
) -> dict[str, PyTree]:
    """What of a trace goes into a record."""
    told, variables = trace.output.probes, [variable.name for variable in task.trial_variables]
    for name in signals:
        check(name in told, f"The agent has no signal '{name}'{nearest(name, told)}")
        check(name not in variables, f"The task has a trial variable '{name}' too; leave the signal out.")
    kept = {"signals": {name: told[name] for name in signals}}
    kept |= {"trial": trace.trial, "reward": trace.reward, "value": trace.output.value, "last": trace.last}
    if units:
        kept["hidden"] = trace.output.units
    if observations:
        seen = trace.percept.observation
        kept["observation"] = seen.reshape(*seen.shape[:2], -1)
    return kept


def trained_agents(agents: Agent, count: int) -> list[Agent]:
    """The members of a batch of agents whose arrays have a leading `seed` axis.

    They leave the devices that they were trained on side by side for the one where newborn agents are: a program that
    was compiled for the ones serves the others, and runs on one device and not, over and over, on all.
    """
    host = jax.device_get(agents)
    return [jax.device_put(jax.tree.map(lambda x, i=i: x[i], host)) for i in range(count)]


def _to_arrays(
    lived: dict[str, PyTree], gamma: float, scheduled: int, keep: Sequence[str]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Trial variables `[episode trial ...]` and step variables `[episode time ...]` of one subject."""
    host = jax.tree.map(lambda x: np.swapaxes(np.asarray(x), 0, 1), lived)
    last = host["last"]
    # Only a lane's first episode counts, whatever it does afterwards.
    alive = np.cumsum(last, axis=1) - last == 0
    blank = np.where(alive, 0.0, np.nan)
    value = host["value"]
    following = np.where(last, 0.0, np.concatenate([value[:, 1:], np.zeros_like(value[:, :1])], axis=1))
    steps = {
        "step_trial": _trial_in_progress(host["trial"]["trial_end"] & alive, alive),
        "step_reward": host["reward"] + blank,
        "step_value": value + blank,
        "step_rpe": host["reward"] + gamma * following - value + blank,
    }
    for name in ("hidden", "observation"):
        if name in host:
            steps[name] = host[name] + blank[..., None].astype(host[name].dtype)
    steps |= {f"step_{name}": host["trial"][name] + blank for name in keep}
    for name, values in host["signals"].items():
        steps[f"step_{name}"] = values + blank.reshape(*blank.shape, *(1,) * (values.ndim - 2))
    return _by_trial(host["trial"] | host["signals"], alive, scheduled), steps


def _trial_in_progress(ends: np.ndarray, alive: np.ndarray) -> np.ndarray:
    """Each step's trial, 0, 1, ... `[episode time]`; -1 after the episode and in a trial that it cut short."""
    rank = np.cumsum(ends, axis=1) - ends
    return np.where(alive & (rank < ends.sum(axis=1, keepdims=True)), rank, -1).astype(np.int32)


def _by_trial(variables: dict[str, np.ndarray], alive: np.ndarray, scheduled: int) -> dict[str, np.ndarray]:
    """Keep the steps at which trials end, in order; episodes with fewer trials are padded, `present` False.

    The first `scheduled` trials are there in every episode: those that it did not come to as missed ones, with
    action -1, reward 0, neither valid nor correct, and NaN (of whole numbers -1) in the columns that nobody knows.
    """
    ends = variables["trial_end"] & alive
    episode, step = np.nonzero(ends)
    rank = (np.cumsum(ends, axis=1) - 1)[episode, step]
    shape = (len(ends), max(int(ends.sum(1).max()), scheduled))
    done = np.zeros(shape, bool)
    done[episode, rank] = True
    present = done | (np.arange(shape[1]) < scheduled)
    columns = {"present": present}
    for name, values in variables.items():
        if name not in NOT_COLUMNS:
            columns[name] = np.zeros((*shape, *values.shape[2:]), values.dtype)
            columns[name][present & ~done] = 0 if name == "reward" else PADDING[values.dtype.kind]
            columns[name][episode, rank] = values[episode, step]
    columns["valid"] = columns.get("valid", done) & done
    return columns


def _stack(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Subjects along a new first axis, padded to the longest."""
    longest = max(array.shape[1] for array in arrays)
    padded = [np.pad(a, [(0, 0), (0, longest - a.shape[1])] + [(0, 0)] * (a.ndim - 2)) for a in arrays]
    return np.stack(padded)
