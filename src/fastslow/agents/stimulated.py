"""An agent on the rig: its dopamine is blocked or stimulated while it behaves, its weights untouched.

`Stimulated` delivers by what has just happened (closed loop), as Stopper et al. 2014 did at the outcome of a press;
`Replayed` replays a sequence that was delivered to another, so that amount and number are the same and only the
occasion is not.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from fastslow.agents.agent import Agent
from fastslow.tasks.task import parameter
from fastslow.timestep import Output, Percept


def same(reward: Float[Array, "*any"], other: Float[Array, ""] | float) -> Bool[Array, "*any"]:
    """Equal, but for rounding."""
    return jnp.abs(reward - other) < 1e-3


class Stimulated(Agent):
    """Adds `amount` to the prediction error at every outcome that pays `reward`."""

    agent: Agent
    reward: Float[Array, ""] = eqx.field(converter=parameter)
    """The outcome that triggers it, as a reward."""
    amount: Float[Array, ""] = eqx.field(converter=parameter)
    """What is then added to the error; below 0 it is blocked."""
    responses: tuple[int, ...] = eqx.field(static=True)
    """The actions that have an outcome (a fixation has none)."""

    cite: ClassVar[tuple[str, ...]] = ("wang2018", "stopper2014")

    def init_state(self, key: Key[Array, ""]) -> PyTree:
        return self.agent.init_state(key)

    def begin_episode(self, state: PyTree) -> PyTree:
        return self.agent.begin_episode(state)

    def delivered(self, percept: Percept) -> Float[Array, ""]:
        """The amount for what has just happened."""
        responded = (percept.last_action == jnp.asarray(self.responses)).any()
        return jnp.where(responded & same(percept.last_reward, self.reward), self.amount, 0.0)

    def step(self, state: PyTree, percept: Percept, key: Key[Array, ""]) -> tuple[PyTree, Output]:
        amount = self.delivered(percept)
        state, output = self.agent.step(state, percept._replace(perturbation=amount), key)
        return state, output._replace(probes=output.probes | {"delivered": amount})

    def end_episode(self, state: PyTree, percept: Percept, key: Key[Array, ""]) -> PyTree:
        return self.agent.end_episode(state, percept, key)


class ReplayedState(NamedTuple):
    agent: PyTree
    episode: Int[Array, ""]
    """Whose sequence is replayed."""


class Replayed(Agent):
    """Replays, in each episode, one of the given sequences of perturbations, whatever happens."""

    agent: Agent
    sequences: Float[Array, "episode time"]

    cite: ClassVar[tuple[str, ...]] = ("wang2018", "stopper2014")

    def init_state(self, key: Key[Array, ""]) -> ReplayedState:
        agent_key, episode_key = jax.random.split(key)
        episode = jax.random.randint(episode_key, (), 0, self.sequences.shape[0])
        return ReplayedState(self.agent.init_state(agent_key), episode)

    def begin_episode(self, state: ReplayedState) -> ReplayedState:
        return state._replace(agent=self.agent.begin_episode(state.agent))

    def step(self, state: ReplayedState, percept: Percept, key: Key[Array, ""]) -> tuple[PyTree, Output]:
        amount = self.sequences[state.episode, percept.time % self.sequences.shape[1]]
        agent_state, output = self.agent.step(state.agent, percept._replace(perturbation=amount), key)
        output = output._replace(probes=output.probes | {"delivered": amount})
        return state._replace(agent=agent_state), output

    def end_episode(self, state: ReplayedState, percept: Percept, key: Key[Array, ""]) -> ReplayedState:
        return state._replace(agent=self.agent.end_episode(state.agent, percept, key))
