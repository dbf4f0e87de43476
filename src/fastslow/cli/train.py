"""`fastslow train`: any task, agent and trainer; every published parameter of the three is an option."""

import dataclasses
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import arg

from fastslow import catalog
from fastslow.cli import options
from fastslow.cli.assemble import Choice, training_of
from fastslow.cli.parse import parse
from fastslow.errors import UserError, check

ABOUT = """Train an agent on a task and keep the run; the same command again goes on where it stopped.

Names are those of `fastslow list`, or your own as file.py:Name. The parameters of what you choose are
options: `fastslow train --task two_step --help` lists the task's as --task.NAME, the agent's as --agent.NAME
and the trainer's as --trainer.NAME."""

DEFAULTS = {"task": "", "agent": "meta_rl", "trainer": "a2c"}


def chosen(words: Sequence[str], kind: str, defaults: dict[str, str] | None = None) -> str:
    """The name given for `--task`, `--agent`, ..., wherever it stands on the line."""
    name = (defaults or {}).get(kind, "")
    for word, following in pairwise([*words, ""]):
        if word == f"--{kind}":
            name = following
        elif word.startswith(f"--{kind}="):
            name = word.partition("=")[2]
    return name


def general() -> list[tuple[str, Any, Any]]:
    """The options that every training run has."""
    names = {kind: f"Name of the {kind}, or file.py:Name." for kind in DEFAULTS}
    fields = [(kind, Annotated[str, arg(help=text)], DEFAULTS[kind]) for kind, text in names.items()]
    return [
        *fields,
        ("seeds", Annotated[int, arg(help="Number of seeds, trained side by side: 0, 1, ...")], 1),
        ("out", Annotated[str, arg(help="Run directory (default: runs/TASK_AGENT_TRAINER).")], ""),
        ("quiet", Annotated[bool, arg(help="Show no progress.")], False),
    ]


def option_group(
    words: Sequence[str], kind: str, defaults: dict[str, str] | None = None
) -> list[tuple[str, Any, Any]]:
    """The field that holds the options of what was chosen, read from its signature."""
    name = chosen(words, kind, defaults)
    if not name:
        return []
    group = options.options_of(catalog.load(kind, name))
    if not dataclasses.fields(group):
        return []
    return [
        (
            f"{kind}_options",
            Annotated[group, arg(name=kind, help="")],
            dataclasses.field(default_factory=group),
        )
    ]


def main(words: Sequence[str]) -> int:
    for kind in DEFAULTS:
        if chosen(words, kind, DEFAULTS):
            catalog.check_name(kind, chosen(words, kind, DEFAULTS))
    fields = [*general(), *(field for kind in DEFAULTS for field in option_group(words, kind, DEFAULTS))]

    given = parse(dataclasses.make_dataclass("Train", fields, frozen=True), words, "train", ABOUT)
    check(
        bool(given.task),
        "Name a task, as in `--task two_step`; `fastslow list tasks` has them.",
    )
    check(given.seeds >= 1, f"--seeds is {given.seeds}, but it must be a whole number of at least 1.")
    choices = {
        kind: Choice(getattr(given, kind), options.values_of(getattr(given, f"{kind}_options", NOTHING)))
        for kind in DEFAULTS
    }
    default = "_".join(choice.name.rpartition(":")[2] for choice in choices.values())
    return train(choices, given.seeds, Path(given.out or f"runs/{default}"), given.quiet)


@dataclasses.dataclass(frozen=True)
class Nothing:
    """The options of what has none."""


NOTHING = Nothing()


def train(choices: dict[str, Choice], seeds: int, out: Path, quiet: bool) -> int:
    """Train, or go on with, the run of these choices in `out`."""
    training = training_of(**choices)
    updates = getattr(training.config, "updates", None)
    if updates is None:
        raise UserError(
            f"The config of trainer '{choices['trainer'].name}' needs a field 'updates': how long?"
        )

    import jax

    from fastslow.loop import TRAIN
    from fastslow.runs import directory, driver
    from fastslow.runs.progress import Silent, reporter

    configuration = {"command": "train", "seeds": seeds}
    configuration |= {kind: choice._asdict() for kind, choice in choices.items()}
    numbers = list(range(seeds))
    with directory.open_run(out, configuration, numbers):
        driver.train(
            training.loop,
            jax.random.key(TRAIN),
            updates,
            out,
            numbers,
            title=f"{choices['agent'].name} on {choices['task'].name}",
            steps_per_update=seeds * training.steps_per_update,
            report=Silent if quiet else reporter,
        )
    print(f"Trained {seeds} seed{'s' * (seeds > 1)} for {updates} updates: {out}")
    print(f"Next: fastslow behave {out} --episodes 300 --out {out}/record.nc")
    return 0
