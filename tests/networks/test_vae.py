"""The autoencoder's bound against numbers by hand and an integral; its sizes, gradients and refusals."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.errors import UserError
from fastslow.networks import vae
from fastslow.networks.vae import Bound, Decoder, Encoder, Filters, Form, Gaussian, bound, log_density

KEY = jax.random.key(0)
TINY = Form(((3, 2, 2), (4, 2, 1)), 5, 2)
SHAPE = (4, 4, 1)


def by_hand(mean, std, pixels, x) -> tuple[float, float]:
    divergence = sum(0.5 * (m * m + s * s - math.log(s * s) - 1) for m, s in zip(mean, std, strict=True))
    likelihood = sum(
        -0.5 * math.log(2 * math.pi * s * s) - (value - m) ** 2 / (2 * s * s)
        for value, (m, s) in zip(x, pixels, strict=True)
    )
    return likelihood, divergence


def test_both_terms_are_those_worked_out_by_hand():
    mean, std, pixels, x = (0.5, -1.0), (2.0, 0.25), ((0.2, 0.5), (0.9, 0.05), (0.0, 1.0)), (0.0, 1.0, 0.5)
    code = Gaussian(jnp.asarray(mean), jnp.log(jnp.asarray(std)))
    drawn = Gaussian(
        *(jnp.asarray(part) for part in zip(*((m, math.log(s)) for m, s in pixels), strict=True))
    )
    told = bound(code, lambda _: drawn, jnp.asarray(x), jnp.asarray([0.3, -2.0]))
    np.testing.assert_allclose(np.asarray(told), by_hand(mean, std, pixels, x), rtol=1e-5)
    # 1/2 (.25 + 4 - ln 4 - 1) + 1/2 (1 + .0625 - ln .0625 - 1)
    assert float(told.divergence) == pytest.approx(0.931853 + 1.417544, abs=1e-5)
    assert float(told.value) == pytest.approx(float(told.likelihood - told.divergence))


def test_the_bound_is_no_more_than_the_evidence_and_meets_it_at_the_true_posterior():
    """x = z + noise of standard deviation .5, z standard normal: p(x) and p(z | x) are normal."""

    x, noise = jnp.asarray([0.8]), jax.random.normal(KEY, (4000, 1))

    def mean_of(mean: float, std: float) -> float:
        code = Gaussian(jnp.asarray([mean]), jnp.log(jnp.asarray([std])))
        decode = lambda code: Gaussian(code, jnp.full(1, math.log(0.5)))  # noqa: E731
        return float(jax.vmap(lambda e: bound(code, decode, x, e).value)(noise).mean())

    evidence = float(log_density(Gaussian(jnp.zeros(1), jnp.full(1, 0.5 * math.log(1.25))), x))
    assert mean_of(0.8 / 1.25, (0.25 / 1.25) ** 0.5) == pytest.approx(evidence, abs=0.02)
    for mean, std in ((0.0, 1.0), (0.64, 0.1), (1.5, 0.45)):
        assert mean_of(mean, std) < evidence - 0.1


@pytest.mark.parametrize("seed", range(3))
def test_the_divergence_is_never_negative_and_0_only_at_the_prior(seed):
    mean, log_std = np.random.default_rng(seed).normal(size=(2, 6)).astype(np.float32)
    nothing = Gaussian(jnp.zeros(1), jnp.zeros(1))

    def divergence(scale: float) -> float:
        code = Gaussian(jnp.asarray(scale * mean), jnp.asarray(scale * log_std))
        return float(bound(code, lambda _: nothing, jnp.zeros(1), jnp.zeros(6)).divergence)

    assert divergence(1.0) > divergence(0.1) > divergence(0.0) == 0.0


def test_gradients_are_those_of_finite_differences():
    encoder, decoder = Encoder(SHAPE, TINY, KEY), Decoder(SHAPE, TINY, jax.random.key(1))
    seen, noise = jax.random.uniform(jax.random.key(2), SHAPE), jax.random.normal(jax.random.key(3), (2,))
    flat, build = jax.flatten_util.ravel_pytree((encoder, decoder))

    def value(flat):
        encoder, decoder = build(flat)
        return bound(encoder.distribution(seen), decoder, seen, noise).value

    gradient, value = jax.jit(jax.grad(value))(flat), jax.jit(value)
    for number in range(4):
        way = jax.random.normal(jax.random.key(10 + number), flat.shape)
        step = 3e-3 * way / jnp.linalg.norm(way)
        slope = (value(flat + step) - value(flat - step)) / 2
        assert float(slope) == pytest.approx(float(gradient @ step), rel=0.02, abs=2e-4)
    parts = jax.tree.map(lambda leaf: float(jnp.abs(leaf).max()), build(gradient))
    assert all(size > 0 for size in jax.tree.leaves(parts))


@pytest.mark.parametrize(("side", "stride"), [(4, 2), (5, 2), (3, 1)])
def test_a_layer_is_a_convolution(side, stride):
    layer = Filters(2, 3, side, stride, False, KEY)
    x = jax.random.normal(KEY, (9, 11, 2))
    names = ("NHWC", "HWIO", "NHWC")
    expected = jax.lax.conv_general_dilated(
        x[None], layer.filters, (stride, stride), "VALID", dimension_numbers=names
    )
    np.testing.assert_allclose(layer(x), expected[0], rtol=1e-4, atol=1e-5)


def test_a_transposed_layer_is_the_transpose_of_a_convolution():
    """<conv x, y> = <x, conv^T y>, with the ends of the filter swapped."""
    there = Filters(2, 3, 3, 2, False, KEY)
    back = Filters(3, 2, 3, 2, True, KEY)
    back = eqx.tree_at(lambda layer: layer.filters, back, there.filters.swapaxes(2, 3))
    x, y = jax.random.normal(KEY, (7, 5, 2)), jax.random.normal(jax.random.key(1), (3, 2, 3))
    assert there(x).shape == y.shape and back(y).shape == x.shape
    assert float((there(x) * y).sum()) == pytest.approx(float((x * back(y)).sum()), rel=1e-4)


@pytest.mark.parametrize(
    ("name", "shape", "smallest"),
    [
        ("vae", (84, 84), (3, 3)),
        ("vae", (84, 84, 4), (3, 3)),
        ("vae_small", (10, 10, 7), (2, 2)),
    ],
)
def test_the_decoder_gives_pictures_of_the_encoders_shape(name, shape, smallest):
    form = vae.FORMS[name]

    def both(key):
        encoder, decoder = Encoder(shape, form, key), Decoder(shape, form, key)
        return encoder(jnp.zeros(shape)), decoder(jnp.zeros(form.latent))

    code, pixels = jax.eval_shape(both, KEY)
    assert code.shape == (32,) and pixels.mean.shape == pixels.log_std.shape == shape
    assert vae.sides_of(shape, form)[-1] == smallest


def test_no_pixel_is_surer_than_the_floor():
    decoder = Decoder(SHAPE, TINY, KEY)
    sure = eqx.tree_at(lambda decoder: decoder.layers[-1].bias, decoder, jnp.full(2, -50.0))
    np.testing.assert_allclose(np.exp(sure(jnp.zeros(2)).log_std), vae.LEAST_STD, rtol=1e-5)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((11, 10, 1), r"side 4 and stride 2 does not fit 11 x 10 pixels without a rest"),
        ((3, 3), r"side 4 and stride 2 does not fit 3 x 3 pixels"),
        ((7,), r"shape \(7,\), but an autoencoder needs pictures"),
    ],
)
def test_pictures_that_do_not_fit_are_refused(shape, said):
    with pytest.raises(UserError, match=said):
        Encoder(shape, vae.FORMS["vae_small"], KEY)


def test_terms_have_their_signs():
    assert float(Bound(jnp.float32(-3), jnp.float32(2)).value) == -5
