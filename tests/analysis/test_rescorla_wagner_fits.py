"""The fits recover what generated the choices, by hand-computed likelihoods and by simulation."""

import numpy as np
import pandas as pd
import pytest

from fastslow.analysis.learning_rate import bic_comparison, learning_rate_slope
from fastslow.analysis.rescorla_wagner import (
    FIXED,
    GRID,
    Choices,
    block_arrays,
    climb,
    fit_blocks,
    learned_values,
    likelihood,
)
from fastslow.errors import UserError


def simulate(alpha, beta, epsilon, episodes, seed, subject="s", sigma=0.2, trials=100):
    """A Rescorla-Wagner chooser on a restless bandit with p, 1 - p and a reflected walk."""
    random = np.random.default_rng(seed)
    p, values, rows = random.random(episodes), np.full((episodes, 2), 0.5), []
    every = np.arange(episodes)
    for t in range(trials):
        right = 1 / (1 + np.exp(-beta * (values[:, 1] - values[:, 0])))
        action = (random.random(episodes) < (1 - epsilon) * right + epsilon / 2).astype(int)
        reward = (random.random(episodes) < np.where(action == 1, 1 - p, p)).astype(float)
        values[every, action] += alpha * (reward - values[every, action])
        columns = {"subject": subject, "episode": every, "trial": t, "action": action, "reward": reward}
        rows.append(pd.DataFrame(columns))
        p = np.abs(p + sigma * random.standard_normal(episodes))
        p = 1 - np.abs(1 - p)
    return pd.concat(rows, ignore_index=True)


def table(actions, rewards, episode=0):
    rows = {"subject": "s", "episode": episode, "trial": range(len(actions))}
    return pd.DataFrame(rows | {"action": actions, "reward": rewards})


def test_likelihood_of_three_choices_by_hand():
    choices = block_arrays([table([0, 0, 1], [1.0, 0.0, 1.0])], 3, 2, "here")
    values, slopes = learned_values(0.5, choices, 0.5)
    np.testing.assert_allclose(values[:, 0], [[0.5, 0.5], [0.75, 0.5], [0.375, 0.5]])
    np.testing.assert_allclose(slopes[2, 0], [-0.5, 0.0])  # V0 = (.5 + .5a)(1 - a), derivative -a at a = .5
    total, _ = likelihood({"alpha": 0.5, "beta": 2.0, "epsilon": 0.1}, values, slopes, choices)
    p = [0.5, 1 / (1 + np.exp(-0.5)), 1 / (1 + np.exp(-0.25))]
    assert total == pytest.approx(sum(np.log(0.9 * x + 0.05) for x in p), abs=1e-12)


def test_gradient_agrees_with_finite_differences():
    rows = simulate(0.3, 4.0, 0.1, 2, 0, trials=30)
    choices = block_arrays([part for _, part in rows.groupby("episode")], 30, 2, "here")
    at = {"alpha": 0.4, "beta": 3.0, "epsilon": 0.2}

    def total(**change):
        here = at | change
        return likelihood(here, *learned_values(here["alpha"], choices, 0.5), choices)

    for name, value in at.items():
        slope = (total(**{name: value + 1e-6})[0] - total(**{name: value - 1e-6})[0]) / 2e-6
        assert total()[1][name] == pytest.approx(slope, rel=1e-5)


@pytest.mark.parametrize("alpha", [0.2, 0.5, 0.8])
def test_parameters_are_recovered(alpha):
    fits = fit_blocks(simulate(alpha, 5.0, 0.1, 100, seed=7), models=("abe",))
    assert len(fits) == 10
    mean, error = fits[["alpha", "epsilon"]].mean(), fits[["alpha", "epsilon"]].sem()
    assert error["alpha"] < 0.03
    assert abs(mean["alpha"] - alpha) < 3 * error["alpha"]
    assert abs(mean["epsilon"] - 0.1) < 3 * error["epsilon"]
    assert fits["beta"].median() == pytest.approx(5.0, abs=1.0)


@pytest.mark.parametrize(
    ("alpha", "epsilon", "best"), [(0.5, 0.0, "b"), (0.2, 0.0, "ab"), (0.5, 0.25, "be"), (0.9, 0.25, "abe")]
)
def test_bic_prefers_the_generating_model(alpha, epsilon, best):
    comparison = bic_comparison(fit_blocks(simulate(alpha, 8.0, epsilon, 80, seed=3))).iloc[0]
    assert comparison["best_model"] == best
    assert (comparison["bic_difference"] > 0) == (alpha != 0.5)
    assert comparison["blocks"] == 8


def test_bic_and_nesting():
    fits = fit_blocks(simulate(0.7, 3.0, 0.1, 40, seed=2))
    k = fits["model"].map({"b": 1, "ab": 2, "be": 2, "abe": 3})
    np.testing.assert_allclose(fits["bic"], k * np.log(1000) - 2 * fits["log_likelihood"])
    total = fits.pivot(index="block", columns="model", values="log_likelihood")
    for smaller, larger in (("b", "ab"), ("b", "be"), ("ab", "abe"), ("be", "abe")):
        assert (total[larger] >= total[smaller]).all()
    fixed = fits[fits["model"] == "b"]
    assert (fixed["alpha"] == 0.5).all() and (fixed["epsilon"] == 0.0).all()


def test_optimum_is_that_of_a_fine_grid():
    rows = simulate(0.35, 4.0, 0.0, 10, seed=5)
    found = fit_blocks(rows, models=("ab",)).iloc[0]
    choices = block_arrays([part for _, part in rows.groupby("episode")], 100, 2, "here")
    best = -np.inf
    for alpha in np.linspace(0.01, 1, 100):
        values = learned_values(alpha, choices, 0.5)
        for beta in np.linspace(0.1, 12, 120):
            best = max(best, likelihood({"alpha": alpha, "beta": beta, "epsilon": 0.0}, *values, choices)[0])
    assert best <= found["log_likelihood"] + 1e-9
    assert found["log_likelihood"] - best < 0.05


