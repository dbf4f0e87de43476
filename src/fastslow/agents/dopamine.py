"""Critic and actor apart, with dopamine as an input: the actor is told the prediction error, not the reward.

The critic's network sees observation, last action and last reward, and values the state. From its values comes the
reward-prediction error, which the actor's network gets in the reward's place: what dopamine carries to prefrontal
cortex in the theory. Both learn as any actor-critic does, but whatever is done to the error signal with the weights
frozen reaches the actor's activity alone.
Wang et al. 2018, Simulation 6: two LSTMs of 48 units.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, PyTree

from fastslow.agents.agent import Agent
from fastslow.agents.recurrent import sample
from fastslow.networks import lstm
from fastslow.tasks.task import Task, check_count, check_range
from fastslow.timestep import Output, Percept


@dataclass(frozen=True)
class DopamineConfig:
    """Sizes of the two networks, and the discount within the error."""

    units: int = 48
    """Units of each LSTM (Wang 2018: 48)."""
    gamma: float = 0.9
    """Discount in the prediction error; that of the training is the one to take (Wang 2018: .9)."""

    def __post_init__(self) -> None:
        check_count("units", self.units, 1)
        check_range("gamma", self.gamma, 0, 1)


class DopamineState(NamedTuple):
    critic: lstm.LSTMState
    actor: lstm.LSTMState
    value: Float[Array, "*batch"]
    """The critic's value at the last step, from which the next error is formed."""


class Activity(NamedTuple):
    critic: lstm.LSTMActivity
    actor: lstm.LSTMActivity


class DopamineAgent(Agent):
    """Two LSTMs, each with its read-out."""

    critic: lstm.LSTM
    actor: lstm.LSTM
    value_head: Float[Array, " unit"]
    value_bias: Float[Array, ""]
    policy_head: Float[Array, "unit action"]
    policy_bias: Float[Array, " action"]
    config: DopamineConfig = eqx.field(static=True)

    cite: ClassVar[tuple[str, ...]] = ("wang2018", "stopper2014")

    def init_state(self, key: Key[Array, ""]) -> DopamineState:
        return DopamineState(self.critic.initial, self.actor.initial, jnp.float32(0))

    def begin_episode(self, state: DopamineState) -> DopamineState:
        """As it was: `step` itself puts the learned initial states wherever an episode is at its first step."""
        return state

    def end_episode(self, state: DopamineState, percept: Percept, key: Key[Array, ""]) -> DopamineState:
        """As it was: what was learned within the episode is given up with it."""
        return state

    def inputs(self, percept: Percept, signal: Float[Array, "*batch"]) -> Float[Array, "*batch input"]:
        """Observation, last action one-hot (zeros before the first), and the reward or what stands for it."""
        seen = percept.observation.reshape(*percept.time.shape, -1)
        action = jax.nn.one_hot(percept.last_action, self.policy_bias.shape[0])
        return jnp.concatenate([seen, action, signal[..., None]], axis=-1)

    def values(self, h: Float[Array, "*batch unit"]) -> Float[Array, "*batch"]:
        return h @ self.value_head + self.value_bias

    def logits(self, h: Float[Array, "*batch unit"]) -> Float[Array, "*batch action"]:
        return h @ self.policy_head + jnp.broadcast_to(
            self.policy_bias, (*h.shape[:-1], len(self.policy_bias))
        )

    def dopamine(
        self, percept: Percept, before: Float[Array, "*batch"], now: Float[Array, "*batch"]
    ) -> Float[Array, "*batch"]:
        """delta = r + gamma V(now) - V(before), and whatever is done to it; data to the actor, so no gradient."""
        error = percept.last_reward + self.config.gamma * now - before
        felt = jnp.where(percept.first, 0.0, error) + percept.perturbation
        return jax.lax.stop_gradient(felt)

    def step(self, state: DopamineState, percept: Percept, key: Key[Array, ""]) -> tuple[PyTree, Output]:
        critic, actor = (
            lstm.start_where(percept.first, core.initial, core_state)
            for core, core_state in ((self.critic, state.critic), (self.actor, state.actor))
        )
        critic, critic_activity = self.critic.step(critic, self.inputs(percept, percept.last_reward))
        value = self.values(critic.h)
        dopamine = self.dopamine(percept, state.value, value)
        actor, actor_activity = self.actor.step(actor, self.inputs(percept, dopamine))
        logits = self.logits(actor.h)
        action = sample(logits, jax.random.uniform(key))
        units = jnp.concatenate([critic.h, actor.h], axis=-1)
        probes = {"activity": Activity(critic_activity, actor_activity), "delta_dopamine": dopamine}
        return DopamineState(critic, actor, value), Output(action, logits, value, units, probes)

    def unroll(self, state: DopamineState, percepts: Percept) -> tuple[Array, Array]:
        """Logits and values over `[time lane]` percepts, differentiable in the weights (not in `state`)."""
        heard = self.inputs(percepts, percepts.last_reward)
        values = self.values(lstm.unroll(self.critic, state.critic, heard, percepts.first))
        before = jnp.concatenate([state.value[None], values[:-1]])
        told = self.inputs(percepts, self.dopamine(percepts, before, values))
        return self.logits(lstm.unroll(self.actor, state.actor, told, percepts.first)), values

    def relive(self, percepts: Percept, output: Output) -> tuple[Array, Array]:
        """`unroll` without its forward pass: `output` is what these very weights gave when they acted."""
        lived, dopamine = jax.lax.stop_gradient((output.probes["activity"], output.probes["delta_dopamine"]))
        heard, told = self.inputs(percepts, percepts.last_reward), self.inputs(percepts, dopamine)
        critic = lstm.relive(self.critic, heard, percepts.first, lived.critic)
        actor = lstm.relive(self.actor, told, percepts.first, lived.actor)
        return self.logits(actor), self.values(critic)


def make(task: Task, config: DopamineConfig, key: Key[Array, ""]) -> DopamineAgent:
    """A newborn agent for the observations and actions of `task`."""
    critic_key, actor_key, value_key, policy_key = jax.random.split(key, 4)
    inputs = math.prod(task.observation_shape) + task.actions + 1
    scale = 0.1 / config.units**0.5
    return DopamineAgent(
        lstm.LSTM(inputs, config.units, critic_key),
        lstm.LSTM(inputs, config.units, actor_key),
        scale * jax.random.normal(value_key, (config.units,)),
        jnp.float32(0),
        scale * jax.random.normal(policy_key, (config.units, task.actions)),
        jnp.zeros(task.actions),
        config,
    )
