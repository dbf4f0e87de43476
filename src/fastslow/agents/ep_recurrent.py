"""The episodic meta-RL agent: a recurrent network that gets back what its activity was when this context was last met.

Meta-RL learns each task anew in its activity, and loses what it learned when the next task begins. Here the cell state
is stored under the task's context when the task is left, and reinstated, as far as a learned gate lets it in, when the
context is met again: what was once learned is recalled and not learned a second time (Ritter et al. 2018, "Been There,
Done That"; box 3 of Botvinick et al. 2019).

The memory is a `memory.dictionary` in the agent's state, one per lane and part of the context: keys are contexts scaled
to length 1, so that the nearest is the nearest by cosine; values are cell states (of a GRU, outputs). Every state that
is to be stored is appended, as published, even under a context that is there already; of equally near ones the latest
is recalled. So a barcode gives back what was known when it was last left, and noisy ones, no two of which need be
alike, are treated no differently. The oldest gives way when all slots are taken, and the end of an episode empties it.
No gradient reaches what is stored.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from fastslow.agents import recurrent
from fastslow.agents.recurrent import RecurrentAgent, RecurrentConfig, sample
from fastslow.errors import UserError, check
from fastslow.memory import dictionary
from fastslow.memory.dictionary import Dictionary, Rules
from fastslow.memory.kernels import KERNELS
from fastslow.networks import ep_gru, ep_lstm, gru, lstm
from fastslow.tasks.task import Task, check_count, check_range
from fastslow.timestep import Cue, Output, Percept

EPISODIC = {"lstm": (ep_lstm, ep_lstm.EpLSTM), "gru": (ep_gru, ep_gru.EpGRU)}
"""The cores with gates for what is recalled."""
NO_CUE = (
    "{} gives no context to store activity under or recall it by; wrap it in Recurring, which lets a task come back "
    "under a context of its own."
)
RECALLS = ("gate", "input", "none")


@dataclass(frozen=True)
class EpRecurrentConfig(RecurrentConfig):
    """Wiring of the episodic agent; its controls are settings too."""

    core: Literal["lstm", "gru"] = "lstm"
    """Recurrent network; with `recall` gate, the episodic LSTM (Ritter 2018) or GRU (ours)."""
    see_time: bool = False
    """Feed the fraction of the episode that has passed."""
    recall: Literal["gate", "input", "none"] = "gate"
    """What is done with the state recalled: it enters the cell through gates of its own (Ritter 2018), it is one more
    input (memory without gate), or nothing is recalled (the plain network)."""
    capacity: int = 100
    """States that the memory holds."""
    neighbours: int = 1
    """States recalled at once and averaged, the nearest by cosine (Ritter 2018: 1)."""
    kernel: Literal["inverse", "gaussian", "uniform"] = "inverse"
    """How they are weighed by squared distance, which is 2 - 2 cosine, where there is more than one."""
    scale: float = 0.1
    """Squared distance at which that weight has fallen to 1/2 (`inverse`) or 1/e (`gaussian`)."""
    squash: bool = True
    """tanh of the state recalled (public implementations; Ritter 2018: the state itself)."""
    restart: bool = True
    """Begin every task with the learned initial activity; without it activity goes on over the episode."""
    ablate: bool = False
    """Recall nothing, as if no gate ever opened: the lesion, for agents that were trained without it."""
    lost: tuple[int, ...] = ()
    """Parts of the context by which nothing is recalled, 0 the first: who goes by the others alone (none)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, known in (("core", EPISODIC), ("recall", RECALLS), ("kernel", KERNELS)):
            given = getattr(self, name)
            if given not in known:
                raise UserError(f"{name} is '{given}', but it must be one of: {', '.join(known)}.")
        check_count("capacity", self.capacity, 1)
        check_count("neighbours", self.neighbours, 1)
        check_range("scale", self.scale, 1e-6, 1e6)
        for part in self.lost:
            check_count("lost", part, 0)

    @property
    def rules(self) -> Rules:
        """How the memory is read and written."""
        count = min(self.neighbours, self.capacity)
        kernel = "uniform" if count == 1 else self.kernel
        return Rules(count, kernel, self.scale, evict="oldest", newest=True)


class EpState(NamedTuple):
    """All that one step hands to the next."""

    core: PyTree
    """The core's state."""
    memory: Dictionary | None
    """One dictionary for each part of the context; nothing where nothing is recalled."""


class Recollection(NamedTuple):
    """What the memory gave."""

    state: Float[Array, "*batch part unit"]
    """0 where nothing is stored, or nothing may be recalled."""
    which: Int[Array, "*batch part"]
    """The nearest state, by number: how many had been stored in the episode before it; -1 where there is none."""
    similarity: Float[Array, "*batch part"]
    """Cosine of its context and the present one; 0 where there is none."""


