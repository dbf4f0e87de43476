"""Learning from replay: act a little, keep what happened, learn a little from what is drawn of it.

What every value learner with a replay shares (Mnih et al. 2015, Algorithm 1); the loss of what is drawn is the
lesson's: training.q_learning for deep Q-networks, training.neural_episodic for neural episodic control.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, Key, PyTree

from fastslow.agents.agent import Agent
from fastslow.agents.interaction import Lane, interaction
from fastslow.errors import check
from fastslow.loop import Loop, run
from fastslow.memory import replay
from fastslow.memory.replay import Batch, Replay
from fastslow.tasks.task import Task, check_count, check_range
from fastslow.training.living import short, told_of
from fastslow.training.rollout import resume_of


@dataclass(frozen=True)
class ReplayConfig:
    """How experience is had, kept and drawn."""

    updates: int = 1000
    """Rounds of `unroll` steps; each is a line of the training curve."""
    lanes: int = 4
    """Environments stepped side by side (Mnih 2015: 1)."""
    unroll: int = 25
    """Steps of each lane in a round."""
    act: int = 1
    """Steps of each lane between gradient steps; divides `unroll`."""
    passes: int = 1
    """Gradient steps each time (Mnih 2015: 1 every 4 steps)."""
    batch: int = 32
    """Transitions drawn for a gradient step (Mnih 2015: 32)."""
    slots: int = 100_000
    """Steps kept, of all lanes together (Mnih 2015: 1,000,000; Pritzel 2017: 100,000)."""
    learn_from: int = 1000
    """Steps, of all lanes together, before the first gradient step (Mnih 2015: 50,000)."""
    gamma: float = 0.99
    """Discount of future reward (Mnih 2015: .99)."""
    horizon: int = 1
    """n: steps after which the value of what is met stands for the rest."""
    first_epsilon: float = 1.0
    """Probability of a uniform action until learning begins (Mnih 2015: 1)."""
    last_epsilon: float = 0.01
    """And when it has fallen (Mnih 2015: .1)."""
    epsilon_steps: int = 10_000
    """Steps, of all lanes together, over which it falls linearly (Mnih 2015: 1,000,000)."""
    optimizer: Literal["adam", "rmsprop", "centred_rmsprop"] = "adam"
    """Optimiser (Pritzel 2017: RMSProp, decay .95, epsilon .01 within the root, as in public code; Mnih 2015: centred,
    its epsilon meant for losses that are summed over the batch)."""
    learning_rate: float = 1e-3
    """Step size (Mnih 2015: 2.5e-4)."""
    max_gradient: float = 10.0
    """Largest global norm of the gradient; larger ones are scaled down (Hessel 2018: 10)."""

    def __post_init__(self) -> None:
        for name in ("updates", "lanes", "unroll", "act", "batch", "horizon"):
            check_count(name, getattr(self, name), 1)
        for name in ("passes", "learn_from", "epsilon_steps"):
            check_count(name, getattr(self, name), 0)
        for name in ("gamma", "first_epsilon", "last_epsilon"):
            check_range(name, getattr(self, name), 0, 1)
        check_range("learning_rate", self.learning_rate, 0, 1e6)
        check_range("max_gradient", self.max_gradient, 1e-12, 1e12)
        check(
            self.optimizer in ("adam", "rmsprop", "centred_rmsprop"),
            f"optimizer is '{self.optimizer}', but it must be one of: adam, rmsprop, centred_rmsprop.",
        )
        check(self.unroll % self.act == 0, f"act is {self.act}, but it must divide unroll, {self.unroll}.")
        check(
            self.slots >= self.least_slots,
            f"slots is {self.slots}, but {self.lanes} lanes with transitions of {self.horizon} steps need at least "
            f"{self.least_slots}.",
        )

    @property
    def least_slots(self) -> int:
        """Room for a transition and what is added at a time, in every lane."""
        return self.lanes * (self.horizon + 2 * self.act)

    @property
    def rows(self) -> int:
        """Slots of each lane: a multiple of what is added at a time."""
        return self.slots // self.lanes // self.act * self.act

    @property
    def optimizer_of(self) -> optax.GradientTransformation:
        """Clipping by global norm, then Adam, or RMSProp as the papers have it.

        Losses are means over the batch: against a sum's, a squared gradient is smaller by batch^2, and so is epsilon.
        """
        clip, rate = optax.clip_by_global_norm(self.max_gradient), self.learning_rate
        if self.optimizer == "adam":
            return optax.chain(clip, optax.adam(rate, eps=1.5e-4))
        centred = self.optimizer == "centred_rmsprop"
        eps = 0.01 / self.batch**2 if centred else 0.01
        return optax.chain(clip, optax.rmsprop(rate, decay=0.95, eps=eps, eps_in_sqrt=True, centered=centred))


class ReplayState(NamedTuple):
    """All there is of a training run; what is not in it does not exist."""

    agent: Agent
    target: Agent
    """An earlier agent, for lessons that hold on to one."""
    optimizer: PyTree
    lanes: Lane
    replay: Replay
    steps: Int[Array, ""]
    """Steps lived, of all lanes together."""
    learned: Int[Array, ""]
    """Gradient steps taken."""


def nothing_else(agent: Agent, state: ReplayState, batch: Batch) -> PyTree:
    """There is nothing besides the agent's weights that the loss is descended for."""
    return ()


def as_it_was(state: ReplayState, batch: Batch, recalled: PyTree, gradient: PyTree) -> ReplayState:
    return state


