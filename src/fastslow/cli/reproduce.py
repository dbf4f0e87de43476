"""`fastslow reproduce`: a published result, from training to the report."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from tyro.conf import Positional, arg

from fastslow import catalog
from fastslow.cli.parse import parse
from fastslow.errors import UserError, check, nearest

ABOUT = """Train, simulate, measure, draw, report; the same command again goes on where it stopped.

One directory holds it all: weights, records (NetCDF), tables (CSV), figures, claims.json and report.html."""
PRESETS = ("smoke", "quick", "laptop", "full")
NOT_ACCEPTED = 3
"""Exit code of --strict where a claim is not accepted."""


@dataclass(frozen=True)
class Reproduce:
    name: Positional[Annotated[str, arg(help="An experiment of `fastslow list experiments`.")]] = ""
    preset: Annotated[str, arg(help="smoke (seconds), quick, laptop (claims must hold) or full.")] = "quick"
    seeds: Annotated[int | None, arg(help="Number of seeds (default: the preset's).")] = None
    compare: Annotated[
        tuple[str, ...], arg(help="Trials of others (CSV, BIDS, NWB, NetCDF) to measure too.")
    ] = ()
    out: Annotated[str, arg(help="Run directory (default: runs/NAME_PRESET).")] = ""
    strict: Annotated[bool, arg(help="Exit with code 3 where a claim is not accepted.")] = False
    quiet: Annotated[bool, arg(help="Show no progress.")] = False


def gathered(words: Sequence[str], option: str) -> list[str]:
    """The words with all values of a repeated option behind its first mention, so that none is lost."""
    rest: list[str] = []
    values: list[str] = []
    collecting = False
    for word in words:
        if word == option or word.startswith(f"{option}="):
            collecting = word == option
            values += [] if collecting else [word.partition("=")[2]]
        elif collecting and not word.startswith("--"):
            values.append(word)
        else:
            collecting = False
            rest.append(word)
    return [*rest, option, *values] if values else list(words)


def main(words: Sequence[str]) -> int:
    given = parse(Reproduce, gathered(words, "--compare"), "reproduce", ABOUT)
    check(
        bool(given.name),
        "Name an experiment, as in `fastslow reproduce bandits`; `fastslow list experiments`.",
    )
    catalog.check_name("experiment", given.name)
    if given.preset not in PRESETS:
        raise UserError(f"There is no preset '{given.preset}'{nearest(given.preset, PRESETS)}")
    for file in given.compare:
        check(Path(file).is_file(), f"There is no file '{file}' to compare; check its path.")
    out = Path(given.out or f"runs/{given.name.rpartition(':')[2]}_{given.preset}")
    experiment = catalog.load("experiment", given.name)

    from fastslow.experiments.reproduce import reproduce

    result = reproduce(
        experiment,
        given.preset,
        out,
        seeds=given.seeds,
        compare=given.compare,
        name=given.name,
        quiet=given.quiet,
    )
    return tell(experiment, result, given.strict)


def tell(experiment: Any, result: Any, strict: bool) -> int:
    """Print the claims table and where everything is; the exit code."""
    from fastslow.runs.report import duration, number, verdict

    accepts = {expected.measure: expected.accepts for expected in experiment.expectations}
    colours = {"accepted": "green", "reported": "dim", "not accepted": "red", "not measured": "yellow"}
    table = Table("claim", title=experiment.claim, title_justify="left", box=SIMPLE, pad_edge=False)
    for column in ("measured", "interval", "verdict"):
        table.add_column(column, no_wrap=True)
    for claim in result.claims:
        interval = "-" if claim.low is None or claim.high is None else f"{claim.low:.3f} to {claim.high:.3f}"
        told = f"published {number(claim.published)}, accepted {accepts[claim.measure]}"
        word = verdict(claim.measured, claim.accepted)
        cells = (number(claim.measured), interval, f"[{colours[word]}]{word}[/]")
        table.add_row(f"{escape(claim.measure)}\n[dim]{escape(told)}[/]", *cells)
    Console().print(table)
    for name, printed in result.tables.items():
        grid = Table(*map(str, printed.columns), title=name, title_justify="left", box=SIMPLE, pad_edge=False)
        for row in printed.itertuples(index=False):
            grid.add_row(*(escape(str(cell)) for cell in row))
        Console().print(grid)
    for figure in result.figures:
        print(f"figure: {figure}")
    print(f"report: {result.report}")
    print(f"time:   {duration(result.seconds)}")
    return NOT_ACCEPTED if strict and any(claim.accepted is False for claim in result.claims) else 0
