"""Prediction errors at the onset of a cue, before and right after the sides reverse: experienced or inferred.

Where one of two cues pays and the other does not, an outcome tells of both. Trial n is a reversal when its outcome
contradicts what the trial before had revealed. On trial n + 1 either cue may come: the one of trial n, whose change
of value was experienced, or the other, whose change can only be inferred. Wang et al. 2018 (Fig. 4b), after
Bromberg-Martin et al. 2010.

    flip = [(after - before) of the cue that begins to pay + (before - after) of the cue that ceases to] / 2

with `after` the mean error on trials n + 1, and `before` that on trials whose last outcome confirmed the one before
it. A learner that infers has flip(inferred) / flip(experienced) near 1, one that learns by experience alone near 0.
"""

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Int

from fastslow.analysis.columns import need_columns, numbers
from fastslow.analysis.history import earlier, in_order
from fastslow.errors import check
from fastslow.records.activity import at_step
from fastslow.records.record import trials as trials_of

KINDS = ("before", "experienced", "inferred")
"""What the cue's worth is known from: a confirmed block, or a reversal with this cue, or with the other."""
TABLE = "trial table"


def revealed(trials: pd.DataFrame) -> Int[np.ndarray, " row"]:
    """The side that each trial's outcome shows to pay: the cue's if it was rewarded, else the other; -1 if not valid.

    **Arguments**: `trials` with columns cue (0 or 1), reward and, where some are to be skipped, valid.
    """
    need_columns(trials, ["cue", "reward"], TABLE)
    valid = trials["valid"].to_numpy(bool) if "valid" in trials else np.ones(len(trials), bool)
    cue = trials["cue"].to_numpy()
    check(
        bool(np.isin(cue[valid], (0, 1)).all()),
        "Column 'cue' of the trial table must hold 0 or 1 in every valid trial; correct it or flag the others with "
        "valid = False.",
    )
    paid = trials["reward"].to_numpy(float) > 0
    return np.where(valid, np.where(paid, cue, 1 - cue), -1).astype(int)


def last_revealed(trials: pd.DataFrame) -> Int[np.ndarray, " row"]:
    """The side that was revealed last before each trial, in its episode; -1 before the first outcome.

    Rows stand as in `trials`, whatever their order.
    """
    labelled = trials.assign(row=np.arange(len(trials)))
    ordered = in_order(labelled, ["cue", "reward"])
    side = pd.Series(revealed(ordered)).replace(-1, np.nan)
    session = ordered.groupby(["subject", "episode"], sort=False).ngroup()
    before = side.groupby(session).shift().groupby(session).ffill().fillna(-1).to_numpy(int)
    placed = np.empty(len(trials), int)
    placed[ordered["row"].to_numpy()] = before
    return placed


def told(ordered: pd.DataFrame) -> pd.DataFrame:
    """The table from `in_order` with what the two trials before each say of it; rows of which they do not, left out.

    Adds kind (`KINDS`) and pays (True where the cue is now the paying one, by the last outcome). Both trials before
    must be valid and follow on each other; of the trial itself only the cue must have been shown.
    """
    side = revealed(ordered)
    one, two = earlier(ordered, 1), earlier(ordered, 2)
    cue = ordered["cue"].to_numpy()
    known = (one >= 0) & (two >= 0) & np.isin(cue, (0, 1)) & (side[one] >= 0) & (side[two] >= 0)
    reversal = side[one] != side[two]
    same = cue == cue[one]
    kind = np.where(reversal, np.where(same, "experienced", "inferred"), "before")
    return ordered.assign(kind=kind, pays=cue == side[one])[known]


def reversal_errors(trials: pd.DataFrame, rpe: str = "rpe_cue") -> pd.DataFrame:
    """Mean prediction error at the cue by what its worth is known from, and by its worth.

    **Arguments**: `trials` with columns subject, episode, trial, cue (0 or 1; -1 not shown), reward, `rpe` and, where
    some trials are void, valid.

    **Returns**: one row per subject, kind (`KINDS`) and pays (True, False): rpe (mean) and n; what a subject never
    met has no row.

    **Errors**: `UserError` where a column is missing or an error not finite.
    """
    rows = told(in_order(trials, ["cue", "reward", rpe]))
    check(len(rows) > 0, "No cue of the trial table follows on two valid trials; give longer episodes.")
    rows = rows.assign(rpe=numbers(rows, rpe, TABLE))
    table = rows.groupby(["subject", "kind", "pays"], sort=False)["rpe"].agg(["mean", "size"]).reset_index()
    place = [pd.factorize(table["subject"])[0], table["kind"].map(KINDS.index), ~table["pays"]]
    table = table.iloc[np.lexsort(place[::-1])].reset_index(drop=True)
    return table.rename(columns={"mean": "rpe", "size": "n"})


