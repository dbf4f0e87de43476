"""A small network of values that learns while it lives: one step of gradient after every action.

What tabular Q-learning is where states share weights, so that what is learned of one changes what is thought of all:
generalisation if steps are small, interference if they are large (McClelland et al. 1995; French 1999).
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from fastslow.agents.agent import Agent
from fastslow.agents.observer import best, lapse, sampled
from fastslow.errors import check
from fastslow.tasks.task import Task, check_count, check_range, parameter
from fastslow.timestep import Output, Percept


class Weights(NamedTuple):
    input: Float[Array, "feature unit"]
    bias: Float[Array, " unit"]
    readout: Float[Array, "unit action"]
    offset: Float[Array, " action"]


class Life(NamedTuple):
    weights: Weights
    seen: Float[Array, " feature"]
    """Where the last action was taken."""


class ValueNetwork(Agent):
    """q(s) = sigmoid(h R / sqrt(units) + c), h = tanh(s W / sqrt(features) + b).

    After every action all weights take one step of size alpha up the log likelihood of the target,
    t log q + (1 - t) log(1 - q) with t = r + gamma max q(s') (0 where the episode ends), cut off at 0 and 1: the delta
    rule, its error t - q carried back. Values are of returns between 0 and 1. The roots keep the meaning of alpha
    whatever the sizes. As the table of `q_table`, the weights belong to the state, for they are learned in life; they
    are kept over episodes. Probes: `q`, and the error `delta` of the last action.
    """

    alpha: Float[Array, ""] = eqx.field(converter=parameter)
    """Step size, above 0."""
    gamma: Float[Array, ""] = eqx.field(converter=parameter)
    """Discount, 0 to 1."""
    epsilon: Float[Array, ""] = eqx.field(converter=parameter)
    """Probability of a uniform action."""
    units: int = eqx.field(static=True)
    features: int = eqx.field(static=True)
    actions: int = eqx.field(static=True)

    cite: ClassVar[tuple[str, ...]] = ("rumelhart1986", "mccloskey1989", "sutton2018")

    def __check_init__(self) -> None:
        check_range("alpha", self.alpha, 0, 1e6)
        for name in ("gamma", "epsilon"):
            check_range(name, getattr(self, name), 0, 1)
        check_count("units", self.units, 1)

    def init_state(self, key: Key[Array, ""]) -> Life:
        """Random input weights; every action is worth .5."""
        weights = Weights(
            jax.random.normal(key, (self.features, self.units)),
            jnp.zeros(self.units),
            jnp.zeros((self.units, self.actions)),
            jnp.zeros(self.actions),
        )
        return Life(weights, jnp.zeros(self.features))

    def begin_episode(self, state: Life) -> Life:
        """What was learned stays."""
        return state

    def log_odds(self, weights: Weights, seen: Float[Array, " feature"]) -> Float[Array, " action"]:
        """log q / (1 - q) of each action."""
        h = jnp.tanh(seen @ weights.input / self.features**0.5 + weights.bias)
        return h @ weights.readout / self.units**0.5 + weights.offset

    def learn(self, state: Life, percept: Percept, following: Float[Array, ""]) -> tuple[Life, Array]:
        """The weights after the last action (none: as they were), `following` being what is expected from here on."""
        acted = percept.last_action >= 0
        taken = jnp.arange(self.actions) == percept.last_action
        target = jnp.clip(percept.last_reward + self.gamma * following, 0.0, 1.0)

        def likelihood(weights: Weights) -> tuple[Array, Array]:
            odds = jnp.where(taken, self.log_odds(weights, state.seen), 0.0).sum()
            return target * odds - jax.nn.softplus(odds), target - jax.nn.sigmoid(odds)

        gradient, delta = jax.grad(likelihood, has_aux=True)(state.weights)
        alpha = jnp.where(acted, self.alpha, 0.0)
        weights = jax.tree.map(lambda w, g: w + alpha * g, state.weights, gradient)
        return Life(weights, state.seen), jnp.where(acted, delta, 0.0)

    def step(self, state: Life, percept: Percept, key: Key[Array, ""]) -> tuple[Life, Output]:
        seen = percept.observation.ravel()
        following = jax.nn.sigmoid(self.log_odds(state.weights, seen)).max()
        state, delta = self.learn(state, percept, following)
        q = jax.nn.sigmoid(self.log_odds(state.weights, seen))
        output = sampled(key, lapse(best(q), self.epsilon), q.max(), q=q, delta=delta)
        return Life(state.weights, seen), output

    def end_episode(self, state: Life, percept: Percept, key: Key[Array, ""]) -> Life:
        return self.learn(state, percept, jnp.float32(0))[0]


def value_network(
    task: Task, alpha: float = 0.1, gamma: float = 0.95, epsilon: float = 0.1, units: int = 64
) -> ValueNetwork:
    """A value network for a task that shows something."""
    shape = task.observation_shape
    size = 1
    for length in shape:
        size *= length
    check(
        size > 0 and len(shape) > 0,
        f"value_network needs something to see, but {type(task).__name__} shows nothing.",
    )
    return ValueNetwork(alpha, gamma, epsilon, units, size, task.actions)
