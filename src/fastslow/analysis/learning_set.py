"""Learning sets: how often each trial of a new problem is right, and who has learned to learn.

In Harlow's task the first choice is a guess and tells all, so accuracy on the second trial is the measure of learning
to learn. A trial that was not finished counts as not correct, as published. Harlow 1949; Wang et al. 2018 (Fig. 6).
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fastslow.analysis.columns import need_columns, numbers, valid_rows
from fastslow.analysis.regret import TABLE, by_trial, p_correct
from fastslow.errors import UserError, check

MAXIMUM = 0.95
"""Accuracy on trial 2 from which a subject counts as having reached the maximum."""


def learning_set(trials: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Accuracy by trial number, 1 for the first: columns subject, those of `by`, trial, correct, finished, episodes.

    **Arguments**: `trials` with columns subject, trial (the first is the least there is), correct or regret, and, where
    trials were missed, valid; `by` columns to keep apart, such as the stage of training.

    **Returns**: `correct`, the share of all trials that were right; `finished`, the share that were valid at all.
    """
    need_columns(trials, ["subject", "trial", *by], TABLE)
    trials = trials.reset_index(drop=True)
    made = valid_rows(trials).index
    if len(made) > 0:
        table = p_correct(trials, by, missed=True)
    else:  # nothing was finished, so nothing was right
        table = by_trial(trials, pd.Series(0.0, trials.index), by).rename(columns={"mean": "correct"})
    finished = by_trial(trials, pd.Series(1.0, made).reindex(trials.index, fill_value=0.0), by)["mean"]
    table.insert(table.columns.get_loc("episodes"), "finished", finished.to_numpy())
    table["trial"] += 1 - int(table["trial"].min())
    return table


def at_maximum(table: pd.DataFrame, trial: int = 2, level: float = MAXIMUM) -> list[str]:
    """The subjects whose accuracy on `trial` is at least `level`.

    **Arguments**: `table` as from `learning_set`, one row for each subject and trial.
    """
    need_columns(table, ["subject", "trial", "correct"], "table of accuracies")
    rows = table[table["trial"] == trial]
    check(
        len(rows) > 0,
        f"The table of accuracies has no trial {trial}; the last is {int(table['trial'].max())}.",
    )
    return rows.loc[numbers(rows, "correct", "table of accuracies") >= level, "subject"].tolist()


def curve(table: pd.DataFrame, column: str = "mean") -> np.ndarray:
    """One accuracy for each trial, in order."""
    need_columns(table, ["trial", column], "curve")
    if table["trial"].duplicated().any():
        raise UserError("The curve has a trial twice; give one group of subjects at one stage.")
    return numbers(table.sort_values("trial"), column, "curve")


def difference(ours: np.ndarray, theirs: Sequence[float]) -> float:
    """Mean absolute difference over trials of two curves of the same length."""
    check(
        len(ours) == len(theirs), f"The curves have {len(ours)} and {len(theirs)} trials; give the same ones."
    )
    return float(np.abs(np.asarray(ours, float) - np.asarray(theirs, float)).mean())


def nearest_stage(ours: Sequence[np.ndarray], theirs: Mapping[str, Sequence[float]]) -> pd.DataFrame:
    """For each curve of `theirs` the stage of `ours` nearest to it: columns curve, stage (1, 2, ...), difference.

    Learners need not pass through the same stages at the same pace; this asks whether they pass through them at all.
    """
    check(len(ours) > 0, "There are no stages to compare with; give at least one.")
    rows = []
    for name, wanted in theirs.items():
        apart = [difference(stage, wanted) for stage in ours]
        rows.append({"curve": name, "stage": int(np.argmin(apart)) + 1, "difference": min(apart)})
    return pd.DataFrame(rows)
