"""Reinstatement: what was recalled at each trial, whether it was the right thing, and how far it was let in.

A gate that lets what is recalled into the network is worth having if it opens where that is right (Ritter et al. 2018).
Right is a recollection of the present task as it was left at an exposure that ended on the best choice: whoever goes on
from there is right at once. Per subject, over its episodes.

Later exposures have more right recollections, and later trials have seen whether they were; either may move the gate
alone. So the difference is taken within cells too, of the same exposure, trial or whatever else is known of both.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fastslow.analysis.columns import need_columns, numbers, valid_rows
from fastslow.analysis.regret import TABLE, correctness
from fastslow.errors import UserError, check

NEEDED = ("subject", "episode", "context", "exposure", "exposure_trial", "exposure_order", "recalled")


def recollections(trials: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """The valid trials, with what is known of the exposure at whose end the state recalled had been stored.

    **Arguments**: `trials` with columns subject, episode, context, exposure (1 for the first), exposure_trial (0 for
    the first), exposure_order and `recalled`: the place in the episode's order of the exposure at whose end it was
    stored, -1 where nothing was recalled; correct or regret, for `right`. `by`: columns that tell episodes of one
    number apart.

    **Returns** the columns of `trials`, and 0 or 1 in `same`: it was stored under the present context, and `right`:
    so it was, and the last valid trial of that exposure was the best choice. Where nothing was recalled both are 0;
    without correct and regret there is no `right`.

    **Errors**: `UserError` where one exposure is of two contexts.
    """
    need_columns(trials, [*NEEDED, *by], TABLE)
    for name in NEEDED[2:]:
        numbers(trials, name, TABLE)
    keys = ["subject", "episode", *by]
    source = trials[[*keys, "exposure_order", "context"]].drop_duplicates()
    twice = source.duplicated([*keys, "exposure_order"])
    if twice.any():
        one = source[twice].iloc[0]
        raise UserError(
            f"Exposure {one['exposure_order']} of episode {one['episode']} of {one['subject']} has more than one "
            "context; number episodes so that none is there twice, or name the column that tells them apart in by."
        )
    rows = valid_rows(trials)
    judged = "correct" in rows or "regret" in rows
    if judged and len(rows):
        ended = rows[[*keys, "exposure_order", "exposure_trial"]].assign(_ended=correctness(rows))
        ended = ended.sort_values("exposure_trial", kind="stable")
        last = ended.groupby([*keys, "exposure_order"], sort=False)["_ended"].last().reset_index()
        source = source.merge(last, how="left", on=[*keys, "exposure_order"])
    source = source.rename(columns={"exposure_order": "recalled", "context": "_source"})
    joined = rows.merge(source, how="left", on=[*keys, "recalled"])
    joined["same"] = (joined["_source"] == joined["context"]).astype(float)
    if "_ended" in joined:
        joined["right"] = ((joined["same"] > 0) & (joined["_ended"] > 0)).astype(float)
    return joined.drop(columns=["_source", "_ended"], errors="ignore")


def gated(trials: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """The recollections at which there was something to let in, with the gate as a finite number and `trial_within`
    (1 for the first of the exposure); `UserError` where there are none."""
    need_columns(trials, ["gate"], TABLE)
    rows = recollections(trials, by)
    rows = rows[rows["recalled"] >= 0].reset_index(drop=True)
    check(len(rows) > 0, "Nothing was recalled at any valid trial, so there is nothing to let in.")
    check(
        "right" in rows, "The trial table has neither 'correct' nor 'regret' to judge what was recalled by."
    )
    numbers(rows, "gate", TABLE)
    return rows.assign(trial_within=rows["exposure_trial"].astype(int) + 1)


def gate(trials: pd.DataFrame, by: Sequence[str] = (), along: str = "exposure") -> pd.DataFrame:
    """How far the gate was open where what was recalled was right, and where it was not: columns subject, those of
    `by`, that of `along`, right (0 or 1), gate (0 to 1) and trials (how many).

    **Arguments**: `trials` as for `recollections`, with the column gate; trials at which nothing was recalled are left
    out. `along`: exposure; trial_within, that of the exposure (1 for the first); or any other column.
    """
    rows = gated(trials, by)
    need_columns(rows, [along], TABLE)
    return means(rows.assign(right=rows["right"].astype(int)), [*by, along, "right"])


def means(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Each subject's mean gate by these columns, in their order, and how many trials it is of."""
    table = rows.groupby(["subject", *by], sort=False)["gate"].agg(["mean", "size"]).reset_index()
    table = table.rename(columns={"mean": "gate", "size": "trials"})
    return table.sort_values(list(by), kind="stable", ignore_index=True) if len(by) else table


def difference(
    rows: pd.DataFrame, which: str, within: Sequence[str] = (), value: str = "gate"
) -> pd.DataFrame:
    """For each subject, the mean of `value` where `which` is 1, less that where it is 0: columns subject, difference,
    trials (in cells that hold both) and note.

    With `within`, in cells of the same values there: the weighted mean of their differences, the weights
    n1 n0 / (n1 + n0), which is the coefficient of a regression with an intercept for every cell. A subject with no cell
    that holds both has NaN, and a note that says so.
    """
    need_columns(rows, ["subject", which, value, *within], "table of recollections")
    kept = rows[["subject", *within]].assign(**{value: numbers(rows, value, TABLE)}, yes=rows[which] > 0)
    wide = kept.groupby(["subject", *within, "yes"], sort=False)[value].agg(["mean", "size"]).unstack("yes")
    made = []
    for subject in pd.unique(rows["subject"]):
        cells = wide.loc[[subject]]
        both = cells.dropna() if cells["mean"].shape[1] == 2 else cells.iloc[:0]
        if not len(both):
            note = f"no cell with '{which}' and without it"
            made.append({"subject": subject, "difference": np.nan, "trials": 0, "note": note})
            continue
        there, absent = (both["size"][flag].to_numpy() for flag in (True, False))
        apart = (both["mean"][True] - both["mean"][False]).to_numpy()
        weights = there * absent / (there + absent)
        made.append(
            {
                "subject": subject,
                "difference": float((weights * apart).sum() / weights.sum()),
                "trials": int((there + absent).sum()),
                "note": "",
            }
        )
    return pd.DataFrame(made)
