"""The choice regression finds what simulated choosers were made of, and agrees with other implementations."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from fastslow.analysis.choice_regression import (
    choice_coefficients,
    choice_indices,
    choice_summary,
    history,
    logistic,
)
from fastslow.analysis.history import in_order
from fastslow.analysis.stay import CONDITIONS
from fastslow.errors import UserError
from fastslow.records.tables import read_trials

COLUMNS = ["subject", "episode", "trial", "action", "reward", "transition", "valid"]


def play(
    learn: Callable,
    subjects: int = 3,
    episodes: int = 10,
    trials: int = 150,
    noise: float = 3.0,
    seed: int = 0,
) -> pd.DataFrame:
    """Two-step trials of learners with two values: `learn(values, action, state, common, reward)`."""
    generator = np.random.default_rng(seed)
    rows = []
    for subject in range(subjects):
        for episode in range(episodes):
            good, values = generator.integers(2), np.full(2, 0.5)
            for trial in range(trials):
                good = 1 - good if generator.random() < 0.025 else good
                p = expit(noise * (values[1] - values[0]))
                action = int(generator.random() < p)
                common = int(generator.random() < 0.8)
                state = action if common else 1 - action
                reward = float(generator.random() < (0.8 if state == good else 0.2))
                values = learn(values, action, state, common, reward)
                rows.append((f"seed {subject}", episode, trial, action, reward, common, True))
    return pd.DataFrame(rows, columns=COLUMNS)


def planner(values: np.ndarray, action: int, state: int, common: int, reward: float) -> np.ndarray:
    """Learns the value of second-stage states; choosing action a aims at state a."""
    values = values.copy()
    values[state] += 0.5 * (reward - values[state])
    return values


def model_free(values: np.ndarray, action: int, state: int, common: int, reward: float) -> np.ndarray:
    """Learns the value of its first choices, whatever the transition."""
    values = values.copy()
    values[action] += 0.5 * (reward - values[action])
    return values


def test_a_planner_is_a_planner_and_a_model_free_learner_is_not():
    planning = choice_indices(play(planner))
    assert (planning["planning_index"] > 2).all()
    assert (planning["model_free_index"].abs() < planning["planning_index"] / 4).all()
    habitual = choice_indices(play(model_free))
    assert (habitual["model_free_index"] > 2).all()
    assert (habitual["planning_index"].abs() < habitual["model_free_index"] / 4).all()


def test_lag_one_signs_are_those_of_planning():
    table = choice_summary(play(planner)).set_index(["lag", "condition"])["mean"].loc[1]
    assert table["common-rewarded"] > 0 and table["rare-unrewarded"] > 0
    assert table["rare-rewarded"] < 0 and table["common-unrewarded"] < 0


def test_known_coefficients_are_recovered():
    generator = np.random.default_rng(3)
    truth = {
        (1, "common-rewarded"): 1.5,
        (1, "rare-rewarded"): -1.0,
        (3, "common-unrewarded"): -0.75,
        (0, "bias"): 0.5,
    }
    n = 20_000
    reward, transition = generator.integers(0, 2, n), generator.integers(0, 2, n)
    kinds = [list(CONDITIONS.values()).index(pair) for pair in zip(transition, reward, strict=True)]
    names, action = list(CONDITIONS), np.zeros(n, int)
    for t in range(n):
        past = [(lag, names[kinds[t - lag]], 2 * action[t - lag] - 1) for lag in range(1, min(t, 5) + 1)]
        logit = 0.5 + sum(truth.get((lag, kind), 0.0) * sign for lag, kind, sign in past)
        action[t] = generator.random() < expit(logit)
    trials = pd.DataFrame(
        {
            "subject": "a",
            "episode": 0,
            "trial": range(n),
            "action": action,
            "reward": reward,
            "transition": transition,
        }
    )
    table = choice_coefficients(trials)
    assert len(table) == 21 and (table["n"] == n - 5).all()
    for row in table.itertuples():
        # Four standard errors of the least informed coefficient.
        assert row.coefficient == pytest.approx(truth.get((row.lag, row.condition), 0.0), abs=0.16), row


def test_agrees_with_statsmodels_and_scikit_learn():
    trials = play(planner, subjects=1)
    ordered = in_order(trials, [])
    signs = 2.0 * ordered["action"].to_numpy() - 1
    regressors, complete = history(ordered, signs, 5)
    x, chosen = regressors[complete], signs[complete] > 0
    plain = sm.Logit(chosen.astype(float), sm.add_constant(x)).fit(disp=0, method="newton", tol=1e-10).params
    np.testing.assert_allclose(logistic(x, chosen, 1e-9), plain, atol=1e-6)
    ridge = LogisticRegression(C=1 / 2.5, solver="newton-cholesky", tol=1e-10).fit(x, chosen)
    np.testing.assert_allclose(logistic(x, chosen, 2.5), [*ridge.intercept_, *ridge.coef_[0]], atol=1e-6)


def test_the_regressors_are_the_past_choices_of_each_kind():
    rows = [
        ("a", 0, 0, 1, 1.0, 1, True),
        ("a", 0, 1, 0, 1.0, 0, True),
        ("a", 0, 2, 1, 0.0, 0, False),
        ("a", 0, 3, 1, 0.0, 1, True),
        ("a", 1, 0, 1, 0.0, 1, True),
        ("a", 1, 2, 1, 0.0, 1, True),
    ]
    ordered = in_order(pd.DataFrame(rows, columns=COLUMNS), [])
    regressors, complete = history(ordered, np.where(ordered["action"] == 1, 1.0, -1.0), 2)
    assert complete.tolist() == [False, False, True, True, False, False]
    # Conditions: common-rewarded, rare-rewarded, common-unrewarded, rare-unrewarded; lag 1 first.
    assert regressors[2].tolist() == [0, -1, 0, 0, 1, 0, 0, 0]
    # Lag 1 is the void trial and counts as nothing.
    assert regressors[3].tolist() == [0, 0, 0, 0, 0, -1, 0, 0]
    assert regressors[4].tolist() == [0] * 8 and regressors[5].tolist() == [0, 0, 0, 0, 0, 0, 1, 0]


def test_choosers_who_never_err_get_finite_coefficients():
    trials = play(planner, subjects=1, noise=1000.0)
    table = choice_coefficients(trials)
    assert np.isfinite(table["coefficient"]).all() and table["coefficient"].abs().max() < 50
    generator = np.random.default_rng(0)
    n = 500
    reward = generator.integers(0, 2, n).astype(float)
    # Win-stay, lose-shift without a slip: the last trial tells everything.
    action = np.concatenate([[0], np.cumsum(reward[:-1] == 0) % 2])
    perfect = pd.DataFrame(
        {"subject": "a", "episode": 0, "trial": range(n), "action": action, "reward": reward}
        | {"transition": generator.integers(0, 2, n)}
    )
    indices = choice_indices(perfect).iloc[0]
    assert indices["model_free_index"] > 10 and abs(indices["planning_index"]) < 5


def test_actions_of_any_two_names_give_the_same():
    trials = play(planner, subjects=2)
    renamed = trials.assign(action=trials["action"] * 4 + 3)
    pd.testing.assert_frame_equal(choice_coefficients(trials), choice_coefficients(renamed))


def test_what_cannot_be_fitted_is_said():
    trials = play(planner, subjects=2, episodes=2)
    with pytest.raises(UserError, match=r"needs two actions.*3 \(0, 1, 2\)"):
        choice_coefficients(trials.assign(action=trials.index % 3))
    trials.loc[trials["subject"] == "seed 1", "action"] = 1
    with pytest.raises(UserError, match="'seed 1' makes only one choice"):
        choice_coefficients(trials)
    with pytest.raises(UserError, match="'seed 0' makes only one choice in the 0 trials"):
        choice_coefficients(play(planner, subjects=1, episodes=3, trials=5))
    with pytest.raises(UserError, match="lags is 0"):
        choice_coefficients(trials, lags=0)
    with pytest.raises(UserError, match="penalty is 0"):
        choice_coefficients(trials, penalty=0.0)


def test_rats_plan(data_folder: Path):
    trials = read_trials(data_folder / "rat_two_step_miller" / "trials.csv.gz")
    indices = choice_indices(trials)
    assert len(indices) == 6 and (indices["planning_index"] > 1.5).all()
    planning, model_free = indices["planning_index"], indices["model_free_index"]
    assert abs(model_free.mean()) < planning.mean() / 10
    # Near zero: within two standard errors over the six rats.
    assert abs(model_free.mean()) < 2 * model_free.sem() < planning.mean()
