"""A record as a table of text and a file beside it (`trials.csv` and `trials.json`): both ways, nothing lost.

The table is what anyone can open: one row per trial, the schema's columns. The file beside it says what text cannot:
the kind of every column and the record's blueprint. What is written shortest is read back to the last bit.
"""

import csv
import gzip
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from fastslow import __version__
from fastslow.errors import UserError, check
from fastslow.records.blueprint import blueprint, column_kinds, rebuild, table_columns
from fastslow.records.delimited import read_cells
from fastslow.records.files import replaced

KEY = "fastslow"
"""Where the blueprint stands in the file beside a table."""


def beside(path: Path) -> Path:
    """The name of the file that describes a table: `trials.json` for `trials.csv`, `trials.tsv`, `trials.csv.gz`."""
    return path.with_name(path.name.removesuffix(".gz").rpartition(".")[0] + ".json")


def read_beside(path: Path) -> dict[str, Any]:
    """What is said beside a table; empty where there is no such file. `UserError` where it is not JSON."""
    if not beside(path).is_file():
        return {}
    try:
        said = json.loads(beside(path).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UserError(
            f"'{beside(path)}', which describes '{path.name}', is not readable JSON: {error}."
        ) from None
    return said if isinstance(said, dict) else {}


def write_table(
    record: xr.Dataset, path: Path, delimiter: str, blank: str, described: Mapping[str, Any] | None = None
) -> None:
    """Write the record's trial table and, beside it, `described` with the blueprint.

    **Arguments**: `blank` what stands in a cell without a value (no number, no text).
    """
    aside_name = beside(path)
    known = read_beside(path) if aside_name.is_file() else {KEY: None}
    check(
        KEY in known, f"'{aside_name}' is another program's file and would be overwritten; give another name."
    )
    columns = table_columns(record)
    blanks = {name: unused(values, blank) for name, values in columns.items() if values.dtype.kind == "U"}
    text = {name: written(values, blanks.get(name, blank)) for name, values in columns.items()}
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    writer.writerow(text)
    writer.writerows(zip(*text.values(), strict=True))
    data = buffer.getvalue().encode()
    own = {"release": __version__, "blanks": blanks} | blueprint(record)
    said = dict(described or {}) | {KEY: own}
    with replaced(aside_name) as aside:
        # A line for each column, and one for the blueprint.
        lines = [
            f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in said.items()
        ]
        aside.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    with replaced(path) as aside:
        # Without a time stamp, so that the same record gives the same bytes.
        aside.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def read_table(path: Path, delimiter: str, said: Mapping[str, Any]) -> xr.Dataset:
    """The record of a table and of what `write_table` said beside it.

    **Errors**: `UserError` where the two do not belong together, or a cell is not of its column's kind.
    """
    cells, rows = read_cells(path, delimiter)
    try:
        plan = said[KEY]
        kinds = column_kinds(plan)
        check(
            set(cells) == set(kinds),
            f"'{path}' has not the columns that '{beside(path).name}' describes ("
            f"{', '.join(sorted(set(cells) ^ set(kinds)))}); delete that file to read the table by itself.",
        )
        columns = {
            name: parsed(
                values, kinds[name], plan["blanks"].get(name, ""), f"column '{name}' of '{path}'", rows
            )
            for name, values in cells.items()
        }
        return rebuild(columns, plan)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise UserError(
            f"'{beside(path)}' does not describe '{path.name}' wholly ({type(error).__name__}: {error}); delete it to "
            "read the table by itself."
        ) from None


def unused(values: np.ndarray, blank: str) -> str:
    """A word for empty text that no text of the column is."""
    words = set(values.tolist())
    while blank and blank in words:
        blank += "'"
    return blank


def written(values: np.ndarray, blank: str) -> list[str]:
    """The shortest text of each value that is read back as that very value."""
    kind = values.dtype.kind
    if kind == "U":
        return [word or blank for word in values.tolist()]
    if kind == "b":
        return ["true" if value else "false" for value in values.tolist()]
    if kind in "iu":
        return [str(value) for value in values.tolist()]
    # Each bit pattern once: columns of choices and outcomes have few values. Bits, because -0 equals 0.
    bits, place = np.unique(np.ascontiguousarray(values).view(f"u{values.itemsize}"), return_inverse=True)
    unique = [blank if np.isnan(value) else shortest(value) for value in bits.view(values.dtype)]
    return np.array(unique, dtype=object)[place].tolist()


def shortest(value: np.floating) -> str:
    """Its digits at its own precision; all of them in the rare case that these would be read back as another."""
    text = str(value)
    return text if value.dtype.type(float(text)) == value else repr(float(value))


TRUTH = {"true": True, "false": False}


def parsed(cells: np.ndarray, kind: str, blank: str, where: str, rows: np.ndarray) -> np.ndarray:
    """The inverse of `written`; `UserError` names the row of a cell that is not of the kind."""
    if kind == "text":
        return np.array(["" if cell == blank else cell for cell in cells], np.str_)
    place, unique = pd.factorize(cells)
    values = np.zeros(len(unique), kind)
    for i, cell in enumerate(unique):
        try:
            if kind == "bool":
                values[i] = TRUTH[cell]
            elif values.dtype.kind in "iu":
                values[i] = int(cell)
            else:
                values[i] = np.nan if cell in ("", "n/a") else float(cell)
        except (ValueError, KeyError, OverflowError):
            raise UserError(
                f"Row {rows[place == i][0]}: {where} holds '{cell[:40]}', which is not of its kind ({kind}); mend it."
            ) from None
    return values[place]
