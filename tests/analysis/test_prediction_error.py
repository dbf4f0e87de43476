"""r2 of prediction errors: against statsmodels, in built cases, and where predictors coincide."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from fastslow.analysis.prediction_error import model_based_weight, prediction_error_regression
from fastslow.errors import UserError


def made(n=400, seed=0, weight_based=0.8, weight_free=0.0, noise=0.3, subject="s", event="second_stage"):
    random = np.random.default_rng(seed)
    based = random.standard_normal(n)
    free = 0.9 * based + np.sqrt(1 - 0.81) * random.standard_normal(n)
    errors = weight_based * based + weight_free * free + noise * random.standard_normal(n) + 0.2
    columns = {"subject": subject, "event": event, "rpe": errors}
    return pd.DataFrame(columns | {"rpe_model_based": based, "rpe_model_free": free})


def test_agrees_with_least_squares():
    table = made(weight_free=0.3)
    row = prediction_error_regression(table).iloc[0]
    y, based, free = (table[name] for name in ("rpe", "rpe_model_based", "rpe_model_free"))
    alone = sm.OLS(y, sm.add_constant(based)).fit()
    assert row["r2_model_based"] == pytest.approx(alone.rsquared)
    assert row["slope_model_based"] == pytest.approx(alone.params["rpe_model_based"])
    assert row["r2_model_free"] == pytest.approx(sm.OLS(y, sm.add_constant(free)).fit().rsquared)
    rest = sm.OLS(free, sm.add_constant(based)).fit().resid
    assert row["r2_model_free_residual"] == pytest.approx(sm.OLS(y, sm.add_constant(rest)).fit().rsquared)
    both = sm.OLS(y, sm.add_constant(table[["rpe_model_based", "rpe_model_free"]])).fit().rsquared
    assert row["r2_model_based"] + row["r2_model_free_residual"] == pytest.approx(both)
    assert row["r2_model_free"] + row["r2_model_based_residual"] == pytest.approx(both)


def test_raw_and_own_part_tell_a_planner_from_its_shadow():
    row = prediction_error_regression(made(n=5000)).iloc[0]
    assert row["r2_model_based"] == pytest.approx(0.64 / 0.73, abs=0.02)
    assert row["r2_model_free"] > 0.6  # the shared part alone
    assert row["r2_model_free_residual"] < 0.002
    assert row["r2_model_based_residual"] > 0.1


def test_per_subject_and_event_and_coinciding_predictors():
    outcome = made(event="outcome", subject="seed 1")
    outcome["rpe_model_free"] = outcome["rpe_model_based"]
    rows = prediction_error_regression(pd.concat([made(subject="seed 1"), outcome, made(subject="seed 0")]))
    assert list(zip(rows["subject"], rows["event"], strict=True)) == [
        ("seed 0", "second_stage"),
        ("seed 1", "outcome"),
        ("seed 1", "second_stage"),
    ]
    same = rows.iloc[1]
    assert same["r2_model_free"] == same["r2_model_based"] > 0.8
    assert same["r2_model_free_residual"] == same["r2_model_based_residual"] == 0.0


def test_the_weight_is_that_of_the_mixture():
    table = made(noise=0.0, weight_based=0.3 * 2, weight_free=0.7 * 2)
    weights = model_based_weight(pd.concat([table, made(weight_based=1.0, subject="t")]))
    assert weights["weight"].tolist()[0] == pytest.approx(0.3)
    assert weights["weight"].tolist()[1] == pytest.approx(1.0, abs=0.1)
    with pytest.raises(UserError, match="for s are the same"):
        model_based_weight(table.assign(rpe_model_free=table["rpe_model_based"]))


def test_rows_flagged_invalid_are_left_out():
    table = made(n=50).assign(valid=True)
    flagged = table.iloc[:5].assign(rpe=np.nan, valid=False)
    found = prediction_error_regression(pd.concat([table, flagged]))
    pd.testing.assert_frame_equal(found, prediction_error_regression(table))


def test_what_cannot_be_regressed_is_named():
    table = made(n=20)
    with pytest.raises(UserError, match=r"'rpe_model_free' for s, second_stage is constant \(0.5\)"):
        prediction_error_regression(table.assign(rpe_model_free=0.5))
    with pytest.raises(UserError, match="'rpe' for s, second_stage is constant"):
        prediction_error_regression(table.assign(rpe=0.0))
    with pytest.raises(UserError, match="not finite"):
        prediction_error_regression(table.assign(rpe=[np.nan] + [0.1] * 19))
    with pytest.raises(UserError, match="no column 'rpe_model_based'"):
        prediction_error_regression(table.drop(columns="rpe_model_based"))
    with pytest.raises(UserError, match="at least three"):
        prediction_error_regression(table.iloc[:2])
    with pytest.raises(UserError, match="no valid row"):
        prediction_error_regression(table.assign(valid=False))
    with pytest.raises(UserError, match="holds text"):
        prediction_error_regression(table.assign(rpe="high"))
