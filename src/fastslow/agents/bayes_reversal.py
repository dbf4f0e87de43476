"""The Bayesian observer of reversal learning: infer which arm is the better one, choose it.

A hidden state that changes with a known hazard, filtered by Bayes' rule: the account of reversal learning that
Hampton et al. 2006 held against prediction-error learning in people.
"""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from fastslow.agents.observer import Observer, assume, best, sampled
from fastslow.tasks.reversal import Reversal
from fastslow.tasks.task import Task, check_range, parameter, pick
from fastslow.timestep import Output, Percept


class BayesReversal(Observer):
    """Chooses the arm that is most probably the better one; ties at random.

    With b_i the belief that arm i is the better one in the trial at hand, after choice a and outcome r
    b_i <- b_i P(r | a, i) / sum_j b_j P(r | a, j), then b_i <- (1 - h) b_i + h (1 - b_i) / (arms - 1): each
    reversal leads to another arm, any as often. The filter is exact where reversals come with hazard h. `value`
    is the expected reward of the choice. Probes: `q`, expected reward of each arm; `belief`; `delta_reward` =
    r - q_a on the outcome (else 0).
    """

    reward_high: Float[Array, ""] = eqx.field(converter=parameter)
    """Probability that the better arm pays."""
    reward_low: Float[Array, ""] = eqx.field(converter=parameter)
    """Probability that each other arm does."""
    hazard: Float[Array, ""] = eqx.field(converter=parameter)
    """h, probability of a reversal between two trials."""
    arms: int = eqx.field(static=True)

    cite: ClassVar[tuple[str, ...]] = ("hampton2006", "zorowitz2023")

    def blank(self) -> Float[Array, " arm"]:
        return jnp.full(self.arms, 1 / self.arms)

    def expected(self, belief: Float[Array, " arm"]) -> Float[Array, " arm"]:
        return self.reward_low + (self.reward_high - self.reward_low) * belief

    def take_in(
        self, state: Float[Array, " arm"], percept: Percept
    ) -> tuple[Float[Array, " arm"], dict[str, Array]]:
        action, reward = percept.last_action, percept.last_reward
        chosen = jnp.arange(self.arms) == action
        made = chosen.any()
        # P(r | a, i) for every arm i that may be the better one.
        pays = jnp.where(chosen, self.reward_high, self.reward_low)
        evidence = state * jnp.where(reward > 0, pays, 1 - pays)
        # Where the assumed probabilities rule the outcome out altogether, it teaches nothing.
        usable = made & (evidence.sum() > 0)
        b = jnp.where(usable, evidence / jnp.maximum(evidence.sum(), 1e-30), state)
        moved = (1 - self.hazard) * b + self.hazard * (1 - b) / (self.arms - 1)
        delta = jnp.where(made, reward - pick(self.expected(state), action), 0.0)
        return jnp.where(percept.first, state, moved), {"delta_reward": delta}

    def choose(self, state: Float[Array, " arm"], percept: Percept, key: Key[Array, ""]) -> Output:
        q = self.expected(state)
        return sampled(key, best(q), q.max(), q=q, belief=state)


def bayes_reversal(task: Task, hazard: float = 0.0) -> BayesReversal:
    """The observer that knows the probabilities of `task`.

    It expects reversals with probability `hazard`; with 0, as often as `task` has them on average.
    """
    assume("bayes_reversal", task, Reversal)
    check_range("hazard", hazard, 0, 1)
    from_blocks = 1 / task.block if task.block else 0.0
    expected = parameter(hazard) if hazard else jnp.maximum(task.hazard, from_blocks)
    return BayesReversal(task.reward_high, task.reward_low, expected, task.arms)
