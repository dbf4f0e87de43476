"""Regret: by hand, by brute force and by a closed form."""

import numpy as np
import pandas as pd
import pytest

from fastslow.analysis.regret import cumulative_regret, p_correct, regret_after, suboptimal_pulls
from fastslow.errors import UserError


def by_hand() -> pd.DataFrame:
    """Two subjects (the later name first), two episodes each, arms .9 and .4 or .6 and .5."""
    return pd.DataFrame(
        {
            "subject": ["b"] * 6 + ["a"] * 3,
            "episode": [0, 0, 0, 1, 1, 1, 0, 0, 0],
            "trial": [0, 1, 2, 0, 1, 2, 0, 1, 2],
            "regret": [0.5, 0.0, 0.5, 0.1, 0.1, 0.0, 0.5, 0.0, 0.0],
            "problem": ["easy"] * 3 + ["hard"] * 3 + ["easy"] * 3,
        }
    )


def test_cumulative_regret_is_the_mean_of_the_episodes_sums():
    table = cumulative_regret(by_hand())
    assert table["subject"].tolist() == ["b"] * 3 + ["a"] * 3 and table["trial"].tolist() == [0, 1, 2] * 2
    assert table["regret"].tolist() == pytest.approx([0.3, 0.35, 0.6, 0.5, 0.5, 0.5])
    assert table["episodes"].tolist() == [2] * 3 + [1] * 3


def test_correctness_comes_from_its_column_or_from_regret():
    trials = by_hand()
    table = suboptimal_pulls(trials)
    assert table["suboptimal"].tolist() == [1.0, 0.5, 0.5, 1.0, 0.0, 0.0]
    assert table["cumulative"].tolist() == [1.0, 1.5, 2.0, 1.0, 1.0, 1.0]
    assert p_correct(trials)["correct"].tolist() == [0.0, 0.5, 0.5, 0.0, 1.0, 1.0]
    assert p_correct(trials.assign(correct=True))["correct"].tolist() == [1.0] * 6


def test_problems_can_be_kept_apart():
    table = regret_after(by_hand(), 3, by=["problem"])
    assert table[["subject", "problem"]].to_numpy().tolist() == [["b", "easy"], ["b", "hard"], ["a", "easy"]]
    assert table["regret"].tolist() == pytest.approx([1.0, 0.2, 0.5])


def test_agrees_with_sums_over_episodes():
    generator = np.random.default_rng(0)
    regret = generator.random((3, 20, 50))
    index = pd.MultiIndex.from_product(
        [["x", "y", "z"], range(20), range(50)], names=["subject", "episode", "trial"]
    )
    trials = (
        pd.DataFrame({"regret": regret.ravel()}, index=index).reset_index().sample(frac=1, random_state=0)
    )
    expected = regret.cumsum(axis=2).mean(axis=1)
    table = cumulative_regret(trials).set_index(["subject", "trial"])["regret"].unstack()
    np.testing.assert_allclose(table.loc[["x", "y", "z"]].to_numpy(), expected, atol=1e-12)
    after = regret_after(trials, 10).set_index("subject")["regret"]
    np.testing.assert_allclose(after.loc[["x", "y", "z"]], expected[:, 9], atol=1e-12)


def test_a_uniform_chooser_pays_a_sixth_of_a_reward_per_pull():
    """Two arms from U[0, 1]: regret of choosing at random is E|p1 - p2| / 2 = 1/6 per pull."""
    generator = np.random.default_rng(1)
    episodes, pulls = 2_000, 100
    p = generator.random((episodes, 1, 2)).repeat(pulls, axis=1)
    action = generator.integers(0, 2, (episodes, pulls))
    regret = p.max(axis=2) - np.take_along_axis(p, action[..., None], axis=2)[..., 0]
    trials = pd.DataFrame(
        {
            "subject": "uniform",
            "episode": np.repeat(np.arange(episodes), pulls),
            "trial": np.tile(np.arange(pulls), episodes),
            "regret": regret.ravel(),
        }
    )
    # The standard error of the mean over episodes is .26 (spread of |p1 - p2| / 2 times 100).
    assert regret_after(trials)["regret"].item() == pytest.approx(100 / 6, abs=1.1)
    assert suboptimal_pulls(trials)["cumulative"].iloc[-1] == pytest.approx(50, abs=0.6)


def test_trials_that_are_not_valid_are_left_out():
    trials = by_hand().assign(valid=True)
    trials.loc[2, ["valid", "regret"]] = [False, np.nan]
    table = cumulative_regret(trials)
    assert table["regret"].tolist()[:3] == pytest.approx([0.3, 0.35, 0.35])
    assert table["episodes"].tolist()[:3] == [2, 2, 1]


def test_bad_tables_are_refused():
    trials = by_hand()
    with pytest.raises(UserError, match="no column 'regret'"):
        cumulative_regret(trials.drop(columns="regret"))
    with pytest.raises(UserError, match="no column 'regret'"):
        p_correct(trials.drop(columns="regret"))
    with pytest.raises(UserError, match="not finite"):
        cumulative_regret(trials.assign(regret=np.nan))
    with pytest.raises(UserError, match="no valid trial"):
        cumulative_regret(trials.assign(valid=False))
    with pytest.raises(UserError, match=r"Regret after 100 pulls .* only 3"):
        regret_after(trials)
    with pytest.raises(UserError, match="pulls is 0"):
        regret_after(trials, 0)
