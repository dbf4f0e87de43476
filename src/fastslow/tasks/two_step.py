"""The two-step task in its one-choice form: a choice, a chancy transition, a reward that changes sides.

Action 0 leads commonly to second-stage state 0 and action 1 to state 1; one of the two states pays with high
probability, the other with low, and which one may swap at the start of every trial but the first. Whoever
plans credits a rewarded rare transition to the other action; whoever merely repeats does not.
Wang et al. 2018 (Simulation 4, Fig. 5), after Miller, Botvinick & Brody 2017; Wang et al. 2016 (section 3.2)
without swaps. Not Daw et al. 2011: the second stage holds no choice that matters.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from fastslow.tasks import task
from fastslow.tasks.task import Task, Variable, check_count, check_range, opening, outcome, parameter, pick
from fastslow.timestep import TimeStep

CHOICE = Variable("action", "the first-stage choice; -1 where the trial is void", "0 left, 1 right, -1 void")
TRANSITION = Variable("transition", "how the choice led on", "1 common, 0 rare, -1 void")
STATE = Variable("state", "the second-stage state reached", "0, 1, -1 void")
P_REWARD = Variable("p_reward", "probability that each second-stage state pays", "0 to 1, one per state")
PENALTY = Variable(
    "penalty", "paid in the trial for an invalid response, apart from its reward", "0, or less where void"
)
TWO_STEP_VARIABLES = (
    task.TRIAL,
    task.TRIAL_END,
    CHOICE,
    task.REWARD,
    PENALTY,
    TRANSITION,
    STATE,
    P_REWARD,
    task.VALID,
    task.CORRECT,
    task.REGRET,
)


def reward_probabilities(good: Int[Array, ""], high: Array, low: Array) -> Float[Array, " state"]:
    """Probability that each second-stage state pays, where state `good` is the better one."""
    return jnp.where(jnp.arange(2) == good, high, low)


def trial_of(
    trial: Array, end: Array, choice: Array, state: Array, void: Array, reward: Array, p: Array, common: Array
) -> dict[str, Array]:
    """The trial variables; correctness and regret are by expected reward, never by the draw.

    `common` is the probability of the common transition; a void trial earns nothing, so its regret is all
    that the better choice would have earned in expectation.
    """
    expected = common * p + (1.0 - common) * p[::-1]
    regret = expected.max() - jnp.where(void, 0.0, pick(expected, choice))
    return {
        "trial": trial,
        "trial_end": end,
        "action": jnp.where(void, -1, choice),
        "reward": jnp.maximum(reward, 0.0),
        "penalty": -void.astype(jnp.float32),
        "transition": jnp.where(void, -1, choice == state),
        "state": jnp.where(void, -1, state),
        "p_reward": p,
        "valid": ~void,
        "correct": ~void & (regret <= 0),
        "regret": regret,
    }


def check_parameters(task: Task) -> None:
    """Refuse what no two-step task can have; its fields are named alike in all of them."""
    check_range("transition", task.transition, 0.5, 1)
    check_range("reward_high", task.reward_high, 0, 1)
    check_range("reward_low", task.reward_low, 0, 1)
    check_range("swap", task.swap, 0, 1)
    check_count("trials", task.trials, 1)


class InOneState(NamedTuple):
    good: Int[Array, ""]
    trial: Int[Array, ""]


class TwoStepInOne(Task):
    """Both steps folded into one: choose, and see the second-stage state and its reward at once.

    The observation is the second-stage state just reached, one-hot; zeros before the first trial. An action
    out of range voids the trial and pays -1.
    """

    transition: Float[Array, "..."] = eqx.field(converter=parameter, default=0.8)
    """Probability of the common transition (Wang 2018: .8)."""
    reward_high: Float[Array, "..."] = eqx.field(converter=parameter, default=0.9)
    """Probability that the better second-stage state pays (Wang 2018: .9)."""
    reward_low: Float[Array, "..."] = eqx.field(converter=parameter, default=0.1)
    """Probability that the other second-stage state pays (Wang 2018: .1)."""
    swap: Float[Array, "..."] = eqx.field(converter=parameter, default=0.025)
    """Probability, at the start of each trial but the first, that the two states swap (Wang 2018: .025)."""
    trials: int = eqx.field(static=True, default=100)
    """Trials in an episode, one step each."""

    variant: ClassVar[str] = (
        "Wang 2018 Sim 4 / Miller 2017 rewards and transitions with both steps in one; not Daw 2011, "
        "no second-stage choice, no fixation"
    )
    cite: ClassVar[tuple[str, ...]] = ("wang2018", "miller2017")
    trial_variables: ClassVar[tuple[Variable, ...]] = TWO_STEP_VARIABLES

    def __check_init__(self) -> None:
        check_parameters(self)

    @property
    def observation_shape(self) -> tuple[int, ...]:
        return (2,)

    @property
    def actions(self) -> int:
        return 2

    @property
    def episode_steps(self) -> int:
        return self.trials

    def sample(self, key: Key[Array, ""]) -> Int[Array, ""]:
        """The second-stage state that is the better one in the first trial."""
        return jax.random.bernoulli(key).astype(jnp.int32)

    def start(self, problem: Int[Array, ""], key: Key[Array, ""]) -> tuple[InOneState, TimeStep]:
        zero = jnp.int32(0)
        p = reward_probabilities(problem, self.reward_high, self.reward_low)
        trial = trial_of(zero, zero == 0, zero, zero, zero != 0, jnp.float32(0), p, self.transition)
        return InOneState(problem, zero), opening(jnp.zeros(2), trial)

    def step(
        self, state: InOneState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[InOneState, TimeStep]:
        draws = jax.random.uniform(key, (3,))
        swaps = (draws[0] < self.swap) & (state.trial > 0)
        good = jnp.where(swaps, 1 - state.good, state.good)
        p = reward_probabilities(good, self.reward_high, self.reward_low)
        void = (action < 0) | (action > 1)
        reached = jnp.where(draws[1] < self.transition, action, 1 - action)
        paid = ~void & (draws[2] < pick(p, reached))
        reward = paid.astype(jnp.float32) - void.astype(jnp.float32)
        trial = trial_of(state.trial, jnp.bool_(True), action, reached, void, reward, p, self.transition)
        observation = (jnp.arange(2) == jnp.where(void, -1, reached)).astype(jnp.float32)
        following = state.trial + 1
        return InOneState(good, following), outcome(observation, reward, following >= self.trials, trial)


class TwoStepState(NamedTuple):
    good: Int[Array, ""]
    trial: Int[Array, ""]
    stage: Int[Array, ""]
    """Step within the trial, 0 at its first."""
    void: Bool[Array, ""]
    choice: Int[Array, ""]
    reached: Int[Array, ""]


class TwoStep(Task):
    """Separate steps: [fixation,] first-stage choice, response to the second-stage state.

    The observation is the cue that asks for a response, one-hot over [fixation,] first stage, state 0,
    state 1. With fixation the actions are 0 centre, 1 left, 2 right: fixation wants centre, the other cues
    left or right; without it they are 0 left, 1 right. Which side answers the second stage does not matter.
    An invalid response (one out of range too) costs `penalty` and voids the trial: its remaining steps show zeros,
    take any response and pay nothing.
    """

    transition: Float[Array, "..."] = eqx.field(converter=parameter, default=0.8)
    """Probability of the common transition (Wang 2018: .8)."""
    reward_high: Float[Array, "..."] = eqx.field(converter=parameter, default=0.9)
    """Probability that the better second-stage state pays (Wang 2018: .9)."""
    reward_low: Float[Array, "..."] = eqx.field(converter=parameter, default=0.1)
    """Probability that the other second-stage state pays (Wang 2018: .1)."""
    swap: Float[Array, "..."] = eqx.field(converter=parameter, default=0.025)
    """Probability, at the start of each trial but the first, that the two states swap (Wang 2018: .025)."""
    penalty: Float[Array, "..."] = eqx.field(converter=parameter, default=1.0)
    """What an invalid response costs (Wang 2018: 1; 0 for none)."""
    fixation: bool = eqx.field(static=True, default=True)
    """Begin each trial with a fixation cue, as Wang 2018; otherwise with the first stage, as Wang 2016."""
    trials: int = eqx.field(static=True, default=100)
    """Trials in an episode, three steps each (two without fixation)."""

    variant: ClassVar[str] = (
        "Wang 2018 Sim 4 / Miller 2017: fixation, one choice, p(common) = .8, rewards .9/.1, swap 2.5 % per "
        "trial, -1 for invalid responses; not Daw 2011, no second-stage choice that matters"
    )
    cite: ClassVar[tuple[str, ...]] = ("wang2018", "miller2017", "wang2016")
    trial_variables: ClassVar[tuple[Variable, ...]] = TWO_STEP_VARIABLES

    def __check_init__(self) -> None:
        check_parameters(self)
        check_range("penalty", self.penalty, 0, 1e6)

    @property
    def stages(self) -> int:
        """Steps in a trial."""
        return 3 if self.fixation else 2

    @property
    def observation_shape(self) -> tuple[int, ...]:
        return (self.stages + 1,)

    @property
    def actions(self) -> int:
        return 3 if self.fixation else 2

    @property
    def episode_steps(self) -> int:
        return self.stages * self.trials

    def sample(self, key: Key[Array, ""]) -> Int[Array, ""]:
        """The second-stage state that is the better one in the first trial."""
        return jax.random.bernoulli(key).astype(jnp.int32)

    def start(self, problem: Int[Array, ""], key: Key[Array, ""]) -> tuple[TwoStepState, TimeStep]:
        zero, no = jnp.int32(0), jnp.bool_(False)
        p = reward_probabilities(problem, self.reward_high, self.reward_low)
        trial = trial_of(zero, no, zero, zero, no, jnp.float32(0), p, self.transition)
        return TwoStepState(problem, zero, zero, no, zero, zero), opening(self.cue(zero), trial)

    def cue(self, index: Int[Array, ""]) -> Float[Array, " cue"]:
        """One-hot; zeros for an index of -1."""
        return (jnp.arange(self.stages + 1) == index).astype(jnp.float32)

    def step(
        self, state: TwoStepState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[TwoStepState, TimeStep]:
        draws = jax.random.uniform(key, (3,))
        swaps = (draws[0] < self.swap) & (state.trial > 0) & (state.stage == 0)
        good = jnp.where(swaps, 1 - state.good, state.good)
        p = reward_probabilities(good, self.reward_high, self.reward_low)

        side = action - 1 if self.fixation else action
        accepted = (side == 0) | (side == 1)
        if self.fixation:
            accepted = jnp.where(state.stage == 0, action == 0, accepted)
        violates = ~state.void & ~accepted
        void = state.void | violates

        chooses = state.stage == self.stages - 2
        ends = state.stage == self.stages - 1
        choice = jnp.where(chooses, side, state.choice)
        reached = jnp.where(chooses, jnp.where(draws[1] < self.transition, side, 1 - side), state.reached)
        paid = ends & ~void & (draws[2] < pick(p, reached))
        reward = paid.astype(jnp.float32) - self.penalty * violates.astype(jnp.float32)
        trial = trial_of(state.trial, ends, choice, reached, void, reward, p, self.transition)
        trial["penalty"] = self.penalty * trial["penalty"]

        stage = jnp.where(ends, 0, state.stage + 1)
        shown = stage + jnp.where(stage == self.stages - 1, reached, 0)
        goes_on_void = void & ~ends
        following = state.trial + ends.astype(jnp.int32)
        observation = self.cue(jnp.where(goes_on_void, -1, shown))
        carried = TwoStepState(good, following, stage, goes_on_void, choice, reached)
        return carried, outcome(observation, reward, following >= self.trials, trial)


def wang2016(trials: int = 100) -> TwoStep:
    """Wang et al. 2016, section 3.2: p(common) = .75, no swap within the episode, no fixation."""
    return TwoStep(transition=0.75, swap=0.0, fixation=False, trials=trials)
