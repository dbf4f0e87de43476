"""What was recalled, whether it was right, and how far it was let in: from a table made by hand."""

import numpy as np
import pandas as pd
import pytest

from fastslow.analysis.reinstatement import difference, gate, gated, means, recollections
from fastslow.errors import UserError

# One subject, one episode: contexts 0, 1, 0, 1, 0 with two trials each.
TABLE = pd.DataFrame(
    {
        "subject": "a",
        "episode": 0,
        "trial": np.arange(10),
        "context": np.repeat([0, 1, 0, 1, 0], 2),
        "exposure": np.repeat([1, 1, 2, 2, 3], 2),
        "exposure_trial": np.tile([0, 1], 5),
        "exposure_order": np.repeat(np.arange(5), 2),
        "correct": [0, 1, 0, 0, 1, 1, 0, 1, 1, 1],
        "recalled": np.repeat([-1, 0, 0, 1, 0], 2),
        "gate": [0.5, 0.5, 0.2, 0.2, 0.5, 0.9, 0.5, 0.3, 0.5, 0.7],
    }
)


def test_right_is_what_is_of_this_context_and_ended_on_the_best_choice():
    """Exposure 0 ended right and exposure 1 did not; what context 1 recalls of itself is therefore wrong."""
    found = recollections(TABLE)
    assert found["same"].tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
    assert found["right"].tolist() == [0, 0, 0, 0, 1, 1, 0, 0, 1, 1]
    shuffled = recollections(TABLE.sample(frac=1, random_state=0)).sort_values("trial")
    assert shuffled["right"].tolist() == found["right"].tolist()


def test_the_last_valid_trial_tells_how_an_exposure_ended():
    missed = TABLE.assign(
        valid=TABLE["trial"] != 1
    )  # exposure 0 then ends on its first trial, which was wrong
    assert recollections(missed)["right"].sum() == 0 and len(recollections(missed)) == 9


def test_conditions_with_episodes_of_the_same_numbers_are_told_apart():
    two = pd.concat([TABLE.assign(name="x"), TABLE.assign(name="y", context=1 - TABLE["context"], correct=0)])
    assert recollections(two, ["name"]).groupby("name")["right"].sum().to_dict() == {"x": 4, "y": 0}
    with pytest.raises(UserError, match="Exposure 0 of episode 0 of a has more than one context"):
        recollections(two)


def test_the_gate_by_exposure_and_by_trial():
    """Trials at which nothing was stored yet have nothing to let in."""
    table = gate(TABLE).set_index(["exposure", "right"])
    assert table["gate"].to_dict() == pytest.approx({(1, 0): 0.2, (2, 0): 0.4, (2, 1): 0.7, (3, 1): 0.6})
    assert table["trials"].tolist() == [2, 2, 2, 2]
    within = gate(TABLE, along="trial_within").set_index(["trial_within", "right"])["gate"]
    assert within.to_dict() == pytest.approx({(1, 0): 0.35, (1, 1): 0.5, (2, 0): 0.25, (2, 1): 0.8})
    assert means(gated(TABLE), [])["trials"].tolist() == [8]
    with pytest.raises(UserError, match="Nothing was recalled"):
        gate(TABLE.assign(recalled=-1))


def test_the_difference_within_cells_is_that_of_a_regression_with_an_intercept_each():
    rng = np.random.default_rng(0)
    cell, right = rng.integers(0, 5, 400), rng.random(400)
    right = (right < (1 + cell) / 7).astype(float)
    rows = pd.DataFrame({"subject": "a", "cell": cell, "right": right})
    rows["gate"] = 0.3 * cell + 0.2 * right + rng.normal(size=400)
    design = np.column_stack([right, *(cell == k for k in range(5))])
    slope = np.linalg.lstsq(design, rows["gate"], rcond=None)[0][0]
    one = difference(rows, "right", ["cell"]).iloc[0]
    assert one["difference"] == pytest.approx(slope) and one["trials"] == 400
    raw = difference(rows, "right").iloc[0]["difference"]
    by_right = rows.groupby("right")["gate"].mean()
    assert raw == pytest.approx(by_right[1] - by_right[0]) and raw > slope + 0.2


def test_who_never_recalled_the_right_thing_is_flagged():
    rows = pd.concat([gated(TABLE), gated(TABLE.assign(subject="b", correct=0))])
    table = difference(rows, "right", ["exposure"])
    # Exposure 2 alone has both: gates .5 and .9 where right, .5 and .3 where not.
    assert table["difference"].tolist() == pytest.approx([0.3, np.nan], nan_ok=True)
    assert (
        table["trials"].tolist() == [4, 0]
        and table["note"].tolist()[1] == "no cell with 'right' and without it"
    )
