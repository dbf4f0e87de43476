"""What the set-size experiment measures of everyone: curves by set size, what load does to them, distance to people."""

from collections.abc import Mapping

import pandas as pd
import xarray as xr

from fastslow.analysis.compare_models import compare_models
from fastslow.analysis.fit_models import fit_models
from fastslow.analysis.set_size import (
    CELL,
    after_one,
    distances,
    load_effects,
    load_summary,
    set_size,
    set_size_summary,
)
from fastslow.analysis.statistics import summarise
from fastslow.experiments.claims import claim, exact, table
from fastslow.experiments.experiment import CLAIMS
from fastslow.records.presets import PRESETS
from fastslow.records.record import trials

PEOPLE = "human_rlwm_collins"
SIGNATURE = PRESETS[PEOPLE].signature
"""`set size S, iteration I` -> accuracy of people."""
SMALL, LARGE = 2, 6
ITERATIONS = (1, 2, 3, 5, 9)
"""Presentations in the signature."""
EARLY = (2, 5)
"""Presentations at which load is judged: after the first guess, before nearly all is known."""
EFFECT = f"set size {SMALL} less {LARGE}, presentations {EARLY[0]} to {EARLY[1]}"
DISTANCE = "distance to people"
NEAR = "distance to the people's signature"
HALVES = "people: distance between two halves of them"
BEST = "people: share fitted better by rl_wm than by rl_alone"


def signature_curves() -> pd.DataFrame:
    """The people's signature as learning curves of one subject: subject, set_size, iteration, correct."""
    rows = [
        {"subject": "people", "set_size": size, "iteration": i, "correct": SIGNATURE[cell(size, i)]}
        for size in (SMALL, LARGE)
        for i in ITERATIONS
    ]
    return pd.DataFrame(rows)


def cell(size: int, iteration: int) -> str:
    return f"set size {size}, iteration {iteration}"


def load_cost(curves: pd.DataFrame) -> pd.Series:
    """By how much each subject is right less often with many pictures than with few (by subject)."""
    early = curves[curves["iteration"].between(*EARLY)]
    wide = early.groupby(["subject", "set_size"], sort=False)["correct"].mean().unstack()
    return wide[SMALL] - wide[LARGE]


def measure(records: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    """Curves, their distance to people's, one-shot learning and effects of load, for every record; where people are
    compared, the fits of the two models to them."""
    behaviour = {"people" if name == PEOPLE else name: trials(record) for name, record in records.items()}
    curves = {name: set_size(rows) for name, rows in behaviour.items()}
    published = signature_curves()
    apart = [
        distances(own, others).assign(name=name, measure=what)
        for what, others in {NEAR: published, DISTANCE: curves.get("people")}.items()
        if others is not None
        for name, own in curves.items()
        if name != "people"
    ]
    once = pd.concat([after_one(rows).assign(name=name) for name, rows in behaviour.items()])
    load = {name: load_effects(rows).assign(name=name) for name, rows in behaviour.items()}
    together = pd.concat([own.assign(name=name) for name, own in curves.items()])
    tables = {
        "curves_by_subject": together,
        "curves": pd.concat([set_size_summary(own).assign(name=name) for name, own in curves.items()]),
        "distances_by_subject": pd.concat(apart),
        "after_one_by_subject": once,
        "after_one": summarise(once, ["name", "set_size"], "correct"),
        "load_by_subject": pd.concat(load.values()),
        "load": pd.concat([load_summary(own).assign(name=name) for name, own in load.items()]),
    }
    if "people" in behaviour:
        tables["fits"] = fit_models(behaviour["people"])
        tables["models"] = compare_models(tables["fits"])
    return tables | {CLAIMS: claims(curves, tables)}


def claims(curves: Mapping[str, pd.DataFrame], tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    rows, costs = [], {}
    for name, own in curves.items():
        for size in (SMALL, LARGE):
            for i in ITERATIONS:
                here = own[(own["set_size"] == size) & (own["iteration"] == i)]
                rows.append(claim(f"{name}: {cell(size, i)}", here["correct"]))
        costs[name] = load_cost(own)
        rows.append(claim(f"{name}: {EFFECT}", costs[name]))
        rows.append(exact(f"{name}: {EFFECT}, lower end of the interval", float(rows[-1]["low"])))
    for (name, size), own in tables["after_one_by_subject"].groupby(["name", "set_size"], sort=False):
        if size in (SMALL, LARGE):
            rows.append(claim(f"{name}: right again after one right answer, set size {size}", own["correct"]))
    for (name, what), own in tables["distances_by_subject"].groupby(["name", "measure"], sort=False):
        rows.append(claim(f"{name}: {what}", own["distance"]))
    for name in sorted({"ep_lstm", "ungated"} & set(costs)):
        rows.append(claim(f"{name} less lstm: {EFFECT}", costs[name] - costs["lstm"]))
    if "people" in curves:
        rows.append(exact(HALVES, between_halves(curves["people"])))
        wide = tables["fits"].drop_duplicates(["subject", "model"]).pivot(index="subject", columns="model")
        rows.append(claim(BEST, (wide["bic"]["rl_wm"] < wide["bic"]["rl_alone"]).astype(float)))
    return table(rows)


def between_halves(curves: pd.DataFrame) -> float:
    """How far the mean curves of every other subject lie from those of the rest: what chance does to a distance."""
    odd = pd.Series(pd.factorize(curves["subject"])[0] % 2, curves.index)
    means = [rows.groupby(CELL)["correct"].mean().reset_index() for _, rows in curves.groupby(odd)]
    first, second = (mean.assign(subject="half") for mean in (means[0], means[-1]))
    return float(distances(first, second)["distance"].iloc[0])
