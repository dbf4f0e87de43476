"""Arms whose payoffs drift: Gaussian rewards around means that wander and decay towards a centre.

What an arm paid long ago tells little of what it pays now, so recent trials must count more, whether they are averaged
as they come or remembered one by one (Daw et al. 2006; Bornstein et al. 2017; Gershman & Daw 2017). A choice may follow
on a reminder of one past trial.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from fastslow.tasks import task
from fastslow.tasks.task import Task, Variable, check_count, check_range, opening, outcome, parameter, pick
from fastslow.timestep import TimeStep


class DriftState(NamedTuple):
    means: Float[Array, " arm"]
    time: Int[Array, ""]
    reminder: Int[Array, ""]
    """The past trial that is shown before the coming choice; -1 for none."""


class DriftingBandit(Task):
    """mu_i <- decay mu_i + (1 - decay) centre + drift nu after every pull, of every arm; an arm pays mu_i + noise nu'.

    nu are standard normal. In units of 100 points, neither rounded nor cut off at 1 and 100. The observation is the
    number of the trial that is shown again before the choice, -1 where none is: with probability `reminders`, one of
    the episode's past trials, each as likely. An action that is no arm is a missed pull and pays nothing.
    """

    decay: Float[Array, "..."] = eqx.field(converter=parameter, default=0.9836)
    """Share of its distance from the centre that a mean keeps at each pull (Daw 2006: .9836)."""
    centre: Float[Array, "..."] = eqx.field(converter=parameter, default=0.5)
    """Where means decay to, in 100 points (Daw 2006: 50 points)."""
    drift: Float[Array, "..."] = eqx.field(converter=parameter, default=0.028)
    """Standard deviation of a mean's step, in 100 points per pull (Daw 2006: 2.8 points)."""
    noise: Float[Array, "..."] = eqx.field(converter=parameter, default=0.04)
    """Standard deviation of rewards around the mean, in 100 points (Daw 2006: 4 points)."""
    spread: Float[Array, "..."] = eqx.field(converter=parameter, default=0.155)
    """Standard deviation of the means at the start, in 100 points; by default that of the drift in the long run."""
    reminders: Float[Array, "..."] = eqx.field(converter=parameter, default=0.0)
    """Probability that a past trial is shown before a choice."""
    arms: int = eqx.field(static=True, default=4)
    """Number of arms (Daw 2006: 4)."""
    pulls: int = eqx.field(static=True, default=300)
    """Pulls in an episode (Daw 2006: 300)."""

    variant: ClassVar[str] = (
        "Daw 2006 restless arms: Gaussian walk that decays to the centre, Gaussian rewards; not rounded, not cut off; "
        "means begin as the walk is in the long run; reminders as in Bornstein 2017, at random times of random trials"
    )
    cite: ClassVar[tuple[str, ...]] = ("daw2006", "bornstein2017", "gershman2017")
    trial_variables: ClassVar[tuple[Variable, ...]] = (
        task.TRIAL,
        task.TRIAL_END,
        task.ACTION,
        task.REWARD,
        Variable("mean_reward", "mean reward of each arm", "real, one column per arm", "100 points"),
        Variable("reminder", "the past trial shown before the choice", "-1 none, 0, 1, ..."),
        task.VALID,
        task.CORRECT,
        task.REGRET,
    )
    observation_shape: ClassVar[tuple[int, ...]] = (1,)

    def __check_init__(self) -> None:
        for name in ("decay", "reminders"):
            check_range(name, getattr(self, name), 0, 1)
        for name in ("drift", "noise", "spread"):
            check_range(name, getattr(self, name), 0, 1e6)
        check_range("centre", self.centre, -1e6, 1e6)
        check_count("arms", self.arms, 1)
        check_count("pulls", self.pulls, 1)

    @property
    def actions(self) -> int:
        return self.arms

    @property
    def episode_steps(self) -> int:
        return self.pulls

    def sample(self, key: Key[Array, ""]) -> Float[Array, " arm"]:
        """The means at the start."""
        return self.centre + self.spread * jax.random.normal(key, (self.arms,))

    def start(self, problem: Float[Array, " arm"], key: Key[Array, ""]) -> tuple[DriftState, TimeStep]:
        state = DriftState(problem, jnp.int32(0), jnp.int32(-1))
        return state, opening(seen(state), trial_of(state, jnp.int32(0), jnp.float32(0)))

    def step(
        self, state: DriftState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[DriftState, TimeStep]:
        pay_key, drift_key, when_key, which_key = jax.random.split(key, 4)
        pulled = (action >= 0) & (action < self.arms)
        reward = jnp.where(pulled, pick(state.means, action) + self.noise * jax.random.normal(pay_key), 0.0)
        trial = trial_of(state, action, reward)
        steps = self.drift * jax.random.normal(drift_key, state.means.shape)
        means = self.decay * state.means + (1 - self.decay) * self.centre + steps
        time = state.time + 1
        shown = jax.random.uniform(when_key) < self.reminders
        reminder = jnp.where(shown, jax.random.randint(which_key, (), 0, time), -1)
        state = DriftState(means, time, reminder)
        return state, outcome(seen(state), reward, time >= self.pulls, trial)


def seen(state: DriftState) -> Float[Array, "1"]:
    return state.reminder[None].astype(jnp.float32)


def trial_of(state: DriftState, action: Array, reward: Array) -> dict[str, Array]:
    """The trial variables of one pull; correctness and regret are by the means, never by the draw.

    A missed pull earns 0.
    """
    valid = (action >= 0) & (action < state.means.shape[0])
    regret = jnp.maximum(state.means.max() - pick(state.means, action), 0.0)
    return {
        "trial": state.time,
        "trial_end": jnp.bool_(True),
        "action": jnp.where(valid, action, -1),
        "reward": reward,
        "mean_reward": state.means,
        "reminder": state.reminder,
        "valid": valid,
        "correct": valid & (regret <= 0),
        "regret": regret,
    }
