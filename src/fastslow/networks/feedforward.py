"""One layer without memory: the control of whatever is claimed of recurrent cores.

It has their form, so that an agent differs from its control in nothing else: the activity depends on the present
input alone, and what is handed to the next step is never read.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key


class FeedforwardActivity(NamedTuple):
    """All that one step computed."""

    h: Float[Array, "*batch unit"]


class Feedforward(eqx.Module):
    """Weights of one layer: h = tanh(x W + b)."""

    input: Float[Array, "input unit"]
    bias: Float[Array, " unit"]

    def __init__(self, inputs: int, units: int, key: Key[Array, ""]):
        """Normal weights of variance 1/fan-in."""
        self.input = jax.random.normal(key, (inputs, units)) / max(inputs, 1) ** 0.5
        self.bias = jnp.zeros(units)

    @property
    def initial(self) -> tuple[()]:
        """The state that it has not."""
        return ()

    def step(
        self, state: tuple[()], x: Float[Array, "*batch input"]
    ) -> tuple[tuple[()], FeedforwardActivity]:
        """One step; any leading axes."""
        bias = jnp.broadcast_to(self.bias, (*x.shape[:-1], self.bias.shape[0]))
        return (), FeedforwardActivity(jnp.tanh(x @ self.input + bias))


def start_where(first: Bool[Array, "*batch"], initial: tuple[()], state: tuple[()]) -> tuple[()]:
    """Nothing, whether an episode begins or not."""
    return ()


def unroll(
    net: Feedforward,
    state: tuple[()],
    inputs: Float[Array, "time lane input"],
    first: Bool[Array, "time lane"],
) -> Float[Array, "time lane unit"]:
    """Outputs over time: each step's own, all at once."""
    return net.step(state, inputs)[1].h


def relive(
    net: Feedforward,
    inputs: Float[Array, "time lane input"],
    first: Bool[Array, "time lane"],
    activity: FeedforwardActivity,
) -> Float[Array, "time lane unit"]:
    """The same; one layer is computed again sooner than its activity is read back."""
    return unroll(net, (), inputs, first)
