"""What a flat table cannot say of the record that it came from, as plain data that any text file can hold.

A table of trials holds the cells that are there. Its blueprint holds the rest: the labels of subjects, episodes and
trials (an empty session has no row), the kind of every variable, which columns make one vector, and the attributes.
Table and blueprint together are the record, bit for bit; CSV, BIDS and NWB files carry both.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from fastslow.errors import UserError, check
from fastslow.records.record import decode_attrs, dense, encode_attrs, from_arrays, trials
from fastslow.records.schema import CELL, SCHEMA

FORMAT = 1


def is_column(variable: xr.DataArray) -> bool:
    """Whether a variable has its place in the trial table: one value, or a short vector, per trial."""
    return variable.dims[:3] == CELL and "unit" not in variable.dims


def outside_table(record: xr.Dataset) -> list[str]:
    """The variables that have one value per time step, or per unit: no trial table holds them."""
    return [str(name) for name, variable in record.data_vars.items() if not is_column(variable)]


def blueprint(record: xr.Dataset) -> dict[str, Any]:
    """All of a record but its numbers, fit for JSON."""
    labels = {
        str(name): {
            "dims": list(map(str, values.dims)),
            "dtype": kind_of(values),
            "values": values.values.tolist(),
        }
        for name, values in sorted(
            record.coords.items(), key=lambda item: (item[0] not in CELL, str(item[0]))
        )
    }
    variables = {
        str(name): {
            "dims": list(map(str, values.dims)),
            "dtype": kind_of(values),
            "shape": list(values.shape),
        }
        for name, values in record.data_vars.items()
        if name != "present"
    }
    # As NetCDF would give them back, in an order that does not depend on how they came in.
    attributes = dict(sorted(decode_attrs(encode_attrs(record.attrs)).items()))
    return {"format": FORMAT, "coordinates": labels, "variables": variables, "attributes": attributes}


def kind_of(values: xr.DataArray) -> str:
    return "text" if values.dtype.kind == "U" else values.dtype.name


def typed(values: Any, kind: str) -> np.ndarray:
    return np.asarray(values, np.str_ if kind == "text" else np.dtype(kind))


def table_columns(record: xr.Dataset) -> dict[str, np.ndarray]:
    """The columns of the trial table as plain arrays; a vector `x` is `x_0`, `x_1`, ..."""
    table = trials(record)
    known = [
        record[name] for name in map(str, record.data_vars) if is_column(record[name]) and name != "present"
    ]
    wanted = len(CELL) + sum(values.shape[3] if values.ndim == 4 else 1 for values in known)
    check(
        wanted == table.shape[1],
        "The record has both a vector and a column that would have the same name in a table; rename one.",
    )
    return {
        str(name): table[name].to_numpy(object).astype(np.str_)
        if table[name].dtype.kind in "OU"
        else table[name].to_numpy()
        for name in table
    }


def column_kinds(plan: Mapping[str, Any]) -> dict[str, str]:
    """Kind of every column of the trial table that belongs to a blueprint, in no order."""
    kinds = {name: plan["coordinates"][name]["dtype"] for name in CELL}
    for name, about in plan["variables"].items():
        if tuple(about["dims"][:3]) == CELL and "unit" not in about["dims"]:
            kinds |= {part: about["dtype"] for part in parts_of(name, about)}
    return kinds


def parts_of(name: str, about: Mapping[str, Any]) -> list[str]:
    """The columns of one variable."""
    return [name] if len(about["dims"]) == 3 else [f"{name}_{i}" for i in range(about["shape"][3])]


def rebuild(
    columns: Mapping[str, np.ndarray], plan: Mapping[str, Any], others: Mapping[str, np.ndarray] | None = None
) -> xr.Dataset:
    """The record of a trial table and its blueprint.

    **Arguments**: `columns` the trial table; `others` what is outside it: step variables whole, variables by
    unit one row per row of the table. Variables that are nowhere are left out.

    **Errors**: `UserError` where the table does not fit its blueprint.
    """
    others = dict(others or {})
    labels = {name: typed(about["values"], about["dtype"]) for name, about in plan["coordinates"].items()}
    shape = tuple(len(labels[name]) for name in CELL)
    cells = np.ravel_multi_index([places(name, columns[name], labels[name]) for name in CELL], shape)
    rows = len(cells)
    repeated = pd.Series(cells).duplicated().to_numpy()
    check(
        not repeated.any(),
        f"Row {int(repeated.argmax()) + 2} repeats a trial that stands in a row before it.",
    )
    trial_arrays = {"present": dense(np.ones(rows, bool), cells, shape)}
    time_arrays, tails = {}, {}
    for name, about in plan["variables"].items():
        if len(about["dims"]) == 4:
            tails[name] = about["dims"][3]
        if tuple(about["dims"][:3]) != CELL:
            if name in others:
                time_arrays[name] = typed(others[name], about["dtype"]).reshape(about["shape"])
            continue
        if "unit" in about["dims"]:
            if name not in others:
                continue
            flat = typed(others[name], about["dtype"]).reshape(rows, about["shape"][3])
        else:
            parts = [typed(columns[part], about["dtype"]) for part in parts_of(name, about)]
            flat = np.stack(parts, axis=-1) if parts else np.zeros((rows, 0), about["dtype"])
            flat = flat[:, 0] if len(about["dims"]) == 3 else flat
        trial_arrays[name] = dense(flat, cells, shape)
    record = from_arrays(
        trial_arrays,
        labels["subject"].tolist(),
        dict(plan["attributes"]),
        time_arrays,
        tails,
        labels["episode"].tolist(),
        labels["trial"].tolist(),
    )
    extra = {
        name: (plan["coordinates"][name]["dims"], values)
        for name, values in labels.items()
        if name not in CELL and set(plan["coordinates"][name]["dims"]) <= set(record.dims)
    }
    return record.assign_coords(extra)


def places(name: str, values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Where each value stands among the labels of its axis."""
    found = pd.Index(labels).get_indexer(pd.Index(values))
    if (found < 0).any():
        raise UserError(
            f"The table has the {name} '{values[(found < 0).argmax()]}', of which the file that describes it knows "
            "nothing; delete that file to read the table by itself."
        )
    return found


def described(name: str, attributes: Mapping[str, Any]) -> dict[str, str]:
    """Meaning, levels and unit of a column, from the schema or from what the record says of its own variables."""
    base, _, index = name.rpartition("_")
    for known in (name, base if index.isdigit() else name):
        if known in SCHEMA:
            column = SCHEMA[known]
            return {"meaning": column.meaning, "levels": column.levels, "unit": column.unit}
        own = attributes.get("variables", {})
        if isinstance(own, Mapping) and known in own:
            return {"meaning": "", "levels": "", "unit": ""} | dict(own[known])
    return {"meaning": "", "levels": "", "unit": ""}
