"""The inferred-value task: its rates, a trial step by step, and what an invalid response costs."""

import jax.numpy as jnp
import numpy as np
import pytest
from rolls import roll, within

from fastslow.errors import UserError
from fastslow.tasks.inferred_value import InferredValue

TASK = InferredValue()
FIXATION, LEFT, RIGHT, BLANK = np.vstack([np.eye(3), np.zeros(3)])


def guided(**parameters):
    """A roll that keeps fixation; targets are answered at random, so that half of the trials are valid."""
    task = InferredValue(**parameters)
    rng = np.random.default_rng(0)
    steps = np.zeros((256, task.trials, 3), np.int32)
    steps[:, :, 1] = rng.integers(1, 3, steps.shape[:2])
    return roll(task, 256, actions=steps.reshape(256, -1))


def test_one_side_pays_and_reverses_with_the_hazard():
    rolled = guided()
    trials = rolled.trials()
    side, cue = rolled.by_episode("side"), rolled.by_episode("cue")
    assert within(cue, 0.5) and within(side[:, 0], 0.5) and within(side[:, 1:] != side[:, :-1], 0.05)
    np.testing.assert_array_equal(side[:, 0], rolled.problem)
    np.testing.assert_array_equal(trials["p_reward"], np.eye(2)[trials["side"]])
    valid = trials["valid"]
    assert within(valid, 0.5)
    np.testing.assert_array_equal(trials["reward"][valid], (trials["cue"] == trials["side"])[valid])
    np.testing.assert_array_equal(trials["action"][valid], trials["cue"][valid])
    assert (trials["action"][~valid] == -1).all() and (trials["reward"][~valid] == 0).all()
    np.testing.assert_array_equal(trials["penalty"], -1.0 * ~valid)
    np.testing.assert_array_equal(trials["regret"], ~valid & (trials["cue"] == trials["side"]))


def test_what_is_seen_and_paid_step_by_step():
    rolled = guided(trials=6)
    assert (rolled.opening.observation == FIXATION).all()
    seen = rolled.outcomes.observation.reshape(256, 6, 3, 3)
    paid = rolled.outcomes.reward.reshape(256, 6, 3)
    cue = rolled.by_episode("cue")
    np.testing.assert_array_equal(seen[:, :, 0], np.stack([LEFT, RIGHT])[cue])
    assert (seen[:, :, 1] == BLANK).all() and (seen[:, :, 2] == FIXATION).all()
    assert (paid[:, :, [0, 2]] == 0).all()
    np.testing.assert_array_equal(paid[:, :, 1], rolled.by_episode("reward") + rolled.by_episode("penalty"))
    np.testing.assert_array_equal(rolled.outcomes.last.reshape(256, -1)[:, -1], True)


@pytest.mark.parametrize("first", [1, 2, -1, 3])
def test_broken_fixation_costs_once_and_hides_the_target(first):
    rolled = roll(TASK, 8, actions=[first, 0, 0] + [0, 1, 0] * 49)
    assert (rolled.outcomes.reward[:, 0] == -1).all() and (rolled.outcomes.reward[:, 1:3] == 0).all()
    assert (rolled.outcomes.observation[:, :2] == BLANK).all() and (
        rolled.outcomes.observation[:, 2] == FIXATION
    ).all()
    for column in ("cue", "action", "penalty"):
        assert (rolled.by_episode(column)[:, 0] == -1).all()
    assert not rolled.by_episode("valid")[:, 0].any() and (rolled.by_episode("cue")[:, 1:] >= 0).all()


def test_certain_reversals():
    rolled = guided(hazard=1.0, penalty=0.25)
    np.testing.assert_array_equal(
        rolled.by_episode("side"), (np.asarray(rolled.problem)[:, None] + np.arange(50)) % 2
    )
    assert set(np.unique(rolled.by_episode("penalty"))) == {-0.25, 0.0}


@pytest.mark.parametrize(
    ("name", "value"), [("hazard", 1.5), ("penalty", -1), ("trials", 0), ("hazard", jnp.nan)]
)
def test_a_parameter_out_of_range_is_refused(name, value):
    with pytest.raises(UserError, match=f"{name} is"):
        InferredValue(**{name: value})
