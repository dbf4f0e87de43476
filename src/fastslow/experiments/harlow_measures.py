"""Learning sets: the forms of the task, and the measures that agents, observers and monkeys are held to."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from fastslow.agents.agent import Agent
from fastslow.agents.learning_set import learning_set as observer_of
from fastslow.analysis.learning_set import at_maximum, curve, difference, learning_set, nearest_stage
from fastslow.analysis.statistics import summarise
from fastslow.experiments import harlow_published as published
from fastslow.experiments.claims import claim, exact, table
from fastslow.experiments.experiment import (
    CLAIMS,
)
from fastslow.experiments.harlow_film import FILM, frames
from fastslow.records.record import trials
from fastslow.tasks.harlow import Harlow
from fastslow.tasks.harlow_pixels import HarlowPixels
from fastslow.tasks.harlow_ring import HarlowRing
from fastslow.tasks.task import Task

STAGES = 7
"""Stages of training (Wang 2018: 7); the newborn agent is stage 0."""


class Form(NamedTuple):
    """One way in which the task is seen and answered."""

    train: Task
    test: Task
    """The same with objects that training never meets."""
    title: str
    stages: tuple[float, ...]
    """Where in the training the stages are, as fractions of it: where agents of other seeds (from 100 on) had come
    about as far as the published ones, whose stages are named but not said. The last is the end."""
    observer: Callable[[Task], Agent] | None = observer_of


FORMS = {
    "symbolic": Form(
        Harlow(),
        Harlow(held_out=True),
        "agent, objects as codes",
        stages=(0.1033, 0.1133, 0.1213, 0.13, 0.1433, 0.2333, 1.0),
    ),
    "ring": Form(
        HarlowRing(),
        HarlowRing(held_out=True),
        "agent, objects on a ring",
        stages=(0.0143, 0.0286, 0.04, 0.0514, 0.0643, 0.1, 1.0),
    ),
    "pixels": Form(
        HarlowPixels(),
        HarlowPixels(held_out=True),
        "agent, pictures on a screen",
        stages=(0.1, 0.15, 0.2, 0.25, 0.35, 0.55, 1.0),
    ),
}
"""The forms with curves by stage; each is the condition of its name."""
RECURS = Form(
    Harlow(one_recurs=True), Harlow(one_recurs=True, held_out=True), "agent, one object recurs", stages=()
)
"""The harder variant, tested at its end alone."""
PUBLISHED = {"monkeys": published.MONKEYS, "wang2018": published.AGENT}
DIFFERENCES = {
    "monkeys": ("final", "nearest stage"),
    "wang2018": ("final", "stage by stage", "nearest stage"),
}


def stage_record(form: str, stage: int) -> str:
    """What the record of a form's agents at a stage is called."""
    return f"{form}_stage_{stage}"


