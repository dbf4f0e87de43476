"""Which past trials drive a choice: logistic regression on five trials back, by kind of trial.

Stay probabilities look one trial back, where some model-free strategies pass for planning; several lags tell
them apart. Miller, Botvinick & Brody 2017 (trial-history regression); Wang et al. 2018 (Fig. 5e).

    logit P(c_t = +1) = bias + sum over lags 1..5 of  b_CR CR + b_RR RR + b_CU CU + b_RU RU   (at t - lag)

Each regressor is the choice (+1 action 1, -1 action 0) on trials of its kind, and 0 on all others.

    planning index   = sum over lags (b_CR - b_RR + b_RU - b_CU)
    model-free index = sum over lags (b_CR + b_RR - b_CU - b_RU)

Departures: a bias towards one side is fitted besides, and a mild L2 penalty, .5 * penalty * (sum of squares,
the bias excepted), keeps the coefficients of subjects who hardly ever err finite.
"""

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from scipy.special import expit

from fastslow.analysis.columns import need_columns
from fastslow.analysis.history import earlier, in_order
from fastslow.analysis.statistics import summarise
from fastslow.analysis.stay import CONDITIONS, condition_of
from fastslow.errors import UserError, check

LAGS = 5
PENALTY = 0.1
INDICES = {
    "planning_index": {
        "common-rewarded": 1,
        "rare-rewarded": -1,
        "common-unrewarded": -1,
        "rare-unrewarded": 1,
    },
    "model_free_index": {
        "common-rewarded": 1,
        "rare-rewarded": 1,
        "common-unrewarded": -1,
        "rare-unrewarded": -1,
    },
}
"""Sign of each condition in each index."""


def history(
    ordered: pd.DataFrame, signs: Float[np.ndarray, " row"], lags: int
) -> tuple[Float[np.ndarray, "row regressor"], np.ndarray]:
    """Regressors (lag by lag, within it the four conditions) and whether all past trials of a row exist.

    Past trials that are not valid count as 0; so many trials at the beginning of an episode are not
    predicted.
    """
    condition = condition_of(ordered)
    kinds = len(CONDITIONS)
    regressors = np.zeros((len(ordered), lags * kinds))
    complete = np.ones(len(ordered), bool)
    for lag in range(1, lags + 1):
        before = earlier(ordered, lag)
        complete &= before >= 0
        rows = np.flatnonzero((before >= 0) & (condition[before] >= 0))
        regressors[rows, (lag - 1) * kinds + condition[before[rows]]] = signs[before[rows]]
    return regressors, complete


def logistic(
    regressors: Float[np.ndarray, "row regressor"], chosen: Bool[np.ndarray, " row"], penalty: float
) -> Float[np.ndarray, " weight"]:
    """Bias and weights that minimise -log likelihood + .5 * penalty * |weights|^2, by Newton's method.

    The problem is strictly convex where `chosen` holds both values, so the answer is one; a step that would
    overshoot is halved.
    """
    x = np.column_stack([np.ones(len(regressors)), regressors])
    ridge = np.full(x.shape[1], penalty)
    ridge[0] = 0.0

    def cost(weights: np.ndarray) -> float:
        logits = x @ weights
        return float(np.logaddexp(0, logits).sum() - logits[chosen].sum() + 0.5 * ridge @ weights**2)

    weights = np.zeros(x.shape[1])
    for _ in range(100):
        p = expit(x @ weights)
        gradient = x.T @ (p - chosen) + ridge * weights
        step = np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + np.diag(ridge), gradient)
        size, here = 1.0, cost(weights)
        # The slack is rounding: at the optimum no step can lower the cost any further.
        while cost(weights - size * step) > here + 1e-9 * abs(here):
            size /= 2
        weights = weights - size * step
        if np.abs(step).max() < 1e-8:
            return weights
    raise ArithmeticError("The logistic regression did not converge in 100 steps of Newton's method.")


