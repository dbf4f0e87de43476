"""Baited foraging: the schedule by hand and by its own formula, bands, lengths, void trials, bad numbers."""

import jax
import numpy as np
import pytest
from rolls import roll, within

from fastslow.errors import UserError
from fastslow.tasks.foraging import Foraging, foraging_whole

PLAIN = Foraging(fixation=False, least_trials=40, trials=40)
"""Episodes of one length, one step a trial."""


def test_rewards_wait_where_they_were_laid_out():
    """The formula against the thing itself: lay out, wait, fetch."""
    rolled = roll(PLAIN, 512)
    trials = rolled.trials()
    assert trials["valid"].all() and within(
        trials["reward"] - np.take_along_axis(trials["p_reward"], trials["action"][:, None], axis=1)[:, 0],
        0.0,
    )
    generator = np.random.default_rng(0)
    choices = rolled.by_episode("action")
    base, paid = rolled.by_episode("p_base")[:, 0], 0
    waiting = np.zeros((512, 2), bool)
    for t in range(40):
        waiting |= generator.random((512, 2)) < base
        taken = np.arange(2) == choices[:, t, None]
        paid += (waiting & taken).sum()
        waiting &= ~taken
    assert abs(rolled.by_episode("reward").sum() - paid) < 4 * (2 * 0.25 * 512 * 40) ** 0.5
    np.testing.assert_allclose(base.sum(axis=1), 0.5, rtol=1e-6)


def test_probabilities_by_hand():
    rolled = roll(PLAIN, 4, actions=[0, 0, 1, 1, 0] * 8)
    base, p = rolled.by_episode("p_base")[:, 0], rolled.by_episode("p_reward")
    alone = np.array([[0, 0], [0, 1], [0, 2], [1, 0], [2, 0]])  # trials before each in which a side was left
    np.testing.assert_allclose(p[:, :5], 1 - (1 - base[:, None]) ** (alone + 1), rtol=1e-5)
    regret = p.max(axis=2) - np.take_along_axis(p, rolled.by_episode("action")[..., None], axis=2)[..., 0]
    np.testing.assert_allclose(rolled.by_episode("regret"), regret, atol=1e-6)
    np.testing.assert_array_equal(rolled.by_episode("correct"), regret <= 0)


def test_training_leaves_bands_out_and_the_test_does_not():
    def left(task):
        return jax.vmap(lambda key: task.sample(key).p_left)(jax.random.split(jax.random.key(0), 3000))

    trained, tested = np.asarray(left(Foraging())), np.asarray(left(foraging_whole()))
    band = np.floor(trained * 10).astype(int)
    np.testing.assert_allclose(np.bincount(band, minlength=5)[[0, 2, 4]] / 3000, 1 / 3, atol=0.04)
    assert set(band) == {0, 2, 4}
    np.testing.assert_allclose(np.bincount(np.floor(tested * 10).astype(int)) / 3000, 1 / 5, atol=0.03)
    assert tested.min() >= 0 and tested.max() <= 0.5


@pytest.fixture(scope="module")
def tested():
    return roll(foraging_whole(least_trials=3, trials=6), 256, actions=[0, 1, 0, 2] * 3)


def test_held_out_pairs_are_marked(tested):
    trials = tested.trials()
    left = trials["p_base"][:, 0]
    np.testing.assert_array_equal(
        trials["held_out"], ((left > 0.1) & (left < 0.2)) | ((left > 0.3) & (left < 0.4))
    )
    assert 0.2 < trials["held_out"].mean() < 0.6


def test_lengths_vary_and_cues_follow_each_other(tested):
    assert (tested.opening.observation == [1, 0]).all()
    last, seen = tested.outcomes.last, tested.outcomes.observation
    steps = last.argmax(axis=1) + 1
    np.testing.assert_array_equal(steps, 2 * tested.problem.trials)
    np.testing.assert_allclose(np.bincount(steps)[[6, 8, 10, 12]] / 256, 0.25, atol=0.12)
    assert (seen[:, 0] == [0, 1]).all() and (seen[:, 1] == [1, 0]).all()
    assert (tested.outcomes.reward[:, 0] == 0).all()


@pytest.mark.parametrize(
    ("fixation", "responses", "penalised"),
    [(True, [1, 1], 0), (True, [0, 0], 1), (True, [-3, 9], 0), (False, [2], 0)],
)
def test_an_invalid_response_costs_1_once_and_baits_wait(fixation, responses, penalised):
    task = Foraging(total=1.0, fixation=fixation, least_trials=2, trials=2)
    rolled = roll(task, 8, actions=responses + ([0, 1] if fixation else [0]))
    paid = rolled.outcomes.reward
    steps = len(responses)
    expected = np.zeros(steps)
    expected[penalised] = -1
    np.testing.assert_array_equal(paid[:, :steps], np.tile(expected, (8, 1)))
    row = {name: rolled.by_episode(name)[:, 0] for name in rolled.outcomes.trial}
    assert (row["action"] == -1).all() and not row["valid"].any() and (row["penalty"] == -1).all()
    assert (row["reward"] == 0).all() and not row["correct"].any()
    np.testing.assert_allclose(row["regret"], row["p_reward"].max(axis=1))
    # Nobody came, so in the next trial something has waited once at either side.
    base, following = row["p_base"], rolled.by_episode("p_reward")[:, 1]
    np.testing.assert_allclose(following, 1 - (1 - base) ** 2, rtol=1e-4, atol=1e-5)
    assert rolled.by_episode("valid")[:, 1].all()
    if fixation and penalised == 0:
        assert (rolled.outcomes.observation[:, 0] == 0).all()


@pytest.mark.parametrize(
    ("name", "value"), [("total", 1.2), ("penalty", -1), ("trials", 0), ("least_trials", 101)]
)
def test_a_parameter_out_of_range_is_refused(name, value):
    with pytest.raises(UserError, match=f"{name} is {value}"):
        Foraging(**{name: value})
