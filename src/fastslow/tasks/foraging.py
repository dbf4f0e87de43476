"""Dynamic foraging: two sides whose rewards, once laid out, wait until they are fetched (baiting).

Each trial a reward is laid out at side i with base probability p_i, unless one waits there already, so that a side
left alone for n trials pays with

    P_i = 1 - (1 - p_i)^(n + 1)

and it is worth looking in on the poor side now and then. Animals come to divide their choices nearly as their income is
divided (the matching law). Wang et al. 2018 (Simulation 1, Fig. 2), after Tsutsui et al. 2016 and Lau & Glimcher
2005. Episodes have one pair of probabilities, which sum to a constant; some pairs are held out of training.
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

BANDS = 5
"""The range of p_0 is cut into five bands; the second and the fourth are held out of training."""
FORAGING_VARIABLES = (
    task.TRIAL,
    task.TRIAL_END,
    Variable("action", "the side chosen; -1 where the trial is void", "0 left, 1 right, -1 void"),
    task.REWARD,
    Variable(
        "penalty", "paid in the trial for an invalid response, apart from its reward", "0, or less where void"
    ),
    Variable(
        "p_reward",
        "probability that each side pays in this trial, baits that wait included",
        "0 to 1, per side",
    ),
    Variable("p_base", "probability that a reward is laid out at each side", "0 to 1, one per side"),
    Variable("held_out", "the episode's probabilities are held out of training", "0 or 1"),
    task.VALID,
    task.CORRECT,
    task.REGRET,
)


class Patch(NamedTuple):
    """An episode's hidden truth."""

    p_left: Float[Array, ""]
    trials: Int[Array, ""]
    """How many trials there will be."""


class ForagingState(NamedTuple):
    patch: Patch
    unchosen: Int[Array, "2"]
    """Trials in a row in which each side was not chosen."""
    trial: Int[Array, ""]
    choosing: Bool[Array, ""]
    """The choice is at hand, not fixation."""
    void: Bool[Array, ""]
    """The trial at hand holds an invalid response already."""


def waiting(
    p_base: Float[Array, "..."], unchosen: Int[Array, "..."] | Float[Array, "..."]
) -> Float[Array, "..."]:
    """P = 1 - (1 - p)^(n + 1), the probability that a reward lies at a side left alone for n trials."""
    return 1.0 - (1.0 - p_base) ** (unchosen + 1.0)