def signs_of(ordered: pd.DataFrame) -> Float[np.ndarray, " row"]:
    """Choices as 1 and -1 (the greater action is 1); `UserError` unless the valid ones are of two actions."""
    actions, valid = ordered["action"].to_numpy(), ordered["valid"].to_numpy(bool)
    levels = np.unique(actions[valid])
    if len(levels) != 2:
        raise UserError(
            f"The choice regression needs two actions, but the valid trials hold {len(levels)} "
            f"({', '.join(map(str, levels))}); leave out the other trials or subjects."
        )
    return np.where(actions == levels[1], 1.0, -1.0)


def choice_coefficients(trials: pd.DataFrame, lags: int = LAGS, penalty: float = PENALTY) -> pd.DataFrame:
    """Fit each subject's choices by its past.

    **Arguments**: `trials` with columns subject, episode, trial, action (two actions), reward, transition and
    valid; `lags` trials back; `penalty` of the squared coefficients (above 0).

    **Returns**: one row per subject, lag (1 to `lags`) and condition: subject, lag, condition, coefficient, n
    (trials predicted); and one row per subject with lag 0, condition `bias`.

    **Errors**: `UserError` where there are not two actions, or a subject has too few trials or but one
    action.
    """
    check(lags >= 1, f"lags is {lags}, but it must be at least 1.")
    check(penalty > 0, f"penalty is {penalty}, but it must be above 0.")
    ordered = in_order(trials, ["action", "reward", "transition"])
    valid, signs = ordered["valid"].to_numpy(), signs_of(ordered)
    regressors, complete = history(ordered, signs, lags)
    used = np.flatnonzero(complete & valid)
    subject, names = pd.factorize(ordered["subject"])
    # The table is sorted by subject, so that each one's rows lie together.
    parts = np.split(used, np.searchsorted(subject[used], np.arange(1, len(names))))
    fits = []
    for name, rows in zip(names, parts, strict=True):
        check(
            len(np.unique(signs[rows])) == 2,
            f"Subject '{name}' makes only one choice in the {len(rows)} trials with {lags} trials before "
            "them, so nothing can predict it; leave the subject out.",
        )
        fits.append(logistic(regressors[rows], signs[rows] > 0, penalty))
    labels = [(0, "bias"), *((lag, condition) for lag in range(1, lags + 1) for condition in CONDITIONS)]
    return pd.DataFrame(
        {
            "subject": np.repeat(names, len(labels)),
            "lag": [lag for lag, _ in labels] * len(names),
            "condition": [condition for _, condition in labels] * len(names),
            "coefficient": np.concatenate(fits),
            "n": np.repeat([len(rows) for rows in parts], len(labels)),
        }
    )


def choice_indices(coefficients: pd.DataFrame) -> pd.DataFrame:
    """Each subject's planning and model-free index: columns subject, planning_index, model_free_index.

    **Arguments**: `coefficients` from `choice_coefficients`, or the trials themselves.
    """
    if "coefficient" not in coefficients:
        coefficients = choice_coefficients(coefficients)
    need_columns(coefficients, ["subject", "lag", "condition", "coefficient"], "table of coefficients")
    sums = coefficients.groupby(["subject", "condition"], sort=False)["coefficient"].sum().unstack()
    sums = sums.loc[pd.unique(coefficients["subject"])]
    indices = {
        name: sum(sign * sums[kind] for kind, sign in signs.items()) for name, signs in INDICES.items()
    }
    return pd.DataFrame(
        {"subject": sums.index.to_numpy()} | {name: v.to_numpy() for name, v in indices.items()}
    )


def choice_summary(coefficients: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Mean over subjects with a bootstrap interval: columns lag, condition, mean, low, high, n, note."""
    if "coefficient" not in coefficients:
        coefficients = choice_coefficients(coefficients)
    return summarise(coefficients.drop(columns="n"), ["lag", "condition"], "coefficient", seed=seed)
