"""What every actor-critic learner does with a stretch of lived experience before it learns from it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, PyTree

from fastslow.agents.agent import Agent
from fastslow.agents.interaction import Lane, interaction
from fastslow.rules import returns
from fastslow.tasks.task import Task
from fastslow.timestep import Trace


class TrainState(NamedTuple):
    """All there is of a training run; what is not in it does not exist."""

    agent: Agent
    optimizer: PyTree
    lanes: Lane
    update: Int[Array, ""]


def trained_of(state: Any) -> Agent:
    """The agent of a training run's state, born with what its `lanes` share, where the state has them."""
    lanes = getattr(state, "lanes", None)
    return state.agent if lanes is None else state.agent.remembering(lanes.agent_state)


def resume_of(task: Task, lanes: int) -> Callable[[Any, Key[Array, ""]], Any] | None:
    """`Loop.resume` of a training run whose state has an `agent` and its `lanes`."""
    if not task.worlds(lanes).outside:
        return None

    def resume(state: Any, key: Key[Array, ""]) -> Any:
        return state._replace(lanes=interaction(state.agent, task, lanes).resume(state.lanes, key))

    return resume


def bootstrap_values(agent: Agent, lanes: Lane, key: Key[Array, ""]) -> Float[Array, " lane"]:
    """V of the percepts that follow the stretch (a discount of 0 cuts it off where an episode has ended)."""
    keys = jax.random.split(key, lanes.percept.time.shape[0])
    return jax.vmap(agent.step)(lanes.agent_state, lanes.percept, keys)[1].value


def return_targets(
    trace: Trace, bootstrap: Float[Array, " lane"], gamma: float, lambda_: float
) -> Float[Array, "time lane"]:
    """R_t of every step, from the values that the agent had when it acted."""
    after = jnp.concatenate([trace.output.value[1:], bootstrap[None]])
    over_lanes = jax.vmap(returns.lambda_returns, in_axes=(1, 1, 1, None), out_axes=1)
    return over_lanes(trace.reward, gamma * trace.discount, after, lambda_)


def trial_metrics(trace: Trace) -> dict[str, Array]:
    """What people judge learning by, per trial: reward and, where the task tells them, regret and correctness."""
    ended = trace.trial["trial_end"].astype(jnp.float32)
    trials = jnp.maximum(ended.sum(), 1)
    told = {name: trace.trial[name] * ended for name in ("correct", "regret") if name in trace.trial}
    return {name: values.sum() / trials for name, values in ({"reward": trace.reward} | told).items()}
