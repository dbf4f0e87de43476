"""What a line of the catalog tells."""

from typing import NamedTuple


class Entry(NamedTuple):
    """Where something is (within fastslow), what it is in a phrase, and its sources in references.bib."""

    target: str
    summary: str
    cite: str = ""
    draw: str = ""
    """Of an analysis: the function that draws its table."""
    then: str = ""
    """Of an analysis: the function that summarises its table over subjects."""

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self.cite.split())


def entries(rows: dict[str, tuple[str, ...]]) -> dict[str, Entry]:
    return {name: Entry(*row) for name, row in rows.items()}
