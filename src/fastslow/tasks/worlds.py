"""A batch of worlds, one to a lane: what an interaction steps.

Any task is lifted to lanes by `vmap`. What lives outside JAX, such as an emulator whose state is a handle that does not
vmap, provides its lanes itself.
"""

from abc import abstractmethod
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, Key, PyTree

from fastslow.timestep import TimeStep


class Worlds(eqx.Module):
    """Lanes that are stepped together; states are as the worlds like, TimeSteps have a leading `lane` axis."""

    outside: ClassVar[bool] = False
    """The state holds in this process alone: what was saved cannot be stepped, but must be started again."""

    @abstractmethod
    def start(self, keys: Key[Array, " lane"]) -> tuple[PyTree, TimeStep]:
        """Begin an episode in every lane, each on a problem drawn from its key."""

    @abstractmethod
    def step(
        self, state: PyTree, actions: Int[Array, " lane"], keys: Key[Array, " lane"]
    ) -> tuple[PyTree, TimeStep]:
        """Take an action in every lane. A lane whose episode is over waits for `renew`."""

    @abstractmethod
    def renew(
        self, state: PyTree, ended: Bool[Array, " lane"], keys: Key[Array, " lane"]
    ) -> tuple[PyTree, TimeStep]:
        """Begin a new episode in the lanes that `ended`, and there alone; of the TimeStep, their rows hold."""


class Lifted(Worlds):
    """Lanes of a task that is written for one."""

    task: Any
    """A `Task`."""

    def start(self, keys: Key[Array, " lane"]) -> tuple[PyTree, TimeStep]:
        def begin(key: Key[Array, ""]) -> tuple[PyTree, TimeStep]:
            sample_key, start_key = jax.random.split(key)
            return self.task.start(self.task.sample(sample_key), start_key)

        return jax.vmap(begin)(keys)

    def step(
        self, state: PyTree, actions: Int[Array, " lane"], keys: Key[Array, " lane"]
    ) -> tuple[PyTree, TimeStep]:
        return jax.vmap(self.task.step)(state, actions, keys)

    def renew(
        self, state: PyTree, ended: Bool[Array, " lane"], keys: Key[Array, " lane"]
    ) -> tuple[PyTree, TimeStep]:
        fresh, timestep = self.start(keys)
        return where_lane(ended, fresh, state), timestep


def where_lane(chosen: Bool[Array, " lane"], yes: PyTree, no: PyTree) -> PyTree:
    """The rows of `yes` in the lanes that are `chosen`, and those of `no` in the others."""
    return jax.vmap(lambda one, a, b: jax.tree.map(lambda x, y: jnp.where(one, x, y), a, b))(chosen, yes, no)
