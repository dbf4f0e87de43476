"""The certain and the risky lever: forced presses, what each lever pays, what invalid responses cost."""

import jax
import numpy as np
import pytest
from rolls import roll, within

from fastslow.errors import UserError
from fastslow.tasks.risky_choice import RiskyChoice


def test_forced_trials_show_either_lever_as_often_and_then_both_are_out():
    task = RiskyChoice(trials=14)
    rolled = roll(task, 40)
    seen = rolled.outcomes.observation[:, :-1].reshape(40, -1, 3)
    # After each fixation (every other outcome) the levers are out.
    levers = seen[:, ::2, 1:]
    assert (levers[:, :10].sum((0, 1)) == 40 * 5).all() and (levers[:, :10].sum(-1) == 1).all()
    assert (levers[:, 10:] == 1).all()
    assert not (levers[:, :10] == levers[:1, :10]).all(), "the order of forced presses is random"
    assert (rolled.by_episode("forced").sum(1) == 10).all()


def test_levers_pay_as_stated_and_the_risky_one_is_on_either_side():
    rolled = roll(RiskyChoice(trials=60), 60)
    rows = rolled.trials()
    pressed, risky = rows["valid"], rows["risky"]
    assert (rows["reward"][pressed & ~risky] == 1).all() and (rows["reward"][~pressed] == 0).all()
    for p_win in (0.125, 0.5):
        paid = rows["reward"][risky & (rows["p_win"] == p_win)]
        assert set(np.unique(paid)) == {0.0, 4.0} and within(paid / 4, p_win)
    side = rolled.problem.risky
    assert 0.25 < side.mean() < 0.75
    free = rows["valid"] & ~rows["forced"]
    best = np.where(rows["p_win"] > 0.25, risky, ~risky)
    assert (rows["correct"][free] == best[free]).all()
    np.testing.assert_allclose(rows["regret"][free & ~best & risky], 0.5)
    np.testing.assert_allclose(rows["regret"][free & ~best & ~risky], 1.0)


def test_what_the_cue_does_not_ask_for_costs_one():
    task = RiskyChoice(forced=0, trials=3)
    rolled = roll(task, 2, actions=[0, 0, 2, 1, 0, 2])  # right; void press; wrong at fixation, then right
    rows = rolled.trials()
    np.testing.assert_array_equal(rows["penalty"], [-1, -1, 0] * 2)
    np.testing.assert_array_equal(rows["valid"], [False, True, True] * 2)
    np.testing.assert_array_equal(rows["action"], [-1, 0, 1] * 2)
    np.testing.assert_array_equal(rolled.outcomes.reward[:, :3], [[0, -1, -1]] * 2)


def test_without_fixation_a_trial_is_one_step():
    task = RiskyChoice(fixation=False, trials=12)
    assert (task.episode_steps, task.actions, task.observation_shape) == (12, 2, (2,))
    assert jax.numpy.asarray(roll(task, 4).outcomes.last)[:, -1].all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"forced": 3}, "forced is 3, but either lever must be forced as often"),
        ({"p_low": 0.6}, r"p_low is 0\.6.* and p_high is 0\.5"),
        ({"p_high": 1.5}, r"p_high is 1\.5"),
        ({"trials": 0}, "trials is 0"),
    ],
)
def test_a_parameter_out_of_range_is_refused(given, message):
    with pytest.raises(UserError, match=message):
        RiskyChoice(**given)
