"""Harlow's learning sets: which of two new objects hides the food?

In each episode two objects never met before are offered together, for a few trials, on sides drawn anew every
time; one of them is always rewarded. The first choice can only be a guess, and it tells all: whoever has learned to
learn is right from the second trial on. Harlow 1949 (monkeys); Wang et al. 2016 (section 3.2.2) and 2018
(Simulation 5, Fig. 6).

Here the objects are shown as codes, one choice a step; the same trials on a ring of cells are in `harlow_ring`.
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
    check_order,
    check_range,
    opening,
    outcome,
    parameter,
)
from fastslow.timestep import TimeStep

SIDE = Variable("action", "the side chosen; -1 where the trial is not finished", "0 left, 1 right, -1 none")
HARLOW_VARIABLES = (
    task.TRIAL,
    task.TRIAL_END,
    SIDE,
    task.REWARD,
    Variable("rewarded_side", "the side of the rewarded object", "0 left, 1 right"),
    Variable("rewarded_object", "number of the rewarded object", "0, 1, ..."),
    Variable("other_object", "number of the other object", "0, 1, ..."),
    task.VALID,
    task.CORRECT,
    task.REGRET,
)
OBJECTS_KEY = 1949
"""Number of the key from which all codes are drawn: object i looks the same in every episode of every run."""


class Pair(NamedTuple):
    """An episode's hidden truth."""

    rewarded: Int[Array, ""]
    """Number of the object that is rewarded."""
    other: Int[Array, ""]
    recurring: Bool[Array, ""]
    """Where only one object recurs: it is the rewarded one."""


def draw_pair(key: Key[Array, ""], objects: int, held_out: bool) -> Pair:
    """Two different objects: numbers below `objects`, or, held out, from there to below twice `objects`."""
    first_key, second_key, which_key = jax.random.split(key, 3)
    first = jax.random.randint(first_key, (), 0, objects)
    other = another(second_key, first, objects)
    shift = objects if held_out else 0
    return Pair(first + shift, other + shift, jax.random.bernoulli(which_key))


def another(key: Key[Array, ""], number: Int[Array, ""], objects: int) -> Int[Array, ""]:
    """An object of the same set as `number`, training or held out, but not it."""
    within = number % objects
    return number - within + (within + jax.random.randint(key, (), 1, objects)) % objects


def trial_of(
    number: Array, end: Array, choice: Array, side: Array, pair: Pair, right: Array, wrong: Array
) -> dict[str, Array]:
    """The trial variables; `choice` is 0 (left), 1 (right) or -1 (not finished), `side` where the reward is.

    What is not finished pays nothing and is neither valid nor correct.
    """
    valid = choice >= 0
    correct = choice == side
    reward = jnp.where(valid, jnp.where(correct, right, wrong), 0.0)
    return {
        "trial": number,
        "trial_end": end,
        "action": choice,
        "reward": reward,
        "rewarded_side": side,
        "rewarded_object": pair.rewarded,
        "other_object": pair.other,
        "valid": valid,
        "correct": correct,
        "regret": right - reward,
    }


def check_harlow(task: Task) -> None:
    """Refuse what no form of the task can have."""
    check_range("reward_right", task.reward_right, -1e6, 1e6)
    check_range("reward_wrong", task.reward_wrong, -1e6, 1e6)
    check_order("reward_wrong", task.reward_wrong, "reward_right", task.reward_right)
    check_count("trials", task.trials, 1)
    check_count("objects", task.objects, 2)


class HarlowState(NamedTuple):
    pair: Pair
    """The two objects on offer."""
    codes: Float[Array, "2 feature"]
    """Of the rewarded object and of the other."""
    side: Int[Array, ""]
    """Where the rewarded object is, 0 left or 1 right."""
    trial: Int[Array, ""]


