"""Rescorla-Wagner learning with softmax choice: one learning rate, fixed for life (Rescorla & Wagner 1972).

The control of Wang et al. 2016 for restless bandits (alpha = .5): what it cannot do is change its rate.
"""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from fastslow.agents.observer import Observer, sampled
from fastslow.tasks.task import Task, check_count, check_range, parameter
from fastslow.timestep import Output, Percept


class RescorlaWagner(Observer):
    """Q_i <- Q_i + alpha (r - Q_i) for the arm pulled; P(i) proportional to exp(beta Q_i).

    The probe `q` holds Q, `delta_reward` the prediction error r - Q_i of the pull just taken in (0 if none).
    """

    alpha: Float[Array, ""] = eqx.field(converter=parameter, default=0.5)
    """Learning rate, 0 to 1."""
    beta: Float[Array, ""] = eqx.field(converter=parameter, default=5.0)
    """Inverse temperature, per unit of reward."""
    initial: Float[Array, ""] = eqx.field(converter=parameter, default=0.5)
    """Q before the first pull."""
    arms: int = eqx.field(static=True, default=2)

    cite: ClassVar[tuple[str, ...]] = ("rescorla1972", "wang2016")

    def __check_init__(self) -> None:
        check_range("alpha", self.alpha, 0, 1)
        check_range("beta", self.beta, 0, 1e6)
        check_range("initial", self.initial, -1e6, 1e6)
        check_count("arms", self.arms, 1)

    def blank(self) -> Float[Array, " arm"]:
        return jnp.full(self.arms, self.initial)

    def take_in(
        self, state: Float[Array, " arm"], percept: Percept
    ) -> tuple[Float[Array, " arm"], dict[str, Array]]:
        pulled = jnp.arange(self.arms) == percept.last_action
        delta = jnp.where(pulled, percept.last_reward - state, 0.0)
        return state + self.alpha * delta, {"delta_reward": delta.sum()}

    def choose(self, state: Float[Array, " arm"], percept: Percept, key: Key[Array, ""]) -> Output:
        return sampled(key, self.beta * state, state.max(), q=state)


def rescorla_wagner(
    task: Task, alpha: float = 0.5, beta: float = 5.0, initial: float = 0.5
) -> RescorlaWagner:
    """A Rescorla-Wagner learner of the arms of `task`."""
    return RescorlaWagner(alpha, beta, initial, task.actions)
