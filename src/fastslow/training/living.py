"""Nothing is learned slowly: the agent lives, and what it learns it learns in its state.

For agents such as model-free episodic control, so that their lives are run, watched, kept and compared like trainings.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from fastslow.agents.agent import Agent
from fastslow.agents.interaction import Lane, interaction
from fastslow.loop import Loop, run
from fastslow.tasks.task import Task, check_count
from fastslow.timestep import Trace
from fastslow.training.rollout import resume_of


@dataclass(frozen=True)
class LivingConfig:
    """How long, and how many side by side."""

    updates: int = 1000
    """Rounds of `unroll` steps; each is a line of the curve."""
    lanes: int = 4
    """Environments stepped side by side."""
    unroll: int = 25
    """Steps of each lane in a round."""

    def __post_init__(self) -> None:
        for name in ("updates", "lanes", "unroll"):
            check_count(name, getattr(self, name), 1)


class LivingState(NamedTuple):
    """All there is of a life."""

    agent: Agent
    lanes: Lane


def living(task: Task, make_agent: Callable[[Task, Key[Array, ""]], Agent], config: LivingConfig) -> Loop:
    """The loop over rounds; its output is a dict of scalar metrics (`told_of`)."""

    def init(key: Key[Array, ""]) -> LivingState:
        birth_key, lanes_key = jax.random.split(key)
        agent = make_agent(task, birth_key)
        return LivingState(agent, interaction(agent, task, config.lanes).init(lanes_key))

    live = living_of(task, config)

    def step(state: LivingState, key: Key[Array, ""]) -> tuple[LivingState, dict[str, Array]]:
        lanes, told = live(state.agent, state.lanes, key)
        return LivingState(state.agent, lanes), told

    def watched(state: LivingState) -> LivingState:
        lanes = state.lanes._replace(agent_state=state.agent.watched(state.lanes.agent_state))
        return state._replace(lanes=lanes)

    return Loop(init, step, resume_of(task, config.lanes), watched)


def living_of(
    task: Task, config: LivingConfig
) -> Callable[[Agent, Lane, Key[Array, ""]], tuple[Lane, dict[str, Array]]]:
    """A round of life: `(agent, lanes, key) -> (lanes, metrics)`."""

    def live(agent: Agent, lanes: Lane, key: Key[Array, ""]) -> tuple[Lane, dict[str, Array]]:
        loop = interaction(agent, task, config.lanes)
        stepped = Loop(loop.init, lambda lanes, key: seen_of(*loop.step(lanes, key)))
        lanes, lived = run(stepped, key, config.unroll, lanes)
        return lanes, told_of(lived)

    return live


def seen_of(lanes: Lane, trace: Trace) -> tuple[Lane, dict[str, Array]]:
    return lanes, short(trace)


def short(trace: Trace) -> dict[str, Array]:
    """What of a trace goes into the curve; the rest need not be kept."""
    return {
        "ended": trace.trial["trial_end"],
        "reward": trace.reward,
        "value": trace.output.value,
        "score": trace.trial.get("score", jnp.zeros_like(trace.reward)),
    }


def told_of(lived: dict[str, Array]) -> dict[str, Float[Array, ""]]:
    """Metrics of a round: mean reward and value of a step, `episodes` (games) that ended, the sum of their scores."""
    ended = lived["ended"].astype(jnp.float32)
    return {
        "reward": lived["reward"].mean(),
        "value": lived["value"].mean(),
        "episodes": ended.sum(),
        "score": (lived["score"] * ended).sum(),
    }
