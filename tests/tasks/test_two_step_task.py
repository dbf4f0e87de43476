"""The one-choice two-step task: published rates, scripted trials by hand, void trials, sweeps, bad numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from rolls import roll, within

from fastslow.errors import UserError
from fastslow.tasks.two_step import TwoStep, TwoStepInOne, wang2016

VALID_WITH_FIXATION = [0, 1, 2] * 100


@pytest.mark.parametrize(
    ("task", "actions", "common", "swap"),
    [
        (TwoStepInOne(), None, 0.8, 0.025),
        (TwoStep(), VALID_WITH_FIXATION, 0.8, 0.025),
        (TwoStep(fixation=False), None, 0.8, 0.025),
        (wang2016(), None, 0.75, 0.0),
    ],
    ids=["in one", "fixation", "no fixation", "2016"],
)
def test_published_rates(task, actions, common, swap):
    rolled = roll(task, 512, actions=actions)
    trials = rolled.trials()
    assert trials["valid"].all() and len(trials["trial"]) == 51_200
    assert within(trials["transition"], common)
    np.testing.assert_array_equal(trials["transition"], trials["action"] == trials["state"])
    good = trials["p_reward"].argmax(1)
    np.testing.assert_allclose(np.sort(trials["p_reward"], axis=1), [[0.1, 0.9]] * len(good), rtol=1e-6)
    assert within(trials["reward"][trials["state"] == good], 0.9)
    assert within(trials["reward"][trials["state"] != good], 0.1)
    sides = rolled.by_episode("p_reward").argmax(2)
    np.testing.assert_array_equal(sides[:, 0], rolled.problem)
    assert within(sides[:, 0], 0.5) and within(sides[:, 1:] != sides[:, :-1], swap)


def test_regret_is_of_expected_reward():
    trials = roll(TwoStepInOne(), 64).trials()
    right = trials["action"] == trials["p_reward"].argmax(1)
    np.testing.assert_array_equal(trials["correct"], right)
    # .8 * .9 + .2 * .1 = .74 for the better choice, .26 for the other
    np.testing.assert_allclose(trials["regret"], np.where(right, 0.0, 0.48), atol=1e-6)


def test_in_one_shows_the_state_just_reached():
    rolled = roll(TwoStepInOne(), 16)
    assert (rolled.opening.observation == 0).all()
    np.testing.assert_array_equal(rolled.outcomes.observation, np.eye(2)[rolled.outcomes.trial["state"]])


def test_cues_follow_each_other():
    rolled = roll(TwoStep(trials=4), 64, actions=[0, 2, 1] * 4)
    fixation, first, zero, one = np.eye(4)
    assert (rolled.opening.observation == fixation).all()
    seen = rolled.outcomes.observation.reshape(64, 4, 3, 4)
    assert (seen[:, :, 0] == first).all() and (seen[:, :, 2] == fixation).all()
    np.testing.assert_array_equal(seen[:, :, 1], np.stack([zero, one])[rolled.by_episode("state")])
    assert (
        rolled.by_episode("action") == 1
    ).all()  # action 2 of 3 is right, whatever answers the second stage
    assert (rolled.outcomes.reward.reshape(64, 4, 3)[:, :, :2] == 0).all()


@pytest.mark.parametrize(
    ("fixation", "responses", "penalised"),
    [
        (True, [1, 1, 1], 0),
        (True, [0, 0, 1], 1),
        (True, [0, 1, 0], 2),
        (True, [7, 0, -5], 0),
        (False, [2, 0], 0),
        (False, [0, -1], 1),
    ],
)
def test_an_invalid_response_costs_1_once_and_voids_the_trial(fixation, responses, penalised):
    task = TwoStep(fixation=fixation, trials=2, reward_low=1.0, reward_high=1.0)
    valid = [0, 1, 1] if fixation else [0, 0]
    rolled = roll(task, 8, actions=responses + valid)
    steps = len(valid)
    expected = np.zeros(2 * steps)
    expected[penalised] = -1
    expected[-1] = 1  # the trial after it is as any
    np.testing.assert_array_equal(rolled.outcomes.reward, np.tile(expected, (8, 1)))
    seen = rolled.outcomes.observation
    assert (seen[:, penalised : steps - 1] == 0).all() and (seen[:, steps - 1 :].sum(2) == 1).all()
    row = {name: rolled.by_episode(name)[:, 0] for name in rolled.outcomes.trial}
    for column in ("action", "state", "transition", "penalty"):
        assert (row[column] == -1).all()
    assert not row["valid"].any() and not row["correct"].any() and (row["reward"] == 0).all()
    np.testing.assert_allclose(row["regret"], 1.0)
    assert rolled.by_episode("valid")[:, 1].all()


def test_what_is_paid_is_reward_and_penalty():
    rolled = roll(TwoStep(), 64)
    paid = rolled.outcomes.reward.reshape(64, 100, 3).sum(2)
    np.testing.assert_array_equal(paid, rolled.by_episode("reward") + rolled.by_episode("penalty"))
    assert within(rolled.by_episode("valid"), 1 / 3 * 2 / 3 * 2 / 3)


def test_certain_worlds_are_certain():
    rolled = roll(TwoStepInOne(1.0, 1.0, 0.0, 1.0, 10), 32)
    good = (rolled.problem[:, None] + np.arange(10)) % 2  # swaps at every trial but the first
    np.testing.assert_array_equal(rolled.by_episode("reward"), rolled.by_episode("action") == good)
    assert rolled.by_episode("transition").all()


def test_a_parameter_is_swept_by_vmap():
    tasks = jax.vmap(lambda p: TwoStepInOne(transition=p))(jnp.array([0.5, 0.7, 1.0]))
    rates = jax.vmap(
        lambda task, key: jax.lax.map(
            lambda key: task.step(task.start(jnp.int32(0), key)[0], jnp.int32(0), key)[1].trial["transition"],
            jax.random.split(key, 4000),
        ).mean(),
        in_axes=(0, None),
    )(tasks, jax.random.key(0))
    np.testing.assert_allclose(rates, [0.5, 0.7, 1.0], atol=4 * 0.5 / 4000**0.5)


@pytest.mark.parametrize("make", [TwoStep, TwoStepInOne])
@pytest.mark.parametrize(
    ("name", "value"),
    [("transition", 1.2), ("transition", 0.3), ("reward_high", -0.1), ("swap", float("nan")), ("trials", 0)],
)
def test_a_parameter_out_of_range_is_refused(make, name, value):
    with pytest.raises(UserError, match=f"{name} is"):
        make(**{name: value})
