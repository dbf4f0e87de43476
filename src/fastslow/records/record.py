"""A record: behaviour as named arrays, whoever behaved, and its twin, the trial table.

Agents, people and animals share one schema, so that one analysis serves them all. A record is an
xarray.Dataset with dimensions subject, episode and trial (and time, unit, arm where needed); a trial table is
a pandas.DataFrame with one row per trial. Each turns into the other without loss; files are NetCDF-4.
"""

import json
import re
from collections.abc import Mapping, Sequence
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from fastslow.errors import UserError, check, nearest
from fastslow.records.files import replaced
from fastslow.records.schema import CELL, PADDING, SCHEMA, TAILS, cast


def from_arrays(
    variables: Mapping[str, np.ndarray],
    subjects: Sequence[str],
    attrs: Mapping[str, Any] | None = None,
    time_arrays: Mapping[str, np.ndarray] | None = None,
    tails: Mapping[str, str] | None = None,
    episodes: Sequence[int] | None = None,
    trial_numbers: Sequence[int] | None = None,
) -> xr.Dataset:
    """Build a record from dense arrays.

    **Arguments**: `variables` arrays `[subject, episode, trial]` or `[subject, episode, trial, tail]`,
    `action` and `reward` at least; `valid` and `present` are all True unless given. `time_arrays` the same
    with time (steps) in the place of trial. `tails` the names of fourth dimensions (known: p_reward's `arm`,
    hidden's `unit`; others are called `NAME_part`). `episodes` and `trial_numbers` label the axes (otherwise
    0, 1, ...).
    """
    tails = TAILS | dict(tails or {})
    arrays = {name: cast(name, np.asarray(values)) for name, values in variables.items() if name not in CELL}
    for name in ("action", "reward"):
        check(name in arrays, f"A record needs the variable '{name}', which is not among {sorted(arrays)}.")
    shape = arrays["action"].shape
    check(
        len(shape) == 3,
        f"The variable 'action' has shape {shape}, but a record needs [subject, episode, trial].",
    )
    for name in ("valid", "present"):
        arrays.setdefault(name, np.ones(shape, bool))
    coordinates = {
        "subject": np.asarray([str(name) for name in subjects], dtype=np.str_),
        "episode": np.arange(shape[1]) if episodes is None else np.asarray(episodes, np.int64),
        "trial": np.arange(shape[2]) if trial_numbers is None else np.asarray(trial_numbers, np.int64),
    }
    for size, (name, labels) in zip(shape, coordinates.items(), strict=True):
        check(size == len(labels), f"The arrays have {size} {name}s, but {len(labels)} are named.")
    timed = {name: cast(name, np.asarray(values)) for name, values in (time_arrays or {}).items()}
    data = {name: (dims_of(name, values, shape, tails), values) for name, values in arrays.items()}
    data = {name: (dims, padded(values, arrays["present"])) for name, (dims, values) in data.items()}
    data |= {name: (dims_of(name, values, shape[:2], tails), values) for name, values in timed.items()}
    try:
        record = xr.Dataset(data, coordinates, dict(attrs or {}))
    except ValueError as error:
        raise UserError(f"The arrays do not fit together in one record: {error}.") from None
    return validate(record)


def padded(values: np.ndarray, present: np.ndarray) -> np.ndarray:
    """The values with the padding of their kind wherever no trial is, so that equal records are equal there too."""
    if present.all() or values is present:
        return values
    there = present.reshape(present.shape + (1,) * (values.ndim - 3))
    return np.where(there, values, np.asarray(PADDING[values.dtype.kind], values.dtype))


def dims_of(
    name: str, values: np.ndarray, leading: tuple[int, ...], tails: Mapping[str, str]
) -> tuple[str, ...]:
    """Names of the dimensions of one array; `leading` has three sizes for trials, two for time."""
    dims = CELL if len(leading) == 3 else (*CELL[:2], "time")
    if values.shape[: len(leading)] != leading or not 3 <= values.ndim <= 4:
        raise UserError(
            f"The variable '{name}' has shape {values.shape}, but {leading} must come first "
            f"({', '.join(dims)}), and one more dimension may follow."
        )
    return dims if values.ndim == 3 else (*dims, tails.get(name, f"{name}_part"))


