"""Scores over runs and games in one number, with an interval: what a handful of runs can tell, and what it cannot.

Agarwal et al. 2021, whose definitions these are (and those of their library, rliable). A matrix of scores has a row
per run and a column per game, on a scale that all games share, such as the human-normalised one:

    mean, median        of the games' mean scores; the mean follows the best games, the median ignores half of them
    iqm                 interquartile mean: the mean of the middle half of all scores, runs and games pooled
    optimality gap      gamma - mean(min(score, gamma)): how far from gamma the scores stay on average
    P(X > Y)            mean over games of the share of pairs of runs in which X's is the better; ties count half
    profile             share of scores above tau: of all runs, or of the games' means

An interval is a percentile bootstrap in which the runs of each game are resampled apart (stratified): it tells what
another set of runs of the same games would give. Their paper finds that it covers as it says from about ten runs on
and is too narrow with three.

Every statistic takes one matrix or a stack of them, so that all resamples are computed at once.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from jaxtyping import Float

from fastslow.analysis.statistics import RESAMPLES, check_bootstrap, iqm, middle
from fastslow.errors import check

Scores = Float[np.ndarray, "*stack runs games"]
Numbers = Float[np.ndarray, "*stack"] | np.floating
BLOCK = 4_000_000
"""Numbers that are resampled at once: 32 MB."""


def mean(scores: Scores) -> Numbers:
    """Mean over games of the games' means."""
    return scores.mean(axis=-2).mean(axis=-1)


def median(scores: Scores) -> Numbers:
    """Median over games of the games' means."""
    return np.median(scores.mean(axis=-2), axis=-1)


def pooled_iqm(scores: Scores) -> Numbers:
    """Interquartile mean of all scores, whichever run and game they are of."""
    return iqm(scores.reshape(*scores.shape[:-2], -1), axis=-1)


def optimality_gap(scores: Scores, gamma: float | int = 1.0) -> Numbers:
    """How far the scores stay below `gamma` on average; what lies above it does not make up for anything."""
    return gamma - np.minimum(scores, gamma).mean(axis=(-2, -1))


def aggregates(gamma: float | int = 1.0) -> dict[str, Callable[[Scores], Numbers]]:
    """The four aggregates by name, in the order of all tables and figures."""
    return {
        "iqm": pooled_iqm,
        "median": median,
        "mean": mean,
        "optimality_gap": partial(optimality_gap, gamma=gamma),
    }


def probability_of_improvement(
    ours: Float[np.ndarray, "*stack runs games"], theirs: Float[np.ndarray, "*stack others games"]
) -> Numbers:
    """How probably a run of ours is better than one of theirs at the same game, averaged over games.

    The Mann-Whitney U over the number of pairs; a tie counts half.
    """
    difference = ours[..., :, None, :] - theirs[..., None, :, :]
    return 0.5 + 0.5 * np.sign(difference).mean(axis=(-3, -2)).mean(axis=-1)


def run_profile(
    scores: Scores, thresholds: Float[np.ndarray, " thresholds"]
) -> Float[np.ndarray, "*stack thresholds"]:
    """Share of all runs of all games whose score is above each threshold."""
    return np.stack([(scores > one).mean(axis=(-2, -1)) for one in thresholds], axis=-1)


def game_profile(
    scores: Scores, thresholds: Float[np.ndarray, " thresholds"]
) -> Float[np.ndarray, "*stack thresholds"]:
    """Share of the games whose mean score is above each threshold."""
    return run_profile(scores.mean(axis=-2, keepdims=True), thresholds)


def stratified_bootstrap(
    statistic: Callable[..., np.ndarray],
    *matrices: Float[np.ndarray, "_ _"],
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Float[np.ndarray, "resamples ..."]:
    """The statistic of matrices whose runs are drawn anew within each game, with replacement; of several, each apart.

    **Arguments**: `statistic(stack, ...)` takes a stack [resample, run, game] for each matrix and gives an array
    [resample] or [resample, ...]; `lambda ours, theirs: pooled_iqm(ours) - pooled_iqm(theirs)`, for one.

    **Returns**: the statistic of each resample, reproducible by the seed and, as the order of a game's runs does not
    matter, whatever their order.

    **Errors**: `UserError` for a matrix without runs or games, or with a number that is not finite.
    """
    check_bootstrap(0.5, resamples)
    check(bool(matrices), "There is no matrix to resample; give at least one.")
    for matrix in matrices:
        check_matrix(matrix)
    ordered = [np.sort(matrix, axis=0) for matrix in matrices]
    # Comparing each run with each takes their product in memory.
    size = np.prod([matrix.shape[0] for matrix in matrices]) * max(matrix.shape[1] for matrix in matrices)
    block = max(1, int(BLOCK // size))
    generators = np.random.default_rng(seed).spawn(len(matrices))
    draws = []
    for done in range(0, resamples, block):
        count = min(block, resamples - done)
        stacks = [
            matrix[generator.integers(0, len(matrix), (count, *matrix.shape)), np.arange(matrix.shape[1])]
            for matrix, generator in zip(ordered, generators, strict=True)
        ]
        draws.append(np.asarray(statistic(*stacks)))
    return np.concatenate(draws)


def stratified_interval(
    statistic: Callable[..., np.ndarray],
    *matrices: Float[np.ndarray, "_ _"],
    seed: int = 0,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> tuple[Numbers, Numbers]:
    """The percentile interval of a statistic over `stratified_bootstrap`: `(low, high)`, each as the statistic is.

    A single run of each game tells nothing of the spread: both are then the statistic itself, and whoever reports it
    must say so (the tables of `analysis.scores` do).
    """
    check_bootstrap(level, resamples)
    return middle(stratified_bootstrap(statistic, *matrices, seed=seed, resamples=resamples), level)


def check_matrix(scores: np.ndarray) -> None:
    """`UserError` unless this is a matrix of runs by games, all of them there."""
    check(
        scores.ndim == 2 and scores.size > 0,
        f"Scores have the shape {scores.shape}, but must be a matrix of one or more runs by one or more games.",
    )
    bad = ~np.isfinite(scores)
    check(
        not bad.any(),
        f"{int(bad.sum())} of {scores.size} scores are not finite; an aggregate needs as many runs of every game, so "
        "leave out the runs that lack one, or the game.",
    )
