"""Learning curves by stage and their quantiles, by hand."""

import numpy as np
import pandas as pd
import pytest

from fastslow.analysis.learning_speed import (
    curve_quantiles,
    learning_curves,
    learning_quantiles,
    trials_to_criterion,
)
from fastslow.errors import UserError


def practised(subjects=3, episodes=4, trials=5):
    """Correct from trial k on, k falling with practice and rising with the subject's number."""
    rows = [
        (f"s{s}", 10 * e, t, t >= s + 3 - e)
        for s in range(subjects)
        for e in range(episodes)
        for t in range(trials)
    ]
    return pd.DataFrame(rows, columns=["subject", "episode", "trial", "correct"])


def test_curves_by_stage():
    curves = learning_curves(practised(), stages=2)
    first = (
        curves[(curves["subject"] == "s0")].pivot(index="stage", columns="trial", values="value").to_numpy()
    )
    # Episodes 0 and 1 are correct from trial 3 and 2, episodes 2 and 3 from 1 and 0.
    np.testing.assert_array_equal(first, [[0, 0, 0.5, 1, 1], [0.5, 1, 1, 1, 1]])
    assert (curves["episodes"] == 2).all() and len(curves) == 3 * 2 * 5
    assert trials_to_criterion(curves)["trials"].tolist() == [4, 5, 5, 2, 3, 4]
    assert trials_to_criterion(curves)["reached"].tolist() == [True, True, False, True, True, True]


def test_quantiles_over_subjects():
    quantiles = curve_quantiles(learning_curves(practised(), stages=4), quantiles=(0.0, 0.5, 1.0))
    last = (
        quantiles[(quantiles["stage"] == 3)]
        .pivot(index="trial", columns="quantile", values="value")
        .to_numpy()
    )
    np.testing.assert_array_equal(last, [[0, 0, 1], [0, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1]])
    assert (quantiles["n"] == 3).all()
    pd.testing.assert_frame_equal(
        learning_quantiles(practised(), stages=4, quantiles=(0.0, 0.5, 1.0)), quantiles
    )


def test_only_valid_trials_count_and_wrong_words_are_answered():
    trials = practised().assign(valid=lambda table: table["trial"] > 0)
    assert learning_curves(trials)["trial"].min() == 1
    with pytest.raises(UserError, match="'s0' has 4 episodes, fewer than 5 stages"):
        learning_curves(practised(), stages=5)
    with pytest.raises(UserError, match="no column 'corect'"):
        learning_curves(practised(), "corect")
    with pytest.raises(UserError, match="each must lie between 0 and 1"):
        learning_quantiles(practised(), quantiles=(2.0,))
    with pytest.raises(UserError, match="no valid trial"):
        learning_curves(practised().assign(valid=False))
