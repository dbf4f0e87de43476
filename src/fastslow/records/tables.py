"""One way in and one way out for behaviour, whatever the file: the suffix says the format.

Records (.nc), NWB sessions (.nwb), BIDS tables (_beh.tsv) and tables of text (.csv, .tsv, also gzipped) are read into
one record or one trial table, and a record is written as any of them. Matrices of MATLAB (.mat) are only read.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import xarray as xr

from fastslow.errors import check
from fastslow.records import bids, record
from fastslow.records.blueprint import outside_table
from fastslow.records.delimited import cells_of, read_delimited
from fastslow.records.presets import NOTHING_KNOWN, PRESETS, plan_of, provenance
from fastslow.records.spikes import Window
from fastslow.records.text_tables import KEY, read_beside, read_table, write_table

TEXT = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
KNOWN = (".nc", ".nwb", bids.SUFFIX, *TEXT)


def read_trials(
    path: str | Path, preset: str | None = None, columns: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Read the trials of agents, people or animals.

    **Arguments**: `path` a record (`.nc`), an NWB session (`.nwb`), a BIDS table (`_beh.tsv`) or a table of text
    (`.csv`, `.tsv`, also `.gz`; comma, semicolon or tab) or a matrix of MATLAB with its columns' names (`.mat`).
    `preset` a name in `PRESETS`; unless columns are given, a file with a preset's columns is recognised. `columns`
    maps columns of the schema to the file's, as in `{"action": "choice"}` (or to a sum of them, `{"reward":
    "left+right"}`); columns already rightly named need no mention, and `p_reward_0`, `p_reward_1`, ... name
    probabilities.

    **Returns**: one row per trial in the file's order, the schema's columns first, then all others under the
    file's names (`source_NAME` where the schema has that name). Trials that count from 1 are made to count
    from 0; episodes count from 0 within each subject, and their labels in the file are kept as a column.
    Words for actions and states are coded in sorted order (or the preset's), and so are the actions -1 and 1;
    the attrs `action_levels` and `state_levels` remember them. A trial without choice, reward, transition or
    state has `valid` False and there -1, or reward 0. The attr `preset` tells which preset was used. A table that
    fastslow wrote is known by the file beside it and comes back as it was.

    **Errors**: `UserError` names the file and, where it applies, column and row (the header is row 1).
    """
    path = known_path(path)
    foreign = None if path.suffix in (".nc", ".nwb") else foreign_trials(path, preset, columns)
    return record.trials(read_record(path, preset, columns)) if foreign is None else foreign


def read_record(
    path: str | Path,
    preset: str | None = None,
    columns: Mapping[str, str] | None = None,
    window: Window | None = None,
) -> xr.Dataset:
    """Read any of the files of `read_trials` as a record.

    **Arguments**: `window` of an NWB file with units: when their spikes count, as the variable `activity`.
    """
    path = known_path(path)
    check(
        window is None or path.suffix == ".nwb",
        f"Spikes around an event are counted in NWB files, but '{path}' is none; leave the event out.",
    )
    if path.suffix == ".nwb":
        from fastslow.records import nwb_read

        return nwb_read.read_nwb(path, preset, columns, window)
    if path.suffix == ".nc":
        check(
            not columns and not preset, f"'{path}' is a record: its columns have their names, so give no map."
        )
        return record.load(path)
    trials = foreign_trials(path, preset, columns)
    if trials is not None:
        return record.from_trials(trials)
    return read_table(path, delimiter_of(path), read_beside(path))


def write_record(behaviour: xr.Dataset, path: str | Path) -> list[str]:
    """Write a record in the format that the suffix names, so that `read_record` gives it back as it is.

    **Returns** the variables that a table of text has no place for (one value per time step or per unit), which are
    left out of it; none for `.nc` and `.nwb`.
    """
    path = Path(path)
    if path.suffix == ".nc":
        record.save(behaviour, path)
        return []
    if path.suffix == ".nwb":
        from fastslow.records import nwb_write

        nwb_write.write_nwb(behaviour, path)
        return []
    check(
        path.name.endswith(KNOWN),
        f"'{path.name}' names no format that a record can be written in; its name must end in one of: "
        f"{', '.join(KNOWN)}.",
    )
    left_out = outside_table(behaviour)
    kept = behaviour.drop_vars(left_out)
    used = {name for values in kept.data_vars.values() for name in values.dims}
    kept = kept.drop_vars([name for name, labels in kept.coords.items() if not set(labels.dims) <= used])
    if path.name.endswith(bids.SUFFIX):
        bids.write_bids(kept, path)
    else:
        write_table(kept, path, delimiter_of(path), "")
    return left_out


def known_path(path: str | Path) -> Path:
    path = Path(path)
    check(path.is_file(), f"There is no file '{path}'; check the name.")
    return path


def delimiter_of(path: Path) -> str:
    return "\t" if ".tsv" in path.suffixes[-2:] else ","


def foreign_trials(path: Path, preset: str | None, columns: Mapping[str, str] | None) -> pd.DataFrame | None:
    """The trial table of a table of text that fastslow did not write; None where it did."""
    plan = plan_of(preset, path)
    if not preset and not columns and read_beside(path).get(KEY):
        return None
    if plan is None and not columns:
        source, _ = cells_of(path)
        preset = next((name for name, known in PRESETS.items() if known.header == tuple(source)), None)
        plan = PRESETS[preset] if preset else None
    reader = bids.read_foreign if path.name.endswith((bids.SUFFIX, f"{bids.SUFFIX}.gz")) else read_delimited
    trials = reader(path, plan or NOTHING_KNOWN, dict(columns or {}))
    trials.attrs |= provenance(preset)
    return trials
