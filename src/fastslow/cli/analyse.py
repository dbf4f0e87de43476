"""`fastslow analyse`: the same measures for an agent's, a person's or an animal's trials."""

import dataclasses
import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

from fastslow import catalog
from fastslow.cli import options
from fastslow.cli.parse import parse
from fastslow.errors import UserError, check

if TYPE_CHECKING:
    from fastslow.records.spikes import Window

ABOUT = """Analyse trials: a record (.nc), NWB (.nwb), BIDS (_beh.tsv) or a table (.csv, .tsv, also .gz).

--map names the columns where they are called otherwise, as in action=choice,reward=left+right.

The shared data sets are recognised. The analysis is made per subject; what is printed last is over them.

Scores of agents over runs and games are a table of their own (subject, score and, where there are several, agent,
game, frames), for the analyses that ask for scores."""
EVENT = "Of NWB: column of times around which each unit's spikes are counted."
WINDOW = "From when to when, in seconds from the event, as in --window=-0.5,1."
FIGURE = "Figure to draw (.png, .svg or .pdf); its numbers stand beside it as CSV."
SHOWN = 40
"""Rows printed of a longer table."""


def fields_of(words: Sequence[str]) -> list[tuple[str, Any, Any]]:
    from fastslow.cli.train import option_group

    return [
        ("file", Positional[Annotated[str, arg(help="A record or a table of trials.")]], ""),
        ("analysis", Annotated[str, arg(help="An analysis of `fastslow list analyses`.")], ""),
        ("map", Annotated[str, arg(help="Names of columns, as in action=choice,reward=outcome.")], ""),
        ("preset", Annotated[str, arg(help="Known data set that the table has the columns of.")], ""),
        ("event", Annotated[str, arg(help=EVENT)], ""),
        ("window", Annotated[str, arg(help=WINDOW)], "0,1"),
        ("out", Annotated[str, arg(help="CSV to write the table per subject to.")], ""),
        ("figure", Annotated[str, arg(help=FIGURE)], ""),
        *option_group(words, "analysis"),
    ]


def column_map(text: str) -> dict[str, str]:
    """`action=choice,reward=outcome` as a mapping; `UserError` where a part is none."""
    pairs = [part.partition("=") for part in text.split(",") if part]
    for left, equals, right in pairs:
        check(bool(left and equals and right), f"--map has '{left}{equals}{right}', but wants COLUMN=YOURS.")
    return {left.strip(): right.strip() for left, _, right in pairs}


def main(words: Sequence[str]) -> int:
    kind = dataclasses.make_dataclass("Analyse", fields_of(words), frozen=True)
    given = parse(kind, words, "analyse", ABOUT + about_analysis(words))
    check(bool(given.file), "Name a file, as in `fastslow analyse record.nc --analysis stay_probability`.")
    check(
        bool(given.analysis), "Name an analysis, as in --analysis stay_probability; `fastslow list analyses`."
    )
    catalog.check_name("analysis", given.analysis)
    check(Path(given.file).is_file(), f"There is no file '{given.file}'; check its path.")
    check(
        not given.out or Path(given.out).absolute().parent.is_dir(), f"There is no folder for '{given.out}'."
    )
    if given.figure:
        check_figure(given)
    columns = column_map(given.map)
    values = options.values_of(getattr(given, "analysis_options", None) or Empty())

    analysis = catalog.load("analysis", given.analysis)
    wanted = wants(analysis)
    window = window_of(given.event, given.window)
    check(
        wanted == "record" or window is None, f"'{given.analysis}' asks nothing of units; leave --event out."
    )
    if wanted == "scores":
        from fastslow.records.scores import read_scores

        check(
            not given.preset,
            f"'{given.analysis}' wants scores, of which no data set is known; leave --preset out.",
        )
        behaviour = read_scores(given.file, columns)
        counted, over = f"{len(behaviour)} scores", "runs"
    else:
        behaviour, counted = read_behaviour(given, wanted == "record", columns, window)
        counted, over = f"per subject ({counted})", "subjects"
    table = analysis(behaviour, **values)
    show(table, counted)
    if given.out:
        write(table, Path(given.out))
    if given.figure:
        from fastslow.figures.draw import draw, whose

        drawing = draw(given.analysis, table, whose(behaviour.attrs))
        print("figure: " + ", ".join(map(str, drawing.save(given.figure))))
    then = catalog.ANALYSES[given.analysis].then if given.analysis in catalog.ANALYSES else ""
    if then:
        show(catalog.load_target(then)(table), f"over {over}")
    return 0


