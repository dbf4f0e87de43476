"""BIDS behavioural tables (`sub-01_task-bandit_beh.tsv` with its JSON sidecar), written and read.

Gorgolewski et al. 2016 and the BIDS specification ("Behavioral experiments (with no neural recordings)"): tab-separated
text, `n/a` for a missing value, and a sidecar of the same name that says of each column what it means, in which unit
and with which levels. Subject, session and run may stand in the name alone.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from fastslow.errors import check
from fastslow.records.blueprint import blueprint, column_kinds, described
from fastslow.records.delimited import read_cells, read_delimited
from fastslow.records.presets import Preset
from fastslow.records.text_tables import read_beside, write_table

SUFFIX = "_beh.tsv"
BLANK = "n/a"
RESPONSE_TIME = "response_time"
"""What BIDS calls `rt`."""
SECONDS = dict.fromkeys(("s", "sec", "second", "seconds"), 1.0)
SECONDS |= dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), 0.001)
"""Units of response times, in seconds."""


def entities(path: Path) -> dict[str, str]:
    """The parts of a BIDS name: `{"sub": "01", "task": "bandit"}` of `sub-01_task-bandit_beh.tsv`."""
    stem = path.name.removesuffix(".gz").removesuffix(SUFFIX)
    return dict(part.split("-", 1) for part in stem.split("_") if "-" in part)


def write_bids(record: xr.Dataset, path: Path) -> None:
    """Write the record as a `_beh.tsv` and its sidecar, beside each other.

    **Errors**: `UserError` where the name is not one that BIDS allows.
    """
    parts = entities(path)
    right = re.fullmatch(r"(?:[a-z]+-[A-Za-z0-9]+_)+beh\.tsv", path.name) and {"sub", "task"} <= set(parts)
    check(
        bool(right),
        f"'{path.name}' is no BIDS name; give one like sub-01_task-bandit_beh.tsv (letters and digits in the labels).",
    )
    about = sidecar(record)
    write_table(record, path, "\t", BLANK, {"TaskName": parts["task"]} | about)


def sidecar(record: xr.Dataset) -> dict[str, Any]:
    """Of every column of the trial table: Description, Levels and Units, as far as they are known."""
    columns = {}
    for name in column_kinds(blueprint(record)):
        told = described(name, record.attrs)
        levels = levels_of(name, told["levels"], record.attrs)
        about = {"Description": told["meaning"] or "as in the source of these data"}
        if told["levels"] and not levels:
            about["Description"] += f" ({told['levels']})"
        columns[name] = about | {
            key: value for key, value in (("Levels", levels), ("Units", told["unit"])) if value
        }
    return columns


def levels_of(name: str, text: str, attributes: Mapping[str, Any]) -> dict[str, str]:
    """What each value means: the words of the source file, or those in the schema's `1 common, 0 rare, -1 none`."""
    words = attributes.get(f"{name}_levels")
    if isinstance(words, list | tuple):
        return {str(code): str(word) for code, word in enumerate(words)}
    found = re.fullmatch(r"(?:-?\d+ \w+(?:, |$))+", text)
    return dict(part.split(" ", 1) for part in text.split(", ")) if found else {}


def read_foreign(path: Path, plan: Preset, columns: Mapping[str, str]) -> pd.DataFrame:
    """The trial table of a `_beh.tsv` of another program: its sidecar says units and meanings, its name the subject.

    Trials are numbered in the file's order where no column numbers them.
    """
    parts, said = entities(path), read_beside(path)
    source, rows = read_cells(path, "\t")
    known = dict(plan.columns)
    if RESPONSE_TIME in source and "rt" not in source:
        known.setdefault("rt", RESPONSE_TIME)
    timed = (known | dict(columns)).get("rt", "rt")
    about_time = said.get(timed)
    unit = str(about_time.get("Units", "s") if isinstance(about_time, dict) else "s").strip().lower()
    check(
        unit in SECONDS or timed not in source,
        f"The sidecar of '{path.name}' gives '{timed}' in '{unit}', which is no unit of response times known here; "
        "convert the column to seconds (s) or milliseconds (ms).",
    )
    scale = {"rt": SECONDS.get(unit, 1.0)} | dict(plan.scale)
    given: dict[str, Any] = {"trial": np.arange(len(rows)).astype(str)}
    if "sub" in parts:
        given["subject"] = parts["sub"]
    trials = read_delimited(path, replace(plan, columns=known, scale=scale), columns, given)
    meanings = {
        name: {"meaning": about["Description"]} | ({"unit": about["Units"]} if "Units" in about else {})
        for name, about in said.items()
        if isinstance(about, dict) and isinstance(about.get("Description"), str)
    }
    trials.attrs |= {"variables": meanings} if meanings else {}
    trials.attrs |= {name: parts[name] for name in ("ses", "task", "run") if name in parts}
    return trials
