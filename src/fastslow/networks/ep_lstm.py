"""The episodic LSTM: past cell states come back into the cell through gates of their own.

What was computed the last time this context was met is added to the cell, as far as a learned gate lets it in, beside
what the cell holds and takes in anyway.  Ritter et al. 2018, "Been There, Done That"; what is recalled comes from a
memory that the agent keeps (agents.ep_recurrent) and counts as data here.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from fastslow.networks import lstm
from fastslow.networks.lstm import LSTMActivity, LSTMState, start_where


class EpLSTM(eqx.Module):
    """Weights of one episodic LSTM layer with a learned initial state.

    gate(y) = sigma(x W_xy + h W_hy + b_y) for y in i, f, o and, for each of the states recalled, r_k;
    c' = f c + i tanh(x W_xc + h W_hc + b_c) + sum_k r_k m_k;  h' = o tanh(c');  m_k = tanh(recalled_k), or recalled_k
    itself.  Blocks stand side by side in one matrix, in the order i, f, o, r_1, ..., c.

    The gates r are computed from x and h, not from what is recalled, and stand beside f and not in its place, so that
    what is reinstated need not drive out what is held.
    """

    recurrent: Float[Array, "unit block"]
    input: Float[Array, "input block"]
    bias: Float[Array, " block"]
    initial: LSTMState
    squash: bool = eqx.field(static=True)
    """tanh of what is recalled: no more than 1 is added to a cell at a step."""

    def __init__(self, inputs: int, units: int, key: Key[Array, ""], parts: int = 1, squash: bool = True):
        """As `lstm.LSTM`, with gates for `parts` states recalled, half open at first."""
        base = lstm.LSTM(inputs, units, key)
        self.recurrent, self.input, self.bias = with_gates(base, parts, key)
        self.initial = base.initial
        self.squash = squash

    @property
    def units(self) -> int:
        return self.recurrent.shape[0]

    def reinstated(self, recalled: Float[Array, "*batch part unit"]) -> Float[Array, "*batch part unit"]:
        """m_k of what is recalled."""
        return jnp.tanh(recalled) if self.squash else recalled

    def step(
        self,
        state: LSTMState,
        x: Float[Array, "*batch input"],
        recalled: Float[Array, "*batch part unit"],
    ) -> tuple[LSTMState, LSTMActivity]:
        """One step; any leading axes. The activity's `gates` have the blocks of r between those of o and c."""
        gates = lstm.gates_of(self, state.h, x)
        (i, f, o, candidate), r = parted(gates, self.units)
        c = f * state.c + i * candidate + (r * self.reinstated(recalled)).sum(-2)
        tanh_c = jnp.tanh(c)
        h = o * tanh_c
        return LSTMState(h, c), LSTMActivity(h, state.h, state.c, tanh_c, gates)


def widened(
    blocks: Float[Array, "... old"], more: Float[Array, "... more"], units: int
) -> Float[Array, "... new"]:
    """A core's blocks of `units` columns each, with `more` before the last of them."""
    return jnp.concatenate([blocks[..., :-units], more, blocks[..., -units:]], axis=-1)


def with_gates(base: eqx.Module, parts: int, key: Key[Array, ""]) -> tuple[Array, Array, Array]:
    """Recurrent weights, input weights and biases of an LSTM or GRU, with blocks for the gates of `parts` states."""
    units, inputs = base.recurrent.shape[0], base.input.shape[0]
    recurrent_key, input_key = jax.random.split(jax.random.fold_in(key, 1))
    of_h = jax.random.normal(recurrent_key, (units, parts * units)) / units**0.5
    of_x = jax.random.normal(input_key, (inputs, parts * units)) / max(inputs, 1) ** 0.5
    return (
        widened(base.recurrent, of_h, units),
        widened(base.input, of_x, units),
        widened(base.bias, jnp.zeros(parts * units), units),
    )


def parted(
    gates: Float[Array, "*batch block"], units: int
) -> tuple[tuple[Array, Array, Array, Array], Float[Array, "*batch part unit"]]:
    """(i, f, o, candidate), and the gates r_k `[... part unit]`."""
    i, f, o = (gates[..., n * units : (n + 1) * units] for n in range(3))
    r = gates[..., 3 * units : -units]
    return (i, f, o, gates[..., -units:]), r.reshape(*r.shape[:-1], -1, units)


def reinstatement(core: EpLSTM, activity: LSTMActivity) -> Float[Array, "*batch part"]:
    """How far the gates r_k are open, from 0 to 1, on average over units."""
    return parted(activity.gates, core.units)[1].mean(-1)


def remembering(core: EpLSTM, key: Key[Array, ""], span: int) -> EpLSTM:
    """See `lstm.remembering`."""
    return lstm.remembering(core, key, span)


def forward(
    core: EpLSTM,
    state: LSTMState,
    inputs: Float[Array, "time lane input"],
    first: Bool[Array, "time lane"],
    recalled: Float[Array, "time lane part unit"],
) -> LSTMActivity:
    """Activity over time, `[time lane ...]`; the state starts afresh wherever `first` is set."""

    def step(state: LSTMState, now: tuple[Array, Array, Array]) -> tuple[LSTMState, LSTMActivity]:
        x, begins, recalled = now
        return core.step(start_where(begins, core.initial, state), x, recalled)

    return jax.lax.scan(step, state, (inputs, first, recalled))[1]


class Lived(NamedTuple):
    """What the reverse recurrence needs to know of a step."""

    activity: LSTMActivity
    reinstated: Float[Array, "*batch part unit"]


@jax.custom_vjp
def relive(
    core: EpLSTM,
    inputs: Float[Array, "time lane input"],
    first: Bool[Array, "time lane"],
    recalled: Float[Array, "time lane part unit"],
    activity: LSTMActivity,
) -> Float[Array, "time lane unit"]:
    """`activity.h` as a differentiable function of weights and inputs; see `lstm.relive`.

    What was `recalled` is data, as it was when the agent lived through it: nothing is searched for again, and no
    gradient reaches the steps at which it was stored.
    """
    return activity.h


def _relive_forward(core, inputs, first, recalled, activity):
    return activity.h, (core, inputs, first, recalled, activity)


def _relive_backward(saved, dh):
    core, inputs, first, recalled, activity = saved
    lived = Lived(activity, core.reinstated(recalled))
    gradient, dx = lstm.backward(core, inputs, first, activity, dh, lived, through_cell)
    return gradient, dx, None, None, None


def through_cell(late: LSTMState, dh: Float[Array, "lane unit"], lived: Lived) -> tuple[Array, Array]:
    """As `lstm.through_cell`, with dc m r (1 - r) for the gates r besides."""
    activity, reinstated = lived
    four, r = parted(activity.gates, dh.shape[-1])
    plain = activity._replace(gates=jnp.concatenate(four, axis=-1))
    dz, held = lstm.through_cell(late, dh, plain)
    dc = late.c + (dh + late.h) * four[2] * (1 - activity.tanh_c**2)
    dr = dc[..., None, :] * reinstated * r * (1 - r)
    return widened(dz, dr.reshape(*dh.shape[:-1], -1), dh.shape[-1]), held


relive.defvjp(_relive_forward, _relive_backward)


def unroll(
    core: EpLSTM,
    state: LSTMState,
    inputs: Float[Array, "time lane input"],
    first: Bool[Array, "time lane"],
    recalled: Float[Array, "time lane part unit"],
) -> Float[Array, "time lane unit"]:
    """Outputs over time, with the fused gradient; `state` and what was `recalled` count as data."""
    activity = jax.lax.stop_gradient(forward(core, state, inputs, first, recalled))
    return relive(core, inputs, first, recalled, activity)
