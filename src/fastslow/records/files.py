"""Writing a file of behaviour so that a reader finds the old one or the new one, whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastslow.errors import UserError


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A name aside to write to; afterwards the file is flushed to the disk and takes the name `path`.

    **Raises** `UserError` where it cannot be written; then `path` is as it was.
    """
    aside = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield aside
        with open(aside, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(aside, path)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"The record cannot be written to '{path}': {reason}; give another place.") from None
    finally:
        aside.unlink(missing_ok=True)
