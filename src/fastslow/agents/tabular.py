"""Model-free, model-based and hybrid learners of the two-step task, after Daw et al. 2011.

One agent: second-stage values are learnt by prediction error, and first-stage values are a mixture
Q = w Q_MB + (1 - w) Q_MF; with w = 0 it is SARSA(lambda), with w = 1 it plans through the known transitions.
Supplementary methods of Daw et al. 2011, in their symbols.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from fastslow.agents import two_step_view as view
from fastslow.agents.observer import Observer, sampled
from fastslow.agents.two_step_view import Form, Seen
from fastslow.tasks.task import Task, check_range, parameter
from fastslow.timestep import Output, Percept


class Tables(NamedTuple):
    q1: Float[Array, "2"]
    """Q_MF of the first-stage actions."""
    q2: Float[Array, "2 response"]
    """Q of the second-stage states' actions; a single column where the response does not matter."""
    repeat: Int[Array, ""]
    """The last trial's choice, -1 if none."""
    seen: Seen


class Hybrid(Observer):
    """Daw's hybrid of SARSA(lambda) and planning.

    After a trial a1, s2, a2, r:
    delta_1 = Q2(s2, a2) - Q_MF(a1); delta_2 = r - Q2(s2, a2);
    Q_MF(a1) <- Q_MF(a1) + alpha1 (delta_1 + lambda delta_2); Q2(s2, a2) <- Q2(s2, a2) + alpha2 delta_2.
    Q_MB(a) = sum_s P(s|a) max_a' Q2(s, a'), and P(a1) is proportional to exp(beta1 (Q(a1) + p rep(a1))), with
    rep 1 for the last trial's choice; P(a2) to exp(beta2 Q2(s2, a2)).

    Departures: the transition probabilities are known, not counted; values start at `initial`, .5 by default.
    `value` is the expected value of the state at hand under the agent's own choice probabilities. Probes: `q`,
    `q_model_free`, `q_model_based` (first stage); and on a trial's outcome `delta_stage2` = Q2(s2, a2) - Q(a1)
    and `delta_reward` = r - Q2(s2, a2) of that trial (else 0).
    """

    alpha1: Float[Array, ""] = eqx.field(converter=parameter)
    """Learning rate of the first stage, 0 to 1."""
    alpha2: Float[Array, ""] = eqx.field(converter=parameter)
    """Learning rate of the second stage, 0 to 1."""
    beta1: Float[Array, ""] = eqx.field(converter=parameter)
    """Inverse temperature of the first stage, per unit of reward."""
    beta2: Float[Array, ""] = eqx.field(converter=parameter)
    """Inverse temperature of the second stage."""
    lambda_: Float[Array, ""] = eqx.field(converter=parameter)
    """Eligibility of the first-stage choice for the outcome, 0 to 1."""
    w: Float[Array, ""] = eqx.field(converter=parameter)
    """Weight of the model-based values, 0 to 1."""
    p: Float[Array, ""] = eqx.field(converter=parameter)
    """Perseveration, in units of value."""
    transition: Float[Array, ""] = eqx.field(converter=parameter)
    """Assumed probability of the common transition."""
    initial: Float[Array, ""] = eqx.field(converter=parameter)
    """Value of everything before the first trial."""
    form: Form = eqx.field(static=True)

    cite: ClassVar[tuple[str, ...]] = ("daw2011",)

    def __check_init__(self) -> None:
        for name in ("alpha1", "alpha2", "lambda_", "w", "transition"):
            check_range(name, getattr(self, name), 0, 1)
        for name in ("beta1", "beta2"):
            check_range(name, getattr(self, name), 0, 1e6)
        for name in ("p", "initial"):
            check_range(name, getattr(self, name), -1e6, 1e6)

    def blank(self) -> Tables:
        q2 = jnp.full((2, self.form.second_actions), self.initial)
        return Tables(jnp.full(2, self.initial), q2, jnp.int32(-1), view.nothing_seen())

    def first_stage(self, tables: Tables) -> tuple[Float[Array, "2"], Float[Array, "2"]]:
        """Q_MB and the mixture Q of the first-stage actions."""
        v = tables.q2.max(axis=1)
        q_mb = self.transition * v + (1 - self.transition) * v[::-1]
        return q_mb, self.w * q_mb + (1 - self.w) * tables.q1

    def take_in(self, state: Tables, percept: Percept) -> tuple[Tables, dict[str, Array]]:
        seen, trial = view.look(self.form, state.seen, percept)
        _, q = self.first_stage(state)
        v = state.q2[trial.state, trial.response]
        delta1 = v - state.q1[trial.choice]
        delta2 = trial.reward - v
        rate = trial.valid.astype(jnp.float32)
        q1 = state.q1.at[trial.choice].add(rate * self.alpha1 * (delta1 + self.lambda_ * delta2))
        q2 = state.q2.at[trial.state, trial.response].add(rate * self.alpha2 * delta2)
        repeat = jnp.where(trial.valid, trial.choice, state.repeat)
        signals = {"delta_stage2": rate * (v - q[trial.choice]), "delta_reward": rate * delta2}
        return Tables(q1, q2, repeat, seen), signals

    def choose(self, state: Tables, percept: Percept, key: Key[Array, ""]) -> Output:
        q_mb, q = self.first_stage(state)
        same = (jnp.arange(2) == state.repeat).astype(jnp.float32)
        q2 = state.q2[view.state_at_hand(percept)]
        first = jax.nn.log_softmax(self.beta1 * (q + self.p * same))
        second = jax.nn.log_softmax(self.beta2 * q2)
        now = view.stage(self.form, percept)
        at_second = (jnp.exp(second) * q2).sum()
        value = jnp.where(now == view.SECOND, at_second, (jnp.exp(first) * q).sum())
        value = jnp.where(now == view.VOID, 0.0, value)
        logits = view.stage_logits(self.form, now, first, second)
        return sampled(key, logits, value, q=q, q_model_free=state.q1, q_model_based=q_mb)


def hybrid(
    task: Task,
    alpha1: float = 0.54,
    alpha2: float = 0.42,
    beta1: float = 5.19,
    beta2: float = 3.69,
    lambda_: float = 0.57,
    w: float = 0.39,
    p: float = 0.11,
    initial: float = 0.5,
) -> Hybrid:
    """Daw's hybrid, with the transitions of `task`; defaults are the medians fitted to people in Daw 2011."""
    form = view.form_of(task)
    return Hybrid(alpha1, alpha2, beta1, beta2, lambda_, w, p, task.transition, initial, form)


def model_free(
    task: Task, alpha: float = 0.5, beta: float = 5.0, lambda_: float = 1.0, p: float = 0.0
) -> Hybrid:
    """SARSA(lambda): the reward reinforces the choice, whatever the transition."""
    return hybrid(task, alpha, alpha, beta, beta, lambda_, 0.0, p)


def model_based(task: Task, alpha: float = 0.5, beta: float = 5.0, p: float = 0.0) -> Hybrid:
    """The planner: second-stage values by prediction error, choices through the known transitions."""
    return hybrid(task, alpha, alpha, beta, beta, 0.0, 1.0, p)
