"""Bandits: what choices cost against the best arm, trial by trial.

Regret is expected: the true probability of the best arm less that of the arm chosen, never the sampled
rewards, whose noise would swamp differences of a third of a reward. Wang et al. 2016 (section 3.1); Wang et
al. 2018 (Fig. 1).

    R_T = sum over t <= T of (mu* - mu_{a_t})

Per subject, over its episodes; trials that are not valid are left out. Where episodes differ in length, each
trial number's mean is over the episodes that reach it.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fastslow.analysis.columns import need_columns, numbers, valid_rows
from fastslow.errors import UserError, check

TABLE = "trial table"


def by_trial(trials: pd.DataFrame, values: pd.Series, by: Sequence[str]) -> pd.DataFrame:
    """Mean of `values` over episodes: columns subject, those of `by`, trial, mean and episodes."""
    keys = ["subject", *by, "trial"]
    table = values.groupby([trials[key] for key in keys], sort=False).agg(["mean", "size"]).reset_index()
    ranks = [pd.factorize(table[key])[0] for key in ("subject", *by)]
    order = np.lexsort((table["trial"].to_numpy(), *reversed(ranks)))
    return table.iloc[order].reset_index(drop=True).rename(columns={"size": "episodes"})


def usable(trials: pd.DataFrame, needed: Sequence[str]) -> pd.DataFrame:
    """The valid rows of a table that has the needed columns."""
    need_columns(trials, ["subject", "trial", *needed], TABLE)
    rows = valid_rows(trials)
    check(len(rows) > 0, "The trial table has no valid trial; check the column 'valid'.")
    return rows


def correctness(trials: pd.DataFrame) -> pd.Series:
    """1 where the choice was the best: the column `correct`, or else a regret of 0."""
    if "correct" in trials:
        return pd.Series(numbers(trials, "correct", TABLE), trials.index)
    need_columns(trials, ["regret"], TABLE)
    return pd.Series(numbers(trials, "regret", TABLE) <= 0, trials.index).astype(float)


def cumulative_regret(trials: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Expected regret up to and with each trial, averaged over episodes.

    **Arguments**: `trials` with columns subject, trial, regret; `by` columns to keep apart, such as the
    problem.

    **Returns**: columns subject, those of `by`, trial, regret (cumulative, in units of reward) and episodes.
    """
    rows = usable(trials, [*by, "regret"])
    table = by_trial(rows, pd.Series(numbers(rows, "regret", TABLE), rows.index), by)
    table["mean"] = table.groupby(["subject", *by], sort=False)["mean"].cumsum()
    return table.rename(columns={"mean": "regret"})


def suboptimal_pulls(trials: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """How often each trial's choice was not the best, and how many such choices there were so far.

    **Arguments**: `trials` with columns subject, trial and correct (or regret).

    **Returns**: columns subject, those of `by`, trial, suboptimal (0 to 1), cumulative (choices) and
    episodes.
    """
    rows = usable(trials, by)
    table = by_trial(rows, 1 - correctness(rows), by).rename(columns={"mean": "suboptimal"})
    cumulative = table.groupby(["subject", *by], sort=False)["suboptimal"].cumsum()
    table.insert(table.columns.get_loc("episodes"), "cumulative", cumulative)
    return table


def p_correct(trials: pd.DataFrame, by: Sequence[str] = (), missed: bool = False) -> pd.DataFrame:
    """Probability of the best choice: columns subject, those of `by`, trial, correct and episodes.

    **Arguments**: `missed` count the trials that are not valid as wrong choices instead of leaving them out.
    """
    trials = trials.reset_index(drop=True)
    rows = usable(trials, by)
    right = correctness(rows)
    if missed:
        rows, right = trials, right.reindex(trials.index, fill_value=0.0)
    return by_trial(rows, right, by).rename(columns={"mean": "correct"})


def regret_after(trials: pd.DataFrame, pulls: int = 100, by: Sequence[str] = ()) -> pd.DataFrame:
    """Each subject's cumulative regret after `pulls` pulls: columns subject, those of `by`, regret, episodes.

    **Errors**: `UserError` where a subject's episodes have fewer pulls.
    """
    check(pulls >= 1, f"pulls is {pulls}, but it must be at least 1.")
    table = cumulative_regret(trials, by)
    first = table["trial"].min()
    keys = ["subject", *by]
    reached = table.groupby(keys, sort=False)["trial"].max() - first + 1
    short = reached[reached < pulls]
    if len(short):
        raise UserError(
            f"Regret after {pulls} pulls was asked for, but the episodes of {short.index[0]} have only "
            f"{int(short.iloc[0])}; ask for fewer."
        )
    chosen = table[table["trial"] == first + pulls - 1]
    return chosen.drop(columns="trial").reset_index(drop=True)