class EpRecurrentAgent(RecurrentAgent):
    """A recurrent agent with a memory of its own activity; inputs and heads are those of `RecurrentAgent`."""

    core: ep_lstm.EpLSTM | ep_gru.EpGRU | lstm.LSTM | gru.GRU
    config: EpRecurrentConfig = eqx.field(static=True)
    context_shape: tuple[int, int] = eqx.field(static=True)
    """Parts of a context and the length of each."""

    cite: ClassVar[tuple[str, ...]] = ("ritter2018", "botvinick2019")

    def init_state(self, key: Key[Array, ""]) -> EpState:
        parts, code = self.context_shape
        if self.config.recall == "none":
            return EpState(self.core.initial, None)
        memory = dictionary.empty(self.config.capacity, code, self.heads.shape[0])
        return EpState(self.core.initial, dictionary.stack(memory, parts))

    def begin_episode(self, state: EpState) -> EpState:
        """With nothing in memory; the activity is left to `step`, as in `RecurrentAgent`."""
        return state if state.memory is None else state._replace(memory=dictionary.emptied(state.memory))

    def inputs(self, percept: Percept) -> Float[Array, "*batch input"]:
        """As `RecurrentAgent`; where a task begins afresh, there is no last action either."""
        begins = self.begins(percept)
        return super().inputs(
            percept._replace(
                last_action=jnp.where(begins, -1, percept.last_action),
                last_reward=jnp.where(begins, 0.0, percept.last_reward),
                first=begins,
            )
        )

    def begins(self, percept: Percept) -> Array:
        """Where the activity starts from the learned initial state."""
        if percept.cue is None or not self.config.restart:
            return percept.first
        return percept.first | percept.cue.begins

    def recollect(self, memory: Dictionary | None, cue: Cue | None) -> Recollection:
        """What the memory gives at this step."""
        parts, units = self.context_shape[0], self.heads.shape[0]
        nothing = Recollection(jnp.zeros((parts, units)), jnp.full(parts, -1, jnp.int32), jnp.zeros(parts))
        if memory is None or self.config.ablate:
            return nothing

        def recall(memory: Dictionary, query: Float[Array, " code"], kept: Bool[Array, ""]) -> Recollection:
            near = dictionary.neighbours_of(memory, query, self.config.rules)
            weights = dictionary.weigh(near.distance, near.index >= 0, self.config.rules)
            best, distance = near.index[0], near.distance[0]
            there = (best >= 0) & cue.recall & kept
            state = jnp.where(there, weights @ memory.values[near.index], 0.0)
            which = jnp.where(there, memory.stamp[best] - 1, -1)
            return Recollection(state, which, jnp.where(there, 1.0 - distance / 2, 0.0))

        return jax.vmap(recall)(memory, unit_length(cue.context), self.kept)

    @property
    def kept(self) -> Bool[Array, " part"]:
        """By which parts of the context something may be recalled."""
        parts = range(self.context_shape[0])
        lost = parts if self.config.ablate else self.config.lost
        return jnp.array([part not in lost for part in parts])

    def store(
        self, memory: Dictionary | None, cue: Cue | None, state: PyTree, recalled: Recollection | None = None
    ) -> Dictionary | None:
        """The memory after this step, in which it gave what was `recalled`, if it was asked."""
        if memory is None:
            return memory
        when = jnp.broadcast_to(cue.store, self.context_shape[0])
        if recalled is not None:
            # Both impossible, which the compiler cannot know: what it is to write then depends on all that it reads,
            # and it writes in place. Else it may write first, and copies the keys at every step to read them as they
            # were.
            when &= ~((recalled.similarity > 1) | (recalled.which < -1))
        write = partial(dictionary.write, rules=self.config.rules)
        return jax.vmap(write, (0, 0, None, None, 0))(
            memory, unit_length(cue.context), stored(state), None, when
        )

    def advance(self, state: EpState, percept: Percept) -> tuple[EpState, Recollection, PyTree]:
        """One step of recalling, computing and storing; also the core's activity."""
        if state.memory is not None:
            check(percept.cue is not None, NO_CUE.format("The task"))
            # As at the end of an episode, for unrolls over several.
            memory = state.memory._replace(
                used=jnp.where(percept.first, 0, state.memory.used),
                clock=jnp.where(percept.first, 0, state.memory.clock),
            )
            state = state._replace(memory=memory)
        recalled = jax.lax.stop_gradient(self.recollect(state.memory, percept.cue))
        core_rules, _ = recurrent.CORES[self.config.core]
        core_state = core_rules.start_where(self.begins(percept), self.core.initial, state.core)
        x = self.inputs(percept)
        if self.config.recall == "gate":
            core_state, activity = self.core.step(core_state, x, recalled.state)
        else:
            core_state, activity = self.core.step(core_state, self.beside(x, recalled.state))
        memory = self.store(state.memory, percept.cue, core_state, recalled)
        return EpState(core_state, memory), recalled, activity

    def beside(
        self, x: Float[Array, "*batch input"], recalled: Float[Array, "*batch part unit"] | None
    ) -> Float[Array, "*batch more"]:
        """The inputs of a core without gates for what is recalled."""
        if self.config.recall == "none":
            return x
        seen = jnp.tanh(recalled) if self.config.squash else recalled
        return jnp.concatenate([x, seen.reshape(*x.shape[:-1], -1)], axis=-1)

    def step(self, state: EpState, percept: Percept, key: Key[Array, ""]) -> tuple[EpState, Output]:
        """Probes: `activity`; where there is a memory, the `recollection`, and of it `recalled` (which),
        `recalled_similarity` and `recalled_state` (one part after the other); with gates, `gate`: how far they are
        open, from 0 to 1, the mean over units."""
        state, recalled, activity = self.advance(state, percept)
        logits, value = self.read_out(activity.h)
        action = sample(logits, jax.random.uniform(key))
        probes = {"activity": activity} | self.probes(recalled, activity)
        return state, Output(action, logits, value, activity.h, probes)

    def probes(self, recalled: Recollection, activity: PyTree) -> dict[str, PyTree]:
        if self.config.recall == "none":
            return {}
        probes = {"recalled": recalled.which, "recalled_similarity": recalled.similarity}
        if self.config.recall == "gate":
            core_rules, _ = EPISODIC[self.config.core]
            probes["gate"] = core_rules.reinstatement(self.core, activity) * self.kept
        if self.context_shape[0] == 1:
            probes = {name: values[0] for name, values in probes.items()}
        return probes | {"recollection": recalled, "recalled_state": recalled.state.ravel()}

    def unroll(self, state: EpState, percepts: Percept) -> tuple[Array, Array]:
        """Logits and values over `[time lane]` percepts, differentiable in the weights (not in `state`).

        What is recalled is what these weights would have stored.
        """
        data = jax.lax.stop_gradient(self)

        def step(state: EpState, percept: Percept) -> tuple[EpState, tuple[Recollection, PyTree]]:
            state, *lived = jax.vmap(data.advance)(state, percept)
            return state, tuple(lived)

        recalled, activity = jax.lax.scan(step, state, percepts)[1]
        return self.read_out(self.relived(percepts, recalled.state, activity))

    def relive(self, percepts: Percept, output: Output) -> tuple[Array, Array]:
        """`unroll` without its forward pass: `output` is what these very weights gave when they acted."""
        probes = jax.lax.stop_gradient(output.probes)
        recalled = probes["recollection"].state if "recollection" in probes else None
        return self.read_out(self.relived(percepts, recalled, probes["activity"]))

    def relived(self, percepts: Percept, recalled: Array | None, activity: PyTree) -> Array:
        """The core's outputs, differentiable in the weights; nothing is searched for again."""
        x, begins = self.inputs(percepts), self.begins(percepts)
        if self.config.recall == "gate":
            core_rules, _ = EPISODIC[self.config.core]
            return core_rules.relive(self.core, x, begins, recalled, activity)
        core_rules, _ = recurrent.CORES[self.config.core]
        return core_rules.relive(self.core, self.beside(x, recalled), begins, activity)


