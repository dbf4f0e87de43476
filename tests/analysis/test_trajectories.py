"""Principal components against scikit-learn, mean paths by hand, and the order of bent and shuffled paths."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from fastslow.analysis.trajectories import (
    end_states,
    explained_by,
    mean_trajectories,
    path_order,
    principal_components,
    project,
)
from fastslow.errors import UserError

RANDOM = np.random.default_rng(0)
ACTIVITY = RANDOM.standard_normal((200, 6)) @ RANDOM.standard_normal((6, 6)) + 3.0


def test_components_agree_with_scikit_learn():
    ours, theirs = principal_components(ACTIVITY, 3), PCA(3).fit(ACTIVITY)
    np.testing.assert_allclose(ours.explained, theirs.explained_variance_ratio_, rtol=1e-9)
    np.testing.assert_allclose(np.abs((ours.axes * theirs.components_).sum(axis=1)), 1.0, rtol=1e-9)
    np.testing.assert_allclose(np.abs(project(ACTIVITY, ours)), np.abs(theirs.transform(ACTIVITY)), atol=1e-9)
    assert (ours.axes[np.arange(3), np.abs(ours.axes).argmax(axis=1)] > 0).all()


def test_mean_paths_by_condition():
    scores = np.arange(3 * 2 * 2, dtype=float).reshape(3, 2, 2)
    table = mean_trajectories(scores, np.array(["b", "a", "b"]))
    assert list(table["condition"]) == ["b", "b", "a", "a"]
    assert list(table["trial"]) == [0, 1, 0, 1]
    np.testing.assert_allclose(table["pc1"], [4.0, 6.0, 4.0, 6.0])
    np.testing.assert_allclose(table["pc2"], [5.0, 7.0, 5.0, 7.0])
    assert list(table["episodes"]) == [2, 2, 1, 1]


def test_a_bent_path_is_ordered_and_a_shuffled_one_is_not():
    p_left = RANDOM.permutation(np.linspace(0.01, 0.99, 100))
    angle = np.pi * p_left
    scores = np.stack([np.cos(angle), np.sin(angle)], axis=-1)[:, None]
    order = path_order(end_states(scores, p_left))
    assert order["rho_pc1"] == pytest.approx(-1.0)
    assert abs(order["rho_pc2"]) < 0.1  # up, then down again
    assert order["step_ratio"] < 0.05
    shuffled = path_order(end_states(scores, RANDOM.permutation(p_left)))
    assert abs(shuffled["rho_pc1"]) < 0.3
    assert shuffled["step_ratio"] == pytest.approx(1.0, abs=0.15)


def test_end_states_are_those_of_the_last_trial():
    scores = np.zeros((4, 3, 2))
    scores[:, -1, 0] = [1.0, 2.0, 3.0, 4.0]
    ends = end_states(scores, np.array([0.1, 0.2, 0.3, 0.4]))
    assert list(ends["pc1"]) == [1.0, 2.0, 3.0, 4.0]


def test_what_has_no_components_or_order_is_named():
    with pytest.raises(UserError, match="does not vary"):
        principal_components(np.ones((10, 3)))
    with pytest.raises(UserError, match="components is 7; give 1 to 6"):
        principal_components(ACTIVITY, 7)
    with pytest.raises(UserError, match="not finite"):
        principal_components(np.full((10, 3), np.nan))
    scores = RANDOM.standard_normal((5, 2, 2))
    with pytest.raises(UserError, match=r"p_left = 0\.5"):
        path_order(end_states(scores, np.full(5, 0.5)))
    with pytest.raises(UserError, match="4 condition labels for 5 episodes"):
        mean_trajectories(scores, np.zeros(4))
    with pytest.raises(UserError, match="at least three"):
        path_order(end_states(scores[:2], np.array([0.1, 0.2])))


def test_what_a_condition_explains():
    side = np.array([0, 0, 1, 1, 1, 1])
    apart = np.column_stack([2.0 * side, np.zeros(6)])
    assert explained_by(apart, side) == pytest.approx(1)
    # One unit that tells the side exactly, one as variable that tells nothing of it.
    other = np.array([1.0, -1.0, 1.0, 1.0, -1.0, -1.0]) * apart[:, 0].std()
    assert explained_by(np.column_stack([apart[:, 0], other]), side) == pytest.approx(0.5)
    with pytest.raises(UserError, match="does not vary"):
        explained_by(np.ones((6, 2)), side)
    with pytest.raises(UserError, match="labels"):
        explained_by(apart, side[:3])
