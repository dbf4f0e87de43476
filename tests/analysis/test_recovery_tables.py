"""Recovery is counted right: r, bias, coverage and the confusion matrix, from fits that are known."""

import numpy as np
import pandas as pd
import pytest

from fastslow.analysis.recovery import beside_truth, correlation, model_recovery, parameter_recovery
from fastslow.errors import UserError


def known(model="hybrid", n=5, bic=None):
    true = np.linspace(0, 1, n)
    keys = {"subject": [f"{model} {i}" for i in range(n)], "model": model, "parameter": "w"}
    fits = pd.DataFrame(keys | {"estimate": 2 * true + 0.1, "low": true - 0.1, "high": true + 0.1})
    return fits.assign(bic=10.0), pd.DataFrame(keys | {"true": true})


def test_r_bias_and_coverage_by_hand():
    fits, truth = known()
    fits.loc[0, "low"] = 0.05
    row = parameter_recovery(beside_truth(fits, truth)).iloc[0]
    assert row["r"] == pytest.approx(1) and row["rank_r"] == pytest.approx(1)
    assert row["bias"] == pytest.approx(0.6) and row["coverage"] == 0.8 and row["subjects"] == 5
    assert row["r_low"] <= row["r"] <= row["r_high"] + 1e-6
    assert correlation(np.ones(4), np.arange(4.0)) == 0.0
    rough = np.random.default_rng(0).standard_normal((2, 30))
    assert correlation(*rough) == pytest.approx(np.corrcoef(*rough)[0, 1])


@pytest.mark.parametrize("n", [2, 3, 4])
def test_two_or_three_subjects_have_no_interval(n):
    """Two points always lie on a line; Fisher's z has a spread of 1 / sqrt(n - 3)."""
    fits, truth = known(n=n)
    fits["estimate"] += 0.1 * np.random.default_rng(2).standard_normal(n)
    row = parameter_recovery(beside_truth(fits, truth)).iloc[0]
    expected = -1.0 if n < 4 else np.tanh(np.arctanh(row["r"]) - 1.96)
    assert row["r"] > 0.9 and row["r_low"] == pytest.approx(expected) and row["r_high"] <= 1


def test_the_confusion_matrix_counts_the_least_bic():
    own, _ = known("hybrid")
    other = own.assign(model="model_based", bic=[9.0, 9.0, 11.0, 11.0, 11.0])
    cells = model_recovery({"hybrid": pd.concat([own, other])})
    assert cells.set_index("fitted")["share"].to_dict() == {"hybrid": 0.6, "model_based": 0.4}
    evident = [own.assign(evidence=-5.0), other.assign(evidence=[-4.0, -6.0, -6.0, -6.0, -6.0])]
    cells = model_recovery({"hybrid": pd.concat(evident)}, "evidence")
    assert cells.set_index("fitted")["share"].to_dict() == {"hybrid": 0.8, "model_based": 0.2}
    with pytest.raises(UserError, match="fitted by its own model"):
        beside_truth(other, known()[1])
