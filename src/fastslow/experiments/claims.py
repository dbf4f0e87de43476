"""Rows of the claims table: a measure per subject in, its mean and bootstrap interval out."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fastslow.analysis.statistics import interval

NO_INTERVAL = (np.nan, np.nan)
"""Compared with anything it is False, so that no bound on an interval holds."""


def claim(measure: str, values: Sequence[float] | np.ndarray | pd.Series) -> dict[str, float | str]:
    """One row of the claims table: mean over subjects and its 95 % interval (nothing left out); of one subject none."""
    values = np.asarray(values, float)
    low, high = interval(values) if values.size != 1 else NO_INTERVAL
    return {"measure": measure, "value": float(values.mean()), "low": low, "high": high}


def exact(measure: str, value: float) -> dict[str, float | str]:
    """A row for one number over all subjects, without an interval."""
    low, high = NO_INTERVAL
    return {"measure": measure, "value": float(value), "low": low, "high": high}


def table(rows: Sequence[dict[str, float | str]]) -> pd.DataFrame:
    """The claims table."""
    return pd.DataFrame(list(rows), columns=["measure", "value", "low", "high"])
