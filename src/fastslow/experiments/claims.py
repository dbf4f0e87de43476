"""Rows of the claims table: a measure per subject in, its mean and bootstrap interval out."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fastslow.analysis.statistics import interval


def claim(measure: str, values: Sequence[float] | np.ndarray | pd.Series) -> dict[str, float | str]:
    """One row of the claims table: mean over subjects and its 95 % interval (nothing left out)."""
    values = np.asarray(values, float)
    low, high = interval(values)
    return {"measure": measure, "value": float(values.mean()), "low": low, "high": high}


def exact(measure: str, value: float) -> dict[str, float | str]:
    """A row for what has no spread over subjects."""
    return {"measure": measure, "value": float(value), "low": float(value), "high": float(value)}


def table(rows: Sequence[dict[str, float | str]]) -> pd.DataFrame:
    """The claims table."""
    return pd.DataFrame(list(rows), columns=["measure", "value", "low", "high"])
