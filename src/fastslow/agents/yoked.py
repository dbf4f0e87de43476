"""An agent that lives another's choices: what would it expect, and hold in its units, in the very same trials?

A newborn network chooses at random, so that it meets other trials than a trained one, or, where responses are
forced, hardly a valid one. Yoked to a trained agent or to an ideal observer it sees what they see, and any difference
between the two is not one of experience.
"""

from typing import NamedTuple

import jax
from jaxtyping import Array, Key, PyTree

from fastslow.agents.agent import Agent
from fastslow.timestep import Output, Percept


class Pair(NamedTuple):
    own: PyTree
    leader: PyTree


class Yoked(Agent):
    """`agent` with the actions of `leader`: value, units and probes are the agent's, action and logits the leader's."""

    agent: Agent
    leader: Agent

    @property
    def cite(self) -> tuple[str, ...]:
        return self.agent.cite

    def init_state(self, key: Key[Array, ""]) -> Pair:
        own_key, leader_key = jax.random.split(key)
        return Pair(self.agent.init_state(own_key), self.leader.init_state(leader_key))

    def begin_episode(self, state: Pair) -> Pair:
        return Pair(self.agent.begin_episode(state.own), self.leader.begin_episode(state.leader))

    def step(self, state: Pair, percept: Percept, key: Key[Array, ""]) -> tuple[Pair, Output]:
        own_key, leader_key = jax.random.split(key)
        own, output = self.agent.step(state.own, percept, own_key)
        leader, led = self.leader.step(state.leader, percept, leader_key)
        return Pair(own, leader), output._replace(action=led.action, logits=led.logits)

    def end_episode(self, state: Pair, percept: Percept, key: Key[Array, ""]) -> Pair:
        own_key, leader_key = jax.random.split(key)
        return Pair(
            self.agent.end_episode(state.own, percept, own_key),
            self.leader.end_episode(state.leader, percept, leader_key),
        )
