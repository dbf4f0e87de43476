"""The latest frames, seen at once, so that one can tell where things move (Mnih et al. 2015: four).

Whoever acts carries the frames before the latest in its state, blank when an episode begins, also where that is but the
next life of a game that goes on; a replay puts the same stacks together from single frames (memory.replay).
"""

import jax.numpy as jnp
from jaxtyping import Array, Shaped

from fastslow.errors import check


def shape_of(frame: tuple[int, ...], frames: int) -> tuple[int, ...]:
    """Shape of what is seen at once; a picture without colours gets an axis for them."""
    stack = frame if frames == 1 else (*frame, frames)
    if len(stack) == 4:
        return (*stack[:2], stack[2] * stack[3])
    return (*stack, 1) if len(stack) == 2 else stack


def none_before(frame: tuple[int, ...], frames: int) -> Shaped[Array, "... earlier"] | tuple[()]:
    """The earlier frames when nothing was seen yet."""
    return jnp.zeros((*frame, frames - 1), jnp.uint8) if frames > 1 else ()


def stacked(earlier: Shaped[Array, "... earlier"] | tuple[()], frame: Shaped[Array, "..."]) -> tuple:
    """What is seen at once, the newest last, and the earlier frames of the next step."""
    if isinstance(earlier, tuple):
        return picture(frame), earlier
    check(
        frame.dtype in (jnp.uint8, jnp.bool_),
        f"Frames of bytes, or of yes and no, can be stacked, but these are {frame.dtype}; set frames to 1.",
    )
    stack = jnp.concatenate([earlier.astype(frame.dtype), frame[..., None]], axis=-1)
    return picture(stack), stack[..., 1:].astype(earlier.dtype)


def picture(seen: Shaped[Array, "..."]) -> Shaped[Array, "..."]:
    """A frame, or a stack of them, in the shape that convolutions take (`shape_of`)."""
    return seen.reshape(shape_of(seen.shape, 1))
