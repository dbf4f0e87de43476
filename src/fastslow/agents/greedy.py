"""Epsilon-greedy choice on posterior means; with epsilon 0, greedy (baselines of Duan et al. 2016)."""

from typing import ClassVar

import equinox as eqx
from jaxtyping import Array, Float, Key

from fastslow.agents.counts import CountingObserver, Counts
from fastslow.agents.observer import best, first_best, lapse, sampled
from fastslow.tasks.task import Task, check_count, check_range, parameter
from fastslow.timestep import Output, Percept


class EpsilonGreedy(CountingObserver):
    """Pulls the arm of greatest posterior mean (one imagined success and failure each), or lapses."""

    epsilon: Float[Array, ""] = eqx.field(converter=parameter, default=0.05)
    """Probability of a uniformly random pull."""
    arms: int = eqx.field(static=True, default=2)
    lowest_index: bool = eqx.field(static=True, default=False)
    """Ties go to the lowest index (which is what reproduces the table of Duan 2016), not at random."""

    cite: ClassVar[tuple[str, ...]] = ("duan2016",)

    def __check_init__(self) -> None:
        check_range("epsilon", self.epsilon, 0, 1)
        check_count("arms", self.arms, 1)

    def choose(self, state: Counts, percept: Percept, key: Key[Array, ""]) -> Output:
        greedy = first_best(state.mean) if self.lowest_index else best(state.mean)
        return sampled(key, lapse(greedy, self.epsilon), state.mean.max(), q=state.mean)


def epsilon_greedy(task: Task, epsilon: float = 0.05, lowest_index: bool = False) -> EpsilonGreedy:
    """Epsilon-greedy over the arms of `task`."""
    return EpsilonGreedy(epsilon, task.actions, lowest_index)


def greedy(task: Task, lowest_index: bool = False) -> EpsilonGreedy:
    """Greedy over the arms of `task`."""
    return EpsilonGreedy(0.0, task.actions, lowest_index)
