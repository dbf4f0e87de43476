"""Accuracy by trial: by hand, with trials missed, against the published files, and for tables that are odd."""

import numpy as np
import pandas as pd
import pytest

from fastslow.analysis.learning_set import at_maximum, curve, difference, learning_set, nearest_stage
from fastslow.analysis.regret import p_correct
from fastslow.errors import UserError
from fastslow.experiments import harlow_published as published


def table(**columns):
    """Two episodes of three trials by one subject: right, wrong, right; right, missed, missed."""
    rows = pd.DataFrame(
        {
            "subject": "m",
            "episode": [0, 0, 0, 1, 1, 1],
            "trial": [0, 1, 2] * 2,
            "correct": [True, False, True, True, False, False],
            "valid": [True, True, True, True, False, False],
        }
    )
    return rows.assign(**columns)


def test_a_missed_trial_is_not_correct():
    rows = learning_set(table())
    assert rows["trial"].tolist() == [1, 2, 3] and rows["episodes"].tolist() == [2, 2, 2]
    assert rows["correct"].tolist() == [1, 0, 0.5] and rows["finished"].tolist() == [1, 0.5, 0.5]
    # The same by p_correct: missed trials are left out unless they are to be counted.
    assert p_correct(table())["correct"].tolist() == [1, 0, 1]
    assert p_correct(table(), missed=True)["correct"].tolist() == [1, 0, 0.5]


def test_what_is_unknown_of_missed_trials_does_not_matter():
    regret = [0, 2, 0, 0, np.nan, np.nan]
    rows = learning_set(table(regret=regret).drop(columns="correct"))
    assert rows["correct"].tolist() == [1, 0, 0.5]
    nothing = learning_set(table(valid=False))
    assert (nothing["correct"] == 0).all() and (nothing["finished"] == 0).all()
    everything = learning_set(table().drop(columns="valid"))
    assert everything["finished"].tolist() == [1, 1, 1] and everything["correct"].tolist() == [1, 0, 0.5]


def test_subjects_and_stages_stay_apart():
    rows = pd.concat([table(stage=1), table(stage=2, correct=True), table(subject="n", stage=1, valid=True)])
    made = learning_set(rows, by=["stage"])
    of = made.set_index(["subject", "stage", "trial"])["correct"]
    assert of["m", 1, 3] == 0.5 and of["m", 2, 3] == 0.5 and of["m", 2, 2] == 0.5 and of["n", 1, 2] == 0


def test_rows_that_share_an_index_are_not_mixed_up():
    rows = pd.concat([table(), table(subject="n", correct=False)])
    made = learning_set(rows).set_index(["subject", "trial"])
    assert made.loc["m", "correct"].tolist() == [1, 0, 0.5] and (made.loc["n", "correct"] == 0).all()
    assert made.loc["n", "finished"].tolist() == [1, 0.5, 0.5]


def test_who_is_at_the_maximum():
    rows = pd.DataFrame({"subject": ["a", "b", "c"] * 2, "trial": [1, 1, 1, 2, 2, 2]})
    rows["correct"] = [1, 1, 1, 0.95, 0.949, 1.0]
    assert at_maximum(rows) == ["a", "c"] and at_maximum(rows, level=1.0) == ["c"]
    with pytest.raises(UserError, match="no trial 7; the last is 2"):
        at_maximum(rows, trial=7)


def test_curves_are_compared_by_hand():
    assert difference(np.array([50, 90, 100]), (50.0, 96.0, 97.0)) == pytest.approx(3)
    near = nearest_stage(
        [np.array([50, 60]), np.array([50, 90])], {"late": (52.0, 88.0), "early": (50.0, 61.0)}
    )
    assert near["stage"].tolist() == [2, 1] and near["difference"].tolist() == [2, 0.5]
    assert curve(pd.DataFrame({"trial": [2, 1], "mean": [7.0, 5.0]})).tolist() == [5, 7]
    with pytest.raises(UserError, match="2 and 3 trials"):
        difference(np.array([1.0, 2.0]), (1.0, 2.0, 3.0))
    with pytest.raises(UserError, match="a trial twice"):
        curve(pd.DataFrame({"trial": [1, 1], "mean": [7.0, 5.0]}))


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (table().drop(columns="trial"), "no column 'trial'"),
        (table().iloc[:0], "empty"),
        (table(correct=np.nan), "not finite"),
        (table().drop(columns="correct"), "no column 'regret'"),
    ],
)
def test_odd_tables_are_named(rows, sentence):
    with pytest.raises(UserError, match=sentence):
        learning_set(rows)


def test_what_is_shipped_is_what_was_digitised(data_folder):
    files = {"harlow1949.csv": published.MONKEYS, "wang2018_agent.csv": published.AGENT}
    for file, shipped in files.items():
        rows = pd.read_csv(data_folder / "harlow1949" / file)
        assert len(rows) == sum(map(len, shipped.values()))
        for name, group in rows.groupby(rows.columns[0]):
            assert group.sort_values("trial")["percent_correct"].tolist() == list(shipped[name])
