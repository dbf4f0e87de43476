"""Performance by exposure and what was recalled, from a table made by hand."""

import numpy as np
import pandas as pd
import pytest

from fastslow.analysis.exposures import by_exposure, first_trials, retrieval
from fastslow.errors import UserError

# One subject, one episode: contexts 0, 1, 0, 1, 0 with two trials each.
CONTEXT = np.repeat([0, 1, 0, 1, 0], 2)
TABLE = pd.DataFrame(
    {
        "subject": "a",
        "episode": 0,
        "trial": np.arange(10),
        "context": CONTEXT,
        "exposure": np.repeat([1, 1, 2, 2, 3], 2),
        "exposure_trial": np.tile([0, 1], 5),
        "exposure_order": np.repeat(np.arange(5), 2),
        "correct": [0, 1, 0, 0, 1, 1, 0, 1, 1, 1],
        "regret": [0.8, 0, 0.8, 0.8, 0, 0, 0.8, 0, 0, 0],
        "recalled": np.repeat([-1, 0, 0, 2, 2], 2),
        "recalled_similarity": np.repeat([0.0, 0.2, 1.0, 0.4, 1.0], 2),
    }
)


def test_shares_by_exposure_and_trial():
    table = by_exposure(TABLE).set_index(["exposure", "trial"])
    assert table["correct"].to_dict() == {
        (1, 1): 0,
        (1, 2): 0.5,
        (2, 1): 0.5,
        (2, 2): 1,
        (3, 1): 1,
        (3, 2): 1,
    }
    assert table["trials"].to_dict() == {(1, 1): 2, (1, 2): 2, (2, 1): 2, (2, 2): 2, (3, 1): 1, (3, 2): 1}
    assert table.loc[(1, 2), "regret"] == pytest.approx(0.4)


def test_pooled_first_trials_weigh_exposures_by_their_trials():
    pooled = first_trials(by_exposure(TABLE))
    assert pooled["correct"].tolist() == pytest.approx([2 / 3]) and pooled["trials"].tolist() == [3]
    with pytest.raises(UserError, match="No task was met 4 times: the table of exposures ends at 3"):
        first_trials(by_exposure(TABLE), least=4)


def test_what_was_recalled_is_right_if_it_was_stored_under_the_same_context():
    """At the three re-occurrences: 0 under 0, right; 2 under 0 recalled for 1, wrong; 2 under 0, right."""
    found = retrieval(TABLE).iloc[0]
    assert found["right"] == pytest.approx(2 / 3) and found["similarity"] == pytest.approx(0.8)
    assert found["trials"] == 3
    groups = retrieval(TABLE.assign(half=TABLE["episode"]), ["half"])
    assert groups["right"].tolist() == pytest.approx([2 / 3])


def test_missed_trials_are_left_out():
    missed = TABLE.assign(valid=TABLE["trial"] != 4)
    assert by_exposure(missed).set_index(["exposure", "trial"]).loc[(2, 1), "correct"] == 0
    assert retrieval(missed)["right"].tolist() == pytest.approx([0.5])
