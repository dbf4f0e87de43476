"""The two-step task with episodes that come back: does a single remembered trial guide a choice, and how?

In the first half of an episode every outcome is seen beside a new context; in the second half a context from the
first is shown before the choice. Whoever ends in the state of that past trial is paid what was paid then. One past
trial therefore says what one second-stage state is worth now: a planner repeats its action where the trial was
rewarded after a common transition or unrewarded after a rare one, a model-free learner wherever it was rewarded.
Ritter et al. 2018 (bioRxiv 360537), after Vikbladh, Shohamy & Daw 2017; the numbers as in a public replication.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from fastslow.errors import check
from fastslow.tasks.task import Task, Variable, check_count, opening, outcome, parameter, pick
from fastslow.tasks.two_step import TWO_STEP_VARIABLES, check_parameters, reward_probabilities, trial_of
from fastslow.timestep import Cue, TimeStep

STAGES = 3
"""Length of the one-hot stage that begins the observation: first stage, state 0, state 1."""
RECALLED = ("action", "state", "transition", "reward")
"""What is kept of a past trial."""


class Secret(NamedTuple):
    """An episode's hidden truth."""

    good: Int[Array, ""]
    """The better second-stage state in the first trial."""
    codes: Int[Array, " trial"]
    """The context that is new in each trial, as a number; no two are the same."""
    cued: Int[Array, " cued"]
    """The past trial that is cued in each trial of the second half."""


class Outcome(NamedTuple):
    """How the trial at hand went, from the choice on."""

    choice: Int[Array, ""]
    reached: Int[Array, ""]
    void: Bool[Array, ""]
    reward: Float[Array, ""]
    p: Float[Array, " state"]


class EpisodicState(NamedTuple):
    secret: Secret
    good: Int[Array, ""]
    trial: Int[Array, ""]
    chosen: Bool[Array, ""]
    """The trial's outcome is on view, and wants no more than a response."""
    seen: Outcome
    cued: Int[Array, ""]
    """The past trial that is cued; -1 in the first half."""
    then: Int[Array, " column"]
    """What it left to recall, columns `RECALLED`; -1 where there is nothing."""
    past: Int[Array, "uncued column"]
    """The trials of the first half, columns `RECALLED`; -1 where there is nothing yet."""


