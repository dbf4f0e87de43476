"""`fastslow cite NAME ...`: BibTeX of whatever a result was made with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from tyro.conf import Positional, arg

from fastslow import bibliography
from fastslow.catalog import CATALOG
from fastslow.cli.parse import parse
from fastslow.errors import UserError, check, nearest


@dataclass(frozen=True)
class Cite:
    names: Positional[Annotated[tuple[str, ...], arg(help="Names of `fastslow list`, or keys.")]] = ()


def keys_of(name: str) -> list[str]:
    """The sources of everything that bears a name; a key stands for itself."""
    found = [key for kind in CATALOG.values() if name in kind for key in kind[name].keys]
    if not found and not any(name in kind for kind in CATALOG.values()):
        known = {*bibliography.references(), *(entry for kind in CATALOG.values() for entry in kind)}
        if name not in known:
            raise UserError(f"There is nothing called '{name}' to cite{nearest(name, known)}")
        found = [name]
    return list(dict.fromkeys(found))


def main(words: Sequence[str]) -> int:
    given = parse(Cite, words, "cite", "The sources of what you name, as BibTeX.")
    check(bool(given.names), "Name what to cite, as in `fastslow cite two_step meta_rl a2c`.")
    keys = dict.fromkeys(key for name in given.names for key in keys_of(name))
    print("\n\n".join(map(bibliography.bibtex, keys)))
    return 0
