"""From an experiment to a run directory: train, simulate, measure, draw, judge, report; all of it resumable.

manifest.json  claims.json  report.html  seconds.json
train/CONDITION/   a training run each: ckpt, metrics.jsonl
records/NAME.nc    what was simulated        compared/NAME.nc  other subjects' trials
tables/NAME.csv    what was measured         figures/NAME.png, .svg, .csv
"""

import base64
import json
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import jax
import pandas as pd
import xarray as xr

from fastslow import bibliography, catalog
from fastslow.agents.agent import Agent
from fastslow.errors import UserError, check
from fastslow.experiments import curves, overview
from fastslow.experiments.experiment import CLAIMS, Claim, Condition, Experiment, judge, stage_name
from fastslow.figures import style
from fastslow.loop import BEHAVE, TRAIN
from fastslow.records import record
from fastslow.records.collect import trained_agents
from fastslow.records.tables import read_trials
from fastslow.runs import directory, driver, report
from fastslow.runs.files import cannot_write, make_folder, write_atomic
from fastslow.runs.progress import Silent, reporter
from fastslow.training.rollout import trained_of


class Result(NamedTuple):
    """What a reproduction leaves to be told."""

    claims: list[Claim]
    report: Path
    figures: list[Path]
    seconds: float
    tables: dict[str, pd.DataFrame]
    """Those that the experiment wants printed with the claims."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def timed(path: Path, part: str) -> Iterator[None]:
    """Note the seconds that a part takes in seconds.json; training that was resumed took the sum."""
    began = time.monotonic()
    try:
        yield
    finally:
        seconds = read_seconds(path)
        before = seconds.get(part, 0.0) if part.startswith("train") else 0.0
        seconds[part] = round(before + time.monotonic() - began, 2)
        write_atomic(path / "seconds.json", json.dumps(seconds, indent=1))


def read_seconds(path: Path) -> dict[str, float]:
    try:
        return dict(json.loads((path / "seconds.json").read_text()))
    except (OSError, ValueError):
        return {}


def configured(experiment: Experiment, preset: str, seeds: int | None) -> Any:
    """The preset's configuration, with another number of seeds if one is given."""
    config = experiment.config(preset)
    if seeds is None:
        return config
    check(seeds >= 1, f"--seeds is {seeds}, but it must be a whole number of at least 1.")
    return replace(config, seeds=seeds)


def reproduce(
    experiment: Experiment,
    preset: str,
    out: Path,
    *,
    seeds: int | None = None,
    compare: Sequence[Path | str] = (),
    name: str | None = None,
    quiet: bool = False,
) -> Result:
    """Run an experiment into `out`, or go on with it there.

    **Arguments**: `compare` trial tables or records of other subjects; `name` how the catalog finds the
    experiment again (its own name by default).

    **Raises** `UserError` where the directory or a file to compare is not as it must be, before any work.
    """
    config = configured(experiment, preset, seeds)
    configuration = {
        "command": "reproduce",
        "experiment": name or experiment.name,
        "preset": preset,
        "config": directory.plain(config),
        "conditions": {
            title: {
                "task": {"name": type(condition.task).__name__} | directory.plain(condition.task),
                "agent": directory.plain(condition.agent),
                "trainer": directory.plain(condition.trainer),
            }
            | ({"stages": list(condition.stages)} if condition.stages else {})
            for title, condition in experiment.conditions(config).items()
        },
    }
    directory.check_directory(out, configuration)
    others = compared_records([Path(file) for file in compare])
    for other_name, other in others.items():
        if experiment.measure_other is None:
            raise UserError(f"'{experiment.name}' compares nobody with its agents; leave out --compare.")
        experiment.measure_other(other_name, other)

    with directory.open_run(out, configuration, list(range(config.seeds))):
        if others:
            shutil.rmtree(out / "compared", ignore_errors=True)
        for other_name, other in others.items():
            make_folder(out / "compared")
            record.save(other, out / "compared" / f"{other_name}.nc")
        if not (out / "records").is_dir():
            trained: dict[str, list[Agent]] = {}
            lived: dict[str, xr.Dataset] = {}
            for title, condition in experiment.conditions(config).items():
                agents = train_condition(title, condition, config.seeds, out, quiet)
                if condition.curve:
                    lived[curves.name_of(title)] = curves.curve_record(condition, out / "train" / title)
                else:
                    trained |= agents
            simulate(experiment, config, trained, lived, out, quiet)
        return rebuild(experiment, out, quiet)


