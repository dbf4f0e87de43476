"""Tabular Q-learning: the value of each action in each state, a step at a time (Watkins & Dayan 1992)."""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from fastslow.agents.agent import Agent
from fastslow.agents.observer import best, lapse, sampled
from fastslow.errors import check
from fastslow.tasks.task import Task, check_range, parameter
from fastslow.timestep import Output, Percept


class Table(NamedTuple):
    q: Float[Array, "state action"]
    state: Int[Array, ""]
    """Where the last action was taken."""


class QTable(Agent):
    """Q(s, a) <- Q(s, a) + alpha (r + gamma max_a' Q(s', a') - Q(s, a)), s' worth nothing where the episode ends.

    The state is the place of the largest number of the observation. Values begin at 0 and are kept over episodes;
    equal ones are chosen among by chance. Probes: `q`, and the prediction error `delta` of the last action.
    """

    alpha: Float[Array, ""] = eqx.field(converter=parameter)
    """Learning rate, 0 to 1."""
    gamma: Float[Array, ""] = eqx.field(converter=parameter)
    """Discount, 0 to 1."""
    epsilon: Float[Array, ""] = eqx.field(converter=parameter)
    """Probability of a uniform action."""
    states: int = eqx.field(static=True)
    actions: int = eqx.field(static=True)

    cite: ClassVar[tuple[str, ...]] = ("watkins1992", "sutton2018")

    def __check_init__(self) -> None:
        for name in ("alpha", "gamma", "epsilon"):
            check_range(name, getattr(self, name), 0, 1)

    def init_state(self, key: Key[Array, ""]) -> Table:
        return Table(jnp.zeros((self.states, self.actions)), jnp.int32(0))

    def begin_episode(self, state: Table) -> Table:
        """What was learned stays."""
        return state

    def learn(self, state: Table, percept: Percept, following: Array) -> tuple[Table, Array]:
        """The table after the last action (none: as it was), `following` being what is expected from here on."""
        acted = percept.last_action >= 0
        action = jnp.maximum(percept.last_action, 0)
        delta = percept.last_reward + self.gamma * following - state.q[state.state, action]
        delta = jnp.where(acted, delta, 0.0)
        return state._replace(q=state.q.at[state.state, action].add(self.alpha * delta)), delta

    def step(self, state: Table, percept: Percept, key: Key[Array, ""]) -> tuple[Table, Output]:
        here = percept.observation.argmax().astype(jnp.int32)
        state, delta = self.learn(state, percept, state.q[here].max())
        q = state.q[here]
        output = sampled(key, lapse(best(q), self.epsilon), q.max(), q=q, delta=delta)
        return Table(state.q, here), output

    def end_episode(self, state: Table, percept: Percept, key: Key[Array, ""]) -> Table:
        return self.learn(state, percept, jnp.float32(0))[0]


def q_table(task: Task, alpha: float = 0.1, gamma: float = 0.95, epsilon: float = 0.0) -> QTable:
    """Q-learning for a task that shows its state as a vector, one-hot."""
    shape = task.observation_shape
    check(
        len(shape) == 1 and shape[0] > 0,
        f"q_table needs a state shown as a vector, one-hot, but {type(task).__name__} shows {shape}.",
    )
    return QTable(alpha, gamma, epsilon, shape[0], task.actions)
