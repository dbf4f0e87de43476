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


def posterior(
    good0: Float[Array, ""], state: Array, reward: Array, high: Array, low: Array, when: Array
) -> Float[Array, ""]:
    """Bayes' rule for the belief that state 0 is the good one, once `state` paid `reward`; as it was unless `when`."""
    if_good = jnp.where(reward > 0, high, 1 - high)
    if_bad = jnp.where(reward > 0, low, 1 - low)
    like0 = jnp.where(state == 0, if_good, if_bad)
    like1 = jnp.where(state == 0, if_bad, if_good)
    evidence = good0 * like0 + (1 - good0) * like1
    # Where the assumed probabilities rule the outcome out altogether, it teaches nothing.
    return jnp.where(when & (evidence > 0), good0 * like0 / jnp.maximum(evidence, 1e-30), good0)


def swapped(good0: Float[Array, ""], hazard: Array) -> Float[Array, ""]:
    """The belief across two trials, between which the states swap with this probability."""
    return good0 * (1 - hazard) + (1 - good0) * hazard


def values_of(good0: Float[Array, ""], high: Array, low: Array) -> Float[Array, "2"]:
    """Expected reward of each second-stage state."""
    return low + (high - low) * jnp.stack([good0, 1 - good0])


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
        return values_of(belief.good0, self.reward_high, self.reward_low)

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
        b = posterior(state.good0, trial.state, trial.reward, self.reward_high, self.reward_low, trial.valid)
        b = jnp.where(trial.passed, swapped(b, self.swap), b)
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
