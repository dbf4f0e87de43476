"""The recurrent meta-RL agent: an LSTM or GRU that reads its own last action and reward.

Trained slowly over a distribution of tasks, its activity alone learns each new task (Wang et al. 2016, 2018;
Duan et al. 2016).  Heads for policy (softmax) and value (scalar) both read the output h_t.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key, PyTree, Shaped

from fastslow.agents.agent import Agent
from fastslow.errors import UserError
from fastslow.networks import conv, fast_weights, feedforward, gru, lstm
from fastslow.networks.embedding import as_float
from fastslow.tasks.task import Task, check_count
from fastslow.timestep import Output, Percept

CORES = {
    "lstm": (lstm, lstm.LSTM),
    "gru": (gru, gru.GRU),
    "feedforward": (feedforward, feedforward.Feedforward),
    "fast_weights": (fast_weights, fast_weights.FastWeights),
}
GATED = ("lstm", "gru")
"""Cores whose units are held by gates."""
ENCODERS = ("none", *conv.FORMS)


@dataclass(frozen=True)
class RecurrentConfig:
    """Wiring of the recurrent agent; the input switches are those that Wang et al. 2016 ablate."""

    units: int = 48
    """Recurrent units (Wang 2016 and 2018: 48)."""
    core: Literal["lstm", "gru", "feedforward", "fast_weights"] = "lstm"
    """Recurrent network (Wang: lstm; Duan 2016: gru), one layer without memory, the control of both, or one layer
    over a memory that is written and read under what is observed (Ba 2016: fast weights)."""
    see_action: bool = True
    """Feed the last action, one-hot."""
    see_reward: bool = True
    """Feed the last reward; without it the agent cannot learn within an episode."""
    see_time: bool = True
    """Feed the fraction of the episode that has passed (Wang 2016 bandits; not in their two-step task)."""
    reward_levels: tuple[float, ...] = ()
    """Feed the last reward one-hot over these levels instead of as a number (Wang 2016, 11 arms)."""
    span: int = 0
    """Steps over which a newborn's units remember, at most (Tallec & Ollivier 2018; `lstm` and `gru` only); 0: one
    or two (Wang, Duan)."""
    see_pay: bool = False
    """Feed the last reward in its action's place too: the one-hot last action times the reward (ours)."""
    keys: int = 16
    """Length of the keys of `fast_weights`: about how many observations it tells apart (ours)."""
    encoder: Literal["none", "conv", "conv_small"] = "none"
    """What pictures pass before the core: `conv` as in Wang 2018, `conv_small` for small screens (networks.conv)."""

    def __post_init__(self) -> None:
        check_count("units", self.units, 1)
        check_count("span", self.span, 0)
        check_count("keys", self.keys, 1)
        if self.encoder not in ENCODERS:
            raise UserError(f"encoder is '{self.encoder}', but it must be one of: {', '.join(ENCODERS)}.")
        if self.core not in CORES:
            raise UserError(f"core is '{self.core}', but it must be one of: {', '.join(CORES)}.")
        if self.span and self.core not in GATED:
            raise UserError(
                f"span is {self.span}, but only the gates of {' and '.join(GATED)} can be set to remember; leave it 0 "
                f"with '{self.core}'."
            )


