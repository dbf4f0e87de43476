"""Aggregates are those of Agarwal et al. 2021: by hand, by plain Python, by rliable; intervals cover as they say."""

import random
import warnings

import numpy as np
import pytest

from fastslow.analysis import aggregates
from fastslow.analysis.aggregates import (
    game_profile,
    optimality_gap,
    pooled_iqm,
    probability_of_improvement,
    run_profile,
    stratified_bootstrap,
    stratified_interval,
)
from fastslow.errors import UserError

HAND = np.array([[0.0, 1.0, 5.0], [0.4, 1.0, 7.0]])
"""Two runs of three games, whose means are .2, 1 and 6."""
SHAPES = [(1, 1), (1, 7), (3, 1), (4, 4), (5, 57), (7, 3)]


def matrix(shape, seed=0):
    return np.random.default_rng(seed).standard_cauchy(shape).clip(-20, 20).round(1)


def plain(scores):
    """The four aggregates of a list of runs, without NumPy."""
    runs, games = len(scores), len(scores[0])
    means = sorted(sum(run[game] for run in scores) / runs for game in range(games))
    pooled = sorted(score for run in scores for score in run)
    cut = len(pooled) // 4
    kept = pooled[cut : len(pooled) - cut]
    half = games // 2
    return {
        "iqm": sum(kept) / len(kept),
        "median": means[half] if games % 2 else (means[half - 1] + means[half]) / 2,
        "mean": sum(means) / games,
        "optimality_gap": 1 - sum(min(score, 1) for score in pooled) / len(pooled),
    }


def plain_improvement(ours, theirs):
    shares = []
    for game in range(len(ours[0])):
        pairs = [(x[game], y[game]) for x in ours for y in theirs]
        shares.append(sum(1.0 if x > y else 0.5 if x == y else 0.0 for x, y in pairs) / len(pairs))
    return sum(shares) / len(shares)


def test_by_hand():
    found = {name: statistic(HAND) for name, statistic in aggregates.aggregates().items()}
    assert found == pytest.approx(
        {"iqm": (0.4 + 1 + 1 + 5) / 4, "median": 1.0, "mean": 2.4, "optimality_gap": 1 - (0.4 + 4) / 6}
    )
    assert optimality_gap(HAND, 0.5) == pytest.approx(0.5 - (0.4 + 4 * 0.5) / 6)
    assert run_profile(HAND, np.array([-1.0, 0.0, 1.0, 7.0])).tolist() == [1.0, 5 / 6, 2 / 6, 0.0]
    assert game_profile(HAND, np.array([0.2, 1.0, 5.9])).tolist() == [2 / 3, 1 / 3, 1 / 3]
    # Of the four pairs of each game ours is better in one and even in one; in all four; in none.
    theirs = np.array([[0.0, 0.5, 8.0], [1.0, 0.5, 9.0]])
    assert probability_of_improvement(HAND, theirs) == pytest.approx((0.375 + 1 + 0) / 3)


@pytest.mark.parametrize("shape", SHAPES)
def test_plain_python_says_the_same(shape):
    scores, others = matrix(shape), matrix((shape[0] + 2, shape[1]), 1)
    found = {name: float(statistic(scores)) for name, statistic in aggregates.aggregates().items()}
    assert found == pytest.approx(plain(scores.tolist()), abs=1e-12)
    assert probability_of_improvement(scores, others) == pytest.approx(
        plain_improvement(scores.tolist(), others.tolist()), abs=1e-12
    )
    thresholds = np.array([-3.0, 0.0, scores[0, 0], 2.5])
    wanted = [
        sum(score > tau for run in scores.tolist() for score in run) / scores.size for tau in thresholds
    ]
    assert run_profile(scores, thresholds) == pytest.approx(wanted)
    wanted = [np.mean([column.mean() > tau for column in scores.T]) for tau in thresholds]
    assert game_profile(scores, thresholds) == pytest.approx(wanted)


@pytest.mark.parametrize("shape", SHAPES)
def test_rliable_says_the_same(shape):
    metrics = pytest.importorskip("rliable.metrics")
    theirs = {
        "iqm": metrics.aggregate_iqm,
        "median": metrics.aggregate_median,
        "mean": metrics.aggregate_mean,
        "optimality_gap": metrics.aggregate_optimality_gap,
    }
    for seed in range(5):
        scores, others = matrix(shape, seed), matrix((3, shape[1]), 100 + seed)
        for name, statistic in aggregates.aggregates().items():
            assert statistic(scores) == pytest.approx(theirs[name](scores), abs=1e-12), name
        assert probability_of_improvement(scores, others) == pytest.approx(
            metrics.probability_of_improvement(scores, others), abs=1e-12
        )


def test_rliables_intervals_and_profiles_are_ours():
    pytest.importorskip("rliable")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from rliable import library, metrics
    except TypeError as error:
        pytest.skip(f"what rliable's intervals need does not start here: {error}")
    scores, taus = np.random.default_rng(3).gamma(2.0, 0.5, (6, 12)), np.linspace(0, 3, 7)
    assert run_profile(scores, taus) == pytest.approx(library.score_distributions(scores, taus))
    assert game_profile(scores, taus) == pytest.approx(library.average_score_distributions(scores, taus))
    np.random.seed(0)
    _, found = library.get_interval_estimates(
        {"a": scores}, lambda x: np.array([metrics.aggregate_iqm(x)]), reps=4_000
    )
    low, high = stratified_interval(pooled_iqm, scores, resamples=4_000)
    assert [low, high] == pytest.approx(found["a"].ravel(), abs=0.1 * (high - low))


