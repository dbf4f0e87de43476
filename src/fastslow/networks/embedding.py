"""Embeddings: what is seen, as the vector by which a memory compares it."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, Shaped

from fastslow.networks import conv, vae
from fastslow.networks.conv import Conv
from fastslow.networks.vae import Encoder

FORMS = conv.FORMS | vae.FORMS
"""Encoders by name: convolutions, and those of autoencoders."""


class Unchanged(eqx.Module):
    """What is seen, as it is."""

    features: int = eqx.field(static=True)

    def __call__(self, seen: Float[Array, "..."]) -> Float[Array, " feature"]:
        return seen.ravel()


class Projection(eqx.Module):
    """A fixed Gaussian random projection (Blundell et al. 2016), which keeps distances on average."""

    matrix: Float[Array, "seen feature"]

    @property
    def features(self) -> int:
        return self.matrix.shape[1]

    def __call__(self, seen: Float[Array, "..."]) -> Float[Array, " feature"]:
        return seen.ravel() @ jax.lax.stop_gradient(self.matrix)


def embedding(
    shape: tuple[int, ...], form: conv.Form | vae.Form | None, features: int, key: Key[Array, ""]
) -> eqx.Module:
    """Convolutions of this form with `features` outputs, which no rectifier follows, or an autoencoder's encoder with
    as many means; without a form a random projection of as many, or none at all where they are 0."""
    if isinstance(form, vae.Form):
        return Encoder(shape, form._replace(latent=features), key)
    if form is not None:
        return Conv(shape, form._replace(features=features, rectified=False), key)
    seen = math.prod(shape)
    if not features:
        return Unchanged(seen)
    return Projection(jax.random.normal(key, (seen, features)) / features**0.5)


def as_float(observation: Shaped[Array, "..."]) -> Float[Array, "..."]:
    """Numbers of about 1: bytes are shades from 0 to 255; yes and no are 1 and 0; what is real stays."""
    if observation.dtype != jnp.uint8:
        return observation.astype(jnp.float32)
    # By way of 32 bits: on a CPU XLA turns bytes into floats one by one, in ten times the time.
    return observation.astype(jnp.int32).astype(jnp.float32) / 255
