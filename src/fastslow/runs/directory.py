"""A run directory: one configuration, one owner at a time, and a manifest that says what made it.

`manifest.json` holds the schema version, the configuration and its hash, the versions and platform flags
and the seeds. A directory is either new, or the same run (equal configuration), which then goes on;
anything else is refused before a byte is written.
"""

import dataclasses
import hashlib
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastslow import __version__
from fastslow.errors import UserError
from fastslow.runs.files import cannot_write, make_folder, write_atomic

try:
    import fcntl
except ImportError:  # not a POSIX system: runs are not locked there
    fcntl = None

SCHEMA = 1
MANIFEST, LOCK = "manifest.json", "lock"


def plain(value: Any) -> Any:
    """A configuration as JSON values: dataclasses and mappings become objects, sequences lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(name): plain(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if hasattr(value, "tolist"):
        return value.tolist()
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def config_hash(configuration: dict[str, Any]) -> str:
    """SHA-256 of the configuration's canonical JSON."""
    return hashlib.sha256(json.dumps(plain(configuration), sort_keys=True).encode()).hexdigest()


def versions() -> dict[str, str]:
    """The releases that a result depends on."""
    import jax
    import jaxlib
    import numpy

    return {
        "fastslow": __version__,
        "jax": jax.__version__,
        "jaxlib": jaxlib.__version__,
        "numpy": numpy.__version__,
        "python": platform.python_version(),
    }


def machine() -> dict[str, str]:
    """What else the last bits of a result depend on; no host name, no path."""
    import jax

    return {
        "backend": jax.default_backend(),
        "device": jax.devices()[0].device_kind,
        "architecture": platform.machine(),
        "xla_flags": os.environ.get("XLA_FLAGS", ""),
        "random_generator": str(jax.config.jax_default_prng_impl),
    }


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a run directory; `UserError` where there is none, or a later release wrote it."""
    try:
        manifest = json.loads((path / MANIFEST).read_text())
    except FileNotFoundError:
        raise UserError(f"'{path}' is not a run directory: it has no {MANIFEST}.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"'{path / MANIFEST}' cannot be read ({error}); choose another directory.") from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("configuration"), dict):
        raise UserError(f"'{path / MANIFEST}' is not a manifest of fastslow; choose another directory.")
    if manifest.get("schema", SCHEMA) > SCHEMA:
        release = manifest.get("versions", {}).get("fastslow", "a later one")
        raise UserError(
            f"'{path}' was written by a later release of fastslow ({release}); read it with that."
        )
    return manifest


def difference(ours: Any, theirs: Any, name: str = "") -> str:
    """Names the first entry in which two configurations differ: `trainer.gamma is 0.9 there, 0.8 here`."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for entry in sorted(set(ours) | set(theirs)):
            if ours.get(entry) != theirs.get(entry):
                return difference(ours.get(entry), theirs.get(entry), f"{name}.{entry}" if name else entry)
    return f"{name} is {theirs!r} there, {ours!r} here"


def check_directory(path: Path, configuration: dict[str, Any]) -> bool:
    """True where the directory holds this very run, False where it is free; else `UserError`."""
    path = Path(path)
    if not path.exists():
        parent = next(above for above in path.absolute().parents if above.exists())
        if not parent.is_dir() or not os.access(parent, os.W_OK):
            raise UserError(
                f"Cannot make '{path}': '{parent.name}' is not a writable folder; choose another --out."
            )
        return False
    if not path.is_dir():
        raise UserError(f"'{path}' is a file; choose another --out.")
    if not os.access(path, os.W_OK):
        raise UserError(f"'{path}' is not writable; choose another --out.")
    if not (path / MANIFEST).exists():
        # A run killed before its manifest was whole has left only its lock and a partial file.
        if any(entry.name != LOCK and not entry.name.endswith(".partial") for entry in path.iterdir()):
            raise UserError(f"'{path}' is not empty and holds no run; choose another --out.")
        return False
    there, here = read_manifest(path)["configuration"], plain(configuration)
    if there != here:
        raise UserError(f"'{path}' holds another run ({difference(here, there)}); choose another --out.")
    return True


def take_lock(path: Path) -> Any:
    """The lock file of a run directory, open and locked; `UserError` naming the process that has it.

    The lock is the kernel's (`flock`), so that of a killed process is free at once, whatever the file says.
    """
    try:
        file = open(path / LOCK, "a+")  # noqa: SIM115 (held open for as long as the run is ours)
    except OSError as error:
        raise cannot_write(path / LOCK, error) from error
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            owner = file.read().strip() or "unknown"
            file.close()
            raise UserError(
                f"'{path}' is in use by process {owner}; wait for it, or choose another --out."
            ) from None
    file.seek(0)
    file.truncate()
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


@contextmanager
def own(path: Path) -> Iterator[None]:
    """An existing run directory, ours alone within the block; `UserError` where another process has it."""
    lock = take_lock(path)
    try:
        yield
    finally:
        lock.close()


@contextmanager
def open_run(path: Path | str, configuration: dict[str, Any], seeds: list[int]) -> Iterator[Path]:
    """Make a run directory, or go on with the same run in it; ours alone until the `with` block ends.

    **Raises** `UserError` in one sentence where it belongs to another run or process, or cannot be written.
    """
    path = Path(path)
    check_directory(path, configuration)
    make_folder(path)
    with own(path):
        if not check_directory(path, configuration):
            manifest = {
                "schema": SCHEMA,
                "configuration": plain(configuration),
                "hash": config_hash(configuration),
                "seeds": list(seeds),
                "versions": versions(),
                "machine": machine(),
            }
            write_atomic(path / MANIFEST, json.dumps(manifest, indent=1))
        yield path
