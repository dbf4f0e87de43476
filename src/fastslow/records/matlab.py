"""Trial tables in MATLAB files (.mat): one matrix of numbers, a row per trial, and the names of its columns.

They are read as numbers and names alone, by `scipy.io.loadmat` (files up to version 7, not the HDF5 ones of 7.3);
nothing in a file is run.
"""

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from fastslow.errors import UserError, check

SUFFIX = ".mat"


def read_mat(path: Path) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The matrix's cells as text by column, and its rows' numbers (from 1), as tables of text give them.

    **Errors**: `UserError` where there is no file, it is none of MATLAB's, or it does not hold exactly one matrix of
    numbers with a list of as many names.
    """
    check(path.is_file(), f"There is no file '{path}'; check the name.")
    from scipy.io import loadmat

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            held = loadmat(str(path), appendmat=False)
    # Whatever is wrong with the bytes, the reader raises in a dozen kinds.
    except Exception as error:
        reason = " ".join(str(error).split())[:120]
        raise UserError(
            f"'{path}' cannot be read as a MATLAB file (damaged, of version 7.3, or another kind of file): "
            f"{type(error).__name__}: {reason}."
        ) from None
    values = {name: value for name, value in held.items() if not name.startswith("__")}
    tables = [value for value in values.values() if is_matrix(value)]
    headers = [names for names in map(names_of, values.values()) if names]
    both = [(table, names) for table in tables for names in headers if table.shape[1] == len(names)]
    check(
        len(both) == 1,
        f"'{path}' must hold one matrix of numbers and a cell array with a name for each of its columns, but holds "
        f"{len(both)} such pairs among {', '.join(values) or 'no variables'}; save it so.",
    )
    table, names = both[0]
    for name in names:
        check(names.count(name) == 1, f"'{path}' has the column '{name}' twice; rename one of them.")
    cells = {name: as_text(table[:, i]) for i, name in enumerate(names)}
    return cells, np.arange(1, len(table) + 1)


def is_matrix(value: Any) -> bool:
    """A matrix of real numbers with rows."""
    return isinstance(value, np.ndarray) and value.ndim == 2 and value.dtype.kind in "biuf" and len(value) > 0


def names_of(value: Any) -> list[str]:
    """The words of a cell array of text; none where it is anything else."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "O":
        return []
    cells = list(value.ravel())
    if not all(isinstance(cell, np.ndarray) and cell.dtype.kind == "U" and cell.size == 1 for cell in cells):
        return []
    return [str(cell.ravel()[0]).strip() for cell in cells]


def as_text(column: np.ndarray) -> np.ndarray:
    """Numbers as the shortest text that is read back as they are, whole ones without a point; NaN as nothing."""
    unique, place = np.unique(column.astype(float), return_inverse=True)
    words = [
        "" if np.isnan(x) else str(int(x)) if np.isfinite(x) and x == round(x) else repr(float(x))
        for x in unique
    ]
    return np.array(words, dtype=object)[place]
