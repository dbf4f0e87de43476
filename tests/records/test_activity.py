"""Activity aligned to trials is that of the right step of the right trial."""

import jax
import numpy as np
import pytest

from fastslow.agents.recurrent import RecurrentConfig, make
from fastslow.errors import UserError
from fastslow.records.activity import activity_rows, at_step, step_of
from fastslow.records.collect import collect
from fastslow.records.record import from_arrays, load, save
from fastslow.tasks.two_step import TwoStep

KEY = jax.random.key(0)


@pytest.fixture(scope="module")
def record():
    task = TwoStep(trials=4)
    agent = make(task, RecurrentConfig(units=3), KEY)
    return collect([agent, agent], task, KEY, 5, units=True)


def test_the_steps_of_each_trial_are_found(record, tmp_path):
    np.testing.assert_array_equal(record["step_trial"][0, 0], [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3])
    hidden = record["hidden"].to_numpy().reshape(2, 5, 4, 3, 3)
    for place in (0, 1, 2, -1, -2, -3):
        activity = at_step(record, place)
        assert activity.dims == ("subject", "episode", "trial", "unit")
        np.testing.assert_array_equal(activity, hidden[:, :, :, place])
    assert np.isnan(at_step(record, 3)).all()
    rewards = at_step(record, -1, "step_reward")
    assert rewards.dims == ("subject", "episode", "trial")
    paid = np.where(record["valid"], rewards, 0)  # a penalty is no reward
    np.testing.assert_array_equal(paid, record["reward"])
    np.testing.assert_array_equal(at_step(load(save(record, tmp_path / "r.nc"))), at_step(record))
    activity, rows = activity_rows(record)
    assert activity.shape == (40, 3) and len(rows) == 40
    np.testing.assert_array_equal(activity[13], hidden[0, 3, 1, 0])
    assert rows.iloc[13][["episode", "trial"]].tolist() == [3, 1]


def ragged():
    """Two episodes: trials of 1 and 2 steps; a trial of 2 steps, then one cut short, then nothing."""
    shape = (1, 2, 2)
    present = np.array([[[True, True], [True, False]]])
    columns = {
        "action": np.zeros(shape, int),
        "reward": np.zeros(shape),
        "present": present,
        "valid": present,
    }
    steps = {
        "step_trial": np.array([[[0, 1, 1, -1], [0, 0, -1, -1]]]),
        "hidden": np.arange(8.0).reshape(1, 2, 4, 1),
    }
    return from_arrays(columns, ["a"], time_arrays=steps)


def test_ragged_trials_and_missing_ones():
    record = ragged()
    np.testing.assert_array_equal(step_of(record, 0), [[[0, 1], [0, -1]]])
    np.testing.assert_array_equal(step_of(record, 1), [[[-1, 2], [1, -1]]])
    np.testing.assert_array_equal(step_of(record, -1), [[[0, 2], [1, -1]]])
    np.testing.assert_array_equal(step_of(record, -2), [[[-1, 1], [0, -1]]])
    np.testing.assert_array_equal(at_step(record, -1)[..., 0], [[[0, 2], [5, np.nan]]])


def test_recorded_counts_are_taken_as_they_are():
    columns = {"action": np.zeros((1, 1, 2), int), "reward": np.zeros((1, 1, 2))}
    present = np.array([[[True, False]]])
    record = from_arrays(
        columns | {"activity": np.ones((1, 1, 2, 3), int), "present": present, "valid": present}, ["a"]
    )
    np.testing.assert_array_equal(at_step(record, 5)[0, 0], [[1.0] * 3, [np.nan] * 3])


def test_what_cannot_be_aligned_is_named(record):
    with pytest.raises(UserError, match=r"holds no 'hidden'; keep it with `fastslow behave --units`"):
        at_step(record.drop_vars("hidden"))
    with pytest.raises(UserError, match="no 'step_vale'; did you mean 'step_value'"):
        at_step(record, 0, "step_vale")
    with pytest.raises(UserError, match="does not say which trial"):
        at_step(record.drop_vars("step_trial"))
    with pytest.raises(UserError, match="needs one value per time step"):
        at_step(record, 0, "action")
    wrong = record.drop_vars("hidden").assign(activity=record["hidden"])
    with pytest.raises(UserError, match="'activity' has dimensions"):
        at_step(wrong)
