"""Noisy evidence for left or right, beside a context that comes back: recall the answer, or wait for the evidence.

In the first half of an episode nothing but evidence tells which response is right, and it comes late. In the second
half every example is shown again under its context, so whoever recalls what it decided then is right at once. The
demonstration task of a public episodic LSTM (Qihong Lu's dnd-lstm, after Ritter et al. 2018), and a model of choices
that rest either on evidence or on single memories.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from fastslow.errors import UserError
from fastslow.tasks import task
from fastslow.tasks.task import Task, Variable, check_count, check_range, opening, parameter, pick
from fastslow.timestep import Cue, TimeStep

MOST_EXAMPLES = 2**20


class Examples(NamedTuple):
    """An episode's hidden truth."""

    number: Int[Array, ""]
    """All noise follows from it."""
    contexts: Float[Array, "example number"]
    """What each example is known by."""
    sides: Int[Array, " example"]
    """The right response to each: 0 left, 1 right."""
    order: Int[Array, " presentation"]
    """The example shown in each trial: all once, then all once more."""


class ChoiceState(NamedTuple):
    examples: Examples
    trial: Int[Array, ""]
    time: Int[Array, ""]
    """Responses given in this trial."""
    right: Bool[Array, " time"]
    """Which of them were right."""


class ContextualChoice(Task):
    """Every trial shows one example for `steps` steps, each of which wants a response, left (0) or right (1).

    Seen are `size` readings, then the example's context, `size` Gaussian numbers of its own. Readings are Gaussian
    with s.d. 1; their mean is 0 in the first `noise` steps, then -`drift` where left is right and +`drift` where right
    is. A right response pays 1. The second time an example is seen as the first time, to the last reading. The cue
    begins at each trial, `recall` always holds, and `store` at the last step of first presentations. The future ends
    with the trial (discount 0).
    """

    drift: Float[Array, "..."] = eqx.field(converter=parameter, default=1.0)
    """Mean of each informative reading, in s.d. (public implementation: 1)."""
    examples: int = eqx.field(static=True, default=50)
    """Examples in an episode, each shown twice (public implementation: 50)."""
    steps: int = eqx.field(static=True, default=10)
    """Steps in a trial (public implementation: 10)."""
    noise: int = eqx.field(static=True, default=5)
    """Of these, steps at which readings tell nothing (public implementation: 5)."""
    size: int = eqx.field(static=True, default=32)
    """Readings at a step, and numbers in a context (public implementation: 32)."""

    variant: ClassVar[str] = (
        "the contextual choice of qihongl/dnd-lstm: 50 examples twice, the second time permuted; its label, the sign "
        "of all evidence summed, is here the side that it was drawn from; not an experiment on people"
    )
    cite: ClassVar[tuple[str, ...]] = ("ritter2018",)
    trial_variables: ClassVar[tuple[Variable, ...]] = (
        task.TRIAL,
        task.TRIAL_END,
        Variable("action", "the last response of the trial; -1 where it is missing", "0 left, 1 right"),
        Variable("reward", "responses of the trial that were right", "0 to steps"),
        task.VALID,
        Variable("correct", "the last response was right", "0 or 1"),
        Variable("side", "the right response", "0 left, 1 right"),
        Variable("context", "number of the example within the episode", "0, 1, ..."),
        Variable("exposure", "how many times the example has been met, this one included", "1 or 2"),
        Variable("right", "the response was right, at each step", "0 or 1, one column per step"),
    )
    actions: ClassVar[int] = 2

    def __check_init__(self) -> None:
        check_range("drift", self.drift, 0, 1e3)
        for name in ("examples", "steps", "size"):
            check_count(name, getattr(self, name), 1)
        check_count("noise", self.noise, 0)
        check_range("examples", self.examples, 1, MOST_EXAMPLES)
        if self.noise >= self.steps:
            raise UserError(
                f"noise is {self.noise}, but of {self.steps} steps at least one must tell something; give less."
            )

    @property
    def observation_shape(self) -> tuple[int, ...]:
        return (2 * self.size,)

    @property
    def episode_steps(self) -> int:
        return 2 * self.examples * self.steps

    def sample(self, key: Key[Array, ""]) -> Examples:
        number_key, context_key, side_key, order_key = jax.random.split(key, 4)
        number = jax.random.randint(number_key, (), 0, jnp.iinfo(jnp.int32).max)
        sides = jax.random.bernoulli(side_key, shape=(self.examples,)).astype(jnp.int32)
        contexts = jax.random.normal(context_key, (self.examples, self.size))
        first = jnp.arange(self.examples)
        order = jnp.concatenate([first, jax.random.permutation(order_key, first)])
        return Examples(number, contexts, sides, order)

    def start(self, problem: Examples, key: Key[Array, ""]) -> tuple[ChoiceState, TimeStep]:
        zero = jnp.int32(0)
        state = ChoiceState(problem, zero, zero, jnp.zeros(self.steps, bool))
        observation, cue = self.show(state)
        trial = self.trial_of(state, jnp.int32(-1), jnp.bool_(False))
        return state, opening(observation, trial)._replace(cue=cue)

    def show(self, state: ChoiceState) -> tuple[Float[Array, " seen"], Cue]:
        """What is seen; the noise is drawn from the episode's number each time, so that none is kept."""
        example = pick(state.examples.order, state.trial)
        context = (jnp.arange(self.examples) == example).astype(jnp.float32) @ state.examples.contexts
        number = example * self.steps + state.time
        key = jax.random.fold_in(jax.random.key(state.examples.number), number)
        readings = jax.random.normal(key, (self.size,))
        side = 2 * pick(state.examples.sides, example) - 1
        mean = jnp.where(state.time >= self.noise, self.drift * side, 0.0)
        first = state.trial < self.examples
        store = first & (state.time == self.steps - 1)
        cue = Cue(context[None], jnp.bool_(True), store, state.time == 0)
        return jnp.concatenate([readings + mean, context]), cue

    def step(
        self, state: ChoiceState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[ChoiceState, TimeStep]:
        example = pick(state.examples.order, state.trial)
        right = action == pick(state.examples.sides, example)
        marked = state.right | ((jnp.arange(self.steps) == state.time) & right)
        ends = state.time == self.steps - 1
        trial = self.trial_of(state._replace(right=marked), action, ends)
        after = ChoiceState(
            state.examples,
            state.trial + ends,
            jnp.where(ends, 0, state.time + 1),
            marked & ~ends,
        )
        observation, cue = self.show(after)
        last = after.trial >= 2 * self.examples
        discount = 1.0 - ends.astype(jnp.float32)
        return after, TimeStep(observation, right.astype(jnp.float32), discount, last, trial, cue)

    def trial_of(self, state: ChoiceState, action: Int[Array, ""], ends: Bool[Array, ""]) -> dict[str, Array]:
        example = pick(state.examples.order, state.trial)
        side = pick(state.examples.sides, example)
        valid = (action == 0) | (action == 1)
        return {
            "trial": state.trial,
            "trial_end": ends,
            "action": jnp.where(valid, action, -1),
            "reward": state.right.sum().astype(jnp.float32),
            "valid": valid,
            "correct": action == side,
            "side": side,
            "context": example,
            "exposure": 1 + (state.trial >= self.examples).astype(jnp.int32),
            "right": state.right,
        }
