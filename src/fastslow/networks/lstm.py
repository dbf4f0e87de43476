"""The long short-term memory cell, with its gates in view and an unroll whose gradient is written by hand.

Two things make it fast. The reverse recurrence carries only what is recurrent: weight gradients of all time
steps are formed by one matrix product after the scan (XLA's own derivative accumulates them step by step). And
where the activity is already known, because the agent has just lived it, the forward pass is not repeated.

Hochreiter & Schmidhuber 1997 with forget gates; equations as in Wang et al. 2018, Methods.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key


class LSTMState(NamedTuple):
    """What one step hands to the next."""

    h: Float[Array, "*batch unit"]
    c: Float[Array, "*batch unit"]


class LSTMActivity(NamedTuple):
    """All that one step computed; enough to differentiate it without computing it again."""

    h: Float[Array, "*batch unit"]
    """Output, in (-1, 1)."""
    h_before: Float[Array, "*batch unit"]
    c_before: Float[Array, "*batch unit"]
    tanh_c: Float[Array, "*batch unit"]
    gates: Float[Array, "*batch 4*unit"]
    """Input, forget and output gate, each in (0, 1), then the candidate in (-1, 1)."""


class LSTM(eqx.Module):
    """Weights of one LSTM layer with a learned initial state.

    gate(y) = sigma(x W_xy + h W_hy + b_y) for y in i, f, o;  c' = f c + i tanh(x W_xc + h W_hc + b_c);
    h' = o tanh(c').  The four blocks stand side by side in one matrix, in the order i, f, o, c.
    """

    recurrent: Float[Array, "unit 4*unit"]
    input: Float[Array, "input 4*unit"]
    bias: Float[Array, " 4*unit"]
    initial: LSTMState

    def __init__(self, inputs: int, units: int, key: Key[Array, ""]):
        """Normal weights of variance 1/fan-in (1/units for the recurrent ones); forget bias 1, as is usual."""
        recurrent_key, input_key = jax.random.split(key)
        self.recurrent = jax.random.normal(recurrent_key, (units, 4 * units)) / units**0.5
        self.input = jax.random.normal(input_key, (inputs, 4 * units)) / max(inputs, 1) ** 0.5
        self.bias = jnp.zeros(4 * units).at[units : 2 * units].set(1.0)
        self.initial = LSTMState(jnp.zeros(units), jnp.zeros(units))

    @property
    def units(self) -> int:
        return self.recurrent.shape[0]

    def step(self, state: LSTMState, x: Float[Array, "*batch input"]) -> tuple[LSTMState, LSTMActivity]:
        """One step; any leading axes."""
        units = self.units
        z = (
            state.h @ self.recurrent
            + x @ self.input
            + jnp.broadcast_to(self.bias, (*x.shape[:-1], 4 * units))
        )
        # sigma(z) = (1 + tanh(z / 2)) / 2, so one tanh over the whole row serves all four blocks.
        is_gate = jnp.arange(4 * units) < 3 * units
        scale = jnp.broadcast_to(jnp.where(is_gate, 0.5, 1.0), z.shape)
        shift = jnp.broadcast_to(jnp.where(is_gate, 0.5, 0.0), z.shape)
        gates = scale * jnp.tanh(scale * z) + shift
        i, f, o, candidate = jnp.split(gates, 4, axis=-1)
        c = f * state.c + i * candidate
        tanh_c = jnp.tanh(c)
        h = o * tanh_c
        return LSTMState(h, c), LSTMActivity(h, state.h, state.c, tanh_c, gates)


def remembering(lstm: LSTM, key: Key[Array, ""], span: int) -> LSTM:
    """The core with unit time constants spread over 1 to `span` steps: b_f = log(U[1, span - 1]) and b_i = -b_f
    (Tallec & Ollivier 2018, section 3.2)."""
    units = lstm.units
    bias = jnp.log(jax.random.uniform(key, (units,), minval=1.0, maxval=max(span - 1.0, 1.0)))
    changed = lstm.bias.at[:units].set(-bias).at[units : 2 * units].set(bias)
    return eqx.tree_at(lambda lstm: lstm.bias, lstm, changed)


def start_where(first: Bool[Array, "*batch"], initial: LSTMState, state: LSTMState) -> LSTMState:
    """The initial state in lanes whose episode begins, else the state handed over."""
    return jax.tree.map(lambda new, old: jnp.where(first[..., None], new, old), _like(initial, state), state)


def _like(initial: LSTMState, state: LSTMState) -> LSTMState:
    return jax.tree.map(lambda new, old: jnp.broadcast_to(new, old.shape), initial, state)


def forward(
    lstm: LSTM, state: LSTMState, inputs: Float[Array, "time lane input"], first: Bool[Array, "time lane"]
) -> LSTMActivity:
    """Activity over time, `[time lane ...]`; the state starts afresh wherever `first` is set."""

    def step(state: LSTMState, now: tuple[Array, Array]) -> tuple[LSTMState, LSTMActivity]:
        x, begins = now
        return lstm.step(start_where(begins, lstm.initial, state), x)

    return jax.lax.scan(step, state, (inputs, first))[1]


@jax.custom_vjp
def relive(
    lstm: LSTM,
    inputs: Float[Array, "time lane input"],
    first: Bool[Array, "time lane"],
    activity: LSTMActivity,
) -> Float[Array, "time lane unit"]:
    """`activity.h` as a differentiable function of weights and inputs.

    `activity` must be what these weights gave for these inputs (`forward`, or acting, which is the same); it
    counts as data. Gradients do not flow beyond the first time step unless an episode begins there, in which
    case they reach the learned initial state.
    """
    return activity.h


def _relive_forward(lstm, inputs, first, activity):
    return activity.h, (lstm, inputs, first, activity)


def _relive_backward(saved, dh):
    lstm, inputs, first, activity = saved
    steps, lanes, units = activity.h.shape
    back = lstm.recurrent.T
    zero = LSTMState(jnp.zeros((lanes, units)), jnp.zeros((lanes, units)))

    def step(carry, now):
        late, initial = carry
        dh, (_, _, c_before, tanh_c, gates), begins = now
        i, f, o, candidate = jnp.split(gates, 4, axis=-1)
        dh = dh + late.h
        dc = late.c + dh * o * (1 - tanh_c**2)
        dz = jnp.concatenate(
            [
                dc * candidate * i * (1 - i),
                dc * c_before * f * (1 - f),
                dh * tanh_c * o * (1 - o),
                dc * i * (1 - candidate**2),
            ],
            axis=-1,
        )
        early = LSTMState(dz @ back, dc * f)
        begins = begins[:, None].astype(dh.dtype)
        initial = jax.tree.map(lambda total, d: total + begins * d, initial, early)
        early = jax.tree.map(lambda d: (1 - begins) * d, early)
        return (early, initial), dz

    (_, initial), dz = jax.lax.scan(step, (zero, zero), (dh, activity, first), reverse=True)
    dz = dz.reshape(steps * lanes, 4 * units)
    ones = jnp.ones((steps, lanes, 1), inputs.dtype)
    drives = jnp.concatenate([activity.h_before, inputs, ones], axis=-1)
    weights = drives.reshape(steps * lanes, -1).T @ dz
    gradient = eqx.tree_at(
        lambda lstm: (lstm.recurrent, lstm.input, lstm.bias, lstm.initial),
        lstm,
        (
            weights[:units],
            weights[units:-1],
            weights[-1],
            jax.tree.map(lambda d: d.sum(0), initial),
        ),
    )
    dx = (dz @ lstm.input.T).reshape(inputs.shape)
    return gradient, dx, None, None


relive.defvjp(_relive_forward, _relive_backward)


def unroll(
    lstm: LSTM, state: LSTMState, inputs: Float[Array, "time lane input"], first: Bool[Array, "time lane"]
) -> Float[Array, "time lane unit"]:
    """Outputs over time, with the fused gradient; `state` counts as data."""
    activity = jax.lax.stop_gradient(forward(lstm, state, inputs, first))
    return relive(lstm, inputs, first, activity)
