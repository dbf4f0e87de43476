"""Reading tables of scores: a row per run of an agent on a game, and maybe per checkpoint (see `analysis.score_table`).

Written as text like tables of trials, and read as strictly: whatever is no score is refused with its row and column.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from fastslow.errors import UserError, check, nearest
from fastslow.records.cells import Reader
from fastslow.records.delimited import read_cells
from fastslow.records.presets import NOTHING_KNOWN

COLUMNS = {
    "agent": "who played",
    "game": "the game",
    "subject": "the run, such as its seed",
    "frames": "experience before the score",
    "score": "the score",
}
NEEDED = ("subject", "score")
NUMBERS = ("frames", "score")
SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz")


def read_scores(path: str | Path, columns: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Read a table of scores from text (`.csv`, `.tsv`, also `.gz`; comma, semicolon or tab).

    **Arguments**: `columns` maps the columns agent, game, subject, frames and score to the file's, as in
    `{"subject": "seed"}`; those already rightly named need no mention.

    **Returns**: the columns of these that the file has, in this order, a row per row of the file; its others are left.

    **Errors**: `UserError` names the file and, where it applies, column and row (the header is row 1).
    """
    path = Path(path)
    check(
        path.name.endswith(SUFFIXES),
        f"'{path.name}' is no table of scores; its name must end in one of: {', '.join(SUFFIXES)}.",
    )
    source, rows = read_cells(path, row="score")
    chosen = chosen_columns(source, dict(columns or {}), path)
    reader = Reader(source, rows, path, NOTHING_KNOWN)
    table: dict[str, np.ndarray] = {}
    for name, column in chosen.items():
        if name in NUMBERS:
            table[name] = reader.number(name, column)
            reader.refuse(np.isnan(table[name]), column, f"is missing, but every row needs its {name}")
        else:
            table[name] = reader.text(name, column)
    return pd.DataFrame(table)


def chosen_columns(source: Mapping[str, np.ndarray], user: Mapping[str, str], path: Path) -> dict[str, str]:
    """Which column of the file is which: the user's word, else the same name."""
    for name, column in user.items():
        if name not in COLUMNS:
            raise UserError(f"The table of scores has no column '{name}' to map to{nearest(name, COLUMNS)}")
        if column not in source:
            raise UserError(f"'{path}' has no column '{column}' (for {name}){nearest(column, source)}")
    chosen = {name: name for name in COLUMNS if name in source} | user
    for name in NEEDED:
        check(
            name in chosen,
            f"'{path}' has no column '{name}'; name the one that holds {COLUMNS[name]} with --map {name}=COLUMN, where "
            f"COLUMN is one of: {', '.join(source)}.",
        )
    return {name: chosen[name] for name in COLUMNS if name in chosen}
