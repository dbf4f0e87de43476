"""Neural episodic control: the embedding is learned slowly, through the values that the memory gives it.

Pritzel et al. 2017, Algorithm 1: on transitions drawn from replay, descend (Q(s, a) - Q^(N)(s, a))^2, where Q is
read from the dictionary of a and Q^(N) are N rewards and then what the agent expected when it was there. The memory
itself is written by the agent, at the end of each episode. There is no target network.
"""

from collections.abc import Callable
from dataclasses import dataclass

import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from fastslow.agents.episodic_value import EpisodicValue
from fastslow.loop import Loop
from fastslow.memory import replay
from fastslow.memory.replay import Batch, Replay
from fastslow.tasks.task import Task
from fastslow.training.replayed import ReplayConfig, ReplayState, learn_from_replay


@dataclass(frozen=True)
class NeuralEpisodicConfig(ReplayConfig):
    """Settings of one training run; `gamma` and `horizon` should be the agent's."""

    horizon: int = 100
    """N (Pritzel 2017: 100)."""
    last_epsilon: float = 0.001
    """Probability of a uniform action in the end."""


def neural_episodic(
    task: Task, make_agent: Callable[[Task, Key[Array, ""]], EpisodicValue], config: NeuralEpisodicConfig
) -> Loop:
    """The loop over rounds (`replayed.learn_from_replay`)."""

    def draw(kept: Replay, key: Key[Array, ""]) -> Batch:
        return replay.draw_uniformly(kept, key, config.batch, config.horizon, config.gamma)

    def lesson(
        agent: EpisodicValue, state: ReplayState, batch: Batch
    ) -> tuple[Float[Array, ""], Float[Array, " batch"]]:
        q = agent.values(state.lanes.agent_state, batch.observation, batch.action)
        delta = batch.reward + batch.discount * batch.value - q
        return (delta**2).mean(), jnp.ones_like(delta)

    return learn_from_replay(task, make_agent, config, lesson, draw)
