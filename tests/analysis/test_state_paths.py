"""Mean paths by condition pass where they were planted."""

import numpy as np
import pytest

from fastslow.analysis.state_paths import state_paths
from fastslow.errors import UserError
from fastslow.records.record import from_arrays

RANDOM = np.random.default_rng(0)
ACTION = RANDOM.integers(0, 2, (2, 5, 12))
SHAPE = (*ACTION.shape, 3)


def record(lasting=3):
    """Trials of three steps: at the first all states are alike; then they part by the action, along one axis."""
    side = 2.0 * ACTION - 1
    hidden = 0.01 * RANDOM.standard_normal((2, 5, 12, lasting, 6))
    axis = np.array([1.0, 2, 0, -1, 0, 1])
    for step in range(lasting):
        hidden[..., step, :] += step * side[..., None] * axis
    steps = {
        "hidden": hidden.reshape(2, 5, 12 * lasting, 6),
        "step_trial": np.broadcast_to(np.repeat(np.arange(12), lasting), (2, 5, 12 * lasting)),
    }
    return from_arrays({"action": ACTION, "reward": np.zeros(SHAPE[:3])}, ["a", "b"], time_arrays=steps)


def test_paths_part_by_condition_along_the_first_component():
    table = state_paths(record(), ["action"], (0, 1, 2))
    assert len(table) == 2 * 2 * 3 and (table["explained1"] > 0.99).all()
    path = table[table["subject"] == "a"].pivot(index="condition", columns="trial", values="pc1")
    away = path.loc["action=1"] - path.loc["action=0"]
    assert abs(away[0]) < 0.05
    np.testing.assert_allclose(np.abs(away[[1, 2]]), [2 * 7**0.5, 4 * 7**0.5], rtol=0.01)
    assert table[table["trial"] == 0].groupby("subject")["n"].sum().tolist() == [60, 60]


def test_one_place_gives_paths_over_trials():
    table = state_paths(record(), ["action"], (2,), components=1)
    assert sorted(set(table["trial"])) == list(range(12)) and "pc2" not in table
    means = table.groupby(["subject", "condition"])["pc1"].std()
    assert (means < 0.05).all()


def test_what_has_no_path_is_named():
    with pytest.raises(UserError, match=r"No trial of subject 'a' has all of the steps \[0, 3\]"):
        state_paths(record(), ["action"], (0, 3))
    with pytest.raises(UserError, match="at least one place"):
        state_paths(record(), ["action"], ())
    with pytest.raises(UserError, match="components is 9"):
        state_paths(record(), ["action"], (0,), components=9)
    flat = record()
    flat["hidden"] = 0 * flat["hidden"]
    with pytest.raises(UserError, match="does not vary"):
        state_paths(flat, ["action"])
