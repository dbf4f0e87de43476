"""`fastslow recover`: could the parameters, and the models, be told at all from so many trials of this task?"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import arg

from fastslow import catalog
from fastslow.cli import options
from fastslow.cli.analyse import show, write
from fastslow.cli.assemble import Choice, task_of
from fastslow.cli.parse import parse
from fastslow.cli.train import NOTHING, option_group
from fastslow.errors import check

ABOUT = """Simulate subjects of known parameters by the agents of the catalog, fit all models to all of them, and hold
fitted against true.

Printed and saved: r of each parameter, with a figure, and the confusion matrix of the models, with a figure."""
LENGTHS = ("trials", "pulls")
"""What tasks call the number of trials in an episode."""


def fields_of(words: Sequence[str]) -> list[tuple[str, Any, Any]]:
    return [
        ("models", Annotated[tuple[str, ...], arg(help="Models to simulate and fit (none: all).")], ()),
        (
            "task",
            Annotated[str, arg(help="Task that is lived: two-step, a bandit or set_size.")],
            "two_step_daw",
        ),
        ("subjects", Annotated[int, arg(help="Simulated subjects per model.")], 100),
        ("trials", Annotated[int, arg(help="Trials per subject (set_size: about).")], 200),
        ("prior", Annotated[str, arg(help="none (maximum likelihood) or weak.")], "none"),
        ("key", Annotated[int, arg(help="Number of the random sequence.")], 0),
        ("out", Annotated[str, arg(help="Folder for tables and figures.")], "recovery"),
        *option_group(words, "task", {"task": "two_step_daw"}),
    ]


def main(words: Sequence[str]) -> int:
    given = parse(
        dataclasses.make_dataclass("Recover", fields_of(words), frozen=True), words, "recover", ABOUT
    )
    for name in ("subjects", "trials"):
        value = getattr(given, name)
        check(value >= 2, f"--{name} is {value}, but it must be a whole number of at least 2.")
    out = Path(given.out)
    check(out.absolute().parent.is_dir(), f"There is no folder '{out.parent}' to put '{out.name}' into.")
    catalog.check_name("task", given.task)
    task = task_of(Choice(given.task, options.values_of(getattr(given, "task_options", NOTHING))))
    for name in LENGTHS:
        if name in {field.name for field in dataclasses.fields(task)}:
            task = dataclasses.replace(task, **{name: given.trials})

    import jax

    from fastslow.experiments.recovery import draw
    from fastslow.experiments.recovery_measures import measure
    from fastslow.experiments.recovery_subjects import episodes_for, models_for, simulated
    from fastslow.figures import style
    from fastslow.loop import BEHAVE

    models = given.models or models_for(task)
    episodes = episodes_for(task, given.trials)
    key = jax.random.fold_in(jax.random.key(BEHAVE), given.key)
    tables = measure(simulated(models, task, given.subjects, key, given.prior, episodes=episodes))
    show(tables["parameters"], "true and fitted parameters")
    show(tables["confusion_matrix"], "share of simulated subjects (row) that each model fits best (column)")
    out.mkdir(exist_ok=True)
    for name in ("parameters_by_subject", "parameters", "confusion_matrix"):
        write(tables[name], out / f"{name}.csv")
    for name, drawing in draw(tables).items():
        print(f"figure: {style.save(drawing.figure, out / name, drawing.data)[0]}")
    return 0
