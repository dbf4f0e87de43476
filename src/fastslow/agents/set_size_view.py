"""What an observer sees of the set-size task: which of the block's pictures is shown, and what came of an answer.

Pictures are known again by their codes and numbered as they first appear; what an observer learns, it learns by number.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from fastslow.tasks.set_size import ANSWERS, FEATURES, MOST
from fastslow.timestep import Percept


class Seen(NamedTuple):
    """The pictures met so far in the block."""

    codes: Float[Array, "picture feature"]
    count: Int[Array, ""]


class Look(NamedTuple):
    """One percept, understood."""

    picture: Bool[Array, " picture"]
    """Which one is shown."""
    size: Float[Array, ""]
    """Pictures in the block."""
    told: Bool[Array, ""]
    """An answer was given, and its outcome is shown."""
    answer: Bool[Array, " action"]
    """The answer that was given; none where it was missed or is not told."""
    reward: Float[Array, ""]


def nothing_seen() -> tuple[Seen, Look]:
    """Before the block's first step."""
    blank = Look(
        jnp.zeros(MOST, bool), jnp.float32(1), jnp.bool_(False), jnp.zeros(ANSWERS, bool), jnp.float32(0)
    )
    return Seen(jnp.zeros((MOST, FEATURES)), jnp.int32(0)), blank


def look(seen: Seen, percept: Percept) -> tuple[Seen, Look]:
    """The pictures known now, and what the percept says."""
    code, asks, size = percept.observation[:FEATURES], percept.observation[FEATURES], percept.observation[-1]
    places = jnp.arange(MOST)
    same = (seen.codes == code[None]).all(axis=1) & (places < seen.count)
    place = jnp.where(same.any(), same.argmax(), seen.count)
    here = places == place
    codes = jnp.where(here[:, None], code[None], seen.codes)
    told = (asks < 0.5) & ~percept.first
    answer = (jnp.arange(ANSWERS) == percept.last_action) & told
    known = Seen(codes, jnp.maximum(seen.count, place + 1))
    return known, Look(here, jnp.round(size * MOST), told, answer, percept.last_reward)
