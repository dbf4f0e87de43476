"""Convolutional encoders: a picture in, a vector of features out.

They stand between the screen and a recurrent core (Wang et al. 2018, Simulation 5; after Mnih et al. 2016), the values
of a deep Q-network (Mnih et al. 2015) or the keys of a memory (Pritzel et al. 2017).
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from fastslow.errors import check

NARROW = 32
"""Numbers at a place below which a product for each of the filters' places is too small to pay."""


class Form(NamedTuple):
    """Sizes of an encoder."""

    layers: tuple[tuple[int, int, int], ...]
    """Of each convolution: filters, their side and their stride, in pixels."""
    features: int
    """Outputs of the fully connected layer that follows."""
    rectified: bool = True
    """A rectifier follows that layer too."""


FORMS = {
    "conv": Form(((16, 8, 4), (32, 4, 2)), 256),
    "conv_small": Form(((16, 4, 4), (16, 2, 1)), 32),
    "dqn": Form(((32, 8, 4), (64, 4, 2), (64, 3, 1)), 512),
    "minatar": Form(((16, 3, 1),), 128),
}
"""`conv` is the published one, for 84 x 84 pixels (Wang 2018); `conv_small` is for screens of about 12 x 24 (ours);
`dqn` is that of Mnih et al. 2015, for 84 x 84 pixels, and `minatar` that of Young & Tian 2019, for 10 x 10."""


@jax.custom_vjp
def correlated(
    x: Float[Array, "n height width before"], filters: Float[Array, "side side before filter"]
) -> Float[Array, "n high wide filter"]:
    """Every filter at every place where it fits, a step of one place apart.

    The gradient for the filters is a matrix product for each of their places: that of `lax.conv` takes thirty times
    as long within a loop on a CPU.
    """
    return slid(x, filters, 0)


def slid(x: Array, filters: Array, padding: int) -> Array:
    """`lax.conv` by a stride of one, with as many places of zeros on every side."""
    order = ("NHWC", "HWIO", "NHWC")
    kind = jnp.result_type(x, filters)
    x, filters = x.astype(kind), filters.astype(kind)
    return jax.lax.conv_general_dilated(x, filters, (1, 1), [(padding, padding)] * 2, dimension_numbers=order)


def correlated_forward(x: Array, filters: Array) -> tuple[Array, tuple[Array, Array]]:
    return slid(x, filters, 0), (x, filters)


def correlated_backward(kept: tuple[Array, Array], change: Array) -> tuple[Array, Array]:
    x, filters = kept
    side, _, before, last = filters.shape
    high, wide = change.shape[1:3]
    # Turned round once, and not in each of the products; these in a loop, or each would cut the picture anew.
    turned = jax.lax.optimization_barrier(change.reshape(-1, last).T)

    def of_place(place: Array) -> Array:
        seen = jax.lax.dynamic_slice(x, (0, *place, 0), (x.shape[0], high, wide, before))
        return turned @ seen.reshape(-1, before)

    places = jnp.stack([jnp.arange(side * side) // side, jnp.arange(side * side) % side], axis=1)
    of_filters = jax.lax.map(of_place, places).reshape(side, side, last, before).transpose(0, 1, 3, 2)
    return slid(change, filters[::-1, ::-1].transpose(0, 1, 3, 2), side - 1), of_filters


correlated.defvjp(correlated_forward, correlated_backward)


def in_blocks(x: Float[Array, "n height width before"], stride: int) -> Float[Array, "n rows columns within"]:
    """Blocks of stride x stride pixels as places of their own; what is left over at the far edges is left out."""
    rows, columns, before = x.shape[1] // stride, x.shape[2] // stride, x.shape[3]
    blocks = x[:, : rows * stride, : columns * stride].reshape(-1, rows, stride, columns, stride, before)
    return blocks.transpose(0, 1, 3, 2, 4, 5).reshape(-1, rows, columns, stride * stride * before)


def side_by_side(x: Float[Array, "n height width before"], side: int) -> Float[Array, "n high wide within"]:
    """At every place what is seen there and at its neighbours on to the right and below, `side` x `side` of them."""
    high, wide = x.shape[1] - side + 1, x.shape[2] - side + 1
    places = [(i, j) for i in range(side) for j in range(side)]
    return jnp.concatenate([x[:, i : i + high, j : j + wide] for i, j in places], axis=-1)


class Layer(eqx.Module):
    """One convolution, without padding; the filters' side is a multiple of the stride.

    The picture is cut into blocks of stride x stride pixels, and the filters, cut alike, move over them block by block.
    """

    filters: Float[Array, "side side before filter"]
    bias: Float[Array, " filter"]
    stride: int = eqx.field(static=True)

    def __call__(self, x: Float[Array, "n height width before"]) -> Float[Array, "n high wide filter"]:
        stride, (side, _, before, filters) = self.stride, self.filters.shape
        reach = side // stride
        cut = self.filters.reshape(reach, stride, reach, stride, before, filters)
        cut = cut.transpose(0, 2, 1, 3, 4, 5).reshape(reach, reach, -1, filters)
        blocks = in_blocks(x, stride)
        if blocks.shape[-1] < NARROW:
            blocks, cut = side_by_side(blocks, reach), cut.reshape(1, 1, -1, filters)
        drive = correlated(blocks, cut)
        return jax.nn.relu(drive + jnp.broadcast_to(self.bias, drive.shape))


class Conv(eqx.Module):
    """Convolutions, each followed by a rectifier, then one fully connected layer."""

    layers: tuple[Layer, ...]
    dense: Float[Array, "pixel feature"]
    bias: Float[Array, " feature"]
    rectified: bool = eqx.field(static=True)

    def __init__(self, shape: tuple[int, ...], form: Form, key: Key[Array, ""]):
        """Normal weights of variance 2/fan-in, which keeps the scale through rectifiers (He et al. 2015)."""
        check(
            len(shape) == 3,
            f"Convolutions see pictures of rows, columns and colours, but what is seen here has the shape {shape}; "
            "take another encoder, or another agent.",
        )
        height, width, channels = shape
        *layer_keys, dense_key = jax.random.split(key, len(form.layers) + 1)
        layers = []
        for (filters, side, stride), layer_key in zip(form.layers, layer_keys, strict=True):
            check(
                side % stride == 0 and min(height, width) >= side,
                f"A convolution of side {side} and stride {stride} does not fit a picture of {height} x {width} "
                "pixels; its side must be a multiple of the stride and no larger than the picture.",
            )
            height, width = ((size - side) // stride + 1 for size in (height, width))
            weights = jax.random.normal(layer_key, (side, side, channels, filters))
            weights = weights * (2 / (side * side * channels)) ** 0.5
            layers.append(Layer(weights, jnp.zeros(filters), stride))
            channels = filters
        pixels = height * width * channels
        self.layers = tuple(layers)
        self.dense = jax.random.normal(dense_key, (pixels, form.features)) * (2 / pixels) ** 0.5
        self.bias = jnp.zeros(form.features)
        self.rectified = form.rectified

    @property
    def features(self) -> int:
        return self.dense.shape[1]

    def __call__(self, picture: Float[Array, "*batch height width colour"]) -> Float[Array, "*batch feature"]:
        """Features of pictures; any leading axes."""
        batch = picture.shape[:-3]
        x = picture.reshape(-1, *picture.shape[-3:])
        for layer in self.layers:
            x = layer(x)
        x = x.reshape(x.shape[0], -1) @ self.dense
        drive = x + jnp.broadcast_to(self.bias, x.shape)
        return (jax.nn.relu(drive) if self.rectified else drive).reshape(*batch, -1)
