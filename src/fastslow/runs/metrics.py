"""The training curve on the disk: one JSON object per line, only ever appended.

A kill can tear the last line, and can leave lines of updates that no checkpoint covers; both are cut when a
run goes on, so that every update stands there once, in order, with the same bytes as in a run never
interrupted. Lines hold numbers of updates, never of seconds, for the same reason.
"""

import json
import os
from pathlib import Path
from typing import Any

from fastslow.runs.files import cannot_write, write_atomic

NAME = "metrics.jsonl"


def parse(line: bytes) -> dict[str, Any] | None:
    """The object on a line, or None where the line is torn or not ours."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) and isinstance(row.get("update"), int) else None


def read(path: Path) -> list[dict[str, Any]]:
    """All whole lines, in order: `{"update": updates done, metric: value, or list over seeds}`."""
    if not path.exists():
        return []
    rows = (parse(line) for line in path.read_bytes().split(b"\n")[:-1])
    return [row for row in rows if row is not None]


def cut(path: Path, step: int) -> None:
    """Keep the whole lines of updates up to `step`, drop the rest."""
    if not path.exists():
        return
    lines = path.read_bytes().split(b"\n")[:-1]
    kept = [line for line in lines if (row := parse(line)) is not None and row["update"] <= step]
    write_atomic(path, b"".join(line + b"\n" for line in kept))


def append(path: Path, rows: list[dict[str, Any]]) -> None:
    """Append lines and wait until they are on the disk."""
    data = b"".join(json.dumps(row, allow_nan=False).encode() + b"\n" for row in rows)
    try:
        with open(path, "ab") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise cannot_write(path, error) from error
