"""Fingerprints are equal for equal observations, and for no others met here."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np

from fastslow.memory.identity import fingerprint


def test_small_pictures_all_differ():
    pictures = np.array(list(itertools.product((0.0, 1.0), repeat=12)), np.float32).reshape(-1, 3, 4)
    prints = np.asarray(jax.vmap(fingerprint)(jnp.asarray(pictures)))
    assert len(np.unique(prints, axis=0)) == len(pictures)
    # Each half alone is a good hash too: 4096 of 2^32 collide in one table of five hundred.
    assert all(len(np.unique(half)) >= len(pictures) - 1 for half in prints.T)


def test_order_counts_and_the_sign_of_zero_does_not():
    a, b = jnp.array([1.0, 2.0, 0.0]), jnp.array([2.0, 1.0, 0.0])
    assert (fingerprint(a) != fingerprint(b)).any()
    np.testing.assert_array_equal(fingerprint(a), fingerprint(jnp.array([1.0, 2.0, -0.0])))


def test_one_more_zero_is_another_observation():
    assert (fingerprint(jnp.zeros(3)) != fingerprint(jnp.zeros(4))).any()


def test_bits_are_spread():
    close = jax.vmap(fingerprint)(1.0 + 1e-6 * jnp.arange(500.0)[:, None])
    bits = np.unpackbits(np.asarray(close).view(np.uint8), axis=1)
    assert np.abs(bits.mean(0) - 0.5).max() < 0.1


def test_any_byte_tells_pictures_apart():
    picture = np.random.default_rng(0).integers(0, 256, (6, 6), dtype=np.uint8)
    others = np.broadcast_to(picture, (36, 6, 6)).copy()
    others.reshape(36, 36)[np.arange(36), np.arange(36)] += 1
    prints = np.asarray(jax.vmap(fingerprint)(jnp.asarray(np.concatenate([picture[None], others]))))
    assert len(np.unique(prints, axis=0)) == 37
    np.testing.assert_array_equal(prints[0], fingerprint(jnp.asarray(picture)))