def read_behaviour(
    given: Any, whole: bool, columns: dict[str, str], window: "Window | None"
) -> tuple[Any, str]:
    """The record (`whole`) or the trials in the file, and how many trials these are."""
    from fastslow.records.record import trials as trials_of
    from fastslow.records.tables import read_record, read_trials

    known = (given.file, given.preset or None, columns or None)
    behaviour = read_record(*known, window) if whole else read_trials(*known)
    trials = trials_of(behaviour) if whole else behaviour
    flagged = int((~trials["valid"].astype(bool)).sum()) if "valid" in trials else 0
    return behaviour, f"{len(trials)} trials, {flagged} of them flagged as not valid"


def check_figure(given: Any) -> None:
    """`UserError` where no figure can be drawn, or where its numbers would take the place of another file."""
    from fastslow.figures.draw import target_of
    from fastslow.figures.style import FORMATS

    path = Path(given.figure)
    check(path.suffix in FORMATS, f"--figure is '{given.figure}'; its name must end in {', '.join(FORMATS)}.")
    check(path.absolute().parent.is_dir(), f"There is no folder for '{given.figure}'.")
    target_of(given.analysis)
    for other in filter(None, (given.file, given.out)):
        # Numbers go to NAME.csv and NAME.PART.csv.
        there, name = Path(other).absolute(), path.stem
        taken = there.parent == path.absolute().parent and there.suffix == ".csv"
        check(
            not (taken and there.stem.split(".")[0] == name.split(".")[0]),
            f"The numbers of the figure '{path.name}' may take the place of '{other}'; name it otherwise.",
        )


def window_of(event: str, text: str) -> "Window | None":
    """`--event` and `--window`; None without an event."""
    if not event:
        return None
    from fastslow.records.spikes import Window

    try:
        start, stop = (float(part) for part in text.split(","))
    except ValueError:
        raise UserError(f"--window is '{text}', but must be two numbers, as in --window=-0.5,1.") from None
    return Window(event, start, stop)


def wants(analysis: Any) -> str:
    """What an analysis is made of: a record, units and all, a table of scores, or else of trials.

    Its first parameter says so by its name: record, scores, or any other.
    """
    first = next(iter(inspect.signature(analysis).parameters), "")
    return first if first in ("record", "scores") else "trials"


@dataclasses.dataclass(frozen=True)
class Empty:
    """The options of an analysis that has none."""


def about_analysis(words: Sequence[str]) -> str:
    """What the chosen analysis says of itself, for `--help`."""
    from fastslow.cli.train import chosen

    name = chosen(words, "analysis")
    if "--help" not in words or not name:
        return ""
    return f"\n\n{name}: {inspect.getdoc(catalog.load('analysis', name))}"


def show(table: Any, title: str) -> None:
    rows = f"; the first {SHOWN} of {len(table)} rows" if len(table) > SHOWN else ""
    print(f"{title}{rows}\n{table.head(SHOWN).to_string(index=False, float_format='%.4g')}\n")


def write(table: Any, path: Path) -> None:
    try:
        table.to_csv(path, index=False)
    except OSError as error:
        raise UserError(f"Cannot write '{path}': {error.strerror or error}.") from error
    print(f"table: {path}")
