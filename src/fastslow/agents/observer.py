"""What ideal and classic observers have in common: take in what happened, then choose; nothing is learned slowly.

An observer's parameters are given, not trained, and it forgets at the start of an episode, so it is told whole
by three functions: `blank`, `take_in`, `choose`.
"""

from abc import abstractmethod

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, PyTree

from fastslow.agents.agent import Agent
from fastslow.errors import check
from fastslow.tasks.task import Task
from fastslow.timestep import Output, Percept

LOG_NEVER = -69.0
"""Log probability (about 1e-30) given to what a deterministic choice rule never does, so that it stays finite."""


class Observer(Agent):
    """An agent that begins every episode with the same knowledge."""

    @abstractmethod
    def blank(self) -> PyTree:
        """What is known before the episode's first action."""

    @abstractmethod
    def take_in(self, state: PyTree, percept: Percept) -> tuple[PyTree, dict[str, Array]]:
        """Learn from the last action (none if -1) and its outcome; also the signals of that learning."""

    @abstractmethod
    def choose(self, state: PyTree, percept: Percept, key: Key[Array, ""]) -> Output:
        """Act on what is known."""

    def init_state(self, key: Key[Array, ""]) -> PyTree:
        return self.blank()

    def begin_episode(self, state: PyTree) -> PyTree:
        return self.blank()

    def step(self, state: PyTree, percept: Percept, key: Key[Array, ""]) -> tuple[PyTree, Output]:
        state, signals = self.take_in(state, percept)
        output = self.choose(state, percept, key)
        return state, output._replace(probes=output.probes | signals)

    def end_episode(self, state: PyTree, percept: Percept, key: Key[Array, ""]) -> PyTree:
        return self.take_in(state, percept)[0]


def best(values: Float[Array, " action"], tolerance: float = 1e-6) -> Float[Array, " action"]:
    """Log probabilities of a uniform choice among the greatest of `values` (ties within `tolerance`)."""
    greatest = values >= values.max() - tolerance
    return jnp.where(greatest, -jnp.log(greatest.sum().astype(jnp.float32)), LOG_NEVER)


def first_best(values: Float[Array, " action"]) -> Float[Array, " action"]:
    """Log probabilities of choosing the greatest of `values`, the lowest index where several tie."""
    return jnp.where(jnp.arange(values.shape[0]) == values.argmax(), 0.0, LOG_NEVER)


def lapse(logits: Float[Array, " action"], epsilon: Float[Array, ""]) -> Float[Array, " action"]:
    """Log probabilities of a choice that is uniform with probability `epsilon`, else by `logits`."""
    mixed = (1 - epsilon) * jax.nn.softmax(logits) + epsilon / logits.shape[0]
    return jnp.log(jnp.maximum(mixed, jnp.exp(LOG_NEVER)))


def sampled(
    key: Key[Array, ""],
    logits: Float[Array, " action"],
    value: Float[Array, ""],
    **probes: Float[Array, "..."],
) -> Output:
    """The output that draws its action from `logits`; no units."""
    action: Int[Array, ""] = jax.random.categorical(key, logits)
    return Output(action.astype(jnp.int32), logits, value, jnp.zeros(0), dict(probes))


def assume(name: str, task: Task, *kinds: type[Task]) -> None:
    """Refuse a task that is none of `kinds`, in one sentence that begins with the observer's `name`."""
    wanted = " or ".join(kind.__name__ for kind in kinds)
    found = type(task).__name__
    check(
        isinstance(task, kinds), f"{name} assumes a task of kind {wanted}, but was given {found}; give one."
    )
