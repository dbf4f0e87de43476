"""Are the fits to be believed? Agents whose parameters are known behave, are fitted, and must come back.

The fits are those that people's and rats' trials go through. Wilson & Collins 2019; the models are those of Daw et al.
2011.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import jax
import pandas as pd
import xarray as xr
from jaxtyping import Array, Key

from fastslow.agents.agent import Agent
from fastslow.analysis.choice_data import TWO_CHOICES
from fastslow.analysis.choice_models import MODELS
from fastslow.experiments.experiment import Condition, Drawing, Expectation, Experiment
from fastslow.experiments.recovery_measures import measure, told
from fastslow.experiments.recovery_subjects import AS_PEOPLE, SUFFIX, simulated
from fastslow.figures import panels_fits, style
from fastslow.tasks.two_step_daw import TwoStepDaw


@style.panel
def draw(tables: Mapping[str, pd.DataFrame]) -> dict[str, Drawing]:
    """True against fitted, a figure per simulated model; and the confusion matrices, a panel each."""
    drawings = {}
    table = tables["parameters_by_subject"]
    for (name, prior), rows in table.groupby(["simulated", "prior"], sort=False):
        parameters = list(pd.unique(rows["parameter"]))
        columns = min(len(parameters), 4)
        width = {1: "single", 2: "middle"}.get(columns, "double")
        figure, axes = style.figure(columns, -(-len(parameters) // columns), width, letters=False)
        for axis in axes.flat[len(parameters) :]:
            axis.set_visible(False)
        for axis, parameter in zip(axes.flat, parameters, strict=False):
            part = rows[rows["parameter"] == parameter].assign(name=rows["model"])
            panels_fits.recovered(axis, part, parameter)
        drawings[f"parameters_{name}" + ("" if prior == "none" else f"_{prior}_prior")] = Drawing(
            figure, rows
        )
    for ranges, part in tables["confusion"].groupby("ranges", sort=False):
        scores = list(pd.unique(part["score"]))
        size = "middle" if len(scores) == 1 else "double"
        figure, axes = style.figure(len(scores), 1, size, height=85, letters=len(scores) > 1)
        for axis, score in zip(axes[0], scores, strict=True):
            panels_fits.confusion(axis, part[part["score"] == score])
            axis.set_title({"bic": "by BIC", "evidence": "by evidence, weak prior"}[score])
        for axis in axes[0, 1:]:
            axis.set_ylabel("")
            axis.set_yticklabels([])
        name = "confusion" if ranges == "wide" else f"confusion_{ranges}"
        drawings[name] = Drawing(figure, part)
    return drawings


@dataclass(frozen=True)
class RecoveryConfig:
    """How much of it."""

    seeds: int = 100
    """Simulated subjects per model."""
    trials: int = 200
    """Trials of each, two choices a trial."""


def conditions(config: RecoveryConfig) -> dict[str, Condition]:
    """Nobody is trained."""
    return {}


def simulate(
    config: RecoveryConfig, trained: dict[str, list[Agent]], key: Key[Array, ""]
) -> dict[str, xr.Dataset]:
    task = TwoStepDaw(trials=config.trials)
    keys = jax.random.split(key, 3)
    wide = simulated(TWO_STEP, task, config.seeds, keys[0], "weak")
    apart = simulated(TWO_STEP, task, config.seeds, keys[2], "weak", apart=True)
    people = simulated(["hybrid"], task, config.seeds, keys[1], "weak", AS_PEOPLE)
    records = wide | {f"{name}{SUFFIX}": record for name, record in apart.items()}
    return records | {"hybrid_as_people": people["hybrid"]}


HYBRID = MODELS["hybrid"].parameters(TWO_CHOICES)
TWO_STEP = tuple(name for name, model in MODELS.items() if TWO_CHOICES in model.forms)
WHERE = "the check of Wilson & Collins 2019; the bound is ours"


def expectations() -> tuple[Expectation, ...]:
    target = {"where": WHERE, "confidence": "target"}
    judged = [Expectation(f"hybrid: r of {name}, weak prior", "high", low=0.8, **target) for name in HYBRID]
    judged += [Expectation(told(name, "apart", "evidence"), "high", low=0.8, **target) for name in TWO_STEP]
    beside = [
        Expectation(told(name, ranges, score), "high", note="reported", **target)
        for ranges, score in (("apart", "bic"), ("wide", "evidence"), ("wide", "bic"))
        for name in TWO_STEP
    ]
    beside += [
        Expectation(f"{name}, {how}", "high", note="reported", **target)
        for who, how in (("hybrid", "likelihood"), ("hybrid_as_people", "weak prior"))
        for name in (f"{who}: r of {parameter}" for parameter in HYBRID)
    ]
    return (*judged, *beside)


EXPERIMENT = Experiment(
    name="recovery",
    claim=(
        "Where agents of known parameters choose, the fits give back the parameters of Daw's hybrid and the model that "
        "chose."
    ),
    cite=("wilson2019", "daw2011", "dawtrials2011", "piray2019"),
    presets={
        "smoke": RecoveryConfig(2, 30),
        "quick": RecoveryConfig(40),
        "laptop": RecoveryConfig(),
        "full": RecoveryConfig(500),
    },
    conditions=conditions,
    simulate=simulate,
    measure=measure,
    draw=draw,
    expectations=expectations(),
    printed=("parameters_recovered",),
    departures=(
        "What is judged are fits under a weak prior, and their evidence. Without a prior a slow learner whose choices "
        "are sure is hardly told from a quick one whose are not, and betas run to their bounds.",
        "Models are told apart where parameters are drawn so that they differ (APART); in wide ranges the smaller one "
        "is often the right answer. Both, and BIC, are reported beside.",
    ),
)
