"""A variational autoencoder of pictures: what is seen, as the few numbers from which it can be drawn again.

Kingma & Welling 2014, in the form in which Blundell et al. 2016 embed the frames of a game: diagonal Gaussians for the
code and for the pixels, convolutions in between. The encoder's means are the embedding.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from fastslow.errors import check

LEAST_STD = 0.05
"""Of a pixel (Blundell et al. 2016)."""


class Form(NamedTuple):
    """Sizes of an encoder; the decoder mirrors it."""

    layers: tuple[tuple[int, int, int], ...]
    """Of each convolution: filters, their side and their stride, in pixels; no padding."""
    hidden: int
    """Units of the fully connected layer that follows."""
    latent: int
    """Numbers in a code."""


FORMS = {
    "vae": Form(((32, 4, 2), (32, 5, 2), (64, 5, 2), (64, 4, 2)), 512, 32),
    "vae_small": Form(((32, 4, 2), (64, 3, 1)), 128, 32),
}
"""`vae` is the published one, for 84 x 84 pixels; `vae_small` is for MinAtar's 10 x 10 (ours)."""


class Gaussian(NamedTuple):
    """Independent normal variables."""

    mean: Float[Array, "..."]
    log_std: Float[Array, "..."]


class Linear(eqx.Module):
    """x W + b."""

    weights: Float[Array, "before after"]
    bias: Float[Array, " after"]

    def __init__(self, before: int, after: int, key: Key[Array, ""], gain: float = 2.0):
        """Normal weights of variance gain/fan-in (2: a rectifier follows; He et al. 2015)."""
        self.weights = jax.random.normal(key, (before, after)) * (gain / before) ** 0.5
        self.bias = jnp.zeros(after)

    def __call__(self, x: Float[Array, " before"]) -> Float[Array, " after"]:
        return x @ self.weights + self.bias


