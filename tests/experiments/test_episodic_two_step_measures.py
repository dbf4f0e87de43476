"""What is measured in the episodic two-step task: effects by name, lesion beside intact, and who is compared."""

from pathlib import Path

import pandas as pd
import pytest

from fastslow import catalog
from fastslow.errors import UserError
from fastslow.experiments.episodic_two_step import EXPERIMENT
from fastslow.experiments.episodic_two_step_measures import PLAYERS, lesioned
from fastslow.experiments.episodic_two_step_published import ABOVE
from fastslow.records import record

CHOOSERS = catalog.import_file(Path(__file__).parents[1] / "analysis" / "test_episodic_stay.py")


def plan(before, recalled):
    """Log odds of a planner who heeds the recalled trial, if there is one, and else the last."""
    choice, match = CHOOSERS.sign(recalled or before or (1, 1, 1))
    return 2.0 * choice * match


def forget(before, recalled):
    choice, match = CHOOSERS.sign(before or (1, 1, 1))
    return 2.0 * choice * match


@pytest.fixture(scope="module")
def tables():
    rules = {name: plan if name in ("ep_lstm", "observer") else forget for name in (*PLAYERS, "rats")}
    records = {
        name: record.from_trials(CHOOSERS.choosing(rule, subjects=3, seed=place))
        for place, (name, rule) in enumerate(rules.items())
    }
    return EXPERIMENT.measure(records)


def test_claims_tell_who_recalls(tables):
    claims = tables["claims"].set_index("measure")
    shown = claims.loc["ep_lstm: interaction, episodic"]
    assert shown["value"] > 1.2 and claims.loc[ABOVE, "value"] == shown["low"]
    for name in ("ep_lesion", "lstm", "rats"):
        assert abs(claims.loc[f"{name}: interaction, episodic", "value"]) < 0.25
        assert claims.loc[f"{name}: interaction, cued", "value"] > 1.2
        assert abs(claims.loc[f"{name}: interaction, episodic less next", "value"]) < 0.35
        assert claims.loc[f"{name}: weight of the previous trial's reward x transition", "value"] > 1.5
    assert claims.loc["ep_lstm: weight of the recalled trial's reward x transition", "value"] > 1.5
    assert claims.loc["ep_lstm: interaction, episodic less next", "value"] > 1.2
    rewards = [claims.loc[f"rats: reward per trial, {half}", "value"] for half in ("uncued", "cued")]
    assert rewards == pytest.approx([0.6, 0.6], abs=0.04)
    lacking = {each.measure for each in EXPERIMENT.expectations} - set(claims.index)
    assert not lacking


def test_the_lesion_is_held_beside_the_same_subject_intact():
    rows = [
        ("ep_lstm", "a", "uncued", "common-rewarded", 1.0),
        ("ep_lstm", "a", "uncued", "rare-rewarded", 0.3),
        ("ep_lesion", "a", "uncued", "rare-rewarded", 0.1),
        ("ep_lesion", "a", "uncued", "common-rewarded", 0.9),
        ("ep_lstm", "b", "uncued", "common-rewarded", 0.5),
        ("ep_lesion", "b", "uncued", "common-rewarded", 0.5),
        ("ep_lesion", "b", "cued", "common-rewarded", 0.0),
    ]
    stay = pd.DataFrame(rows, columns=["name", "subject", "panel", "condition", "stay"])
    assert lesioned(stay).to_dict() == pytest.approx({"a": 0.2, "b": 0.0})


def test_figures_show_the_published_beside_the_measured_and_whoever_is_compared(tables):
    drawn = EXPERIMENT.draw(tables)
    assert set(drawn["stay"].data["name"]) == {*PLAYERS, "rats"} - {"untrained"}
    assert [len(axes.patches) for axes in drawn["stay"].figure.axes] == [28] * 4
    dashes = [
        line.get_ydata()[0] for line in drawn["stay"].figure.axes[2].lines if len(set(line.get_ydata())) == 1
    ]
    assert {0.845, 0.3, 0.355, 0.72} <= {float(value) for value in dashes}
    assert len(drawn["regression"].figure.axes) == 3


def test_who_cannot_be_compared_is_refused():
    rows = CHOOSERS.choosing(plan, subjects=1)
    with pytest.raises(UserError, match="'lstm' is the name of a record of episodic_two_step"):
        EXPERIMENT.measure_other("lstm", record.from_trials(rows))
    with pytest.raises(UserError, match="recalled_trial"):
        EXPERIMENT.measure_other("rats", record.from_trials(rows.drop(columns="recalled_trial")))
