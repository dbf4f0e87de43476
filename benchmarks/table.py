"""What was measured, beside its target: a table for people, JSON for programs."""

import json
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
VERDICTS = {True: "[green]pass[/]", False: "[red]miss[/]", None: ""}


class Row(NamedTuple):
    """One measurement."""

    what: str
    value: float
    """From the best round of each contestant."""
    unit: str = ""
    median: float | None = None
    """The same from the median rounds."""
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""
    group: str = ""
    """Rows of a group stand together under its name."""

    @property
    def passed(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.at_least is None and self.at_most is None:
            return None
        enough = self.at_least is None or self.value >= self.at_least
        return enough and (self.at_most is None or self.value <= self.at_most)

    @property
    def target(self) -> str:
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return "" if self.at_most is None else f"<= {self.at_most:g}"


def number(value: float | None) -> str:
    """Three digits that count, with separators."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def show(title: str, rows: Sequence[Row]) -> None:
    """Print the rows as a table."""
    table = Table(title=title, title_justify="left")
    for heading, side in [("", "left"), ("best", "right"), ("median", "right"), ("", "left")]:
        table.add_column(heading, justify=side)
    for heading in ("target", "", "note"):
        table.add_column(heading)
    group = ""
    for row in rows:
        if row.group != group:
            group = row.group
            table.add_section()
            table.add_row(f"[bold]{group}[/]")
        table.add_row(
            row.what,
            number(row.value),
            number(row.median),
            row.unit,
            row.target,
            VERDICTS[row.passed],
            row.note,
        )
    # A file or a pipe has no width of its own.
    Console(width=None if Console().is_terminal else 140).print(table)


def machine() -> dict[str, object]:
    """What the numbers depend on, without the machine's name."""
    model = ""
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return {
        "processor": model or platform.processor(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "jax": version("jax"),
        "fastslow": version("fastslow"),
    }


def save(name: str, title: str, rows: Sequence[Row]) -> None:
    """Write `results/NAME.json`."""
    RESULTS.mkdir(exist_ok=True)
    measured = [row._asdict() | {"target": row.target, "passed": row.passed} for row in rows]
    text = json.dumps({"title": title, "machine": machine(), "rows": measured}, indent=1)
    (RESULTS / f"{name}.json").write_text(text + "\n")