class Filters(eqx.Module):
    """A convolution, or a transposed one, without padding.

    As a matrix product over all places that the pixels of a filter meet: `lax.conv` gives the same, but within a loop
    on a CPU it takes five times as long.
    """

    filters: Float[Array, "side side before after"]
    bias: Float[Array, " after"]
    stride: int = eqx.field(static=True)
    transposed: bool = eqx.field(static=True)

    def __init__(
        self, before: int, after: int, side: int, stride: int, transposed: bool, key: Key[Array, ""]
    ):
        # Of a transposed filter's pixels only every stride-th in each direction meets an output pixel.
        inputs = before * (side / stride) ** 2 if transposed else before * side**2
        self.filters = jax.random.normal(key, (side, side, before, after)) * (2 / inputs) ** 0.5
        self.bias = jnp.zeros(after)
        self.stride, self.transposed = stride, transposed

    def __call__(self, x: Float[Array, "height width before"]) -> Float[Array, "high wide after"]:
        y = self.spread(x) if self.transposed else self.gathered(x)
        return y + jnp.broadcast_to(self.bias, y.shape)

    def gathered(self, x: Float[Array, "height width before"]) -> Float[Array, "high wide after"]:
        """Each output pixel from the inputs under the filter."""
        side, _, before, after = self.filters.shape
        high, wide = ((size - side) // self.stride + 1 for size in x.shape[:2])

        def met(i: int, j: int) -> Array:
            ends = i + self.stride * (high - 1) + 1, j + self.stride * (wide - 1) + 1
            return x[i : ends[0] : self.stride, j : ends[1] : self.stride]

        places = jnp.concatenate([met(i, j) for i in range(side) for j in range(side)], axis=-1)
        return places @ self.filters.reshape(side * side * before, after)

    def spread(self, x: Float[Array, "height width before"]) -> Float[Array, "high wide after"]:
        """Each input pixel to the outputs under the filter."""
        side, _, before, after = self.filters.shape
        parts = x @ self.filters.transpose(2, 0, 1, 3).reshape(before, side * side * after)
        parts = parts.reshape(*x.shape[:2], side, side, after)

        def placed(i: int, j: int) -> Array:
            rows, columns = ((k, side - 1 - k, self.stride - 1) for k in (i, j))
            return jax.lax.pad(parts[:, :, i, j], 0.0, (rows, columns, (0, 0, 0)))

        return sum(placed(i, j) for i in range(side) for j in range(side))


class Encoder(eqx.Module):
    """q(z | x): convolutions and a fully connected layer, a rectifier after each, then means and log standard
    deviations."""

    layers: tuple[Filters, ...]
    hidden: Linear
    code: Linear
    form: Form = eqx.field(static=True)

    def __init__(self, shape: tuple[int, ...], form: Form, key: Key[Array, ""]):
        self.form = form
        *layer_keys, hidden_key, code_key = jax.random.split(key, len(form.layers) + 2)
        sizes, channels = sides_of(shape, form), coloured(shape)[2]
        layers = []
        for (filters, side, stride), layer_key in zip(form.layers, layer_keys, strict=True):
            layers.append(Filters(channels, filters, side, stride, False, layer_key))
            channels = filters
        self.layers = tuple(layers)
        self.hidden = Linear(math.prod(sizes[-1]) * channels, form.hidden, hidden_key)
        self.code = Linear(form.hidden, 2 * form.latent, code_key, gain=1.0)

    @property
    def features(self) -> int:
        return self.code.bias.shape[0] // 2

    def distribution(self, seen: Float[Array, "..."]) -> Gaussian:
        x = seen.reshape(coloured(seen.shape))
        for layer in self.layers:
            x = jax.nn.relu(layer(x))
        return Gaussian(*jnp.split(self.code(jax.nn.relu(self.hidden(x.ravel()))), 2))

    def __call__(self, seen: Float[Array, "..."]) -> Float[Array, " latent"]:
        """The means: the embedding of what is seen."""
        return self.distribution(seen).mean


class Decoder(eqx.Module):
    """p(x | z): the encoder's layers in reverse; a normal variable for each pixel and colour."""

    hidden: Linear
    grown: Linear
    layers: tuple[Filters, ...]
    smallest: tuple[int, int] = eqx.field(static=True)
    shape: tuple[int, ...] = eqx.field(static=True)

    def __init__(self, shape: tuple[int, ...], form: Form, key: Key[Array, ""]):
        hidden_key, grown_key, *layer_keys = jax.random.split(key, len(form.layers) + 2)
        self.shape, self.smallest = shape, sides_of(shape, form)[-1]
        channels = form.layers[-1][0]
        self.hidden = Linear(form.latent, form.hidden, hidden_key)
        self.grown = Linear(form.hidden, math.prod(self.smallest) * channels, grown_key)
        # What a layer of the encoder took in, its mirror gives out; the last gives two numbers for each colour.
        outputs = [filters for filters, _, _ in form.layers[-2::-1]] + [2 * coloured(shape)[2]]
        layers = []
        for (_, side, stride), after, layer_key in zip(
            reversed(form.layers), outputs, layer_keys, strict=True
        ):
            layers.append(Filters(channels, after, side, stride, True, layer_key))
            channels = after
        self.layers = tuple(layers)

    def __call__(self, code: Float[Array, " latent"]) -> Gaussian:
        x = jax.nn.relu(self.grown(jax.nn.relu(self.hidden(code))))
        x = x.reshape(*self.smallest, -1)
        for number, layer in enumerate(self.layers, 1):
            x = layer(x) if number == len(self.layers) else jax.nn.relu(layer(x))
        mean, log_std = jnp.split(x, 2, axis=-1)
        return Gaussian(
            mean.reshape(self.shape), jnp.maximum(log_std, math.log(LEAST_STD)).reshape(self.shape)
        )


class Bound(NamedTuple):
    """The two terms of the evidence lower bound, in nats."""

    likelihood: Float[Array, ""]
    """log p(x | z) for one draw of z."""
    divergence: Float[Array, ""]
    """KL(q(z | x) || p(z)), 0 or more."""

    @property
    def value(self) -> Float[Array, ""]:
        """At most log p(x), on average over draws."""
        return self.likelihood - self.divergence


def bound(
    code: Gaussian,
    decode: Callable[[Float[Array, " latent"]], Gaussian],
    seen: Float[Array, "..."],
    noise: Float[Array, " latent"],
) -> Bound:
    """log p(x | z) and 1/2 sum_j (mu_j^2 + sigma_j^2 - log sigma_j^2 - 1), z = mu + sigma noise (Kingma & Welling 2014,
    eq. 10).

    **Arguments**: `code` is q(z | x), `decode` p(x | z), `noise` standard normal.
    """
    std = jnp.exp(code.log_std)
    divergence = 0.5 * (code.mean**2 + std**2 - 2 * code.log_std - 1).sum()
    return Bound(log_density(decode(code.mean + std * noise), seen), divergence)


def log_density(given: Gaussian, x: Float[Array, "..."]) -> Float[Array, ""]:
    """The sum over independent normal variables of their log densities."""
    error = (x - given.mean) / jnp.exp(given.log_std)
    return -(0.5 * error**2 + given.log_std + 0.5 * math.log(2 * math.pi)).sum()


def coloured(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Height, width and colours of a picture, which is grey if it has no third axis."""
    check(len(shape) in (2, 3), f"What is seen has shape {shape}, but an autoencoder needs pictures.")
    return (*shape, 1) if len(shape) == 2 else tuple(shape)


def sides_of(shape: tuple[int, ...], form: Form) -> list[tuple[int, int]]:
    """Height and width before and after each convolution; those that leave pixels out cannot be mirrored."""
    sizes = [coloured(shape)[:2]]
    for _, side, stride in form.layers:
        check(
            all(size >= side and (size - side) % stride == 0 for size in sizes[-1]),
            f"A convolution of side {side} and stride {stride} does not fit {sizes[-1][0]} x {sizes[-1][1]} pixels "
            f"without a rest (of pictures of shape {shape}); take another encoder: {', '.join(FORMS)}.",
        )
        sizes.append(tuple((size - side) // stride + 1 for size in sizes[-1]))
    return sizes
