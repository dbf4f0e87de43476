"""Records of agents that remember: one life per subject, one episode after the other.

`records.collect` lets every episode begin at birth, side by side, which is right for agents that forget between
episodes. Here what an agent stored in one episode is there in the next.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, Key, PyTree

from fastslow import __version__
from fastslow.agents.agent import Agent
from fastslow.agents.interaction import interaction
from fastslow.errors import check
from fastslow.loop import run
from fastslow.records.collect import own_variables
from fastslow.records.record import columns_of, from_trials
from fastslow.tasks.task import Task


def lifetime(
    agent: Agent,
    task: Task,
    key: Key[Array, ""],
    subjects: int,
    episodes: int,
    attrs: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """Let `subjects` copies of an agent live `episodes` episodes each, one after the other.

    **Returns** a record with the task's trial variables.
    """
    for name, count in (("subjects", subjects), ("episodes", episodes)):
        check(count > 0, f"{name} is {count}, but at least 1 is needed.")
    rows = live_on(agent, task, key, subjects, episodes * task.episode_steps)
    columns = {name: np.asarray(values) for name, values in rows.items()}
    last, ends = columns.pop("last"), columns.pop("trial_end")
    episode = np.cumsum(last, axis=0) - last
    kept = ends & (episode < episodes)
    # Subject by subject, each in the order of its life.
    subject, step = np.nonzero(kept.T)
    table = {"subject": [f"seed {i}" for i in subject], "episode": episode[step, subject]}
    for name, values in columns.items():
        table |= columns_of(name, values[step, subject])
    provenance = {"task": type(task).__name__, "fastslow": __version__, "variables": own_variables(task)}
    return from_trials(pd.DataFrame(table), provenance | dict(attrs or {}))


@eqx.filter_jit
def live_on(agent: Agent, task: Task, key: Key[Array, ""], subjects: int, steps: int) -> dict[str, PyTree]:
    """The trial variables, and `last`, as `[time subject ...]` arrays."""

    def live(key: Key[Array, ""]) -> dict[str, PyTree]:
        # One lane each: what lanes share, subjects do not.
        trace = run(interaction(agent, task, 1), key, steps)[1]
        return jax.tree.map(lambda x: x[:, 0], {**trace.trial, "last": trace.last})

    keys = jax.random.split(key, subjects)
    if task.worlds(1).outside:  # what is not JAX's does not vmap
        return jax.tree.map(lambda x: jnp.moveaxis(x, 0, 1), jax.lax.map(live, keys))
    return jax.vmap(live, out_axes=1)(keys)