def measure(records: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    """Accuracy by trial, per cent, of everybody in `records`, over all seeds and over those at the maximum."""
    tables = {FILM: frames(records[FILM])} if FILM in records else {}
    records = {name: record for name, record in records.items() if name != FILM}
    seeds = pd.concat(
        [learning_set(trials(record)).assign(name=name) for name, record in records.items()],
        ignore_index=True,
    )
    best = {name: at_maximum(seeds[seeds["name"] == stage_record(name, STAGES)]) for name in FORMS}
    best["one_recurs"] = at_maximum(seeds[seeds["name"] == "one_recurs_before"])
    seeds[["correct", "finished"]] *= 100
    form = seeds["name"].str.replace(r"_stage_\d+$|_before$", "", regex=True)
    chosen = [who in best.get(name, ()) for name, who in zip(form, seeds["subject"], strict=True)]
    groups = {"all seeds": seeds, "at maximum": seeds[chosen]}
    accuracy = pd.concat(
        [
            summarise(rows, ["name", "trial"], "correct", resamples=1000).assign(who=who)
            for who, rows in groups.items()
            if len(rows) > 0
        ],
        ignore_index=True,
    )
    differences = pd.concat([compare(accuracy, name) for name in FORMS], ignore_index=True)
    return tables | {
        "accuracy_by_seed": seeds.assign(at_maximum=chosen),
        "accuracy": accuracy,
        "published": published_table(),
        "differences": differences,
        CLAIMS: claims(groups, accuracy, differences, {name: len(who) for name, who in best.items()}),
    }


def published_table() -> pd.DataFrame:
    """What was published, as rows: name, stage, trial, mean (per cent)."""
    rows = [
        {"name": name, "stage": stage, "trial": trial + 1, "mean": value}
        for name, curves in PUBLISHED.items()
        for stage, values in curves.items()
        for trial, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def stage_curves(accuracy: pd.DataFrame, form: str) -> pd.DataFrame:
    """A form's stages, with the column stage, newborn first: of the seeds at the maximum, if there are any."""
    rows = accuracy[accuracy["name"].str.match(rf"{form}_stage_\d+$")]
    rows = rows[rows["who"] == rows["who"].iloc[-1]]  # those at the maximum stand last, where there are any
    return rows.assign(stage=rows["name"].str.rpartition("_")[2].astype(int)).sort_values(["stage", "trial"])


def compare(accuracy: pd.DataFrame, form: str) -> pd.DataFrame:
    """Mean absolute difference over trials from the published curves, per cent: columns form, of, measure, value.

    The last stage from the last curve; each stage from the published one of the same number; and each published curve
    from whichever of our stages is nearest.
    """
    ours = [curve(rows) for _, rows in stage_curves(accuracy, form).groupby("stage")][1:]
    rows = []
    for name, theirs in PUBLISHED.items():
        found = {"final": difference(ours[-1], list(theirs.values())[-1])}
        if len(theirs) == len(ours):
            by_stage = [difference(a, b) for a, b in zip(ours, theirs.values(), strict=True)]
            found["stage by stage"] = float(np.mean(by_stage))
        found["nearest stage"] = float(nearest_stage(ours, theirs)["difference"].mean())
        rows += [{"form": form, "of": name, "measure": key, "value": value} for key, value in found.items()]
    return pd.DataFrame(rows)


def claims(
    groups: Mapping[str, pd.DataFrame],
    accuracy: pd.DataFrame,
    differences: pd.DataFrame,
    reached: Mapping[str, int],
) -> pd.DataFrame:
    def of(name: str, who: str = "all seeds") -> dict[int, np.ndarray]:
        """Per cent correct of each seed, by trial."""
        rows = groups[who][groups[who]["name"] == name]
        return {int(trial): one["correct"].to_numpy() for trial, one in rows.groupby("trial")}

    rows = []
    for name, count in reached.items():
        everybody = of(name)
        rows.append(exact(f"{name}: share of seeds at the maximum", count / len(everybody[1])))
        for trial, values in of(name, "at maximum").items():
            rows.append(claim(f"{name}, at maximum: trial {trial}", values))
        rows.append(claim(f"{name}, all seeds: trial 2", everybody[2]))
    for name in FORMS:
        means = accuracy[(accuracy["who"] == "all seeds") & (accuracy["trial"] == 2)].set_index("name")[
            "mean"
        ]
        second = means[[stage_record(name, stage) for stage in range(STAGES + 1)]].to_numpy()
        rows.append(exact(f"{name}: stages at which trial 2 rises", float((np.diff(second) > 0).sum())))
        rows.append(claim(f"{name}: newborn, trial 2", of(stage_record(name, 0))[2]))
    for row in differences.itertuples(index=False):
        rows.append(exact(f"{row.form} less {row.of}: {row.measure}", row.value))
    for name, record in groups["all seeds"].groupby("name", sort=False):
        if name.startswith("observer_"):
            second = record[record["trial"] > 1].groupby("subject")["correct"].min()
            rows.append(claim(f"{name}: trial 1", of(name)[1]))
            rows.append(claim(f"{name}: least of trials 2 to 6", second))
    rows.append(claim("no_reward: trial 2", of("no_reward")[2]))
    return table(rows)
