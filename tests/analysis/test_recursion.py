"""Recursions by stretches are those walked trial by trial."""

import numpy as np
import pytest

from fastslow.analysis.choice_data import Lanes
from fastslow.analysis.hybrid_values import by_stretches, by_trials
from fastslow.analysis.recursion import before_each

DRAWS = np.random.default_rng(0)


@pytest.mark.parametrize("trials", [1, 2, 9, 50])
def test_stretches_are_joined_as_if_walked_through(trials):
    keep, drive = DRAWS.random((trials, 1, 3, 2)), DRAWS.normal(size=(trials, 4, 3, 2))
    keep[DRAWS.random(keep.shape) < 0.3] = 1.0
    x, walked = np.full(drive.shape[1:], 0.5), []
    for kept, driven in zip(keep, drive, strict=True):
        walked.append(x)
        x = kept * x + driven
    np.testing.assert_allclose(before_each(keep, drive, 0.5), walked, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("responses", [1, 2])
def test_few_lanes_learn_what_many_do(responses):
    def drawn(below):
        return DRAWS.integers(0, below, (40, 5))

    made = DRAWS.random((40, 5)) < 0.8
    lanes = Lanes(
        drawn(2), drawn(2), 0 * drawn(2), drawn(responses), drawn(2) * made * 1.0, made, np.arange(5)
    )
    rates = [np.append(DRAWS.random(3), [0.0, 1.0]) for _ in range(3)]
    few, many = (way(lanes, *rates, responses) for way in (by_stretches, by_trials))
    np.testing.assert_allclose(few.q1, many.q1, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(few.q2, many.q2, rtol=1e-12, atol=1e-12)
