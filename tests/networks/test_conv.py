"""The encoders: convolutions held to JAX's own, and shapes that do not fit refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.errors import UserError
from fastslow.networks.conv import FORMS, Conv, Form, Layer


@pytest.mark.parametrize("colours", [3, 33], ids=["narrow", "wide"])
@pytest.mark.parametrize(("side", "stride", "height", "width"), [(8, 4, 21, 20), (3, 1, 5, 6), (2, 2, 5, 4)])
def test_a_layer_is_a_convolution_and_so_are_its_gradients(side, stride, height, width, colours):
    draw = np.random.default_rng(0).normal
    filters, bias, x = (
        draw(size=shape).astype(np.float32)
        for shape in ((side, side, colours, 5), (5,), (2, height, width, colours))
    )

    def expected(filters, bias, x):
        names = ("NHWC", "HWIO", "NHWC")
        drive = jax.lax.conv_general_dilated(x, filters, (stride, stride), "VALID", dimension_numbers=names)
        return jax.nn.relu(drive + bias.reshape(1, 1, 1, 5))

    @jax.jit
    def all_of(filters, bias, x):
        def summed(layer, *inputs):
            out = layer(*inputs)
            # Places and filters count differently.
            return (out * jnp.arange(out.size).reshape(out.shape)).sum() / out.size, out

        layers = (lambda filters, bias, x: Layer(filters, bias, stride)(x)), expected
        return [jax.grad(summed, (1, 2, 3), has_aux=True)(layer, filters, bias, x) for layer in layers]

    ours, theirs = map(jax.tree.leaves, all_of(filters, bias, x))
    assert len(ours) == 4
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("name", "shape"), [("conv_small", (12, 24, 3)), ("conv", (84, 84, 3))])
def test_encoders_take_any_leading_axes_and_keep_the_scale(name, shape):
    encoder = Conv(shape, FORMS[name], jax.random.key(0))
    pictures = np.random.default_rng(1).normal(size=(2, 3, *shape)).astype(np.float32)
    features, alone = jax.jit(lambda encoder, x: (encoder(x), encoder(x[1, 2])))(encoder, pictures)
    assert features.shape == (2, 3, encoder.features)
    np.testing.assert_allclose(features[1, 2], alone, rtol=1e-4, atol=1e-4)
    assert 0.25 < float((features**2).mean()) < 4


@pytest.mark.parametrize("form", [Form(((4, 3, 2),), 8), Form(((4, 8, 4),), 8)])
def test_what_does_not_fit_is_refused(form):
    with pytest.raises(UserError, match="does not fit a picture of 6 x 16 pixels"):
        Conv((6, 16, 3), form, jax.random.key(0))
