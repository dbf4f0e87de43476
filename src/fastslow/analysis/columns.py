"""What every analysis asks of a table before it counts: that the columns are there and hold finite numbers.

A missing column or a stray NaN would otherwise surface as a wrong number three steps later.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fastslow.errors import UserError, check, nearest


def need_columns(table: pd.DataFrame, names: Sequence[str], what: str) -> None:
    """Raise `UserError` unless `table` has rows and every column of `names`; `what` names the table."""
    for name in names:
        if name not in table.columns:
            known = [str(column) for column in table.columns]
            raise UserError(f"The {what} has no column '{name}'{nearest(name, known)}")
    check(len(table) > 0, f"The {what} is empty; give it at least one row.")


def numbers(table: pd.DataFrame, name: str, what: str) -> np.ndarray:
    """The column as floats; `UserError` where it holds anything but finite numbers."""
    try:
        values = table[name].to_numpy(dtype=float)
    except (TypeError, ValueError):
        raise UserError(f"Column '{name}' of the {what} holds text; give numbers.") from None
    bad = ~np.isfinite(values)
    if bad.any():
        raise UserError(
            f"Column '{name}' of the {what} has {int(bad.sum())} values that are not finite (first in row "
            f"{int(bad.argmax())}); drop these rows or flag them with valid = False."
        )
    return values


def trial_numbers(table: pd.DataFrame, what: str) -> np.ndarray:
    """The column `trial` as whole numbers; `UserError` where it holds others: of these none comes next."""
    values = numbers(table, "trial", what)
    broken = values != np.round(values)
    check(
        not broken.any(),
        f"Column 'trial' of the {what} holds {values[broken.argmax()]:g}, but trials are numbered 0, 1, 2, ...; number "
        "them so.",
    )
    return values.astype(np.int64)


def valid_rows(table: pd.DataFrame) -> pd.DataFrame:
    """The rows whose choice was made and counted: `valid` True, or all where there is no such column."""
    return table[table["valid"].astype(bool)] if "valid" in table.columns else table
