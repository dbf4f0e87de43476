"""Drifting arms: the walk and the rewards have the moments that were asked for, and reminders are of the past."""

import numpy as np
import pytest
from rolls import roll, within

from fastslow.errors import UserError
from fastslow.tasks.drifting_bandit import DriftingBandit

EPISODES = 400


@pytest.fixture(scope="module")
def rolled():
    return roll(DriftingBandit(arms=2, pulls=30, reminders=0.4), EPISODES)


def test_means_walk_and_decay_as_published(rolled):
    means = rolled.by_episode("mean_reward")
    assert means[:, 0].std() == pytest.approx(0.155, rel=0.1)
    steps = means[:, 1:] - (0.9836 * means[:, :-1] + 0.0164 * 0.5)
    assert within(steps.ravel(), 0.0) and steps.std() == pytest.approx(0.028, rel=0.02)
    # In the long run the walk is as spread as at the start.
    assert means[:, -1].std() == pytest.approx(0.028 / (1 - 0.9836**2) ** 0.5, rel=0.1)


def test_arms_pay_around_their_means(rolled):
    trials = rolled.trials()
    taken = np.take_along_axis(trials["mean_reward"], trials["action"][:, None], 1)[:, 0]
    noise = trials["reward"] - taken
    assert within(noise, 0.0) and noise.std() == pytest.approx(0.04, rel=0.02)
    np.testing.assert_allclose(trials["regret"], trials["mean_reward"].max(1) - taken, atol=1e-6)
    np.testing.assert_array_equal(trials["correct"], trials["regret"] == 0)


def test_reminders_are_of_past_trials_each_as_likely(rolled):
    shown = rolled.by_episode("reminder")
    assert (shown[:, 0] == -1).all()
    assert (shown < np.arange(30)).all() and within(shown[:, 1:] >= 0, 0.4)
    last = shown[:, 29]
    assert within(last[last >= 0], 14.0)
    np.testing.assert_array_equal(rolled.outcomes.observation[:, :-1, 0], shown[:, 1:])
    assert (roll(DriftingBandit(arms=2, pulls=30), 8).by_episode("reminder") == -1).all()


def test_a_missed_pull_pays_nothing():
    rolled = roll(DriftingBandit(arms=2, pulls=3), 8, actions=[-1, 2, 0])
    np.testing.assert_array_equal(rolled.by_episode("valid"), [[False, False, True]] * 8)
    assert (rolled.outcomes.reward[:, :2] == 0).all()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"decay": 1.1}, "decay is 1.1"), ({"noise": -1}, "noise is -1"), ({"arms": 0}, "arms is 0")],
)
def test_parameters_are_checked(wrong, said):
    with pytest.raises(UserError, match=said):
        DriftingBandit(**wrong)
