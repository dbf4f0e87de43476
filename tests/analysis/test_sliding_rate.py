"""The sliding learning rate: a learner whose rate changes half way, agreement with whole blocks, refusals."""

import numpy as np
import pandas as pd
import pytest

from fastslow.analysis.rescorla_wagner import fit_blocks
from fastslow.analysis.sliding_rate import sliding_rates
from fastslow.errors import UserError


def learner(rates, episodes=120, beta=6.0, seed=0):
    """Choices by Rescorla-Wagner with a rate per trial, in a world that reverses every ten trials."""
    rng = np.random.default_rng(seed)
    rows = []
    for episode in range(episodes):
        q = np.full(2, 0.5)
        for trial, rate in enumerate(rates):
            action = int(rng.random() < 1 / (1 + np.exp(beta * (q[0] - q[1]))))
            good = (trial // 10) % 2
            reward = float(rng.random() < (0.8 if action == good else 0.2))
            q[action] += rate * (reward - q[action])
            rows.append(("a", episode, trial, action, reward))
    return pd.DataFrame(rows, columns=["subject", "episode", "trial", "action", "reward"])


def test_a_change_of_rate_is_found_where_it_happens():
    fitted = sliding_rates(learner([0.15] * 40 + [0.7] * 40), width=20, every=20)
    assert fitted["trial"].tolist() == [9.5, 29.5, 49.5, 69.5]
    # Values at the third window's start were learned at the old rate.
    np.testing.assert_allclose(fitted["alpha"].iloc[[0, 1, 3]], [0.15, 0.15, 0.7], atol=0.08)
    assert fitted["n"].tolist() == [2400] * 4


def test_one_window_over_all_is_the_fit_of_the_block():
    trials = learner([0.3] * 30, episodes=10)
    window = sliding_rates(trials, width=30).iloc[0]
    block = fit_blocks(trials, models=("ab",)).iloc[0]
    for name in ("alpha", "beta", "log_likelihood", "n"):
        assert window[name] == pytest.approx(block[name], rel=1e-4)


def test_missing_choices_and_short_episodes():
    trials = learner([0.3] * 10, episodes=3)
    gone = trials.assign(
        valid=trials["trial"] >= 5, action=np.where(trials["trial"] >= 5, trials["action"], -1)
    )
    assert sliding_rates(gone, width=5, every=5)[["trial", "n"]].to_numpy().tolist() == [[7.0, 15.0]]
    with pytest.raises(UserError, match="lower width"):
        sliding_rates(trials, width=11)
    with pytest.raises(UserError, match="width is 0"):
        sliding_rates(trials, width=0)
