"""How much of a subject's reward prediction errors a model-based and a model-free learner each explain.

The two learners' predictions are alike except where a rare transition has led to a valued state, so each is
also judged by the part that it does not share with the other: that part alone, after regression on the other.
Wang et al. 2018, Fig. 5f-g (r2 of a network's RPEs on each); Daw et al. 2011 (a difference regressor beside
the model-free one, for the same reason).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float

from fastslow.analysis.columns import need_columns, numbers, valid_rows
from fastslow.errors import check

SAME = 1e-9
"""A predictor has no part of its own if less than this of its variance is left by the other."""


def standardised(values: Float[np.ndarray, " n"], what: str) -> Float[np.ndarray, " n"]:
    """Zero mean and unit variance; `UserError` naming `what` if the values do not vary."""
    deviation = values - values.mean()
    spread = float(np.sqrt((deviation**2).mean()))
    check(
        spread > 1e-12 * max(1.0, float(np.abs(values).max())),
        f"{what} is constant ({values[0]:g}), so no regression on it or of it is defined; leave this "
        "event or subject out.",
    )
    return deviation / spread


def own_part(values: Float[np.ndarray, " n"], other: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """The residual of one standardised predictor regressed on another; all zeros if they are the same."""
    rest = values - (values * other).mean() * other
    variance = float((rest**2).mean())
    return np.zeros_like(rest) if variance < SAME else rest / np.sqrt(variance)


def explained(errors: Float[np.ndarray, " n"], predictor: Float[np.ndarray, " n"]) -> float:
    """r2 of the regression of standardised errors on one standardised predictor."""
    return float((errors * predictor).mean() ** 2)


def prediction_error_regression(
    steps: pd.DataFrame, by: Sequence[str] = ("event",), rpe: str = "rpe"
) -> pd.DataFrame:
    """Regress each subject's RPEs on each learner's, raw and on the part not shared with the other.

    **Arguments**: `steps` with columns subject, `rpe` (default rpe), rpe_model_based, rpe_model_free, the
    columns `by` (event: second_stage or outcome) and, where some are to be left out, valid.

    **Returns**: one row per subject and event: n; r2_model_based, r2_model_free (each alone);
    r2_model_based_residual, r2_model_free_residual (the part that the other does not share, 0 where they are
    the same, as at the outcome); slope_model_based, slope_model_free (RPE per unit of predicted RPE, each
    alone).
    """
    by = list(by)
    need_columns(
        steps, ["subject", rpe, "rpe_model_based", "rpe_model_free", *by], "table of prediction errors"
    )
    steps = valid_rows(steps)
    check(len(steps) > 0, "The table of prediction errors has no valid row; give at least three.")
    rows = []
    for key, part in steps.groupby(["subject", *by], sort=True):
        where = ", ".join(str(name) for name in key)
        check(len(part) >= 3, f"There are {len(part)} prediction errors for {where}; give at least three.")
        table = f"table of prediction errors ({where})"
        raw = {name: numbers(part, name, table) for name in (rpe, "rpe_model_based", "rpe_model_free")}
        errors, based, free = (standardised(raw[name], f"'{name}' for {where}") for name in raw)
        scale = {name: float(values.std()) for name, values in raw.items()}
        rows.append(
            dict(zip(["subject", *by], key, strict=True))
            | {"n": len(part)}
            | {"r2_model_based": explained(errors, based), "r2_model_free": explained(errors, free)}
            | {"r2_model_based_residual": explained(errors, own_part(based, free))}
            | {"r2_model_free_residual": explained(errors, own_part(free, based))}
            | {"slope_model_based": float((errors * based).mean()) * scale[rpe] / scale["rpe_model_based"]}
            | {"slope_model_free": float((errors * free).mean()) * scale[rpe] / scale["rpe_model_free"]}
        )
    return pd.DataFrame(rows)


def model_based_weight(steps: pd.DataFrame, rpe: str = "rpe") -> pd.DataFrame:
    """How much the planner's expectation weighs in each subject's RPEs beside the model-free learner's: 0 to 1.

    Both together, RPE = b_0 + b_F rpe_model_free + b_D (rpe_model_based - rpe_model_free); the weight is b_D / b_F,
    since an expectation w Q_MB + (1 - w) Q_MF gives b_D = w b_F (Daw et al. 2011, the difference regressor beside
    the model-free one).

    **Arguments**: `steps` as in `prediction_error_regression`, of one kind of event (second_stage).

    **Returns**: one row per subject: weight, and n. **Errors**: `UserError` where the two predictions are the same.
    """
    need_columns(steps, ["subject", rpe, "rpe_model_based", "rpe_model_free"], "table of prediction errors")
    steps = valid_rows(steps)
    check(len(steps) > 0, "The table of prediction errors has no valid row; give at least three.")
    rows = []
    for subject, part in steps.groupby("subject", sort=True):
        names = (rpe, "rpe_model_based", "rpe_model_free")
        errors, based, free = (
            numbers(part, name, f"table of prediction errors ({subject})") for name in names
        )
        design = np.stack([np.ones_like(free), free, based - free], axis=1)
        (_, common, difference), _, rank, _ = np.linalg.lstsq(design, errors, rcond=1e-9)
        check(
            bool(rank == 3 and abs(common) > 1e-12),
            f"The two learners' prediction errors for {subject} are the same or tell nothing of its own, so "
            "they have no weights; take those at the onset of the second stage.",
        )
        rows.append({"subject": subject, "weight": float(difference / common), "n": len(part)})
    return pd.DataFrame(rows)