class RecurrentAgent(Agent):
    """Encoder (if wired), core, heads and the wiring of the inputs."""

    encoder: conv.Conv | None
    core: lstm.LSTM | gru.GRU | feedforward.Feedforward | fast_weights.FastWeights
    heads: Float[Array, "unit head"]
    """Policy logits in the first columns, the value in the last: one product serves both."""
    bias: Float[Array, " head"]
    config: RecurrentConfig = eqx.field(static=True)
    episode_steps: int = eqx.field(static=True)

    cite: ClassVar[tuple[str, ...]] = ("wang2016", "wang2018", "duan2016")

    def init_state(self, key: Key[Array, ""]) -> PyTree:
        return self.core.initial

    def begin_episode(self, state: PyTree) -> PyTree:
        """As it was: `step` itself puts the learned initial state wherever an episode is at its first step."""
        return state

    def end_episode(self, state: PyTree, percept: Percept, key: Key[Array, ""]) -> PyTree:
        """As it was: what was learned within the episode is given up with it."""
        return state

    def inputs(self, percept: Percept) -> Float[Array, "*batch input"]:
        """x_t: observation, one-hot last action, last reward, time, each if wired; zeros for what is not yet."""
        parts = [self.encode(percept.observation).reshape(*percept.time.shape, -1)]
        if self.config.see_action:
            # A last action of -1, before the first, codes as zeros.
            parts.append(jax.nn.one_hot(percept.last_action, self.heads.shape[1] - 1))
        if self.config.see_reward:
            parts.append(self.reward_input(percept.last_reward, percept.first))
        if self.config.see_pay:
            actions = jax.nn.one_hot(percept.last_action, self.heads.shape[1] - 1)
            parts.append(actions * percept.last_reward[..., None])
        if self.config.see_time:
            parts.append((percept.time / self.episode_steps).astype(jnp.float32)[..., None])
        return jnp.concatenate(parts, axis=-1)

    def encode(self, observation: Shaped[Array, "..."]) -> Float[Array, "..."]:
        """The observation as it is, or what the encoder makes of it; any leading axes."""
        seen = as_float(observation)
        return seen if self.encoder is None else self.encoder(seen)

    def reward_input(
        self, reward: Float[Array, "*batch"], first: Bool[Array, "*batch"]
    ) -> Float[Array, "*batch n"]:
        """The reward as a number, or one-hot over the nearest of `reward_levels` (all 0 at the first step)."""
        if not self.config.reward_levels:
            return reward[..., None]
        levels = jnp.asarray(self.config.reward_levels)
        nearest = jnp.abs(jnp.subtract.outer(reward, levels)).argmin(-1)
        return jax.nn.one_hot(jnp.where(first, -1, nearest), len(levels))

    def read_out(
        self, h: Float[Array, "*batch unit"]
    ) -> tuple[Float[Array, "*batch action"], Float[Array, "*batch"]]:
        """Policy logits and value of the outputs `h`."""
        both = h @ self.heads + jnp.broadcast_to(self.bias, (*h.shape[:-1], self.bias.shape[0]))
        return both[..., :-1], both[..., -1]

    def step(self, state: PyTree, percept: Percept, key: Key[Array, ""]) -> tuple[PyTree, Output]:
        core_rules, _ = CORES[self.config.core]
        state = core_rules.start_where(percept.first, self.core.initial, state)
        state, activity = self.core.step(state, self.inputs(percept))
        logits, value = self.read_out(activity.h)
        action = sample(logits, jax.random.uniform(key))
        return state, Output(action, logits, value, activity.h, {"activity": activity})

    def unroll(self, state: PyTree, percepts: Percept) -> tuple[Array, Array]:
        """Logits and values over `[time lane]` percepts, differentiable in the weights (not in `state`)."""
        core_rules, _ = CORES[self.config.core]
        return self.read_out(core_rules.unroll(self.core, state, self.inputs(percepts), percepts.first))

    def relive(self, percepts: Percept, output: Output) -> tuple[Array, Array]:
        """`unroll` without its forward pass: `output` is what these very weights gave when they acted."""
        core_rules, _ = CORES[self.config.core]
        activity = jax.lax.stop_gradient(output.probes["activity"])
        return self.read_out(core_rules.relive(self.core, self.inputs(percepts), percepts.first, activity))


def sample(logits: Float[Array, " action"], uniform: Float[Array, ""]) -> Array:
    """An action from the softmax by inverse cumulative probability, from one uniform number."""
    cumulative = jnp.cumsum(jax.nn.softmax(logits))[:-1]
    return (uniform >= cumulative).sum().astype(jnp.int32)


def make(task: Task, config: RecurrentConfig, key: Key[Array, ""]) -> RecurrentAgent:
    """A newborn agent for the observations and actions of `task`."""
    core_key, head_key = jax.random.split(key)
    encoder = make_encoder(task, config, jax.random.fold_in(key, 2))
    seen = math.prod(task.observation_shape) if encoder is None else encoder.features
    inputs = seen + (config.see_action + config.see_pay) * task.actions + config.see_time
    inputs += config.see_reward * max(len(config.reward_levels), 1)
    core_rules, make_core = CORES[config.core]
    keyed = (seen, config.keys) if config.core == "fast_weights" else ()
    core = make_core(inputs, config.units, core_key, *keyed)
    if config.span:
        core = core_rules.remembering(core, jax.random.fold_in(key, 3), config.span)
    heads = jax.random.normal(head_key, (config.units, task.actions + 1)) * 0.1 / config.units**0.5
    return RecurrentAgent(encoder, core, heads, jnp.zeros(task.actions + 1), config, task.episode_steps)


def make_encoder(task: Task, config: RecurrentConfig, key: Key[Array, ""]) -> conv.Conv | None:
    """The encoder that is wired, for the task's screen; `UserError` where what is seen is no picture."""
    if config.encoder == "none":
        return None
    shape = task.observation_shape
    if len(shape) != 3:
        raise UserError(
            f"encoder is '{config.encoder}', but the task shows {shape}, no picture of rows, columns and colours; "
            "choose 'none'."
        )
    return conv.Conv(shape, conv.FORMS[config.encoder], key)
