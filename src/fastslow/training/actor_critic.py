"""Advantage actor-critic (A2C): the slow, model-free loop that trains the recurrent agents.

Wang et al. 2018, Methods (after Mnih et al. 2016): per update, every lane acts for `unroll` steps with the weights
as they are; then ONE gradient step ascends delta grad log pi + beta_v delta grad V + beta_e grad H.

Departures: synchronous lanes instead of asynchronous threads; Adam with gradient clipping and a step size that
falls linearly to zero instead of shared RMSProp at a constant one (`optimizer="rmsprop"`, `final_rate`,
`max_gradient` restore these); the mean instead of the sum over time steps.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, Key, PyTree

from fastslow.agents.agent import Agent
from fastslow.agents.interaction import Lane, interaction
from fastslow.loop import Loop, run
from fastslow.rules import policy_gradient, returns
from fastslow.tasks.task import Task, check_count, check_range
from fastslow.timestep import Trace
from fastslow.training.optimizer import linear, make_optimizer


@dataclass(frozen=True)
class A2CConfig:
    """Settings of one training run."""

    updates: int = 2000
    """Gradient steps."""
    lanes: int = 64
    """Environments stepped side by side (Wang 2018: 1 thread)."""
    unroll: int = 0
    """Time steps between updates (t_max); 0 = one whole episode."""
    gamma: float = 0.9
    """Discount of future reward (Wang 2018: .9)."""
    lambda_: float = 1.0
    """Mixing of returns; 1 = k-step return to the end of the unroll (Wang 2018)."""
    value_weight: float = 0.05
    """beta_v (Wang 2018: .05)."""
    entropy_weight: float = 0.05
    """beta_e at the first update, nats (Wang 2018: .05; Wang 2016 bandits: 1)."""
    final_entropy_weight: float = 0.05
    """beta_e at the last update, reached linearly (Wang 2016 bandits: 0)."""
    optimizer: Literal["adam", "rmsprop"] = "adam"
    """Optimiser (Wang: RMSProp, decay .99, epsilon .1)."""
    learning_rate: float = 3e-3
    """Step size at the first update (Wang 2018: 7e-4)."""
    final_rate: float = 0.0
    """Step size at the last update, reached linearly."""
    max_gradient: float = 1.0
    """Largest global norm of the gradient; larger ones are scaled down."""

    def __post_init__(self) -> None:
        check_count("updates", self.updates, 1)
        check_count("lanes", self.lanes, 1)
        check_count("unroll", self.unroll, 0)
        for name in ("gamma", "lambda_"):
            check_range(name, getattr(self, name), 0, 1)
        for name in ("value_weight", "entropy_weight", "final_entropy_weight", "learning_rate", "final_rate"):
            check_range(name, getattr(self, name), 0, float("inf"))


class TrainState(NamedTuple):
    """All there is of a training run; what is not in it does not exist."""

    agent: Agent
    optimizer: PyTree
    lanes: Lane
    update: Int[Array, ""]


def bootstrap_values(agent: Agent, lanes: Lane, key: Key[Array, ""]) -> Float[Array, " lane"]:
    """V of the percepts that follow the unroll (a discount of 0 cuts it off where an episode has ended)."""
    keys = jax.random.split(key, lanes.percept.time.shape[0])
    return jax.vmap(agent.step)(lanes.agent_state, lanes.percept, keys)[1].value


def targets(
    trace: Trace, values: Float[Array, "time lane"], bootstrap: Float[Array, " lane"], gamma: float, lambda_: float
) -> Float[Array, "time lane"]:
    """R_t of every step, from the values of the acting weights."""
    after = jax.vmap(returns.values_after, in_axes=(1, 0), out_axes=1)(values, bootstrap)
    over_lanes = jax.vmap(returns.lambda_returns, in_axes=(1, 1, 1, None), out_axes=1)
    return over_lanes(trace.reward, gamma * trace.discount, after, lambda_)


def a2c_loss(
    agent: Agent,
    trace: Trace,
    goal: Float[Array, "time lane"],
    value_weight: Float[Array, ""] | float,
    entropy_weight: Float[Array, ""] | float,
) -> tuple[Float[Array, ""], dict[str, Array]]:
    """Mean over steps of -delta log pi + beta_v (R - V)^2 / 2 - beta_e H; gradients reach policy AND critic."""
    logits, values = agent.relive(trace.percept, trace.output)
    log_pi = policy_gradient.log_probability(logits, trace.output.action)
    policy = policy_gradient.policy_loss(log_pi, goal - values).mean()
    value = policy_gradient.value_loss(goal, values).mean()
    entropy = policy_gradient.entropy(logits).mean()
    loss = policy + value_weight * value - entropy_weight * entropy
    return loss, {"policy_loss": policy, "value_loss": value, "entropy": entropy}


def trial_metrics(trace: Trace) -> dict[str, Array]:
    """Means of what people judge learning by: reward per step and, where the task tells it, regret and correctness."""
    metrics = {"reward": trace.reward.mean()}
    for name in ("correct", "regret"):
        if name in trace.trial:
            ended = trace.trial["trial_end"].astype(jnp.float32)
            metrics[name] = (trace.trial[name] * ended).sum() / jnp.maximum(ended.sum(), 1)
    return metrics


def a2c(task: Task, make_agent: Callable[[Task, Key[Array, ""]], Agent], config: A2CConfig) -> Loop:
    """The loop over updates; its output is a dict of scalar metrics.

    `make_agent(task, key)` gives a newborn agent that can `relive` (see agents.recurrent).
    """
    optimizer = make_optimizer(config)
    steps = config.unroll or task.episode_steps

    def init(key: Key[Array, ""]) -> TrainState:
        birth_key, lanes_key = jax.random.split(key)
        agent = make_agent(task, birth_key)
        lanes = interaction(agent, task, config.lanes).init(lanes_key)
        return TrainState(agent, optimizer.init(agent), lanes, jnp.int32(0))

    def step(state: TrainState, key: Key[Array, ""]) -> tuple[TrainState, dict[str, Array]]:
        agent, optimizer_state, lanes, update = state
        act_key, bootstrap_key = jax.random.split(key)
        lanes, trace = run(interaction(agent, task, config.lanes), act_key, steps, lanes)
        bootstrap = bootstrap_values(agent, lanes, bootstrap_key)
        goal = targets(trace, trace.output.value, bootstrap, config.gamma, config.lambda_)
        entropy_weight = linear(config.entropy_weight, config.final_entropy_weight, config.updates)(update)
        gradient, metrics = jax.grad(a2c_loss, has_aux=True)(
            agent, trace, goal, config.value_weight, entropy_weight
        )
        change, optimizer_state = optimizer.update(gradient, optimizer_state)
        metrics |= trial_metrics(trace) | {"gradient_norm": optax.global_norm(gradient)}
        return TrainState(optax.apply_updates(agent, change), optimizer_state, lanes, update + 1), metrics

    return Loop(init, step)