def test_a_stack_is_its_matrices_one_by_one():
    stack, others = matrix((6, 4, 5)), matrix((6, 3, 5), 1)
    for statistic in aggregates.aggregates().values():
        assert statistic(stack) == pytest.approx([statistic(one) for one in stack])
    found = probability_of_improvement(stack, others)
    assert found == pytest.approx(
        [probability_of_improvement(*pair) for pair in zip(stack, others, strict=True)]
    )
    taus = np.array([0.0, 1.0])
    assert game_profile(stack, taus) == pytest.approx(np.stack([game_profile(one, taus) for one in stack]))


def test_runs_are_drawn_within_their_game():
    """Games far apart, runs near: were scores exchanged between games, the game means would be far off."""
    scores = np.array([[0.0, 1000.0], [1.0, 1001.0], [2.0, 1002.0]])
    draws = stratified_bootstrap(lambda stack: stack.mean(axis=1), scores, resamples=500)
    assert draws.shape == (500, 2)
    assert draws[:, 0].max() <= 2 and draws[:, 1].min() >= 1000
    # Each game's runs on their own: the two means are not the same run numbers shifted by 1000.
    assert abs(np.corrcoef(draws.T)[0, 1]) < 0.15
    constant = np.broadcast_to([0.0, 5.0, 9.0], (4, 3)).copy()
    # Of twelve scores three go at either end: 0, 5, 5, 5, 5, 9 are left.
    assert stratified_interval(pooled_iqm, constant) == (pytest.approx(29 / 6), pytest.approx(29 / 6))


def test_two_agents_are_resampled_apart():
    generator = np.random.default_rng(0)
    ours, theirs = generator.normal(1, 1, (20, 6)), generator.normal(0, 2, (30, 6))
    draws = stratified_bootstrap(lambda x, y: aggregates.mean(x) - aggregates.mean(y), ours, theirs)
    expected = ours.var(axis=0).sum() / 20 / 36 + theirs.var(axis=0).sum() / 30 / 36
    assert draws.var() == pytest.approx(expected, rel=0.08)
    same = stratified_bootstrap(lambda x, y: aggregates.mean(x) - aggregates.mean(y), ours, ours)
    assert same.std() > 0


def test_the_interval_is_reproducible_and_minds_neither_order_nor_blocks(monkeypatch):
    scores = matrix((6, 9), 5)
    found = stratified_interval(pooled_iqm, scores, seed=3)
    assert found == stratified_interval(pooled_iqm, scores, seed=3)
    assert found != stratified_interval(pooled_iqm, scores, seed=4)
    shuffled = np.random.default_rng(0).permuted(scores, axis=0)
    assert found == stratified_interval(pooled_iqm, shuffled, seed=3)
    monkeypatch.setattr(aggregates, "BLOCK", 54 * 7)
    assert stratified_interval(pooled_iqm, scores, seed=3) == pytest.approx(found, rel=0.05)


def test_the_interval_covers_as_often_as_it_says():
    """The mean of 10 runs of 4 unlike games; and the plain-Python bootstrap of one game has the same width."""
    generator = np.random.default_rng(11)
    centre, spread = np.array([0.0, 1.0, 5.0, -3.0]), np.array([0.5, 1.0, 3.0, 1.0])
    covered = 0
    for _ in range(400):
        low, high = stratified_interval(
            aggregates.mean, generator.normal(centre, spread, (10, 4)), resamples=400
        )
        covered += low <= centre.mean() <= high
    # 95 % less what a percentile bootstrap of 10 loses (its spread is sqrt(9/10) of the unbiased one).
    assert 0.89 < covered / 400 < 0.97
    values = generator.normal(size=12).tolist()
    draw = random.Random(0)
    means = sorted(sum(draw.choice(values) for _ in values) / len(values) for _ in range(4_000))
    low, high = stratified_interval(aggregates.mean, np.array(values)[:, None], resamples=4_000)
    assert [low, high] == pytest.approx([means[100], means[3_900]], abs=0.05)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.array([1.0, 2.0]), r"have the shape \(2,\)"),
        (np.zeros((0, 3)), r"have the shape \(0, 3\)"),
        (np.array([[1.0, np.nan], [2.0, 3.0]]), "1 of 4 scores are not finite"),
        (np.array([[1.0, -np.inf]]), "1 of 2 scores are not finite"),
    ],
)
def test_what_is_no_matrix_of_scores_is_refused(given, message):
    with pytest.raises(UserError, match=message):
        aggregates.check_matrix(given)


def test_settings_without_sense_are_refused():
    with pytest.raises(UserError, match=r"level is 95"):
        stratified_interval(pooled_iqm, HAND, level=95.0)
    with pytest.raises(UserError, match="resamples is 0"):
        stratified_interval(pooled_iqm, HAND, resamples=0)
    with pytest.raises(UserError, match="no matrix to resample"):
        stratified_interval(pooled_iqm)
    with pytest.raises(UserError, match="not finite"):
        stratified_interval(pooled_iqm, np.array([[np.nan]]))
