"""Who chose before whom: the order of trials, and the trial that lies some trials back.

Trials follow each other only where their numbers do, in one episode of one subject; a gap, a new session or a
new subject is never stepped over.
"""

import numpy as np
import pandas as pd
from jaxtyping import Int

from fastslow.analysis.columns import need_columns, numbers, trial_numbers, valid_rows

TABLE = "trial table"


def in_order(trials: pd.DataFrame, needed: list[str]) -> pd.DataFrame:
    """The trials by subject (as they first appear), episode and trial; `needed` columns must be there and, in
    trials that count, hold finite numbers.

    Adds `valid` (all True) where the table has none.
    """
    need_columns(trials, ["subject", "episode", "trial", *needed], TABLE)
    subject = pd.factorize(trials["subject"])[0]
    order = np.lexsort((trial_numbers(trials, TABLE), numbers(trials, "episode", TABLE), subject))
    ordered = trials.iloc[order].reset_index(drop=True)
    valid = ordered["valid"].astype(bool) if "valid" in ordered else True
    for name in needed:
        # A reward that is missing in a trial that counts is not one of 0.
        numbers(valid_rows(ordered), name, TABLE)
    return ordered.assign(valid=valid)


def earlier(ordered: pd.DataFrame, lag: int) -> Int[np.ndarray, " row"]:
    """For each row of a table from `in_order`, the row of the trial `lag` before it, or -1."""
    return row_of(ordered, ordered["trial"].to_numpy(np.int64) - lag)


def row_of(ordered: pd.DataFrame, trial: Int[np.ndarray, " row"]) -> Int[np.ndarray, " row"]:
    """For each row of a table from `in_order`, the row of the trial with this number in the same episode, or -1."""
    episode = ordered.groupby(["subject", "episode"], sort=False).ngroup().to_numpy()
    own = ordered["trial"].to_numpy(np.int64)
    first, span = own.min(), own.max() - own.min() + 1
    # One number per trial, ascending over the table.
    place = episode * span + own - first
    inside = (trial >= first) & (trial < first + span)
    wanted = episode * span + np.where(inside, trial - first, 0)
    row = np.minimum(np.searchsorted(place, wanted), len(place) - 1).astype(np.int64)
    return np.where(inside & (place[row] == wanted), row, -1)
