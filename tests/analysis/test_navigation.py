"""Lengths of walks and what is saved after the first, by hand."""

import numpy as np
import pandas as pd
import pytest

from fastslow.analysis.navigation import return_paths, walk_lengths, walk_savings
from fastslow.errors import UserError

# Two subjects, two mazes each; the second subject never learns, and its second maze was left after one walk.
TRIALS = pd.DataFrame(
    {
        "subject": ["b", "b", "b", "b", "b", "b", "a", "a", "a"],
        "episode": [0, 0, 0, 1, 1, 1, 0, 0, 1],
        "trial": [0, 1, 2, 0, 1, 2, 0, 1, 0],
        "steps": [30, 10, 12, 10, 14, 8, 20, 20, 90],
        "found": [True, True, True, True, True, True, False, True, False],
    }
)


def test_lengths_are_means_over_episodes_by_walk():
    table = walk_lengths(TRIALS)
    assert table["subject"].tolist() == ["b"] * 3 + ["a"] * 2 and table["trial"].tolist() == [0, 1, 2, 0, 1]
    assert table["steps"].tolist() == [20, 12, 10, 55, 20]
    assert table["found"].tolist() == [1, 1, 1, 0, 1] and table["episodes"].tolist() == [2, 2, 2, 2, 1]
    assert "shortest" not in table


def test_the_ratio_is_of_means_and_mazes_without_a_second_walk_do_not_count():
    table = walk_savings(TRIALS).set_index("subject")
    assert table.loc["b", ["first", "later", "ratio", "improved"]].tolist() == [20, 12, 0.6, 0.5]
    assert table.loc["a", ["first", "later", "ratio", "improved", "episodes"]].tolist() == [20, 20, 1, 1, 1]
    later = walk_savings(TRIALS[TRIALS["subject"] == "b"], last=2)
    assert later["later"].tolist() == [11] and later["improved"].tolist() == [0.5]


def test_walks_that_found_nothing_can_be_left_out_and_it_is_said_where_none_is_left():
    table = walk_savings(TRIALS.assign(found=TRIALS["steps"] < 14)).set_index("subject")
    assert table.loc["b", "found_ratio"] == 1 and table.loc["b", "note"] == ""  # 10 after 10
    assert np.isnan(table.loc["a", "found_ratio"]) and "no target found" in table.loc["a", "note"]


def test_groups_are_kept_apart_and_one_episode_needs_no_number():
    table = walk_savings(TRIALS[:6].assign(size=["s"] * 3 + ["l"] * 3), ["size"])
    np.testing.assert_allclose(table["ratio"], [1 / 3, 1.4])
    assert walk_savings(TRIALS[:3].drop(columns="episode"))["ratio"].tolist() == [1 / 3]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (TRIALS.drop(columns="steps"), "no column 'steps'"),
        (TRIALS.assign(steps=np.nan), "not finite"),
        (TRIALS[:0], "is empty"),
        (TRIALS[TRIALS["trial"] == 0], "'b' has no walks number 0 and 1"),
        (
            TRIALS[TRIALS["subject"] == "a"].assign(episode=[0, 1, 1], trial=[0, 1, 2]),
            "has both a first and a second",
        ),
        (TRIALS.assign(steps=0), "have no actions"),
        (
            TRIALS.assign(trial=TRIALS["trial"] / 2),
            r"'trial' of the trial table holds 0\.5, but trials are numbered",
        ),
    ],
)
def test_tables_that_tell_nothing_are_refused_in_one_sentence(table, message):
    with pytest.raises(UserError, match=message):
        walk_savings(table)


RETURNS = pd.DataFrame(
    {
        "subject": "a",
        "episode": 0,
        "trial": range(9),
        # Maze 0: found in its second walk, then reached straight. Maze 1: found at its second exposure alone.
        "context": [0, 0, 1, 0, 0, 1, 1, 0, 1],
        "exposure": [1, 1, 1, 2, 2, 2, 2, 3, 3],
        "exposure_trial": [0, 1, 0, 0, 1, 0, 1, 0, 0],
        "steps": [12, 8, 20, 4, 2, 9, 11, 5, 20],
        "found": [0, 1, 0, 1, 1, 1, 0, 1, 0],
        "shortest": [6, 8, 4, 4, 2, 3, 1, 5, 8],
    }
)


def test_returns_are_judged_where_the_target_had_been_found():
    table = return_paths(RETURNS)
    assert table["exposure"].tolist() == [1, 2, 3] and table["walks"].tolist() == [2, 1, 2]
    assert table["steps"].tolist() == [16, 4, 12.5] and table["shortest"].tolist() == [5, 4, 6.5]
    np.testing.assert_allclose(table["ratio"], [3.2, 1, 12.5 / 6.5])
    assert table["found"].tolist() == [0, 1, 0.5]
    # Rows in any order, and two subjects apart.
    two = pd.concat([RETURNS.assign(subject="b", steps=RETURNS["shortest"]), RETURNS[::-1]])
    both = return_paths(two).set_index(["subject", "exposure"])["ratio"]
    np.testing.assert_allclose(both["a"], [3.2, 1, 12.5 / 6.5])
    assert both["b"].tolist() == [1, 1, 1]


def test_what_cannot_be_judged_is_refused():
    with pytest.raises(UserError, match="no column 'context'"):
        return_paths(RETURNS.drop(columns="context"))
    with pytest.raises(UserError, match="shortest path of 0"):
        return_paths(RETURNS.assign(shortest=0))
    with pytest.raises(UserError, match="no first walk"):
        return_paths(RETURNS[RETURNS["exposure_trial"] > 0])
    # Nothing was ever found: only the first exposure is there.
    assert return_paths(RETURNS.assign(found=0))["exposure"].tolist() == [1]
