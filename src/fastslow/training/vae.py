"""What is seen is learned first, by chance and without reward; then the agent lives on what it has learned to see.

Blundell et al. 2016 so embed the frames of a game: a variational autoencoder is trained on what a random policy meets,
and its means are the keys of model-free episodic control from then on. The steps of the random policy are part of the
curve, which so begins as late as the paper's.

Departure: the autoencoder learns while its frames come in, not when all are there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, Key, PyTree, Shaped

from fastslow.agents.agent import Agent
from fastslow.agents.interaction import Lane, interaction
from fastslow.agents.uniform import Uniform
from fastslow.errors import check
from fastslow.loop import Loop, run
from fastslow.memory import replay
from fastslow.memory.replay import Replay
from fastslow.networks.embedding import as_float
from fastslow.networks.frames import picture, shape_of
from fastslow.networks.vae import FORMS, Bound, Decoder, Encoder, bound
from fastslow.tasks.task import Task, check_count, check_range
from fastslow.training.living import LivingConfig, living_of, short, told_of
from fastslow.training.replayed import resume_with_replay


@dataclass(frozen=True)
class VaeConfig(LivingConfig):
    """How much is seen before the agent lives, and how it is learned."""

    random_steps: int = 20_000
    """Steps of a random policy, of all lanes together, before the agent lives (Blundell 2016: 250,000)."""
    passes: int = 20
    """Gradient steps in each round of them (Blundell 2016: 400,000 in all)."""
    batch: int = 100
    """Pictures of a gradient step (Blundell 2016: 100)."""
    slots: int = 20_000
    """Pictures kept to draw from (Blundell 2016: all of 1,000,000 frames)."""
    learning_rate: float = 1e-3
    """Step size of RMSProp (Blundell 2016: 1e-5)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("random_steps", "passes"):
            check_count(name, getattr(self, name), 0)
        check_count("batch", self.batch, 1)
        check_range("learning_rate", self.learning_rate, 0, 1e6)
        least = 2 * self.lanes * self.unroll
        check(
            self.slots >= least,
            f"slots is {self.slots}, but two rounds of {self.lanes} lanes and {self.unroll} steps need {least}.",
        )

    @property
    def rows(self) -> int:
        """Slots of each lane: a multiple of what is added at a time."""
        return self.slots // self.lanes // self.unroll * self.unroll


class Sight(NamedTuple):
    """What learns to see."""

    encoder: Encoder
    decoder: Decoder
    optimizer: PyTree


class VaeState(NamedTuple):
    """All there is of a run."""

    agent: Agent
    """Its embedding is the encoder."""
    decoder: Decoder
    optimizer: PyTree
    lanes: Lane
    replay: Replay
    """What the random policy saw."""
    steps: Int[Array, ""]
    """Steps lived, of all lanes together."""


