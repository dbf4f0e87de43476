"""Neural episodic control: the embedding is learned slowly, through the values that the memory gives it.

Pritzel et al. 2017, Algorithm 1: on transitions drawn from replay, descend (Q(s, a) - Q^(N)(s, a))^2, where Q is
read from the dictionary of a and Q^(N) are N rewards and then what the agent expected when it was there. The memory
itself is written by the agent, as soon as N rewards are known (in the paper: at the end of the episode). There is no
target network.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from fastslow.agents.episodic_value import EpisodicValue
from fastslow.errors import check
from fastslow.loop import Loop
from fastslow.memory import dictionary, replay
from fastslow.memory.dictionary import Recalled
from fastslow.memory.replay import Batch, Replay
from fastslow.rules.returns import prediction_errors
from fastslow.tasks.task import Task, check_range
from fastslow.training.fit import fitting
from fastslow.training.replayed import Lesson, ReplayConfig, ReplayState, learn_from_replay


@dataclass(frozen=True)
class NeuralEpisodicConfig(ReplayConfig):
    """Settings of one training run; `gamma` and `horizon` are to be the agent's."""

    horizon: int = 100
    """N (Pritzel 2017: 100)."""
    last_epsilon: float = 0.001
    """Probability of a uniform action in the end."""
    memory_rate: float = 0.0
    """Step size for the keys and values that were read (Pritzel 2017: below alpha; 0: they are written only)."""

    leave_out: bool = False
    """What is stored of the very state that was drawn is left out of its value, which the others among its neighbours
    give, as in neighbourhood components analysis (Goldberger et al. 2004; Pritzel 2017: read like any other). A state
    that came only once would, while it is stored, answer almost alone, with its own return: little error is left."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("memory_rate", self.memory_rate, 0, 1e6)


class Entries(NamedTuple):
    """What the memory gave for each transition."""

    found: Recalled
    index: Int[Array, "batch neighbour"]


def neural_episodic(
    task: Task, make_agent: Callable[[Task, Key[Array, ""]], EpisodicValue], config: NeuralEpisodicConfig
) -> Loop:
    """The loop over rounds (`replayed.learn_from_replay`)."""
    rules = fitting(make_agent, task, "neural_episodic", "values", "nec").config
    frames = rules.frames
    for name in ("gamma", "horizon"):
        mine, stored = getattr(config, name), getattr(rules, name)
        check(
            mine == stored,
            f"The trainer's {name} is {mine}, but the agent stores returns with {name} {stored}, which its embedding "
            "would learn to contradict; make them the same.",
        )
    check(
        rules.bootstrap,
        "The trainer 'neural_episodic' learns returns that go on with what the agent expected, but this agent stores "
        "them without (bootstrap is False); take nec, or set bootstrap.",
    )
    check(
        not config.leave_out or min(rules.neighbours or rules.capacity, rules.capacity) > 1,
        "leave_out takes a state's own entry away, and leaves nothing: give neighbours and capacity of 2 or more.",
    )

    def draw(kept: Replay, key: Key[Array, ""]) -> Batch:
        return replay.draw_uniformly(kept, key, config.batch, config.horizon, config.gamma, frames)

    def recall(agent: EpisodicValue, state: ReplayState, batch: Batch) -> Entries:
        memory = state.lanes.agent_state.dictionaries
        index = agent.neighbours(memory, batch.observation, batch.action)
        if config.leave_out:
            index = agent.without_own(memory, index, batch.observation, batch.action)
        found = jax.vmap(lambda index, action: dictionary.recall(memory, index, (action,)))(
            index, batch.action
        )
        return Entries(found, index)

    def loss_of(
        learning: tuple[EpisodicValue, Entries], state: ReplayState, batch: Batch
    ) -> tuple[Float[Array, ""], Float[Array, " batch"]]:
        agent, entries = learning
        q = agent.values(entries.found, entries.index >= 0, batch.observation)
        delta = prediction_errors(batch.reward, batch.discount, q, batch.value)
        # Of an episode that was cut off nobody knows what was to follow.
        return ((1.0 - batch.cut) * delta**2).mean(), jnp.ones_like(delta)

    def revise(state: ReplayState, batch: Batch, entries: Entries, gradient: Entries) -> ReplayState:
        if not config.memory_rate:
            return state
        change = jax.tree.map(lambda slope: -config.memory_rate * slope, gradient.found)
        held = state.lanes.agent_state
        memory = dictionary.revise(held.dictionaries, entries.index, change, (batch.action[:, None],))
        held = held._replace(dictionaries=memory)
        return state._replace(lanes=state.lanes._replace(agent_state=held))

    return learn_from_replay(task, make_agent, config, Lesson(draw, loss_of, recall, revise), frames=frames)