def validate(record: xr.Dataset) -> xr.Dataset:
    """Return the record if it keeps the schema; `UserError` names the first thing that does not."""
    for name in ("action", "reward", "valid", "present"):
        check(
            name in record, f"The record has no variable '{name}'{nearest(name, map(str, record.data_vars))}"
        )
        dims = record[name].dims
        check(dims == CELL, f"The record's '{name}' has dimensions {dims}, but they must be {CELL}.")
    for name in CELL:
        check(name in record.coords, f"The record's {name}s have no labels (coordinate '{name}').")
        labels = record[name].to_index()
        check(
            labels.is_unique,
            f"The record names a {name} twice: '{labels[labels.duplicated()][:1].tolist()}'.",
        )
    present = record["present"].to_numpy()
    for name, column in SCHEMA.items():
        if name in CELL or name not in record or record[name].dims[:3] != CELL:
            continue
        values = record[name].to_numpy()
        check(
            values.dtype.kind == cast(name, values[:0]).dtype.kind,
            f"The record's '{name}' must be {column.kind}.",
        )
        values = values[present]
        outside = (values < column.least) | (values > column.most)
        if name == "reward":
            outside |= ~np.isfinite(values)
        if outside.any():
            raise UserError(
                f"The record's '{name}' holds {values[outside][0]}, but it must be {column.levels}."
            )
    unmade = present & record["valid"].to_numpy() & (record["action"].to_numpy() < 0)
    check(
        not unmade.any(),
        f"The record has {unmade.sum()} valid trials without an action; flag them as not valid.",
    )
    return record


def from_trials(trials: pd.DataFrame, attrs: Mapping[str, Any] | None = None) -> xr.Dataset:
    """The record of a trial table: dense, with `present` False where a subject has no such episode or trial.

    **Arguments**: `trials` with columns subject, trial, action, reward and any others (episode 0 and valid
    True unless given); columns `x_0`, `x_1`, ... become one variable `x`, text that is missing becomes "".
    `attrs` adds to the table's own.
    """
    for name, column in SCHEMA.items():
        if column.needed and name not in trials:
            raise UserError(
                f"The trial table has no column '{name}'{nearest(name, map(str, trials.columns))}"
            )
    check(len(trials) > 0, "The trial table is empty; give it at least one row.")
    check(not trials["subject"].isna().any(), "The trial table has rows without a subject; name the subject.")
    rows, subjects = pd.factorize(trials["subject"].astype(str))
    episode = (
        cast("episode", trials["episode"].to_numpy()) if "episode" in trials else np.zeros(len(trials), int)
    )
    episodes, columns = np.unique(episode, return_inverse=True)
    numbers, depths = np.unique(cast("trial", trials["trial"].to_numpy()), return_inverse=True)
    shape = (len(subjects), len(episodes), len(numbers))
    cells = np.ravel_multi_index((rows, columns, depths), shape)
    repeated = pd.Series(cells).duplicated().to_numpy()
    if repeated.any():
        row = trials.iloc[int(repeated.argmax())]
        raise UserError(
            f"Trial {row['trial']} of subject '{row['subject']}' is there twice in the same episode; "
            "number the trials so that each stands once."
        )
    variables = {"present": dense(np.ones(len(trials), bool), cells, shape)}
    for name, parts in vectors(trials).items():
        values = [cast(name, plain(trials[part])) for part in parts]
        flat = values[0] if parts == [name] else np.stack(values, axis=-1)
        variables[name] = dense(flat, cells, shape)
    if "valid" not in variables:
        variables["valid"] = variables["present"]
    labels = [str(name) for name in subjects]
    attrs = dict(trials.attrs) | dict(attrs or {})
    return from_arrays(variables, labels, attrs, episodes=episodes.tolist(), trial_numbers=numbers.tolist())


