"""Reversal learning: how often the better arm is chosen, by trial and around each reversal.

For people, agents and observers alike: whoever's table says which choices were the best and, in a column `block`,
between which trials the better arm changed (any numbers; only their changes count). Per subject, over its
episodes; trials that are not valid are left out.
"""

import numpy as np
import pandas as pd

from fastslow.analysis.columns import need_columns
from fastslow.analysis.regret import TABLE, correctness, usable
from fastslow.errors import UserError, check


def around_reversal(trials: pd.DataFrame, before: int = 5, after: int = 15) -> pd.DataFrame:
    """Probability of the best choice in the trials before and after the reversals.

    **Arguments**: `trials` with columns subject, trial, block and correct (or regret); `before` and `after` how
    many trials on either side. A trial counts for the reversal that it is nearest to on its side, so never for
    one beyond a neighbouring reversal.

    **Returns**: columns subject, position (0: the first trial after a reversal, -1: the last before), correct (0
    to 1) and n, the number of trials. **Errors**: `UserError` where no episode has a reversal.
    """
    check(before >= 0, f"before is {before}, but it must be at least 0.")
    check(after >= 1, f"after is {after}, but it must be at least 1.")
    need_columns(trials, ["subject", "trial", "block"], TABLE)
    trials = trials.reset_index(drop=True)
    if trials["block"].isna().any():
        raise UserError(
            f"Column 'block' of the {TABLE} is missing in {int(trials['block'].isna().sum())} rows; say of every "
            "trial in which block it was."
        )
    rows = usable(trials, ["block"])
    hits = correctness(rows)
    keys = ["subject", "episode"] if "episode" in trials else ["subject"]
    since, until = distances(trials, keys)
    tables = []
    for position, kept in ((since, since < after), (-until, until <= before)):
        near = rows.index[kept.loc[rows.index]]
        tables.append(rows.loc[near, ["subject"]].assign(position=position[near], correct=hits[near]))
    both = pd.concat(tables)
    check(
        len(both) > 0,
        f"No episode of the {TABLE} has a reversal (a change of 'block'); give sessions of several blocks.",
    )
    both["position"] = both["position"].astype(int)
    grouped = both.groupby(["subject", "position"], sort=False)["correct"].agg(["mean", "size"]).reset_index()
    grouped = grouped.rename(columns={"mean": "correct", "size": "n"})
    order = np.lexsort((grouped["position"], pd.factorize(grouped["subject"])[0]))
    return grouped.iloc[order].reset_index(drop=True)


def distances(trials: pd.DataFrame, keys: list[str]) -> tuple[pd.Series, pd.Series]:
    """Of every trial, how many come between it and the reversal before (0: none), and to the one after (1: none).

    Infinite where there is no such reversal in its episode. Counted in the table's trials, valid or not.
    """
    ordered = trials.sort_values([*keys, "trial"], kind="stable")
    block = pd.Series(pd.factorize(ordered["block"])[0], ordered.index)
    episode = ordered.groupby(keys, sort=False).ngroup()
    new_episode = episode != episode.shift()
    begins = (block != block.shift()) | new_episode
    run = begins.cumsum()
    place = ordered.groupby(run).cumcount()
    length = run.map(run.value_counts())
    first_run = new_episode.groupby(run).transform("any")
    last_run = run == run.groupby(episode).transform("max")
    since = place.astype(float).mask(first_run, np.inf)
    until = (length - place).astype(float).mask(last_run, np.inf)
    return since.loc[trials.index], until.loc[trials.index]
