"""Classic learners of small Markov decision processes: believe, plan once per life, act on the plan.

The baselines of Duan et al. 2016 (section 3.2). All know that rewards are N(m, 1) with m ~ N(prior, 1), and
transitions Dirichlet(1), and plan anew at the start of each life, by backward induction over its steps; they differ
in the model that is planned with.
"""

from abc import abstractmethod
from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from fastslow.agents.beta import gamma
from fastslow.agents.observer import Observer, assume, best, lapse, sampled
from fastslow.agents.seldom import seldom
from fastslow.rules.planning import backward_induction, expected_backup, optimistic_transition
from fastslow.tasks.tabular_mdp import TabularMDP
from fastslow.tasks.task import Task, check_count, check_range, parameter
from fastslow.timestep import Output, Percept

Plan = Float[Array, "time state action"]


class Beliefs(NamedTuple):
    """What was lived through, from which the posterior follows."""

    moves: Float[Array, "state action next"]
    """How often a choice in a state led to the next; the last choice of a life shows nothing of that."""
    tries: Float[Array, "state action"]
    """How often a choice was paid in a state."""
    paid: Float[Array, "state action"]
    """Sum of what it paid, and of one imagined payment, the prior mean."""

    @property
    def reward(self) -> Float[Array, "state action"]:
        """Posterior mean of the mean reward; its variance is 1 / (1 + tries)."""
        return self.paid / (1 + self.tries)

    @property
    def concentration(self) -> Float[Array, "state action next"]:
        """Dirichlet parameters of the transitions."""
        return 1 + self.moves

    @property
    def transition(self) -> Float[Array, "state action next"]:
        """Posterior mean of the transitions."""
        return self.concentration / self.concentration.sum(-1, keepdims=True)


class PlannerState(NamedTuple):
    beliefs: Beliefs
    plan: Plan
    """Q by steps made in this life."""
    here: Int[Array, ""]
    """The state last seen."""
    step: Int[Array, ""]
    """Steps made in this life."""
    time: Int[Array, ""]
    """Steps made in this episode."""


def sample_model(
    beliefs: Beliefs, key: Key[Array, ""]
) -> tuple[Float[Array, "state action next"], Float[Array, "state action"]]:
    """Transitions and mean rewards drawn from the posterior."""
    move_key, reward_key = jax.random.split(key)
    draws = gamma(move_key, beliefs.concentration)
    noise = jax.random.normal(reward_key, beliefs.tries.shape) / jnp.sqrt(1 + beliefs.tries)
    return draws / draws.sum(-1, keepdims=True), beliefs.reward + noise


class Planner(Observer):
    """Acts on `plan`, made anew at the start of each life; ties are broken at random."""

    states: eqx.AbstractVar[int]
    choices: eqx.AbstractVar[int]
    horizon: eqx.AbstractVar[int]
    prior: eqx.AbstractVar[Float[Array, ""]]

    cite: ClassVar[tuple[str, ...]] = ("duan2016",)

    @abstractmethod
    def plan(self, beliefs: Beliefs, time: Int[Array, ""], key: Key[Array, ""]) -> Plan:
        """Q of each choice, given what was lived through in `time` steps."""

    def solve(
        self, transition: Float[Array, "state action next"], reward: Float[Array, "state action"]
    ) -> Plan:
        return backward_induction(expected_backup(transition, reward), self.states, self.horizon)

    def blank(self) -> PlannerState:
        shape = (self.states, self.choices)
        beliefs = Beliefs(jnp.zeros((*shape, self.states)), jnp.zeros(shape), jnp.full(shape, self.prior))
        zero = jnp.int32(0)
        return PlannerState(beliefs, jnp.zeros((self.horizon, *shape)), zero, zero, zero)

    def take_in(self, state: PlannerState, percept: Percept) -> tuple[PlannerState, dict[str, Array]]:
        there = percept.observation[:-1]
        fresh = percept.first | (percept.observation[-1] > 0.5)
        tried = jnp.outer(
            jax.nn.one_hot(state.here, self.states), jax.nn.one_hot(percept.last_action, self.choices)
        )
        moved = jnp.where(fresh, 0.0, tried)[..., None] * there[None, None]
        moves, tries, paid = state.beliefs
        beliefs = Beliefs(moves + moved, tries + tried, paid + tried * percept.last_reward)
        step = jnp.where(fresh, 0, jnp.minimum(state.step + 1, self.horizon - 1))
        return PlannerState(beliefs, state.plan, there.argmax().astype(jnp.int32), step, percept.time), {}

    def step(self, state: PlannerState, percept: Percept, key: Key[Array, ""]) -> tuple[PlannerState, Output]:
        plan_key, choice_key = jax.random.split(key)
        state, _ = self.take_in(state, percept)
        plan = seldom(state.step == 0, type(self).plan, state.plan, self, state.beliefs, state.time, plan_key)
        state = state._replace(plan=plan)
        return state, self.choose(state, percept, choice_key)

    def prefer(self, q: Float[Array, " action"]) -> Float[Array, " action"]:
        """Log probabilities of the choices of values `q`."""
        return best(q)

    def choose(self, state: PlannerState, percept: Percept, key: Key[Array, ""]) -> Output:
        q = state.plan[state.step, state.here]
        return sampled(key, self.prefer(q), q.max(), q=q)


