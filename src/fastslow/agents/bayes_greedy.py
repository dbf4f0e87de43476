"""The Bayes-greedy observer of the two-step task: infer which second-stage state is good, go for it.

Bayes' rule for a hidden state that swaps with a known hazard; the published meta-RL agent of Wang et al. 2018
(Fig. 5) behaves very nearly like it: stay probabilities 1.000/.666/.665/1.000, reward .706 per trial.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from fastslow.agents import two_step_view as view
from fastslow.agents.observer import Observer, assume, best, sampled
from fastslow.agents.two_step_view import Form, Seen
from fastslow.tasks.task import Task, parameter
from fastslow.tasks.two_step import TwoStep, TwoStepInOne
from fastslow.timestep import Output, Percept


class Belief(NamedTuple):
    good0: Float[Array, ""]
    """Probability that state 0 is the good one in the trial at hand."""
    seen: Seen


class BayesGreedy(Observer):
    """Chooses the action of greater expected reward in this trial; ties at random.

    With b the belief that state 0 is good: V(0) = b high + (1-b) low, V(1) likewise with 1-b, and
    Q(a) = sum_s P(s|a) V(s). After an outcome b follows Bayes' rule, then b <- b (1-swap) + (1-b) swap.
    `value` is the expected reward of the trial at hand. Probes: `q` (first stage), `belief`; and on a trial's
    outcome `delta_stage2` = V(s2) - Q(a1) and `delta_reward` = r - V(s2) of that trial (else 0).
    """

    transition: Float[Array, ""] = eqx.field(converter=parameter)
    """Probability of the common transition."""
    reward_high: Float[Array, ""] = eqx.field(converter=parameter)
    """Probability that the good state pays."""
    reward_low: Float[Array, ""] = eqx.field(converter=parameter)
    """Probability that the other one does."""
    swap: Float[Array, ""] = eqx.field(converter=parameter)
    """Probability of a swap between two trials."""
    form: Form = eqx.field(static=True)

    cite: ClassVar[tuple[str, ...]] = ("wang2018", "miller2017")

    def blank(self) -> Belief:
        return Belief(jnp.float32(0.5), view.nothing_seen())

    def state_values(self, belief: Belief) -> Float[Array, "2"]:
        b = jnp.stack([belief.good0, 1 - belief.good0])
        return self.reward_low + (self.reward_high - self.reward_low) * b

    def action_values(self, v: Float[Array, "2"]) -> Float[Array, "2"]:
        return self.transition * v + (1 - self.transition) * v[::-1]

    def take_in(self, state: Belief, percept: Percept) -> tuple[Belief, dict[str, Array]]:
        seen, trial = view.look(self.form, state.seen, percept)
        v = self.state_values(state)
        q = self.action_values(v)
        signals = {
            "delta_stage2": jnp.where(trial.valid, v[trial.state] - q[trial.choice], 0.0),
            "delta_reward": jnp.where(trial.valid, trial.reward - v[trial.state], 0.0),
        }
        # Likelihood of the reward where the state reached is the good one, and where it is not.
        if_good = jnp.where(trial.reward > 0, self.reward_high, 1 - self.reward_high)
        if_bad = jnp.where(trial.reward > 0, self.reward_low, 1 - self.reward_low)
        like0 = jnp.where(trial.state == 0, if_good, if_bad)
        like1 = jnp.where(trial.state == 0, if_bad, if_good)
        b = state.good0
        evidence = b * like0 + (1 - b) * like1
        # Where the assumed probabilities rule the outcome out altogether, it teaches nothing.
        b = jnp.where(trial.valid & (evidence > 0), b * like0 / jnp.maximum(evidence, 1e-30), b)
        b = jnp.where(trial.passed, b * (1 - self.swap) + (1 - b) * self.swap, b)
        return Belief(b, seen), signals

    def choose(self, state: Belief, percept: Percept, key: Key[Array, ""]) -> Output:
        v = self.state_values(state)
        q = self.action_values(v)
        now = view.stage(self.form, percept)
        logits = view.stage_logits(self.form, now, best(q), jnp.zeros(1))
        reached = v[view.state_at_hand(percept)]
        value = jnp.where(now == view.SECOND, reached, jnp.where(now == view.VOID, 0.0, q.max()))
        return sampled(key, logits, value, q=q, belief=state.good0)


def bayes_greedy(task: Task) -> BayesGreedy:
    """The observer that knows the probabilities of `task`, a two-step task of the Wang or Miller form."""
    assume("bayes_greedy", task, TwoStepInOne, TwoStep)
    return BayesGreedy(task.transition, task.reward_high, task.reward_low, task.swap, view.form_of(task))
