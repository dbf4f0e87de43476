"""Forgetting: how much of what a task first cost it costs again when it returns, by how long it was away.

Who learns a task anew each time has the same regret at its return as at first; who recalls what was learned has
little. Meta-learning in activity alone is of the first kind, for all that lies between overwrites what it knew (Ritter
et al. 2018). Per subject, over its episodes.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fastslow.analysis.columns import need_columns, numbers, valid_rows
from fastslow.analysis.regret import TABLE, correctness
from fastslow.errors import UserError, check

LAGS = (0, 1, 2, 5, 10, 20)
"""Least numbers of exposures of other tasks in between, of the groups in which returns are counted."""


def meetings(trials: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Each exposure of each task: columns subject, those of `by`, episode, context, exposure, lag (exposures of other
    tasks since it was last met; -1 at the first that is there), regret (mean of its valid trials) and mastered (its
    last exposure had ended on the best choice).

    **Arguments**: `trials` with columns subject, episode, context, exposure (1 for the first), exposure_trial,
    exposure_order and regret. Exposures without a valid trial are left out.
    """
    keys = ["subject", *by, "episode", "context"]
    needed = ["exposure", "exposure_trial", "exposure_order", "regret"]
    need_columns(trials, [*keys, *needed], TABLE)
    rows = valid_rows(trials)
    check(len(rows) > 0, "The trial table has no valid trial; check the column 'valid'.")
    rows = rows[keys].assign(**{name: numbers(rows, name, TABLE) for name in needed}, best=correctness(rows))
    rows = rows.sort_values("exposure_trial", kind="stable")
    groups = rows.groupby([*keys, "exposure", "exposure_order"], sort=False)
    met = groups.agg(regret=("regret", "mean"), ended=("best", "last")).reset_index()
    met = met.sort_values("exposure_order", kind="stable", ignore_index=True)
    before = met.groupby(keys, sort=False)[["exposure_order", "ended"]].shift(1)
    away = met["exposure_order"] - before["exposure_order"] - 1
    first = met["exposure"] == 1
    return met[keys].assign(
        exposure=met["exposure"].astype(int),
        lag=away.where(~first).fillna(-1).astype(int),
        regret=met["regret"],
        mastered=(before["ended"] > 0) & ~first,
    )


def relearning(
    met: pd.DataFrame, by: Sequence[str] = (), apart: Sequence[str] = (), mastered: bool = False
) -> pd.DataFrame:
    """The regret of returns over that of first exposures, subject by subject.

    **Arguments**: `met` as from `meetings`; `by` such as exposure or between: which returns are told apart; `apart`
    columns whose values have first exposures of their own; `mastered` count only returns of tasks whose last exposure
    had ended on the best choice.

    **Returns**: columns subject, those of `apart` and `by`, regret (per trial), relative (1: all was to be learned
    anew) and returns (how many).

    **Errors**: `UserError` where somebody met no task for the first time, or had no regret then, or met none again.
    """
    keys = ["subject", *apart]
    need_columns(met, [*keys, "exposure", "lag", "regret", "mastered", *by], "table of meetings")
    again = met[(met["lag"] >= 0) & (met["mastered"] if mastered else True)]
    check(len(again) > 0, "No task was met a second time, so nothing can have been forgotten.")
    table = again.groupby([*keys, *by], sort=False)["regret"].agg(["mean", "size"]).reset_index()
    table = table.rename(columns={"mean": "regret", "size": "returns"})
    first = met[met["exposure"] == 1].groupby(keys, sort=False)["regret"].mean().rename("first")
    table = table.merge(first.reset_index(), how="left", on=keys)
    costless = table.loc[~(table["first"] > 0), "subject"]
    if len(costless):
        raise UserError(
            f"{costless.iloc[0]} had no regret at the first exposures of its tasks, so that of their returns cannot "
            "be set against it; leave this subject out."
        )
    table.insert(len(keys) + len(by) + 1, "relative", table["regret"] / table.pop("first"))
    order = [*apart, *by]
    return table.sort_values(order, kind="stable", ignore_index=True) if order else table


def between(lag: pd.Series, least: Sequence[int] = LAGS) -> pd.Series:
    """Lags (0 or more) in groups, each named by the least in it; -1, no return, stays what it is."""
    edges = np.array([*least])
    group = np.searchsorted(edges, lag.to_numpy(), side="right") - 1
    return pd.Series(np.where(group >= 0, edges[np.maximum(group, 0)], -1), lag.index)


def span(least: int, all_least: Sequence[int] = LAGS) -> str:
    """What a group of lags is called: 0, 1, 2 to 4, ..., 20 and more."""
    place = list(all_least).index(least)
    if place + 1 == len(all_least):
        return f"{least} and more"
    most = all_least[place + 1] - 1
    return str(least) if most == least else f"{least} to {most}"


def forgetting(trials: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """The regret of a task's returns over that of first exposures, by how many exposures of others came in between:
    columns subject, those of `by`, between (the least number of each group of `LAGS`), regret, relative, returns.

    See `meetings` for what `trials` must have, and `relearning` for the rest; groups of `by` have first exposures of
    their own.
    """
    met = meetings(trials, by)
    return relearning(met.assign(between=between(met["lag"])), ["between"], by)
