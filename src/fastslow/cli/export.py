"""`fastslow export`: trials from any format into any other, by the suffix; what is read back is what was written."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, arg

from fastslow.cli.analyse import EVENT, WINDOW, column_map, window_of
from fastslow.cli.parse import parse
from fastslow.errors import check

ABOUT = """Write trials in another format; the suffix of --out says which.

.nc record (NetCDF), .nwb Neurodata Without Borders, _beh.tsv BIDS with its JSON sidecar, .csv or .tsv table (.gz too)
with a JSON file beside it. The file read may be any of these; columns are named as in `fastslow analyse`. Units of an
NWB file become spike counts around the event that --event names."""


@dataclasses.dataclass(frozen=True)
class Export:
    file: Positional[Annotated[str, arg(help="A record or a table of trials.")]] = ""
    out: Annotated[str, arg(help="File to write, as in sub-01_task-bandit_beh.tsv.")] = ""
    map: Annotated[str, arg(help="Names of columns, as in action=choice,reward=left+right.")] = ""
    preset: Annotated[str, arg(help="Known data set that the file has the columns of.")] = ""
    event: Annotated[str, arg(help=EVENT)] = ""
    window: Annotated[str, arg(help=WINDOW)] = "0,1"


def main(words: Sequence[str]) -> int:
    given: Any = parse(Export, words, "export", ABOUT)
    check(bool(given.file), "Name a file, as in `fastslow export record.nc --out trials.csv`.")
    check(bool(given.out), "Name the file to write, as in --out sub-01_task-bandit_beh.tsv.")
    out = Path(given.out)
    check(out.absolute().parent.is_dir(), f"There is no folder '{out.parent}' to write '{out.name}' into.")
    check(
        out.absolute() != Path(given.file).absolute(),
        f"--out is '{out}', the file that is read; name another.",
    )
    window = window_of(given.event, given.window)

    from fastslow.records.tables import read_record, write_record

    record = read_record(given.file, given.preset or None, column_map(given.map) or None, window)
    left_out = write_record(record, out)
    print(f"Wrote {int(record['present'].sum())} trials of {record.sizes['subject']} subject(s): {out}")
    if left_out:
        print(f"Left out, as a table holds one row per trial: {', '.join(left_out)}; .nc and .nwb keep them.")
    return 0
