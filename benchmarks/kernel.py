"""The bare kernel: forward and backward of an LSTM over given inputs, and nothing else.

The limit that training can approach: no world, no heads, no optimiser, no episode boundaries. Written by hand as
fast as we can: the forward scan records gates, tanh(c), c and h, the reverse scan carries dh and dc. Which way
of multiplying is fastest depends on lanes and machine, so there are variants, and the fastest of a run is the one
compared with: the gradient of the weights by one product after the reverse scan, or summed within it; [h, x, 1]
by all weights at once, or the inputs' share by one product before the scan; one step or two in a loop's body.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

INPUTS = 4
"""One-hot action of two arms, reward, time."""


class Variant(NamedTuple):
    """Ways of arranging the same arithmetic."""

    inputs_before: bool = False
    """The inputs' share of the pre-activations is one product before the scan."""
    sum_within: bool = False
    """The gradient of the weights is summed within the reverse scan, not formed by one product after it."""
    unroll: int = 1
    """Steps in the body of a loop."""


VARIANTS = {
    "weights' gradient after": Variant(),
    "weights' gradient within": Variant(sum_within=True),
    "weights' gradient after, two steps a loop": Variant(unroll=2),
    "weights' gradient after, inputs before": Variant(inputs_before=True),
}


class Problem(NamedTuple):
    """What the kernel works on."""

    weights: Array
    """`[unit + input + 1, 4 unit]`: recurrent, input, bias; gates in the order input, forget, output, candidate."""
    drives: Array
    """`[time, lane, input + 1]`: the inputs and a column of ones."""
    dh: Array
    """`[time, lane, unit]`: the gradient that arrives at every output."""


def problem(key: Array, units: int, lanes: int, steps: int, inputs: int = INPUTS) -> Problem:
    weight_key, input_key, gradient_key = jax.random.split(key, 3)
    given = jax.random.normal(input_key, (steps, lanes, inputs))
    return Problem(
        jax.random.normal(weight_key, (units + inputs + 1, 4 * units)) / units**0.5,
        jnp.concatenate([given, jnp.ones((steps, lanes, 1))], axis=-1),
        jax.random.normal(gradient_key, (steps, lanes, units)) / (steps * lanes),
    )


def activate(z: Array) -> Array:
    """Three gates by sigma(z) = (1 + tanh(z / 2)) / 2 and the candidate by tanh, in one go."""
    is_gate = jnp.arange(z.shape[-1]) < 3 * z.shape[-1] // 4
    scale = jnp.broadcast_to(jnp.where(is_gate, 0.5, 1.0), z.shape)
    shift = jnp.broadcast_to(jnp.where(is_gate, 0.5, 0.0), z.shape)
    return scale * jnp.tanh(scale * z) + shift


def gradient(given: Problem, variant: Variant) -> Array:
    """The gradient of sum(h * dh) in the weights."""
    weights, drives, dh = given
    steps, lanes, units = dh.shape
    recurrent, rest = weights[:units], weights[units:]
    zero = jnp.zeros((lanes, units))

    def forward(carry, x):
        h, c_before = carry
        both = h @ recurrent + x if variant.inputs_before else jnp.concatenate([h, x], axis=-1) @ weights
        gates = activate(both)
        i, f, o, candidate = jnp.split(gates, 4, axis=-1)
        c = f * c_before + i * candidate
        tanh_c = jnp.tanh(c)
        return (o * tanh_c, c), (gates, c_before, tanh_c, h)

    xs = drives
    if variant.inputs_before:
        xs = (drives.reshape(steps * lanes, -1) @ rest).reshape(steps, lanes, -1)
    _, (gates, c_before, tanh_c, h_before) = jax.lax.scan(forward, (zero, zero), xs, unroll=variant.unroll)
    all_drives = jnp.concatenate([h_before, drives], axis=-1)

    def backward(carry, now):
        late_h, late_c, total = carry
        dh, gates, c_before, tanh_c, drive = now
        i, f, o, candidate = jnp.split(gates, 4, axis=-1)
        dh = dh + late_h
        dc = late_c + dh * o * (1 - tanh_c**2)
        dz = [
            dc * candidate * i * (1 - i),
            dc * c_before * f * (1 - f),
            dh * tanh_c * o * (1 - o),
            dc * i * (1 - candidate**2),
        ]
        dz = jnp.concatenate(dz, axis=-1)
        if variant.sum_within:
            total = total + drive.T @ dz
        return (dz @ recurrent.T, dc * f, total), None if variant.sum_within else dz

    recorded = (dh, gates, c_before, tanh_c, all_drives)
    start = (zero, zero, jnp.zeros_like(weights))
    carry, dz = jax.lax.scan(backward, start, recorded, reverse=True, unroll=variant.unroll)
    if variant.sum_within:
        return carry[2]
    return all_drives.reshape(steps * lanes, -1).T @ dz.reshape(steps * lanes, -1)


def operations(given: Problem) -> float:
    """Floating-point operations of the products: forward, dh, and the gradient of the weights."""
    steps, lanes, units = given.dh.shape
    rows, columns = given.weights.shape
    return 2.0 * steps * lanes * columns * (rows + units + rows)


def descend(given: Problem, times: Array, variant: Variant) -> Array:
    """The kernel `times` over; the weights move a little each time, so that no pass can be spared."""

    def step(_, weights):
        return weights - 1e-3 * gradient(given._replace(weights=weights), variant)

    return jax.lax.fori_loop(0, times, step, given.weights)


def check_gradient() -> None:
    """Every variant against JAX's own derivative of the textbook LSTM; ends the run where they differ."""
    given = problem(jax.random.key(7), units=5, lanes=3, steps=6)

    def textbook(weights: Array) -> Array:
        def step(carry, x):
            h, c = carry
            i, f, o, candidate = jnp.split(jnp.concatenate([h, x], axis=-1) @ weights, 4, axis=-1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(candidate)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        zero = jnp.zeros(given.dh.shape[1:])
        return (jax.lax.scan(step, (zero, zero), given.drives)[1] * given.dh).sum()

    expected = jax.grad(textbook)(given.weights)
    for name, variant in VARIANTS.items():
        error = jnp.abs(jax.jit(partial(gradient, variant=variant))(given) - expected).max()
        if not error < 1e-6 * jnp.abs(expected).max() + 1e-7:
            raise AssertionError(f"The kernel '{name}' has a wrong gradient: it is off by {float(error)}.")
