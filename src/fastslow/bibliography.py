"""The sources: entries of references.bib by key, whole for `fastslow cite`, short for lists and reports."""

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from fastslow.errors import UserError, nearest

ACCENT = re.compile(r"\\[`'\"^~]\{?(\w)\}?|[{}$]")


@cache
def references() -> dict[str, str]:
    """The BibTeX text of every entry, by key."""
    text = files("fastslow").joinpath("references.bib").read_text()
    entries = re.split(r"\n(?=@)", text.strip())
    return {re.match(r"@\w+\{([^,]+),", entry).group(1): entry.strip() for entry in entries}


def bibtex(key: str) -> str:
    """One entry; `UserError` with the nearest key where there is none."""
    if key not in references():
        raise UserError(f"There is no source '{key}'{nearest(key, references())}")
    return references()[key]


def field(key: str, name: str) -> str:
    """A field of an entry as plain text; empty where it has none."""
    found = re.search(rf"^\s*{name}\s*=\s*\{{(.*)\}},?$", bibtex(key), flags=re.MULTILINE)
    return ACCENT.sub(lambda match: match.group(1) or "", found.group(1)) if found else ""


def label(key: str) -> str:
    """`Wang et al. 2018`, `Rescorla & Wagner 1972`, `Thompson 1933`."""
    surnames = [author.partition(",")[0] for author in field(key, "author").split(" and ")]
    who = f"{surnames[0]} et al." if len(surnames) > 2 else " & ".join(surnames)
    return f"{who} {field(key, 'year')}"


def short(keys: Iterable[str]) -> str:
    """Labels in a row, for lists."""
    return ", ".join(map(label, keys))


def full(key: str) -> str:
    """Authors, year, title and place in a line, for reports."""
    place = field(key, "journal") or field(key, "booktitle") or field(key, "howpublished")
    eprint = field(key, "eprint")
    place = place or (f"arXiv:{eprint}" if eprint else "")
    return f"{label(key)}. {field(key, 'title')}. {place}.".replace(". .", ".")
