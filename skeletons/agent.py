"""An agent to copy and fill in: one sentence of what it is, one of why, one of where it was published.

As it stands: it repeats what paid and changes after what did not, but for lapses. What it learns fast lives
in its state, here the action that it means to take next; what it learns slowly lives in its fields. Use
yours by its place, `--agent my_agent.py:my_agent`, and hold it to the rules first:

    check_agent(my_agent(task), task, jax.random.key(0))
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from fastslow.agents.agent import Agent
from fastslow.tasks.task import Task, check_count, check_range, parameter
from fastslow.timestep import Output, Percept


class MyState(NamedTuple):
    """All that the agent knows; the same form from birth on."""

    plan: Int[Array, ""]
    """The action to take unless it lapses; -1 before the first."""


class MyAgent(Agent):
    """Win-stay, lose-shift."""

    # Numbers are array fields: a trainer may change them, and vmap sweep them.
    lapse: Float[Array, "..."] = eqx.field(converter=parameter, default=0.1)
    """Probability of choosing at random."""
    # Sizes are static fields.
    actions: int = eqx.field(static=True, default=2)
    """Number of actions."""

    cite: ClassVar[tuple[str, ...]] = ()  # keys in references.bib

    def __check_init__(self) -> None:
        check_range("lapse", self.lapse, 1e-6, 1)  # log probabilities must stay finite
        check_count("actions", self.actions, 2)

    def init_state(self, key: Key[Array, ""]) -> MyState:
        """The state at birth."""
        return MyState(jnp.int32(-1))

    def begin_episode(self, state: MyState) -> MyState:
        """What is kept from one episode to the next: here nothing."""
        return MyState(jnp.int32(-1))

    def learn(self, state: MyState, percept: Percept) -> MyState:
        """Take in the last action and its reward; at the first step of an episode there is none (-1)."""
        shifted = (percept.last_action + 1) % self.actions
        plan = jnp.where(percept.last_reward > 0, percept.last_action, shifted)
        return MyState(jnp.where(percept.first, -1, plan))

    def step(self, state: MyState, percept: Percept, key: Key[Array, ""]) -> tuple[MyState, Output]:
        """Learn, then choose. Written for one lane."""
        state = self.learn(state, percept)
        planned = jnp.where(jnp.arange(self.actions) == state.plan, 1.0, 0.0)
        p = jnp.where(state.plan < 0, 1.0, (1 - self.lapse) * planned + self.lapse / self.actions)
        logits = jnp.log(p)
        action = jax.random.categorical(key, logits).astype(jnp.int32)
        # It has no value of states, no units; probes are whatever is worth recording.
        return state, Output(action, logits, jnp.float32(0), jnp.zeros(0), {"plan": state.plan})

    def end_episode(self, state: MyState, percept: Percept, key: Key[Array, ""]) -> MyState:
        """The outcome of the episode's last action reaches the agent here."""
        return self.learn(state, percept)


def my_agent(task: Task, lapse: float = 0.1) -> MyAgent:
    """An agent for `task`; the other parameters are its options on the command line."""
    return MyAgent(lapse, task.actions)
