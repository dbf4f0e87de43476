"""Episodic control: what paid before, in states like this one, is done again.

The review's Box 2 (Botvinick et al. 2019): every state met is stored with the discounted sum of the rewards that
followed it, by the action taken there, and a new state's value is that of those stored, weighted by similarity. With
the rules of `memory.dictionary.MFEC` and a random projection it is Model-Free Episodic Control (Blundell et al. 2016,
Algorithm 1). Nothing is learned slowly: all that changes is the state.
"""

import math
from dataclasses import asdict, dataclass
from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, UInt32

from fastslow.agents.agent import Agent
from fastslow.agents.observer import best, lapse, sampled
from fastslow.memory import dictionary
from fastslow.memory.dictionary import BOX2, MFEC, Dictionary, Rules
from fastslow.memory.identity import fingerprint
from fastslow.rules.returns import n_step_sums
from fastslow.tasks.task import Task, check_count, check_range
from fastslow.timestep import Output, Percept


@dataclass(frozen=True)
class EpisodicConfig(Rules):
    """What is stored, and how it decides."""

    capacity: int = 1000
    """Entries per action (Blundell 2016: 1,000,000)."""
    gamma: float = 0.95
    """Discount (Box 2: below 1; Blundell 2016, Atari: 1)."""
    horizon: int = 0
    """n: steps over which rewards are summed; 0: to the end of the episode."""
    epsilon: float = 0.0
    """Probability of a uniform action (Blundell 2016: .005)."""
    features: int = 0
    """Length of a Gaussian random projection of what is seen (Blundell 2016: 64); 0: what is seen, as it is."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("capacity", self.capacity, 1)
        check_range("gamma", self.gamma, 0, 1)
        check_count("horizon", self.horizon, 0)
        check_range("epsilon", self.epsilon, 0, 1)
        check_count("features", self.features, 0)


class Walk(NamedTuple):
    """The episode so far, to be stored when it is over."""

    keys: Float[Array, "time key"]
    identities: UInt32[Array, "time 2"]
    actions: Int[Array, " time"]
    """-1 where there was none yet."""
    rewards: Float[Array, " time"]


class Memory(NamedTuple):
    dictionaries: Dictionary
    """One per action, along a leading axis."""
    walk: Walk
    time: Int[Array, ""]
    """Steps taken in this episode."""


class EpisodicValue(Agent):
    """Q(s, a) = sum_i w_i G_i over what is stored of action a (`dictionary.read`); the greatest is chosen.

    G_t is the discounted sum of the next n rewards (`rules.returns.n_step_sums`), stored backwards when the
    episode is over.
    An action of which nothing is stored is worth 0. Equal values are chosen among by chance. Probes: `q`, and `known`,
    whether the very state was met before with each action.
    """

    projection: Float[Array, "feature key"] | None
    config: EpisodicConfig = eqx.field(static=True)
    actions: int = eqx.field(static=True)
    seen: int = eqx.field(static=True)
    """Numbers in an observation."""
    episode_steps: int = eqx.field(static=True)

    cite: ClassVar[tuple[str, ...]] = ("botvinick2019", "blundell2016", "lengyel2008", "gershman2017")

    def embed(self, observation: Float[Array, "..."]) -> Float[Array, " key"]:
        """phi(o)."""
        flat = observation.ravel()
        return flat if self.projection is None else flat @ self.projection

    def init_state(self, key: Key[Array, ""]) -> Memory:
        size = self.seen if self.projection is None else self.projection.shape[1]
        one = dictionary.empty(self.config.capacity, size)
        every = jax.tree.map(lambda x: jnp.broadcast_to(x, (self.actions, *x.shape)), one)
        steps = self.episode_steps
        walk = Walk(
            jnp.zeros((steps, size)),
            jnp.zeros((steps, 2), jnp.uint32),
            jnp.full(steps, -1, jnp.int32),
            jnp.zeros(steps),
        )
        return Memory(every, walk, jnp.int32(0))

    def begin_episode(self, state: Memory) -> Memory:
        """What is stored stays."""
        return state

    def step(self, state: Memory, percept: Percept, key: Key[Array, ""]) -> tuple[Memory, Output]:
        rewards = paid(state, percept)
        query, identity = self.embed(percept.observation), fingerprint(percept.observation)
        found = jax.vmap(lambda one: dictionary.read(one, query, self.config, identity))(state.dictionaries)
        q = found.value[:, 0]
        logits = lapse(best(q), jnp.float32(self.config.epsilon))
        output = sampled(key, logits, q.max(), q=q, known=found.known.astype(jnp.float32))
        walk = Walk(
            state.walk.keys.at[state.time].set(query),
            state.walk.identities.at[state.time].set(identity),
            state.walk.actions.at[state.time].set(output.action),
            rewards,
        )
        used = jax.vmap(lambda one, index: dictionary.touch(one, index, self.config))(
            state.dictionaries, found.index
        )
        return Memory(used, walk, state.time + 1), output

    def end_episode(self, state: Memory, percept: Percept, key: Key[Array, ""]) -> Memory:
        """Store the episode, last step first."""
        walk = state.walk
        values = n_step_sums(paid(state, percept), self.config.gamma, self.config.horizon)[:, None]
        # From the last step to the first; what comes after it, of -1 on, was not lived.
        order = state.time - 1 - jnp.arange(self.episode_steps)
        backwards = (walk.keys[order], values[order], walk.identities[order])
        actions = jnp.where(order >= 0, walk.actions[order], -1)
        taken = actions[None] == jnp.arange(self.actions)[:, None]
        stored = jax.vmap(lambda one, when: dictionary.write_all(one, *backwards, when, self.config))(
            state.dictionaries, taken
        )
        blank = walk._replace(actions=jnp.full_like(walk.actions, -1), rewards=jnp.zeros_like(walk.rewards))
        return Memory(stored, blank, jnp.int32(0))


def paid(state: Memory, percept: Percept) -> Float[Array, " time"]:
    """The episode's rewards with that of the last action, which was the one before step `time`."""
    at = jnp.where(state.time > 0, state.time - 1, state.walk.rewards.shape[0])
    return state.walk.rewards.at[at].set(percept.last_reward, mode="drop")


