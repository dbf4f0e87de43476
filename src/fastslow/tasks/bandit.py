"""Bernoulli bandits whose arms are fixed within an episode and redrawn between episodes.

Wang et al. 2016 (section 3.1) and Wang et al. 2018 (Fig. 1): two arms, 100 pulls; independent arms, or
correlated ones (p2 = 1 - p1) with p1 uniform, easy {.1, .9}, medium {.25, .75} or hard {.4, .6}.
Duan et al. 2016: k independent arms.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from fastslow.tasks import task
from fastslow.tasks.task import Task, Variable, check_count, check_range, opening, outcome, parameter, pick
from fastslow.timestep import TimeStep

P_REWARD = Variable("p_reward", "probability that each arm pays 1", "0 to 1, one column per arm")
BANDIT_VARIABLES = (
    task.TRIAL,
    task.TRIAL_END,
    task.ACTION,
    task.REWARD,
    P_REWARD,
    task.VALID,
    task.CORRECT,
    task.REGRET,
)


class BanditState(NamedTuple):
    p: Float[Array, " arm"]
    time: Int[Array, ""]


def trial_of(p: Float[Array, " arm"], time: Array, action: Array, reward: Array) -> dict[str, Array]:
    """The trial variables of one pull; correctness and regret are by the true `p`, never by the draw.

    An action that is no arm is a missed pull: action -1, not valid, with all of the best arm's `p` as regret.
    """
    valid = (action >= 0) & (action < p.shape[0])
    regret = p.max() - pick(p, action)
    return {
        "trial": time,
        "trial_end": jnp.bool_(True),
        "action": jnp.where(valid, action, -1),
        "reward": reward,
        "p_reward": p,
        "valid": valid,
        "correct": valid & (regret <= 0),
        "regret": regret,
    }


def start_pulls(p: Float[Array, " arm"]) -> tuple[BanditState, TimeStep]:
    zero = jnp.int32(0)
    return BanditState(p, zero), opening(jnp.zeros(0), trial_of(p, zero, zero, jnp.float32(0)))


def pull(
    state: BanditState, action: Int[Array, ""], key: Key[Array, ""], pulls: int
) -> tuple[BanditState, TimeStep]:
    """One pull of a Bernoulli arm: 1 with probability `p[action]`, else 0; no arm pays nothing."""
    reward = (jax.random.uniform(key) < pick(state.p, action)).astype(jnp.float32)
    time = state.time + 1
    trial = trial_of(state.p, state.time, action, reward)
    return BanditState(state.p, time), outcome(jnp.zeros(0), reward, time >= pulls, trial)


class IndependentBandit(Task):
    """Each arm's probability is drawn from U[0, 1] on its own (Wang 2016 D_i: 2 arms; Duan 2016: k)."""

    arms: int = eqx.field(static=True, default=2)
    """Number of arms."""
    pulls: int = eqx.field(static=True, default=100)
    """Pulls in an episode."""

    variant: ClassVar[str] = (
        "Wang 2016 independent arms p ~ U[0,1]; k arms as in Duan 2016; no contexts, no drift"
    )
    cite: ClassVar[tuple[str, ...]] = ("wang2016", "duan2016")
    trial_variables: ClassVar[tuple[Variable, ...]] = BANDIT_VARIABLES

    def __check_init__(self) -> None:
        check_count("arms", self.arms, 1)
        check_count("pulls", self.pulls, 1)

    @property
    def observation_shape(self) -> tuple[int, ...]:
        return (0,)

    @property
    def actions(self) -> int:
        return self.arms

    @property
    def episode_steps(self) -> int:
        return self.pulls

    def sample(self, key: Key[Array, ""]) -> Float[Array, " arm"]:
        return jax.random.uniform(key, (self.arms,))

    def start(self, problem: Float[Array, " arm"], key: Key[Array, ""]) -> tuple[BanditState, TimeStep]:
        return start_pulls(problem)

    def step(
        self, state: BanditState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[BanditState, TimeStep]:
        return pull(state, action, key, self.pulls)


class CorrelatedBandit(Task):
    """Two arms with p2 = 1 - p1, so that every pull informs about both (Wang 2016, dependent bandits I)."""

    p_low: Float[Array, "..."] = eqx.field(converter=parameter, default=0.0)
    """Least value of p1."""
    p_high: Float[Array, "..."] = eqx.field(converter=parameter, default=1.0)
    """Greatest value of p1."""
    two_valued: bool = eqx.field(static=True, default=False)
    """p1 is one of the two bounds (easy, medium, hard), not uniform between them."""
    pulls: int = eqx.field(static=True, default=100)
    """Pulls in an episode."""

    variant: ClassVar[str] = "Wang 2016 dependent bandits I: p2 = 1 - p1, p1 uniform or one of two values"
    cite: ClassVar[tuple[str, ...]] = ("wang2016", "wang2018")
    trial_variables: ClassVar[tuple[Variable, ...]] = BANDIT_VARIABLES

    def __check_init__(self) -> None:
        check_range("p_low", self.p_low, 0, 1)
        check_range("p_high", self.p_high, 0, 1)
        task.check_order("p_low", self.p_low, "p_high", self.p_high)
        check_count("pulls", self.pulls, 1)

    @property
    def observation_shape(self) -> tuple[int, ...]:
        return (0,)

    @property
    def actions(self) -> int:
        return 2

    @property
    def episode_steps(self) -> int:
        return self.pulls

    def sample(self, key: Key[Array, ""]) -> Float[Array, " arm"]:
        position = jax.random.uniform(key)
        if self.two_valued:
            position = (position < 0.5).astype(jnp.float32)
        p1 = self.p_low + (self.p_high - self.p_low) * position
        return jnp.stack([p1, 1.0 - p1])

    def start(self, problem: Float[Array, " arm"], key: Key[Array, ""]) -> tuple[BanditState, TimeStep]:
        return start_pulls(problem)

    def step(
        self, state: BanditState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[BanditState, TimeStep]:
        return pull(state, action, key, self.pulls)


class OneGoodArm(Task):
    """One arm, drawn for the episode, pays with `p_good`, all others with `p_rest`."""

    p_good: Float[Array, "..."] = eqx.field(converter=parameter, default=0.9)
    """Probability that the good arm pays (Ritter 2018: .9)."""
    p_rest: Float[Array, "..."] = eqx.field(converter=parameter, default=0.1)
    """Probability that another pays (Ritter 2018: .1)."""
    arms: int = eqx.field(static=True, default=10)
    """Number of arms (Ritter 2018: 10)."""
    pulls: int = eqx.field(static=True, default=10)
    """Pulls in an episode (Ritter 2018: 10 each time a barcode is met)."""

    variant: ClassVar[str] = (
        "the bandits within Ritter 2018's barcode bandits: one arm pays .9, nine .1; no context"
    )
    cite: ClassVar[tuple[str, ...]] = ("ritter2018",)
    trial_variables: ClassVar[tuple[Variable, ...]] = BANDIT_VARIABLES

    def __check_init__(self) -> None:
        check_range("p_good", self.p_good, 0, 1)
        check_range("p_rest", self.p_rest, 0, 1)
        task.check_order("p_rest", self.p_rest, "p_good", self.p_good)
        check_count("arms", self.arms, 1)
        check_count("pulls", self.pulls, 1)

    @property
    def observation_shape(self) -> tuple[int, ...]:
        return (0,)

    @property
    def actions(self) -> int:
        return self.arms

    @property
    def episode_steps(self) -> int:
        return self.pulls

    def sample(self, key: Key[Array, ""]) -> Float[Array, " arm"]:
        good = jax.random.randint(key, (), 0, self.arms)
        return jnp.where(jnp.arange(self.arms) == good, self.p_good, self.p_rest)

    def start(self, problem: Float[Array, " arm"], key: Key[Array, ""]) -> tuple[BanditState, TimeStep]:
        return start_pulls(problem)

    def step(
        self, state: BanditState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[BanditState, TimeStep]:
        return pull(state, action, key, self.pulls)


def easy(pulls: int = 100) -> CorrelatedBandit:
    """D_e of Wang 2016: p1 is .1 or .9."""
    return CorrelatedBandit(0.1, 0.9, True, pulls)


def medium(pulls: int = 100) -> CorrelatedBandit:
    """D_m of Wang 2016: p1 is .25 or .75."""
    return CorrelatedBandit(0.25, 0.75, True, pulls)


def hard(pulls: int = 100) -> CorrelatedBandit:
    """D_h of Wang 2016: p1 is .4 or .6."""
    return CorrelatedBandit(0.4, 0.6, True, pulls)
