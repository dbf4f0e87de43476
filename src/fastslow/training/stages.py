"""Agents kept along the way, so that behaviour can be tested at stages of training with frozen weights.

Any training loop becomes one that also keeps its agent as it was after certain updates. What is kept is part of the
state like all else: a run that was killed and resumed has the same agents at the same stages, bit for bit.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, Key, PyTree

from fastslow.agents.agent import Agent
from fastslow.errors import check
from fastslow.loop import Loop


class StagedState(NamedTuple):
    """A trainer's state and the agents kept so far."""

    training: PyTree
    """The state of the loop that trains; it has the field `agent`."""
    kept: Agent
    """The agents, their arrays with a leading `stage` axis; newborn where a stage is not yet reached."""
    update: Int[Array, ""]
    """Updates taken."""

    @property
    def agent(self) -> Agent:
        """The agent as it now is."""
        return self.training.agent


def stages_at(updates: int, fractions: Sequence[float | int]) -> tuple[int, ...]:
    """The numbers of updates at these fractions (0 to 1) of a training; those above 0 are of one update or more."""
    check(
        all(0 <= fraction <= 1 for fraction in fractions),
        f"The stages are at {tuple(fractions)} of the training, but fractions lie between 0 and 1.",
    )
    return tuple(max(round(updates * fraction), int(fraction > 0)) for fraction in fractions)


def keep_stages(loop: Loop, stages: Sequence[int]) -> Loop:
    """`loop`, whose state now also holds the agent as it was after each of `stages` updates (0: newborn)."""
    check(len(stages) > 0, "There are no stages to keep agents of; give at least one number of updates.")
    check(
        min(stages) >= 0, f"A stage is after {min(stages)} updates, but it must be after 0 or more of them."
    )

    def init(key: Key[Array, ""]) -> StagedState:
        training = loop.init(key)
        kept = jax.tree.map(lambda leaf: jnp.stack([leaf] * len(stages)), training.agent)
        return StagedState(training, kept, jnp.int32(0))

    def step(state: StagedState, key: Key[Array, ""]) -> tuple[StagedState, Any]:
        training, measured = loop.step(state.training, key)
        update = state.update + 1
        reached = jnp.asarray(stages) == update

        def keep(kept: Agent) -> Agent:
            def at_stage(before: Array, now: Array) -> Array:
                return jnp.where(reached.reshape(-1, *[1] * now.ndim), now[None], before)

            return jax.tree.map(at_stage, kept, training.agent)

        kept = jax.lax.cond(reached.any(), keep, lambda kept: kept, state.kept)
        return StagedState(training, kept, update), measured

    def resume(state: StagedState, key: Key[Array, ""]) -> StagedState:
        return state._replace(training=loop.resume(state.training, key))

    def watched(state: StagedState) -> StagedState:
        return state._replace(training=loop.watched(state.training))

    return Loop(init, step, resume if loop.resume else None, watched)