def make(task: Task, config: EpisodicConfig, key: Key[Array, ""]) -> EpisodicValue:
    """An agent with nothing stored; `key` draws the random projection."""
    seen = math.prod(task.observation_shape)
    projection = None
    if config.features:
        # Distances keep their length on average.
        projection = jax.random.normal(key, (seen, config.features)) / config.features**0.5
    return EpisodicValue(projection, config, task.actions, seen, task.episode_steps)


def box2(
    task: Task,
    key: Key[Array, ""],
    capacity: int = 1000,
    gamma: float = 0.95,
    epsilon: float = 0.0,
    horizon: int = 0,
    scale: float = 1.0,
    neighbours: int = 0,
    normalise: bool = True,
) -> EpisodicValue:
    """The review's Box 2: similarity is a Gaussian of the distance between what is seen and what was."""
    config = EpisodicConfig(
        **asdict(BOX2) | {"scale": scale, "neighbours": neighbours, "normalise": normalise},
        capacity=capacity,
        gamma=gamma,
        epsilon=epsilon,
        horizon=horizon,
    )
    return make(task, config, key)


def mfec(
    task: Task,
    key: Key[Array, ""],
    capacity: int = 1000,
    gamma: float = 1.0,
    epsilon: float = 0.005,
    features: int = 64,
    neighbours: int = MFEC.neighbours,
) -> EpisodicValue:
    """Model-Free Episodic Control: the best return from each state met, or the mean over its nearest neighbours
    (Blundell et al. 2016; 11 neighbours, 64 features, gamma 1, epsilon .005 in Atari)."""
    rules = asdict(MFEC) | {"neighbours": neighbours}
    config = EpisodicConfig(**rules, capacity=capacity, gamma=gamma, epsilon=epsilon, features=features)
    return make(task, config, key)
