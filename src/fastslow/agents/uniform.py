"""Chance: every action with the same probability, whatever happens."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Key

from fastslow.agents.observer import Observer, sampled
from fastslow.tasks.task import Task, check_count
from fastslow.timestep import Output, Percept


class Uniform(Observer):
    """Knows nothing and learns nothing; the lower end of every normalised score."""

    actions: int = eqx.field(static=True, default=2)

    cite: ClassVar[tuple[str, ...]] = ()

    def __check_init__(self) -> None:
        check_count("actions", self.actions, 1)

    def blank(self) -> tuple[()]:
        return ()

    def take_in(self, state: tuple[()], percept: Percept) -> tuple[tuple[()], dict[str, Array]]:
        return (), {}

    def choose(self, state: tuple[()], percept: Percept, key: Key[Array, ""]) -> Output:
        return sampled(key, jnp.zeros(self.actions), jnp.float32(0))


def uniform(task: Task) -> Uniform:
    """Chance over the actions of `task`."""
    return Uniform(task.actions)
