"""Agents by their scores over runs and games: aggregates, profiles and comparisons, with stratified intervals.

The statistics are those of Agarwal et al. 2021 (`analysis.aggregates`); here they are tables. Scores must be on one
scale over games: normalise them first, or name the normalisation.
"""

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from fastslow.analysis import aggregates
from fastslow.analysis.aggregates import stratified_interval
from fastslow.analysis.human_normalised import RAW, normalised
from fastslow.analysis.score_table import at_checkpoint, by_checkpoint, games_of, matrices, place_of
from fastslow.analysis.statistics import RESAMPLES, check_bootstrap
from fastslow.errors import check

ONE = "one run: no interval"
STEPS = 101
"""Thresholds of a profile, from the least score to the greatest, unless others are asked for."""


class Bootstrap(NamedTuple):
    """How intervals are made: `stratified_interval`."""

    seed: int
    level: float
    resamples: int


def aggregate_scores(
    scores: pd.DataFrame,
    normalisation: str = RAW,
    gamma: float | int = 1.0,
    seed: int = 0,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> pd.DataFrame:
    """Interquartile mean, median, mean and optimality gap of each agent, at each checkpoint where there are several.

    **Arguments**: `scores` with columns subject (the run), score and, where there are several, agent, game and frames;
    `normalisation` none, standard or nec2017 (`human_normalised`); `gamma` the score that is good enough, for the
    optimality gap; `seed`, `level` and `resamples` of the bootstrap, which resamples runs within each game.

    **Returns**: columns agent, frames (where there are), measure (iqm, median, mean, optimality_gap), value, low, high,
    runs (of each game), games, note.

    **Errors**: `UserError` where agents have unlike games or a game has fewer runs than another.
    """
    check_gamma(gamma)
    check_bootstrap(level, resamples)
    measures = aggregates.aggregates(gamma)
    table = normalised(scores, normalisation)
    games, bootstrap = games_of(table), Bootstrap(seed, level, resamples)

    def all_of_them(stack):
        return np.stack([measure(stack) for measure in measures.values()], axis=-1)

    parts = [(place_of(part), matrices(part, games)) for part in by_checkpoint(table)]
    return pd.DataFrame(
        [
            row
            for agent in pd.unique(table["agent"])
            for place, found in parts
            if agent in found
            for row in with_intervals(
                {"agent": agent} | place, list(measures), all_of_them, [found[agent]], bootstrap
            )
        ]
    )


def performance_profiles(
    scores: pd.DataFrame,
    normalisation: str = RAW,
    thresholds: Sequence[float | int] = (),
    of: Literal["runs", "games"] = "runs",
    frames: float | int | None = None,
    seed: int = 0,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> pd.DataFrame:
    """Share of scores above each threshold, by agent: the whole distribution of which aggregates are one number.

    **Arguments**: `scores` and others as in `aggregate_scores`; `thresholds` in increasing order (default: 101 from the
    least to the greatest score); `of` the scores of all runs, or the means of games; `frames` the checkpoint (default:
    the last).

    **Returns**: columns agent, frames (where there are), threshold, value (0 to 1), low, high, runs, games, note.
    """
    check_bootstrap(level, resamples)
    whole = normalised(scores, normalisation)
    table = at_checkpoint(whole, frames)
    taus = np.asarray(thresholds, float)
    if not taus.size:
        taus = np.linspace(table["score"].min(), table["score"].max(), STEPS)
    check(
        bool(np.isfinite(taus).all() and (np.diff(taus) >= 0).all()),
        f"thresholds are {list(thresholds)}, but must be finite scores in increasing order.",
    )
    check(of in ("runs", "games"), f"of is '{of}', but it must be 'runs' or 'games'.")
    profile = aggregates.run_profile if of == "runs" else aggregates.game_profile
    bootstrap, place = Bootstrap(seed, level, resamples), place_of(table)
    return pd.DataFrame(
        [
            row
            for agent, matrix in matrices(table, games_of(whole)).items()
            for row in with_intervals(
                {"agent": agent} | place,
                taus.tolist(),
                lambda s: profile(s, taus),
                [matrix],
                bootstrap,
                "threshold",
            )
        ]
    )


def compare_scores(
    scores: pd.DataFrame,
    normalisation: str = RAW,
    gamma: float | int = 1.0,
    frames: float | int | None = None,
    seed: int = 0,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> pd.DataFrame:
    """Each pair of agents: how probably a run of the first is better, and by how much each aggregate differs.

    **Arguments**: as in `aggregate_scores`; `frames` the checkpoint (default: the last). The runs of the two agents are
    resampled apart. Of two agents the one that the table has first is `agent`, the other `over`.

    **Returns**: columns agent, over, frames (where there are), measure (improvement: P(agent > over), ties half; iqm,
    median, mean, optimality_gap: that of agent less that of over), value, low, high, runs (the fewer of
    the two), games, note.

    **Errors**: `UserError` for a single agent, and as `aggregate_scores`.
    """
    check_gamma(gamma)
    check_bootstrap(level, resamples)
    whole = normalised(scores, normalisation)
    table = at_checkpoint(whole, frames)
    found = matrices(table, games_of(whole))
    check(
        len(found) > 1,
        f"There is nobody to compare '{next(iter(found))}' with; give the scores of two agents, told apart by a column "
        "'agent'.",
    )
    measures = aggregates.aggregates(gamma)

    def all_of_them(ours, theirs):
        differences = [measure(ours) - measure(theirs) for measure in measures.values()]
        return np.stack([aggregates.probability_of_improvement(ours, theirs), *differences], axis=-1)

    names, bootstrap = ["improvement", *measures], Bootstrap(seed, level, resamples)
    return pd.DataFrame(
        [
            row
            for agent, over in combinations(found, 2)
            for row in with_intervals(
                {"agent": agent, "over": over} | place_of(table),
                names,
                all_of_them,
                [found[agent], found[over]],
                bootstrap,
            )
        ]
    )


def check_gamma(gamma: float | int) -> None:
    check(bool(np.isfinite(gamma)), f"gamma is {gamma}, but it must be a finite score.")


def with_intervals(
    place: dict[str, str | float],
    names: Sequence[str | float],
    statistic: Callable[..., np.ndarray],
    found: Sequence[np.ndarray],
    bootstrap: Bootstrap,
    column: str = "measure",
) -> list[dict[str, str | float]]:
    """A row for each of the numbers that a statistic gives, with its interval and what it rests on."""
    values = statistic(*found)
    runs = min(len(matrix) for matrix in found)
    # Of a single run nothing is known about the spread, whatever another agent's runs say.
    low, high = (
        (values, values) if runs == 1 else stratified_interval(statistic, *found, **bootstrap._asdict())
    )
    rests = {"runs": runs, "games": found[0].shape[1], "note": ONE if runs == 1 else ""}
    return [
        place | {column: name, "value": float(value), "low": float(least), "high": float(most)} | rests
        for name, value, least, most in zip(names, values, low, high, strict=True)
    ]
