"""Writing files so that a reader finds the old one or the new one, whole, whenever the power goes.

A kill or a full disk in the middle of an ordinary write leaves a torn file. Here the bytes go to a file
aside, are flushed to the disk, and only then take the name; the folder is flushed too, so that the name
lasts.
"""

import errno
import hashlib
import os
from pathlib import Path

from fastslow.errors import UserError

REMEDY = {
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "the disk quota is used up; free some space",
    errno.EACCES: "it is not writable; choose another --out",
    errno.EPERM: "it is not writable; choose another --out",
    errno.EROFS: "the disk is read-only; choose another --out",
    errno.ENOTDIR: "a part of the path is a file; choose another --out",
    errno.EEXIST: "a file has that name; choose another --out",
    errno.EIO: "the disk reports an error",
}


def cannot_write(path: Path, error: OSError) -> UserError:
    """The one sentence for a write that failed: which path, why, and what to do."""
    why = REMEDY.get(error.errno or 0, error.strerror or str(error))
    return UserError(f"Cannot write '{path}': {why}, then repeat the command: it goes on from what is saved.")


def flush_folder(path: Path) -> None:
    """Make the names in a folder last (a rename is on the disk only when its folder is)."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_flushed(path: Path, data: bytes) -> None:
    """Write a file and wait until it is on the disk; not atomic by itself."""
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_atomic(path: Path, data: bytes | str) -> None:
    """Replace `path` by `data`, or leave it as it was; `UserError` where the disk refuses."""
    aside = path.with_name(f".{path.name}.partial")
    try:
        write_flushed(aside, data.encode() if isinstance(data, str) else data)
        os.replace(aside, path)
        flush_folder(path.parent)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise cannot_write(path, error) from error


def make_folder(path: Path) -> None:
    """Make a folder and those above it; `UserError` where that cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
