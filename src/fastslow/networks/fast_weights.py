"""Fast weights: a layer that is rewritten at every step, so that what was seen once can be looked up.

What came of a step, the next input, is added under the key of that step's observation, as an outer product; the key
of the present observation reads.  Within an episode nothing is forgotten, and what is written under one key adds up:
sums and counts, all that a table of what paid where has to hold.  Above it stands one layer of rectifiers.

Ba et al. 2016, after Schmidhuber 1992, without decay and without recurrent units, which makes it attention without a
softmax (Katharopoulos et al. 2020; Schlag et al. 2021): an unroll is a few matrix products and no scan.  Departure:
keys are written one step late, because an outcome belongs to what was seen when it was chosen.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key


class FastState(NamedTuple):
    """What one step hands to the next."""

    memory: Float[Array, "*batch key unit"]
    """The fast weights."""
    key: Float[Array, "*batch key"]
    """The last step's key, under which the next input will be written."""


class FastActivity(NamedTuple):
    """What one step computed, and the state before it."""

    h: Float[Array, "*batch unit"]
    """Output, 0 or greater."""
    before: FastState


class FastWeights(eqx.Module):
    """The slow weights, which say what is written, under which key, and what is made of what is read.

    k_t = (o_t W_k + b_k) / |o_t W_k + b_k|;  M_t = M_{t-1} + k_{t-1} (x_t W_v)^T, from M_0 = 0;
    h_t = max(0, x_t W_x + k_t^T M_t W_y + b), where the observation o_t is the first part of the input x_t.
    """

    cue: Float[Array, "cue key"]
    cue_bias: Float[Array, " key"]
    write: Float[Array, "input unit"]
    input: Float[Array, "input unit"]
    read: Float[Array, "unit unit"]
    bias: Float[Array, " unit"]

    def __init__(self, inputs: int, units: int, key: Key[Array, ""], cues: int, keys: int):
        """Normal weights of variance 1/fan-in, but a quarter of that for `read`, because what is read adds up.

        The first `cues` of the inputs are the observation; `keys` is the length of a key.
        """
        cue_key, bias_key, write_key, input_key, read_key = jax.random.split(key, 5)
        self.cue = jax.random.normal(cue_key, (cues, keys)) / max(cues, 1) ** 0.5
        # Not zero, so that there is a key to write under where nothing is observed.
        self.cue_bias = jax.random.normal(bias_key, (keys,)) * 0.1 / keys**0.5
        self.write = jax.random.normal(write_key, (inputs, units)) / max(inputs, 1) ** 0.5
        self.input = jax.random.normal(input_key, (inputs, units)) / max(inputs, 1) ** 0.5
        self.read = jax.random.normal(read_key, (units, units)) * 0.5 / units**0.5
        self.bias = jnp.zeros(units)

    @property
    def initial(self) -> FastState:
        """Nothing is known, and there is nothing yet that could have had an outcome."""
        keys, units = self.cue.shape[1], self.write.shape[1]
        return FastState(jnp.zeros((keys, units)), jnp.zeros(keys))

    def key_of(self, x: Float[Array, "*batch input"]) -> Float[Array, "*batch key"]:
        """The key of an observation, of length 1; any leading axes."""
        key = x[..., : self.cue.shape[0]] @ self.cue
        key = key + jnp.broadcast_to(self.cue_bias, key.shape)
        return key * jax.lax.rsqrt((key**2).sum(-1, keepdims=True) + 1e-6)

    def output(
        self, x: Float[Array, "*batch input"], found: Float[Array, "*batch unit"]
    ) -> Float[Array, "*batch unit"]:
        """h of an input and of what was found in the memory; any leading axes."""
        z = x @ self.input + found @ self.read
        return jax.nn.relu(z + jnp.broadcast_to(self.bias, z.shape))

    def step(self, state: FastState, x: Float[Array, "*batch input"]) -> tuple[FastState, FastActivity]:
        """One step; any leading axes."""
        key = self.key_of(x)
        memory = state.memory + state.key[..., :, None] * (x @ self.write)[..., None, :]
        found = (key[..., :, None] * memory).sum(-2)
        return FastState(memory, key), FastActivity(self.output(x, found), state)


def start_where(first: Bool[Array, "*batch"], initial: FastState, state: FastState) -> FastState:
    """The empty memory where an episode begins, else the state handed over."""

    def choose(new: Array, old: Array) -> Array:
        begins = first.reshape(*first.shape, *[1] * new.ndim)
        return jnp.where(begins, jnp.broadcast_to(new, old.shape), old)

    return jax.tree.map(choose, initial, state)


def unroll(
    net: FastWeights,
    state: FastState,
    inputs: Float[Array, "time lane input"],
    first: Bool[Array, "time lane"],
) -> Float[Array, "time lane unit"]:
    """Outputs over time, all at once; `state` counts as data.  The work grows with the square of the time.

    k_t^T M_t = sum over s <= t of (k_t . k_{s-1}) x_s W_v, over the steps of the same episode.
    """
    state = jax.lax.stop_gradient(state)
    keys = net.key_of(inputs)
    under = jnp.concatenate([state.key[None], keys[:-1]])
    under = jnp.where(first[..., None], 0.0, under)
    episode = jnp.cumsum(first.T, axis=1)
    earlier = jnp.tri(first.shape[0], dtype=bool)[None]
    same = (episode[:, :, None] == episode[:, None, :]) & earlier
    match = jnp.einsum("tlk,slk->lts", keys, under) * same
    found = jnp.einsum("lts,slu->tlu", match, inputs @ net.write)
    handed = jnp.einsum("tlk,lku->tlu", keys, state.memory)
    return net.output(inputs, found + jnp.where((episode.T == 0)[..., None], handed, 0.0))


def relive(
    net: FastWeights,
    inputs: Float[Array, "time lane input"],
    first: Bool[Array, "time lane"],
    activity: FastActivity,
) -> Float[Array, "time lane unit"]:
    """The same, from the state before the first step; there is no scan to be spared."""
    return unroll(net, jax.tree.map(lambda x: x[0], activity.before), inputs, first)
