"""Prediction errors around reversals: by hand on eight trials, planted flips, and what cannot be computed."""

import numpy as np
import pandas as pd
import pytest

from fastslow.analysis.reversal_errors import (
    errors_around_reversal,
    flips,
    last_revealed,
    revealed,
    reversal_errors,
)
from fastslow.errors import UserError

# Right pays until the reversal at trial 3, whose left cue is rewarded unexpectedly.
HAND = pd.DataFrame(
    {
        "subject": "a",
        "episode": 0,
        "trial": np.arange(8),
        "cue": [1, 0, 1, 0, 1, 0, 0, 1],
        "reward": [1, 0, 1, 1, 0, 1, 1, 1],
        "rpe_cue": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0],
    }
)


def test_an_outcome_reveals_the_side_whatever_the_cue():
    assert revealed(HAND).tolist() == [1, 1, 1, 0, 0, 0, 0, 1]
    assert last_revealed(HAND).tolist() == [-1, 1, 1, 1, 0, 0, 0, 0]
    gap = HAND.assign(valid=[True] * 3 + [False] + [True] * 4)
    assert revealed(gap).tolist() == [1, 1, 1, -1, 0, 0, 0, 1]
    assert last_revealed(gap).tolist() == [-1, 1, 1, 1, 1, 0, 0, 0]
    assert last_revealed(HAND.iloc[::-1]).tolist() == [0, 0, 0, 0, 1, 1, 1, -1]


def test_kinds_by_hand():
    """Trial 4 follows the reversal with the other cue, which no longer pays; 2, 3, 5, 6, 7 follow confirmed sides."""
    table = reversal_errors(HAND)
    rows = {(row.kind, row.pays): (row.rpe, row.n) for row in table.itertuples()}
    assert rows == {("before", True): (13 / 3, 3), ("before", False): (5.0, 2), ("inferred", False): (4.0, 1)}


def planted(experienced, inferred, before=0.3, episodes=40, seed=0):
    """A subject whose error is +-before, and right after a reversal has moved by a part of the way."""
    rng = np.random.default_rng(seed)
    rows = []
    for episode in range(episodes):
        side, last, last_cue, changed = rng.integers(2), None, None, False
        for trial in range(50):
            side = 1 - side if rng.random() < 0.1 else side
            cue = rng.integers(2)
            worth = 0.0 if last is None else before * (1 if cue == last else -1)
            if changed:
                worth *= 2 * (experienced if cue == last_cue else inferred) - 1
            reward = float(cue == side)
            changed = last is not None and side != last
            rows.append(("a", episode, trial, cue, reward, worth))
            last, last_cue = side, cue
    return pd.DataFrame(rows, columns=["subject", "episode", "trial", "cue", "reward", "rpe_cue"])


@pytest.mark.parametrize(("experienced", "inferred"), [(1.0, 1.0), (1.0, 0.0), (0.5, 0.25)])
def test_planted_flips_are_found(experienced, inferred):
    trials = planted(experienced, inferred)
    found = flips(trials.sample(frac=1, random_state=0)).iloc[0]
    assert found["flip_experienced"] == pytest.approx(0.6 * experienced)
    assert found["flip_inferred"] == pytest.approx(0.6 * inferred)
    assert found["ratio"] == pytest.approx(inferred / experienced)
    path = errors_around_reversal(trials).set_index(["offset", "change", "known"])["mean"]
    assert path[0, "begins", "experienced"] == pytest.approx(-0.3)
    assert path[-1, "ceases", "inferred"] == pytest.approx(0.3)
    assert path[1, "begins", "inferred"] == pytest.approx(-0.3 + 0.6 * inferred)
    assert path[1, "ceases", "experienced"] == pytest.approx(0.3 - 0.6 * experienced)
    assert path[3, "ceases", "inferred"] == pytest.approx(-0.3)


def test_what_cannot_be_computed_is_said():
    with pytest.raises(UserError, match="kind 'experienced'"):
        flips(HAND)
    with pytest.raises(UserError, match="no column 'cue'"):
        reversal_errors(HAND.drop(columns="cue"))
    with pytest.raises(UserError, match="not finite"):
        reversal_errors(HAND.assign(rpe_cue=np.nan))
    with pytest.raises(UserError, match="two valid trials"):
        reversal_errors(HAND.iloc[:2])
    with pytest.raises(UserError, match="must hold 0 or 1"):
        reversal_errors(HAND.assign(cue=2))
    with pytest.raises(UserError, match="no ratio"):
        flips(planted(0.0, 0.0))
    with pytest.raises(UserError, match="no reversal"):
        errors_around_reversal(HAND.iloc[:3])
