"""Yoking changes nothing of what the leader does, and what the agent makes of that is what is recorded."""

import jax
import numpy as np

from fastslow.agents.rescorla_wagner import rescorla_wagner
from fastslow.agents.uniform import uniform
from fastslow.agents.yoked import Yoked
from fastslow.records.collect import collect
from fastslow.tasks.bandit import CorrelatedBandit

KEY = jax.random.key(0)


def test_the_leader_acts_and_the_agent_is_recorded():
    task = CorrelatedBandit(pulls=5)
    alone = collect([uniform(task)], task, KEY, 6)
    together = collect([Yoked(rescorla_wagner(task, alpha=0.5), uniform(task))], task, KEY, 6)
    for name in ("action", "reward"):
        np.testing.assert_array_equal(alone[name], together[name])
    q = np.full((6, 2), 0.5)
    for t in range(5):
        np.testing.assert_allclose(together["step_value"][0, :, t], q.max(axis=1), atol=1e-6)
        taken = together["action"].to_numpy()[0, :, t]
        q[np.arange(6), taken] += 0.5 * (together["reward"].to_numpy()[0, :, t] - q[np.arange(6), taken])