def recorded_errors(record: xr.Dataset, place: int = 0) -> pd.DataFrame:
    """`reversal_errors` of a record of an agent: of the errors r_t + gamma V(o_t+1) - V(o_t) at one step of the trial.

    **Arguments**: `record` with columns cue and reward, and the error of each step (`step_rpe`); `place` the step whose
    action brings the cue up: 0 the first, where a fixation precedes the cue.
    """
    errors = at_step(record, place, "step_rpe").to_numpy()[record["present"].to_numpy()]
    return reversal_errors(trials_of(record).assign(rpe_cue=errors))


def flips(table: pd.DataFrame, rpe: str = "rpe_cue") -> pd.DataFrame:
    """How far the error at the cue moves after a reversal that was experienced, and after one that is inferred.

    **Arguments**: `table` from `reversal_errors`, or the trials themselves.

    **Returns**: one row per subject: flip_experienced, flip_inferred (in units of reward; positive: towards the new
    worth) and ratio (inferred / experienced).

    **Errors**: `UserError` where a subject never met one of the six kinds of trial, or where what it experienced
    changed nothing, so that there is no ratio.
    """
    if "kind" not in table:
        table = reversal_errors(table, rpe)
    need_columns(table, ["subject", "kind", "pays", "rpe"], "table of prediction errors")
    rows = []
    for subject, mine in table.groupby("subject", sort=False):
        means = {(row.kind, bool(row.pays)): row.rpe for row in mine.itertuples()}
        for kind in KINDS:
            for pays, word in ((True, "pays"), (False, "does not pay")):
                check(
                    (kind, pays) in means,
                    f"Subject '{subject}' has no trial of kind '{kind}' with a cue that {word}, so its flips cannot be "
                    "computed; leave it out or give more of its trials.",
                )
        flip = {
            kind: (means[kind, True] - means["before", False] + means["before", True] - means[kind, False])
            / 2
            for kind in KINDS[1:]
        }
        check(
            abs(flip["experienced"]) > 1e-9,
            f"The errors of subject '{subject}' at a cue do not change after a reversal that it experienced, so "
            "there is no ratio; leave it out.",
        )
        row = {"subject": subject} | {f"flip_{kind}": value for kind, value in flip.items()}
        rows.append(row | {"ratio": flip["inferred"] / flip["experienced"]})
    return pd.DataFrame(rows)


def errors_around_reversal(trials: pd.DataFrame, value: str = "rpe_cue", span: int = 4) -> pd.DataFrame:
    """A number by its distance from the reversal trial n, for the cue that begins to pay and the one that ceases to.

    **Arguments**: `value` the column averaged; `span` trials before and after. A trial is left out where another
    reversal, or a trial that is not valid, lies between it and n; one up to n, too, where the outcome before it did not
    confirm the side.

    **Returns**: one row per subject, offset (trial less n), change ("begins" or "ceases" to pay at n) and known
    ("experienced": the cue of trial n, "inferred": the other): mean and n.
    """
    check(span >= 1, f"span is {span}, but it must be at least 1.")
    ordered = in_order(trials, ["cue", "reward", value])
    side, cue = revealed(ordered), ordered["cue"].to_numpy()
    before = earlier(ordered, 1)
    linked = (before >= 0) & (side >= 0) & (side[before] >= 0)
    reversal = linked & (side != side[before])
    steady = linked & ~reversal
    n = np.flatnonzero(reversal)
    tables = []
    for offset in range(-span, span + 1):
        at, reversals = n, n
        if offset < 0:
            at = earlier(ordered, -offset)[n]
            reversals, at = n[at >= 0], at[at >= 0]
            between = [np.ones(len(at), bool)] + [steady[reversals - k] for k in range(1, 1 - offset)]
        else:
            inside = n + offset < len(ordered)
            reversals, at = n[inside], n[inside] + offset
            between = [earlier(ordered, offset)[at] == reversals] if offset else [np.ones(len(at), bool)]
            between += [steady[reversals + k] for k in range(1, offset)]
        if offset <= 0:
            between.append((before[at] >= 0) & steady[before[at]])
        shown = np.logical_and.reduce(between) & np.isin(cue[at], (0, 1))
        at, reversals = at[shown], reversals[shown]
        rows = ordered.iloc[at]
        tables.append(
            pd.DataFrame(
                {
                    "subject": rows["subject"].to_numpy(),
                    "offset": offset,
                    "change": np.where(cue[at] == side[reversals], "begins", "ceases"),
                    "known": np.where(cue[at] == cue[reversals], "experienced", "inferred"),
                    "value": numbers(rows, value, TABLE),
                }
            )
        )
    table = pd.concat(tables, ignore_index=True)
    check(
        len(table) > 0,
        "No outcome of the trial table contradicts the one before it, so there is no reversal.",
    )
    keys = ["subject", "offset", "change", "known"]
    counted = table.groupby(keys, sort=False)["value"].agg(["mean", "size"]).reset_index()
    return counted.rename(columns={"size": "n"})
