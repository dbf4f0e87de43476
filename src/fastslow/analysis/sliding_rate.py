"""The learning rate as it changes within an episode: Rescorla-Wagner fitted in a window that slides over trials.

Behrens et al. 2007 and Wang et al. 2018 (Fig. 3) show rates by block; this is the trace between. Values are learned
from the episode's first trial on, at the rate that is tried; only choices within the window count as likelihood, and
all episodes of a subject that lived the same schedule are fitted together.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from jaxtyping import Float

from fastslow.analysis.columns import need_columns
from fastslow.analysis.rescorla_wagner import (
    GRID,
    MODELS,
    Choices,
    block_arrays,
    climb,
    learned_values,
    softmax,
)
from fastslow.errors import check


def sliding_rates(
    trials: pd.DataFrame,
    condition: str | None = None,
    width: int = 20,
    every: int = 10,
    arms: int = 2,
    initial_value: float = 0.5,
) -> pd.DataFrame:
    """Learning rate and inverse temperature in windows of `width` trials, one every `every` trials.

    **Arguments**: `trials` with columns subject, episode, trial, action (0 to arms - 1), reward and, where some choices
    are missing, valid; `condition` the column that tells episodes of different schedules apart (None: one schedule).

    **Returns**: one row per subject, condition and window: trial (the window's middle), alpha, beta, log_likelihood
    (nats), n (choices). A window without a choice has no row.

    **Errors**: `UserError` where a column is missing or no episode is as long as a window.
    """
    check(width >= 1 and every >= 1, f"width is {width} and every {every}; give 1 or more of each.")
    used = ["subject", "episode", "trial", "action", "reward", *([condition] if condition else [])]
    need_columns(trials, used, "trial table")
    frame = trials.assign(condition="all" if condition is None else trials[condition])
    rows = []
    for (subject, name), group in frame.groupby(["subject", "condition"], sort=True):
        members = [each for _, each in group.sort_values(["episode", "trial"]).groupby("episode")]
        longest = max(len(each) for each in members)
        choices = block_arrays(members, longest, arms, f"{subject}, {name}", in_place=True)
        starts = range(0, longest - width + 1, every)
        for start, fitted in zip(starts, fit_windows(choices, width, starts, initial_value), strict=True):
            if fitted["n"]:
                middle = start + (width - 1) / 2
                rows.append({"subject": subject, "condition": name, "trial": middle} | fitted)
    check(bool(rows), f"No episode has {width} trials, so there is no window to fit; lower width.")
    return pd.DataFrame(rows)


def fit_windows(choices: Choices, width: int, starts: range, initial: float) -> Iterator[dict[str, float]]:
    """The fit of each window: climbed from the grid point of greatest likelihood."""
    points = [(alpha, beta) for alpha in GRID["alpha"] for beta in GRID["beta"]]
    totals = np.stack([by_trial(*point, choices, initial) for point in points])
    sums = np.concatenate([np.zeros((len(points), 1)), totals.cumsum(axis=1)], axis=1)
    for start in starts:
        inside = np.arange(len(choices.made)) >= start
        window = Choices(*(part[: start + width] for part in choices))
        window = window._replace(made=window.made & inside[: start + width, None])
        n = int(window.made.sum())
        alpha, beta = points[int((sums[:, start + width] - sums[:, start]).argmax())]
        at = {"alpha": alpha, "beta": beta, "epsilon": 0.0}
        best, total = climb(MODELS["ab"], at, window, initial)
        yield {"alpha": best["alpha"], "beta": best["beta"], "log_likelihood": total, "n": n}


def by_trial(alpha: float, beta: float, choices: Choices, initial: float) -> Float[np.ndarray, " trial"]:
    """Log likelihood of each trial's choices, summed over episodes."""
    values, _ = learned_values(alpha, choices, initial)
    p = (softmax(beta * values) * choices.chosen).sum(axis=-1)
    return np.log(np.where(choices.made, np.maximum(p, 1e-300), 1.0)).sum(axis=-1)
