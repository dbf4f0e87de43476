"""Learning under load: curves and effects by hand, planted effects, and the people's numbers."""

import numpy as np
import pandas as pd
import pytest

from fastslow.analysis.set_size import (
    after_one,
    distances,
    load_effects,
    load_summary,
    presentations,
    set_size,
    set_size_summary,
)
from fastslow.errors import UserError
from fastslow.records.presets import PRESETS
from fastslow.records.tables import read_trials

BLOCK = pd.DataFrame(
    {
        "subject": "a",
        "episode": 0,
        "trial": range(6),
        "set_size": 2,
        "stimulus": [1, 2, 1, 1, 2, 2],
        "correct": [0, 1, 1, 1, 0, 1],
        "valid": [True, True, True, True, True, True],
    }
)


def test_presentations_by_hand():
    table = presentations(BLOCK.sample(frac=1, random_state=1))
    assert table["iteration"].tolist() == [1, 1, 2, 3, 2, 3]
    np.testing.assert_array_equal(table["delay"], [np.nan, np.nan, 2, 1, 3, 1])
    assert table["times_correct"].tolist() == [0, 0, 0, 1, 1, 1]
    np.testing.assert_array_equal(table["last_correct"], [np.nan, np.nan, 0, 1, 1, 0])
    # Stimulus 1 is right again the next time, stimulus 2 is not; the last trial follows an error.
    assert after_one(BLOCK)[["correct", "n"]].to_numpy().tolist() == [[0.5, 2]]


def test_missed_trials_are_left_out_but_were_presentations():
    missed = BLOCK.assign(valid=BLOCK["trial"] != 2)
    table = set_size(missed)
    assert table["iteration"].tolist() == [1, 2, 3] and table["n"].tolist() == [2, 1, 2]
    assert table["correct"].tolist() == [0.5, 0.0, 1.0]
    known = set_size(BLOCK.assign(iteration=[1, 1, 2, 3, 2, 30]))
    assert known["n"].tolist() == [2, 2, 1]


def test_blocks_and_subjects_are_apart():
    both = pd.concat([BLOCK, BLOCK.assign(episode=1, set_size=3), BLOCK.assign(subject="b", correct=1)])
    table = set_size(both)
    assert table.groupby(["subject", "set_size"], sort=False)["n"].sum().tolist() == [6, 6, 6]
    means = set_size_summary(table).set_index(["set_size", "iteration"])["mean"]
    assert means[2, 1] == pytest.approx((0.5 + 1) / 2) and means[3, 2] == 0.5
    assert distances(table, table[table["subject"] == "b"])["distance"].tolist() == pytest.approx(
        [np.sqrt((0.25 + 0.25 + 0) / 3), 0.0]
    )


def planted(rng, slope_size, slope_delay):
    rows = []
    for block in range(1200):
        size = 2 + block % 5
        order = rng.permuted(np.repeat(np.arange(size), 9))
        rows.append(
            pd.DataFrame({"episode": block, "trial": range(len(order)), "set_size": size, "stimulus": order})
        )
    table = pd.concat(rows, ignore_index=True).assign(subject="a", correct=1)
    delay = table.groupby(["episode", "stimulus"])["trial"].diff().fillna(0)
    p = 0.95 + slope_size * (table["set_size"] - 2) + slope_delay * delay
    return table.assign(correct=(rng.random(len(table)) < p).astype(int))


def test_planted_effects_are_found():
    rng = np.random.default_rng(0)
    for size, delay in ((-0.05, 0.0), (0.0, -0.012), (-0.03, -0.008)):
        slopes = load_effects(planted(rng, size, delay)).set_index("predictor")["slope"]
        assert slopes["set_size"] == pytest.approx(size, abs=0.006)
        assert slopes["delay"] == pytest.approx(delay, abs=0.002)
        assert slopes["times_correct"] == pytest.approx(0.0, abs=0.004)


def test_what_did_not_vary_is_flagged():
    table = load_effects(BLOCK)
    assert table["note"].tolist() == ["set_size did not vary", "", "times_correct did not vary"]
    assert load_summary(table)["n"].tolist() == [0, 1, 0]
    with pytest.raises(UserError, match="no column 'stimulus'"):
        set_size(BLOCK.drop(columns="stimulus"))
    with pytest.raises(UserError, match="'b' shares no set size"):
        distances(set_size(BLOCK.assign(subject="b")), set_size(BLOCK.assign(set_size=5)))


def test_people_give_the_published_numbers(data_folder):
    table = set_size(read_trials(data_folder / "human_rlwm_collins" / "Expe1.mat"))
    means = set_size_summary(table)
    assert (means["n"] == 79).all() and len(means) == 45
    cells = means.set_index(["set_size", "iteration"])["mean"]
    for cell, published in PRESETS["human_rlwm_collins"].signature.items():
        size, iteration = (int(word.split()[-1]) for word in cell.split(","))
        assert cells[size, iteration] == pytest.approx(published, abs=0.01)
