"""`fastslow behave`: a trained agent, or an observer, lives episodes with its weights frozen; all is kept."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from tyro.conf import Positional, arg

from fastslow import catalog
from fastslow.cli import options
from fastslow.cli.assemble import Choice, agent_maker, read_choice, task_of, trainable, training_of
from fastslow.cli.parse import parse
from fastslow.cli.train import NOTHING, option_group
from fastslow.errors import UserError, check

ABOUT = """Record the agents of a run (one subject per seed), weights frozen, as NetCDF.

Without --task they face the task that they were trained on. With --agent and --task instead of a run, an
observer such as thompson is recorded; parameters are options as in `fastslow train`."""


class Trained(NamedTuple):
    """The agents of a run and what they were trained with."""

    agents: list[Any]
    task: Any
    gamma: float
    attrs: dict[str, Any]


def fields_of(words: Sequence[str]) -> list[tuple[str, Any, Any]]:
    return [
        ("run", Positional[Annotated[str, arg(help="Run directory of `fastslow train`.")]], ""),
        ("task", Annotated[str, arg(help="Task to face (default: that of the run).")], ""),
        ("agent", Annotated[str, arg(help="Observer to record instead of a run's agents.")], ""),
        ("episodes", Annotated[int, arg(help="Episodes that each subject lives.")], 300),
        ("out", Annotated[str, arg(help="File to write.")], "record.nc"),
        ("key", Annotated[int, arg(help="Number of the random sequence.")], 0),
        ("units", Annotated[bool, arg(help="Keep the activity of every unit.")], False),
        *(field for kind in ("task", "agent") for field in option_group(words, kind)),
    ]


def main(words: Sequence[str]) -> int:
    given = parse(dataclasses.make_dataclass("Behave", fields_of(words), frozen=True), words, "behave", ABOUT)
    check(
        bool(given.run) != bool(given.agent),
        "Name a run directory, or an observer by --agent and --task; `fastslow behave --help` tells more.",
    )
    check(
        given.episodes >= 1, f"--episodes is {given.episodes}, but it must be a whole number of at least 1."
    )
    out = Path(given.out)
    check(out.suffix == ".nc", f"--out is '{out}', but a record's name must end in .nc.")
    check(out.absolute().parent.is_dir(), f"There is no folder '{out.parent}' to write '{out.name}' into.")
    choices = {
        kind: Choice(getattr(given, kind), options.values_of(getattr(given, f"{kind}_options", NOTHING)))
        for kind in ("task", "agent")
    }
    task = task_of(choices["task"]) if given.task else None
    trained = of_run(Path(given.run)) if given.run else observer(choices["agent"], task)
    if task is not None:
        check_fits(trained.task, task)
        trained.attrs["task_name"] = given.task
    return record(trained, task or trained.task, given.episodes, given.key, given.units, out)


def of_run(run: Path) -> Trained:
    """The agents of a training run, or of one condition (`RUN/train/CONDITION`) of a reproduction."""
    import jax

    from fastslow.loop import TRAIN
    from fastslow.records.collect import trained_agents
    from fastslow.runs import directory, driver
    from fastslow.training.rollout import trained_of

    check(run.is_dir(), f"There is no run directory '{run}'; check its path.")
    if not (run / directory.MANIFEST).exists() and run.parent.name == "train":
        return of_condition(run)
    manifest = directory.read_manifest(run)
    configuration = manifest["configuration"]
    if configuration.get("command") != "train":
        names = sorted(entry.name for entry in (run / "train").glob("*"))
        check(bool(names), f"'{run}' holds an experiment in which nobody is trained; name another run.")
        raise UserError(f"'{run}' holds an experiment; name one of its runs, as in '{run}/train/{names[0]}'.")
    chosen = {kind: read_choice(configuration[kind]) for kind in ("task", "agent", "trainer")}
    training = training_of(**chosen)
    state = driver.load_state(training.loop, jax.random.key(TRAIN), run, manifest["seeds"])
    attrs = {
        "agent": chosen["agent"].name,
        "trainer": chosen["trainer"].name,
        "task_name": chosen["task"].name,
    }
    return Trained(
        trained_agents(trained_of(state), len(manifest["seeds"])),
        training.task,
        getattr(training.config, "gamma", 0.0),
        attrs,
    )


def of_condition(run: Path) -> Trained:
    import jax

    from fastslow.experiments.reproduce import config_of, experiment_of
    from fastslow.loop import TRAIN
    from fastslow.records.collect import trained_agents
    from fastslow.runs import driver
    from fastslow.training.rollout import trained_of

    whole = run.parent.parent
    experiment = experiment_of(whole)
    config = config_of(experiment, whole)
    condition = experiment.conditions(config)[run.name]
    state = driver.load_state(condition.loop(), jax.random.key(TRAIN), run, list(range(config.seeds)))
    agents = trained_agents(trained_of(state), config.seeds)
    attrs = {"experiment": experiment.name, "condition": run.name}
    return Trained(agents, condition.task, getattr(condition.trainer, "gamma", 0.0), attrs)


def observer(agent: Choice, task: Any) -> Trained:
    """An agent that needs no training, born for the task that it faces."""
    import jax

    catalog.check_name("agent", agent.name)
    check(task is not None, f"Name the task that '{agent.name}' faces, as in `--task bandit`.")
    check(not trainable(agent.name), f"The agent '{agent.name}' must be trained first, by `fastslow train`.")
    return Trained([agent_maker(agent)(task, jax.random.key(0))], task, 0.0, {"agent": agent.name})


def check_fits(trained_on: Any, task: Any) -> None:
    """`UserError` where agents cannot face a task: it shows or asks for something else than they know."""
    for what in ("observation_shape", "actions"):
        known, new = getattr(trained_on, what), getattr(task, what)
        check(known == new, f"The agents know {what} {known}, but the task has {new}; choose another task.")


def record(trained: Trained, task: Any, episodes: int, key: int, units: bool, out: Path) -> int:
    import jax

    from fastslow.loop import BEHAVE
    from fastslow.records import collect, record

    names = [trained.attrs["agent"]] if len(trained.agents) == 1 and "trainer" not in trained.attrs else None
    behaviour = collect.collect(
        trained.agents,
        task,
        jax.random.fold_in(jax.random.key(BEHAVE), key),
        episodes,
        subjects=names,
        gamma=float(trained.gamma),
        units=units,
        attrs=trained.attrs | {"key": key},
    )
    record.save(behaviour, out)
    print(f"Recorded {len(trained.agents)} subject(s), {episodes} episodes each: {out}")
    print(
        f"Next: fastslow analyse {out} --analysis stay_probability (or another of `fastslow list analyses`)"
    )
    return 0
