"""Bandits whose contexts are made of two codes that never meet twice: what each code means must be put together.

No exact context comes back, so there is nothing to look up; but either code has been met before, in other company.
After the compositional bandits of Ritter et al. 2018, whose details we do not know: how two codes determine the good
arm is ours.
"""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from fastslow.errors import UserError
from fastslow.tasks.bandit import BANDIT_VARIABLES, OneGoodArm
from fastslow.tasks.recurring import Problems, Recurring, RecurringState, barcodes
from fastslow.tasks.task import Task, Variable, check_count, parameter
from fastslow.timestep import TimeStep

FORMS = ("sum", "grid")
OWN_VARIABLES = (
    Variable(
        "context",
        "number of the pair: number of its first code times `codes`, plus that of its second",
        "0, 1, ...",
    ),
    Variable("exposure_trial", "trial number within the exposure", "0, 1, ..."),
    Variable("exposure_order", "place of the exposure among all of the episode", "0, 1, ..."),
    Variable("first_exposure", "how many times the first code has been met, this one included", "1, 2, ..."),
    Variable(
        "second_exposure", "how many times the second code has been met, this one included", "1, 2, ..."
    ),
)


class CompositionalBandits(Task):
    """Every pair of two sets of `codes` codes is met once, `pulls` pulls long, and a code always means the same.

    Each code stands for one of `levels` numbers, drawn for the episode; o1 and o2 of a pair determine the arm that pays
    with `p_good`, all others pay with `p_rest`. With `combine` sum it is arm (o1 + o2) mod `levels`; with grid, arms
    form a square, and it is the one in row o1 and column o2. One first code and one second begin; each further code is
    first met beside one that was met before, and when all are known the other pairs follow in random order. Codes are
    barcodes, shown with every observation, the first then the second; the cue's context has them as its two parts.
    """

    p_good: Float[Array, "..."] = eqx.field(converter=parameter, default=0.9)
    """Probability that the good arm pays (Ritter 2018 bandits: .9)."""
    p_rest: Float[Array, "..."] = eqx.field(converter=parameter, default=0.1)
    """Probability that another pays (Ritter 2018 bandits: .1)."""
    combine: str = eqx.field(static=True, default="sum")
    """How two codes determine the good arm: `sum` (mod `levels`), of which a code alone tells nothing, or `grid` (row
    and column), of which it tells half (ours)."""
    levels: int = eqx.field(static=True, default=10)
    """Numbers that a code can stand for; there are as many arms with `sum`, its square with `grid` (ours)."""
    codes: int = eqx.field(static=True, default=10)
    """First codes, and second ones (ours)."""
    pulls: int = eqx.field(static=True, default=10)
    """Pulls of each pair (Ritter 2018 bandits: 10)."""
    bits: int = eqx.field(static=True, default=10)
    """Length of a code (Ritter 2018 bandits: 10)."""

    variant: ClassVar[str] = (
        "two codes determine the good arm, and no pair comes back: compositional contexts in the spirit of Ritter "
        "2018, the rule ours"
    )
    cite: ClassVar[tuple[str, ...]] = ("ritter2018",)
    trial_variables: ClassVar[tuple[Variable, ...]] = (*BANDIT_VARIABLES, *OWN_VARIABLES)

    def __check_init__(self) -> None:
        if self.combine not in FORMS:
            raise UserError(f"combine is '{self.combine}', but it must be one of: {', '.join(FORMS)}.")
        for name in ("levels", "codes", "bits"):
            check_count(name, getattr(self, name), 1)
        if self.bits > 15 or 2**self.bits < self.codes:
            least = max((self.codes - 1).bit_length(), 1)
            raise UserError(f"bits is {self.bits}, but {self.codes} codes need {least} to 15.")
        self.pairs  # noqa: B018  (refuses what cannot be)

    @property
    def arms(self) -> int:
        return self.levels if self.combine == "sum" else self.levels**2

    @property
    def pairs(self) -> Recurring:
        """The pairs as contexts of a bandit that are each met once: all but what the pairs mean."""
        bandit = OneGoodArm(self.p_good, self.p_rest, self.arms, self.pulls)
        return Recurring(bandit, 0.0, self.codes**2, 1, 2 * self.bits)

    @property
    def observation_shape(self) -> tuple[int, ...]:
        return (2 * self.bits,)

    @property
    def actions(self) -> int:
        return self.arms

    @property
    def episode_steps(self) -> int:
        return self.codes**2 * (self.pulls + 1)

    def arm_of(self) -> Int[Array, "level level"]:
        """The good arm for each o1 and o2."""
        o1, o2 = jnp.meshgrid(jnp.arange(self.levels), jnp.arange(self.levels), indexing="ij")
        return (o1 + o2) % self.levels if self.combine == "sum" else o1 * self.levels + o2

    def sample(self, key: Key[Array, ""]) -> Problems:
        meaning_key, first_key, second_key, order_key = jax.random.split(key, 4)
        o1, o2 = jax.random.randint(meaning_key, (2, self.codes), 0, self.levels)
        good = self.arm_of()[o1[:, None], o2[None]].reshape(-1, 1)
        p = jnp.where(jnp.arange(self.arms)[None] == good, self.p_good, self.p_rest)
        order = pair_order(order_key, self.codes)
        first, second = (barcodes(each, self.codes, self.bits) for each in (first_key, second_key))
        shown = jnp.concatenate([first[order // self.codes], second[order % self.codes]], axis=1)
        return Problems(p, order, shown, jnp.zeros(order.size, jnp.int32))

    def start(self, problem: Problems, key: Key[Array, ""]) -> tuple[RecurringState, TimeStep]:
        state, seen = self.pairs.start(problem, key)
        return state, self.parted(state, seen)

    def step(
        self, state: RecurringState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[RecurringState, TimeStep]:
        after, seen = self.pairs.step(state, action, key)
        return after, self.parted(state, seen)

    def parted(self, state: RecurringState, seen: TimeStep) -> TimeStep:
        """What `Recurring` gives, in terms of codes; `state` is the one that it was given in."""
        order, pair = state.problems.order, seen.trial["context"]
        met = jnp.arange(order.size) <= seen.trial["exposure_order"]
        first = met & (order // self.codes == pair // self.codes)
        second = met & (order % self.codes == pair % self.codes)
        counts = {"first_exposure": first.sum(), "second_exposure": second.sum()}
        names = {variable.name for variable in self.trial_variables}
        trial = {name: value for name, value in seen.trial.items() if name in names}
        trial |= {name: count.astype(jnp.int32) for name, count in counts.items()}
        cue = seen.cue._replace(context=seen.cue.context.reshape(2, self.bits))
        return seen._replace(trial=trial, cue=cue)


def pair_order(key: Key[Array, ""], codes: int) -> Int[Array, " pair"]:
    """All pairs, as `first * codes + second`: a random tree through all codes in the order of their numbers, where each
    new one is beside a random one met before, then the rest at random."""
    side_key, beside_key, rest_key = jax.random.split(key, 3)
    on_second = jax.random.permutation(side_key, jnp.arange(2 * codes - 2) % 2)
    firsts, seconds = jnp.cumsum(1 - on_second) + 1, jnp.cumsum(on_second) + 1  # met, this step included
    known = jnp.where(on_second, firsts, seconds)
    beside = jnp.floor(jax.random.uniform(beside_key, known.shape) * known).astype(jnp.int32)
    first = jnp.where(on_second, beside, firsts - 1)
    second = jnp.where(on_second, seconds - 1, beside)
    tree = jnp.concatenate([jnp.zeros(1, jnp.int32), first * codes + second])
    later = jax.random.uniform(rest_key, (codes**2,))
    rank = later.at[tree].set(jnp.arange(2 * codes - 1) - 2.0 * codes)
    return jnp.argsort(rank).astype(jnp.int32)
