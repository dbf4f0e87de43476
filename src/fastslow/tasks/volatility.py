"""Two arms that trade places, seldom or often: a distribution to learn from, and the schedule it is tested on.

The best learning rate depends on how often the arms reverse, and that changes within the episode, unannounced.
`VolatileBandit` draws calm and volatile stretches at random, to train on; `VolatilitySchedule` is one calm and one
volatile half, in either order, as people met it. Wang et al. 2018 (Simulation 2, Fig. 3), after Behrens et al.
2007 (calm 75/25; volatile 80/20). The training distribution was not printed beyond "a series of episodes with
shifting volatilities": the hazards here are ours.
"""

from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from fastslow.errors import check
from fastslow.tasks import task
from fastslow.tasks.bandit import BANDIT_VARIABLES, trial_of
from fastslow.tasks.task import Task, Variable, check_count, check_range, opening, outcome, parameter, pick
from fastslow.timestep import TimeStep

HAZARD = Variable("hazard", "probability that the arms reverse before this pull", "0 to 1", "per pull")
VOLATILE = Variable("volatile", "the stretch or half is volatile", "0 calm, 1 volatile")
PHASE = Variable(
    "phase", "half and order of the halves", "0 stable 1, 1 volatile 1 (calm first), 2 volatile 2, 3 stable 2"
)


def arms(good: Int[Array, ""], p: Float[Array, ""]) -> Float[Array, " arm"]:
    """Probabilities of the two arms: p for the good one, 1 - p for the other."""
    return jnp.where(jnp.arange(2) == good, p, 1 - p)


def pulled(p: Float[Array, " arm"], action: Int[Array, ""], uniform: Float[Array, ""]) -> Float[Array, ""]:
    return (uniform < pick(p, action)).astype(jnp.float32)


def whole_pulls(value: Any) -> Int[Array, "..."]:
    """The period as whole numbers; `UserError` for others, which would be cut off. Traced values pass."""
    if not isinstance(value, jax.core.Tracer):
        given = np.asarray(value, float)
        check(
            bool((given == np.round(given)).all()),
            f"period is {given.tolist()}, but pulls are counted in whole numbers; round it.",
        )
    return jnp.asarray(value, jnp.int32)


class Stretch(NamedTuple):
    """Where an episode stands; of the problem, where it begins."""

    good: Int[Array, ""]
    volatile: Bool[Array, ""]
    time: Int[Array, ""]


class VolatileBandit(Task):
    """Arms pay with p and 1 - p and reverse with a hazard that is low or high, and is drawn anew now and then.

    Before every pull but the first, with probability `redraw` the hazard is drawn anew, low or high evenly; then
    the arms reverse with that hazard. An action that is no arm is a missed pull and pays nothing.
    """

    p: Float[Array, "..."] = eqx.field(converter=parameter, default=0.8)
    """Probability that the good arm pays; the other pays with 1 - p (Behrens 2007, volatile phase: .8)."""
    hazard_low: Float[Array, "..."] = eqx.field(converter=parameter, default=0.0)
    """Probability of a reversal per pull in calm stretches."""
    hazard_high: Float[Array, "..."] = eqx.field(converter=parameter, default=0.1)
    """Probability of a reversal per pull in volatile stretches."""
    redraw: Float[Array, "..."] = eqx.field(converter=parameter, default=0.01)
    """Probability, per pull, that the hazard is drawn anew."""
    pulls: int = eqx.field(static=True, default=200)
    """Pulls in an episode (Wang 2018: 200 in the test)."""

    variant: ClassVar[str] = (
        "Wang 2018 Sim 2, training: arms p and 1 - p, reversals with a hazard of 0 or .1 per pull that is drawn anew "
        "with .01 per pull (ours); not Behrens 2007: no money, no magnitudes of reward"
    )
    cite: ClassVar[tuple[str, ...]] = ("wang2018", "behrens2007")
    trial_variables: ClassVar[tuple[Variable, ...]] = (*BANDIT_VARIABLES, HAZARD, VOLATILE)
    observation_shape: ClassVar[tuple[int, ...]] = (0,)
    actions: ClassVar[int] = 2

    def __check_init__(self) -> None:
        check_range("p", self.p, 0.5, 1)
        for name in ("hazard_low", "hazard_high", "redraw"):
            check_range(name, getattr(self, name), 0, 1)
        task.check_order("hazard_low", self.hazard_low, "hazard_high", self.hazard_high)
        check_count("pulls", self.pulls, 1)

    @property
    def episode_steps(self) -> int:
        return self.pulls

    def sample(self, key: Key[Array, ""]) -> Stretch:
        draws = jax.random.uniform(key, (2,)) < 0.5
        return Stretch(draws[0].astype(jnp.int32), draws[1], jnp.int32(0))

    def trial_of(self, state: Stretch, action: Array, reward: Array) -> dict[str, Array]:
        hazard = jnp.where(state.volatile, self.hazard_high, self.hazard_low)
        columns = {"hazard": hazard, "volatile": state.volatile.astype(jnp.int32)}
        return trial_of(arms(state.good, self.p), state.time, action, reward) | columns

    def start(self, problem: Stretch, key: Key[Array, ""]) -> tuple[Stretch, TimeStep]:
        return problem, opening(jnp.zeros(0), self.trial_of(problem, jnp.int32(0), jnp.float32(0)))

    def step(self, state: Stretch, action: Int[Array, ""], key: Key[Array, ""]) -> tuple[Stretch, TimeStep]:
        draws = jax.random.uniform(key, (4,))
        later = state.time > 0
        volatile = jnp.where(later & (draws[0] < self.redraw), draws[1] < 0.5, state.volatile)
        hazard = jnp.where(volatile, self.hazard_high, self.hazard_low)
        good = jnp.where(later & (draws[2] < hazard), 1 - state.good, state.good)
        now = Stretch(good, volatile, state.time)
        reward = pulled(arms(good, self.p), action, draws[3])
        trial = self.trial_of(now, action, reward)
        following = now._replace(time=state.time + 1)
        return following, outcome(jnp.zeros(0), reward, following.time >= self.pulls, trial)


