"""`fastslow report RUN`: figures, claims and the HTML again, from the saved records."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from fastslow.cli.parse import parse
from fastslow.cli.reproduce import tell
from fastslow.errors import check


@dataclass(frozen=True)
class Report:
    run: Positional[Annotated[str, arg(help="A run directory of `fastslow reproduce`.")]] = ""
    strict: Annotated[bool, arg(help="Exit with code 3 where a claim is not accepted.")] = False


def main(words: Sequence[str]) -> int:
    given = parse(Report, words, "report", "Rebuild figures, claims and report without retraining.")
    check(bool(given.run), "Name a run directory, as in `fastslow report runs/bandits_quick`.")
    out = Path(given.run)
    check(out.is_dir(), f"There is no run directory '{out}'; check its path.")

    from fastslow.experiments.reproduce import experiment_of, rebuild
    from fastslow.runs.directory import own

    experiment = experiment_of(out)
    with own(out):
        return tell(experiment, rebuild(experiment, out), given.strict)
