"""Episodic control: what paid before, in states like this one, is done again.

The review's Box 2 (Botvinick et al. 2019): every state met is stored with the discounted sum of the rewards that
followed it, by the action taken there, and a new state's value is that of those stored, weighted by similarity. With
the rules of `memory.dictionary.MFEC` and a random projection it is Model-Free Episodic Control (Blundell et al. 2016,
Algorithm 1), in which nothing is learned slowly. With the rules `NEC`, returns that are bootstrapped and convolutions
that a trainer changes slowly (`training.replayed`) it is Neural Episodic Control (Pritzel et al. 2017, Algorithm 1).
"""

from dataclasses import asdict, dataclass
from typing import ClassVar, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, Shaped, UInt32

from fastslow.agents.agent import Agent
from fastslow.agents.observer import best, lapse, sampled
from fastslow.errors import UserError
from fastslow.memory import dictionary
from fastslow.memory.dictionary import BOX2, MFEC, NEC, Dictionary, Recalled, Rules
from fastslow.memory.identity import fingerprint
from fastslow.networks.embedding import FORMS, as_float, embedding
from fastslow.networks.frames import none_before, picture, shape_of, stacked
from fastslow.rules.returns import n_step_sum, sums_to_end
from fastslow.tasks.task import Task, check_count, check_range
from fastslow.timestep import Output, Percept


