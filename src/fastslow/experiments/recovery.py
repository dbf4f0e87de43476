"""Are the fits to be believed? Agents whose parameters are known behave, are fitted, and must come back.

The agents of the catalog simulate, so what is checked is what is used: the same agents that follow trials, and the
same fits that people's and rats' trials go through. Wilson & Collins 2019; the models are those of Daw et al. 2011.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jax
import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, Key

from fastslow import catalog
from fastslow.agents.agent import Agent
from fastslow.analysis.choice_data import BANDIT, ONE_CHOICE, STIMULI, TWO_CHOICES
from fastslow.analysis.choice_models import MODELS, find
from fastslow.analysis.fit_models import check_prior, fit_models
from fastslow.analysis.recovery import beside_truth, model_recovery, parameter_recovery
from fastslow.experiments.claims import claim, table
from fastslow.experiments.experiment import CLAIMS, Condition, Drawing, Expectation, Experiment
from fastslow.figures import panels_fits, style
from fastslow.records.collect import collect
from fastslow.records.record import trials
from fastslow.tasks.set_size import SetSize
from fastslow.tasks.task import Task
from fastslow.tasks.two_step_daw import TwoStepDaw

RANGES: dict[str, tuple[float, float]] = {
    "alpha": (0.1, 1.0),
    "alpha1": (0.1, 1.0),
    "alpha2": (0.1, 1.0),
    "lambda": (0.0, 1.0),
    "beta": (2.0, 10.0),
    "beta1": (3.0, 30.0),
    "beta2": (1.0, 10.0),
    "w": (0.0, 0.85),
    "p": (-0.1, 0.1),
    "epsilon": (0.05, 0.5),
}
"""Between which values the simulated subjects' parameters are drawn, uniformly and independently.

What leaves no trace in choices cannot come back from them: a planner's alpha1 and lambda (w near 1), a learning rate
in choices that are nearly random (beta1 small) or nearly all repeated (p large), a temperature of values that hardly
move (alpha near 0). Hence these bounds; chosen on other keys than are reported.
"""
LEARNS = {"alpha": (0.1, 1.0), "beta": (3.0, 12.0)}
APART: dict[str, dict[str, tuple[float, float]]] = {
    "rescorla_wagner": LEARNS,
    "model_free": LEARNS | {"lambda": (0.0, 0.6), "p": (0.05, 0.25)},
    "model_based": LEARNS | {"p": (0.05, 0.25)},
    "hybrid": {"beta1": (5.0, 25.0), "beta2": (2.0, 12.0), "w": (0.3, 0.7), "lambda": (0.3, 1.0)},
}
"""Ranges, in place of `RANGES`, in which what sets each model apart is there to be found.

