"""Two arms whose probabilities wander, slowly in some episodes and fast in others, unannounced.

The best learning rate depends on the volatility, so an agent that does well must find the episode's
volatility out and set its own rate by it. Wang et al. 2016 (section 3.1.4, restless bandits), which does not
print the walk's standard deviations; .02 and .2 are ours.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from fastslow.tasks import task
from fastslow.tasks.bandit import BANDIT_VARIABLES, trial_of
from fastslow.tasks.task import (
    Task,
    Variable,
    check_count,
    check_range,
    opening,
    outcome,
    parameter,
    pick,
    reflect,
)
from fastslow.timestep import TimeStep


class RestlessProblem(NamedTuple):
    """How an episode begins, and how fast it changes."""

    p1: Float[Array, ""]
    sigma: Float[Array, ""]


class RestlessState(NamedTuple):
    p1: Float[Array, ""]
    sigma: Float[Array, ""]
    time: Int[Array, ""]


class RestlessBandit(Task):
    """Arms pay with p1 and 1 - p1; after every pull p1 takes a Gaussian step, reflected at 0 and 1.

    The episode's s.d. is `sigma_low` or `sigma_high`, evenly; set both alike to fix it. An action that is no
    arm is a missed pull and pays nothing.
    """

    sigma_low: Float[Array, "..."] = eqx.field(converter=parameter, default=0.02)
    """Standard deviation of p1's step in a calm episode, in probability per pull."""
    sigma_high: Float[Array, "..."] = eqx.field(converter=parameter, default=0.2)
    """Standard deviation of p1's step in a volatile episode, in probability per pull."""
    pulls: int = eqx.field(static=True, default=100)
    """Pulls in an episode (Wang 2016: 100)."""

    variant: ClassVar[str] = (
        "Wang 2016 restless bandits: arms p and 1 - p, Gaussian walk reflected at 0 and 1, s.d. .02 or .2 by "
        "episode; not the rescaled cumulative walk of some replications"
    )
    cite: ClassVar[tuple[str, ...]] = ("wang2016",)
    trial_variables: ClassVar[tuple[Variable, ...]] = (
        *BANDIT_VARIABLES,
        Variable(
            "volatility", "standard deviation of the walk in this episode", ">= 0", "probability per pull"
        ),
    )
    observation_shape: ClassVar[tuple[int, ...]] = (0,)
    actions: ClassVar[int] = 2

    def __check_init__(self) -> None:
        check_range("sigma_low", self.sigma_low, 0, 1)
        check_range("sigma_high", self.sigma_high, 0, 1)
        task.check_order("sigma_low", self.sigma_low, "sigma_high", self.sigma_high)
        check_count("pulls", self.pulls, 1)

    @property
    def episode_steps(self) -> int:
        return self.pulls

    def sample(self, key: Key[Array, ""]) -> RestlessProblem:
        draws = jax.random.uniform(key, (2,))
        return RestlessProblem(draws[0], jnp.where(draws[1] < 0.5, self.sigma_low, self.sigma_high))

    def trial_of(self, state: RestlessState, action: Array, reward: Array) -> dict[str, Array]:
        p = jnp.stack([state.p1, 1.0 - state.p1])
        return trial_of(p, state.time, action, reward) | {"volatility": state.sigma}

    def start(self, problem: RestlessProblem, key: Key[Array, ""]) -> tuple[RestlessState, TimeStep]:
        state = RestlessState(problem.p1, problem.sigma, jnp.int32(0))
        return state, opening(jnp.zeros(0), self.trial_of(state, jnp.int32(0), jnp.float32(0)))

    def step(
        self, state: RestlessState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[RestlessState, TimeStep]:
        pull_key, walk_key = jax.random.split(key)
        p = jnp.stack([state.p1, 1.0 - state.p1])
        reward = (jax.random.uniform(pull_key) < pick(p, action)).astype(jnp.float32)
        trial = self.trial_of(state, action, reward)
        walked = state.p1 + state.sigma * jax.random.normal(walk_key)
        time = state.time + 1
        state = RestlessState(reflect(walked, jnp.float32(0), jnp.float32(1)), state.sigma, time)
        return state, outcome(jnp.zeros(0), reward, time >= self.pulls, trial)


def calm(pulls: int = 100) -> RestlessBandit:
    """Only low-volatility episodes."""
    return RestlessBandit(0.02, 0.02, pulls)


def volatile(pulls: int = 100) -> RestlessBandit:
    """Only high-volatility episodes."""
    return RestlessBandit(0.2, 0.2, pulls)