class ScheduleState(NamedTuple):
    good: Int[Array, ""]
    calm_first: Bool[Array, ""]
    time: Int[Array, ""]


class VolatilitySchedule(Task):
    """A calm half, in which one arm stays the better one, and a volatile half, in which they reverse on schedule.

    Either half may come first. Reversals are at the multiples of `period` within the volatile half; between the
    halves the better arm stays the better one. An action that is no arm is a missed pull and pays nothing.
    """

    p_stable: Float[Array, "..."] = eqx.field(converter=parameter, default=0.75)
    """Probability that the good arm pays in the calm half (Behrens 2007: .75)."""
    p_volatile: Float[Array, "..."] = eqx.field(converter=parameter, default=0.8)
    """Probability that the good arm pays in the volatile half (Behrens 2007: .8)."""
    period: Int[Array, "..."] = eqx.field(converter=whole_pulls, default=25)
    """Pulls between reversals in the volatile half (Wang 2018: 25; Behrens 2007: 20 to 40)."""
    half: int = eqx.field(static=True, default=100)
    """Pulls in a half (Wang 2018: 100)."""

    variant: ClassVar[str] = (
        "Wang 2018 Sim 2, test: 100 calm pulls (.75) and 100 volatile ones (.8, reversal every 25), either order; "
        "not Behrens 2007: no money, no magnitudes of reward, 120 and 170 trials there"
    )
    cite: ClassVar[tuple[str, ...]] = ("wang2018", "behrens2007")
    trial_variables: ClassVar[tuple[Variable, ...]] = (*BANDIT_VARIABLES, HAZARD, VOLATILE, PHASE)
    observation_shape: ClassVar[tuple[int, ...]] = (0,)
    actions: ClassVar[int] = 2

    def __check_init__(self) -> None:
        check_range("p_stable", self.p_stable, 0.5, 1)
        check_range("p_volatile", self.p_volatile, 0.5, 1)
        check_range("period", self.period, 1, 2**30)
        check_count("half", self.half, 1)

    @property
    def episode_steps(self) -> int:
        return 2 * self.half

    def sample(self, key: Key[Array, ""]) -> ScheduleState:
        draws = jax.random.uniform(key, (2,)) < 0.5
        return ScheduleState(draws[0].astype(jnp.int32), draws[1], jnp.int32(0))

    def volatile(self, state: ScheduleState) -> Bool[Array, ""]:
        return (state.time >= self.half) == state.calm_first

    def trial_of(self, state: ScheduleState, action: Array, reward: Array) -> dict[str, Array]:
        volatile = self.volatile(state)
        p = arms(state.good, jnp.where(volatile, self.p_volatile, self.p_stable))
        second = (state.time >= self.half).astype(jnp.int32)
        columns = {
            "hazard": jnp.where(volatile, 1 / self.period, 0.0),
            "volatile": volatile.astype(jnp.int32),
            "phase": jnp.where(state.calm_first, second, 2 + second),
        }
        return trial_of(p, state.time, action, reward) | columns

    def start(self, problem: ScheduleState, key: Key[Array, ""]) -> tuple[ScheduleState, TimeStep]:
        return problem, opening(jnp.zeros(0), self.trial_of(problem, jnp.int32(0), jnp.float32(0)))

    def step(
        self, state: ScheduleState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[ScheduleState, TimeStep]:
        within = state.time % self.half
        reverses = self.volatile(state) & (within > 0) & (within % self.period == 0)
        now = state._replace(good=jnp.where(reverses, 1 - state.good, state.good))
        p = jnp.where(self.volatile(now), self.p_volatile, self.p_stable)
        reward = pulled(arms(now.good, p), action, jax.random.uniform(key))
        trial = self.trial_of(now, action, reward)
        following = now._replace(time=state.time + 1)
        return following, outcome(jnp.zeros(0), reward, following.time >= self.episode_steps, trial)