def compared_records(files: Sequence[Path]) -> dict[str, xr.Dataset]:
    """The records of files to compare, each by the known data set's name, or the file's own."""
    others: dict[str, xr.Dataset] = {}
    for file in files:
        trials = read_trials(file)
        name = str(trials.attrs.get("preset") or file.name.partition(".")[0])
        check(name not in others, f"Two files to compare are called '{name}' ('{file}' is one); rename it.")
        others[name] = record.from_trials(trials)
    return others


def train_condition(
    name: str, condition: Condition, seeds: int, out: Path, quiet: bool = False
) -> dict[str, list[Agent]]:
    """Train one condition, or go on, or load what is done: its agents, one per seed, and those of its stages."""
    folder = out / "train" / name
    make_folder(folder)
    with timed(out, f"train {name}"):
        state = driver.train(
            condition.loop(),
            jax.random.key(TRAIN),
            condition.trainer.updates,
            folder,
            list(range(seeds)),
            title=f"train {name}",
            steps_per_update=seeds * condition.steps_per_update,
            report=Silent if quiet else reporter,
        )
    # A life that is told by its curve is over; its memory, which may be gigabytes, stays where it was saved.
    agents = state.agent if condition.curve else trained_of(state)
    trained = {name: trained_agents(agents, seeds)}
    kept = jax.device_get(state.kept) if condition.stages else None
    for i in range(len(condition.stages)):
        at_stage = jax.tree.map(lambda leaf, i=i: leaf[:, i], kept)
        trained[stage_name(name, i)] = trained_agents(at_stage, seeds)
    return trained


def simulate(
    experiment: Experiment,
    config: Any,
    trained: dict[str, list[Agent]],
    lived: dict[str, xr.Dataset],
    out: Path,
    quiet: bool = False,
) -> None:
    """Let the trained agents and the observers behave, and keep the records, with those of trainings that are `lived`
    already: all of them, or none."""
    quiet or say("simulate: agents with frozen weights, and observers")
    with timed(out, "simulate"):
        records = lived | experiment.simulate(config, trained, jax.random.key(BEHAVE))
        aside = out / ".records.partial"
        shutil.rmtree(aside, ignore_errors=True)
        make_folder(aside)
        for name, behaviour in records.items():
            record.save(behaviour, aside / f"{name}.nc")
        try:
            aside.rename(out / "records")
        except OSError as error:
            raise cannot_write(out / "records", error) from error


def load_records(folder: Path) -> dict[str, xr.Dataset]:
    return {file.stem: record.load(file) for file in sorted(folder.glob("*.nc"))}


