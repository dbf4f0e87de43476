"""Stacks of frames: those of whoever acts are those that a replay puts together."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.agents import episodic_value
from fastslow.agents.episodic_value import EpisodicConfig
from fastslow.agents.interaction import interaction
from fastslow.errors import UserError
from fastslow.memory import replay
from fastslow.memory.identity import fingerprint
from fastslow.networks.frames import none_before, picture, shape_of, stacked
from fastslow.tasks.corridor import Corridor


def test_the_newest_comes_last_and_nothing_comes_before_the_first():
    earlier = none_before((2, 2), 3)
    for number in (7, 8, 9):
        seen, earlier = stacked(earlier, jnp.full((2, 2), number, jnp.uint8))
        assert seen.dtype == jnp.uint8 and seen.shape == shape_of((2, 2), 3) == (2, 2, 3)
    np.testing.assert_array_equal(seen[0, 0], [7, 8, 9])
    first, _ = stacked(none_before((2, 2), 3), jnp.full((2, 2), 5, jnp.uint8))
    np.testing.assert_array_equal(first[0, 0], [0, 0, 5])


@pytest.mark.parametrize(
    ("frame", "frames", "shape"),
    [
        ((84, 84), 1, (84, 84, 1)),
        ((10, 10, 4), 1, (10, 10, 4)),
        ((10, 10, 4), 2, (10, 10, 8)),
        ((5,), 1, (5,)),
    ],
)
def test_pictures_have_three_axes(frame, frames, shape):
    assert shape_of(frame, frames) == shape
    seen, _ = stacked(none_before(frame, frames), jnp.zeros(frame, bool))
    assert seen.shape == shape and picture(jnp.zeros((10, 10, 4, 2))).shape == (10, 10, 8)


def test_real_numbers_are_not_stacked():
    with pytest.raises(UserError, match="these are float32; set frames to 1"):
        stacked(none_before((3,), 2), jnp.zeros(3))


class Bytes(Corridor):
    """A corridor that is seen in bytes."""

    def start(self, problem, key):
        state, timestep = super().start(problem, key)
        return state, timestep._replace(observation=timestep.observation.astype(jnp.uint8))

    def step(self, state, action, key):
        state, timestep = super().step(state, action, key)
        return state, timestep._replace(observation=timestep.observation.astype(jnp.uint8))


def test_what_is_looked_up_is_what_the_replay_puts_together():
    task, key, lanes = Bytes(length=4, limit=12), jax.random.key(0), 2
    agent = episodic_value.make(task, EpisodicConfig(frames=3, epsilon=0.5, gamma=0.9), key)
    walks, trace = [], None

    @jax.jit
    def lived():
        loop = interaction(agent, task, lanes)

        def one(state, key):
            after, trace = loop.step(state, key)
            return after, (trace, after.agent_state.walk.identities, state.agent_state.time)

        return jax.lax.scan(one, loop.init(key), jax.random.split(key, 40))[1]

    trace, walks, time = lived()
    kept = replay.empty(40, lanes, trace.percept.observation[0, 0])
    kept = replay.add(
        kept,
        trace.percept.observation,
        trace.output.action,
        trace.reward,
        trace.discount,
        trace.last,
        trace.reward,
    )
    assert trace.last.sum() > 3
    for number in range(40):
        rows = replay.stacked(kept, jnp.full(lanes, number), jnp.arange(lanes), 3)
        for lane in range(lanes):
            expected = fingerprint(rows[lane])
            np.testing.assert_array_equal(walks[number, lane, time[number, lane]], expected)
