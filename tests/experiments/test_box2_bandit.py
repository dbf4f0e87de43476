"""What stood behind a choice between drifting arms, by hand; and the measures of choices made by a known rule."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from fastslow.experiments import box2_bandit as bandit
from fastslow.records.record import from_arrays


def record(action, reward, reminder):
    arrays = {"action": action, "reward": reward, "reminder": reminder, "valid": np.array(action) >= 0}
    return from_arrays({name: np.array(values)[None, None] for name, values in arrays.items()}, ["a"])


def test_the_past_of_a_choice_by_hand():
    rows = bandit.before_choice(record([1, 0, 1, 1], [0.9, 0.1, 0.7, 0.5], [-1, 0, -1, 1]))
    assert rows["chose"].tolist() == [True, False, True, True]
    # Values .5, then + .3 (r - value) of the arm pulled.
    q1, q0 = np.array([0.5, 0.62, 0.62, 0.644]), np.array([0.5, 0.5, 0.38, 0.38])
    np.testing.assert_allclose(rows["difference"], q1 - q0)
    np.testing.assert_allclose(rows["lag_1"], [0, 0.9 - 0.5, 0.9 - 0.1, 0.7 - 0.1])
    np.testing.assert_allclose(rows["lag_2"], [0, 0, 0, 0.9 - 0.5])
    assert rows["reminded"].tolist() == [-1, 1, -1, 0]
    np.testing.assert_allclose(rows["surprise"], [0, 0.9 - 0.62, 0, 0.1 - 0.38])
    # Before the second choice arm 1 is .9 with probability .3, else .5; arm 0 is .5 for sure.
    assert rows["spread"].iloc[1] == pytest.approx(0.4 * (0.3 * 0.7) ** 0.5)


def test_a_missed_choice_is_no_row_and_teaches_nothing():
    rows = bandit.before_choice(record([1, -1, 0], [0.9, 0.0, 0.1], [-1, 0, 1]))
    assert len(rows) == 2 and rows["difference"].iloc[1] == pytest.approx(0.12)
    assert rows["reminded"].tolist() == [-1, -1]  # of a trial without a choice


def test_the_rate_of_a_curve_is_found():
    lags = np.arange(bandit.LAGS)
    for rate in (0.1, 0.3, 0.8):
        assert bandit.rate_of(7 * rate * (1 - rate) ** lags) == pytest.approx(rate, abs=1e-4)


def test_slopes_and_reminders_of_a_known_rule_are_found():
    generator, n = np.random.default_rng(0), 40_000
    lags = generator.normal(0, 0.3, (n, bandit.LAGS))
    difference = lags @ (0.3 * 0.7 ** np.arange(bandit.LAGS))
    spread = generator.uniform(0, 0.2, n)
    reminded = generator.choice([-1, 0, 1], n)
    surprise = np.where(reminded >= 0, generator.choice([-0.2, 0.2], n), 0.0)
    p = expit((8 - 20 * (spread - 0.1)) * difference)
    # Half of all reminders decide the choice: for the arm if it paid more, against it if less.
    told = (reminded >= 0) & (generator.random(n) < 0.5)
    chose = np.where(told, (surprise > 0) == (reminded == 1), generator.random(n) < p)
    rows = pd.DataFrame(
        {
            "chose": chose,
            "difference": difference,
            "spread": spread,
            "reminded": reminded,
            "surprise": surprise,
        }
        | {f"lag_{i + 1}": lags[:, i] for i in range(bandit.LAGS)}
    )
    found = bandit.of_subject(rows)
    assert found["rate"] == pytest.approx(0.3, abs=0.03)
    assert found["slope"] == pytest.approx(8, abs=0.5)
    assert found["slope by spread"] == pytest.approx(-20, abs=8)
    assert found["reminded of more"] == pytest.approx(0.25, abs=0.02)
    assert found["reminded of less"] == pytest.approx(-0.25, abs=0.02)


def test_choices_are_counted_in_bins():
    np.testing.assert_allclose(bandit.middle(np.array([-0.39, 0.01, 0.39])), [-0.35, 0.05, 0.35])
    assert np.isnan(bandit.middle(np.array([-0.41, 0.41]))).all()
