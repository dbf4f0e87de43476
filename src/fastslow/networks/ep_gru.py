"""The episodic GRU: what Ritter et al. 2018 did to the LSTM, done to the gated recurrent unit (ours).

A GRU has no cell beside its output, so past outputs are what is stored and reinstated. They enter where the new state
is formed, within the candidate's tanh: added to the state itself they would drive it out of (-1, 1), where nothing
bounds it.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from fastslow.networks import gru
from fastslow.networks.ep_lstm import with_gates
from fastslow.networks.gru import GRUActivity, start_where


class EpGRU(eqx.Module):
    """Weights of one episodic GRU layer with a learned initial state.

    gate(y) = sigma(x W_xy + h W_hy + b_y) for y in r, z and, for each of the states recalled, e_k;
    n = tanh(x W_xn + r (h W_hn) + b_n + sum_k e_k m_k);  h' = (1 - z) n + z h;  m_k = tanh(recalled_k), or recalled_k
    itself.  Blocks stand side by side in one matrix, in the order r, z, e_1, ..., n.
    """

    recurrent: Float[Array, "unit block"]
    input: Float[Array, "input block"]
    bias: Float[Array, " block"]
    initial: Float[Array, " unit"]
    squash: bool = eqx.field(static=True)
    """tanh of what is recalled."""

    def __init__(self, inputs: int, units: int, key: Key[Array, ""], parts: int = 1, squash: bool = False):
        """As `gru.GRU`, with gates for `parts` states recalled, half open at first."""
        base = gru.GRU(inputs, units, key)
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
        h: Float[Array, "*batch unit"],
        x: Float[Array, "*batch input"],
        recalled: Float[Array, "*batch part unit"],
    ) -> tuple[Float[Array, "*batch unit"], GRUActivity]:
        """One step; any leading axes. The activity's `gates` have the blocks of e between those of z and n."""
        units = self.units
        bias = jnp.broadcast_to(self.bias, (*x.shape[:-1], self.bias.shape[0]))
        of_h, of_x = h @ self.recurrent, x @ self.input + bias
        opened = 0.5 + 0.5 * jnp.tanh(0.5 * (of_h + of_x)[..., :-units])
        r, z, e = parted(opened, units)
        drive = of_h[..., -units:]
        n = jnp.tanh(of_x[..., -units:] + r * drive + (e * self.reinstated(recalled)).sum(-2))
        out = (1 - z) * n + z * h
        return out, GRUActivity(out, h, drive, jnp.concatenate([opened, n], axis=-1))


def parted(opened: Float[Array, "*batch gate"], units: int) -> tuple[Array, Array, Array]:
    """r, z, and the gates e_k `[... part unit]`."""
    e = opened[..., 2 * units :]
    return opened[..., :units], opened[..., units : 2 * units], e.reshape(*e.shape[:-1], -1, units)


def reinstatement(core: EpGRU, activity: GRUActivity) -> Float[Array, "*batch part"]:
    """How far the gates e_k are open, from 0 to 1, on average over units."""
    return parted(activity.gates[..., : -core.units], core.units)[2].mean(-1)


def remembering(core: EpGRU, key: Key[Array, ""], span: int) -> EpGRU:
    """See `gru.remembering`."""
    return gru.remembering(core, key, span)


def forward(
    core: EpGRU,
    state: Float[Array, "lane unit"],
    inputs: Float[Array, "time lane input"],
    first: Bool[Array, "time lane"],
    recalled: Float[Array, "time lane part unit"],
) -> GRUActivity:
    """Activity over time, `[time lane ...]`; the state starts afresh wherever `first` is set."""

    def step(h: Array, now: tuple[Array, Array, Array]) -> tuple[Array, GRUActivity]:
        x, begins, recalled = now
        return core.step(start_where(begins, core.initial, h), x, recalled)

    return jax.lax.scan(step, state, (inputs, first, recalled))[1]


class Lived(NamedTuple):
    """What the reverse recurrence needs to know of a step."""

    activity: GRUActivity
    reinstated: Float[Array, "*batch part unit"]


@jax.custom_vjp
def relive(
    core: EpGRU,
    inputs: Float[Array, "time lane input"],
    first: Bool[Array, "time lane"],
    recalled: Float[Array, "time lane part unit"],
    activity: GRUActivity,
) -> Float[Array, "time lane unit"]:
    """`activity.h` as a differentiable function of weights and inputs; see `ep_lstm.relive`."""
    return activity.h


def _relive_forward(core, inputs, first, recalled, activity):
    return activity.h, (core, inputs, first, recalled, activity)


def _relive_backward(saved, dh):
    core, inputs, first, recalled, activity = saved
    lived = Lived(activity, core.reinstated(recalled))
    gradient, dx = gru.backward(core, inputs, first, activity, dh, lived, through_step)
    return gradient, dx, None, None, None


def through_step(dh: Float[Array, "lane unit"], lived: Lived) -> tuple[Array, Array, Array, Array]:
    """As `gru.through_step`, with dn m e (1 - e) for the gates e besides."""
    activity, reinstated = lived
    units = dh.shape[-1]
    r, z, e = parted(activity.gates[..., :-units], units)
    three = jnp.concatenate([r, z, activity.gates[..., -units:]], axis=-1)
    gates, dn, drive, held = gru.through_step(dh, activity._replace(gates=three))
    de = dn[..., None, :] * reinstated * e * (1 - e)
    return jnp.concatenate([gates, de.reshape(*dh.shape[:-1], -1)], axis=-1), dn, drive, held


relive.defvjp(_relive_forward, _relive_backward)


def unroll(
    core: EpGRU,
    state: Float[Array, "lane unit"],
    inputs: Float[Array, "time lane input"],
    first: Bool[Array, "time lane"],
    recalled: Float[Array, "time lane part unit"],
) -> Float[Array, "time lane unit"]:
    """Outputs over time, with the fused gradient; `state` and what was `recalled` count as data."""
    activity = jax.lax.stop_gradient(forward(core, state, inputs, first, recalled))
    return relive(core, inputs, first, recalled, activity)
