"""Risky choices counted by hand, and the prediction error of each outcome."""

import numpy as np
import pandas as pd
import pytest

from fastslow.analysis.risk import outcome_errors, risky_share
from fastslow.errors import UserError
from fastslow.records.record import from_arrays

TRIALS = pd.DataFrame(
    {
        "subject": "a",
        "p_win": [0.5, 0.5, 0.5, 0.5, 0.125, 0.125],
        "risky": [True, True, False, True, False, True],
        "forced": [True, False, False, False, False, False],
        "valid": [True, True, True, True, True, False],
    }
)


def test_share_of_free_valid_choices():
    share = risky_share(TRIALS)
    assert share["p_win"].tolist() == [0.125, 0.5]
    np.testing.assert_allclose(share["risky"], [0, 2 / 3])


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (TRIALS.drop(columns="risky"), "no column 'risky'"),
        (TRIALS[:1], "no valid free choice"),
        (TRIALS.assign(p_win=np.nan), "'p_win' .* not finite"),
    ],
)
def test_bad_tables_are_refused(rows, sentence):
    with pytest.raises(UserError, match=sentence):
        risky_share(rows)


def test_errors_are_taken_at_the_press_and_sorted_by_outcome():
    columns = {
        "action": [0, 1, 0, 0, -1],
        "reward": [4.0, 1, 0, 4, 0],
        "risky": [True, False, True, True, False],
        "valid": [True, True, True, True, False],
        "p_win": [0.5] * 5,
    }
    arrays = {name: np.asarray(values)[None, None] for name, values in columns.items()}
    steps = {
        "step_trial": np.arange(5).repeat(2)[None, None],
        "step_rpe": np.array([9, 3.0, 9, 0.5, 9, -1, 9, 2, 9, 7])[None, None],
    }
    record = from_arrays(arrays, ["a"], {}, steps)
    errors = outcome_errors(record).set_index("outcome")["rpe"]
    assert errors.to_dict() == {"risky win": 2.5, "certain": 0.5, "risky loss": -1.0}
    with pytest.raises(UserError, match="step_rpe"):
        outcome_errors(record.drop_vars("step_rpe"))
