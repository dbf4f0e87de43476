"""What a task costs when it returns, from a table made by hand."""

import numpy as np
import pandas as pd
import pytest

from fastslow.analysis.forgetting import LAGS, between, forgetting, meetings, relearning, span
from fastslow.errors import UserError

# One subject, one episode: contexts 0, 1, 0, 2, 1, 0 with two trials each.
TABLE = pd.DataFrame(
    {
        "subject": "a",
        "episode": 0,
        "trial": np.arange(12),
        "context": np.repeat([0, 1, 0, 2, 1, 0], 2),
        "exposure": np.repeat([1, 1, 2, 1, 2, 3], 2),
        "exposure_trial": np.tile([0, 1], 6),
        "exposure_order": np.repeat(np.arange(6), 2),
        "regret": [0.8, 0, 0.8, 0.8, 0, 0, 0, 0.8, 0.8, 0, 0, 0.8],
    }
)


def test_lags_count_the_exposures_of_others_in_between():
    met = meetings(TABLE)
    assert met["lag"].tolist() == [-1, -1, 1, -1, 2, 2]
    assert met["regret"].tolist() == pytest.approx([0.4, 0.8, 0, 0.4, 0.4, 0.4])
    # Context 0 had ended on the best choice before both its returns, context 1 had not.
    assert met["mastered"].tolist() == [False, False, True, False, False, True]
    pd.testing.assert_frame_equal(meetings(TABLE.sample(frac=1, random_state=0)), met)


def test_regret_of_returns_is_set_against_that_of_first_exposures():
    """First exposures cost .4, .8 and .4; returns 0, .4 and .4."""
    met = meetings(TABLE)
    assert relearning(met)["relative"].tolist() == pytest.approx([0.5])
    assert relearning(met, mastered=True)["relative"].tolist() == pytest.approx([0.375])
    by = relearning(met, ["exposure"]).set_index("exposure")
    assert by["relative"].to_dict() == pytest.approx({2: 0.375, 3: 0.75}) and by["returns"].tolist() == [2, 1]
    table = forgetting(TABLE).set_index("between")
    assert table["relative"].to_dict() == pytest.approx({1: 0, 2: 0.75})
    twice = pd.concat([TABLE.assign(name="x"), TABLE.assign(name="y", regret=2 * TABLE["regret"])])
    apart = forgetting(twice, ["name"])
    assert apart["relative"].tolist() == pytest.approx([0, 0.75, 0, 0.75])
    assert apart.loc[apart["name"] == "y", "regret"].tolist() == pytest.approx([0, 0.8])


def test_lags_are_grouped_and_named():
    lag = pd.Series([-1, 0, 1, 2, 4, 5, 19, 20, 90])
    assert between(lag).tolist() == [-1, 0, 1, 2, 2, 5, 10, 20, 20]
    assert [span(least) for least in LAGS] == ["0", "1", "2 to 4", "5 to 9", "10 to 19", "20 and more"]


def test_there_must_be_something_to_compare():
    with pytest.raises(UserError, match="a had no regret at the first exposures"):
        relearning(meetings(TABLE.assign(regret=np.where(TABLE["exposure"] == 1, 0, TABLE["regret"]))))
    with pytest.raises(UserError, match="No task was met a second time"):
        relearning(meetings(TABLE[TABLE["exposure"] == 1]))
    later = TABLE[
        TABLE["exposure_order"] > 0
    ]  # of context 0 the first exposure is not there, nor whence it returned
    assert relearning(meetings(later))["returns"].tolist() == [2]
    missed = meetings(TABLE.assign(valid=TABLE["exposure_order"] != 2))
    assert missed["lag"].tolist() == [-1, -1, -1, 2, 4] and len(missed) == 5