class EpisodicTwoStep(Task):
    """Two steps a trial: a choice, then its outcome (state, reward and context at once), which any response ends.

    The observation is one-hot over first stage, state 0, state 1, then the context's bits as signs; zeros where no
    context is shown. `cue.recall` is set where a past trial's context is shown before the choice, `cue.store` on the
    outcomes of the first half: no others are ever cued. The past trials of the first quarter are cued in the third,
    those of the second in the fourth, each once, in random order. A choice out of range voids the trial: its outcome
    shows zeros, pays nothing and leaves nothing to recall.
    """

    transition: Float[Array, "..."] = eqx.field(converter=parameter, default=0.9)
    """Probability of the common transition (Ritter 2018: .9)."""
    reward_high: Float[Array, "..."] = eqx.field(converter=parameter, default=0.9)
    """Probability that the better second-stage state pays (Ritter 2018: .9)."""
    reward_low: Float[Array, "..."] = eqx.field(converter=parameter, default=0.1)
    """Probability that the other second-stage state pays (Ritter 2018: .1)."""
    swap: Float[Array, "..."] = eqx.field(converter=parameter, default=0.1)
    """Probability, at the start of each trial but the first, that the two states swap (Ritter 2018: .1)."""
    trials: int = eqx.field(static=True, default=100)
    """Trials in an episode, a multiple of 4 (Ritter 2018: 100)."""
    bits: int = eqx.field(static=True, default=10)
    """Bits of a context (Ritter 2018: 10)."""

    variant: ClassVar[str] = (
        "Ritter 2018 (bioRxiv) after Vikbladh 2017: p(common) = .9, rewards .9/.1, swap 10 % per trial, 50 trials "
        "uncued, 50 cued, each past trial cued once, its reward repeated in its own state alone; not Wang 2018"
    )
    cite: ClassVar[tuple[str, ...]] = ("ritterepisodic2018", "vikbladh2017")
    trial_variables: ClassVar[tuple[Variable, ...]] = (
        *(one for one in TWO_STEP_VARIABLES if one.name != "penalty"),
        Variable("cued", "the context of a past trial was shown before the choice", "0 or 1"),
        Variable("recalled_trial", "that past trial; -1 for none", "0, 1, ..., -1 none"),
        Variable("recalled_action", "the choice in the past trial that is cued", "0, 1, -1 none"),
        Variable("recalled_state", "the second-stage state reached in it", "0, 1, -1 none"),
        Variable("recalled_transition", "how its choice led on", "1 common, 0 rare, -1 none"),
        Variable("recalled_reward", "its reward", "0, 1, -1 none"),
        Variable("repeated", "the past trial's state was reached, and its reward paid again", "0 or 1"),
    )
    actions: ClassVar[int] = 2

    def __check_init__(self) -> None:
        check_parameters(self)
        check_count("bits", self.bits, 1)
        check(
            self.trials % 4 == 0,
            f"trials is {self.trials}, but a quarter of them is cued after each quarter; give a multiple of 4.",
        )
        check(
            self.trials <= 2 ** min(self.bits, 20),
            f"bits is {self.bits}, but {self.trials} trials need as many contexts; give at least "
            f"{max(self.trials - 1, 1).bit_length()}.",
        )

    @property
    def observation_shape(self) -> tuple[int, ...]:
        return (STAGES + self.bits,)

    @property
    def episode_steps(self) -> int:
        return 2 * self.trials

    def sample(self, key: Key[Array, ""]) -> Secret:
        side_key, code_key, *order_keys = jax.random.split(key, 4)
        quarter = self.trials // 4
        codes = jax.random.permutation(code_key, jnp.arange(2**self.bits))[: self.trials]
        orders = [jax.random.permutation(key, quarter) + i * quarter for i, key in enumerate(order_keys)]
        return Secret(jax.random.bernoulli(side_key).astype(jnp.int32), codes, jnp.concatenate(orders))

    def start(self, problem: Secret, key: Key[Array, ""]) -> tuple[EpisodicState, TimeStep]:
        zero, no = jnp.int32(0), jnp.bool_(False)
        p = reward_probabilities(problem.good, self.reward_high, self.reward_low)
        seen = Outcome(zero, zero, no, jnp.float32(0), p)
        nothing = jnp.full(len(RECALLED), -1, jnp.int32)
        past = jnp.tile(nothing, (self.trials // 2, 1))
        state = EpisodicState(problem, problem.good, zero, no, seen, jnp.int32(-1), nothing, past)
        observation, cue = self.show(state)
        cue = cue._replace(begins=~no)
        return state, opening(observation, self.trial_of(state, no))._replace(cue=cue)

    def next_trial(self, state: EpisodicState) -> EpisodicState:
        """The state at the choice of the trial that follows."""
        trial, half = state.trial + 1, self.trials // 2
        cued = jnp.where(trial < half, -1, pick(state.secret.cued, trial - half))
        here = (jnp.arange(half) == cued).astype(jnp.int32)
        then = jnp.where(cued >= 0, here @ state.past, -1)
        return state._replace(trial=trial, chosen=jnp.bool_(False), cued=cued, then=then)

    def show(self, state: EpisodicState) -> tuple[Float[Array, " seen"], Cue]:
        """What is seen, and what it may be stored under or recall."""
        cued, void = state.cued, state.seen.void
        after = jnp.where(void, -1, jnp.where(self.repeats(state), cued, state.trial))
        shown = jnp.where(state.chosen, after, cued)
        code = pick(state.secret.codes, shown)
        signs = 2.0 * ((code >> jnp.arange(self.bits)) & 1) - 1.0
        context = jnp.where(shown >= 0, signs, 0.0)
        stage = jnp.where(state.chosen, jnp.where(void, -1, 1 + state.seen.reached), 0)
        observation = jnp.concatenate([(jnp.arange(STAGES) == stage).astype(jnp.float32), context])
        recall, store = ~state.chosen & (cued >= 0), state.chosen & ~void & (cued < 0)
        return observation, Cue(context[None], recall, store, jnp.bool_(False))

    def repeats(self, state: EpisodicState) -> Bool[Array, ""]:
        """The state of the past trial that is cued was reached (once the trial's outcome is on view)."""
        return ~state.seen.void & (state.seen.reached == state.then[RECALLED.index("state")])

    def trial_of(self, state: EpisodicState, end: Array) -> dict[str, Array]:
        """The trial variables; correctness and regret by what each state truly pays, a repeated reward included."""
        seen = state.seen
        trial = trial_of(
            state.trial, end, seen.choice, seen.reached, seen.void, seen.reward, seen.p, self.transition
        )
        del trial["penalty"]
        kept = {f"recalled_{name}": state.then[i] for i, name in enumerate(RECALLED)}
        own = {"cued": state.cued >= 0, "recalled_trial": state.cued, "repeated": self.repeats(state)}
        return trial | own | kept

    def step(
        self, state: EpisodicState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[EpisodicState, TimeStep]:
        """A choice, or the response that ends a trial; whichever it is, the other is computed in vain."""
        chosen = self.choose(state, action, key)
        after = jax.tree.map(lambda a, b: jnp.where(state.chosen, a, b), self.next_trial(state), chosen)
        observation, cue = self.show(after)
        reward = jnp.where(state.chosen, 0.0, after.seen.reward)
        trial = self.trial_of(state._replace(seen=after.seen), state.chosen)
        return after, outcome(observation, reward, after.trial >= self.trials, trial)._replace(cue=cue)

    def choose(self, state: EpisodicState, action: Int[Array, ""], key: Key[Array, ""]) -> EpisodicState:
        """The state once the choice has led to its outcome."""
        draws = jax.random.uniform(key, (3,))
        swaps = (draws[0] < self.swap) & (state.trial > 0)
        good = jnp.where(swaps, 1 - state.good, state.good)
        _, then, _, paid_then = state.then
        now = reward_probabilities(good, self.reward_high, self.reward_low)
        p = jnp.where(jnp.arange(2) == then, paid_then.astype(jnp.float32), now)
        void = (action < 0) | (action > 1)
        reached = jnp.where(draws[1] < self.transition, action, 1 - action)
        reward = (~void & (draws[2] < pick(p, reached))).astype(jnp.float32)
        seen = Outcome(action, reached, void, reward, p)
        row = jnp.stack([action, reached, (action == reached).astype(jnp.int32), reward.astype(jnp.int32)])
        here = jnp.arange(self.trials // 2) == state.trial
        past = jnp.where((here & ~void)[:, None], row, state.past)
        return state._replace(good=good, chosen=jnp.bool_(True), seen=seen, past=past)