class Lesson(NamedTuple):
    """What is learned from what is drawn."""

    draw: Callable[[Replay, Key[Array, ""]], Batch]
    loss: Callable[
        [tuple[Agent, PyTree], ReplayState, Batch], tuple[Float[Array, ""], Float[Array, " batch"]]
    ]
    """`((agent, entries), state, batch) -> (loss, priorities)`: what is to be descended."""
    recall: Callable[[Agent, ReplayState, Batch], PyTree] = nothing_else
    """The entries of a memory that the loss is of too."""
    revise: Callable[[ReplayState, Batch, PyTree, PyTree], ReplayState] = as_it_was
    """`(state, batch, entries, gradient) -> state`: how the memory follows the gradient of its entries."""


def learn_from_replay(
    task: Task,
    make_agent: Callable[[Task, Key[Array, ""]], Agent],
    config: ReplayConfig,
    lesson: Lesson,
    target_period: int = 0,
    frames: int = 1,
) -> Loop:
    """The loop over rounds; its output is a dict of scalar metrics (`living.told_of`).

    **Arguments**: `target_period` gradient steps after which the target becomes the agent as it then is (0: never);
    `frames` seen at once.
    """
    reach = config.horizon + frames
    check(
        config.rows >= reach,
        f"slots is {config.slots}, {config.rows} for each of {config.lanes} lanes, but transitions of {config.horizon} "
        f"steps between stacks of {frames} frames need {reach} for each.",
    )
    optimizer = config.optimizer_of
    begin = max(config.learn_from, config.lanes * (config.horizon + frames))

    def init(key: Key[Array, ""]) -> ReplayState:
        birth_key, lanes_key = jax.random.split(key)
        agent = make_agent(task, birth_key)
        lanes = interaction(agent, task, config.lanes).init(lanes_key)
        seen = jax.eval_shape(lambda: lanes.percept.observation[0])
        kept = replay.empty(config.rows, config.lanes, seen)
        nothing = jnp.int32(0)
        return ReplayState(agent, agent, optimizer.init(agent), lanes, kept, nothing, nothing)

    def learn(state: ReplayState, key: Key[Array, ""]) -> tuple[ReplayState, Float[Array, ""]]:
        batch = lesson.draw(state.replay, key)
        entries = lesson.recall(state.agent, state, batch)
        slope = eqx.filter_value_and_grad(lesson.loss, has_aux=True)
        (loss, priority), (gradient, of_entries) = slope((state.agent, entries), state, batch)
        state = lesson.revise(state, batch, entries, of_entries)
        change, moments = optimizer.update(gradient, state.optimizer)
        agent, learned = optax.apply_updates(state.agent, change), state.learned + 1
        target = state.target
        if target_period:
            due = learned % target_period == 0
            target = jax.tree.map(lambda new, old: jnp.where(due, new, old), agent, target)
        kept = replay.with_priorities(state.replay, batch, priority)
        state = state._replace(agent=agent, target=target, optimizer=moments, replay=kept, learned=learned)
        return state, loss

    def act_and_learn(
        state: ReplayState, key: Key[Array, ""]
    ) -> tuple[ReplayState, tuple[dict[str, Array], Array]]:
        act_key, learn_key = jax.random.split(key)
        agent = at_epsilon(state.agent, epsilon_at(state.steps, config, begin))
        lanes, trace = run(interaction(agent, task, config.lanes), act_key, config.act, state.lanes)
        kept = replay.add(
            state.replay,
            trace.percept.observation,
            trace.output.action,
            trace.reward,
            trace.discount,
            trace.last,
            trace.output.value,
        )
        steps = state.steps + config.lanes * config.act
        state = state._replace(agent=agent, lanes=lanes, replay=kept, steps=steps)
        # A loop of no rounds, not a choice: what a choice passes on is copied.
        due = jnp.where(steps >= begin, config.passes, 0)

        def once(i: Array, now: tuple[ReplayState, Array]) -> tuple[ReplayState, Array]:
            state, losses = now
            state, loss = learn(state, jax.random.fold_in(learn_key, i))
            return state, losses + loss / config.passes

        state, loss = jax.lax.fori_loop(0, due, once, (state, jnp.float32(0)))
        return state, (short(trace), loss)

    def step(state: ReplayState, key: Key[Array, ""]) -> tuple[ReplayState, dict[str, Array]]:
        rounds = config.unroll // config.act
        state, (lived, loss) = jax.lax.scan(act_and_learn, state, jax.random.split(key, rounds))
        return state, told_of(lived) | {
            "loss": loss.mean(),
            "epsilon": epsilon_at(state.steps, config, begin),
        }

    def watched(state: ReplayState) -> ReplayState:
        lanes = state.lanes._replace(agent_state=state.agent.watched(state.lanes.agent_state))
        return state._replace(lanes=lanes, replay=replay.watched(state.replay, config.unroll))

    return Loop(init, step, resume_with_replay(task, config.lanes), watched)


def resume_with_replay(task: Task, lanes: int) -> Callable[[Any, Key[Array, ""]], Any] | None:
    """`rollout.resume_of` where the state has a `replay` too: nothing that is drawn crosses the cut."""
    begin_anew = resume_of(task, lanes)
    if begin_anew is None:
        return None

    def resume(state: Any, key: Key[Array, ""]) -> Any:
        state = begin_anew(state, key)
        return state._replace(replay=replay.cut_off(state.replay))

    return resume


def epsilon_at(steps: Int[Array, ""], config: ReplayConfig, begin: int) -> Float[Array, ""]:
    """From the first to the last, linearly, once learning has begun."""
    passed = jnp.clip((steps - begin) / max(config.epsilon_steps, 1), 0.0, 1.0)
    return config.first_epsilon + (config.last_epsilon - config.first_epsilon) * passed


def at_epsilon(agent: Agent, epsilon: Float[Array, ""]) -> Agent:
    """The agent with this probability of a uniform action; it is set, not learned."""
    return eqx.tree_at(lambda agent: agent.epsilon, agent, jnp.float32(epsilon))
