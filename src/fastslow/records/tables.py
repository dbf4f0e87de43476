"""Reading other people's trials: CSV files (also gzipped) and NetCDF records into the one trial table.

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
from fastslow.records import record
from fastslow.records.cells import Reader
from fastslow.records.presets import PRESETS, Preset
from fastslow.records.schema import SCHEMA


def read_trials(
    path: str | Path, preset: str | None = None, columns: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Read the trials of agents, people or animals.

    **Arguments**: `path` a CSV file (`.csv`, `.csv.gz`; comma, semicolon or tab) or a record (`.nc`).
    `preset` a name in `PRESETS`; unless columns are given, a file whose header is exactly a preset's is
    recognised. `columns` maps columns of the schema to the file's, as in `{"action": "choice"}`; columns
    already rightly named need no mention, and `p_reward_0`, `p_reward_1`, ... name probabilities.

    **Returns**: one row per trial in the file's order, the schema's columns first, then all others under the
    file's names (`source_NAME` where the schema has that name). Trials that count from 1 are made to count
    from 0; episodes count from 0 within each subject, and their labels in the file are kept as a column.
    Words for actions and states are coded in sorted order (or the preset's), and so are the actions -1 and 1;
    the attrs `action_levels` and `state_levels` remember them. A trial without choice, reward, transition or
    state has `valid` False and there -1, or reward 0. The attr `preset` tells which preset was used.

    **Errors**: `UserError` names the file and, where it applies, column and row (the header is row 1).
    """
    path = Path(path)
    if path.suffix == ".nc":
        check(
            not columns and not preset, f"'{path}' is a record: its columns have their names, so give no map."
        )
        return record.trials(record.load(path))
    if preset is not None and preset not in PRESETS:
        raise UserError(f"There is no preset '{preset}'{nearest(preset, PRESETS)}")
    source, rows = read_cells(path)
    if preset is None and not columns:
        preset = next((name for name, known in PRESETS.items() if known.header == tuple(source)), None)
    plan = PRESETS[preset] if preset else Preset((), {}, "", (), "")
    chosen = column_map(source, dict(plan.columns), dict(columns or {}), path)
    trials = Reader(source, rows, path, plan).table(chosen)
    if preset:
        about = {"preset": preset, "species": plan.species, "cite": list(plan.cite), "licence": plan.licence}
        trials.attrs |= about
    return trials


def read_cells(path: Path) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The cells of a CSV file as text by column, and the rows' numbers in the file.

    Refuses what is missing, empty, ragged or damaged.
    """
    check(path.is_file(), f"There is no file '{path}'; check the name.")
    try:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            reader = csv.reader(file, delimiter=max(",;\t", key=first.count), strict=True)
            # Blank lines are no trials; line numbers are kept so that errors name the row that editors show.
            lines = [(reader.line_num, cells) for cells in reader if cells]
    except csv.Error as error:
        raise UserError(f"'{path}' is not a readable CSV file: {error}.") from None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise UserError(
            f"'{path}' cannot be read as CSV (damaged, or another kind of file): {error}."
        ) from None
    check(bool(lines), f"'{path}' is empty; give a CSV file with a header and one row per trial.")
    header = [name.strip() for name in lines[0][1]]
    check(len(lines) > 1, f"'{path}' has a header but no trials.")
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
        if column not in source:
            raise UserError(f"'{path}' has no column '{column}' (for {name}){nearest(column, source)}")
    taken = set(chosen.values())
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
