"""Players of the bandit with an informative arm: one who uses it, one who only searches.

Wang et al. 2016 (dependent bandits II). Both know the structure and lack only the target. To pay for the
informative arm first returns .55 + 4 x 5 = 20.55 in five pulls; to search without replacement, which is what
Thompson sampling with the true prior does, returns 11.0.
"""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from fastslow.agents.observer import Observer, assume, best, sampled
from fastslow.tasks.informative_arm import InformativeArm
from fastslow.tasks.task import Task, parameter
from fastslow.timestep import Output, Percept


class Informed(Observer):
    """Keeps the set of arms that may be the target; `value` is the expected pay of pulling one of them."""

    pay_target: Float[Array, ""] = eqx.field(converter=parameter)
    """Reward of the target."""
    pay_other: Float[Array, ""] = eqx.field(converter=parameter)
    """Reward of the other direct arms."""
    arms: int = eqx.field(static=True, default=11)
    """Number of arms, the informative one (the last) included."""
    asks: bool = eqx.field(static=True, default=True)
    """Pull the informative arm while the target is unknown; otherwise, any arm that may be it."""

    cite: ClassVar[tuple[str, ...]] = ("wang2016",)

    def blank(self) -> Bool[Array, " arm"]:
        return jnp.arange(self.arms) < self.arms - 1

    def take_in(
        self, state: Bool[Array, " arm"], percept: Percept
    ) -> tuple[Bool[Array, " arm"], dict[str, Array]]:
        arm = jnp.arange(self.arms)
        pulled = arm == percept.last_action
        told = jnp.round(percept.last_reward * (self.arms - 1)) - 1
        found = percept.last_reward > (self.pay_target + self.pay_other) / 2
        by_pull = jnp.where(found, pulled, ~pulled)
        direct = (percept.last_action >= 0) & (percept.last_action < self.arms - 1)
        consistent = jnp.where(percept.last_action == self.arms - 1, arm == told, by_pull | ~direct)
        return state & consistent, {}

    def choose(self, state: Bool[Array, " arm"], percept: Percept, key: Key[Array, ""]) -> Output:
        left = state.sum().astype(jnp.float32)
        pay = self.pay_other + (self.pay_target - self.pay_other) / jnp.maximum(left, 1.0)
        wanted = state.astype(jnp.float32)
        if self.asks:
            ask = jnp.arange(self.arms) == self.arms - 1
            wanted = jnp.where(left > 1, ask.astype(jnp.float32), wanted)
        return sampled(key, best(wanted), pay)


def informed(task: Task) -> Informed:
    """The optimal player of the bandit with an informative arm: ask once, then exploit."""
    return player(task, asks=True)


def searcher(task: Task) -> Informed:
    """Thompson sampling with the true prior: search the direct arms without replacement."""
    return player(task, asks=False)


def player(task: Task, asks: bool) -> Informed:
    assume("informed" if asks else "searcher", task, InformativeArm)
    assert isinstance(task, InformativeArm)
    return Informed(task.pay_target, task.pay_other, task.arms, asks)