def dense(values: np.ndarray, cells: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Rows put into their cells, all other cells padded."""
    array = np.full((int(np.prod(shape)), *values.shape[1:]), PADDING[values.dtype.kind], values.dtype)
    array[cells] = values
    return array.reshape(*shape, *values.shape[1:])


def places_of(record: xr.Dataset, trials: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where each row of a trial table stands in its record, as indices of subject, episode and trial."""
    subject, episode, trial = (record.indexes[name].get_indexer(trials[name]) for name in CELL)
    return subject, episode, trial


def plain(column: pd.Series) -> np.ndarray:
    """A column of a table as a plain array; nullable numbers with gaps become floats, missing text ""."""
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        kind = np.float64 if column.isna().any() else getattr(column.dtype, "numpy_dtype", column.dtype)
        return (
            column.to_numpy(dtype=kind, na_value=np.nan)
            if kind == np.float64
            else column.to_numpy(dtype=kind)
        )
    return column.astype(object).where(column.notna(), "").astype(str).to_numpy(dtype=np.str_)


def vectors(trials: pd.DataFrame) -> dict[str, list[str]]:
    """Each variable of a table and its columns: `x_0`, `x_1`, ... (no gap) make one variable `x`."""
    names = [str(name) for name in trials.columns if name not in CELL]
    present = frozenset(names)
    groups: dict[str, list[str]] = {}
    for name in names:
        match = re.fullmatch(r"(.+)_(\d+)", name)
        base = match.group(1) if match and match.group(1) not in trials.columns else name
        parts = list(takewhile(present.__contains__, (f"{base}_{i}" for i in count())))
        complete = base != name and name in parts and len({trials[part].dtype.kind for part in parts}) == 1
        groups[base if complete else name] = parts if complete else [name]
    return groups


def trials(record: xr.Dataset) -> pd.DataFrame:
    """One row per present trial, in the record's order of subjects, then by episode and trial.

    Vector variables become columns `x_0`, `x_1`, ...; what has one value per time step, or per unit, stays in
    the record alone. The record's attrs become the table's.
    """
    present = record["present"].to_numpy()
    places = np.nonzero(present)
    table = {name: record[name].to_numpy()[place] for name, place in zip(CELL, places, strict=True)}
    known = [name for name in SCHEMA if name in record.data_vars]
    for name in [*known, *(str(name) for name in record.data_vars if name not in SCHEMA)]:
        variable = record[name]
        if name == "present" or variable.dims[:3] != CELL or "unit" in variable.dims:
            continue
        table |= columns_of(name, variable.to_numpy()[present])
    frame = pd.DataFrame(table)
    frame.attrs = dict(record.attrs)
    return frame


def columns_of(name: str, values: np.ndarray) -> dict[str, np.ndarray]:
    """A variable, one row per trial, as columns of a trial table: a vector has one for each of its parts."""
    return {name: values} if values.ndim == 1 else {f"{name}_{i}": part for i, part in enumerate(values.T)}


def save(record: xr.Dataset, path: str | Path) -> Path:
    """Write the record as NetCDF-4: aside first, then renamed, so that no reader meets half a file."""
    path = Path(path)
    record = validate(record).assign_attrs()
    record.attrs = encode_attrs(record.attrs)
    # Checksums (Fletcher-32) make a flipped bit an error on reading, not another number.
    encoding = {
        name: {"zlib": True, "complevel": 1, "fletcher32": True}
        for name, values in record.data_vars.items()
        if values.dtype.kind != "U" and values.size
    }
    with replaced(path) as aside:
        record.to_netcdf(aside, engine="netcdf4", format="NETCDF4", encoding=encoding)
    return path


def load(path: str | Path) -> xr.Dataset:
    """Read a record whole into memory; `UserError` where the file is missing, damaged or no record."""
    path = Path(path)
    check(path.is_file(), f"There is no record '{path}'; check the name.")
    try:
        with xr.open_dataset(path, engine="netcdf4", cache=False) as opened:
            record = opened.load()
    except (OSError, RuntimeError, ValueError, AttributeError) as error:
        raise UserError(f"'{path}' cannot be read as NetCDF-4 (damaged, or no record): {error}.") from None
    for name, values in record.variables.items():
        if values.dtype.kind not in "biuf":
            record[name] = (values.dims, values.to_numpy().astype(np.str_), values.attrs)
    record.encoding = {}
    for values in record.variables.values():
        values.encoding = {}
    record.attrs = decode_attrs(record.attrs)
    try:
        return validate(record)
    except UserError as error:
        raise UserError(f"'{path}' is not a record: {error}") from None


def encode_attrs(attrs: Mapping[Any, Any]) -> dict[str, Any]:
    """Attributes as NetCDF holds them: text and numbers as they are, lists and the like as JSON text."""
    simple = {
        str(k): v for k, v in attrs.items() if isinstance(v, str | int | float) and not isinstance(v, bool)
    }
    try:
        rest = {str(name): json.dumps(value) for name, value in attrs.items() if name not in simple}
    except TypeError as error:
        raise UserError(
            f"The record's attributes must be text, numbers, lists or mappings: {error}."
        ) from None
    return simple | rest | ({"json_attributes": " ".join(sorted(rest))} if rest else {})


def decode_attrs(attrs: Mapping[Any, Any]) -> dict[str, Any]:
    """The inverse of `encode_attrs`; NumPy's numbers become Python's."""
    attrs = {
        str(name): getattr(value, "tolist", lambda value=value: value)() for name, value in attrs.items()
    }
    for name in str(attrs.pop("json_attributes", "")).split():
        attrs[name] = json.loads(attrs[name])
    return attrs
