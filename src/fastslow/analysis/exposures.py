"""Tasks that come back: how well they are done at each exposure, and whether what is recalled is the right thing.

Whoever learns a task anew each time does the tenth exposure like the first; whoever recalls what was learned is right
from the first trial of the second (Ritter et al. 2018). Per subject, over its episodes.
"""

from collections.abc import Sequence

import pandas as pd

from fastslow.analysis.columns import need_columns, numbers, valid_rows
from fastslow.analysis.regret import TABLE, correctness
from fastslow.analysis.reinstatement import recollections
from fastslow.errors import check


def by_exposure(trials: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Share of best choices by exposure and by trial within it: columns subject, those of `by`, exposure (1, 2, ...),
    trial (1, 2, ...), correct, regret (where the trials have it) and trials (how many).

    **Arguments**: `trials` with columns subject, exposure (1 for the first), exposure_trial (0 for the first), correct
    or regret; missed trials, valid False, are left out.
    """
    need_columns(trials, ["subject", "exposure", "exposure_trial", *by], TABLE)
    rows = valid_rows(trials)
    check(len(rows) > 0, "The trial table has no valid trial; check the column 'valid'.")
    values = {"correct": correctness(rows)}
    if "regret" in rows:
        values["regret"] = numbers(rows, "regret", TABLE)
    exposure, within = (numbers(rows, name, TABLE) for name in ("exposure", "exposure_trial"))
    kept = rows[["subject", *by]].assign(
        exposure=exposure.astype(int), trial=within.astype(int) + 1, trials=1, **values
    )
    keys = ["subject", *by, "exposure", "trial"]
    measures = {name: (name, "mean") for name in values} | {"trials": ("trials", "size")}
    return (
        kept.groupby(keys, sort=False)
        .agg(**measures)
        .reset_index()
        .sort_values(["exposure", "trial"], kind="stable", ignore_index=True)
    )


def first_trials(table: pd.DataFrame, by: Sequence[str] = (), least: int = 2) -> pd.DataFrame:
    """The first trials of all exposures from `least` on, pooled: columns subject, those of `by`, correct and trials.

    **Arguments**: `table` as from `by_exposure`; `least` the first exposure that counts.
    """
    need_columns(table, ["subject", *by, "exposure", "trial", "correct", "trials"], "table of exposures")
    rows = table[(table["trial"] == 1) & (table["exposure"] >= least)]
    check(
        len(rows) > 0,
        f"No task was met {least} times: the table of exposures ends at {int(table['exposure'].max())}.",
    )
    weighed = rows.assign(correct=rows["correct"] * rows["trials"])
    sums = weighed.groupby(["subject", *by], sort=False)[["correct", "trials"]].sum().reset_index()
    return sums.assign(correct=sums["correct"] / sums["trials"])


def retrieval(trials: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Whether what was recalled had been stored under the same context: columns subject, those of `by`, right,
    similarity (of its context and the present one, where known) and trials.

    Counted are the first trials of all exposures but the first of each context.

    **Arguments**: `trials` with columns subject, episode, context, exposure, exposure_trial, exposure_order and
    `recalled`: the place in the episode's order of the exposure at whose end it was stored, -1 where nothing was; and,
    where known, recalled_similarity.
    """
    rows = recollections(trials, by)
    rows = rows[(rows["exposure_trial"] == 0) & (rows["exposure"] > 1)].reset_index(drop=True)
    check(len(rows) > 0, "The trial table has no valid first trial of a task that is met again.")
    kept = rows[["subject", *by]].assign(right=rows["same"], trials=1)
    measures = {"right": ("right", "mean")}
    if "recalled_similarity" in rows:
        kept["similarity"] = numbers(rows, "recalled_similarity", TABLE)
        measures["similarity"] = ("similarity", "mean")
    measures["trials"] = ("trials", "size")
    return kept.groupby(["subject", *by], sort=False).agg(**measures).reset_index()
