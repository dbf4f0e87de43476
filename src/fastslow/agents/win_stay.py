"""Win-stay lose-shift with lapses: repeat what paid, leave what did not, and now and then anything.

The model that learns nothing beyond the last trial, beside those that do (Wilson & Collins 2019, model 2).
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from fastslow.agents import two_step_view as view
from fastslow.agents.observer import Observer, lapse, sampled
from fastslow.agents.two_step_view import Form, Seen
from fastslow.tasks.task import Task, check_count, check_range, parameter
from fastslow.tasks.two_step import TwoStep, TwoStepInOne
from fastslow.tasks.two_step_daw import TwoStepDaw
from fastslow.timestep import Output, Percept


class Last(NamedTuple):
    """What was last taken and whether it paid, at the choice and in each second-stage state; -1 if nothing."""

    choice: Int[Array, "3"]
    won: Int[Array, "3"]
    seen: Seen


class WinStay(Observer):
    """With probability 1 - epsilon the last choice if it paid (a reward above 0), else one of the others at random.

    With probability epsilon, and before the first trial, any option. In a two-step task the rule holds for the
    first choice and, where a second one matters, by what happened last in the same state. A void trial is as if
    it had not been.
    """

    epsilon: Float[Array, ""] = eqx.field(converter=parameter, default=0.1)
    """Probability of a choice at random."""
    arms: int = eqx.field(static=True, default=2)
    form: Form | None = eqx.field(static=True, default=None)

    cite: ClassVar[tuple[str, ...]] = ("wilson2019",)

    def __check_init__(self) -> None:
        check_range("epsilon", self.epsilon, 0, 1)
        check_count("arms", self.arms, 2)

    def blank(self) -> Last:
        return Last(jnp.full(3, -1), jnp.zeros(3, int), view.nothing_seen())

    def take_in(self, state: Last, percept: Percept) -> tuple[Last, dict[str, Array]]:
        if self.form is None:
            made = (percept.last_action >= 0) & (percept.last_action < self.arms)
            taken, here, seen = jnp.stack([percept.last_action] * 3), jnp.arange(3) == 0, state.seen
        else:
            seen, trial = view.look(self.form, state.seen, percept)
            made, taken = trial.valid, jnp.stack([trial.choice, trial.response, trial.response])
            here = (jnp.arange(3) == 0) | (jnp.arange(3) == 1 + trial.state)
        learns = made & here
        won = (percept.last_reward > 0).astype(int)
        return Last(jnp.where(learns, taken, state.choice), jnp.where(learns, won, state.won), seen), {}

    def rule(self, state: Last, place: Int[Array, ""], options: int) -> Float[Array, " option"]:
        """Log choice probabilities among `options` at the choice (place 0) or in a state (1 or 2)."""
        same = jnp.arange(options) == state.choice[place]
        told = jnp.where(state.won[place] > 0, same, ~same)
        told = jnp.where(state.choice[place] < 0, True, told)
        return lapse(jnp.where(told, 0.0, -jnp.inf), self.epsilon)

    def choose(self, state: Last, percept: Percept, key: Key[Array, ""]) -> Output:
        first = self.rule(state, jnp.int32(0), self.arms)
        if self.form is None:
            return sampled(key, first, jnp.float32(0))
        second = self.rule(state, 1 + view.state_at_hand(percept), 2)
        logits = view.stage_logits(self.form, view.stage(self.form, percept), first, second)
        return sampled(key, logits, jnp.float32(0))


def win_stay_lose_shift(task: Task, epsilon: float = 0.1) -> WinStay:
    """Win-stay lose-shift over the arms of `task`, or over the choices of a two-step task."""
    if isinstance(task, (TwoStepInOne, TwoStep, TwoStepDaw)):
        return WinStay(epsilon, 2, view.form_of(task))
    return WinStay(epsilon, task.actions)
