"""Episodic control against returns summed by hand, and its promise: what paid once is done again at once."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.agents.check import check_agent
from fastslow.agents.episodic_value import EpisodicConfig, box2, make, mfec
from fastslow.agents.interaction import interaction
from fastslow.agents.q_table import q_table
from fastslow.errors import UserError
from fastslow.loop import run
from fastslow.records.lifetime import lifetime
from fastslow.records.record import trials
from fastslow.rules.returns import n_step_sum, sums_to_end
from fastslow.tasks.corridor import Corridor

KEY = jax.random.key(0)
CORRIDOR = Corridor(length=5, limit=60)
EXACTLY = EpisodicConfig(scale=1e-6, gamma=0.9, capacity=400)
"""A delta kernel: states are alike where they are the same."""


def test_sums_of_rewards_are_those_added_up():
    rewards, gamma = np.random.default_rng(0).normal(size=7), 0.8
    by_hand = [sum(gamma**k * r for k, r in enumerate(rewards[t:])) for t in range(7)]
    np.testing.assert_allclose(sums_to_end(jnp.asarray(rewards, jnp.float32), gamma), by_hand, atol=1e-5)
    beyond = n_step_sum(jnp.asarray(rewards[:3], jnp.float32), gamma, jnp.float32(2.0))
    np.testing.assert_allclose(beyond, by_hand[0] - gamma**3 * (by_hand[3] - 2.0), atol=1e-5)


STEPS = 180


def lived(agent, task, steps):
    """What one subject saw, did and got, and its state at the end."""
    lane, trace = run(interaction(agent, task, 1), KEY, steps)
    one = jax.tree.map(lambda x: np.asarray(x)[:, 0], trace)
    return lane.agent_state, one


@pytest.mark.parametrize("merge", ["append", "mean"])
def test_with_a_delta_kernel_values_are_those_of_every_visit_monte_carlo(merge):
    agent = make(CORRIDOR, dataclasses.replace(EXACTLY, merge=merge, epsilon=0.5), KEY)
    state, trace = lived(agent, CORRIDOR, 300)
    sums, visits = np.zeros((5, 2)), np.zeros((5, 2))
    place = trace.percept.observation.argmax(-1)
    begin = 0
    for end in np.flatnonzero(trace.last):
        g = 0.0
        for t in range(end, begin - 1, -1):
            g = trace.reward[t] + 0.9 * g
            sums[place[t], trace.output.action[t]] += g
            visits[place[t], trace.output.action[t]] += 1
        # At the next episode's first step all this is known.
        if end + 1 < len(place):
            q = np.where(visits[0] > 0, sums[0] / np.maximum(visits[0], 1), 0.0)
            np.testing.assert_allclose(trace.output.probes["q"][end + 1], q, atol=1e-4)
        begin = end + 1
    assert trace.last.sum() > 8
    assert state.dictionaries.used.sum() == (visits.sum() if merge == "append" else (visits > 0).sum())


def test_the_path_that_paid_is_repeated_on_the_very_next_walk():
    task = Corridor(length=6, limit=300)
    agent = make(task, dataclasses.replace(EXACTLY, merge="max"), KEY)
    table = trials(lifetime(agent, task, KEY, 5, 3)).pivot(index="subject", columns="episode", values="steps")
    assert (table[0] > 5).any(), "the first walk is by chance"
    assert (table[[1, 2]] == 5).all(axis=None)
    slow = trials(lifetime(q_table(task), task, KEY, 5, 3)).pivot(
        index="subject", columns="episode", values="steps"
    )
    assert (slow[1] > 5).any()


def test_lanes_share_what_each_of_them_stored():
    agent = make(CORRIDOR, dataclasses.replace(EXACTLY, merge="max", epsilon=0.5), KEY)
    lane, trace = run(interaction(agent, CORRIDOR, 3), KEY, 80)
    place, action = np.asarray(trace.percept.observation).argmax(-1), np.asarray(trace.output.action)
    met = set()
    for one in range(3):
        ends = np.flatnonzero(np.asarray(trace.last)[:, one])
        assert len(ends), "each lane ended an episode"
        met |= {(place[t, one], action[t, one]) for t in range(ends[-1] + 1)}
    stored = lane.agent_state.dictionaries
    assert stored.used.shape == (2,), "one memory for all lanes"
    known = {
        (int(np.asarray(key).argmax()), a) for a in range(2) for key in stored.keys[a][: int(stored.used[a])]
    }
    assert known == met
    # All lanes value the same place alike, whoever of them was there.
    alike = {}
    for t, one in np.ndindex(place.shape):
        q = tuple(np.asarray(trace.output.probes["q"])[t, one].round(4))
        assert alike.setdefault((t, place[t, one]), q) == q


@pytest.mark.parametrize(
    ("horizon", "bootstrap"), [(1, True), (3, True), (3, False), (200, True), (0, False)]
)
def test_a_step_is_stored_once_its_n_rewards_are_seen_and_the_rest_when_the_episode_is_over(
    horizon, bootstrap
):
    config = dataclasses.replace(EXACTLY, epsilon=1.0, horizon=horizon, bootstrap=bootstrap)
    agent = make(CORRIDOR, config, KEY)
    lane, trace = run(interaction(agent, CORRIDOR, 1), KEY, STEPS)
    one = jax.tree.map(lambda x: np.asarray(x)[:, 0], trace)
    ends = np.flatnonzero(one.last)
    n, goals, begin = horizon or 200, [], 0
    for end in [*ends, 10_000]:
        for t in range(begin, min(end + 1, STEPS)):
            after = [0.9**k * one.reward[t + k] for k in range(min(n, min(end + 1, STEPS) - t))]
            if t + n <= end and t + n >= STEPS:
                continue  # Its n-th reward has not been seen by the last step.
            if t + n <= end:
                goals.append(sum(after) + (bootstrap and 0.9**n * one.output.value[t + n]))
            elif end < STEPS:
                goals.append(sum(after))
        begin = end + 1
    stored = lane.agent_state.dictionaries
    kept = np.concatenate([stored.values[a, : int(stored.used[a]), 0] for a in range(2)])
    np.testing.assert_allclose(np.sort(kept), np.sort(goals), atol=1e-5)
    assert np.max(goals) > 0 and len(ends) > 3
    assert (len(goals) > ends[-1] + 1) == (0 < horizon < 10), "some of the episode that is not over is stored"


def test_q_learning_is_the_sum_of_its_prediction_errors():
    agent = q_table(CORRIDOR, alpha=0.3, gamma=0.9, epsilon=0.2)
    _, trace = lived(agent, CORRIDOR, 200)
    q, place = np.zeros((5, 2)), trace.percept.observation.argmax(-1)
    for t in range(200):
        np.testing.assert_allclose(trace.output.probes["q"][t], q[place[t]], atol=1e-5)
        a, following = trace.output.action[t], 0.0
        if not trace.last[t]:
            after = place[t + 1] if t + 1 < 200 else None
            if after is None:
                break
            following = q[after].max()
        q[place[t], a] += 0.3 * (trace.reward[t] + 0.9 * following - q[place[t], a])
    assert trace.last.sum() > 3 and q[3, 1] > 0.5


@pytest.mark.parametrize(
    "agent",
    [
        box2(CORRIDOR, KEY, capacity=50),
        mfec(CORRIDOR, KEY, capacity=20, features=3, neighbours=2),
        q_table(CORRIDOR),
    ],
    ids=["box2", "mfec", "q_table"],
)
def test_agents_that_remember_keep_their_promises(agent):
    check_agent(agent, CORRIDOR, KEY, forgets=False)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"capacity": 0}, "capacity is 0"),
        ({"gamma": 1.1}, "gamma is 1.1"),
        ({"epsilon": -0.1}, "epsilon is -0.1"),
        ({"horizon": -1}, "horizon is -1"),
        ({"rate": 2.0}, "rate is 2"),
    ],
)
def test_bad_settings_are_refused(wrong, said):
    with pytest.raises(UserError, match=said):
        EpisodicConfig(**wrong)


def test_a_life_of_no_episodes_is_refused():
    with pytest.raises(UserError, match="episodes is 0"):
        lifetime(q_table(CORRIDOR), CORRIDOR, KEY, 2, 0)


def test_an_action_of_which_little_is_stored_comes_first():
    config = dataclasses.replace(EXACTLY, merge="append", try_first=30)
    state, _ = lived(make(CORRIDOR, config, KEY), CORRIDOR, 200)
    eager = state.dictionaries.used
    assert (eager >= 30).all()
    state, _ = lived(make(CORRIDOR, dataclasses.replace(config, try_first=0), KEY), CORRIDOR, 200)
    assert state.dictionaries.used.min() < 30, "the action that never paid is hardly tried"
