"""The fastest loop: agent and world, step by step, in lanes.

It owns the episode boundaries: an episode's last reward reaches the agent (`end_episode`), then the lane gets a
new problem and a fresh start in the same step, so no step is wasted and none crosses a boundary. What lanes share, a
memory, is read by all of them and written between their steps (`settle`).
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Key, PyTree

from fastslow.agents.agent import Agent
from fastslow.loop import Loop
from fastslow.tasks.task import Task
from fastslow.timestep import Percept, TimeStep, Trace


class Lane(NamedTuple):
    """All that one lane carries from step to step."""

    task_state: PyTree
    agent_state: PyTree
    percept: Percept


def first_percept(timestep: TimeStep) -> Percept:
    """How an episode's opening looks to an agent: no last action (-1), no last reward (0)."""
    nothing = jnp.float32(0)
    return Percept(timestep.observation, jnp.int32(-1), nothing, jnp.bool_(True), jnp.int32(0), nothing)


def next_percept(percept: Percept, action: Array, timestep: TimeStep) -> Percept:
    """How the outcome of `action` looks to an agent."""
    time = percept.time + 1
    return Percept(timestep.observation, action, timestep.reward, jnp.bool_(False), time, jnp.float32(0))


def begin(task: Task, agent: Agent, agent_state: PyTree, key: Key[Array, ""]) -> Lane:
    """A lane at the start of an episode on a newly sampled problem."""
    sample_key, start_key = jax.random.split(key)
    task_state, timestep = task.start(task.sample(sample_key), start_key)
    return Lane(task_state, agent.begin_episode(agent_state), first_percept(timestep))


def interaction(agent: Agent, task: Task, lanes: int) -> Loop:
    """The loop whose state is a batch of lanes and whose step returns a `Trace` of `[lane ...]` arrays."""
    axes = Lane(0, agent.state_axes, 0)

    def init(key: Key[Array, ""]) -> Lane:
        def birth(key: Key[Array, ""]) -> Lane:
            birth_key, begin_key = jax.random.split(key)
            return begin(task, agent, agent.init_state(birth_key), begin_key)

        return jax.vmap(birth, out_axes=axes)(jax.random.split(key, lanes))

    def act(lane: Lane, key: Key[Array, ""]) -> tuple[Lane, Trace]:
        agent_key, task_key = jax.random.split(key)
        agent_state, output = agent.step(lane.agent_state, lane.percept, agent_key)
        task_state, timestep = task.step(lane.task_state, output.action, task_key)
        percept = next_percept(lane.percept, output.action, timestep)
        trace = Trace(lane.percept, output, timestep.reward, timestep.discount, timestep.last, timestep.trial)
        return Lane(task_state, agent_state, percept), trace

    def renew(lane: Lane, ended: Array, key: Key[Array, ""]) -> Lane:
        end_key, begin_key = jax.random.split(key)
        agent_state = agent.end_episode(lane.agent_state, lane.percept, end_key)
        fresh = begin(task, agent, agent_state, begin_key)
        return jax.tree.map(lambda new, old: jnp.where(ended, new, old), fresh, lane)

    def step(batch: Lane, key: Key[Array, ""]) -> tuple[Lane, Trace]:
        act_key, renew_key = jax.random.split(key)
        batch, trace = jax.vmap(act, (axes, 0), (axes, 0))(batch, jax.random.split(act_key, lanes))
        # What is shared stays out of the choice, so that it is never copied.
        own, shared = eqx.partition(batch, is_own(axes, batch))

        def renewed(own: Lane) -> Lane:
            keys = jax.random.split(renew_key, lanes)
            fresh = jax.vmap(renew, (axes, 0, 0))(eqx.combine(own, shared), trace.last, keys)
            return eqx.filter(fresh, is_own(axes, fresh))

        own = jax.lax.cond(trace.last.any(), renewed, lambda own: own, own)
        batch = eqx.combine(own, shared)
        return batch._replace(agent_state=agent.settle(batch.agent_state)), trace

    return Loop(init, step)


def is_own(axes: PyTree, batch: PyTree) -> PyTree:
    """For each leaf of `batch`, whether it is a lane's own by the prefix `axes`."""

    def each(axis: int | None, part: PyTree) -> PyTree:
        return jax.tree.map(lambda _: axis is not None, part)

    return jax.tree.map(each, axes, batch, is_leaf=lambda axis: axis is None)
