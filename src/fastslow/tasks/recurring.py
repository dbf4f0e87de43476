"""Any task made to come back: in an episode several of its problems return again and again, each under its context.

Agents that learn a task only while it lasts must learn it anew at each return; whoever stored what was learned under
the context can go on from there (Ritter et al. 2018, "Been There, Done That").
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from fastslow import catalog
from fastslow.errors import check
from fastslow.tasks import drawings
from fastslow.tasks.task import Task, Variable, check_count, check_range, parameter, pick
from fastslow.timestep import Cue, TimeStep

MOST_BITS = 30
FORMS = ("barcode", "drawing", "drawing_random")
"""What contexts are: random bits, or drawings as a trained eye sees them, or one that was never trained."""
EYES = {"drawing": "learned", "drawing_random": "random"}

OWN_VARIABLES = (
    Variable("context", "number of the problem within the episode", "0, 1, ..."),
    Variable(
        "exposure", "how many times the problem has been met in the episode, this one included", "1, 2, ..."
    ),
    Variable("exposure_trial", "trial number within the exposure", "0, 1, ..."),
    Variable("exposure_order", "place of the exposure among all of the episode", "0, 1, ..."),
    Variable("flipped", "bits of the barcode that are shown flipped at this exposure", "0, 1, ..."),
)


class Problems(NamedTuple):
    """The hidden truth of an episode."""

    inner: PyTree
    """The inner task's problems, stacked along a leading context axis."""
    order: Int[Array, " exposure"]
    """Which context each exposure is of."""
    shown: Float[Array, "exposure bit"]
    """The barcode as it is shown at each exposure, 1 and -1; of drawings, what the eye makes of each."""
    flipped: Int[Array, " exposure"]
    """How many of its bits are flipped."""


class RecurringState(NamedTuple):
    problems: Problems
    inner: PyTree
    """The inner task's state."""
    code: Float[Array, " bit"]
    """The barcode that is shown."""
    place: Int[Array, ""]
    """Exposures that are over."""
    closing: Bool[Array, ""]
    """The exposure's last outcome is shown."""
    trials: Int[Array, ""]
    """Trials completed in the episode."""
    trials_before: Int[Array, ""]
    """Of these, in earlier exposures."""