SARSA(lambda) is Rescorla-Wagner learning at lambda = 1 and p = 0, the hybrid a planner or SARSA(lambda) at the ends of
w: near these the smaller model is the right answer, and no score could tell. Both matrices are reported.
"""
ANSWERS = {"alpha": (0.02, 0.15), "epsilon": (0.005, 0.1), "pers": (0.2, 0.9)}
ANSWERS |= {"rho": (0.5, 1.0), "K": (2.0, 5.0), "phi": (0.05, 0.4)}
"""Ranges of the models of answers to stimuli: about those of people (docs/fitting.md)."""
CALLED = {"lambda": "lambda_", "K": "capacity"}
"""What agents call parameters, where they do not call them as models do."""
AS_PEOPLE = RANGES | {"beta1": (2.0, 8.0), "beta2": (2.0, 8.0), "w": (0.0, 1.0), "p": (-0.1, 0.3)}
"""Around the medians of people in Daw 2011 (beta1 5.19, beta2 3.69, w .39, p .11)."""
SUFFIX = "_apart"
"""Of the names of records whose parameters are drawn from `APART`."""
SCORES = {"bic": "none", "evidence": "weak"}
"""What models are compared by, and the prior of the fits that it is of."""


def draw_agents(
    name: str, task: Task, ranges: Mapping[str, tuple[float, float]], count: int, key: Key[Array, ""]
) -> tuple[list[Agent], dict[str, list[float]]]:
    """Agents of one model with parameters drawn from `ranges`, and these parameters."""
    form = form_of_trials(task)[0]
    # SARSA(1) without perseveration is Rescorla-Wagner learning in a task of two steps, whatever its steps.
    delta_rule = name == "rescorla_wagner" and form != BANDIT
    make = catalog.load("agent", "model_free" if delta_rule else name)
    names = find(name, form).parameters(form)
    unit = np.asarray(jax.random.uniform(key, (len(names), count)), float)
    low, high = np.array([ranges[each] for each in names]).T[..., None]
    true = dict(zip(names, (low + (high - low) * unit).tolist(), strict=True))
    agents = []
    for i in range(count):
        given = {CALLED.get(each, each): values[i] for each, values in true.items()}
        agents.append(make(task, **given))
    return agents, true


def simulated(
    models: Sequence[str],
    task: Task,
    subjects: int,
    key: Key[Array, ""],
    prior: str = "none",
    ranges: Mapping[str, tuple[float, float]] | None = None,
    apart: bool = False,
    episodes: int = 1,
) -> dict[str, xr.Dataset]:
    """A record per model: `subjects` agents live one episode of `task` each, or several.

    Parameters are drawn from `ranges` (`RANGES`, or for answers to stimuli `ANSWERS`), or, where `apart`, from what
    `APART` has in their place. The records' attrs hold the true parameters, and with what prior and transition they are
    to be fitted.
    """
    records = {}
    form, transition = form_of_trials(task)
    check_prior(prior)
    for name in models:
        find(name, form)
    for number, name in enumerate(models):
        draw_key, live_key = jax.random.split(jax.random.fold_in(key, number))
        own = {
            **(ranges or (ANSWERS if form == STIMULI else RANGES)),
            **(APART.get(name, {}) if apart else {}),
        }
        agents, true = draw_agents(name, task, own, subjects, draw_key)
        attrs = {"model": name, "true": true, "prior": prior}
        attrs |= {} if transition is None else {"transition": transition}
        names = [f"{name} {i}" for i in range(subjects)]
        records[name] = collect(agents, task, live_key, episodes, names, attrs=attrs)
    return records


def form_of_trials(task: Task) -> tuple[str, float | None]:
    """The form that the trials of a task have for the fits, and its common transition where it has one."""
    columns = {variable.name for variable in task.trial_variables}
    if "transition" not in columns:
        return STIMULI if {"stimulus", "set_size"} <= columns else BANDIT, None
    return TWO_CHOICES if "action2" in columns else ONE_CHOICE, float(task.transition)


def episodes_for(task: Task, trials: int) -> int:
    """Episodes with about so many trials in all, where the length of a block is not for the asking; else one."""
    if not isinstance(task, SetSize):
        return 1
    return max(1, round(trials / (task.presentations * (task.least + task.most) / 2)))


def measure(records: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    """Fit every model to every simulated subject; hold parameters against the truth, models against each other.

    Parameters and models are judged at the greatest likelihood (models by BIC) and, where the records ask for a prior,
    at the greatest posterior probability (models by evidence) too.
    """
    models = tuple(name for name in MODELS if name in records)
    # Records come back from disk by the alphabet; matrices have their rows in the order of their columns.
    first = [name for name in (*models, *(f"{name}{SUFFIX}" for name in models)) if name in records]
    fitted = {prior: fitted_together(records, models, prior) for prior in SCORES.values()}
    fits, confusions, both = [], [], []
    for name, record in ((name, records[name]) for name in dict.fromkeys((*first, *records))):
        model, truth = record.attrs["model"], truth_of(record)
        ranges = "apart" if name.endswith(SUFFIX) else "wide"
        for score, prior in SCORES.items():
            if name not in fitted[prior]:
                continue
            own = fitted[prior][name]
            both.append(beside_truth(own, truth).assign(simulated=name, prior=prior))
            fits.append(own.assign(simulated=name, prior=prior))
            if name.removesuffix(SUFFIX) in models:
                confusions.append(model_recovery({model: own}, score).assign(ranges=ranges))
    table, confusion = pd.concat(both, ignore_index=True), pd.concat(confusions, ignore_index=True)
    parameters = parameter_recovery(table)
    return {
        "fits": pd.concat(fits, ignore_index=True),
        "parameters_by_subject": table,
        "parameters": parameters,
        "parameters_recovered": recovered(parameters),
        "confusion": confusion,
        "confusion_matrix": matrix(confusion),
        CLAIMS: claims(parameters, confusion),
    }


def fitted_together(
    records: Mapping[str, xr.Dataset], models: Sequence[str], prior: str
) -> dict[str, pd.DataFrame]:
    """The fits of every record that asks for this prior: of all `models` to records of these, else of its own model.

    Every subject is fitted alone, and all of a table side by side; so records that are fitted alike go into one table.
    """
    alike: dict[tuple, dict[str, pd.DataFrame]] = {}
    for name, record in records.items():
        if prior in ("none", record.attrs["prior"]):
            own = models if name.removesuffix(SUFFIX) in models else (record.attrs["model"],)
            rows = trials(record)
            key = (own, record.attrs.get("transition"), tuple(rows.columns))
            alike.setdefault(key, {})[name] = rows
    fits = {}
    for (own, transition, _), tables in alike.items():
        # Subjects of two records may be called the same.
        named = [rows.assign(subject=rows["subject"] + f" ({name})") for name, rows in tables.items()]
        fitted = fit_models(pd.concat(named, ignore_index=True), own, transition, prior)
        for name in tables:
            rows = fitted[fitted["subject"].str.endswith(f" ({name})")].reset_index(drop=True)
            fits[name] = rows.assign(subject=rows["subject"].str.removesuffix(f" ({name})"))
    return fits


def truth_of(record: xr.Dataset) -> pd.DataFrame:
    """The true parameters of a record of simulated subjects: subject, model, parameter, true."""
    subjects = record["subject"].to_numpy()
    rows = [
        {"subject": subject, "model": record.attrs["model"], "parameter": parameter, "true": value}
        for parameter, values in record.attrs["true"].items()
        for subject, value in zip(subjects, values, strict=True)
    ]
    return pd.DataFrame(rows)


def models_for(task: Task) -> tuple[str, ...]:
    """The models that the trials of a task allow."""
    form = form_of_trials(task)[0]
    return tuple(name for name, model in MODELS.items() if form in model.forms)


def recovered(parameters: pd.DataFrame) -> pd.DataFrame:
    """r of every parameter as a table to print: a row per simulated model and parameter, a column per prior."""
    keys = ["simulated", "parameter"]
    wide = parameters.pivot(index=keys, columns="prior", values="r")
    wide = wide.loc[pd.MultiIndex.from_frame(parameters[keys].drop_duplicates())].rename_axis(columns=None)
    return wide.rename(columns=lambda prior: f"r, prior: {prior}").reset_index()


def matrix(confusion: pd.DataFrame) -> pd.DataFrame:
    """The confusion matrices as a table to print: simulated in rows, fitted in columns."""
    keys, order = ["ranges", "score", "simulated"], list(pd.unique(confusion["simulated"]))
    rows = confusion[keys].drop_duplicates().sort_values(["ranges", "score"], kind="stable", ascending=False)
    wide = confusion.pivot(index=keys, columns="fitted", values="share").loc[pd.MultiIndex.from_frame(rows)]
    return wide[order].rename_axis(columns=None).reset_index()


def claims(parameters: pd.DataFrame, confusion: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for row in parameters.to_dict("records"):
        how = "likelihood" if row["prior"] == "none" else f"{row['prior']} prior"
        measure = f"{row['simulated']}: r of {row['parameter']}, {how}"
        rows.append({"measure": measure, "value": row["r"], "low": row["r_low"], "high": row["r_high"]})
    for cell in confusion[confusion["simulated"] == confusion["fitted"]].to_dict("records"):
        measure = told(cell["simulated"], cell["ranges"], cell["score"])
        right = round(cell["share"] * cell["subjects"])
        rows.append(claim(measure, np.arange(cell["subjects"]) < right))
    return table(rows)


def told(name: str, ranges: str, score: str) -> str:
    """The claim about a model's cell of the diagonal."""
    return f"{name}: share recovered as itself, {ranges} ranges, {score}"


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
