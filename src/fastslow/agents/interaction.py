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
from fastslow.tasks.worlds import where_lane
from fastslow.timestep import Percept, TimeStep, Trace


class Lane(NamedTuple):
    """All that one lane carries from step to step."""

    task_state: PyTree
    """As the worlds like (`tasks.worlds`); a task's, lane by lane."""
    agent_state: PyTree
    percept: Percept


def first_percept(timestep: TimeStep) -> Percept:
    """How an episode's opening looks to an agent: no last action (-1), no last reward (0)."""
    nothing = jnp.float32(0)
    never = jnp.int32(-1)
    return Percept(timestep.observation, never, nothing, jnp.bool_(True), jnp.int32(0), nothing, timestep.cue)


def next_percept(percept: Percept, action: Array, timestep: TimeStep) -> Percept:
    """How the outcome of `action` looks to an agent."""
    time = percept.time + 1
    calm = jnp.float32(0)
    return Percept(timestep.observation, action, timestep.reward, jnp.bool_(False), time, calm, timestep.cue)


def interaction(agent: Agent, task: Task, lanes: int, once: bool = False) -> Loop:
    """The loop whose state is a batch of lanes and whose step returns a `Trace` of `[lane ...]` arrays.

    **Arguments**: `once` nobody looks at a lane after its first episode. What it does then means nothing, and lanes
    that share nothing are spared the next one, which compiles faster.
    """
    axes, worlds = Lane(0, agent.state_axes, 0), task.worlds(lanes)
    own_or_shared = axes.agent_state
    goes_on = not once or worlds.outside or shares(agent)

    def two_keys(key: Key[Array, ""]) -> tuple[Key[Array, " lane"], Key[Array, " lane"]]:
        pairs = jax.vmap(jax.random.split)(jax.random.split(key, lanes))
        return pairs[:, 0], pairs[:, 1]

    def init(key: Key[Array, ""]) -> Lane:
        birth_keys, begin_keys = two_keys(key)

        def birth(key: Key[Array, ""]) -> PyTree:
            return agent.begin_episode(agent.init_state(key))

        agent_state = jax.vmap(birth, out_axes=own_or_shared)(birth_keys)
        task_state, timestep = worlds.start(begin_keys)
        return Lane(task_state, agent_state, jax.vmap(first_percept)(timestep))

    def act(batch: Lane, key: Key[Array, ""]) -> tuple[Lane, Trace]:
        agent_keys, task_keys = two_keys(key)
        each = jax.vmap(agent.step, (own_or_shared, 0, 0), (own_or_shared, 0))
        agent_state, output = each(batch.agent_state, batch.percept, agent_keys)
        task_state, timestep = worlds.step(batch.task_state, output.action, task_keys)
        percept = jax.vmap(next_percept)(batch.percept, output.action, timestep)
        trace = Trace(
            batch.percept, output, timestep.reward, timestep.discount, timestep.last, timestep.trial
        )
        return Lane(task_state, agent_state, percept), trace

    def renew(batch: Lane, ended: Array, key: Key[Array, ""], anew: bool = False) -> Lane:
        """What lanes share is left out of what is returned."""
        end_keys, begin_keys = two_keys(key)

        def turn(state: PyTree, percept: Percept, ended: Array, key: Key[Array, ""]) -> PyTree:
            fresh = agent.begin_episode(agent.end_episode(state, percept, key))
            # What the turn leaves as it is stays out of the choice, so that it is not copied either.
            return jax.tree.map(
                lambda new, old: old if new is old else jnp.where(ended, new, old), fresh, state
            )

        each = jax.vmap(turn, (own_or_shared, 0, 0, 0))
        agent_state = each(batch.agent_state, batch.percept, ended, end_keys)
        task_state, timestep = (
            worlds.start(begin_keys) if anew else worlds.renew(batch.task_state, ended, begin_keys)
        )
        percept = where_lane(ended, jax.vmap(first_percept)(timestep), batch.percept)
        fresh = Lane(task_state, agent_state, percept)
        return eqx.filter(fresh, is_own(axes, fresh))

    def settled(own: Lane, shared: Lane) -> Lane:
        batch = eqx.combine(own, shared)
        return batch._replace(agent_state=agent.settle(batch.agent_state))

    def step(batch: Lane, key: Key[Array, ""]) -> tuple[Lane, Trace]:
        act_key, renew_key = jax.random.split(key)
        batch, trace = act(batch, act_key)
        # What is shared stays out of the choice, so that it is never copied.
        own, shared = eqx.partition(batch, is_own(axes, batch))

        def renewed(own: Lane) -> Lane:
            return renew(eqx.combine(own, shared), trace.last, renew_key)

        if goes_on:
            own = jax.lax.cond(trace.last.any(), renewed, lambda own: own, own)
        return settled(own, shared), trace

    def resume(batch: Lane, key: Key[Array, ""]) -> Lane:
        """Episodes are cut off where they were saved, and begun in new worlds."""
        shared = eqx.filter(batch, is_own(axes, batch), inverse=True)
        return settled(renew(batch, jnp.ones(lanes, bool), key, anew=True), shared)

    return Loop(init, step, resume if worlds.outside else None)


def shares(agent: Agent) -> bool:
    """Whether its lanes share anything."""
    return any(axis is None for axis in parts_of(agent.state_axes))


def parts_of(axes: PyTree) -> list[int | None]:
    """The axis of every part that a prefix names."""
    return jax.tree.leaves(axes, is_leaf=lambda axis: axis is None)


def is_own(axes: PyTree, batch: PyTree) -> PyTree:
    """For each leaf of `batch`, whether it is a lane's own by the prefix `axes`."""

    def each(axis: int | None, part: PyTree) -> PyTree:
        return jax.tree.map(lambda _: axis is not None, part)

    return jax.tree.map(each, axes, batch, is_leaf=lambda axis: axis is None)