class Recurring(Task):
    """`contexts` problems of `task`, each met `exposures` times in an episode, in random order.

    A problem has a random barcode, of which no two in an episode are alike; it is shown with every observation (its
    bits, 1 and -1, come last), and is the cue's context. With `noise`, bits are flipped anew at each exposure: what is
    shown is what the cue holds, and may then be like another's. Where contexts are drawings (`tasks.drawings`), a
    problem has a class of them, each exposure shows another drawing of it, and `noise` is how unlike these are; what is
    shown and what the cue holds are the `bits` numbers that an eye makes of it. An exposure lasts until the inner
    task's episode ends; then its last outcome is shown once more to be stored (the closing step), whatever is done
    there is ignored, and the next begins. Another exposure of a problem is another episode of it: what is drawn at its
    start and after is drawn anew. A new set of problems and contexts in every episode.
    """

    task: Task
    """The task that comes back."""
    noise: Float[Array, "..."] = eqx.field(converter=parameter, default=0.0)
    """Probability that a bit of the barcode is shown flipped at an exposure; how unlike drawings of a class are (.2:
    of ten classes a trained eye confuses one in forty)."""
    contexts: int = eqx.field(static=True, default=10)
    """Problems in an episode (Ritter 2018 bandits: 10)."""
    exposures: int = eqx.field(static=True, default=10)
    """Times that each is met (Ritter 2018 bandits: 10)."""
    bits: int = eqx.field(static=True, default=10)
    """Length of a barcode (Ritter 2018 bandits: 10), or numbers that the eye makes of a drawing."""
    whole: bool = eqx.field(static=True, default=False)
    """The future counts over the whole episode; else it ends with each exposure, where discount is then 0."""
    form: str = eqx.field(static=True, default="barcode")
    """What contexts are: `barcode`, `drawing` (Ritter 2018: of letters), seen by an eye that was trained on other
    classes, or `drawing_random`, seen by one that never was."""

    def __check_init__(self) -> None:
        check(
            isinstance(self.task, Task),
            f"Recurring was given a {type(self.task).__name__}, but needs a Task.",
        )
        check_range("noise", self.noise, 0, 1)
        check_count("contexts", self.contexts, 1)
        check_count("exposures", self.exposures, 1)
        check_count("bits", self.bits, 1)
        check(self.form in FORMS, f"form is '{self.form}', but it must be one of: {', '.join(FORMS)}.")
        if self.form != "barcode":
            check_range("bits", self.bits, 1, MOST_BITS)
            drawings.eye(EYES[self.form], self.bits)  # trained now, not within the program that samples
        check(
            self.form != "barcode" or (self.bits <= MOST_BITS and 2**self.bits >= self.contexts),
            f"bits is {self.bits}, but barcodes that tell {self.contexts} contexts apart need "
            f"{max((self.contexts - 1).bit_length(), 1)} to {MOST_BITS}.",
        )
        name, shape = type(self.task).__name__, self.task.observation_shape
        check(
            len(shape) == 1,
            f"{name} shows {shape}, but a barcode can only be added to a flat observation; flatten it.",
        )
        inner = {variable.name for variable in self.task.trial_variables}
        taken = sorted(inner & {variable.name for variable in OWN_VARIABLES})
        check(
            not taken,
            f"{name} has a trial variable '{' and '.join(taken)}', which Recurring adds itself; name it otherwise.",
        )
        opening = jax.eval_shape(
            lambda key: self.task.start(self.task.sample(key), key)[1], jax.random.key(0)
        )
        check(opening.cue is None, f"{name} gives cues of its own, so it cannot be made to come back.")
        check(
            opening.observation.dtype == jnp.float32,
            f"{name} shows {opening.observation.dtype} numbers, but a barcode can only be added to float32.",
        )

    @property
    def variant(self) -> str:
        return f"returns under barcodes as in Ritter 2018, our reconstruction; within: {self.task.variant}"

    @property
    def trial_variables(self) -> tuple[Variable, ...]:
        return (*self.task.trial_variables, *OWN_VARIABLES)

    @property
    def cite(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(("ritter2018", *self.task.cite)))

    @property
    def observation_shape(self) -> tuple[int, ...]:
        return (self.task.observation_shape[0] + self.bits,)

    @property
    def actions(self) -> int:
        return self.task.actions

    @property
    def episode_steps(self) -> int:
        return self.contexts * self.exposures * (self.task.episode_steps + 1)

    def sample(self, key: Key[Array, ""]) -> Problems:
        inner_key, code_key, order_key, noise_key = jax.random.split(key, 4)
        inner = jax.vmap(self.task.sample)(jax.random.split(inner_key, self.contexts))
        every = jnp.repeat(jnp.arange(self.contexts), self.exposures)
        order = jax.random.permutation(order_key, every)
        if self.form == "barcode":
            codes = barcodes(code_key, self.contexts, self.bits)
            flips = jax.random.uniform(noise_key, (order.size, self.bits)) < self.noise
            shown = jnp.where(flips, -codes[order], codes[order])
            return Problems(inner, order, shown, flips.sum(-1).astype(jnp.int32))
        shown = self.drawn(code_key, noise_key, order)
        return Problems(inner, order, shown, jnp.zeros(order.size, jnp.int32))

    def drawn(
        self, class_key: Key[Array, ""], hand_key: Key[Array, ""], order: Int[Array, " exposure"]
    ) -> Float[Array, "exposure number"]:
        """What the eye makes of a fresh drawing at each exposure."""
        classes = jax.random.randint(
            class_key, (self.contexts,), drawings.FIRST_SHOWN, jnp.iinfo(jnp.int32).max
        )
        hands = jax.random.split(hand_key, order.size)
        seen = jax.vmap(drawings.drawing, (0, 0, None))(classes[order], hands, self.noise)
        return drawings.embedding(seen, EYES[self.form], self.bits)

    def start(self, problem: Problems, key: Key[Array, ""]) -> tuple[RecurringState, TimeStep]:
        zero = jnp.int32(0)
        inner, code, seen = self.begin(problem, zero, key)
        state = RecurringState(problem, inner, code, zero, jnp.bool_(False), zero, zero)
        return state, self.timestep(state, seen, True, False, self.trial_of(state, seen, False))

    def begin(
        self, problems: Problems, place: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[PyTree, Array, TimeStep]:
        """The inner state, barcode and opening of an exposure (of none, where all are over)."""
        problem = jax.tree.map(lambda x: x[pick(problems.order, place)], problems.inner)
        inner, seen = self.task.start(problem, key)
        return inner, problems.shown[jnp.minimum(place, problems.order.size - 1)], seen

    def step(
        self, state: RecurringState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[RecurringState, TimeStep]:
        start_key, step_key = jax.random.split(key)
        over = state.closing
        inner, seen = self.task.step(state.inner, action, step_key)
        done = seen.trial["trial_end"] & ~over
        trial = self.trial_of(state, seen, done)
        trials = state.trials + done
        within = (inner, state.code, seen, state.place, seen.last, state.trials_before)

        place = state.place + 1
        after = (*self.begin(state.problems, place, start_key), place, jnp.bool_(False), trials)
        chosen = jax.tree.map(lambda a, b: jnp.where(over, a, b), after, within)
        inner, code, seen, place, closing, before = chosen
        new = RecurringState(state.problems, inner, code, place, closing, trials, before)
        last = place >= state.problems.order.size
        return new, self.timestep(new, seen, over & ~last, last, trial)

    def timestep(
        self,
        state: RecurringState,
        seen: TimeStep,
        begins: Array | bool,
        last: Array | bool,
        trial: dict[str, Array],
    ) -> TimeStep:
        """What is given in this state: `seen` of the inner task, unless it is the opening of an exposure, which has no
        reward, or nothing at all because the episode is over."""
        begins, last = jnp.asarray(begins), jnp.asarray(last)
        apart = jnp.bool_(not self.whole) & (state.closing | (begins & (state.place > 0)))
        shown = jnp.concatenate([seen.observation, state.code])
        return TimeStep(
            shown,
            jnp.where(begins | last, 0.0, seen.reward),
            jnp.where(last | apart, 0.0, 1.0),
            last,
            trial,
            Cue(state.code[None], jnp.bool_(True), state.closing, begins),
        )

    def trial_of(self, state: RecurringState, seen: TimeStep, done: Array | bool) -> dict[str, Array]:
        """The inner task's variables, trials counted over the episode, and which exposure it is."""
        problems, place = state.problems, state.place
        context = pick(problems.order, place)
        met = (problems.order == context) & (jnp.arange(problems.order.size) <= place)
        return seen.trial | {
            "trial": state.trials,
            "trial_end": jnp.asarray(done),
            "context": context.astype(jnp.int32),
            "exposure": met.sum().astype(jnp.int32),
            "exposure_trial": state.trials - state.trials_before,
            "exposure_order": place,
            "flipped": pick(problems.flipped, place).astype(jnp.int32),
        }


def barcodes(key: Key[Array, ""], count: int, bits: int) -> Float[Array, "count bit"]:
    """Different random barcodes, of 1 and -1: a random subset of all there are (Floyd's algorithm)."""
    tops = 2**bits - count + jnp.arange(count)
    draws = jax.random.randint(key, (count,), 0, tops + 1)

    def add(numbers: Array, one: tuple[Array, Array, Array]) -> tuple[Array, None]:
        place, drawn, top = one
        return numbers.at[place].set(jnp.where((numbers == drawn).any(), top, drawn)), None

    numbers, _ = jax.lax.scan(add, jnp.full(count, -1), (jnp.arange(count), draws, tops))
    return 2.0 * ((numbers[:, None] >> jnp.arange(bits)[None]) & 1) - 1.0


def recurring(
    inner: str = "bandit_one_good",
    contexts: int = 10,
    exposures: int = 10,
    bits: int = 10,
    noise: float = 0.0,
    whole: bool = False,
    form: str = "barcode",
) -> Recurring:
    """A task of the catalog, or a user's own (`file.py:Name`), with its default settings, made to come back."""
    return Recurring(catalog.load("task", inner)(), noise, contexts, exposures, bits, whole, form)
