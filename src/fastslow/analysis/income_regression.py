"""What a choice owes to rewards and to choices of many trials back (Lau & Glimcher 2005).

    log P(right)/P(left) = sum over lags of  a_j (R_R - R_L)(t - j)  +  b_j (C_R - C_L)(t - j)   + bias

R is 1 where that side was chosen and paid, C where it was chosen. Rewards and choices are correlated, so both are
fitted jointly. Weights of rewards fall with the lag; those of choices tell staying (above 0) from alternating.
Lau & Glimcher 2005, eq. 9; Wang et al. 2018, Fig. 2f (15 lags). A mild penalty as in `choice_regression`.
"""

import numpy as np
import pandas as pd

from fastslow.analysis.choice_regression import logistic
from fastslow.analysis.history import earlier, in_order
from fastslow.analysis.statistics import summarise
from fastslow.errors import check

LAGS = 15
PENALTY = 0.1


def income_regression(trials: pd.DataFrame, lags: int = LAGS, penalty: float = PENALTY) -> pd.DataFrame:
    """Fit each subject's choices by past rewards and choices.

    **Arguments**: `trials` with columns subject, episode, trial, action (0 left, 1 right) and reward; `lags` trials
    back; `penalty` of the squared weights (above 0). The first `lags` trials of an episode are not predicted; past
    trials that are not valid count as 0.

    **Returns**: one row per subject, lag (1 to `lags`) and history (`reward`, `choice`): weight (log odds), n (trials
    predicted); and one row per subject with lag 0, history `bias`.

    **Errors**: `UserError` where choices are not of two sides, or a subject has but one choice left.
    """
    check(lags >= 1, f"lags is {lags}, but it must be at least 1.")
    check(penalty > 0, f"penalty is {penalty}, but it must be above 0.")
    ordered = in_order(trials, ["action", "reward"])
    valid, action = ordered["valid"].to_numpy(), ordered["action"].to_numpy()
    check(
        bool(np.isin(action[valid], (0, 1)).all()),
        "The regression is about two sides, actions 0 and 1; map them.",
    )
    chosen = np.where(valid, np.where(action == 1, 1.0, -1.0), 0.0)
    earned = chosen * np.where(valid, ordered["reward"].to_numpy(float), 0.0)
    columns, complete = [], valid.copy()
    for lag in range(1, lags + 1):
        before = earlier(ordered, lag)
        complete &= before >= 0
        columns += [np.where(before >= 0, history[before], 0.0) for history in (earned, chosen)]
    design, subjects = np.stack(columns, axis=1), ordered["subject"].to_numpy()
    tables = []
    for subject in dict.fromkeys(subjects):
        rows = complete & (subjects == subject)
        check(
            len(set(chosen[rows])) == 2,
            f"Subject '{subject}' makes only one choice in the {rows.sum()} trials with {lags} trials before them, so "
            "nothing can predict it; leave it out, or take fewer lags.",
        )
        labels = [(0, "bias"), *((lag, kind) for lag in range(1, lags + 1) for kind in ("reward", "choice"))]
        table = pd.DataFrame(labels, columns=["lag", "history"])
        weights = logistic(design[rows], chosen[rows] > 0, penalty)
        tables.append(table.assign(subject=subject, weight=weights, n=int(rows.sum())))
    return pd.concat(tables, ignore_index=True)[["subject", "lag", "history", "weight", "n"]]


def income_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Mean over subjects with a bootstrap interval: columns lag, history, mean, low, high, n, note."""
    return summarise(table.drop(columns="n"), ["lag", "history"], "weight")
