"""Foragers that know the rules of baiting, or only their own income: what agents and animals are held against.

The Bayesian knows that rewards wait and that both sides' probabilities sum to a constant, and learns which side is
rich; it takes the side that is likelier to pay now (momentary maximising). The local matcher knows nothing of this
and divides its choices as its recent income was divided (Sugrue, Corrado & Newsome 2004), which is how animals that
match are thought to do it.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from fastslow.agents.observer import LOG_NEVER, Observer, assume, best, sampled
from fastslow.tasks.foraging import Foraging, waiting
from fastslow.tasks.task import Task, check_count, check_range, parameter
from fastslow.timestep import Output, Percept


class Choice(NamedTuple):
    """What a percept says of the trial that it completes."""

    passed: Bool[Array, ""]
    """A trial, valid or void, has just ended."""
    side: Int[Array, ""]
    """0 or 1; -1 where it was void, or none has ended."""
    rewarded: Bool[Array, ""]


def completed(fixation: bool, void: Bool[Array, ""], percept: Percept) -> tuple[Bool[Array, ""], Choice]:
    """Whether the trial at hand is void already, and the trial that the percept completes."""
    cue, side = percept.observation, percept.last_action - int(fixation)
    passed = ~percept.first & ((cue[0] > 0) if fixation else jnp.bool_(True))
    valid = passed & ~void & ((side == 0) | (side == 1)) & (percept.last_reward >= 0)
    void = (cue.sum() == 0) if fixation else jnp.bool_(False)
    return void, Choice(passed, jnp.where(valid, side, -1), percept.last_reward > 0)


def choose_side(fixation: bool, percept: Percept, sides: Float[Array, "2"]) -> Float[Array, " action"]:
    """Log choice probabilities over the task's actions, given those of the sides."""
    if not fixation:
        return sides
    cue = percept.observation
    centre = jnp.array([0.0, LOG_NEVER, LOG_NEVER])
    choice = jnp.concatenate([jnp.full(1, LOG_NEVER), sides])
    return jnp.where(cue[1] > 0, choice, jnp.where(cue[0] > 0, centre, 0.0))


class Belief(NamedTuple):
    posterior: Float[Array, " grid"]
    """Probability of each value of p_left."""
    unchosen: Int[Array, "2"]
    void: Bool[Array, ""]


class BayesForager(Observer):
    """Bayes' rule on a grid of p_left, uniform over the whole range; the side of greater expected reward now.

        P(reward at i | p_i) = 1 - (1 - p_i)^(n_i + 1),    q_i = sum over the grid of posterior * P

    `value` is the expected reward of the trial at hand. Probes: `q` by side, `p_left` its estimate.
    """

    total: Float[Array, ""] = eqx.field(converter=parameter)
    """p_left + p_right."""
    fixation: bool = eqx.field(static=True)
    grid: int = eqx.field(static=True, default=41)

    cite: ClassVar[tuple[str, ...]] = ("wang2018", "tsutsui2016")

    def __check_init__(self) -> None:
        check_count("grid", self.grid, 2)

    def bases(self) -> Float[Array, "2 grid"]:
        left = self.total * jnp.linspace(0.0, 1.0, self.grid)
        return jnp.stack([left, left[::-1]])

    def likelihoods(self, unchosen: Int[Array, "2"]) -> Float[Array, "2 grid"]:
        return waiting(self.bases(), jnp.stack([unchosen] * self.grid, axis=1))

    def blank(self) -> Belief:
        return Belief(jnp.full(self.grid, 1 / self.grid), jnp.zeros(2, jnp.int32), jnp.bool_(False))

    def take_in(self, state: Belief, percept: Percept) -> tuple[Belief, dict[str, Array]]:
        void, trial = completed(self.fixation, state.void, percept)
        p = jnp.where(trial.side == 1, *self.likelihoods(state.unchosen)[::-1])
        seen = state.posterior * jnp.where(trial.rewarded, p, 1 - p)
        # What the assumed probabilities rule out altogether teaches nothing.
        told = (trial.side >= 0) & (seen.sum() > 0)
        posterior = jnp.where(told, seen / jnp.maximum(seen.sum(), 1e-30), state.posterior)
        left_alone = jnp.where(jnp.arange(2) == trial.side, 0, state.unchosen + 1)
        return Belief(posterior, jnp.where(trial.passed, left_alone, state.unchosen), void), {}

    def choose(self, state: Belief, percept: Percept, key: Key[Array, ""]) -> Output:
        q = self.likelihoods(state.unchosen) @ state.posterior
        logits = choose_side(self.fixation, percept, best(q))
        return sampled(key, logits, q.max(), q=q, p_left=state.posterior @ self.bases()[0])


class Income(NamedTuple):
    local: Float[Array, "2"]
    void: Bool[Array, ""]


class LocalMatcher(Observer):
    """P(i) = (I_i + floor) / (I_left + I_right + 2 floor), income I leaking: I_i <- (1 - 1/tau) I_i + r_i per trial.

    Without the floor, which is not in the paper, a side that has brought nothing yet would never be tried again.
    `value` is the recent income per trial; the probe `q` holds P.
    """

    tau: Float[Array, ""] = eqx.field(converter=parameter)
    """Trials over which income is remembered."""
    floor: Float[Array, ""] = eqx.field(converter=parameter)
    """Income ascribed to each side besides, in rewards."""
    fixation: bool = eqx.field(static=True)

    cite: ClassVar[tuple[str, ...]] = ("sugrue2004",)

    def __check_init__(self) -> None:
        check_range("tau", self.tau, 1, 1e6)
        check_range("floor", self.floor, 1e-6, 1e6)

    def blank(self) -> Income:
        return Income(jnp.zeros(2), jnp.bool_(False))

    def take_in(self, state: Income, percept: Percept) -> tuple[Income, dict[str, Array]]:
        void, trial = completed(self.fixation, state.void, percept)
        earned = ((jnp.arange(2) == trial.side) & trial.rewarded).astype(jnp.float32)
        local = jnp.where(trial.passed, (1 - 1 / self.tau) * state.local + earned, state.local)
        return Income(local, void), {}

    def choose(self, state: Income, percept: Percept, key: Key[Array, ""]) -> Output:
        p = (state.local + self.floor) / (state.local + self.floor).sum()
        return sampled(
            key, choose_side(self.fixation, percept, jnp.log(p)), state.local.sum() / self.tau, q=p
        )


def bayes_forager(task: Task) -> BayesForager:
    """The observer that knows how `task`, a foraging task, baits its sides."""
    assume("bayes_forager", task, Foraging)
    return BayesForager(task.total, task.fixation)


def local_matcher(task: Task, tau: float = 10.0, floor: float = 0.2) -> LocalMatcher:
    """A matcher of local fractional income in `task`, a foraging task, with a memory of `tau` trials."""
    assume("local_matcher", task, Foraging)
    return LocalMatcher(tau, floor, task.fixation)
