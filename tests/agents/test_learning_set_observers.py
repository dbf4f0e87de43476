"""The ideal observers of Harlow's task: a guess, then always right, and on the ring no step too many."""

import jax
import numpy as np
import pytest

from fastslow.agents.learning_set import learning_set
from fastslow.errors import UserError
from fastslow.records.collect import collect
from fastslow.tasks.bandit import IndependentBandit
from fastslow.tasks.harlow import Harlow
from fastslow.tasks.harlow_pixels import HarlowPixels
from fastslow.tasks.harlow_ring import HarlowRing

EPISODES = 400


@pytest.fixture(
    scope="module",
    params=[
        Harlow(),
        Harlow(one_recurs=True),
        Harlow(reward_right=1.0, reward_wrong=0.0),
        HarlowRing(limit=60),
        HarlowPixels(limit=64),
    ],
    ids=["codes", "one recurs", "no loss", "ring", "pixels"],
)
def behaved(request):
    task = request.param
    return task, collect([learning_set(task)], task, jax.random.key(3), EPISODES)


def test_one_trial_tells_all(behaved):
    _, record = behaved
    correct = record["correct"].to_numpy()[0]
    assert abs(correct[:, 0].mean() - 0.5) < 4 * 0.5 / EPISODES**0.5
    assert correct[:, 1:].all() and record["valid"].all()
    # What it expects when it chooses is what it gets, but for the first guess.
    paid = record["reward"].to_numpy()[0]
    assert (paid[:, 1:] == 1).all()


def test_values_are_expected_rewards():
    task = Harlow()
    record = collect([learning_set(task)], task, jax.random.key(0), 50)
    np.testing.assert_allclose(record["step_value"].to_numpy()[0], np.tile([0, 1, 1, 1, 1, 1], (50, 1)))


def test_on_the_ring_the_way_is_the_shortest():
    """One to three steps to the mark, three to an object, three back: 3 + 6 * 5 + (1 to 3)."""
    task = HarlowRing()
    record = collect([learning_set(task)], task, jax.random.key(1), 100)
    steps = np.isfinite(record["step_reward"].to_numpy()[0]).sum(axis=1)
    assert set(steps.tolist()) == {34, 35, 36}
    paid = np.nansum(record["step_reward"].to_numpy()[0], axis=1)
    np.testing.assert_allclose(paid, 6 * 0.2 + record["reward"].to_numpy()[0].sum(axis=1), rtol=1e-5)


def test_another_task_is_refused():
    with pytest.raises(UserError, match="learning_set assumes a task of kind Harlow or HarlowRing"):
        learning_set(IndependentBandit())
