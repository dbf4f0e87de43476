"""Variables of a trial that activity or choice is related to, named in one short notation.

`reward` is a column of the trial table, `last_reward` its value on the trial before, `last_action*last_reward` the
product of two. Real subjects' tables and agents' have the same columns, so one name means one thing for all.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fastslow.analysis.history import TABLE, earlier, in_order
from fastslow.errors import UserError, check, nearest

LAST = "last_"
HISTORY = ("last_action", "last_reward", "last_action*last_reward")
"""What happened on the trial before (of the four variables of Wang et al. 2018, Fig. 2e, those that any table has)."""


def regressors(trials: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The named variables of each trial, as numbers, with the rows of `trials`.

    **Arguments**: `trials` with columns subject, episode, trial and those named. A name is a column; `last_NAME`, the
    column on the trial before (in the same episode, numbered one less); or `A*B`, the product of two such, each
    less its mean within the subject. Actions are as they are tabulated, 0 and 1; what is correlated with them is
    correlated with -1 and 1 alike.

    **Returns**: one column per name; NaN where the trial, or the one before for `last_`, is not valid or not there,
    or the table has no number.

    **Errors**: `UserError` for a name that is no column, or a column of text.
    """
    check(len(names) > 0, "No variables are named; give at least one, as in last_action,last_reward.")
    for name in names:
        check(list(names).count(name) == 1, f"The variable '{name}' is named twice; name it once.")
    columns = {column_of(part, trials) for name in names for part in name.split("*")}
    numbered = trials.assign(row_=np.arange(len(trials)))
    ordered = in_order(numbered, sorted(columns))
    before, valid = earlier(ordered, 1), ordered["valid"].to_numpy()

    def values(part: str) -> np.ndarray:
        column = column_of(part, trials)
        try:
            numbers = ordered[column].to_numpy(dtype=float)
        except (TypeError, ValueError):
            raise UserError(f"Column '{column}' of the {TABLE} holds text; give numbers.") from None
        known = np.where(valid, numbers, np.nan)
        return known if part == column else np.where(before >= 0, known[before], np.nan)

    subject = ordered["subject"].to_numpy()
    table = pd.DataFrame(index=ordered.index)
    for name in names:
        parts = [pd.Series(values(part)) for part in name.split("*")]
        if len(parts) > 1:
            parts = [part - part.groupby(subject).transform("mean") for part in parts]
        table[name] = np.prod([part.to_numpy() for part in parts], axis=0)
    back = np.argsort(ordered["row_"].to_numpy())
    return table.iloc[back].set_index(trials.index)


def column_of(part: str, trials: pd.DataFrame) -> str:
    """The column that a part of a name is about."""
    if part in trials.columns:
        return part
    bare = part.removeprefix(LAST)
    if bare in trials.columns and part != bare:
        return bare
    raise UserError(
        f"The {TABLE} has no column '{bare}'{nearest(bare, [str(name) for name in trials.columns])}"
    )
