"""Proximal policy optimisation (PPO): the modern alternative to A2C for the same recurrent agents.

Schulman et al. 2017: per update, every lane acts for `unroll` steps; then several passes over that experience, in
minibatches of whole lanes (sequences stay whole), descend the clipped loss.  Departure: advantages are
normalised per update, as in all common implementations but not in the paper.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Key, PyTree

from fastslow.agents.agent import Agent
from fastslow.agents.interaction import interaction
from fastslow.errors import check
from fastslow.loop import Loop, run
from fastslow.rules import policy_gradient
from fastslow.tasks.task import Task, check_count, check_range
from fastslow.timestep import Trace
from fastslow.training.fit import fitting
from fastslow.training.optimizer import check_learning, linear, make_optimizer
from fastslow.training.rollout import TrainState, bootstrap_values, resume_of, return_targets, trial_metrics


@dataclass(frozen=True)
class PPOConfig:
    """Settings of one training run."""

    updates: int = 500
    """Rounds of acting and learning."""
    lanes: int = 64
    """Environments stepped side by side."""
    unroll: int = 0
    """Time steps between updates; 0 = one whole episode."""
    epochs: int = 4
    """Passes over the experience of one update (Schulman 2017: 3 to 15)."""
    minibatches: int = 4
    """Parts of equal size that the lanes are dealt into in each pass."""
    clip: float = 0.2
    """epsilon, how far the probability ratio may move (Schulman 2017: .2)."""
    gamma: float = 0.9
    """Discount of future reward."""
    lambda_: float = 0.95
    """Mixing of returns (Schulman 2017: .95)."""
    value_weight: float = 0.05
    """Weight of the value loss (as A2C here; .5 learned slower on bandits)."""
    entropy_weight: float = 0.01
    """Weight of the entropy at the first update, per nat (Schulman 2017: .01)."""
    final_entropy_weight: float = 0.0
    """Weight of the entropy at the last update, reached linearly."""
    optimizer: Literal["adam", "rmsprop"] = "adam"
    """Optimiser (Schulman 2017: adam)."""
    learning_rate: float = 3e-3
    """Step size at the first update."""
    final_rate: float = 0.0
    """Step size at the last update, reached linearly."""
    max_gradient: float = 0.5
    """Largest global norm of the gradient; larger ones are scaled down."""

    def __post_init__(self) -> None:
        check_learning(self)
        check_count("epochs", self.epochs, 1)
        check_count("minibatches", self.minibatches, 1)
        check_range("clip", self.clip, 0, 1)
        check(
            self.lanes % self.minibatches == 0,
            f"minibatches is {self.minibatches}, which does not divide the {self.lanes} lanes; choose a divisor.",
        )


class Batch(NamedTuple):
    """Experience of some lanes, `[time lane ...]`, but for `start`, the agents' states before it, `[lane ...]`."""

    start: PyTree
    trace: Trace
    goal: Float[Array, "time lane"]
    advantage: Float[Array, "time lane"]


def ppo_loss(
    agent: Agent, batch: Batch, config: PPOConfig, entropy_weight: Float[Array, ""]
) -> tuple[Float[Array, ""], dict[str, Array]]:
    """Clipped policy loss + value loss - entropy, means over steps."""
    actions = batch.trace.output.action
    logits, values = agent.unroll(batch.start, batch.trace.percept)
    policy = policy_gradient.clipped_policy_loss(
        policy_gradient.log_probability(logits, actions),
        policy_gradient.log_probability(batch.trace.output.logits, actions),
        batch.advantage,
        config.clip,
    ).mean()
    value = policy_gradient.value_loss(batch.goal, values).mean()
    entropy = policy_gradient.entropy(logits).mean()
    loss = policy + config.value_weight * value - entropy_weight * entropy
    return loss, {"policy_loss": policy, "value_loss": value, "entropy": entropy}


def take_lanes(batch: Batch, chosen: Array) -> Batch:
    start = jax.tree.map(lambda x: x[chosen], batch.start)
    rest = jax.tree.map(lambda x: x[:, chosen], batch._replace(start=None))
    return rest._replace(start=start)


def ppo(task: Task, make_agent: Callable[[Task, Key[Array, ""]], Agent], config: PPOConfig) -> Loop:
    """The loop over updates; its output is a dict of scalar metrics."""
    fitting(make_agent, task, "ppo", "relive", "meta_rl")
    passes = config.epochs * config.minibatches
    optimizer = make_optimizer(config, steps=config.updates * passes)
    steps = config.unroll or task.episode_steps

    def init(key: Key[Array, ""]) -> TrainState:
        birth_key, lanes_key = jax.random.split(key)
        agent = make_agent(task, birth_key)
        lanes = interaction(agent, task, config.lanes).init(lanes_key)
        return TrainState(agent, optimizer.init(agent), lanes, jnp.int32(0))

    def step(state: TrainState, key: Key[Array, ""]) -> tuple[TrainState, dict[str, Array]]:
        agent, optimizer_state, lanes, update = state
        act_key, bootstrap_key, deal_key = jax.random.split(key, 3)
        start = lanes.agent_state
        lanes, trace = run(interaction(agent, task, config.lanes), act_key, steps, lanes)
        goal = return_targets(
            trace, bootstrap_values(agent, lanes, bootstrap_key), config.gamma, config.lambda_
        )
        advantage = goal - trace.output.value
        advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
        slim = trace._replace(output=trace.output._replace(units=None, probes=None))
        batch = Batch(start, slim, goal, advantage)
        entropy_weight = linear(config.entropy_weight, config.final_entropy_weight, config.updates)(update)

        def learn(
            learner: tuple[Agent, PyTree], chosen: Array
        ) -> tuple[tuple[Agent, PyTree], dict[str, Array]]:
            agent, optimizer_state = learner
            gradient, metrics = jax.grad(ppo_loss, has_aux=True)(
                agent, take_lanes(batch, chosen), config, entropy_weight
            )
            change, optimizer_state = optimizer.update(gradient, optimizer_state)
            metrics["gradient_norm"] = optax.tree.norm(gradient)
            return (optax.apply_updates(agent, change), optimizer_state), metrics

        deals = jax.vmap(lambda key: jax.random.permutation(key, config.lanes))(
            jax.random.split(deal_key, config.epochs)
        )
        (agent, optimizer_state), metrics = jax.lax.scan(
            learn, (agent, optimizer_state), deals.reshape(passes, -1)
        )
        metrics = jax.tree.map(jnp.mean, metrics) | trial_metrics(trace)
        return TrainState(agent, optimizer_state, lanes, update + 1), metrics

    return Loop(init, step, resume_of(task, config.lanes))
