"""A life is one episode after the other, and what was stored in one is there in the next."""

import jax
import numpy as np
import pytest

from fastslow.agents.interaction import interaction
from fastslow.agents.q_table import q_table
from fastslow.agents.uniform import uniform
from fastslow.loop import run
from fastslow.records.lifetime import lifetime
from fastslow.records.record import trials
from fastslow.tasks.bandit import IndependentBandit
from fastslow.tasks.corridor import Corridor

KEY = jax.random.key(0)


def test_the_rows_are_the_episodes_in_their_order():
    task = Corridor(length=4, limit=20)
    rows = trials(lifetime(q_table(task), task, KEY, 3, 5))
    for subject, key in enumerate(jax.random.split(KEY, 3)):
        _, trace = run(interaction(q_table(task), task, 1), key, 5 * task.episode_steps)
        ends = np.flatnonzero(np.asarray(trace.last)[:, 0])[:5]
        mine = rows[rows["subject"] == f"seed {subject}"]
        assert mine["episode"].tolist() == [0, 1, 2, 3, 4]
        np.testing.assert_array_equal(mine["steps"], np.asarray(trace.trial["steps"])[ends, 0])


def test_vectors_and_all_trials_are_kept():
    task = IndependentBandit(arms=3, pulls=4)
    record = lifetime(uniform(task), task, KEY, 2, 3, attrs={"why": "a test"})
    assert dict(record.sizes)["trial"] == 4 and record["p_reward"].shape == (2, 3, 4, 3)
    assert record.attrs["why"] == "a test" and record.attrs["task"] == "IndependentBandit"
    # Each episode has its own arms, the same in all of its trials.
    p = record["p_reward"].to_numpy()
    assert (p == p[:, :, :1]).all() and len(np.unique(p[:, :, 0, 0])) == 6


@pytest.mark.parametrize(("subjects", "episodes", "said"), [(0, 1, "subjects is 0"), (1, 0, "episodes is 0")])
def test_nobody_and_nothing_are_refused(subjects, episodes, said):
    task = Corridor(length=4, limit=20)
    with pytest.raises(ValueError, match=said):
        lifetime(q_table(task), task, KEY, subjects, episodes)
