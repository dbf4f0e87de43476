"""The gated recurrent unit, the core of Duan et al. 2016, with the same two economies as the LSTM.

Cho et al. 2014, in the form that applies the reset gate after the recurrent product (as cuDNN does), so that one
product serves all three blocks.
"""

from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key, PyTree


class GRUActivity(NamedTuple):
    """All that one step computed; enough to differentiate it without computing it again."""

    h: Float[Array, "*batch unit"]
    h_before: Float[Array, "*batch unit"]
    drive: Float[Array, "*batch unit"]
    """h W_hn, what the reset gate multiplies."""
    gates: Float[Array, "*batch 3*unit"]
    """Reset and update gate, each in (0, 1), then the candidate in (-1, 1)."""


class GRU(eqx.Module):
    """Weights of one GRU layer with a learned initial state.

    r = sigma(x W_xr + h W_hr + b_r);  z = sigma(x W_xz + h W_hz + b_z);  n = tanh(x W_xn + r (h W_hn) + b_n);
    h' = (1 - z) n + z h.  Blocks stand side by side in one matrix, in the order r, z, n.
    """

    recurrent: Float[Array, "unit 3*unit"]
    input: Float[Array, "input 3*unit"]
    bias: Float[Array, " 3*unit"]
    initial: Float[Array, " unit"]

    def __init__(self, inputs: int, units: int, key: Key[Array, ""]):
        """Normal weights of variance 1/fan-in (1/units for the recurrent ones)."""
        recurrent_key, input_key = jax.random.split(key)
        self.recurrent = jax.random.normal(recurrent_key, (units, 3 * units)) / units**0.5
        self.input = jax.random.normal(input_key, (inputs, 3 * units)) / max(inputs, 1) ** 0.5
        self.bias = jnp.zeros(3 * units)
        self.initial = jnp.zeros(units)

    def step(
        self, h: Float[Array, "*batch unit"], x: Float[Array, "*batch input"]
    ) -> tuple[Float[Array, "*batch unit"], GRUActivity]:
        """One step; any leading axes."""
        bias = jnp.broadcast_to(self.bias, (*x.shape[:-1], self.bias.shape[0]))
        of_h = jnp.split(h @ self.recurrent, 3, axis=-1)
        of_x = jnp.split(x @ self.input + bias, 3, axis=-1)
        r, z = (0.5 + 0.5 * jnp.tanh(0.5 * (a + b)) for a, b in zip(of_h[:2], of_x[:2], strict=True))
        n = jnp.tanh(of_x[2] + r * of_h[2])
        out = (1 - z) * n + z * h
        return out, GRUActivity(out, h, of_h[2], jnp.concatenate([r, z, n], axis=-1))


def remembering(gru: eqx.Module, key: Key[Array, ""], span: int) -> eqx.Module:
    """The core with unit time constants spread over 1 to `span` steps: b_z = log(U[1, span - 1]), else units forget
    within a step or two before they have learned otherwise (Tallec & Ollivier 2018, section 3.2)."""
    units = gru.initial.shape[0]
    bias = jnp.log(jax.random.uniform(key, (units,), minval=1.0, maxval=max(span - 1.0, 1.0)))
    return eqx.tree_at(lambda gru: gru.bias, gru, gru.bias.at[units : 2 * units].set(bias))


def start_where(
    first: Bool[Array, "*batch"], initial: Float[Array, " unit"], h: Float[Array, "*batch unit"]
) -> Float[Array, "*batch unit"]:
    """The initial state in lanes whose episode begins, else the state handed over."""
    return jnp.where(first[..., None], jnp.broadcast_to(initial, h.shape), h)


def forward(
    gru: GRU,
    state: Float[Array, "lane unit"],
    inputs: Float[Array, "time lane input"],
    first: Bool[Array, "time lane"],
) -> GRUActivity:
    """Activity over time, `[time lane ...]`; the state starts afresh wherever `first` is set."""

    def step(h: Array, now: tuple[Array, Array]) -> tuple[Array, GRUActivity]:
        x, begins = now
        return gru.step(start_where(begins, gru.initial, h), x)

    return jax.lax.scan(step, state, (inputs, first))[1]


@jax.custom_vjp
def relive(
    gru: GRU,
    inputs: Float[Array, "time lane input"],
    first: Bool[Array, "time lane"],
    activity: GRUActivity,
) -> Float[Array, "time lane unit"]:
    """`activity.h` as a differentiable function of weights and inputs; see `lstm.relive`."""
    return activity.h


def _relive_forward(gru, inputs, first, activity):
    return activity.h, (gru, inputs, first, activity)


def _relive_backward(saved, dh):
    gru, inputs, first, activity = saved
    gradient, dx = backward(gru, inputs, first, activity, dh, activity, through_step)
    return gradient, dx, None, None


def through_step(
    dh: Float[Array, "lane unit"], activity: GRUActivity
) -> tuple[Float[Array, "lane gate"], Float[Array, "lane unit"], Float[Array, "lane unit"], Array]:
    """Gradients, from that of one step's output, of the pre-activations of the gates and of the candidate, of `drive`,
    and of the state before it as far as it is held."""
    _, h_before, drive, gates = activity
    r, z, n = jnp.split(gates, 3, axis=-1)
    dn = dh * (1 - z) * (1 - n**2)
    dr = dn * drive * r * (1 - r)
    dz = dh * (h_before - n) * z * (1 - z)
    return jnp.concatenate([dr, dz], axis=-1), dn, dn * r, dh * z


def backward(
    core: eqx.Module,
    inputs: Float[Array, "time lane input"],
    first: Bool[Array, "time lane"],
    activity: PyTree,
    dh: Float[Array, "time lane unit"],
    lived: PyTree,
    through: Callable,
) -> tuple[eqx.Module, Float[Array, "time lane input"]]:
    """Gradients of a core's weights and inputs from those of its outputs; `through(dh, lived)` as `through_step`."""
    steps, lanes, units = dh.shape
    back = core.recurrent.T
    zero = jnp.zeros((lanes, units), dh.dtype)

    def step(carry, now):
        late, initial = carry
        dh, lived, begins = now
        gates, candidate, drive, held = through(dh + late, lived)
        early = held + jnp.concatenate([gates, drive], axis=-1) @ back
        begins = begins[:, None].astype(dh.dtype)
        return ((1 - begins) * early, initial + begins * early), (gates, candidate, drive)

    (_, initial), blocks = jax.lax.scan(step, (zero, zero), (dh, lived, first), reverse=True)
    gates, candidate, drive = (block.reshape(steps * lanes, -1) for block in blocks)
    of_h, of_x = (jnp.concatenate([gates, last], axis=-1) for last in (drive, candidate))
    gradient = eqx.tree_at(
        lambda core: (core.recurrent, core.input, core.bias, core.initial),
        core,
        (
            activity.h_before.reshape(steps * lanes, units).T @ of_h,
            inputs.reshape(steps * lanes, -1).T @ of_x,
            of_x.sum(0),
            initial.sum(0),
        ),
    )
    return gradient, (of_x @ core.input.T).reshape(inputs.shape)


relive.defvjp(_relive_forward, _relive_backward)


def unroll(
    gru: GRU,
    state: Float[Array, "lane unit"],
    inputs: Float[Array, "time lane input"],
    first: Bool[Array, "time lane"],
) -> Float[Array, "time lane unit"]:
    """Outputs over time, with the fused gradient; `state` counts as data."""
    activity = jax.lax.stop_gradient(forward(gru, state, inputs, first))
    return relive(gru, inputs, first, activity)
