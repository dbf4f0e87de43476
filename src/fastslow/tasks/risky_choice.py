"""Two levers, one certain and small, one risky and large: what dopamine was stimulated and blocked in.

The certain lever pays 1; the risky one pays 4 with a probability that is worth the risk in half of the episodes
(.5) and not in the others (.125). Which lever is which is drawn per episode. Forced presses come first, so that
both are known before a free choice.
Wang et al. 2018 (Simulation 6, Fig. 7), after Stopper, Tse, Montes, Wiedman & Floresco 2014.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from fastslow.errors import check
from fastslow.tasks import task
from fastslow.tasks.task import Task, Variable, check_count, check_range, opening, outcome, parameter, pick
from fastslow.timestep import TimeStep


class RiskyProblem(NamedTuple):
    """Which lever is the risky one, how often it pays, and the order of the forced presses."""

    risky: Int[Array, ""]
    p_win: Float[Array, ""]
    forced: Int[Array, " forced"]


class RiskyState(NamedTuple):
    problem: RiskyProblem
    trial: Int[Array, ""]
    fixating: Bool[Array, ""]
    """The fixation cue is on; else the levers are out."""
    penalty: Float[Array, ""]
    """Paid so far in this trial."""


class RiskyChoice(Task):
    """Fixate, then press. The observation is (fixation cue, left lever, right lever), 1 where it is there, or the
    last two without fixation; the actions likewise are centre, left, right.

    Whatever the cue does not ask for pays -1 (`penalty`): a press without its lever is void.
    """

    small: Float[Array, "..."] = eqx.field(converter=parameter, default=1.0)
    """Reward of the certain lever (Wang 2018: 1)."""
    large: Float[Array, "..."] = eqx.field(converter=parameter, default=4.0)
    """Reward of the risky lever when it pays (Wang 2018: 4)."""
    p_high: Float[Array, "..."] = eqx.field(converter=parameter, default=0.5)
    """Probability that the risky lever pays where it is worth the risk (Wang 2018: .5)."""
    p_low: Float[Array, "..."] = eqx.field(converter=parameter, default=0.125)
    """Probability that the risky lever pays where it is not (Wang 2018: .125)."""
    forced: int = eqx.field(static=True, default=10)
    """Trials with one lever only that begin an episode, as many on either side, in random order."""
    trials: int = eqx.field(static=True, default=100)
    """Trials in an episode, the forced ones among them (100 in training, 120 in the test)."""
    fixation: bool = eqx.field(static=True, default=True)
    """Begin each trial with a fixation step (Wang 2018: so)."""

    variant: ClassVar[str] = (
        "Wang 2018 Sim 6 / Stopper 2014 rewards: small and certain against large and risky; the odds change "
        "between episodes, not within; no delay"
    )
    cite: ClassVar[tuple[str, ...]] = ("wang2018", "stopper2014")
    trial_variables: ClassVar[tuple[Variable, ...]] = (
        task.TRIAL,
        task.TRIAL_END,
        Variable("action", "the lever pressed; -1 where the press was void", "0 left, 1 right, -1 void"),
        task.REWARD,
        Variable("penalty", "paid for invalid responses, apart from the reward", "0, -1 or -2"),
        Variable("forced", "there was one lever only", "0 or 1"),
        Variable("risky", "the press was on the large and risky lever", "0 or 1"),
        Variable("p_win", "probability that the risky lever pays in this episode", "0 to 1"),
        task.VALID,
        task.CORRECT,
        task.REGRET,
    )

    def __check_init__(self) -> None:
        check_range("p_high", self.p_high, 0, 1)
        check_range("p_low", self.p_low, 0, 1)
        check_range("small", self.small, -1e6, 1e6)
        check_range("large", self.large, -1e6, 1e6)
        task.check_order("p_low", self.p_low, "p_high", self.p_high)
        check_count("forced", self.forced, 0)
        check(
            self.forced % 2 == 0,
            f"forced is {self.forced}, but either lever must be forced as often; give an even number.",
        )
        check_count("trials", self.trials, 1)

    @property
    def observation_shape(self) -> tuple[int, ...]:
        return (2 + self.fixation,)

    @property
    def actions(self) -> int:
        return 2 + self.fixation

    @property
    def episode_steps(self) -> int:
        return self.trials * (1 + self.fixation)

    def sample(self, key: Key[Array, ""]) -> RiskyProblem:
        side_key, odds_key, order_key = jax.random.split(key, 3)
        order = jax.random.permutation(order_key, jnp.arange(self.forced) % 2)
        p_win = jnp.where(jax.random.bernoulli(odds_key), self.p_high, self.p_low)
        return RiskyProblem(jax.random.bernoulli(side_key).astype(jnp.int32), p_win, order)

    def levers(self, problem: RiskyProblem, trial: Int[Array, ""]) -> Float[Array, "2"]:
        """Which levers are there in a trial."""
        only = pick(problem.forced.astype(jnp.float32), trial)
        alone = jnp.stack([1.0 - only, only])
        return jnp.where(trial < self.forced, alone, jnp.ones(2))

    def seen(self, state: RiskyState) -> Float[Array, " cue"]:
        """The observation in `state`."""
        levers = jnp.where(state.fixating, 0.0, self.levers(state.problem, state.trial))
        cue = state.fixating.astype(jnp.float32)[None]
        return jnp.concatenate([cue, levers]) if self.fixation else levers

    def trial_of(self, state: RiskyState, lever: Array, void: Array, reward: Array) -> dict[str, Array]:
        problem, trial = state.problem, state.trial
        is_risky = jnp.arange(2) == problem.risky
        worth = jnp.where(is_risky, self.large * problem.p_win, self.small)
        # What cannot be pressed is no alternative.
        best = jnp.where(self.levers(problem, trial) > 0, worth, -jnp.inf).max()
        regret = best - jnp.where(void, 0.0, pick(worth, lever))
        return {
            "trial": trial,
            "trial_end": ~state.fixating,
            "action": jnp.where(void, -1, lever),
            "reward": reward,
            "penalty": state.penalty,
            "forced": trial < self.forced,
            "risky": ~void & (lever == problem.risky),
            "p_win": problem.p_win,
            "valid": ~void,
            "correct": ~void & (regret <= 0),
            "regret": regret,
        }

    def start(self, problem: RiskyProblem, key: Key[Array, ""]) -> tuple[RiskyState, TimeStep]:
        state = RiskyState(problem, jnp.int32(0), jnp.bool_(self.fixation), jnp.float32(0))
        blank = self.trial_of(state, jnp.int32(0), jnp.bool_(False), jnp.float32(0))
        return state, opening(self.seen(state), blank)

    def step(
        self, state: RiskyState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[RiskyState, TimeStep]:
        problem, choosing = state.problem, ~state.fixating
        lever = action - self.fixation
        invalid = jnp.where(choosing, pick(self.levers(problem, state.trial), lever) == 0, action != 0)
        wins = jax.random.uniform(key) < problem.p_win
        pays = jnp.where(lever == problem.risky, jnp.where(wins, self.large, 0.0), self.small)
        reward = jnp.where(choosing & ~invalid, pays, 0.0)
        penalty = -invalid.astype(jnp.float32)
        now = state._replace(penalty=state.penalty + penalty)
        told = self.trial_of(now, lever, invalid, reward)
        after = RiskyState(
            problem,
            state.trial + choosing,
            choosing & self.fixation,
            jnp.where(choosing, 0.0, now.penalty),
        )
        return after, outcome(self.seen(after), reward + penalty, after.trial >= self.trials, told)
