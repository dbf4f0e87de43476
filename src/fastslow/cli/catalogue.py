"""`fastslow list`: one line for everything there is, with the paper; imports none of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from tyro.conf import Positional, arg

from fastslow import bibliography
from fastslow.catalog import CATALOG, PLURAL
from fastslow.cli.parse import parse
from fastslow.errors import UserError, nearest

WHAT = "tasks, agents, trainers, experiments or analyses; all if left out."


@dataclass(frozen=True)
class List:
    what: Positional[Annotated[str, arg(help=WHAT)]] = ""


def lines(kind: str) -> list[str]:
    """Name, summary and paper of each, in columns."""
    entries = CATALOG[kind]
    name_width = max(map(len, entries), default=0)
    summary_width = max((len(entry.summary) for entry in entries.values()), default=0)
    return [
        f"  {name:<{name_width}}  {entry.summary:<{summary_width}}  {bibliography.short(entry.keys)}".rstrip()
        for name, entry in entries.items()
    ]


def main(words: Sequence[str]) -> int:
    given = parse(List, words, "list", "What there is, with the paper it comes from.")
    kinds = [kind for kind, plural in PLURAL.items() if given.what in (kind, plural, "")]
    if not kinds:
        raise UserError(f"There is no list of '{given.what}'{nearest(given.what, PLURAL.values())}")
    print("\n\n".join("\n".join([PLURAL[kind], *lines(kind)]) for kind in kinds))
    return 0
