"""The ideal observer of arms that reverse, seldom or often: which arm is good, and how volatile it is just now.

Bayes' rule for two hidden states at once, with everything else known. Whatever it believes of the volatility is
the most that can be known of it from choices and outcomes, so its belief is what a network's can be held beside.
Wang et al. 2018 (Simulation 2) has no such observer; Behrens et al. 2007 has one that knows less (`behrens`).
"""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from fastslow.agents.observer import Observer, assume, best, sampled
from fastslow.tasks.task import Task, check_range, parameter
from fastslow.tasks.volatility import VolatileBandit
from fastslow.timestep import Output, Percept


class BayesVolatility(Observer):
    """Pulls the arm that is more likely the good one, either where both are equally likely.

    State: probabilities `[good arm, calm or volatile]` for the pull at hand. After a pull Bayes' rule; then, as in
    the world, the hazard is drawn anew with probability `redraw`, low or high evenly, and the arms reverse with it.
    Either arm's outcome says equally much, so greed is optimal. `value` and the probe `q` are probabilities of
    reward; the probe `volatility` is the probability that the stretch is volatile.
    """

    p: Float[Array, ""] = eqx.field(converter=parameter)
    """Probability that the good arm pays."""
    hazard_low: Float[Array, ""] = eqx.field(converter=parameter)
    """Probability of a reversal per pull in calm stretches."""
    hazard_high: Float[Array, ""] = eqx.field(converter=parameter)
    """The same in volatile ones."""
    redraw: Float[Array, ""] = eqx.field(converter=parameter)
    """Probability, per pull, that the hazard is drawn anew."""

    cite: ClassVar[tuple[str, ...]] = ("wang2018", "behrens2007")

    def __check_init__(self) -> None:
        check_range("p", self.p, 0.5, 1)
        for name in ("hazard_low", "hazard_high", "redraw"):
            check_range(name, getattr(self, name), 0, 1)

    def blank(self) -> Float[Array, "arm level"]:
        return jnp.full((2, 2), 0.25)

    def take_in(
        self, state: Float[Array, "arm level"], percept: Percept
    ) -> tuple[Float[Array, "arm level"], dict[str, Array]]:
        action = percept.last_action
        pulled = (action == 0) | (action == 1)
        paid = percept.last_reward > 0
        right = (jnp.arange(2) == action) == paid
        likelihood = jnp.where(right, self.p, 1 - self.p)
        weighed = state * jnp.where(pulled, likelihood, 1.0)[:, None]
        total = weighed.sum()
        # Where p is 1 a reversal can make the outcome impossible under what is believed; then it teaches nothing.
        posterior = jnp.where(total > 0, weighed / jnp.maximum(total, 1e-30), state)
        mixed = (1 - self.redraw) * posterior + self.redraw * posterior.mean(axis=1, keepdims=True)
        hazard = jnp.stack([self.hazard_low, self.hazard_high])[None, :]
        moved = mixed * (1 - hazard) + mixed[::-1] * hazard
        return jnp.where(percept.first, state, moved), {}

    def choose(self, state: Float[Array, "arm level"], percept: Percept, key: Key[Array, ""]) -> Output:
        good = state.sum(axis=1)
        q = self.p * good + (1 - self.p) * (1 - good)
        return sampled(key, best(q), q.max(), q=q, volatility=state[:, 1].sum())


def bayes_volatility(task: Task) -> BayesVolatility:
    """The ideal observer of `task`, a VolatileBandit."""
    assume("bayes_volatility", task, VolatileBandit)
    return BayesVolatility(task.p, task.hazard_low, task.hazard_high, task.redraw)
