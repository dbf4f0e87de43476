"""What chance sees is learned, then the agent lives on it: pictures are drawn again better than by their mean, and
nothing is learned or lived out of turn."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.agents import episodic_value, uniform
from fastslow.errors import UserError
from fastslow.loop import run
from fastslow.networks.embedding import as_float
from fastslow.networks.vae import Encoder, Form
from fastslow.tasks.gymnax_bridge import minatar
from fastslow.training.vae import VaeConfig, drawn_again, vae

KEY = jax.random.key(0)
CONFIG = VaeConfig(updates=5, lanes=4, unroll=25, random_steps=300, passes=2, batch=8, slots=400)
TINY = Form(((8, 4, 3),), 32, 8)
"""An encoder that learns in seconds."""


def newborn(task, key):
    agent = episodic_value.mfec(task, key, capacity=300, features=8, neighbours=3)
    return eqx.tree_at(lambda agent: agent.embedding, agent, Encoder(task.observation_shape, TINY, key))


def seen_by(task, key, frames=1):
    return episodic_value.mfec(task, key, capacity=300, features=32, encoder="vae_small", frames=frames)


def test_a_stack_of_frames_is_one_picture():
    loop = vae(minatar("breakout"), lambda *of: seen_by(*of, frames=3), CONFIG)
    state = jax.eval_shape(loop.init, KEY)
    assert state.agent.embedding.layers[0].filters.shape[2] == 12
    assert jax.eval_shape(loop.step, state, KEY)[0].decoder.shape == (10, 10, 12)


def test_chance_comes_first_and_the_agent_lives_on_what_it_saw():
    loop = vae(minatar("breakout"), newborn, CONFIG)
    step = jax.jit(lambda state, start: run(loop, KEY, 1, state, start))
    states, rows = [jax.jit(loop.init)(KEY)], []
    for update in range(CONFIG.updates):
        state, row = step(states[-1], jnp.int32(update))
        states.append(state)
        rows.append({name: float(values[0]) for name, values in row.items()})
    first, before, after, end = states[0], states[2], states[3], states[5]
    assert all(row["likelihood"] != 0 and row["divergence"] > 0 for row in rows[:3])
    assert all(row["likelihood"] == row["divergence"] == 0 for row in rows[3:])
    # While chance acts nothing is stored, and the agent's own state is as at birth.
    assert int(after.lanes.agent_state.dictionaries.used.sum()) == 0
    np.testing.assert_array_equal(after.lanes.agent_state.walk.keys, first.lanes.agent_state.walk.keys)
    assert int(after.replay.added) == int(end.replay.added) == 75
    # Then it lives, and what it sees by changes no more.
    assert int(end.lanes.agent_state.dictionaries.used.sum()) > 0
    for a, b, c in zip(
        *(jax.tree.leaves(state.agent.embedding) for state in (before, after, end)), strict=True
    ):
        assert float(jnp.abs(a - b).max()) > 0
        np.testing.assert_array_equal(b, c)
    assert [int(state.steps) for state in (after, end)] == [300, 500]
    assert all(row["episodes"] > 0 for row in rows)


@pytest.mark.slow
def test_pictures_are_drawn_again_better_than_by_their_mean():
    """On pictures that were not learned; MinAtar's invaders move, so that their mean is a blur."""
    task, config = (
        minatar("space_invaders"),
        replace(CONFIG, random_steps=8000, passes=20, batch=100, slots=6000),
    )

    def seen_by(task, key):
        return episodic_value.mfec(task, key, capacity=300, features=32, encoder="vae_small")

    loop = vae(task, seen_by, config)
    state, rows = run(loop, KEY, 60)
    learned = as_float(state.replay.observation.reshape(-1, *task.observation_shape))
    # What comes in during 20 more rounds, seen by what was learned before.
    looking = vae(task, seen_by, replace(config, passes=0))
    later = run(looking, KEY, 20, state, 60)[0].replay.observation[:400]
    apart = later.reshape(-1, *task.observation_shape)
    mean = float(((jnp.broadcast_to(learned.mean(0), apart.shape) - as_float(apart)) ** 2).mean())
    error = float(((drawn_again(state.agent.embedding, state.decoder, apart) - as_float(apart)) ** 2).mean())
    assert error < 0.7 * mean
    assert (rows["divergence"] > 0).all()
    bound = rows["likelihood"] - rows["divergence"]
    assert float(bound[-1]) > float(bound[20]) > float(bound[0])


def test_what_cannot_be_trained_so_is_refused():
    with pytest.raises(UserError, match=r"this Uniform has none; take mfec with encoder vae or vae_small"):
        vae(minatar("breakout"), lambda task, key: uniform.uniform(task), CONFIG)
    stacking = replace(CONFIG, unroll=1, slots=8)
    with pytest.raises(UserError, match="slots is 8, but 4 lanes that see 4 frames at once need more"):
        vae(minatar("breakout"), lambda *of: seen_by(*of, frames=4), stacking)
    with pytest.raises(UserError, match="slots is 150, but two rounds of 4 lanes and 25 steps need 200"):
        replace(CONFIG, slots=150)
    with pytest.raises(UserError, match="batch is 0"):
        replace(CONFIG, batch=0)
