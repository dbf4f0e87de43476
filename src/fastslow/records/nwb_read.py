"""NWB sessions as records: trials by a column map or a preset, units as spike counts around an event.

Trials stay as they are in the file's table: a missed choice is kept and flagged, columns that the schema does not know
keep their name and kind. A file that fastslow wrote comes back as the record that it was.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from fastslow.errors import UserError, check, nearest
from fastslow.records.blueprint import column_kinds, rebuild
from fastslow.records.cells import Reader, summands
from fastslow.records.delimited import column_map
from fastslow.records.nwb import BLUEPRINT, PROCESSING, SESSION, SUBJECT, need_pynwb, quiet
from fastslow.records.presets import NOTHING_KNOWN, PRESETS, Preset, plan_of, provenance
from fastslow.records.record import from_trials
from fastslow.records.spikes import Window, add_activity, counts

NOT_KEPT = ("tags", "timeseries", "timeseries_index")
"""Columns of NWB's own table of trials that point into other parts of the file."""


def read_nwb(
    path: Path, preset: str | None, columns: Mapping[str, str] | None, window: Window | None = None
) -> xr.Dataset:
    """The record of an NWB file; see `tables.read_record` for the arguments.

    **Returns** one subject and one session (unless the file is fastslow's own), trials in the table's order; facts
    of session and subject in the attribute `nwb`, meanings of the file's columns in `variables`.

    **Errors**: `UserError`: the file is damaged or not NWB, has no trials, lacks a column, or has no units where a
    window is given.
    """
    pynwb = need_pynwb()
    try:
        with quiet(), pynwb.NWBHDF5IO(path, "r", load_namespaces=True) as io:
            return read_file(io.read(), path, preset, columns, window)
    except UserError:
        raise
    # Whatever is wrong with the file, pynwb, hdmf and h5py raise in two dozen kinds.
    except Exception as error:
        reason = " ".join(str(error).split())[:120]
        raise UserError(
            f"'{path}' cannot be read as NWB (damaged, or another kind of file): {type(error).__name__}: {reason}."
        ) from None


def read_file(
    file: Any, path: Path, preset: str | None, columns: Mapping[str, str] | None, window: Window | None
) -> xr.Dataset:
    if file.trials is None or len(file.trials) == 0:
        raise UserError(f"'{path}' has no table of trials, so it holds no behaviour that can be read.")
    table = columns_of(file.trials)
    if BLUEPRINT in file.scratch and not preset and not columns:
        check(
            window is None,
            f"'{path}' is a record, which keeps its units' activity as it is; leave the event out.",
        )
        return read_own(file, table)
    if preset is None and not columns:
        preset = next(
            (n for n, known in PRESETS.items() if known.nwb and set(known.header) <= set(table)), None
        )
    trials = trial_table(file, path, table, plan_of(preset, path) or NOTHING_KNOWN, dict(columns or {}))
    meanings = {name: {"meaning": str(file.trials[name].description)} for name in table if name in trials}
    trials.attrs |= provenance(preset) | {"nwb": session_of(file), "variables": meanings}
    record = from_trials(trials)
    if window is None:
        return record
    if file.units is None or "spike_times" not in file.units.colnames:
        raise UserError(f"'{path}' has no spike times of units; leave the event out.")
    check(
        window.stop > window.start,
        f"The window {window.start:g} to {window.stop:g} s is empty; give start < stop.",
    )
    if window.event not in table:
        raise UserError(f"'{path}' has no column '{window.event}' of events{nearest(window.event, table)}")
    events = table[window.event]
    check(
        events.dtype.kind == "f", f"Column '{window.event}' of '{path}' holds no times; name one that does."
    )
    return add_activity(record, trials, counts(file.units, events, window), file.units, window)


def columns_of(table: Any) -> dict[str, np.ndarray]:
    """The columns of a table of NWB as arrays `[row ...]`; lists of unequal length as JSON text."""
    found = {}
    for name in table.colnames:
        if name in NOT_KEPT:
            continue
        values = table[name]
        ragged = hasattr(values, "target")
        array = np.asarray(
            values[:] if not ragged else [json.dumps(np.asarray(v).tolist()) for v in values[:]]
        )
        if array.dtype.kind in "OSU":
            array = np.array(
                [v.decode() if isinstance(v, bytes) else str(v) for v in array.tolist()], np.str_
            )
        found[name] = array
    return found


