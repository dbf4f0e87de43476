"""Trials of several responses: what each step of a trial was like, on average, for each subject.

Where evidence comes late, a right response at the first step is a guess or a memory; at the last one it may be a
decision (as in the contextual choice of qihongl/dnd-lstm, after Ritter et al. 2018). Per subject, over its episodes.
"""

from collections.abc import Sequence

import pandas as pd

from fastslow.analysis.columns import need_columns, numbers, valid_rows
from fastslow.analysis.regret import TABLE
from fastslow.errors import check


def within_trials(trials: pd.DataFrame, by: Sequence[str] = (), column: str = "right") -> pd.DataFrame:
    """Means by step of the trial: columns subject, those of `by`, step (0 for the first), that of `column` and trials.

    **Arguments**: `trials` with columns subject, those of `by` (such as exposure), and one for each step: `right_0` (0
    or 1, the response at the first step was right), `right_1`, ...; missed trials, valid False, are left out.
    `column`: what these are called without their number.

    **Errors**: `UserError` where there is no column of the first step, or a number is missing.
    """
    steps = 0
    while f"{column}_{steps}" in trials:
        steps += 1
    names = [f"{column}_{step}" for step in range(max(steps, 1))]
    need_columns(trials, ["subject", *by, *names], TABLE)
    rows = valid_rows(trials)
    check(len(rows) > 0, "The trial table has no valid trial; check the column 'valid'.")
    keys = ["subject", *by]
    parts = [
        rows[keys].assign(step=step, trials=1, **{column: numbers(rows, name, TABLE)})
        for step, name in enumerate(names)
    ]
    measures = {column: (column, "mean"), "trials": ("trials", "size")}
    table = pd.concat(parts, ignore_index=True).groupby([*keys, "step"], sort=False).agg(**measures)
    return table.reset_index().sort_values([*by, "step"], kind="stable", ignore_index=True)
