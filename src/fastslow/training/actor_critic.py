"""Advantage actor-critic (A2C): the slow, model-free loop that trains the recurrent agents.

Wang et al. 2018, Methods (after Mnih et al. 2016): per update, every lane acts for `unroll` steps with the weights
as they are; then ONE gradient step ascends delta grad log pi + beta_v delta grad V + beta_e grad H.

Departures: synchronous lanes instead of asynchronous threads; Adam with gradient clipping and a step size that
falls linearly to zero instead of shared RMSProp at a constant one (for which there are `optimizer`, `final_rate` and
`max_gradient`); the mean instead of the sum over time steps, so that the paper's step size is not ours.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Key

from fastslow.agents.agent import Agent
from fastslow.agents.interaction import interaction
from fastslow.loop import Loop, run
from fastslow.rules import policy_gradient
from fastslow.tasks.task import Task
from fastslow.timestep import Trace
from fastslow.training.fit import fitting
from fastslow.training.optimizer import check_learning, linear, make_optimizer
from fastslow.training.rollout import TrainState, bootstrap_values, resume_of, return_targets, trial_metrics


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
    """beta_e at the first update, per nat (Wang 2018: .05; Wang 2016 bandits: 1)."""
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
        check_learning(self)


def a2c_loss(
    agent: Agent,
    trace: Trace,
    goal: Float[Array, "time lane"],
    value_weight: Float[Array, ""] | float,
    entropy_weight: Float[Array, ""] | float,
) -> tuple[Float[Array, ""], dict[str, Array]]:
    """Mean over steps of -delta log pi + beta_v (R - V)^2 / 2 - beta_e H; gradients reach policy AND critic.

    `agent` must hold the weights that acted in `trace`; `goal` are the returns R.
    """
    logits, values = agent.relive(trace.percept, trace.output)
    log_pi = policy_gradient.log_probability(logits, trace.output.action)
    policy = policy_gradient.policy_loss(log_pi, goal - values).mean()
    value = policy_gradient.value_loss(goal, values).mean()
    entropy = policy_gradient.entropy(logits).mean()
    loss = policy + value_weight * value - entropy_weight * entropy
    return loss, {"policy_loss": policy, "value_loss": value, "entropy": entropy}


def a2c(task: Task, make_agent: Callable[[Task, Key[Array, ""]], Agent], config: A2CConfig) -> Loop:
    """The loop over updates; its output is a dict of scalar metrics.

    `make_agent(task, key)` gives a newborn agent that can `relive` (see agents.recurrent).
    """
    fitting(make_agent, task, "a2c", "relive", "meta_rl")
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
        goal = return_targets(
            trace, bootstrap_values(agent, lanes, bootstrap_key), config.gamma, config.lambda_
        )
        entropy_weight = linear(config.entropy_weight, config.final_entropy_weight, config.updates)(update)
        gradient, metrics = jax.grad(a2c_loss, has_aux=True)(
            agent, trace, goal, config.value_weight, entropy_weight
        )
        change, optimizer_state = optimizer.update(gradient, optimizer_state)
        metrics |= trial_metrics(trace) | {"gradient_norm": optax.tree.norm(gradient)}
        return TrainState(optax.apply_updates(agent, change), optimizer_state, lanes, update + 1), metrics

    return Loop(init, step, resume_of(task, config.lanes))
