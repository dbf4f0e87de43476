"""How alike two states are, by the squared distance of their embeddings: 1 for the same, towards 0 far apart."""

from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, Float


def inverse(distance: Float[Array, "*n"], scale: float) -> Float[Array, "*n"]:
    """delta / (d^2 + delta) with delta = `scale`: Pritzel et al. 2017, eq. 5, times delta, so that it ends at 1."""
    return scale / (distance + scale)


def gaussian(distance: Float[Array, "*n"], scale: float) -> Float[Array, "*n"]:
    """exp(-d^2 / `scale`)."""
    return jnp.exp(-distance / scale)


def uniform(distance: Float[Array, "*n"], scale: float) -> Float[Array, "*n"]:
    """1, however far (Blundell et al. 2016: all of the k neighbours count alike)."""
    return jnp.ones_like(distance)


KERNELS: dict[str, Callable] = {"inverse": inverse, "gaussian": gaussian, "uniform": uniform}
"""`(squared distance, scale) -> similarity` by name."""
