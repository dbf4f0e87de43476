"""Means by step of the trial, from a table made by hand."""

import pandas as pd
import pytest

from fastslow.analysis.within_trials import within_trials
from fastslow.errors import UserError

TABLE = pd.DataFrame(
    {
        "subject": list("aaabb"),
        "exposure": [1, 1, 2, 1, 2],
        "right_0": [0, 1, 1, 0, 1],
        "right_1": [True, True, True, False, True],
        "gate_0": [0.1, 0.2, 0.6, 0.3, 0.5],
    }
)


def test_means_are_of_each_subject_and_step():
    table = within_trials(TABLE)
    assert table["subject"].tolist() == ["a", "b", "a", "b"] and table["step"].tolist() == [0, 0, 1, 1]
    assert table["right"].tolist() == pytest.approx([2 / 3, 1 / 2, 1, 1 / 2])
    assert table["trials"].tolist() == [3, 2, 3, 2]


def test_what_is_kept_apart_and_other_columns_have_steps_too():
    table = within_trials(TABLE, ["exposure"]).set_index(["subject", "exposure", "step"])["right"]
    assert [table["a", 1, step] for step in (0, 1)] == [0.5, 1] and table["b", 2, 1] == 1
    gate = within_trials(TABLE, ["exposure"], "gate")
    assert gate.columns.tolist() == ["subject", "exposure", "step", "gate", "trials"]
    assert gate["gate"].tolist() == pytest.approx([0.15, 0.3, 0.6, 0.5]) and set(gate["step"]) == {0}


def test_missed_trials_are_left_out_and_faults_refused():
    missed = within_trials(TABLE.assign(valid=[False, True, True, True, True]))
    assert missed["right"].tolist() == pytest.approx([1, 1 / 2, 1, 1 / 2])
    with pytest.raises(UserError, match="no column 'right_0'"):
        within_trials(TABLE.drop(columns="right_0"))
    with pytest.raises(UserError, match="'right_0' of the trial table has 1 values that are not finite"):
        within_trials(TABLE.assign(right_0=[0, 1, float("nan"), 0, 1]))
    with pytest.raises(UserError, match="no valid trial"):
        within_trials(TABLE.assign(valid=False))