class PSRL(Planner):
    """Posterior sampling: plans in a model drawn from the posterior (Strens 2000; Osband et al. 2013).

    With more samples it is the optimistic variant ("OPSRL"): of so many models, the best backup for each state, choice
    and step.
    """

    states: int = eqx.field(static=True, default=10)
    choices: int = eqx.field(static=True, default=5)
    horizon: int = eqx.field(static=True, default=10)
    prior: Float[Array, ""] = eqx.field(converter=parameter, default=0.0)
    """Mean of the prior over mean rewards."""
    samples: int = eqx.field(static=True, default=1)
    """Models drawn for a plan."""

    cite: ClassVar[tuple[str, ...]] = ("osband2013", "duan2016")

    def __check_init__(self) -> None:
        check_count("samples", self.samples, 1)

    def plan(self, beliefs: Beliefs, time: Int[Array, ""], key: Key[Array, ""]) -> Plan:
        transition, reward = jax.vmap(sample_model, (None, 0))(beliefs, jax.random.split(key, self.samples))
        return backward_induction(
            lambda later: (reward + transition @ later).max(axis=0), self.states, self.horizon
        )


DELTA = 0.05
"""Probability with which UCRL2's confidence sets may fail, at a scale of 1."""


class UCRL2(Planner):
    """Optimism within confidence sets (Jaksch, Ortner & Auer 2010), here around the posterior mean.

    Rewards gain `scale` sqrt(7 log(2 S A t / delta) / (2 n)), transitions may move by `scale`
    sqrt(14 S log(2 A t / delta) / n) in L1 (their eqs. 3 and 4), delta = .05.
    """

    scale: Float[Array, ""] = eqx.field(converter=parameter, default=0.1)
    """Width of the confidence sets, 1 as in Jaksch 2010."""
    states: int = eqx.field(static=True, default=10)
    choices: int = eqx.field(static=True, default=5)
    horizon: int = eqx.field(static=True, default=10)
    prior: Float[Array, ""] = eqx.field(converter=parameter, default=0.0)
    """Mean of the prior over mean rewards."""

    cite: ClassVar[tuple[str, ...]] = ("jaksch2010", "duan2016")

    def __check_init__(self) -> None:
        check_range("scale", self.scale, 0, 1e6)

    def plan(self, beliefs: Beliefs, time: Int[Array, ""], key: Key[Array, ""]) -> Plan:
        log = jnp.log(2.0 * self.choices * (time + 1) / DELTA)
        moved = beliefs.moves.sum(-1)
        bonus = self.scale * jnp.sqrt(3.5 * (log + jnp.log(self.states)) / jnp.maximum(beliefs.tries, 1))
        width = self.scale * jnp.sqrt(14 * self.states * log / jnp.maximum(moved, 1))
        mean = beliefs.transition

        def backup(later: Float[Array, " state"]) -> Float[Array, "state action"]:
            return beliefs.reward + bonus + optimistic_transition(mean, width, later) @ later

        return backward_induction(backup, self.states, self.horizon)


