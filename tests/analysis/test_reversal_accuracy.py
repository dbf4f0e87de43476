"""Accuracy around reversals: by hand, over gaps and several sessions, and the people's published numbers."""

import numpy as np
import pandas as pd
import pytest

from fastslow.analysis.regret import p_correct
from fastslow.analysis.reversal import around_reversal
from fastslow.errors import UserError
from fastslow.records.presets import PRESETS
from fastslow.records.tables import read_trials


def session(subject, block, correct, **columns):
    rows = {"subject": subject, "trial": range(len(block)), "block": block, "correct": correct}
    return pd.DataFrame(rows | columns)


def test_positions_by_hand():
    table = around_reversal(session("a", [7, 7, 7, 2, 2, 9, 9], [1, 0, 1, 0, 1, 0, 0]), before=2, after=2)
    # Reversals before trials 3 and 5; trial 4 is the last before the second and the second after the first.
    assert table["position"].tolist() == [-2, -1, 0, 1]
    assert table["correct"].tolist() == [0.0, 1.0, 0.0, 0.5]
    assert table["n"].tolist() == [2, 2, 2, 2]


def test_sessions_are_apart_and_order_does_not_matter():
    first = session("a", [0, 0, 1], [1, 1, 0], episode=0)
    second = session("a", [0, 1, 1], [0, 0, 1], episode=1)
    other = session("b", ["x", "y", "y"], [1, 1, 1], episode=0)
    rows = pd.concat([first, second, other]).sample(frac=1, random_state=0)  # with a repeated index
    table = around_reversal(rows).set_index(["subject", "position"])
    assert table.loc[("a", 0), "correct"] == 0.0 and table.loc[("a", 0), "n"] == 2
    assert table.loc[("a", -1), "correct"] == 0.5 and table.loc[("a", -2), "n"] == 1
    assert table.loc[("a", 1), "correct"] == 1.0 and table.loc[("b", 0), "correct"] == 1.0


def test_missed_trials_are_left_out_but_counted_in_the_distance():
    rows = session("a", [0, 0, 1, 1], [1, 1, 0, 1], valid=[True, True, False, True])
    table = around_reversal(rows)
    assert table["position"].tolist() == [-2, -1, 1]


def test_without_a_reversal_or_a_block_it_says_so():
    with pytest.raises(UserError, match="has a reversal"):
        around_reversal(session("a", [0, 0, 0], [1, 1, 1]))
    with pytest.raises(UserError, match="no column 'block'"):
        around_reversal(session("a", [0, 1], [1, 1]).drop(columns="block"))
    with pytest.raises(UserError, match=r"'block' .* missing in 1 rows"):
        around_reversal(session("a", [0, np.nan], [1, 1]))


def test_people_give_the_published_numbers(data_folder):
    trials = read_trials(data_folder / "human_reversal_zorowitz" / "trials.csv.gz")
    assert trials.attrs["preset"] == "human_reversal_zorowitz" and len(trials) == 36_540
    assert (trials["correct"] == (trials["action"] == trials["source_correct"])).all()
    signature = PRESETS["human_reversal_zorowitz"].signature
    curve = p_correct(trials)
    assert curve["correct"].mean() == pytest.approx(signature["accuracy"], abs=0.001)
    for trial in (1, 15, 20):
        measured = curve.loc[curve["trial"] == trial - 1, "correct"]
        assert len(measured) == 406
        assert measured.mean() == pytest.approx(signature[f"accuracy, trial {trial}"], abs=0.001)
    around = around_reversal(trials)
    assert (around["n"] == 5).all() and around["subject"].nunique() == 406
    # Mean of trials 16, 31, 46, 61, 76 of the file, and of the trials before them.
    means = around.groupby("position")["correct"].mean()
    assert means[0] == pytest.approx((0.187 + 0.195 + 0.185 + 0.182 + 0.170) / 5, abs=0.001)
    assert means[-1] == pytest.approx((0.675 + 0.626 + 0.665 + 0.685 + 0.640) / 5, abs=0.001)
