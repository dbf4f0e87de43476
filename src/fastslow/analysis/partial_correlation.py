"""Partial correlations of many units with a few variables: what a unit has to do with one, the others held fixed.

    r(y, x_j | others) = corr(residual of y on the others, residual of x_j on the others)

Pearson's or, on ranks, Spearman's, given any further covariates, words among them. What has no correlation (a unit that
never fires, a variable that never changes) has a note instead of a number.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy import stats

from fastslow.errors import check

SILENT = "the unit is constant"
CONSTANT = "the variable is constant"
CONFOUNDED = "the variable is a combination of the others"
FEW = "too few trials"
FLAT = 1e-9
"""A spread below this part of a variable's greatest size is rounding, not variation."""


class Coding(NamedTuple):
    """Partial correlations of units with variables, -1 to 1; NaN where a note says why."""

    r: Float[np.ndarray, "unit variable"]
    p: Float[np.ndarray, "unit variable"]
    note: np.ndarray
    """Why there is no number, by unit and variable; "" where there is one."""
    n: int
    """Trials."""


def partial_correlations(
    activity: Float[np.ndarray, "row unit"],
    variables: pd.DataFrame,
    given: pd.DataFrame | None = None,
    ranks: bool = False,
) -> Coding:
    """The partial correlation of every unit with each variable given all the other variables, and `given`.

    **Arguments**: `activity` one row per trial, finite; `variables` as many rows, numbers; `given` further covariates
    that are partialled out but not asked about (columns of text or categories count as one covariate per level);
    `ranks` correlates ranks (Spearman) instead of the numbers.

    **Returns**: r with its two-sided p (Student's t on n - 2 - number of others degrees of freedom, as if trials
    were independent).

    **Errors**: `UserError` where rows do not match or numbers are not finite.
    """
    y = np.asarray(activity, float)
    check(y.ndim == 2, f"The activity has shape {y.shape}, but it must be [row unit].")
    x = variables.to_numpy(float)
    others = np.zeros((len(y), 0)) if given is None else dummies(given)
    for name, rows in (("variables", x), ("covariates", others)):
        check(
            len(rows) == len(y),
            f"There are {len(rows)} rows of {name} for {len(y)} of activity; give one each.",
        )
        check(
            bool(np.isfinite(rows).all()),
            f"The {name} hold values that are not finite; leave these trials out.",
        )
    check(
        bool(np.isfinite(y).all()), "The activity holds values that are not finite; leave these trials out."
    )
    if ranks:
        x, y, others = (stats.rankdata(part, axis=0) if part.size else part for part in (x, y, others))
    freedom = len(y) - 2 - (x.shape[1] - 1) - (np.linalg.matrix_rank(centred(others)) if others.size else 0)
    r, note = correlate(y, x, others, int(freedom))
    with np.errstate(invalid="ignore", divide="ignore"):
        t = r * np.sqrt(freedom / (1 - r**2))
    p = np.where(note == "", 2 * stats.t.sf(np.abs(t), max(freedom, 1)), np.nan)
    return Coding(r, p, note, len(y))


def dummies(given: pd.DataFrame) -> Float[np.ndarray, "row covariate"]:
    """Covariates as numbers; words become one column per level but the first."""
    return pd.get_dummies(given, drop_first=True, dtype=float).to_numpy(float)


def centred(values: np.ndarray) -> np.ndarray:
    return values - values.mean(axis=0)


def flat(values: Float[np.ndarray, "row column"]) -> np.ndarray:
    """Which columns do not vary."""
    return np.ptp(values, axis=0) <= FLAT * np.maximum(np.abs(values).max(axis=0), 1e-300)


def correlate(
    y: np.ndarray, x: np.ndarray, others: np.ndarray, freedom: int
) -> tuple[Float[np.ndarray, "unit variable"], np.ndarray]:
    """Partial correlations by residuals of least squares, and notes where there are none."""
    units, count = y.shape[1], x.shape[1]
    r, note = np.full((units, count), np.nan), np.full((units, count), "", dtype=object)
    if freedom < 1:
        note[:] = FEW
        return r, note
    still, constant = flat(y), flat(x)
    y, x, others = centred(y), centred(x), centred(others)
    scale = np.where(constant, 1.0, np.linalg.norm(x, axis=0))
    x = x / scale
    for j in range(count):
        if constant[j]:
            note[:, j] = CONSTANT
            continue
        rest = np.column_stack([np.delete(x, j, axis=1), others])
        axes = orthonormal(rest)
        own = x[:, j] - axes @ (axes.T @ x[:, j])
        size = np.linalg.norm(own)
        if size < 1e-6:
            note[:, j] = CONFOUNDED
            continue
        left = y - axes @ (axes.T @ y)
        spread = np.linalg.norm(left, axis=0)
        # What the others explain wholly leaves nothing to correlate: rounding is no signal.
        empty = spread <= 1e-7 * np.maximum(np.linalg.norm(y, axis=0), 1e-300)
        r[:, j] = np.where(still | empty, np.nan, (own / size) @ left / np.where(empty, 1.0, spread))
        note[:, j] = np.where(
            still, SILENT, np.where(empty, "the other variables explain the unit wholly", "")
        )
    return np.clip(r, -1, 1), note


def correlate_fast(
    y: Float[np.ndarray, "row unit"], power: Float[np.ndarray, " unit"], x: Float[np.ndarray, "row column"]
) -> Float[np.ndarray, "unit column"]:
    """Partial correlations from one product of matrices, for the many shuffles; 0 where there is none.

    With b the coefficients of the regression of y on all x and G = x'x: r_j = b_j / sqrt(b_j^2 + RSS (G^-1)_jj).
    """
    x = centred(x)
    x = x / np.maximum(np.linalg.norm(x, axis=0), 1e-300)
    inverse, products = np.linalg.pinv(x.T @ x, hermitian=True), x.T @ y
    b = inverse @ products
    left = np.maximum(power - (products * b).sum(axis=0), 0.0)
    size = np.sqrt(b**2 + left * np.diag(inverse)[:, None])
    return np.divide(b, size, out=np.zeros_like(b), where=size > 0).T


def orthonormal(columns: Float[np.ndarray, "row column"]) -> Float[np.ndarray, "row axis"]:
    """Orthonormal axes of what the columns span, however redundant they are."""
    if columns.shape[1] == 0:
        return columns
    axes, size, _ = np.linalg.svd(columns, full_matrices=False)
    return axes[:, size > 1e-9 * max(float(size[0]), 1e-300)]
