"""What the two-step and recovery experiments say of fitted models, counted by hand from tables that are known."""

import numpy as np
import pandas as pd
import pytest

from fastslow.experiments import recovery, recovery_measures
from fastslow.experiments.two_step_measures import (
    agreement,
    beside_striatum,
    compared,
    fitted_claims,
    in_short,
)
from fastslow.experiments.two_step_published import R2_PEOPLE


def fits(weights, bic):
    """Two rows per subject and model: without a prior, and with one whose w is told."""
    rows = [
        {
            "subject": f"s{i}",
            "model": model,
            "parameter": "w",
            "estimate": w,
            "bic": values[i],
            "prior": prior,
        }
        for prior in ("none", "weak")
        for model, values in bic.items()
        for i, w in enumerate(weights if prior == "weak" else np.zeros(len(weights)))
    ]
    return pd.DataFrame(rows).assign(evidence=lambda table: -table["bic"] / 2)


BIC = {"model_free": [30.0, 12.0, 40.0], "model_based": [10.0, 20.0, 30.0], "hybrid": [5.0, 19.0, 36.0]}


def test_other_models_are_held_against_the_planner():
    rows = {row["measure"]: row["value"] for row in fitted_claims("rats", fits([0.2, 0.4, 0.9], BIC))}
    assert rows == {
        "rats: BIC, model_free less planner": pytest.approx((20 - 8 + 10) / 3),
        "rats: BIC, hybrid less planner": pytest.approx((-5 - 1 + 6) / 3),
        "rats: share fitted best by the planner": pytest.approx(1 / 3),
        "rats: share fitted best by the planner, hybrid aside": pytest.approx(2 / 3),
        "rats: evidence (nats), model_free less planner": pytest.approx(-(20 - 8 + 10) / 6),
        "rats: evidence (nats), hybrid less planner": pytest.approx(0),
        "rats: w fitted to choices": pytest.approx(0.5),
    }
    table = compared({"rats": fits([0.2, 0.4, 0.9], BIC)})
    assert table.groupby("prior").size().to_dict() == {"none": 3, "weak": 3}
    short = in_short(table).set_index("model")
    assert short["best for"].to_dict() == {"hybrid": 1, "model_based": 1, "model_free": 1}
    assert short["BIC above best"].to_dict() == pytest.approx(
        {"hybrid": 0, "model_based": 0, "model_free": 7.3}
    )
    assert short["evidence below best"]["model_free"] == pytest.approx(3.7)


def test_weights_are_matched_by_subject():
    weights = pd.DataFrame({"name": "agent_daw", "subject": ["s2", "s0", "s1"], "weight": [1.8, 0.4, 0.8]})
    other = weights.assign(name="agent_steps", weight=[0.0, 9.0, 1.0])
    row = agreement("agent_daw", pd.concat([weights, other]), fits([0.2, 0.4, 0.9], BIC))
    assert row["value"] == pytest.approx(1) and row["measure"].startswith("agent_daw: r2 of both weights")
    shown = beside_striatum(pd.DataFrame([row])).set_index("measure")
    line = shown.loc["r2 of the two weights over subjects"]
    assert (line["people"], line["agent_daw"], line["agent_steps"]) == (R2_PEOPLE, "1", "")
    assert not shown.isna().any().any()


def test_a_model_is_told_apart_by_every_score_and_range():
    shares = [
        ("wide", "bic", 0.4),
        ("wide", "evidence", 0.6),
        ("apart", "bic", 0.5),
        ("apart", "evidence", 0.9),
    ]
    cells = pd.DataFrame(
        {"simulated": own, "fitted": fitted, "share": share if own == fitted else 1 - share}
        | {"subjects": 10, "score": score, "ranges": ranges}
        for ranges, score, share in shares
        for own in ("hybrid", "model_free")
        for fitted in ("hybrid", "model_free")
    )
    wide = recovery_measures.matrix(cells)
    assert wide["ranges"].tolist() == ["wide"] * 4 + ["apart"] * 4
    assert wide["simulated"].tolist() == ["hybrid", "model_free"] * 4
    first = wide.query("ranges == 'apart' and score == 'evidence' and simulated == 'hybrid'").iloc[0]
    assert (first["hybrid"], first["model_free"]) == pytest.approx((0.9, 0.1))
    none = pd.DataFrame(columns=["simulated", "parameter", "prior", "r", "r_low", "r_high"])
    judged = recovery_measures.claims(none, cells).set_index("measure")["value"]
    assert judged["hybrid: share recovered as itself, apart ranges, evidence"] == pytest.approx(0.9)
    assert judged["model_free: share recovered as itself, wide ranges, bic"] == pytest.approx(0.4)
    promised = {each.measure for each in recovery.expectations()}
    assert set(judged.index) <= promised