def test_missing_choices_teach_nothing_and_count_for_nothing():
    whole = pd.concat([table([0, 0, 1, 1], [1.0, 1.0, 0.0, 1.0], episode) for episode in range(2)])
    whole["valid"] = True
    flagged = whole.iloc[[0]].assign(action=-1, reward=np.nan, valid=False, trial=1.5)
    with_gap = pd.concat([whole, flagged])
    columns = ["alpha", "beta", "epsilon", "log_likelihood", "bic", "n"]
    plain, gapped = (fit_blocks(rows, episodes_per_block=2)[columns] for rows in (whole, with_gap))
    np.testing.assert_allclose(gapped, plain)
    assert (plain["n"] == 8).all()


def test_ragged_episodes_equal_their_own_likelihoods():
    long, short = table([0, 1, 0, 0], [1.0, 0.0, 1.0, 0.0]), table([1, 1], [0.0, 1.0], 1)
    both = block_arrays([long, short], 4, 2, "here")
    at = {"alpha": 0.3, "beta": 2.0, "epsilon": 0.1}
    parts = [block_arrays([rows], len(rows), 2, "here") for rows in (long, short)]
    totals = [likelihood(at, *learned_values(0.3, part, 0.5), part)[0] for part in [both, *parts]]
    assert totals[0] == pytest.approx(totals[1] + totals[2])


def test_certain_choices_stay_finite_and_within_bounds():
    choices = Choices(np.eye(2)[np.zeros((20, 1), int)], np.ones((20, 1)), np.ones((20, 1), bool))
    parameters, total = climb(("alpha", "beta"), {"alpha": 0.5, "beta": 1.0, "epsilon": 0.0}, choices, 0.5)
    assert 0 <= parameters["alpha"] <= 1 and 0 <= parameters["beta"] <= 50
    assert np.log(0.5) >= total > -0.8  # the first choice is a coin toss, the rest can be certain


def test_blocks_are_cut_by_condition_and_volatility_is_their_mean():
    calm = simulate(0.3, 5.0, 0.0, 4, 0, trials=20).assign(kind="calm", sigma=0.02)
    wild = simulate(0.3, 5.0, 0.0, 5, 1, trials=20).assign(kind="wild", sigma=0.2)
    wild["episode"] += 4
    rows = pd.concat([wild, calm])
    fits = fit_blocks(rows, "kind", 2, models=("b", "ab"), volatility="sigma")
    assert list(fits["condition"]) == ["calm"] * 4 + ["wild"] * 4  # the fifth wild episode fills no block
    np.testing.assert_allclose(fits["sigma"], [0.02] * 4 + [0.2] * 4)
    alone = fit_blocks(calm, episodes_per_block=2, models=("b", "ab"))
    np.testing.assert_allclose(fits["alpha"][:4], alone["alpha"])


def test_slope_on_volatility_by_hand_and_in_simulation():
    by_hand = pd.DataFrame(
        {"subject": "s", "model": "ab", "sigma": [0.0, 0.0, 0.2, 0.2], "alpha": [0.1, 0.3, 0.5, 0.7]}
    )
    row = learning_rate_slope(by_hand).iloc[0]
    assert row["slope"] == pytest.approx(2.0)
    assert row["intercept"] == pytest.approx(0.2)
    assert row["difference"] == pytest.approx(0.4)

    def fitted(calm_alpha, wild_alpha):
        calm = simulate(calm_alpha, 6.0, 0.0, 40, 1, sigma=0.02).assign(kind="calm", sigma=0.02)
        wild = simulate(wild_alpha, 6.0, 0.0, 40, 2, sigma=0.2).assign(kind="wild", sigma=0.2)
        fits = fit_blocks(pd.concat([calm, wild]), "kind", models=("ab",), volatility="sigma")
        return learning_rate_slope(fits).iloc[0]

    assert fitted(0.3, 0.7)["difference"] == pytest.approx(0.4, abs=0.1)
    assert abs(fitted(0.5, 0.5)["difference"]) < 0.1


def test_bad_input_is_answered_in_a_sentence():
    rows = simulate(0.5, 5.0, 0.0, 2, 0, trials=5)
    with pytest.raises(UserError, match="did you mean 'be'"):
        fit_blocks(rows, models=("bee",))
    with pytest.raises(UserError, match="no column 'reward'"):
        fit_blocks(rows.drop(columns="reward"))
    with pytest.raises(UserError, match="No subject has 10 episodes"):
        fit_blocks(rows)
    with pytest.raises(UserError, match=r"Action 2 .* outside 0 to 1; give arms = 3"):
        fit_blocks(rows.assign(action=2), episodes_per_block=1)
    with pytest.raises(UserError, match=r"'reward' .* not finite"):
        fit_blocks(rows.assign(reward=np.nan), episodes_per_block=1)
    with pytest.raises(UserError, match="no valid choice"):
        fit_blocks(rows.assign(valid=False), episodes_per_block=1)
    fits = fit_blocks(rows.assign(sigma=0.1), episodes_per_block=1, models=("ab",), volatility="sigma")
    with pytest.raises(UserError, match="equally volatile"):
        learning_rate_slope(fits)
    with pytest.raises(UserError, match="no model 'b'; fit all"):
        bic_comparison(fits)
    with pytest.raises(UserError, match="no model 'abe'"):
        learning_rate_slope(fits, "abe")


def test_fixed_values_stand_in_the_grid():
    assert all(FIXED[name] in GRID[name] for name in FIXED)
