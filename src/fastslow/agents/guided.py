"""An agent whose answers are given: its expectations can be read where its own answers would spoil the trials.

A newborn network answers at random, so that hardly a trial of a task with forced responses is valid; guided, it
sees what a trained one sees. Its policy is put aside; its units and its value are its own.
"""

from collections.abc import Callable

import equinox as eqx
import jax
from jaxtyping import Array, Float, Key, PyTree

from fastslow.agents.agent import Agent
from fastslow.timestep import Output, Percept


class Guided(Agent):
    """`agent` but for its answers, which are drawn from `answer(percept)`, log probabilities of the actions."""

    agent: Agent
    answer: Callable[[Percept], Float[Array, " action"]] = eqx.field(static=True)

    @property
    def cite(self) -> tuple[str, ...]:
        return self.agent.cite

    def init_state(self, key: Key[Array, ""]) -> PyTree:
        return self.agent.init_state(key)

    def begin_episode(self, state: PyTree) -> PyTree:
        return self.agent.begin_episode(state)

    def end_episode(self, state: PyTree, percept: Percept, key: Key[Array, ""]) -> PyTree:
        return self.agent.end_episode(state, percept, key)

    def step(self, state: PyTree, percept: Percept, key: Key[Array, ""]) -> tuple[PyTree, Output]:
        state, output = self.agent.step(state, percept, key)
        logits = self.answer(percept)
        return state, output._replace(
            action=jax.random.categorical(key, logits).astype("int32"), logits=logits
        )
