"""Deep Q-learning, with the improvements that Rainbow put together, each a switch.

Mnih et al. 2015; double (van Hasselt et al. 2016), prioritised replay (Schaul et al. 2016), n steps (Sutton 1988),
dueling streams (Wang, Schaul et al. 2016) and distributions of returns (Bellemare et al. 2017), after Hessel et al.
2018. The last two are the network's (agents.q_network).

Departure from Rainbow: epsilon-greedy exploration in place of noisy networks.
"""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from fastslow.agents.q_network import QNetwork
from fastslow.loop import Loop
from fastslow.memory import replay
from fastslow.memory.replay import Batch, Replay
from fastslow.rules.q_learning import cross_entropy, huber, projected, q_target
from fastslow.tasks.task import Task, check_count, check_range
from fastslow.training.fit import fitting
from fastslow.training.replayed import Lesson, ReplayConfig, ReplayState, learn_from_replay


@dataclass(frozen=True)
class QLearningConfig(ReplayConfig):
    """Settings of one training run."""

    target_period: int = 1000
    """Gradient steps after which the target network is renewed (Mnih 2015: 2,500)."""
    double: bool = False
    """The network that learns chooses the action that the target network values (van Hasselt 2016)."""
    prioritised: bool = False
    """Transitions of large error are drawn more often (Schaul 2016)."""
    alpha: float = 0.5
    """Power of the error in its priority (Schaul 2016: .6; Hessel 2018: .5)."""
    beta: float = 0.4
    """How far the loss is corrected for being drawn more often, at first; 1 in the end (Schaul 2016: .4)."""
    clip_reward: bool = False
    """Rewards count as no more than 1 either way while learning (Mnih 2015)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("target_period", self.target_period, 1)
        check_range("alpha", self.alpha, 0, 10)
        check_range("beta", self.beta, 0, 1)


SMALLEST = 1e-6
"""Added to every error, so that none is never drawn again (Schaul 2016)."""


def q_learning(
    task: Task, make_agent: Callable[[Task, Key[Array, ""]], QNetwork], config: QLearningConfig
) -> Loop:
    """The loop over rounds (`replayed.learn_from_replay`)."""
    frames = fitting(make_agent, task, "q_learning", "logits", "dqn").config.frames
    planned = config.updates * config.unroll * config.lanes

    def draw(kept: Replay, key: Key[Array, ""]) -> Batch:
        if config.clip_reward:
            kept = kept._replace(reward=jnp.clip(kept.reward, -1, 1))
        by = replay.draw_by_priority if config.prioritised else replay.draw_uniformly
        return by(kept, key, config.batch, config.horizon, config.gamma, frames)

    def loss_of(
        learning: tuple[QNetwork, tuple[()]], state: ReplayState, batch: Batch
    ) -> tuple[Float[Array, ""], Float[Array, " batch"]]:
        agent, _ = learning
        loss = jax.vmap(lambda *one: of_one(agent, state.target, *one))(
            batch.observation, batch.action, batch.reward, batch.discount, batch.following
        )
        weight = 1.0 - batch.cut
        if config.prioritised:
            count = replay.drawable(state.replay, config.horizon, frames)[1] * config.lanes
            beta = config.beta + (1 - config.beta) * jnp.clip(state.steps / planned, 0, 1)
            weight = weight * replay.importance(batch, count, beta)
        # What was cut off teaches nothing, however far off its target, which says that nothing followed.
        error = jnp.where(batch.cut, 0.0, loss[1])
        return (weight * loss[0]).mean(), (error + SMALLEST) ** config.alpha

    def of_one(
        agent: QNetwork,
        target: QNetwork,
        seen: Array,
        action: Array,
        reward: Array,
        discount: Array,
        following: Array,
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """Loss and size of the error of one transition."""
        later = target.logits(following)
        q_next = target.means(later)
        chosen = (agent.means(agent.logits(following)) if config.double else q_next).argmax()
        mine = agent.logits(seen)[action]
        if agent.config.atoms == 1:
            delta = jax.lax.stop_gradient(q_target(reward, discount, q_next, chosen)) - mine[0]
            return huber(delta), jnp.abs(delta)
        goal = projected(reward, discount, agent.support, jax.nn.softmax(later[chosen]))
        loss = cross_entropy(goal, mine)
        return loss, loss

    return learn_from_replay(task, make_agent, config, Lesson(draw, loss_of), config.target_period, frames)


@dataclass(frozen=True)
class DataEfficientConfig(QLearningConfig):
    """Rainbow's learning as van Hasselt et al. 2019 set it for little experience (appendix, data-efficient Rainbow)."""

    lanes: int = 1
    unroll: int = 100
    learn_from: int = 1600
    horizon: int = 20
    epsilon_steps: int = 5000
    learning_rate: float = 1e-4
    target_period: int = 2000
    double: bool = True
    prioritised: bool = True


def data_efficient(
    task: Task, make_agent: Callable[[Task, Key[Array, ""]], QNetwork], config: DataEfficientConfig
) -> Loop:
    """Data-efficient Rainbow: a gradient step after every step, on returns of 20 steps (van Hasselt et al. 2019)."""
    return q_learning(task, make_agent, config)