def trial_table(
    file: Any, path: Path, table: Mapping[str, np.ndarray], plan: Preset, columns: Mapping[str, str]
) -> pd.DataFrame:
    """The trial table of a foreign file: what the schema knows is parsed as text is, the rest is kept as it is."""
    rows = np.arange(len(file.trials))
    cells = {name: as_text(values) for name, values in table.items() if values.ndim == 1}
    known = plan.columns | columns
    subject = getattr(file.subject, "subject_id", None) or file.identifier
    given = {"subject": subject, "trial": rows}
    for name, values in given.items():
        if name not in cells and name not in known:
            cells[name] = as_text(np.broadcast_to(np.asarray(values), len(rows)))
    chosen = column_map(cells, dict(plan.columns), columns, path)
    used = {part for name, column in chosen.items() for part in summands(name, column, cells)}
    reader = Reader({name: cells[name] for name in used}, np.asarray(file.trials.id[:]) + 1, path, plan)
    trials = reader.table(chosen)
    whole = {column for column in chosen.values() if column in cells}
    # What was only summed up is not lost either, and what the schema does not know keeps the kind that it has.
    frame = {
        n: trials[n] for n in map(str, trials) if n in chosen or n.removeprefix("source_") not in used - whole
    }
    for name, values in table.items():
        if name in whole:
            continue
        kept = f"source_{name}" if name in frame else name
        flat = (
            {kept: values}
            if values.ndim == 1
            else {f"{kept}_{i}": part for i, part in enumerate(values.reshape(len(values), -1).T)}
        )
        frame |= flat
    result = pd.DataFrame(frame)
    result.attrs = dict(trials.attrs)
    return result


def as_text(values: np.ndarray) -> np.ndarray:
    """Cells as a text file would hold them: `1`, not `1.0`; nothing for NaN."""
    if values.dtype.kind == "f":
        whole = np.isfinite(values) & (values == np.round(values)) & (np.abs(values) < 2**53)
        texts = [
            "" if np.isnan(v) else str(int(v)) if w else repr(float(v))
            for v, w in zip(values, whole, strict=True)
        ]
        return np.array(texts, dtype=object)
    return np.array(
        [str(value).lower() if values.dtype.kind == "b" else str(value) for value in values], object
    )


def session_of(file: Any) -> dict[str, Any]:
    """Who, when and where: what the file says of session and subject, as text and lists of text."""
    found = {name: plain(getattr(file, name, None)) for name in SESSION}
    found["session_start_time"] = file.session_start_time.isoformat()
    about = {name: plain(getattr(file.subject, name, None)) for name in SUBJECT if file.subject is not None}
    found["subject"] = {name: value for name, value in about.items() if value}
    return {name: value for name, value in found.items() if value}


def plain(value: Any) -> Any:
    """Text, or a list of text; None for what is not there."""
    if value is None:
        return None
    return [str(part) for part in value] if not isinstance(value, str) else value


def read_own(file: Any, table: Mapping[str, np.ndarray]) -> xr.Dataset:
    """The record that `nwb_write` made the file of."""
    said = json.loads(file.scratch[BLUEPRINT].data)
    plan, stored = said["blueprint"], said["stored"]
    columns = {}
    for name in plan["variables"]:
        values = table.get(stored.get(name, ""))
        if values is not None:
            columns |= (
                {name: values} if values.ndim == 1 else {f"{name}_{i}": v for i, v in enumerate(values.T)}
            )
    columns |= {name: table[stored[name]] for name in ("subject", "episode", "trial")}
    columns = {name: values for name, values in columns.items() if name in column_kinds(plan)}
    empty = {name: about for name, about in plan["variables"].items() if 0 in about["shape"]}
    others = {name: np.zeros(about["shape"], about["dtype"]) for name, about in empty.items()}
    if PROCESSING in file.processing:
        series = file.processing[PROCESSING].data_interfaces
        others |= {name: one.data[:] for name, one in series.items()}
    return rebuild(columns, plan, others)
