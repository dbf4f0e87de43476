"""Every task, agent, trainer, experiment and analysis by name: explicit tables of import strings, one for each kind.

Nothing is imported to list them, so the command line answers at once. A new one is one line in the table of its kind
and shows up in `fastslow list` and in the tests that run over all; a user's own needs none: it is `file.py:Name` or
`module:Name`.
"""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from fastslow.catalog.agents import AGENTS
from fastslow.catalog.analyses import ANALYSES
from fastslow.catalog.experiments import EXPERIMENTS
from fastslow.catalog.tasks import TASKS
from fastslow.catalog.trainers import TRAINERS
from fastslow.errors import UserError, nearest

CATALOG = {
    "task": TASKS,
    "agent": AGENTS,
    "trainer": TRAINERS,
    "experiment": EXPERIMENTS,
    "analysis": ANALYSES,
}
PLURAL = {kind: f"{kind}s" for kind in CATALOG} | {"analysis": "analyses"}


def check_name(kind: str, name: str) -> None:
    """`UserError` with the nearest name where there is no such thing; imports nothing."""
    if ":" in name:
        place = name.rpartition(":")[0]
        if place.endswith(".py") and not Path(place).is_file():
            raise UserError(f"There is no file '{place}' to take the {kind} from; check its path.")
    elif name not in CATALOG[kind]:
        raise UserError(f"There is no {kind} '{name}'{nearest(name, CATALOG[kind])}")


def load(kind: str, name: str) -> Any:
    """What a name stands for: an entry of the table, or the user's own (`file.py:Name`, `module:Name`).

    **Raises** `UserError` naming the nearest, the missing file or the error in it.
    """
    check_name(kind, name)
    if ":" not in name:
        return load_target(CATALOG[kind][name].target)
    place, _, attribute = name.rpartition(":")
    module = import_file(Path(place)) if place.endswith(".py") else import_named(place)
    if not hasattr(module, attribute):
        known = [known for known in vars(module) if not known.startswith("_")]
        raise UserError(f"'{place}' has no '{attribute}'{nearest(attribute, known)}")
    return getattr(module, attribute)


def load_target(target: str) -> Any:
    """What an entry's import string names."""
    place, _, attribute = target.partition(":")
    return getattr(importlib.import_module(f"fastslow.{place}"), attribute)


def import_file(path: Path) -> ModuleType:
    """The module in a user's file, under a name of its own, imported once."""
    path = path.resolve()
    name = f"fastslow_user_{path.stem}"
    known = sys.modules.get(name)
    if known is not None and known.__file__ == str(path):
        return known
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise UserError(f"'{path.name}' cannot be imported: {type(error).__name__}: {error}.") from error
    return module


def import_named(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UserError(f"There is no module '{name}' ({error}); is its folder on PYTHONPATH?") from error
