"""Probabilistic reversal learning: one of several arms is the best, and every so often another one is.

The task of the 406 people of Zorowitz et al. 2023, whose public table says how it went: 90 trials, three arms. One
arm is the better one (column `correct`) for exactly 15 trials, in each of six blocks; at trials 16, 31, 46, 61 and
76 it is always another one, either of the two as often (1,063 and 967 of 2,030 reversals), and it begins at any
(139, 156, 111). The better arm paid on .803 of the trials on which it was chosen, the others on .209 (36,540
trials): .8 and .2. Nothing tells of a reversal but what the arms pay.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from fastslow.tasks import task
from fastslow.tasks.bandit import BANDIT_VARIABLES, trial_of
from fastslow.tasks.task import Task, Variable, check_count, check_range, opening, outcome, parameter, pick
from fastslow.timestep import TimeStep

BLOCK = 15
"""Trials between two reversals in the people's task."""


class ReversalState(NamedTuple):
    best: Int[Array, ""]
    """The better arm in the last trial (at the start: in the first)."""
    block: Int[Array, ""]
    """Reversals so far."""
    since: Int[Array, ""]
    """Trials since the last one."""
    time: Int[Array, ""]


class Reversal(Task):
    """The better arm pays with `reward_high`, all others with `reward_low`; a reversal makes another the better one.

    Reversals come before a trial, never the first: after every `block` trials, with probability `hazard`, or
    both. An action that is no arm is a missed trial and pays nothing.
    """

    reward_high: Float[Array, "..."] = eqx.field(converter=parameter, default=0.8)
    """Probability that the better arm pays (Zorowitz 2023: .8)."""
    reward_low: Float[Array, "..."] = eqx.field(converter=parameter, default=0.2)
    """Probability that each other arm does (Zorowitz 2023: .2)."""
    hazard: Float[Array, "..."] = eqx.field(converter=parameter, default=0.0)
    """Probability of a reversal before each trial (Zorowitz 2023: 0)."""
    block: int = eqx.field(static=True, default=BLOCK)
    """Trials after which a reversal comes in any case; 0 = never (Zorowitz 2023: 15)."""
    arms: int = eqx.field(static=True, default=3)
    """Number of arms (Zorowitz 2023: 3)."""
    trials: int = eqx.field(static=True, default=90)
    """Trials in an episode (Zorowitz 2023: 90)."""

    variant: ClassVar[str] = (
        "Zorowitz 2023 three-arm reversal: .8/.2/.2, another arm the better one every 15 trials; not the two-choice "
        "reversal in which the worse arm pays with 1 - p"
    )
    cite: ClassVar[tuple[str, ...]] = ("zorowitz2023",)
    trial_variables: ClassVar[tuple[Variable, ...]] = (
        *BANDIT_VARIABLES,
        Variable("block", "reversals so far in this episode", "0, 1, ..."),
    )
    observation_shape: ClassVar[tuple[int, ...]] = (0,)

    def __check_init__(self) -> None:
        for name in ("reward_high", "reward_low", "hazard"):
            check_range(name, getattr(self, name), 0, 1)
        task.check_order("reward_low", self.reward_low, "reward_high", self.reward_high)
        check_count("block", self.block, 0)
        check_count("arms", self.arms, 2)
        check_count("trials", self.trials, 1)

    @property
    def actions(self) -> int:
        return self.arms

    @property
    def episode_steps(self) -> int:
        return self.trials

    def sample(self, key: Key[Array, ""]) -> Int[Array, ""]:
        """The better arm of the first block."""
        return jax.random.randint(key, (), 0, self.arms)

    def probabilities(self, best: Int[Array, ""]) -> Float[Array, " arm"]:
        return jnp.where(jnp.arange(self.arms) == best, self.reward_high, self.reward_low)

    def start(self, problem: Int[Array, ""], key: Key[Array, ""]) -> tuple[ReversalState, TimeStep]:
        zero = jnp.int32(0)
        trial = trial_of(self.probabilities(problem), zero, zero, jnp.float32(0)) | {"block": zero}
        return ReversalState(problem, zero, zero, zero), opening(jnp.zeros(0), trial)

    def reverses(self, state: ReversalState, uniform: Float[Array, ""]) -> Bool[Array, ""]:
        due = state.since >= self.block if self.block else jnp.bool_(False)
        return (state.time > 0) & (due | (uniform < self.hazard))

    def step(
        self, state: ReversalState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[ReversalState, TimeStep]:
        draws = jax.random.uniform(key, (3,))
        reverses = self.reverses(state, draws[0])
        # 1 to arms - 1 places on, so never the same arm; the product may round up to the next whole number.
        onwards = 1 + jnp.minimum((draws[1] * (self.arms - 1)).astype(jnp.int32), self.arms - 2)
        best = jnp.where(reverses, (state.best + onwards) % self.arms, state.best)
        p = self.probabilities(best)
        reward = (draws[2] < pick(p, action)).astype(jnp.float32)
        block = state.block + reverses.astype(jnp.int32)
        trial = trial_of(p, state.time, action, reward) | {"block": block}
        time = state.time + 1
        state = ReversalState(best, block, jnp.where(reverses, 1, state.since + 1), time)
        return state, outcome(jnp.zeros(0), reward, time >= self.trials, trial)


def unannounced(hazard: float = 1 / BLOCK, trials: int = 90) -> Reversal:
    """Reversals at any time, as often on average as in the people's task: there is no schedule to learn."""
    return Reversal(hazard=hazard, block=0, trials=trials)
