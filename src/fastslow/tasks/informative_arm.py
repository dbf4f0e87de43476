"""Eleven arms of which the worst tells where the best is.

One of the first ten arms, the target, pays 5 and the others 1; the last arm pays a tenth of the target's
number, less than any other, and so gives it away. To pull it first is to pay for information, which no
algorithm that judges arms by what they pay will do. Wang et al. 2016 (section 3.1.3, dependent bandits II).
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from fastslow.tasks import task
from fastslow.tasks.task import Task, Variable, check_count, check_range, opening, outcome, parameter, pick
from fastslow.timestep import TimeStep


class InformativeState(NamedTuple):
    target: Int[Array, ""]
    time: Int[Array, ""]


class InformativeArm(Task):
    """Deterministic pay; the last arm pays (target + 1) / (arms - 1), no arm pays nothing."""

    pay_target: Float[Array, "..."] = eqx.field(converter=parameter, default=5.0)
    """Reward of the target (Wang 2016: 5)."""
    pay_other: Float[Array, "..."] = eqx.field(converter=parameter, default=1.0)
    """Reward of the arms that are neither target nor informative (Wang 2016: 1)."""
    arms: int = eqx.field(static=True, default=11)
    """Number of arms, the informative one (the last) included (Wang 2016: 11)."""
    pulls: int = eqx.field(static=True, default=5)
    """Pulls in an episode (Wang 2016: 5)."""

    variant: ClassVar[str] = (
        "Wang 2016 dependent bandits II: 11 arms, 5 pulls, target 5, others 1, arm 11 pays target / 10; "
        "rewards are numbers, not one-hot"
    )
    cite: ClassVar[tuple[str, ...]] = ("wang2016",)
    trial_variables: ClassVar[tuple[Variable, ...]] = (
        task.TRIAL,
        task.TRIAL_END,
        task.ACTION,
        task.REWARD,
        Variable("target", "the arm that pays most, hidden", "0 to arms - 2"),
        Variable("informative", "the choice was the informative arm", "0 or 1"),
        task.VALID,
        task.CORRECT,
        task.REGRET,
    )
    observation_shape: ClassVar[tuple[int, ...]] = (0,)

    def __check_init__(self) -> None:
        check_range("pay_target", self.pay_target, 0, 1e6)
        check_range("pay_other", self.pay_other, 0, 1e6)
        task.check_order("pay_other", self.pay_other, "pay_target", self.pay_target)
        check_count("arms", self.arms, 3)
        check_count("pulls", self.pulls, 1)

    @property
    def actions(self) -> int:
        return self.arms

    @property
    def episode_steps(self) -> int:
        return self.pulls

    def sample(self, key: Key[Array, ""]) -> Int[Array, ""]:
        """The target, any arm but the last."""
        return jax.random.randint(key, (), 0, self.arms - 1)

    def pays(self, target: Int[Array, ""]) -> Float[Array, " arm"]:
        """What each arm pays; the last `(target + 1) / (arms - 1)`, so .1 to 1 with eleven arms."""
        arm = jnp.arange(self.arms)
        direct = jnp.where(arm == target, self.pay_target, self.pay_other)
        return jnp.where(arm == self.arms - 1, (target + 1) / (self.arms - 1), direct)

    def start(self, problem: Int[Array, ""], key: Key[Array, ""]) -> tuple[InformativeState, TimeStep]:
        state = InformativeState(problem, jnp.int32(0))
        return state, opening(jnp.zeros(0), self.trial_of(state, jnp.int32(0)))

    def trial_of(self, state: InformativeState, action: Array) -> dict[str, Array]:
        """The trial variables; regret is against one who knows the target."""
        valid = (action >= 0) & (action < self.arms)
        pays = self.pays(state.target)
        reward = pick(pays, action)
        regret = pays.max() - reward
        return {
            "trial": state.time,
            "trial_end": jnp.bool_(True),
            "action": jnp.where(valid, action, -1),
            "reward": reward,
            "target": state.target,
            "informative": action == self.arms - 1,
            "valid": valid,
            "correct": valid & (regret <= 0),
            "regret": regret,
        }

    def step(
        self, state: InformativeState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[InformativeState, TimeStep]:
        trial = self.trial_of(state, action)
        time = state.time + 1
        return state._replace(time=time), outcome(jnp.zeros(0), trial["reward"], time >= self.pulls, trial)