class Foraging(Task):
    """Fixate, then choose a side; whatever lies there is paid and seen with the next fixation cue.

    What is seen is the cue that wants a response, one-hot over fixation, choice (nothing without fixation). Actions:
    centre, left, right (left, right without fixation). An invalid response costs `penalty` and voids the rest of the
    trial, whose steps show zeros and pay nothing; baits wait.
    """

    total: Float[Array, "..."] = eqx.field(converter=parameter, default=0.5)
    """p_left + p_right, in each trial (Wang 2018: .5)."""
    penalty: Float[Array, "..."] = eqx.field(converter=parameter, default=1.0)
    """What an invalid response costs (Wang 2018: 1; 0 for none)."""
    whole: bool = eqx.field(static=True, default=False)
    """Draw p_left from the whole range, as in the test, not only from the bands of training."""
    fixation: bool = eqx.field(static=True, default=True)
    """Begin each trial with a fixation cue (Wang 2018)."""
    least_trials: int = eqx.field(static=True, default=50)
    """Trials in the shortest episode (Wang 2018: 50)."""
    trials: int = eqx.field(static=True, default=100)
    """Trials in the longest episode, two steps each, one without fixation (Wang 2018: 100)."""

    variant: ClassVar[str] = (
        "Wang 2018 Sim 1: baited, p_left + p_right = .5, one pair per episode of 50 to 100 trials, p_left in [0, .1], "
        "[.2, .3] or [.4, .5] in training; not Tsutsui 2016, whose blocks change within a session"
    )
    cite: ClassVar[tuple[str, ...]] = ("wang2018", "tsutsui2016", "lau2005")
    trial_variables: ClassVar[tuple[Variable, ...]] = FORAGING_VARIABLES

    def __check_init__(self) -> None:
        check_range("total", self.total, 0, 1)
        check_range("penalty", self.penalty, 0, 1e6)
        check_count("least_trials", self.least_trials, 1)
        check_count("trials", self.trials, 1)
        check(
            self.least_trials <= self.trials,
            f"least_trials is {self.least_trials}, more than trials, which is {self.trials}; lower it.",
        )

    @property
    def stages(self) -> int:
        """Steps in a trial."""
        return 2 if self.fixation else 1

    @property
    def observation_shape(self) -> tuple[int, ...]:
        return (2,) if self.fixation else (0,)

    @property
    def actions(self) -> int:
        return 3 if self.fixation else 2

    @property
    def episode_steps(self) -> int:
        return self.stages * self.trials

    def sample(self, key: Key[Array, ""]) -> Patch:
        place, length = jax.random.uniform(key, (2,))
        band = jnp.floor(3 * place)
        place = place if self.whole else (2 * band + (3 * place - band)) / BANDS
        trials = self.least_trials + jnp.floor(length * (self.trials - self.least_trials + 1))
        return Patch(self.total * place, jnp.minimum(trials, self.trials).astype(jnp.int32))

    def cue(self, choosing: Array, void: Array) -> Float[Array, " cue"]:
        if not self.fixation:
            return jnp.zeros(0)
        return jnp.where(void, 0.0, jnp.stack([~choosing, choosing]).astype(jnp.float32))

    def trial_of(
        self, state: ForagingState, end: Array, side: Array, void: Array, reward: Array
    ) -> dict[str, Array]:
        base = jnp.stack([state.patch.p_left, self.total - state.patch.p_left])
        p = waiting(base, state.unchosen)
        regret = p.max() - jnp.where(void, 0.0, pick(p, side))
        band = jnp.floor(BANDS * state.patch.p_left / jnp.maximum(self.total, 1e-6))
        return {
            "trial": state.trial,
            "trial_end": end,
            "action": jnp.where(void, -1, side),
            "reward": jnp.maximum(reward, 0.0),
            "penalty": -self.penalty * void.astype(jnp.float32),
            "p_reward": p,
            "p_base": base,
            "held_out": (band == 1) | (band == 3),
            "valid": ~void,
            "correct": ~void & (regret <= 0),
            "regret": regret,
        }

    def start(self, problem: Patch, key: Key[Array, ""]) -> tuple[ForagingState, TimeStep]:
        zero, no = jnp.int32(0), jnp.bool_(False)
        choosing = jnp.bool_(not self.fixation)
        state = ForagingState(problem, jnp.zeros(2, jnp.int32), zero, choosing, no)
        trial = self.trial_of(state, no, zero, no, jnp.float32(0))
        return state, opening(self.cue(choosing, no), trial)

    def step(
        self, state: ForagingState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[ForagingState, TimeStep]:
        side = action - 1 if self.fixation else action
        accepted = jnp.where(state.choosing, (side == 0) | (side == 1), action == 0)
        violates = ~state.void & ~accepted
        void, ends = state.void | violates, state.choosing
        trial = self.trial_of(state, ends, side, void, jnp.float32(0))
        paid = ends & ~void & (jax.random.uniform(key) < pick(trial["p_reward"], side))
        reward = paid.astype(jnp.float32) - self.penalty * violates.astype(jnp.float32)
        trial["reward"] = paid.astype(jnp.float32)

        left_alone = jnp.where(~void & (jnp.arange(2) == side), 0, state.unchosen + 1)
        unchosen = jnp.where(ends, left_alone, state.unchosen)
        following = state.trial + ends.astype(jnp.int32)
        choosing = ~ends | jnp.bool_(not self.fixation)
        goes_on_void = void & ~ends
        carried = ForagingState(state.patch, unchosen, following, choosing, goes_on_void)
        last = following >= state.patch.trials
        return carried, outcome(self.cue(choosing, goes_on_void), reward, last, trial)


def foraging_whole(fixation: bool = True, least_trials: int = 50, trials: int = 100) -> Foraging:
    """Probabilities from the whole range, those held out of training included (the test of Wang 2018)."""
    return Foraging(whole=True, fixation=fixation, least_trials=least_trials, trials=trials)
