"""The two-step task with a choice at both stages and rewards that drift.

A first-stage choice leads commonly (70 %) to one of two second-stage states and rarely to the other; each
holds two actions, and the four reward probabilities take a slow Gaussian walk between bounds, so that
whoever stops learning loses. Daw, Gershman, Seymour, Dayan & Dolan 2011 (Neuron 69: 1204).
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from fastslow.tasks import task
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

DAW_VARIABLES = (
    task.TRIAL,
    task.TRIAL_END,
    Variable("action", "the first-stage choice; -1 where the trial is void", "0 left, 1 right, -1 void"),
    Variable("action2", "the second-stage choice; -1 where the trial is void", "0, 1, -1 void"),
    task.REWARD,
    Variable("transition", "how the first choice led on", "1 common, 0 rare, -1 void"),
    Variable("state", "the second-stage state reached", "0, 1, -1 void"),
    Variable(
        "p_reward",
        "probability that each second-stage choice pays",
        "0 to 1, one per state and choice: state 0 choice 0, state 0 choice 1, state 1 choice 0, ...",
    ),
    task.VALID,
    Variable("correct", "the first choice was the best that the hidden truth allows", "0 or 1"),
    Variable("regret", "expected reward lost at the first choice, plus that lost at the second", ">= 0"),
)


class DawState(NamedTuple):
    p: Float[Array, " choice"]
    time: Int[Array, ""]
    void: Bool[Array, ""]
    choice: Int[Array, ""]
    reached: Int[Array, ""]


class TwoStepDaw(Task):
    """Two steps a trial: first-stage choice, second-stage choice.

    The observation is one-hot over first stage, state 0, state 1. A response out of range is a missed one: it
    voids the trial, whose remaining step shows zeros, takes any response and pays nothing.
    """

    transition: Float[Array, "..."] = eqx.field(converter=parameter, default=0.7)
    """Probability of the common transition (Daw 2011: .7)."""
    drift: Float[Array, "..."] = eqx.field(converter=parameter, default=0.025)
    """Standard deviation of the walk per trial, in probability (Daw 2011: .025)."""
    low: Float[Array, "..."] = eqx.field(converter=parameter, default=0.25)
    """Lower reflecting bound of the reward probabilities (Daw 2011: .25)."""
    high: Float[Array, "..."] = eqx.field(converter=parameter, default=0.75)
    """Upper reflecting bound of the reward probabilities (Daw 2011: .75)."""
    trials: int = eqx.field(static=True, default=201)
    """Trials in an episode, two steps each (Daw 2011: 201)."""

    variant: ClassVar[str] = (
        "Daw 2011: 70/30 transitions, two actions per second-stage state, rewards walking with s.d. .025 "
        "between .25 and .75; not Wang 2018, whose reward sides swap and whose second stage holds no choice"
    )
    cite: ClassVar[tuple[str, ...]] = ("daw2011",)
    trial_variables: ClassVar[tuple[Variable, ...]] = DAW_VARIABLES
    observation_shape: ClassVar[tuple[int, ...]] = (3,)
    actions: ClassVar[int] = 2

    def __check_init__(self) -> None:
        check_range("transition", self.transition, 0.5, 1)
        check_range("drift", self.drift, 0, 1)
        check_range("low", self.low, 0, 1)
        check_range("high", self.high, 0, 1)
        check_count("trials", self.trials, 1)
        task.check_order("low", self.low, "high", self.high)

    @property
    def episode_steps(self) -> int:
        return 2 * self.trials

    def sample(self, key: Key[Array, ""]) -> Float[Array, " choice"]:
        """The four reward probabilities of the first trial, uniform between the bounds."""
        return self.low + (self.high - self.low) * jax.random.uniform(key, (4,))

    def start(self, problem: Float[Array, " choice"], key: Key[Array, ""]) -> tuple[DawState, TimeStep]:
        zero, no = jnp.int32(0), jnp.bool_(False)
        state = DawState(problem, zero, no, zero, zero)
        return state, opening(cue(zero), self.trial_of(state, no, zero, jnp.float32(0)))

    def trial_of(self, state: DawState, end: Array, second: Array, reward: Array) -> dict[str, Array]:
        """The trial variables; both regrets are by the true probabilities, never by the draw."""
        best = jnp.stack([state.p[:2].max(), state.p[2:].max()])
        expected = self.transition * best + (1.0 - self.transition) * best[::-1]
        regret = expected.max() - pick(expected, state.choice)
        second_regret = pick(best, state.reached) - pick(state.p, 2 * state.reached + second)

        def unless_void(column: Array) -> Array:
            return jnp.where(state.void, -1, column)

        return {
            "trial": state.time // 2,
            "trial_end": end,
            "action": unless_void(state.choice),
            "action2": unless_void(second),
            "reward": reward,
            "transition": unless_void(state.choice == state.reached),
            "state": unless_void(state.reached),
            "p_reward": state.p,
            "valid": ~state.void,
            "correct": ~state.void & (regret <= 0),
            "regret": jnp.where(state.void, expected.max(), regret + second_regret),
        }

    def step(self, state: DawState, action: Int[Array, ""], key: Key[Array, ""]) -> tuple[DawState, TimeStep]:
        draw_key, walk_key = jax.random.split(key)
        draws = jax.random.uniform(draw_key, (2,))
        walk = self.drift * jax.random.normal(walk_key, (4,))
        ends = state.time % 2 == 1

        missed = (action < 0) | (action > 1)
        choice = jnp.where(ends, state.choice, action)
        reached = jnp.where(ends, state.reached, jnp.where(draws[0] < self.transition, choice, 1 - choice))
        made = state._replace(void=state.void | missed, choice=choice, reached=reached)
        paid = ends & ~made.void & (draws[1] < pick(state.p, 2 * reached + action))
        reward = paid.astype(jnp.float32)
        trial = self.trial_of(made, ends, action, reward)

        goes_on_void = made.void & ~ends
        time = state.time + 1
        carried = made._replace(
            p=jnp.where(ends, reflect(state.p + walk, self.low, self.high), state.p),
            time=time,
            void=goes_on_void,
        )
        observation = cue(jnp.where(goes_on_void, -1, jnp.where(ends, 0, 1 + reached)))
        return carried, outcome(observation, reward, time >= self.episode_steps, trial)


def cue(index: Int[Array, ""]) -> Float[Array, " cue"]:
    """One-hot over first stage, state 0, state 1; zeros for an index of -1."""
    return (jnp.arange(3) == index).astype(jnp.float32)
