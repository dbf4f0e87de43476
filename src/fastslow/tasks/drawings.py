"""Drawings of classes that nobody has seen: the same strokes each time, by another hand; and what a trained eye sees.

Contexts in the world are not codes: what comes back looks different each time. Ritter et al. 2018 took drawings of
letters (Omniglot) as contexts and a network trained on other letters to tell them; here letters are drawn, a few curved
strokes for each class, and the eye is a linear discriminant (Fisher 1936), fitted to classes that no task shows.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

DRAWINGS_KEY = 2018
"""Number of the key from which all classes are drawn."""
SIDE = 14
"""Pixels along each side."""
STROKES, DOTS = 3, 9
"""Strokes in a drawing, and dots along a stroke."""
WIDTH = 0.09
"""Half the width of the pen, in sides of the picture."""
TRAINING_CLASSES, EACH = 300, 20
"""Classes that the eye is trained on, and drawings of each."""
FIRST_SHOWN = 1_000_000
"""Tasks show classes from this number on; the eye is trained on others, from 0."""
WOBBLE = 0.3
"""Deformation of the drawings that the eye is trained on."""


def drawing(
    number: Int[Array, ""], key: Key[Array, ""], wobble: Float[Array, ""] | float
) -> Float[Array, " pixel"]:
    """A drawing of class `number`: ink from 0 to 1.

    **Arguments**: `key` whose hand; `wobble` how unlike the hands are: 0, all drawings of a class are the same, 1, the
    ends of strokes move by a sixth of the picture (s.d.), besides the whole that is moved and turned.
    """
    class_key = jax.random.fold_in(jax.random.key(DRAWINGS_KEY), number)
    points = jax.random.uniform(class_key, (STROKES * 3, 2), minval=0.1, maxval=0.9)
    point_key, whole_key = jax.random.split(key)
    points = points + wobble * jax.random.normal(point_key, points.shape) / 6
    move = wobble * jax.random.normal(whole_key, (3,))
    angle = 0.4 * move[2]
    turn = jnp.stack([jnp.cos(angle), -jnp.sin(angle), jnp.sin(angle), jnp.cos(angle)]).reshape(2, 2)
    points = (points - 0.5) @ turn + 0.5 + 0.1 * move[None, :2]
    ends = points.reshape(STROKES, 3, 2)
    dots = jnp.einsum("dp,spx->sdx", bends(), ends).reshape(-1, 2)
    far = ((pixels()[:, None] - dots[None]) ** 2).sum(-1).min(axis=1)
    return jnp.exp(-far / WIDTH**2)


@functools.lru_cache
def bends() -> np.ndarray:
    """Weights of the three points of a quadratic Bezier curve at each dot `[dot point]`."""
    t = np.linspace(0, 1, DOTS)
    return np.stack([(1 - t) ** 2, 2 * t * (1 - t), t**2], axis=1).astype(np.float32)


@functools.lru_cache
def pixels() -> np.ndarray:
    """Middles of the pixels `[pixel 2]`, 0 to 1."""
    at = (np.arange(SIDE) + 0.5) / SIDE
    return np.stack(np.meshgrid(at, at, indexing="ij"), axis=-1).reshape(-1, 2).astype(np.float32)


@functools.lru_cache
def eye(kind: str, size: int) -> tuple[np.ndarray, np.ndarray]:
    """What is subtracted from a drawing and what it is then multiplied by, `[pixel]` and `[pixel size]`.

    `learned`: the directions in which classes differ most, relative to how drawings of one class do (linear
    discriminant analysis), of classes that no task shows; `random`: Gaussian directions, the control. The numbers
    that come out have a variance of about 1 over drawings.
    """
    with jax.ensure_compile_time_eval():
        numbers = np.repeat(np.arange(TRAINING_CLASSES, dtype=np.int32), EACH)
        keys = jax.random.split(jax.random.key(DRAWINGS_KEY), numbers.size)
        seen = jax.jit(jax.vmap(drawing, (0, 0, None)))(numbers, keys, WOBBLE)
        seen = np.asarray(seen, np.float64).reshape(TRAINING_CLASSES, EACH, -1)
    mean, classes = seen.mean((0, 1)), seen.mean(1)
    if kind == "learned":
        apart = (seen - classes[:, None]).reshape(-1, mean.size)
        within = apart.T @ apart / len(apart)
        within += 0.05 * np.trace(within) / mean.size * np.eye(mean.size)
        root = np.linalg.inv(np.linalg.cholesky(within)).T
        between = root.T @ np.cov(classes.T) @ root
        weights = root @ np.linalg.eigh(between)[1][:, ::-1][:, :size]
    else:
        weights = np.random.default_rng(DRAWINGS_KEY).normal(size=(mean.size, size))
    weights /= ((seen - mean) @ weights).std((0, 1))
    return mean.astype(np.float32), weights.astype(np.float32)


def embedding(drawn: Float[Array, "*batch pixel"], kind: str, size: int) -> Float[Array, "*batch number"]:
    """What an eye of this kind makes of drawings."""
    mean, weights = eye(kind, size)
    return (drawn - jnp.broadcast_to(mean, drawn.shape)) @ weights
