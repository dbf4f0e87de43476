"""How learning itself gets faster: learning curves by stage of training, and by quantile of subjects.

Harlow 1949 showed learning sets as one curve over the trials of a problem for each stage of practice: early
problems are learned step by step, late ones in one trial. Means over subjects can hide that some learn and some do not,
so quantiles over subjects stand beside.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fastslow.analysis.columns import need_columns, numbers, valid_rows
from fastslow.errors import check


def learning_curves(trials: pd.DataFrame, column: str = "correct", stages: int = 1) -> pd.DataFrame:
    """Mean of `column` by trial within the episode, for each subject and stage of its episodes.

    **Arguments**: `trials` with columns subject, episode, trial and `column` (numbers or truth values); each
    subject's episodes, in order, are cut into `stages` parts of as equal a size as can be.

    **Returns**: subject, stage (0 the earliest), trial, value, episodes; only valid trials count.

    **Errors**: `UserError` where a subject has fewer episodes than stages.
    """
    need_columns(trials, ["subject", "episode", "trial", column], "trial table")
    check(stages >= 1, f"stages is {stages}, but it must be at least 1.")
    rows = valid_rows(trials)
    check(len(rows) > 0, "The trial table has no valid trial; check its column 'valid'.")
    rows = rows[["subject", "episode", "trial"]].assign(value=numbers(rows, column, "trial table"))
    rank = rows.groupby("subject", sort=False)["episode"].rank(method="dense").to_numpy(int) - 1
    count = rows.assign(rank=rank).groupby("subject", sort=False)["rank"].transform("max").to_numpy() + 1
    few = count < stages
    if few.any():
        subject = rows["subject"].to_numpy()[few.argmax()]
        check(
            False,
            f"Subject '{subject}' has {count[few.argmax()]} episodes, fewer than {stages} stages; take fewer.",
        )
    rows = rows.assign(stage=rank * stages // count)
    grouped = rows.groupby(["subject", "stage", "trial"], sort=False)["value"].agg(
        value="mean", episodes="size"
    )
    return grouped.reset_index().sort_values(["stage", "trial"], kind="stable", ignore_index=True)


def curve_quantiles(
    curves: pd.DataFrame,
    by: Sequence[str] = ("stage", "trial"),
    quantiles: Sequence[float | int] = (0.1, 0.25, 0.5, 0.75, 0.9),
) -> pd.DataFrame:
    """Quantiles over subjects of a learning curve.

    **Arguments**: `curves` with a row per subject and group, such as `learning_curves` gives; `quantiles` 0 to 1.

    **Returns**: the columns of `by`, quantile, value, n (subjects).
    """
    need_columns(curves, ["subject", *by, "value"], "table of learning curves")
    check(
        all(0 <= q <= 1 for q in quantiles),
        f"quantiles are {list(quantiles)}, but each must lie between 0 and 1.",
    )
    values = numbers(curves, "value", "table of learning curves")
    grouped = curves.assign(value=values).groupby(list(by), sort=False)["value"]
    parts = [
        grouped.quantile(q).reset_index().assign(quantile=q, n=grouped.size().to_numpy()) for q in quantiles
    ]
    return pd.concat(parts, ignore_index=True)[[*by, "quantile", "value", "n"]]


def trials_to_criterion(curves: pd.DataFrame, criterion: float = 0.9) -> pd.DataFrame:
    """The first trial (from 1) at which each subject's curve reaches the criterion, by stage.

    **Arguments**: `curves` from `learning_curves`.

    **Returns**: subject, stage, trials, reached (False where the criterion was never met; then `trials` is the
    number of trials there were, which is too few).
    """
    need_columns(curves, ["subject", "stage", "trial", "value"], "table of learning curves")
    rows = []
    for (subject, stage), curve in curves.groupby(["subject", "stage"], sort=False):
        reached = np.flatnonzero(curve.sort_values("trial")["value"].to_numpy() >= criterion)
        first = int(reached[0]) + 1 if len(reached) else len(curve)
        rows.append({"subject": subject, "stage": stage, "trials": first, "reached": bool(len(reached))})
    return pd.DataFrame(rows)


def learning_quantiles(
    trials: pd.DataFrame,
    column: str = "correct",
    stages: int = 1,
    quantiles: Sequence[float] = (0.25, 0.5, 0.75),
) -> pd.DataFrame:
    """Quantiles over subjects of the curve of `column` by stage and trial (see `learning_curves`)."""
    return curve_quantiles(learning_curves(trials, column, stages), quantiles=quantiles)
