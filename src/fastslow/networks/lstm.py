"""The long short-term memory cell, with its gates in view and an unroll whose gradient is written by hand.

Two things make it fast. The reverse recurrence carries only what is recurrent: weight gradients of all time
steps are formed by one matrix product after the scan (XLA's own derivative accumulates them step by step). And
where the activity is already known, because the agent has just lived it, the forward pass is not repeated.

Hochreiter & Schmidhuber 1997 with forget gates; equations as in Wang et al. 2018, Methods.
"""

from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key, PyTree


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
        gates = gates_of(self, state.h, x)
        i, f, o, candidate = jnp.split(gates, 4, axis=-1)
        c = f * state.c + i * candidate
        tanh_c = jnp.tanh(c)
        h = o * tanh_c
        return LSTMState(h, c), LSTMActivity(h, state.h, state.c, tanh_c, gates)


def gates_of(
    core: eqx.Module, h: Float[Array, "*batch unit"], x: Float[Array, "*batch input"]
) -> Float[Array, "*batch block"]:
    """sigma(x W_x + h W_h + b) of all blocks but the last, which is the candidate: tanh of its own; of any core with
    such weights (`recurrent`, `input`, `bias`)."""
    blocks, units = core.bias.shape[0], h.shape[-1]
    z = h @ core.recurrent + x @ core.input + jnp.broadcast_to(core.bias, (*x.shape[:-1], blocks))
    # sigma(z) = (1 + tanh(z / 2)) / 2, so one tanh over the whole row serves all blocks.
    is_gate = jnp.arange(blocks) < blocks - units
    scale = jnp.broadcast_to(jnp.where(is_gate, 0.5, 1.0), z.shape)
    shift = jnp.broadcast_to(jnp.where(is_gate, 0.5, 0.0), z.shape)
    return scale * jnp.tanh(scale * z) + shift


def remembering(lstm: eqx.Module, key: Key[Array, ""], span: int) -> eqx.Module:
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
    gradient, dx = backward(lstm, inputs, first, activity, dh, activity, through_cell)
    return gradient, dx, None, None


def through_cell(
    late: LSTMState, dh: Float[Array, "lane unit"], activity: LSTMActivity
) -> tuple[Float[Array, "lane 4*unit"], Float[Array, "lane unit"]]:
    """Gradients of one step's pre-activations and of the cell state before it, from those of its output (`dh`) and of
    the state that it handed on (`late`)."""
    (_, _, c_before, tanh_c, gates) = activity
    i, f, o, candidate = jnp.split(gates, 4, axis=-1)
    dh = dh + late.h
    dc = late.c + dh * o * (1 - tanh_c**2)
    blocks = [
        dc * candidate * i * (1 - i),
        dc * c_before * f * (1 - f),
        dh * tanh_c * o * (1 - o),
        dc * i * (1 - candidate**2),
    ]
    return jnp.concatenate(blocks, axis=-1), dc * f


def backward(
    core: eqx.Module,
    inputs: Float[Array, "time lane input"],
    first: Bool[Array, "time lane"],
    activity: PyTree,
    dh: Float[Array, "time lane unit"],
    lived: PyTree,
    through: Callable,
) -> tuple[eqx.Module, Float[Array, "time lane input"]]:
    """Gradients of a core's weights and inputs from those of its outputs: the reverse recurrence, then one product.

    **Arguments**: `lived` what `through` needs to know of every step; `through(late, dh, lived)` gives the gradients of
    the step's pre-activations and of the cell state before it (`through_cell` is the LSTM's).
    """
    steps, lanes, units = dh.shape
    back = core.recurrent.T
    zero = LSTMState(jnp.zeros((lanes, units), dh.dtype), jnp.zeros((lanes, units), dh.dtype))

    def step(carry, now):
        late, initial = carry
        dh, lived, begins = now
        dz, dc = through(late, dh, lived)
        early = LSTMState(dz @ back, dc)
        begins = begins[:, None].astype(dh.dtype)
        initial = jax.tree.map(lambda total, d: total + begins * d, initial, early)
        early = jax.tree.map(lambda d: (1 - begins) * d, early)
        return (early, initial), dz

    (_, initial), dz = jax.lax.scan(step, (zero, zero), (dh, lived, first), reverse=True)
    dz = dz.reshape(steps * lanes, -1)
    ones = jnp.ones((steps, lanes, 1), inputs.dtype)
    drives = jnp.concatenate([activity.h_before, inputs, ones], axis=-1)
    weights = drives.reshape(steps * lanes, -1).T @ dz
    gradient = eqx.tree_at(
        lambda core: (core.recurrent, core.input, core.bias, core.initial),
        core,
        (
            weights[:units],
            weights[units:-1],
            weights[-1],
            jax.tree.map(lambda d: d.sum(0), initial),
        ),
    )
    return gradient, (dz @ core.input.T).reshape(inputs.shape)


relive.defvjp(_relive_forward, _relive_backward)


def unroll(
    lstm: LSTM, state: LSTMState, inputs: Float[Array, "time lane input"], first: Bool[Array, "time lane"]
) -> Float[Array, "time lane unit"]:
    """Outputs over time, with the fused gradient; `state` counts as data."""
    activity = jax.lax.stop_gradient(forward(lstm, state, inputs, first))
    return relive(lstm, inputs, first, activity)
