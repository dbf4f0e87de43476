"""Two agents, one life: one acts, another perceives the same and is recorded.

What a network's units code depends on what it lives through. To say what training has made of them, the untrained
twin must live through the very same trials, not through those that its own poor choices would bring.
"""

from typing import ClassVar, NamedTuple

import jax
from jaxtyping import Array, Key, PyTree

from fastslow.agents.agent import Agent
from fastslow.timestep import Output, Percept


class Both(NamedTuple):
    actor: PyTree
    listener: PyTree


class Listening(Agent):
    """Chooses as `actor` does, key for key; units, value and probes are the listener's."""

    actor: Agent
    listener: Agent

    cite: ClassVar[tuple[str, ...]] = ()

    def init_state(self, key: Key[Array, ""]) -> Both:
        return Both(self.actor.init_state(key), self.listener.init_state(jax.random.fold_in(key, 1)))

    def begin_episode(self, state: Both) -> Both:
        return Both(self.actor.begin_episode(state.actor), self.listener.begin_episode(state.listener))

    def step(self, state: Both, percept: Percept, key: Key[Array, ""]) -> tuple[Both, Output]:
        actor, acted = self.actor.step(state.actor, percept, key)
        listener, heard = self.listener.step(state.listener, percept, jax.random.fold_in(key, 1))
        return Both(actor, listener), heard._replace(action=acted.action, logits=acted.logits)

    def end_episode(self, state: Both, percept: Percept, key: Key[Array, ""]) -> Both:
        return Both(
            self.actor.end_episode(state.actor, percept, key),
            self.listener.end_episode(state.listener, percept, jax.random.fold_in(key, 1)),
        )