def stored(state: PyTree) -> Float[Array, "*batch unit"]:
    """What of a core's state is stored: an LSTM's cell state; all that a GRU has."""
    return state.c if isinstance(state, lstm.LSTMState) else state


def unit_length(context: Float[Array, "*batch code"]) -> Float[Array, "*batch code"]:
    """Scaled to length 1, so that distances rank as cosines do; a context of zeros stays as it is."""
    norm = jnp.sqrt((context**2).sum(-1, keepdims=True))
    return context / jnp.maximum(norm, 1e-12)


def ablated(agent: EpRecurrentAgent, ablate: bool = True) -> EpRecurrentAgent:
    """The same agent with its recall lesioned, r_t = 0 (or, with False, restored)."""
    return replace(agent, config=replace(agent.config, ablate=ablate))


def without(agent: EpRecurrentAgent, *parts: int) -> EpRecurrentAgent:
    """The same agent, recalling by the other parts of the context alone; of none, by all again."""
    return replace(agent, config=replace(agent.config, lost=parts))


def make(task: Task, config: EpRecurrentConfig, key: Key[Array, ""]) -> EpRecurrentAgent:
    """A newborn agent for the observations, actions and contexts of `task`.

    `UserError` where the task gives no cue that the settings ask for.
    """
    cue = jax.eval_shape(lambda key: task.start(task.sample(key), key)[1].cue, jax.random.key(0))
    check(
        cue is not None or (config.recall == "none" and not config.restart),
        NO_CUE.format(type(task).__name__),
    )
    shape = (1, 1) if cue is None else cue.context.shape
    for part in config.lost:
        check(
            part < shape[0],
            f"lost has {part}, but contexts of {type(task).__name__} have {shape[0]} part{'s' * (shape[0] > 1)}; "
            "the first is 0.",
        )
    plain = recurrent.make(task, config, key)
    core, inputs = plain.core, plain.core.input.shape[0]
    if config.recall == "gate":
        core = EPISODIC[config.core][1](inputs, config.units, key, shape[0], config.squash)
    elif config.recall == "input":
        core = recurrent.CORES[config.core][1](inputs + shape[0] * config.units, config.units, key)
    if config.span and config.recall != "none":
        core_rules, _ = recurrent.CORES[config.core]
        core = core_rules.remembering(core, jax.random.fold_in(key, 3), config.span)
    return EpRecurrentAgent(
        plain.encoder, core, plain.heads, plain.bias, config, plain.episode_steps, tuple(shape)
    )
