"""The interface of everything that acts: what it learns fast lives in its state, what slowly in its parameters.

An agent is an Equinox module of arrays (the slow weights; sizes static). `step` may change only the state,
training only the parameters: a recurrent network, tabular Q-learning and Thompson sampling all fit.
"""

from abc import abstractmethod
from typing import ClassVar

import equinox as eqx
from jaxtyping import Array, Key, PyTree

from fastslow.timestep import Output, Percept


class Agent(eqx.Module):
    """Written for one lane; the interaction batches it by `vmap`."""

    cite: ClassVar[tuple[str, ...]]
    """Keys in references.bib."""

    @property
    def state_axes(self) -> PyTree:
        """Which parts of the state each lane has for itself (0) and which all lanes share (`None`): a prefix of the
        state's tree. `init_state`, `begin_episode`, `step` and `end_episode` leave what is shared as it is."""
        return 0

    def settle(self, state: PyTree) -> PyTree:
        """Bring what is shared up to date by what all lanes have done; called with the batch of states after each
        step of the lanes."""
        return state

    def remembering(self, state: PyTree) -> "Agent":
        """The same agent, born with what the lanes of this batch of states share; those that share nothing are born
        as ever."""
        return self

    def watched(self, state: PyTree) -> PyTree:
        """What of a state must be finite for all of it to be (`loop.Loop.watched`); asked of the batch of states."""
        return state

    @abstractmethod
    def init_state(self, key: Key[Array, ""]) -> PyTree:
        """The state at birth."""

    @abstractmethod
    def begin_episode(self, state: PyTree) -> PyTree:
        """The state with which a new episode is met (most agents forget; some keep a memory)."""

    @abstractmethod
    def step(self, state: PyTree, percept: Percept, key: Key[Array, ""]) -> tuple[PyTree, Output]:
        """Take in the percept (which carries the last action and its reward), then choose."""

    @abstractmethod
    def end_episode(self, state: PyTree, percept: Percept, key: Key[Array, ""]) -> PyTree:
        """Take in the outcome of the episode's last action."""
