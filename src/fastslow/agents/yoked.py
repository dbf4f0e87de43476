"""An agent that lives another's choices: what would it expect, and hold in its units, in the very same trials?

What a network's units code depends on what it lives through, and a newborn one chooses at random, so that it meets
other trials than a trained one, or, where responses are forced, hardly a valid one. Yoked to a trained agent or to an
ideal observer it sees what they see, and any difference between the two is not one of experience.
"""

from typing import NamedTuple

import jax
from jaxtyping import Array, Key, PyTree

from fastslow.agents.agent import Agent
from fastslow.timestep import Output, Percept


class Pair(NamedTuple):
    leader: PyTree
    own: PyTree


class Yoked(Agent):
    """`leader` chooses as it would alone, key for key; value, units and probes are those of `agent`."""

    agent: Agent
    leader: Agent

    @property
    def cite(self) -> tuple[str, ...]:
        return self.agent.cite

    def init_state(self, key: Key[Array, ""]) -> Pair:
        return Pair(self.leader.init_state(key), self.agent.init_state(own(key)))

    def begin_episode(self, state: Pair) -> Pair:
        return Pair(self.leader.begin_episode(state.leader), self.agent.begin_episode(state.own))

    def step(self, state: Pair, percept: Percept, key: Key[Array, ""]) -> tuple[Pair, Output]:
        leader, led = self.leader.step(state.leader, percept, key)
        following, output = self.agent.step(state.own, percept, own(key))
        return Pair(leader, following), output._replace(action=led.action, logits=led.logits)

    def end_episode(self, state: Pair, percept: Percept, key: Key[Array, ""]) -> Pair:
        return Pair(
            self.leader.end_episode(state.leader, percept, key),
            self.agent.end_episode(state.own, percept, own(key)),
        )


def own(key: Key[Array, ""]) -> Key[Array, ""]:
    """The agent's own key beside its leader's."""
    return jax.random.fold_in(key, 1)
