"""Pictures of objects that nobody has seen before: a number in, a picture out, thousands that can be told apart.

Where Wang et al. 2016 and 2018 took photographs (of ImageNet), objects here are drawn: a contour of random lobes
filled with stripes of two random colours. All of it follows from the object's number alone, so nothing is stored or
read, and object 17 looks the same in every episode of every run, at any resolution.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

IMAGES_KEY = 2016
"""Number of the key from which all objects are drawn."""
LOBES = (2, 3, 4, 5)
"""Frequencies of the contour, in lobes around the object."""
RADIUS, LOBE, STRIPES = 0.72, 0.16, 4.0
"""Mean radius and largest amplitude of a lobe, in halves of the picture's side; most stripes across the picture."""
SHAPE, COLOURS, WAVES = 2 * len(LOBES), 6, 3
"""How many random numbers make the contour, the two colours, and the stripes (two frequencies and a phase)."""


@functools.lru_cache
def grid(side: int) -> tuple[np.ndarray, ...]:
    """Of each pixel: x and y, -1 to 1; distance from the middle; cosines and sines around it, `[lobe pixel]`.

    None of it depends on the object, so a picture costs little more than a product and a sine per pixel.
    """
    at = (2 * np.arange(side) + 1) / side - 1
    y, x = (part.reshape(-1) for part in np.meshgrid(at, at, indexing="ij"))
    around = np.arctan2(y, x) * np.asarray(LOBES)[:, None]
    rings = np.concatenate([np.cos(around), np.sin(around)])
    return tuple(part.astype(np.float32) for part in (x, y, np.hypot(x, y), rings))


def picture(number: Int[Array, ""], side: int) -> Float[Array, "row column colour"]:
    """Object `number` as `side` x `side` pixels of red, green and blue, 0 to 1, on black.

    **Arguments**: `number` 0 or more, as many as an int32 holds; `side` pixels.
    """
    key = jax.random.fold_in(jax.random.key(IMAGES_KEY), number)
    draws = jax.random.uniform(key, (SHAPE + COLOURS + WAVES,))
    shape, colours, waves = jnp.split(draws, (SHAPE, SHAPE + COLOURS))
    x, y, distance, rings = grid(side)

    edge = RADIUS + LOBE * ((2 * shape - 1) @ rings)
    covered = jnp.clip((edge - distance) * side / 2 + 0.5, 0, 1)  # pixels on the contour are covered in part
    across, along = STRIPES / 2 * jnp.pi * (2 * waves[:2] - 1)
    stripe = 0.5 + 0.5 * jnp.sin(across * x + along * y + 2 * jnp.pi * waves[2])
    one, other = colours.reshape(2, 3)
    colour = stripe[:, None] * one[None, :] + (1 - stripe)[:, None] * other[None, :]
    return (covered[:, None] * colour).reshape(side, side, 3)