def rebuild(experiment: Experiment, out: Path, quiet: bool = False) -> Result:
    """Measure, draw, judge and report from the saved records; trains and simulates nothing."""
    records = load_records(out / "records")
    check(bool(records), f"'{out}' has no records yet; `fastslow reproduce {experiment.name}` makes them.")
    compared = load_records(out / "compared")
    for name in set(records) & set(compared):
        raise UserError(
            f"'{name}' is compared, but the experiment has a record of that name; rename the file."
        )

    quiet or say("measure, draw, report")
    with timed(out, "measure"):
        tables = experiment.measure(records | compared)
        for name, table in tables.items():
            make_folder(out / "tables")
            text = table.to_csv(index=False, lineterminator="\n")
            write_atomic(out / "tables" / f"{name}.csv", text)
        preset = directory.read_manifest(out)["configuration"]["preset"]
        claims = judge(experiment, tables[CLAIMS], tuple(compared), preset)
        conditions = experiment.conditions(config_of(experiment, out))
        scale = experiment.training_scale(tables) if experiment.training_scale else {}
        drawings = experiment.draw(tables) | {
            "training": overview.draw_training(conditions, out / "train", scale),
            "claims": overview.draw_claims(experiment.expectations, claims),
        }
        figures = {
            name: style.save(drawing.figure, out / "figures" / name, drawing.data)
            for name, drawing in drawings.items()
            if drawing is not None
        }
    seconds = round(sum(read_seconds(out).values()), 1)
    manifest = directory.read_manifest(out)
    summary = claims_summary(experiment, manifest, claims, seconds)
    write_atomic(out / "claims.json", json.dumps(summary, indent=1, allow_nan=False))
    printed = {name: tables[name] for name in experiment.printed}
    html = report.render(
        report_content(experiment, manifest, claims, out, figures, tuple(compared))
        | {"tables": {name: table.to_dict("split") for name, table in printed.items()}}
    )
    write_atomic(out / "report.html", html)
    pictures = [file for files in figures.values() for file in files if file.suffix == ".png"]
    return Result(claims, out / "report.html", pictures, seconds, printed)


def claims_summary(
    experiment: Experiment, manifest: dict[str, Any], claims: list[Claim], seconds: float
) -> dict[str, Any]:
    """The content of claims.json."""
    return {
        "experiment": experiment.name,
        "preset": manifest["configuration"]["preset"],
        "seeds": len(manifest["seeds"]),
        "seconds": seconds,
        "versions": manifest["versions"],
        "claims": [claim._asdict() for claim in claims],
    }


def report_content(
    experiment: Experiment,
    manifest: dict[str, Any],
    claims: list[Claim],
    out: Path,
    figures: dict[str, list[Path]],
    compared: tuple[str, ...],
) -> dict[str, Any]:
    """What the template of the report is filled with."""
    accepts = {expected.measure: expected.accepts for expected in experiment.expectations}
    pictures = {
        name: base64.b64encode(next(f for f in files if f.suffix == ".svg").read_bytes()).decode()
        for name, files in figures.items()
    }
    return {
        "title": experiment.name,
        "claim": experiment.claim,
        "sources": [bibliography.full(key) for key in experiment.cite],
        "claims": [claim._asdict() | {"accepts": accepts[claim.measure]} for claim in claims],
        "figures": pictures,
        "departures": experiment.departures,
        "compared": compared,
        "manifest": manifest,
        "configuration": json.dumps(manifest["configuration"]["config"], indent=1),
        "seconds": read_seconds(out),
        "rates": rates(experiment, out),
    }


def rates(experiment: Experiment, out: Path) -> dict[str, float]:
    """Steps of the world per second of each training, all seeds together, learning and compiling included."""
    config, seconds = config_of(experiment, out), read_seconds(out)
    steps = {
        f"train {title}": condition.trainer.updates * condition.steps_per_update * config.seeds
        for title, condition in experiment.conditions(config).items()
    }
    return {part: taken / seconds[part] for part, taken in steps.items() if seconds.get(part)}


def config_of(experiment: Experiment, out: Path) -> Any:
    """The configuration that a run directory was made with."""
    manifest = directory.read_manifest(out)
    return configured(experiment, manifest["configuration"]["preset"], len(manifest["seeds"]))


def experiment_of(out: Path) -> Experiment:
    """The experiment that a run directory belongs to; `UserError` where it holds another kind of run."""
    configuration = directory.read_manifest(out)["configuration"]
    name = configuration.get("experiment")
    if not isinstance(name, str):
        raise UserError(
            f"'{out}' holds no experiment but a run of `fastslow {configuration.get('command')}`."
        )
    return catalog.load("experiment", name)