def vae(task: Task, make_agent: Callable[[Task, Key[Array, ""]], Agent], config: VaeConfig) -> Loop:
    """The loop over rounds; its metrics are those of `living.told_of`, and the two terms of the bound per picture
    (`likelihood`, `divergence`; 0 when nothing is learned any more)."""
    form = jax.eval_shape(lambda: make_agent(task, jax.random.key(0)))
    check(
        isinstance(getattr(form, "embedding", None), Encoder),
        f"The trainer 'vae' trains the autoencoder that an agent sees by, but this {type(form).__name__} "
        f"has none; take mfec with encoder {' or '.join(FORMS)}.",
    )
    frames = form.config.frames
    check(
        config.rows > frames,
        f"slots is {config.slots}, but {config.lanes} lanes that see {frames} frames at once need more.",
    )
    optimizer, walker = optax.rmsprop(config.learning_rate), Uniform(task.actions)
    live = living_of(task, config)

    def init(key: Key[Array, ""]) -> VaeState:
        birth_key, lanes_key, decoder_key = jax.random.split(key, 3)
        agent = make_agent(task, birth_key)
        decoder = Decoder(shape_of(task.observation_shape, frames), agent.embedding.form, decoder_key)
        lanes = interaction(agent, task, config.lanes).init(lanes_key)
        kept = replay.empty(config.rows, config.lanes, jax.eval_shape(lambda: lanes.percept.observation[0]))
        return VaeState(agent, decoder, optimizer.init((agent.embedding, decoder)), lanes, kept, jnp.int32(0))

    def walk(lanes: Lane, kept: Replay, key: Key[Array, ""]) -> tuple[Lane, Replay, dict[str, Array]]:
        """A round of chance; what the agent carries is not touched."""
        state = jax.vmap(lambda _: walker.blank())(jnp.arange(config.lanes))
        walking = lanes._replace(agent_state=state)
        walking, trace = run(interaction(walker, task, config.lanes), key, config.unroll, walking)
        kept = replay.add(
            kept,
            trace.percept.observation,
            trace.output.action,
            trace.reward,
            trace.discount,
            trace.last,
            trace.output.value,
        )
        return walking._replace(agent_state=lanes.agent_state), kept, told_of(short(trace))

    def see(sight: Sight, kept: Replay, key: Key[Array, ""]) -> tuple[Sight, Float[Array, "2"]]:
        """A gradient step up the bound; with its two terms."""
        draw_key, noise_key = jax.random.split(key)
        seen = replay.draw_uniformly(kept, draw_key, config.batch, 1, 1.0, frames).observation
        noise = jax.random.normal(noise_key, (config.batch, sight.encoder.features))

        def loss(parts: tuple[Encoder, Decoder]) -> tuple[Float[Array, ""], Float[Array, "2"]]:
            encoder, decoder = parts

            def of_one(seen: Array, noise: Array) -> Bound:
                return bound(encoder.distribution(seen), decoder, seen, noise)

            pictures = as_float(jax.vmap(picture)(seen))
            terms = jax.tree.map(jnp.mean, jax.vmap(of_one)(pictures, noise))
            return -terms.value, jnp.stack(terms)

        parts = (sight.encoder, sight.decoder)
        gradient, terms = jax.grad(loss, has_aux=True)(parts)
        change, moments = optimizer.update(gradient, sight.optimizer)
        return Sight(*optax.apply_updates(parts, change), moments), terms

    def step(state: VaeState, key: Key[Array, ""]) -> tuple[VaeState, dict[str, Array]]:
        walk_key, see_key = jax.random.split(key)
        told = jax.tree.map(
            lambda metric: jnp.zeros(metric.shape, metric.dtype),
            jax.eval_shape(lambda: live(state.agent, state.lanes, key)[1]),
        )
        by_chance = state.steps < config.random_steps
        # Loops of one round or of none, not choices: what a choice passes on is copied.
        lanes, kept, told = jax.lax.fori_loop(
            0,
            by_chance.astype(int),
            lambda _, now: walk(now[0], now[1], walk_key),
            (state.lanes, state.replay, told),
        )
        lanes, told = jax.lax.fori_loop(
            0, (~by_chance).astype(int), lambda _, now: live(state.agent, now[0], key), (lanes, told)
        )

        def once(i: Array, now: tuple[Sight, Array]) -> tuple[Sight, Array]:
            sight, sums = now
            sight, terms = see(sight, kept, jax.random.fold_in(see_key, i))
            return sight, sums + terms / config.passes

        sight, terms = jax.lax.fori_loop(
            0,
            jnp.where(by_chance & (replay.drawable(kept, 1, frames)[1] > 0), config.passes, 0),
            once,
            (Sight(state.agent.embedding, state.decoder, state.optimizer), jnp.zeros(2)),
        )
        agent = eqx.tree_at(lambda agent: agent.embedding, state.agent, sight.encoder)
        steps = state.steps + config.lanes * config.unroll
        after = VaeState(agent, sight.decoder, sight.optimizer, lanes, kept, steps)
        return after, told | {"likelihood": terms[0], "divergence": terms[1]}

    def watched(state: VaeState) -> VaeState:
        lanes = state.lanes._replace(agent_state=state.agent.watched(state.lanes.agent_state))
        return state._replace(lanes=lanes, replay=replay.watched(state.replay, config.unroll))

    return Loop(init, step, resume_with_replay(task, config.lanes), watched)


def drawn_again(
    encoder: Encoder, decoder: Decoder, pictures: Shaped[Array, "batch ..."]
) -> Float[Array, "batch ..."]:
    """The means of the pixels, drawn from the means of the code; pictures as `networks.frames.picture` gives them."""
    return jax.vmap(lambda seen: decoder(encoder(seen)).mean)(as_float(pictures))
