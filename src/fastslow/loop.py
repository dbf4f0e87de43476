"""One shape for every time-scale: a loop is a pair of pure functions, and to run it is a scan.

A trial-by-trial interaction, a training run and an evolutionary search are each a `Loop` whose step runs the
faster loop inside. Randomness is counter-based (the key of step i is `fold_in(key, i)`), so a run that is
cut into chunks, or killed and resumed, is the same run bit for bit.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Integer, Key, PyTree


class Loop(NamedTuple):
    """`init(key) -> state` and `step(state, key) -> (state, output)`, both pure."""

    init: Callable[[Key[Array, ""]], PyTree]
    step: Callable[[PyTree, Key[Array, ""]], tuple[PyTree, Any]]


def step_keys(key: Key[Array, ""], steps: int, start: Integer[Array, ""] | int = 0) -> Key[Array, " steps"]:
    """The keys of steps `start` to `start + steps - 1`; step 0's differs from the key that `init` gets."""
    return jax.vmap(lambda i: jax.random.fold_in(key, i))(start + 1 + jnp.arange(steps))


def run(
    loop: Loop,
    key: Key[Array, ""],
    steps: int,
    state: PyTree = None,
    start: Integer[Array, ""] | int = 0,
) -> tuple[PyTree, PyTree]:
    """Run `steps` steps: `(S, Y["steps ..."])`.

    **Arguments**: `key` the run's own key, the same in every chunk; `state` where to go on from (`None`: from
    `loop.init`); `start` how many steps were taken before.
    """
    if state is None:
        state = loop.init(jax.random.fold_in(key, 0))
    return jax.lax.scan(loop.step, state, step_keys(key, steps, start))