@dataclass(frozen=True)
class EpisodicConfig(Rules):
    """What is stored, and how it decides."""

    capacity: int = 1000
    """Entries per action (Blundell 2016: 1,000,000; Pritzel 2017: 500,000)."""
    gamma: float = 0.95
    """Discount (Box 2: below 1; Blundell 2016, Atari: 1; Pritzel 2017: .99)."""
    horizon: int = 0
    """n: steps over which rewards are summed; 0: to the end of the episode (Pritzel 2017: 100)."""
    bootstrap: bool = False
    """What is expected after n steps counts too, as it was valued when it was met (Pritzel 2017, eq. 3)."""
    epsilon: float = 0.0
    """Probability of a uniform action (Blundell 2016: .005); a trainer may set another."""
    encoder: str = ""
    """Convolutions that embed what is seen, by name (networks.embedding.FORMS); none: see `features`."""
    try_first: int = 0
    """Entries of an action below which it comes first in states where its value is not known (public code of MFEC: one
    more than the neighbours)."""
    frames: int = 1
    """How many of the latest frames are seen at once, and embedded and looked up as one (Pritzel 2017: 4)."""
    features: int = 0
    """Numbers in an embedding: outputs of the encoder, or of a Gaussian random projection (Blundell 2016: 64); 0: what
    is seen, as it is."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("capacity", self.capacity, 1)
        check_range("gamma", self.gamma, 0, 1)
        check_count("horizon", self.horizon, 0)
        check_range("epsilon", self.epsilon, 0, 1)
        check_count("try_first", self.try_first, 0)
        check_count("frames", self.frames, 1)
        check_count("features", self.features, 1 if self.encoder else 0)
        if self.encoder and self.encoder not in FORMS:
            raise UserError(f"encoder is '{self.encoder}', but it must be one of: {', '.join(FORMS)}.")


class Walk(NamedTuple):
    """The latest steps, those of which it is not known yet what came of them: step t in row t modulo their number.
    What is older than the episode is of earlier ones."""

    keys: Float[Array, "row key"]
    identities: UInt32[Array, "row 2"]
    actions: Int[Array, " row"]
    rewards: Float[Array, " row"]


class Due(NamedTuple):
    """The step whose n rewards have been seen, to be stored."""

    key: Float[Array, " key"]
    identity: UInt32[Array, "2"]
    action: Int[Array, ""]
    goal: Float[Array, ""]
    when: Bool[Array, ""]
    """There is one."""


class Memory(NamedTuple):
    dictionaries: Dictionary
    """One per action, along a leading axis; shared by all lanes."""
    walk: Walk
    """Long, so it is changed by `step` alone, a row at a time: whatever else changes it copies it."""
    time: Int[Array, ""]
    """Steps taken in this episode."""
    finished: Int[Array, ""]
    """Steps of an episode that is over and not yet stored; 0: none is."""
    last_reward: Float[Array, ""]
    """Paid for the last action of that episode."""
    earlier: Shaped[Array, "... frame"] | tuple[()]
    """Frames before the latest (`networks.frames`)."""
    touched: Int[Array, "action neighbour"]
    """Which entries were neighbours at this step."""
    due: Due


class EpisodicValue(Agent):
    """Q(s, a) = sum_i w_i G_i over what is stored of action a (`dictionary.read`); the greatest is chosen.

    G_t is the discounted sum of the next n rewards (`rules.returns.n_step_sum`), stored when they have been seen, and
    what is left of it (`sums_to_end`) when the episode is over, the last step first.
    An action of which nothing is stored is worth 0. Equal values are chosen among by chance. Probes: `q`, and `known`,
    whether the very state was met before with each action (where the rules look states up exactly).
    """

    embedding: eqx.Module
    epsilon: Float[Array, ""]
    config: EpisodicConfig = eqx.field(static=True)
    actions: int = eqx.field(static=True)
    episode_steps: int = eqx.field(static=True)
    seen: tuple[int, ...] = eqx.field(static=True)
    """Shape of one frame."""
    inborn: Dictionary | None = None
    """What is stored at birth, where anything is; of a trained agent (`remembering`) what it stored in training."""

    cite: ClassVar[tuple[str, ...]] = (
        "botvinick2019",
        "blundell2016",
        "pritzel2017",
        "lengyel2008",
        "gershman2017",
    )

    @property
    def rows(self) -> int:
        """Most steps of which it is not known yet what came of them."""
        return min(self.config.horizon or self.episode_steps, self.episode_steps)

    @property
    def state_axes(self) -> Memory:
        return Memory(None, 0, 0, 0, 0, 0, 0, 0)

    def init_state(self, key: Key[Array, ""]) -> Memory:
        rows, capacity = self.rows, self.config.capacity
        walk = Walk(
            jnp.zeros((rows, self.embedding.features)),
            jnp.zeros((rows, 2), jnp.uint32),
            jnp.zeros(rows, jnp.int32),
            jnp.zeros(rows),
        )
        neighbours = min(self.config.neighbours or capacity, capacity)
        blank = dictionary.stack(dictionary.empty(capacity, self.embedding.features), self.actions)
        return Memory(
            blank if self.inborn is None else self.inborn,
            walk,
            jnp.int32(0),
            jnp.int32(0),
            jnp.float32(0),
            none_before(self.seen, self.config.frames),
            jnp.full((self.actions, neighbours), -1, jnp.int32),
            Due(walk.keys[0], walk.identities[0], jnp.int32(0), jnp.float32(0), jnp.bool_(False)),
        )

    def remembering(self, state: Memory) -> "EpisodicValue":
        return eqx.tree_at(
            lambda agent: agent.inborn, self, state.dictionaries, is_leaf=lambda part: part is None
        )

    def begin_episode(self, state: Memory) -> Memory:
        """What is stored stays; of the frames before the episode nothing does."""
        return state._replace(earlier=jax.tree.map(jnp.zeros_like, state.earlier))

    def step(self, state: Memory, percept: Percept, key: Key[Array, ""]) -> tuple[Memory, Output]:
        seen, earlier = stacked(state.earlier, percept.observation)
        query, identity = self.embedding(as_float(seen)), fingerprint(seen)
        asked = identity if self.config.exact else None
        found = jax.lax.map(
            lambda action: dictionary.read(state.dictionaries, query, self.config, asked, (action,)),
            jnp.arange(self.actions),
        )
        q = found.value[:, 0]
        known = {"known": found.known.astype(jnp.float32)} if self.config.exact else {}
        early = (state.dictionaries.used < self.config.try_first) & ~found.known
        preferred = jnp.where(early.any(), early.astype(jnp.float32), q)
        output = sampled(key, lapse(best(preferred), self.epsilon), q.max(), q=q, **known)
        now, walk = state.time, state.walk
        # The reward of the action before this one; at the beginning there was none.
        paid = jnp.where(now > 0, (now - 1) % self.rows, self.rows)
        walk = walk._replace(rewards=walk.rewards.at[paid].set(percept.last_reward, mode="drop"))
        due, row = self.due(walk, now, output.value), now % self.rows
        walk = walk._replace(
            keys=walk.keys.at[row].set(query),
            identities=walk.identities.at[row].set(identity),
            actions=walk.actions.at[row].set(output.action),
        )
        state = state._replace(walk=walk, time=now + 1, earlier=earlier, touched=found.index, due=due)
        return state, output

    def due(self, walk: Walk, now: Int[Array, ""], value: Float[Array, ""]) -> Due:
        """What came of the step in whose row the present one will be, now that its n rewards have been seen and what
        is thought of the present state is known."""
        row = now % self.rows
        goal = jnp.float32(0)
        if self.config.horizon:
            beyond = value if self.config.bootstrap else goal
            goal = n_step_sum(jnp.roll(walk.rewards, -row), self.config.gamma, beyond)
        return Due(walk.keys[row], walk.identities[row], walk.actions[row], goal, now >= self.rows)

    def end_episode(self, state: Memory, percept: Percept, key: Key[Array, ""]) -> Memory:
        """The episode is whole, and ready to be stored; also where it was cut off, as if nothing had followed."""
        nothing = jnp.zeros_like(state.time)
        return state._replace(time=nothing, finished=state.time, last_reward=percept.last_reward)

    def settle(self, state: Memory) -> Memory:
        """Note which entries were neighbours; store what is due, then the episodes that are over, lane by lane, last
        step first."""

        def note(one: Dictionary, index: Int[Array, "lane neighbour"]) -> Dictionary:
            return dictionary.touch(one, index.ravel(), self.config)

        used, due = jax.vmap(note, (0, 1))(state.dictionaries, state.touched), state.due
        used = dictionary.write_all(
            used, due.key, due.goal[:, None], due.identity, due.when, self.config, due.action
        )
        over = state.finished > 0
        lanes = jnp.argsort(~over)

        def store(i: Array, memory: Dictionary) -> Dictionary:
            of_lane = (state.walk, state.finished, state.last_reward)
            return dictionary.write_all(memory, *self.entries(*jax.tree.map(lambda x: x[lanes[i]], of_lane)))

        stored = jax.lax.fori_loop(0, over.sum(), store, used)
        done = due._replace(when=jnp.zeros_like(due.when))
        return state._replace(dictionaries=stored, finished=jnp.zeros_like(state.finished), due=done)

    def watched(self, state: Memory) -> Memory:
        """Of the keys stored their lengths, finite only if the keys are; of those yet to be stored nothing."""
        walk = state.walk._replace(keys=())
        return state._replace(dictionaries=dictionary.watched(state.dictionaries), walk=walk)

    def entries(self, walk: Walk, steps: Int[Array, ""], last_reward: Float[Array, ""]) -> tuple:
        """What is left to store of an episode of so many steps, as `dictionary.write_all` takes it, the last step
        first."""
        time = steps - 1 - jnp.arange(self.rows)
        when, rows = time >= 0, time % self.rows
        rewards = jnp.where(when, walk.rewards[rows], 0.0).at[0].set(last_reward)
        goal = sums_to_end(rewards[::-1], self.config.gamma)[::-1]
        return walk.keys[rows], goal[:, None], walk.identities[rows], when, self.config, walk.actions[rows]

    def embedded(self, observations: Shaped[Array, "batch ..."]) -> Float[Array, "batch key"]:
        """Keys of frames, or of stacks of them."""
        return jax.vmap(lambda seen: self.embedding(as_float(picture(seen))))(observations)

    def neighbours(
        self, memory: Dictionary, observations: Shaped[Array, "batch ..."], actions: Int[Array, " batch"]
    ) -> Int[Array, "batch neighbour"]:
        """The entries of each action that are near each state; -1 where there is none."""
        return dictionary.neighbours_of_each(memory, self.embedded(observations), self.config, actions)

    def without_own(
        self,
        memory: Dictionary,
        index: Int[Array, "batch neighbour"],
        observations: Shaped[Array, "batch ..."],
        actions: Int[Array, " batch"],
    ) -> Int[Array, "batch neighbour"]:
        """The same neighbours without those (now -1) that are the very state that was seen."""
        own = jax.vmap(fingerprint)(observations)
        theirs = memory.identity[actions[:, None], index]
        return jnp.where((theirs == own[:, None]).all(axis=-1), -1, index)

    def values(
        self,
        recalled: Recalled,
        there: Bool[Array, "batch neighbour"],
        observations: Shaped[Array, "batch ..."],
    ) -> Float[Array, " batch"]:
        """Q(s, a) of many from what was recalled for each, as a trainer learns it: gradients reach the embedding, and
        the entries."""
        return jax.vmap(lambda *one: dictionary.value_of(*one, self.config)[0])(
            recalled, self.embedded(observations), there
        )


def make(task: Task, config: EpisodicConfig, key: Key[Array, ""]) -> EpisodicValue:
    """An agent with nothing stored; `key` draws the embedding."""
    form = FORMS[config.encoder] if config.encoder else None
    frame = task.observation_shape
    embed = embedding(shape_of(frame, config.frames), form, config.features, key)
    epsilon = jnp.float32(config.epsilon)
    return EpisodicValue(embed, epsilon, config, task.actions, task.episode_steps, frame)


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
    frames: int = 1,
    encoder: str = "",
    try_first: int = 0,
) -> EpisodicValue:
    """Model-Free Episodic Control: the best return from each state met, or the mean over its nearest neighbours
    (Blundell et al. 2016; 11 neighbours, 64 features, gamma 1, epsilon .005 in Atari; with the encoder `vae`, trained
    by the trainer of that name, 32 features)."""
    rules = asdict(MFEC) | {"neighbours": neighbours}
    config = EpisodicConfig(
        **rules,
        capacity=capacity,
        gamma=gamma,
        epsilon=epsilon,
        encoder=encoder,
        features=features,
        frames=frames,
        try_first=try_first,
    )
    return make(task, config, key)


@dataclass(frozen=True)
class NECConfig(EpisodicConfig):
    """Neural episodic control as published, but for sizes that fit a laptop and small pictures."""

    neighbours: int = NEC.neighbours
    kernel: Literal["inverse", "gaussian", "uniform"] = NEC.kernel
    scale: float = NEC.scale
    merge: Literal["append", "max", "average", "mean"] = NEC.merge
    rate: float = NEC.rate
    capacity: int = 20_000
    gamma: float = 0.99
    horizon: int = 100
    bootstrap: bool = True
    epsilon: float = 0.001
    encoder: str = "minatar"
    features: int = 64


def nec(task: Task, config: NECConfig, key: Key[Array, ""]) -> EpisodicValue:
    """Neural Episodic Control: a dictionary of values per action, whose keys a convolutional network makes, trained
    slowly (Pritzel et al. 2017; 500,000 entries, 50 neighbours, delta .001, alpha .1, N 100, gamma .99)."""
    return make(task, config, key)
