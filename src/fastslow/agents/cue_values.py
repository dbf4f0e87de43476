"""Two observers of the inferred-value task: one learns the value of each cue, the other infers which side pays.

What they expect differs for the target that was not shown when the sides reversed: learning by prediction error
changes the value of what was experienced alone, inference that of both at once (Bromberg-Martin et al. 2010).
Both answer as they must; only their values differ.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from fastslow.agents.observer import LOG_NEVER, Observer, assume, sampled
from fastslow.tasks.inferred_value import InferredValue
from fastslow.tasks.task import Task, check_range, parameter
from fastslow.timestep import Output, Percept

FIXATION, LEFT, RIGHT, BLANK = 0, 1, 2, 3
"""What is on the screen."""


def look(percept: Percept) -> Int[Array, ""]:
    """FIXATION, LEFT, RIGHT or BLANK."""
    shown = percept.observation
    return jnp.where(shown.sum() > 0, shown.argmax(), BLANK).astype(jnp.int32)


def answers(screen: Int[Array, ""]) -> Float[Array, " action"]:
    """Log probabilities of the response that the screen asks for; any will do where it is blank."""
    wanted = (jnp.arange(3) == screen) | (screen == BLANK)
    return jnp.where(wanted, -jnp.log(wanted.sum().astype(jnp.float32)), LOG_NEVER)


def stationary(gamma: Float[Array, ""]) -> Float[Array, " screen"]:
    """Value of each screen in an endless session to someone who does not know which side pays.

    V(fixation) = gamma V(target), V(target) = 1/2 + gamma V(blank), V(blank) = gamma V(fixation).
    """
    target = 0.5 / (1 - gamma**3)
    return jnp.stack([gamma * target, target, target, gamma**2 * target])


class Values(NamedTuple):
    v: Float[Array, " screen"]
    screen: Int[Array, ""]
    """What was on the screen one step ago; BLANK before the first."""


class CueTD(Observer):
    """Temporal-difference learning over what is on the screen, and nothing else: model-free.

    delta = r + gamma V(s') - V(s); V(s) <- V(s) + alpha delta, with s fixation, left, right or blank. Values begin
    at those of someone who does not know which side pays. `value` is V(s); the probe `v` holds all four.
    """

    alpha: Float[Array, ""] = eqx.field(converter=parameter)
    """Learning rate, 0 to 1."""
    gamma: Float[Array, ""] = eqx.field(converter=parameter)
    """Discount per step, at least 0 and below 1."""

    cite: ClassVar[tuple[str, ...]] = ("brombergmartin2010", "wang2018")

    def __check_init__(self) -> None:
        check_range("alpha", self.alpha, 0, 1)
        check_range("gamma", self.gamma, 0, 0.9999)

    def blank(self) -> Values:
        return Values(stationary(self.gamma), jnp.int32(BLANK))

    def take_in(self, state: Values, percept: Percept) -> tuple[Values, dict[str, Array]]:
        screen = look(percept)
        before = jnp.arange(4) == state.screen
        error = percept.last_reward + self.gamma * state.v[screen] - state.v
        learned = state.v + self.alpha * jnp.where(before & ~percept.first, error, 0.0)
        return Values(learned, screen), {}

    def choose(self, state: Values, percept: Percept, key: Key[Array, ""]) -> Output:
        return sampled(key, answers(state.screen), state.v[state.screen], v=state.v)


class Belief(NamedTuple):
    right: Float[Array, ""]
    """Probability that the right side pays in the trial at hand."""
    screen: Int[Array, ""]


class SideBelief(Observer):
    """The ideal observer: which side pays, by Bayes' rule, and what every screen is therefore worth.

    After an outcome the belief b is certain, for either target tells of both sides; between trials
    b <- b (1 - hazard) + (1 - b) hazard. `value` is that of an endless session: V(right) = b + gamma V(blank),
    V(left) = 1 - b + gamma V(blank), the others as if nothing were known, because the next target is not. The probe
    `belief` is b.
    """

    hazard: Float[Array, ""] = eqx.field(converter=parameter)
    """Probability of a reversal between two trials."""
    gamma: Float[Array, ""] = eqx.field(converter=parameter)
    """Discount per step, at least 0 and below 1."""

    cite: ClassVar[tuple[str, ...]] = ("brombergmartin2010", "wang2018")

    def __check_init__(self) -> None:
        check_range("hazard", self.hazard, 0, 1)
        check_range("gamma", self.gamma, 0, 0.9999)

    def blank(self) -> Belief:
        return Belief(jnp.float32(0.5), jnp.int32(BLANK))

    def take_in(self, state: Belief, percept: Percept) -> tuple[Belief, dict[str, Array]]:
        screen = look(percept)
        answered = ((state.screen == LEFT) | (state.screen == RIGHT)) & (percept.last_action == state.screen)
        paid = percept.last_reward > 0
        right = jnp.where(answered, (paid == (state.screen == RIGHT)).astype(jnp.float32), state.right)
        passes = (screen == FIXATION) & ~percept.first
        right = jnp.where(passes, right * (1 - self.hazard) + (1 - right) * self.hazard, right)
        return Belief(right, screen), {}

    def choose(self, state: Belief, percept: Percept, key: Key[Array, ""]) -> Output:
        v = stationary(self.gamma)
        gain = (state.right - 0.5) * jnp.array([0.0, -1.0, 1.0, 0.0])
        return sampled(key, answers(state.screen), (v + gain)[state.screen], belief=state.right)


def cue_td(task: Task, alpha: float = 0.5, gamma: float = 0.9) -> CueTD:
    """A model-free learner of the cues of `task`, an InferredValue."""
    assume("cue_td", task, InferredValue)
    return CueTD(alpha, gamma)


def side_belief(task: Task, gamma: float = 0.9) -> SideBelief:
    """The ideal observer of `task`, an InferredValue, who knows its hazard."""
    assume("side_belief", task, InferredValue)
    return SideBelief(task.hazard, gamma)
