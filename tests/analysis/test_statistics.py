"""Intervals cover as often as they say, are reproducible, and never hide that there is one subject."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import bootstrap

from fastslow.analysis.statistics import interval, iqm, summarise
from fastslow.errors import UserError


def test_the_interquartile_mean_drops_a_quarter_at_either_end():
    assert iqm(np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 100.0])) == pytest.approx((2 + 3 + 4 + 5) / 4)
    assert iqm(np.array([[1.0, 2.0, 3.0, 90.0], [0.0, 4.0, 6.0, 70.0]]), axis=1).tolist() == [2.5, 5.0]


def test_the_interval_is_that_of_scipy():
    values = np.random.default_rng(0).exponential(size=30)
    expected = bootstrap(
        (values,), np.mean, method="percentile", n_resamples=20_000, rng=np.random.default_rng(1)
    )
    low, high = interval(values, resamples=20_000)
    assert low == pytest.approx(expected.confidence_interval.low, abs=0.01)
    assert high == pytest.approx(expected.confidence_interval.high, abs=0.01)


def test_the_interval_of_the_mean_has_the_textbook_width():
    values = np.random.default_rng(2).normal(5.0, 2.0, 400)
    low, high = interval(values, level=0.9)
    assert high - low == pytest.approx(2 * 1.645 * values.std() / 20, rel=0.05)


def test_the_interval_covers_as_often_as_it_says():
    generator = np.random.default_rng(3)
    covered = [low <= 0 <= high for low, high in (interval(generator.normal(size=40)) for _ in range(400))]
    # 95 % less what a percentile bootstrap of 40 loses; four standard errors of the count either way.
    assert 0.90 < np.mean(covered) < 0.985


def test_the_seed_makes_it_reproducible_and_blocks_do_not_matter():
    values = np.random.default_rng(4).normal(size=50)
    assert interval(values, seed=1) == interval(values, seed=1) != interval(values, seed=2)
    many = np.random.default_rng(5).normal(size=3_000)
    low, high = interval(many, resamples=4_000)
    assert high - low == pytest.approx(2 * 1.96 * many.std() / np.sqrt(3_000), rel=0.06)


def test_other_statistics_can_be_resampled():
    values = np.array([0.0, 0.9, 1.0, 1.0, 1.1, 1.2, 1.3, 50.0])
    low, high = interval(values, iqm)
    assert 0.5 < low < iqm(values) < high < interval(values)[1]


def test_summaries_are_one_row_per_group_in_their_first_order():
    table = pd.DataFrame(
        {
            "subject": ["a", "b", "c", "a", "b", "c", "a"],
            "condition": ["rare", "rare", "rare", "common", "common", "common", "lonely"],
            "stay": [0.1, 0.2, 0.6, 0.5, 0.5, 0.5, 0.7],
        }
    )
    summary = summarise(table, ["condition"], "stay")
    assert summary["condition"].tolist() == ["rare", "common", "lonely"]
    assert summary["mean"].tolist() == pytest.approx([0.3, 0.5, 0.7]) and summary["n"].tolist() == [3, 3, 1]
    assert 0.1 <= summary["low"][0] < 0.3 < summary["high"][0] <= 0.6
    assert (summary["low"][1], summary["high"][1]) == (0.5, 0.5)
    assert summary["note"].tolist() == ["", "", "one subject: no interval"]
    assert (summary["low"][2], summary["high"][2]) == (0.7, 0.7)
    everything = summarise(
        table.drop(columns="condition").groupby("subject").mean().reset_index(), [], "stay"
    )
    assert len(everything) == 1 and everything["n"][0] == 3


def test_several_columns_make_groups():
    table = pd.DataFrame(
        {"subject": list("abab"), "lag": [1, 1, 2, 2], "kind": "x", "b": [0.0, 2.0, 4.0, 4.0]}
    )
    summary = summarise(table, ["lag", "kind"], "b")
    assert summary[["lag", "kind", "mean"]].to_numpy().tolist() == [[1, "x", 1.0], [2, "x", 4.0]]


def test_what_would_mislead_is_refused():
    table = pd.DataFrame({"subject": ["a", "a", "b"], "stay": [0.1, 0.2, 0.3]})
    with pytest.raises(UserError, match="'a' has more than one 'stay'"):
        summarise(table, [], "stay")
    with pytest.raises(UserError, match="not finite"):
        summarise(pd.DataFrame({"subject": ["a", "b"], "stay": [0.1, np.nan]}), [], "stay")
    with pytest.raises(UserError, match="finite"):
        interval([1.0, np.nan])
    with pytest.raises(UserError, match="one or more subjects"):
        interval([])
    with pytest.raises(UserError, match="level is 95"):
        interval([1.0, 2.0], level=95.0)
