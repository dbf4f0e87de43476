"""The one error that people see: a sentence that names the thing, the value and the remedy.

The command line prints it and exits with a code that is not 0; from Python it is an ordinary exception.
"""

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """Something outside the program is not as it must be (an option, a file, a column, a number)."""


def check(condition: bool, message: str) -> None:
    """Raise `UserError(message)` unless `condition` holds."""
    if not condition:
        raise UserError(message)


def nearest(name: str, known: Iterable[str]) -> str:
    """`"; did you mean 'x'?"` or, where nothing is near, the list of what is known; to end a sentence with."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else f"; known are: {', '.join(known) or 'none'}."
