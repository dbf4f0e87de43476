"""Means over subjects with bootstrap intervals: one number per subject goes in, subjects are resampled.

Trials of one subject are not independent, so a table that has a subject twice in one group is refused.
Intervals are percentile bootstraps (Efron & Tibshirani 1993, ch. 13); the interquartile mean is that of
Agarwal et al. 2021, robust where some seeds of a few fail.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import trim_mean

from fastslow.analysis.columns import need_columns, numbers
from fastslow.errors import UserError, check

RESAMPLES = 5_000
ONE = "one subject: no interval"


def iqm(values: Float[np.ndarray, "*any"], axis: int | None = None) -> np.floating | np.ndarray:
    """Interquartile mean: the mean of what is left when a quarter of the values is cut off at either end."""
    return trim_mean(values, 0.25, axis=axis)


def interval(
    values: Sequence[float] | np.ndarray,
    statistic: Callable = np.mean,
    seed: int = 0,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> tuple[float, float]:
    """Percentile bootstrap interval of `statistic` over `values`, one per subject; reproducible by its seed.

    **Arguments**: `statistic(array, axis=...)`, such as `np.mean` or `iqm`; `level` the share that it covers.

    **Returns**: `(low, high)`. Of a single value nothing is known about the spread: both are that value, and
    whoever reports it must say that n is 1 (`summarise` does).
    """
    values = np.asarray(values, float)
    check(
        values.ndim == 1 and values.size > 0, "An interval needs one number for each of one or more subjects."
    )
    check(
        bool(np.isfinite(values).all()), "An interval needs finite numbers; leave out the others and say so."
    )
    check_bootstrap(level, resamples)
    if values.size == 1:
        return float(values[0]), float(values[0])
    generator = np.random.default_rng(seed)
    # In blocks, so that many thousands of values do not fill the memory.
    block = max(1, 4_000_000 // values.size)
    sizes = [min(block, resamples - done) for done in range(0, resamples, block)]
    draws = [
        statistic(values[generator.integers(0, values.size, (size, values.size))], axis=1) for size in sizes
    ]
    low, high = middle(np.concatenate(draws), level)
    return float(low), float(high)


def check_bootstrap(level: float, resamples: int) -> None:
    """`UserError` for a level that is no share, or no resamples."""
    check(0 < level < 1, f"level is {level}, but it must lie between 0 and 1.")
    check(resamples >= 1, f"resamples is {resamples}, but it must be at least 1.")


def middle(
    draws: Float[np.ndarray, "resamples ..."], level: float
) -> tuple[Float[np.ndarray, "..."] | np.floating, Float[np.ndarray, "..."] | np.floating]:
    """Between which bounds the middle `level` of the resamples lies: a percentile interval."""
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def summarise(
    table: pd.DataFrame,
    by: Sequence[str],
    value: str,
    statistic: Callable = np.mean,
    seed: int = 0,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> pd.DataFrame:
    """Mean over subjects within each group, with its interval.

    **Arguments**: `table` with one row per subject and group; `by` the columns that make the groups (none:
    one group); `value` the column of numbers; `statistic` what takes the mean's place.

    **Returns**: the columns of `by`, then mean, low, high, n (subjects) and note, which says where there is
    one subject only and so no interval. Groups stand as they first appear.

    **Errors**: `UserError` where a number is not finite, or a subject is twice in a group.
    """
    by = list(by)
    need_columns(table, [*by, value], "table to summarise")
    numbers(table, value, "table to summarise")
    if "subject" in table and "subject" not in by:
        again = table.duplicated([*by, "subject"])
        if again.any():
            raise UserError(
                f"Subject '{table.loc[again, 'subject'].iloc[0]}' has more than one '{value}' in a group; "
                "average within each subject first, or group by the column that tells them apart."
            )
    rows = []
    groups = table.groupby(by, sort=False) if by else [((), table)]
    for key, group in groups:
        values = group[value].to_numpy(float)
        low, high = interval(values, statistic, seed, level, resamples)
        middle = {"mean": float(statistic(values, axis=0)), "low": low, "high": high, "n": len(values)}
        rows.append(dict(zip(by, key, strict=True)) | middle | {"note": ONE if len(values) == 1 else ""})
    return pd.DataFrame(rows)
