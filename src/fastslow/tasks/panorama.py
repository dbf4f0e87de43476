"""A scene all around the viewer, seen through a screen that turns: pictures at angles in, pixels out.

The scene is a strip of columns, each at an angle of its own. A pixel takes from each column in proportion to their
overlap, so that a view is one small matrix product: no gather, which is slow in lanes, and turns need not be whole
numbers of pixels. Angles are in degrees, right is positive.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


def wrap(angle: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """The same direction between -180 and 180 degrees."""
    return jnp.mod(angle + 180.0, 360.0) - 180.0


def span(size: int) -> np.ndarray:
    """Places of `size` neighbours, in their own widths, around their common middle."""
    return (np.arange(size) - (size - 1) / 2).astype(np.float32)


def overlap(
    heading: Float[Array, ""], at: Float[Array, " column"], width: int, pitch: Float[Array, ""]
) -> Float[Array, "pixel column"]:
    """How much of each pixel's width each column fills, 0 to 1.

    **Arguments**: `heading` where the middle of the screen points; `at` angles of the columns' middles; `width` of
    the screen in pixels; `pitch` degrees per pixel, and per column.
    """
    apart = wrap(heading + pitch * span(width)[:, None] - at[None, :])
    return jnp.maximum(1 - jnp.abs(apart) / pitch, 0.0)


def view(
    filled: Float[Array, "pixel column"], strip: Float[Array, "row column colour"]
) -> Float[Array, "row pixel colour"]:
    """The screen onto `strip`, colours 0 to 1, with `filled` as from `overlap`."""
    seen = jnp.einsum("pc,rck->rpk", filled, strip)
    return jnp.minimum(seen, 1.0)  # which it is, but for rounding


def side_by_side(parts: tuple[Array, ...], height: int) -> Float[Array, "row column colour"]:
    """Pictures as one strip, each at half height, black above and below."""
    padded = []
    for part in parts:
        above = (height - part.shape[0]) // 2
        padded.append(jnp.pad(part, ((above, height - part.shape[0] - above), (0, 0), (0, 0))))
    return jnp.concatenate(padded, axis=1)


def plus(size: int, colour: tuple[float, float, float]) -> np.ndarray:
    """An upright cross, `[row column colour]`, its bars a third of its side, on black."""
    bar = np.abs(span(size)) <= max(size / 6, 0.5)
    return np.where((bar[:, None] | bar[None, :])[..., None], np.asarray(colour, np.float32), np.float32(0))
