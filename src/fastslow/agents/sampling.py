"""Values of single past trials, drawn at the moment of choice: episodic valuation where there is but one state.

A delta rule keeps a running average of what an arm paid. An agent that keeps the trials and recalls, for each arm, one
of them with a probability that falls with its age has the same values on average; from choice to choice they differ
with the trial that comes to mind, and whatever brings a trial to mind moves the choice. Bornstein et al. 2017;
Gershman & Daw 2017.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from fastslow.agents.observer import Observer, sampled
from fastslow.tasks.drifting_bandit import DriftingBandit
from fastslow.tasks.task import Task, check_count, check_range, parameter
from fastslow.timestep import Output, Percept


class Trials(NamedTuple):
    """The episode's trials so far."""

    actions: Int[Array, " time"]
    """-1 where none was taken yet."""
    rewards: Float[Array, " time"]


class Sampling(Observer):
    """P(i) proportional to exp(beta r_i), r_i the reward of ONE past pull of arm i: the one n pulls of the arm ago is
    drawn with probability alpha (1 - alpha)^n.

    What is left, (1 - alpha)^pulls, is the probability of `initial`, so that the mean of r_i is the value of
    Rescorla-Wagner learning. In a task that shows past trials again (DriftingBandit), the trial shown comes to mind for
    its arm with probability `reminded`. Probes: `q`, the rewards drawn; `expected`, their means without a reminder;
    `recalled`, the trials they were of, -1 for `initial`.
    """

    alpha: Float[Array, ""] = eqx.field(converter=parameter, default=0.5)
    """Probability of the arm's last pull, 0 to 1."""
    beta: Float[Array, ""] = eqx.field(converter=parameter, default=5.0)
    """Inverse temperature, per unit of reward."""
    initial: Float[Array, ""] = eqx.field(converter=parameter, default=0.5)
    """Value of an arm when no pull of it comes to mind."""
    reminded: Float[Array, ""] = eqx.field(converter=parameter, default=0.5)
    """Probability that a trial shown again is the one that comes to mind for its arm."""
    arms: int = eqx.field(static=True, default=2)
    memory: int = eqx.field(static=True, default=100)
    """Trials that are kept, the first ones of the episode: as many as it has."""
    shown: bool = eqx.field(static=True, default=False)
    """What is seen is the number of a past trial."""

    cite: ClassVar[tuple[str, ...]] = ("bornstein2017", "gershman2017")

    def __check_init__(self) -> None:
        for name in ("alpha", "reminded"):
            check_range(name, getattr(self, name), 0, 1)
        check_range("beta", self.beta, 0, 1e6)
        check_range("initial", self.initial, -1e6, 1e6)
        check_count("arms", self.arms, 1)
        check_count("memory", self.memory, 1)

    def blank(self) -> Trials:
        return Trials(jnp.full(self.memory, -1, jnp.int32), jnp.zeros(self.memory))

    def take_in(self, state: Trials, percept: Percept) -> tuple[Trials, dict[str, Array]]:
        now = jnp.arange(self.memory) == percept.time - 1
        actions = jnp.where(now, percept.last_action, state.actions)
        return Trials(actions, jnp.where(now, percept.last_reward, state.rewards)), {}

    def choose(self, state: Trials, percept: Percept, key: Key[Array, ""]) -> Output:
        draw_key, mind_key, choice_key = jax.random.split(key, 3)
        odds = recall_odds(state.actions, self.alpha, self.arms)
        worth = jnp.append(state.rewards, self.initial)
        recalled = jax.random.categorical(draw_key, jnp.where(odds > 0, jnp.log(odds), -jnp.inf), axis=-1)
        if self.shown:
            reminder = percept.observation[0].astype(jnp.int32)
            at = jnp.arange(self.memory) == reminder
            of_arm = (pulls_of(state.actions, self.arms) & at[None]).any(-1)
            comes = jax.random.uniform(mind_key) < self.reminded
            recalled = jnp.where(of_arm & comes, reminder, recalled)
        q = jax.nn.one_hot(recalled, self.memory + 1) @ worth
        trials = jnp.where(recalled == self.memory, -1, recalled).astype(jnp.float32)
        return sampled(choice_key, self.beta * q, q.max(), q=q, expected=odds @ worth, recalled=trials)


def pulls_of(actions: Int[Array, " time"], arms: int) -> Bool[Array, "arm time"]:
    return actions[None] == jnp.arange(arms)[:, None]


def recall_odds(
    actions: Int[Array, " time"], alpha: Float[Array, ""], arms: int
) -> Float[Array, "arm time_and_none"]:
    """Probability of each trial to come to mind for each arm, and, last, that none does: rows sum to 1."""
    pulled = pulls_of(actions, arms)
    pulls = pulled.sum(-1, keepdims=True)
    later = pulls - jnp.cumsum(pulled, axis=-1)
    odds = jnp.where(pulled, alpha * (1 - alpha) ** later, 0.0)
    return jnp.concatenate([odds, (1 - alpha) ** pulls], axis=-1)


def sampling(
    task: Task, alpha: float = 0.5, beta: float = 5.0, initial: float = 0.5, reminded: float = 0.5
) -> Sampling:
    """A sampler of the past pulls of the arms of `task`, which has a choice at every step."""
    shown = isinstance(task, DriftingBandit)
    return Sampling(alpha, beta, initial, reminded, task.actions, task.episode_steps, shown)
