"""An optional filter for people who did not attend to the task, applied before an analysis and reported.

Online samples hold some who miss trials, press one key or answer too fast to have read the screen. The three
rules and their limits are this project's own, in the spirit of Zorowitz et al. 2023, who showed that such
responders make spurious correlations; they are not that paper's rule, and no published number here uses them.
"""

import pandas as pd

from fastslow.errors import UserError


def attentive(
    trials: pd.DataFrame, most_missed: float = 0.1, most_same: float = 0.95, least_rt: float = 0.15
) -> pd.DataFrame:
    """The trials of the subjects who pass all rules; the attr `inattentive` names the others.

    **Arguments**: `most_missed` greatest share of trials that are not valid; `most_same` greatest share of
    valid trials with one and the same action; `least_rt` least median response time in seconds, where there
    is a column `rt`.

    **Errors**: `UserError` where nobody passes.
    """
    valid = trials[trials["valid"]]
    missed = 1 - trials.groupby("subject", sort=False)["valid"].mean()
    same = valid.groupby(["subject", "action"], sort=False).size().groupby(level=0, sort=False).max()
    same = (same / valid.groupby("subject", sort=False).size()).reindex(missed.index, fill_value=1.0)
    fails = (missed > most_missed) | (same > most_same)
    if "rt" in trials:
        pace = valid.groupby("subject", sort=False)["rt"].median().reindex(missed.index, fill_value=0.0)
        fails |= pace < least_rt
    if fails.all():
        raise UserError(
            f"Nobody of {len(fails)} passes the attention filter (most_missed {most_missed:g}, most_same "
            f"{most_same:g}, least_rt {least_rt:g} s); loosen it."
        )
    kept = trials[~trials["subject"].map(fails).astype(bool)].reset_index(drop=True)
    kept.attrs = dict(trials.attrs) | {"inattentive": [str(name) for name in fails.index[fails]]}
    return kept
