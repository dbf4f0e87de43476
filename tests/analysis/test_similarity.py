"""Dissimilarities by hand and against NumPy; a planted geometry is found, a random one is not."""

import numpy as np
import pandas as pd
import pytest

from fastslow.analysis.similarity import compare, dissimilarity, distances, mean_matrix, representation
from fastslow.errors import UserError
from fastslow.records.record import from_arrays

RANDOM = np.random.default_rng(0)


def test_dissimilarities_by_hand():
    activity = np.array([[0.0, 0, 4], [2, 0, 0], [1, 1, 0], [1, -1, 0]])
    matrix = dissimilarity(activity, np.array(["b", "b", "a", "a"]), "euclidean")
    assert list(matrix.index) == list(matrix.columns) == ["a", "b"]
    assert matrix.loc["a", "b"] == pytest.approx((4 / 3) ** 0.5) and matrix.loc["a", "a"] == 0
    many, labels = RANDOM.standard_normal((90, 6)), RANDOM.integers(0, 5, 90)
    means = np.stack([many[labels == i].mean(axis=0) for i in range(5)])
    np.testing.assert_allclose(dissimilarity(many, labels), 1 - np.corrcoef(means), atol=1e-12)


def test_a_planted_geometry_is_found_and_a_random_one_is_not():
    value = np.linspace(-1, 1, 7)
    labels = RANDOM.integers(0, 7, 700)
    activity = np.outer(value[labels], RANDOM.standard_normal(20)) + 0.5 * RANDOM.standard_normal((700, 20))
    model = distances(value, range(7))
    found = compare(dissimilarity(activity, labels, "euclidean"), model, 300)
    assert found["rho"] > 0.95 and found["p"] < 0.01 and found["pairs"] == 21
    chance = [
        compare(dissimilarity(RANDOM.standard_normal((70, 20)), np.arange(70) % 7), model, 100)["p"]
        for _ in range(20)
    ]
    assert np.mean(chance) == pytest.approx(0.5, abs=0.26) and np.mean(np.array(chance) < 0.05) < 0.3


def test_conditions_of_a_record():
    action, reward = RANDOM.integers(0, 2, (2, 3, 40)), RANDOM.integers(0, 2, (2, 3, 40)).astype(float)
    activity = RANDOM.standard_normal((2, 3, 40, 5))
    activity[..., 0] += 30 * action
    record = from_arrays({"action": action, "reward": reward, "activity": activity}, ["x", "y"])
    table = representation(record, ["action", "reward"], metric="euclidean")
    assert len(table) == 2 * 16 and table["trials"].sum() == 2 * 120 * 4
    matrix = mean_matrix(table)
    row = matrix.loc["action=0 reward=0"]
    same, other = row["action=0 reward=1"], row["action=1 reward=0"]
    assert other == pytest.approx(30 / 5**0.5, abs=1) and same < 1.5


def test_what_cannot_be_compared_is_named():
    with pytest.raises(UserError, match="There are 1 conditions"):
        dissimilarity(np.ones((4, 3)), np.zeros(4))
    with pytest.raises(UserError, match="All units fire alike in condition 0"):
        dissimilarity(np.ones((4, 3)), np.arange(4) % 2)
    with pytest.raises(UserError, match="metric is 'cosine'"):
        dissimilarity(np.ones((4, 3)), np.arange(4) % 2, "cosine")
    matrix = pd.DataFrame(np.ones((3, 3)) - np.eye(3))
    with pytest.raises(UserError, match="All measured dissimilarities are alike"):
        compare(matrix, distances([1, 2, 4], range(3)))
    with pytest.raises(UserError, match="different conditions"):
        compare(matrix, distances([1, 2, 4], "abc"))
    with pytest.raises(UserError, match="at least three"):
        compare(matrix.iloc[:2, :2], distances([1, 2], range(2)))


def test_conditions_that_no_subject_met_both_of_are_named():
    def rows(subject, labels):
        pairs = [(a, b, abs(ord(a) - ord(b))) for a in labels for b in labels]
        return pd.DataFrame(pairs, columns=["a", "b", "dissimilarity"]).assign(subject=subject)

    matrix = mean_matrix(pd.concat([rows("x", "ab"), rows("y", "ac")]))
    assert matrix.loc["a", "c"] == 2 and np.isnan(matrix.loc["b", "c"])
    with pytest.raises(UserError, match="no measured dissimilarity of b and c"):
        compare(matrix, distances([1, 2, 4], list(matrix.index)))
