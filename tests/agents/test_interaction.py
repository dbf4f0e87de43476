"""The loop between agent and world: boundaries, percepts, lanes."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from fastslow.agents.agent import Agent
from fastslow.agents.interaction import interaction
from fastslow.loop import run, run_seeds, step_keys
from fastslow.tasks.bandit import IndependentBandit
from fastslow.timestep import Output


class CounterState(NamedTuple):
    steps: Array
    begun: Array
    ended: Array
    final_reward: Array


class Counter(Agent):
    """Counts what it is told; pulls arm 0 at even times, arm 1 at odd ones."""

    cite = ()

    def init_state(self, key):
        return CounterState(*(jnp.int32(0),) * 3, jnp.float32(0))

    def begin_episode(self, state):
        return state._replace(begun=state.begun + 1)

    def end_episode(self, state, percept, key):
        return state._replace(ended=state.ended + 1, final_reward=state.final_reward + percept.last_reward)

    def step(self, state, percept, key):
        action = (percept.time % 2).astype(jnp.int32)
        output = Output(action, jnp.zeros(2), jnp.float32(0), jnp.zeros(0), {})
        return state._replace(steps=state.steps + 1), output


def lived(steps, pulls=5, lanes=3):
    return run(interaction(Counter(), IndependentBandit(pulls=pulls), lanes), jax.random.key(1), steps)


def test_percepts_carry_the_last_action_and_reward_and_know_where_episodes_begin():
    _, trace = lived(12)
    np.testing.assert_array_equal(trace.percept.time[:, 0], [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1])
    np.testing.assert_array_equal(trace.percept.first[:, 0], np.arange(12) % 5 == 0)
    np.testing.assert_array_equal(trace.last[:, 0], np.arange(12) % 5 == 4)
    later = ~np.asarray(trace.percept.first[1:])
    assert (np.asarray(trace.percept.last_action[0]) == -1).all()
    np.testing.assert_array_equal(
        np.where(later, trace.output.action[:-1], -1), np.asarray(trace.percept.last_action[1:])
    )
    np.testing.assert_array_equal(
        np.where(later, trace.reward[:-1], 0), np.asarray(trace.percept.last_reward[1:])
    )


def test_every_episode_is_begun_and_ended_and_its_last_reward_arrives():
    lanes, trace = lived(12)
    np.testing.assert_array_equal(lanes.agent_state.steps, 12)
    np.testing.assert_array_equal(lanes.agent_state.begun, 3)
    np.testing.assert_array_equal(lanes.agent_state.ended, 2)
    np.testing.assert_array_equal(lanes.agent_state.final_reward, np.asarray(trace.reward)[[4, 9]].sum(0))


def test_a_new_problem_is_drawn_at_each_boundary_and_for_each_lane():
    _, trace = lived(10)
    p = np.asarray(trace.trial["p_reward"])
    assert np.unique(p[:5, :, 0]).size == 3 and np.unique(p[:, :, 0]).size == 6
    assert (p[:5] == p[0]).all()


def test_a_run_cut_in_two_is_the_same_run_bit_for_bit():
    loop = interaction(Counter(), IndependentBandit(pulls=5), 3)
    key = jax.random.key(1)
    whole, trace = run(loop, key, 12)
    half, first = run(loop, key, 7)
    rest, second = run(loop, key, 5, half, start=7)
    joined = jax.tree.map(lambda a, b: jnp.concatenate([a, b]), first, second)
    for a, b in zip(jax.tree.leaves((whole, trace)), jax.tree.leaves((rest, joined)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_step_keys_never_repeat_and_depend_on_the_count_alone():
    key = jax.random.key(4)
    keys = jax.random.key_data(step_keys(key, 50))
    assert len(np.unique(keys, axis=0)) == 50
    np.testing.assert_array_equal(keys[20:], jax.random.key_data(step_keys(key, 30, start=20)))


def test_seed_s_alone_is_seed_s_in_any_sweep():
    loop = interaction(Counter(), IndependentBandit(pulls=5), 2)
    key = jax.random.key(0)
    _, sweep = jax.jit(lambda: run_seeds(loop, key, [5, 0, 3], 7))()
    _, alone = jax.jit(lambda: run_seeds(loop, key, [3], 7))()
    np.testing.assert_array_equal(np.asarray(sweep.reward)[2], np.asarray(alone.reward)[0])
    assert (np.asarray(sweep.trial["p_reward"])[0] != np.asarray(sweep.trial["p_reward"])[1]).all()


class Sharing(Counter):
    """All lanes have one state."""

    @property
    def state_axes(self):
        return None

    def begin_episode(self, state):
        return state

    def end_episode(self, state, percept, key):
        return state

    def step(self, state, percept, key):
        return state, super().step(state, percept, key)[1]


def test_lanes_that_live_once_are_spared_the_next_episode_unless_they_share():
    task, key = IndependentBandit(pulls=5), jax.random.key(1)
    often, once = (run(interaction(Counter(), task, 3, once), key, 6)[1] for once in (False, True))
    for a, b in zip(jax.tree.leaves(often), jax.tree.leaves(once), strict=True):
        np.testing.assert_array_equal(a[:5], b[:5])
    assert often.percept.first[5].all() and not once.percept.first[5].any()
    shared = run(interaction(Sharing(), task, 3, once=True), key, 6)[1]
    assert shared.percept.first[5].all()
