"""Records as NWB files that any NWB tool opens: a table of trials, activity as time series, the blueprint beside them.

The standard is one session of one subject per file. A record of several subjects or sessions goes into one file all
the same, told apart by the columns `subject` and `episode`. An agent has no clock: where the record has no times of
its own (`start_time` and `stop_time`), trials are a second long and follow each other.
"""

import datetime
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from fastslow import __version__
from fastslow.errors import check
from fastslow.records.blueprint import blueprint, described, is_column, table_columns
from fastslow.records.files import replaced
from fastslow.records.nwb import BLUEPRINT, PROCESSING, SESSION, SUBJECT, need_pynwb, quiet
from fastslow.records.schema import CELL

TIMES = ("start_time", "stop_time")
TAKEN = (
    *(
        "id",
        "tags",
        "timeseries",
        "timeseries_index",
        "name",
        "description",
        "colnames",
        "columns",
        "data",
        "table",
    ),
)
"""Names that a column of an NWB table cannot have."""
EPOCH = "1970-01-01T00:00:00+00:00"
"""The start time, which NWB demands, of a session of which it is not known."""
LISTS = ("experimenter", "keywords", "related_publications")


def write_nwb(record: xr.Dataset, path: Path) -> None:
    """Write the record, so that `tables.read_record` gives it back; `UserError` where it cannot be written."""
    pynwb = need_pynwb()
    with quiet():
        file = session(pynwb, record)
        stored = add_trials(pynwb, file, record)
        add_series(pynwb, file, record)
        said = json.dumps({"release": __version__, "stored": stored, "blueprint": blueprint(record)})
        file.add_scratch(
            said, name=BLUEPRINT, description="What the tables cannot say of the record that this was."
        )
        with replaced(path) as aside, pynwb.NWBHDF5IO(aside, "w") as io:
            io.write(file)


def session(pynwb: Any, record: xr.Dataset) -> Any:
    """The file's frame: what is known of session and subject."""
    known = record.attrs.get("nwb")
    known = dict(known) if isinstance(known, Mapping) else {}
    start = known.get("session_start_time")
    begun = datetime.datetime.fromisoformat(start if isinstance(start, str) else EPOCH)
    facts = {name: known[name] for name in SESSION if name in known}
    facts = {
        name: [value] if name in LISTS and isinstance(value, str) else value for name, value in facts.items()
    }
    what = "Behaviour as kept by fastslow"
    what += "" if start else "; when it was is not known, so that the start time stands for none"
    facts = {"session_description": what, "identifier": fingerprint(record)} | facts
    subjects = record["subject"].to_numpy().tolist()
    subject = None
    if len(subjects) == 1:
        species = {"species": str(record.attrs["species"])} if "species" in record.attrs else {}
        about = {name: value for name, value in dict(known.get("subject", {})).items() if name in SUBJECT}
        subject = pynwb.file.Subject(**({"subject_id": subjects[0]} | species | about))
    return pynwb.NWBFile(session_start_time=begun, subject=subject, **facts)


def fingerprint(record: xr.Dataset) -> str:
    """An identifier that the same trials always have."""
    digest = hashlib.sha256()
    for name, values in sorted(table_columns(record).items()):
        digest.update(name.encode() + np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()[:32]


def add_trials(pynwb: Any, file: Any, record: xr.Dataset) -> dict[str, str]:
    """The table of trials; returns the column in which each variable is stored."""
    columns = vectors_whole(record)
    rows = len(columns["subject"])
    clock = all(
        name in columns and columns[name].dtype == np.float64 and columns[name].ndim == 1 for name in TIMES
    )
    stored: dict[str, str] = {}
    data = []
    if not clock:
        told = "no clock: trials follow each other and are a second long"
        for shift, name in enumerate(TIMES):
            data.append(
                pynwb.core.VectorData(name=name, description=told, data=np.arange(rows) + float(shift))
            )
    for name, values in columns.items():
        stored[name] = free_name(name, {*stored.values(), *(() if clock else TIMES)})
        told = described(name, record.attrs)
        text = (
            "; ".join(part for part in (told["meaning"], told["levels"], told["unit"]) if part)
            or "no description"
        )
        cells = values.tolist() if values.dtype.kind == "U" else packed(pynwb, values)
        data.append(pynwb.core.VectorData(name=stored[name], description=text, data=cells))
    data.sort(key=lambda column: column.name not in TIMES)
    about = "one row per trial; told apart by subject, episode and trial"
    file.trials = pynwb.epoch.TimeIntervals(
        name="trials", description=about, columns=data, id=list(range(rows))
    )
    return stored


def packed(pynwb: Any, values: np.ndarray) -> Any:
    """Numbers as they are stored: compressed, and with checksums, so that a flipped bit is seen when read."""
    return pynwb.H5DataIO(values, compression="gzip", compression_opts=1, fletcher32=True)


def vectors_whole(record: xr.Dataset) -> dict[str, np.ndarray]:
    """The trial table with vectors as arrays `[row part]`; empty ones, which HDF5 tables do not hold, left out."""
    flat = table_columns(record)
    columns = {name: flat[name] for name in CELL}
    for name, values in record.data_vars.items():
        if not is_column(values) or name == "present" or 0 in values.shape:
            continue
        parts = [flat[f"{name}_{i}"] for i in range(values.shape[3])] if values.ndim == 4 else None
        columns[str(name)] = flat[str(name)] if parts is None else np.stack(parts, axis=1)
    return columns


def free_name(name: str, taken: set[str]) -> str:
    """The name, made fit for a column of an NWB table."""
    fit = name.replace("/", "_").replace(":", "_").replace(".", "_")
    while fit in taken or fit in TAKEN:
        fit = f"{fit}_"
    return fit


def add_series(pynwb: Any, file: Any, record: xr.Dataset) -> None:
    """Time series of what has one value per time step (all steps in a row) or per unit (a row per trial)."""
    present = record["present"].to_numpy()
    begins = file.trials["start_time"].data
    module = None
    for name, variable in record.data_vars.items():
        values = variable.to_numpy()
        if is_column(variable) or not values.size:
            continue
        check(
            values.dtype.kind in "biuf",
            f"'{name}' holds text for every time step, which an NWB time series cannot; drop it first.",
        )
        if variable.dims[:3] == CELL:
            rows, clock = values[present], {"timestamps": begins}
            order = "a row per trial, at its start"
        else:
            rows, clock = values.reshape(-1, *values.shape[3:]), {"rate": 1.0}
            order = f"a row per time step, by {', '.join(map(str, variable.dims[:3]))} {values.shape[:3]}"
        if module is None:
            module = file.create_processing_module(PROCESSING, "activity of units and signals by time step")
        about = described(str(name), record.attrs)["meaning"] or str(name)
        unit = dict(record.attrs.get("activity", {})).get("unit", "a.u.") if name == "activity" else "a.u."
        told = f"{about}: {order}"
        module.add(pynwb.TimeSeries(str(name), packed(pynwb, rows), unit, description=told, **clock))
