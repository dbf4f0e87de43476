"""What one trial of Harlow's task teaches, and what it is worth: shared by its ideal observers."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int


class Lesson(NamedTuple):
    """What the last finished trial taught."""

    good: Float[Array, " feature"]
    """How the rewarded object looked."""
    bad: Float[Array, " feature"]
    known: Bool[Array, ""]
    """There was such a trial; otherwise the two above mean nothing."""


def learn(
    lesson: Lesson,
    offer: Float[Array, "2 feature"],
    side: Int[Array, ""],
    right: Array,
    finished: Array,
) -> Lesson:
    """The lesson after `side` (0 or 1) of `offer` was chosen, or not `right`; as it was unless `finished`."""
    good, bad = (
        jnp.where((side == 0) == right, offer[0], offer[1]),
        jnp.where((side == 0) == right, offer[1], offer[0]),
    )
    return Lesson(
        jnp.where(finished, good, lesson.good),
        jnp.where(finished, bad, lesson.bad),
        lesson.known | finished,
    )


def expected(right: Array, wrong: Array, for_side: Float[Array, "2"]) -> Float[Array, ""]:
    """Reward of the better side: `right` where anything speaks for one of them, else that of a guess."""
    return jnp.where(for_side.max() > 0, right, (right + wrong) / 2)
