"""Which states are the very same: a fingerprint of what is observed, not of how it is embedded.

An embedding that learns moves, so that equal keys never meet again; and distances of floats are never quite 0.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Shaped, UInt32

STREAMS = (0x9E3779B1, 0x85EBCA77)
"""Two odd numbers, each of which gives 32 bits."""


def fingerprint(observation: Shaped[Array, "..."]) -> UInt32[Array, "2"]:
    """64 bits of an observation: equal for equal ones; two others agree by chance once in about 2^64."""
    bits = words(observation.ravel())
    place = jnp.arange(bits.size, dtype=jnp.uint32)
    streams = [jnp.uint32(odd) for odd in STREAMS]
    return jnp.stack([mix(mix(bits + odd) ^ mix(place * odd + 1)).sum() for odd in streams])


def mix(x: UInt32[Array, "*n"]) -> UInt32[Array, "*n"]:
    """Spread every bit over all 32 (the finaliser of MurmurHash3)."""
    x = (x ^ (x >> 16)) * jnp.uint32(0x85EBCA6B)
    x = (x ^ (x >> 13)) * jnp.uint32(0xC2B2AE35)
    return x ^ (x >> 16)


def words(x: Shaped[Array, " n"]) -> UInt32[Array, " word"]:
    """The same for the same numbers: four bytes each, or one float."""
    if x.dtype == jnp.uint8 and x.size % 4 == 0:
        return jax.lax.bitcast_convert_type(x.reshape(-1, 4), jnp.uint32)
    # 0 and -0 are the same number.
    return jax.lax.bitcast_convert_type(x.astype(jnp.float32) + 0.0, jnp.uint32)
