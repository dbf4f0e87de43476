"""Reading other people's tables of text: CSV and TSV files, also gzipped, into the one trial table.

Columns are named by a map or known by a preset. Nothing is dropped and nothing is guessed silently: a missing
choice is kept and flagged, and whatever cannot be read is refused with its row and column.
"""

import csv
import gzip
import re
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from fastslow.errors import UserError, check, nearest
from fastslow.records.cells import Reader, summands
from fastslow.records.matlab import SUFFIX, read_mat
from fastslow.records.presets import Preset
from fastslow.records.schema import SCHEMA


def read_delimited(
    path: Path, plan: Preset, columns: Mapping[str, str], given: Mapping[str, np.ndarray] | None = None
) -> pd.DataFrame:
    """The trial table of a file in which nothing but the header says what the columns are.

    **Arguments**: `plan` how the file is written; `columns` the user's names for columns of the schema; `given`
    columns that the file lacks and that are known otherwise (from its name), one value per row.

    **Errors**: `UserError` names the file and, where it applies, column and row (the header is row 1).
    """
    source, rows = cells_of(path)
    for name, values in (given or {}).items():
        if name not in source and name not in {**plan.columns, **columns}:
            source[name] = np.broadcast_to(np.asarray(values, object), len(rows)).copy()
    chosen = column_map(source, dict(plan.columns), dict(columns), path)
    return Reader(source, rows, path, plan).table(chosen)


def cells_of(path: Path) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The cells of a table as text by column, and the rows' numbers, from a file of text or of MATLAB."""
    return read_mat(path) if path.suffix == SUFFIX else read_cells(path)


def read_cells(
    path: Path, delimiter: str | None = None, row: str = "trial"
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The cells of a CSV file as text by column, and the rows' numbers in the file.

    `delimiter`: the one of comma, semicolon and tab that the header has most of, unless given; `row`: what a row
    of the file is. Refuses what is missing, empty, ragged or damaged.
    """
    check(path.is_file(), f"There is no file '{path}'; check the name.")
    try:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            reader = csv.reader(file, delimiter=delimiter or max(",;\t", key=first.count), strict=True)
            # Blank lines are no trials; line numbers are kept so that errors name the row that editors show.
            lines = [(reader.line_num, cells) for cells in reader if cells]
    except csv.Error as error:
        raise UserError(f"'{path}' is not a readable CSV file: {error}.") from None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise UserError(
            f"'{path}' cannot be read as CSV (damaged, or another kind of file): {error}."
        ) from None
    check(bool(lines), f"'{path}' is empty; give a CSV file with a header and one row per {row}.")
    header = [name.strip() for name in lines[0][1]]
    check(len(lines) > 1, f"'{path}' has a header but no {row}s.")
    for name in header:
        check(header.count(name) == 1, f"'{path}' has the column '{name}' twice; rename one of them.")
    for number, cells in lines:
        if len(cells) != len(header):
            raise UserError(
                f"Row {number} of '{path}' has {len(cells)} cells, but the header has {len(header)}; mend it."
            )
    columns = zip(*(cells for _, cells in lines[1:]), strict=True)
    cells = {name: np.array(values, dtype=object) for name, values in zip(header, columns, strict=True)}
    return cells, np.array([number for number, _ in lines[1:]])


def column_map(
    source: Mapping[str, np.ndarray], preset: dict[str, str], user: dict[str, str], path: Path
) -> dict[str, str]:
    """Column of the schema -> column of the file: the user's word, else the preset's, else the same name."""
    for name in user:
        if not is_known(name):
            raise UserError(f"The trial table has no column '{name}' to map to{nearest(name, SCHEMA)}")
    chosen = preset | user
    for name, column in chosen.items():
        for part in summands(name, column, source):
            if part not in source:
                raise UserError(f"'{path}' has no column '{part}' (for {name}){nearest(part, source)}")
    taken = {part for name, column in chosen.items() for part in summands(name, column, source)}
    chosen |= {name: name for name in source if is_known(name) and name not in chosen and name not in taken}
    for name, column in SCHEMA.items():
        if column.needed and name not in chosen:
            raise UserError(
                f"'{path}' has no column '{name}'; name the one that holds the {column.meaning} with "
                f"--map {name}=COLUMN, where COLUMN is one of: {', '.join(source)}."
            )
    return {name: chosen[name] for name in sorted(chosen, key=lambda name: schema_order(name))}


def is_known(name: str) -> bool:
    """A name of the schema, or `p_reward_0`, `p_reward_1`, ..."""
    return name in SCHEMA or re.fullmatch(r"p_reward_\d+", name) is not None


def schema_order(name: str) -> tuple[int, int]:
    base, _, index = name.rpartition("_") if name not in SCHEMA else (name, "", "0")
    return list(SCHEMA).index(base), int(index)