class Harlow(Task):
    """Two object codes side by side, left then right; actions 0 left, 1 right; one step a trial.

    Codes are vectors of independent standard normal numbers. An action out of range passes the trial over.
    """

    reward_right: Float[Array, "..."] = eqx.field(converter=parameter, default=1.0)
    """Paid for the rewarded object (Wang 2016: 1)."""
    reward_wrong: Float[Array, "..."] = eqx.field(converter=parameter, default=-1.0)
    """Paid for the other object (Wang 2016: -1)."""
    trials: int = eqx.field(static=True, default=6)
    """Trials with the same pair, an episode (Harlow 1949 and Wang 2018: 6; Wang 2016: 10)."""
    objects: int = eqx.field(static=True, default=1000)
    """Objects to draw from in training, and as many held out (Wang 2016: 1000 images each)."""
    held_out: bool = eqx.field(static=True, default=False)
    """Draw from the held-out objects, none of which is met in training."""
    one_recurs: bool = eqx.field(static=True, default=False)
    """Only one object of the pair recurs, the rewarded or the other; its companion is new in every trial."""
    features: int = eqx.field(static=True, default=8)
    """Length of an object's code."""

    variant: ClassVar[str] = (
        "Wang 2018 Sim 5 / Wang 2016 Exp 6 with objects as codes: two actions, no fixation, no pixels, no "
        "saccades; not Harlow's food wells"
    )
    cite: ClassVar[tuple[str, ...]] = ("harlow1949", "wang2018", "wang2016")
    trial_variables: ClassVar[tuple[Variable, ...]] = HARLOW_VARIABLES

    def __check_init__(self) -> None:
        check_harlow(self)
        check_count("features", self.features, 1)

    @property
    def observation_shape(self) -> tuple[int, ...]:
        return (2 * self.features,)

    @property
    def actions(self) -> int:
        return 2

    @property
    def episode_steps(self) -> int:
        return self.trials

    def sample(self, key: Key[Array, ""]) -> Pair:
        return draw_pair(key, self.objects, self.held_out)

    def code(self, number: Int[Array, ""]) -> Float[Array, " feature"]:
        """How an object looks; the same for ever."""
        return jax.random.normal(jax.random.fold_in(jax.random.key(OBJECTS_KEY), number), (self.features,))

    def show(self, state: HarlowState) -> Float[Array, " both"]:
        """Left code, right code."""
        return jnp.where(state.side == 0, state.codes, state.codes[::-1]).reshape(-1)

    def start(self, problem: Pair, key: Key[Array, ""]) -> tuple[HarlowState, TimeStep]:
        codes = jnp.stack([self.code(problem.rewarded), self.code(problem.other)])
        state = HarlowState(problem, codes, toss(key), jnp.int32(0))
        return state, opening(self.show(state), self.tabulate(state, jnp.int32(-1)))

    def tabulate(self, state: HarlowState, choice: Array) -> dict[str, Array]:
        return trial_of(
            state.trial,
            jnp.bool_(True),
            choice,
            state.side,
            state.pair,
            self.reward_right,
            self.reward_wrong,
        )

    def renew(self, state: HarlowState, key: Key[Array, ""]) -> HarlowState:
        """The pair of the next trial: the same, or one of the two with a new companion."""
        if not self.one_recurs:
            return state
        pair = state.pair
        kept = jnp.where(pair.recurring, pair.rewarded, pair.other)
        new = another(key, kept, self.objects)
        rewarded, other = jnp.where(pair.recurring, kept, new), jnp.where(pair.recurring, new, kept)
        is_new = jnp.stack([~pair.recurring, pair.recurring])[:, None]
        codes = jnp.where(is_new, self.code(new), state.codes)
        return state._replace(pair=Pair(rewarded, other, pair.recurring), codes=codes)

    def step(
        self, state: HarlowState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[HarlowState, TimeStep]:
        side_key, new_key = jax.random.split(key)
        choice = jnp.where((action == 0) | (action == 1), action, -1)
        trial = self.tabulate(state, choice)
        following = self.renew(state, new_key)._replace(side=toss(side_key), trial=state.trial + 1)
        return following, outcome(
            self.show(following), trial["reward"], following.trial >= self.trials, trial
        )


def toss(key: Key[Array, ""]) -> Int[Array, ""]:
    """0 or 1, evenly."""
    return jax.random.bernoulli(key).astype(jnp.int32)


def one_recurs(trials: int = 6, held_out: bool = False) -> Harlow:
    """Wang et al. 2016, the harder variant: one object of the pair recurs, its companion is new every time."""
    return Harlow(trials=trials, held_out=held_out, one_recurs=True)