class BEB(Planner):
    """Plans in the mean model, with a bonus of `beta` / (1 + n) for what was tried n times (Kolter & Ng 2009)."""

    beta: Float[Array, ""] = eqx.field(converter=parameter, default=1.0)
    """Bonus of what was never tried, in units of reward."""
    states: int = eqx.field(static=True, default=10)
    choices: int = eqx.field(static=True, default=5)
    horizon: int = eqx.field(static=True, default=10)
    prior: Float[Array, ""] = eqx.field(converter=parameter, default=0.0)
    """Mean of the prior over mean rewards."""

    cite: ClassVar[tuple[str, ...]] = ("kolter2009", "duan2016")

    def __check_init__(self) -> None:
        check_range("beta", self.beta, 0, 1e6)

    def plan(self, beliefs: Beliefs, time: Int[Array, ""], key: Key[Array, ""]) -> Plan:
        return self.solve(beliefs.transition, beliefs.reward + self.beta / (1 + beliefs.tries))


class MeanPlanner(Planner):
    """Plans in the mean model, and lapses with probability `epsilon`; with none, greedy."""

    epsilon: Float[Array, ""] = eqx.field(converter=parameter, default=0.05)
    """Probability of a uniformly random choice."""
    states: int = eqx.field(static=True, default=10)
    choices: int = eqx.field(static=True, default=5)
    horizon: int = eqx.field(static=True, default=10)
    prior: Float[Array, ""] = eqx.field(converter=parameter, default=0.0)
    """Mean of the prior over mean rewards."""

    def __check_init__(self) -> None:
        check_range("epsilon", self.epsilon, 0, 1)

    def plan(self, beliefs: Beliefs, time: Int[Array, ""], key: Key[Array, ""]) -> Plan:
        return self.solve(beliefs.transition, beliefs.reward)

    def prefer(self, q: Float[Array, " action"]) -> Float[Array, " action"]:
        return lapse(best(q), self.epsilon)


def sizes(name: str, task: Task) -> tuple[int, int, int]:
    """States, choices and horizon of the task that the planner `name` is made for."""
    assume(name, task, TabularMDP)
    assert isinstance(task, TabularMDP)
    return task.states, task.choices, task.horizon


def psrl(task: Task, prior: float = 0.0) -> PSRL:
    """Posterior sampling in the MDPs of `task`."""
    return PSRL(*sizes("psrl", task), prior)


def opsrl(task: Task, samples: int = 5, prior: float = 0.0) -> PSRL:
    """Optimistic posterior sampling: the best of `samples` models, at each backup."""
    return PSRL(*sizes("opsrl", task), prior, samples)


def ucrl2(task: Task, scale: float = 0.1, prior: float = 0.0) -> UCRL2:
    """Optimism within confidence sets of the MDPs of `task`."""
    return UCRL2(scale, *sizes("ucrl2", task), prior)


def beb(task: Task, beta: float = 1.0, prior: float = 0.0) -> BEB:
    """Bayesian exploration bonus in the MDPs of `task`."""
    return BEB(beta, *sizes("beb", task), prior)


def mdp_epsilon_greedy(task: Task, epsilon: float = 0.05, prior: float = 0.0) -> MeanPlanner:
    """Epsilon-greedy on the plan of the mean model."""
    return MeanPlanner(epsilon, *sizes("mdp_epsilon_greedy", task), prior)


def mdp_greedy(task: Task, prior: float = 0.0) -> MeanPlanner:
    """Greedy on the plan of the mean model."""
    return MeanPlanner(0.0, *sizes("mdp_greedy", task), prior)
