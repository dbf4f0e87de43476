"""What is measured in the two-step task, of agents, controls, rats and people alike.

Stay probabilities and lagged regression (Wang et al. 2018, Fig. 5c, e), models fitted to the choices (Daw et al. 2011),
and whose prediction errors the network's resemble (Fig. 5f-g), in Wang's form of the task and in Daw's.
"""

import math
from collections.abc import Mapping

import pandas as pd
import xarray as xr

from fastslow.agents.bayes_greedy import bayes_greedy
from fastslow.agents.tabular import model_based, model_free
from fastslow.analysis.choice_regression import choice_coefficients, choice_indices
from fastslow.analysis.compare_models import compare_models, score_table
from fastslow.analysis.fit_models import PRIORS, fit_models
from fastslow.analysis.prediction_error import model_based_weight, prediction_error_regression
from fastslow.analysis.recovery import correlation
from fastslow.analysis.statistics import summarise
from fastslow.analysis.stay import CONDITIONS, stay_effects, stay_probability
from fastslow.errors import check
from fastslow.experiments.claims import claim, exact, table
from fastslow.experiments.experiment import CLAIMS
from fastslow.experiments.two_step_published import ANIMALS, STRIATUM
from fastslow.figures.panels_two_step import PREDICTORS
from fastslow.records.follow import predicted_errors
from fastslow.records.record import trials
from fastslow.tasks.two_step import TwoStep, TwoStepInOne
from fastslow.tasks.two_step_daw import TwoStepDaw

IN_ONE, STEPS, DAW = TwoStepInOne(), TwoStep(), TwoStepDaw()
AGENTS = ("agent", "agent_steps", "agent_daw", "observer", "untrained", "model_based", "model_free")
DAW_CONTROLS = ("model_based_daw", "model_free_daw")
ERRORS = {"agent_steps": STEPS, "untrained_steps": STEPS, "agent_daw": DAW, "untrained_daw": DAW}
"""Whose prediction errors are measured, and in what form of the task; their records are called `rpe_NAME`."""
ONSET = "second_stage"
RATE = 0.3
"""Learning rate of both learners in Daw's form: nearer to the networks' prediction errors than .5 and .7 on the seeds
that were tuned on (100 to 102)."""


def measure_other(name: str, record: xr.Dataset) -> None:
    """Refuse whom the measures below cannot take, or who bears the name of one of ours."""
    taken = (*AGENTS, *DAW_CONTROLS, *ANIMALS.values())
    check(
        name not in taken and not name.startswith("rpe_"),
        f"'{name}' is the name of a record of two_step; rename the file to compare.",
    )
    rows = trials(record)
    stay_effects(rows)
    choice_coefficients(rows)
    fit_models(rows, ["win_stay_lose_shift"])


def measure(records: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    """Stay probabilities and lagged regression of every record; prediction errors of those made for it.

    Models are fitted to the choices of whoever is compared, and of the agent in Daw's form.
    """
    behaviour = {
        ANIMALS.get(name, name): trials(r) for name, r in records.items() if not name.startswith("rpe_")
    }
    behaviour["agent_daw"] = trials(records["rpe_agent_daw"])
    stay = pd.concat([stay_probability(rows).assign(name=name) for name, rows in behaviour.items()])
    effects = pd.concat([stay_effects(rows).assign(name=name) for name, rows in behaviour.items()])
    # Chance, and Daw's form, where the second choice matters too, are left out of the regression.
    left_out = ("untrained", "agent_daw", *DAW_CONTROLS)
    chosen = {name: choice_coefficients(rows) for name, rows in behaviour.items() if name not in left_out}
    lags = pd.concat([rows.assign(name=name) for name, rows in chosen.items()])
    indices = pd.concat([choice_indices(rows).assign(name=name) for name, rows in chosen.items()])
    reward = pd.concat(
        [
            rows.groupby("subject")["reward"].mean().reset_index().assign(name=name)
            for name, rows in behaviour.items()
        ]
    )
    ours = {*AGENTS, *DAW_CONTROLS} - {"agent_daw"}
    fits = {name: fitted(rows) for name, rows in behaviour.items() if name not in ours}
    steps = errors_of(records)
    explained = explained_variance(steps)
    weights = pd.concat([model_based_weight(onset(rows)).assign(name=name) for name, rows in steps.items()])
    shown = onset(steps["agent_steps"])
    judged = claims(stay, effects, indices, reward, explained, weights, fits)
    return {
        "stay_by_subject": stay,
        "stay": summarise(stay, ["name", "condition"], "stay"),
        "effects_by_subject": effects,
        "lags": summarise(lags, ["name", "lag", "condition"], "coefficient", resamples=1000),
        "indices_by_subject": indices,
        "reward_by_subject": reward,
        "fits": pd.concat([rows.assign(name=name) for name, rows in fits.items()]),
        "models": compared(fits),
        "models_in_short": in_short(compared(fits)),
        "prediction_errors": explained,
        "prediction_error_weights": weights,
        "prediction_error_steps": shown[shown["subject"] == "seed 0"],
        "striatum": beside_striatum(judged),
        CLAIMS: judged,
    }


def fitted(rows: pd.DataFrame) -> pd.DataFrame:
    """All models fitted to all subjects, without and with the weak prior (column prior)."""
    plain = fit_models(rows)
    return pd.concat(
        [plain.assign(prior="none"), fit_models(rows, prior="weak", start=plain).assign(prior="weak")]
    )


def compared(fits: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The models over subjects: by BIC, and by the evidence under the weak prior."""
    tables = [
        compare_models(rows[rows["prior"] == prior]).assign(name=name, prior=prior)
        for name, rows in fits.items()
        for prior in PRIORS
    ]
    return pd.concat(tables)


def in_short(models: pd.DataFrame) -> pd.DataFrame:
    """The comparison of models as a table to print: how much worse than the best, and for how many it is the best."""
    plain, weak = (models[models["prior"] == prior] for prior in PRIORS)
    keys = ["name", "model"]
    best = weak.groupby("name")["evidence"].transform("max")
    weak = weak.assign(less=(best - weak["evidence"]).round(1))[[*keys, "less", "most_evident_for"]]
    rows = plain.assign(worse=plain["worse"].round(1))[[*keys, "worse", "best_for", "subjects"]].merge(
        weak, on=keys
    )
    names = {"worse": "BIC above best", "best_for": "best for", "less": "evidence below best"}
    return rows.rename(columns=names | {"most_evident_for": "most evident for"})


def errors_of(records: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    """Each network's prediction errors beside those of a planner and of a model-free learner, in its own form.

    In Wang's form the planner is the ideal observer; in Daw's, for which there is none, it learns as the other does.
    """
    tables = {}
    for name, task in ERRORS.items():
        learners = (model_based(task, RATE), model_free(task, RATE))
        planner, free = learners if task is DAW else (bayes_greedy(task), model_free(task))
        tables[name] = predicted_errors(records[f"rpe_{name}"], task, planner, free)
    return tables


def onset(steps: pd.DataFrame) -> pd.DataFrame:
    """The valid rows at the onset of the second stage."""
    return steps[(steps["event"] == ONSET) & steps["valid"]]


def explained_variance(steps: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """r2 of the prediction errors: one row per name, subject, event and predictor."""
    tables = []
    for name, rows in steps.items():
        tables.append(prediction_error_regression(rows[rows["valid"]]).assign(name=name))
    return pd.concat(tables).melt(["name", "subject", "event"], list(PREDICTORS), "predictor", "r2")


def claims(
    stay: pd.DataFrame,
    effects: pd.DataFrame,
    indices: pd.DataFrame,
    reward: pd.DataFrame,
    explained: pd.DataFrame,
    weights: pd.DataFrame,
    fits: Mapping[str, pd.DataFrame],
) -> pd.DataFrame:
    def of(rows: pd.DataFrame, column: str, **where: str) -> list[float]:
        for key, value in where.items():
            rows = rows[rows[key] == value]
        return rows[column].tolist()

    rows = []
    present = set(stay["name"])
    for name in sorted(present):
        for condition in CONDITIONS:
            rows.append(claim(f"{name}: stay, {condition}", of(stay, "stay", name=name, condition=condition)))
    for name in sorted(present):
        for effect in ("interaction", "reward_effect"):
            rows.append(claim(f"{name}: {effect}", of(effects, effect, name=name)))
    for name in ("agent", "agent_steps", "agent_daw", "observer", "untrained"):
        rows.append(claim(f"{name}: reward per trial", of(reward, "reward", name=name)))
    for name in sorted(set(indices["name"])):
        for index in ("planning_index", "model_free_index"):
            rows.append(claim(f"{name}: {index}", of(indices, index, name=name)))
    for name in sorted(set(explained["name"])):
        for predictor in PREDICTORS:
            at_onset = of(explained, "r2", name=name, predictor=predictor, event=ONSET)
            rows.append(claim(f"{name}: {predictor}", at_onset))
        at_outcome = of(explained, "r2", name=name, predictor="r2_model_based", event="outcome")
        rows.append(claim(f"{name}: r2 at the outcome", at_outcome))
        rows.append(
            claim(f"{name}: weight of planning in prediction errors", of(weights, "weight", name=name))
        )
    for name, own in fits.items():
        rows += fitted_claims(name, own)
    rows.append(agreement("agent_daw", weights, fits["agent_daw"]))
    return table(rows)


def fitted_claims(name: str, fits: pd.DataFrame) -> list[dict[str, float | str]]:
    """How much worse than the planner each other model fits, per subject; and the weight of planning."""
    bic = score_table(fits[fits["prior"] == "none"])
    others = [model for model in bic.columns if model not in ("subject", "best", "model_based")]
    rows = [claim(f"{name}: BIC, {model} less planner", bic[model] - bic["model_based"]) for model in others]
    pure = [model for model in bic.columns if model not in ("subject", "best", "hybrid")]
    for label, models in (("", [*pure, "hybrid"]), (", hybrid aside", pure)):
        planners = bic[models].idxmin(axis=1) == "model_based"
        rows.append(claim(f"{name}: share fitted best by the planner{label}", planners.to_numpy(float)))
    evidence = score_table(fits[fits["prior"] == "weak"], "evidence")
    for model in others:
        more = evidence[model] - evidence["model_based"]
        rows.append(claim(f"{name}: evidence (nats), {model} less planner", more))
    return [*rows, claim(f"{name}: w fitted to choices", weight_of(fits))]


def weight_of(fits: pd.DataFrame) -> pd.Series:
    """The hybrid's weight of planning by subject, under the weak prior: without it, many run to a bound."""
    return fits.query("model == 'hybrid' and parameter == 'w' and prior == 'weak'").set_index("subject")[
        "estimate"
    ]


def agreement(name: str, weights: pd.DataFrame, fits: pd.DataFrame) -> dict[str, float | str]:
    """r2 over subjects of the weight of planning in prediction errors with that in choices."""
    own = weights[weights["name"] == name].set_index("subject")["weight"]
    r = correlation(own.to_numpy(float), weight_of(fits).loc[own.index].to_numpy(float))
    return exact(f"{name}: r2 of both weights of planning, over seeds", r**2)


def beside_striatum(judged: pd.DataFrame) -> pd.DataFrame:
    """The review's Box 4, Fig. C-D, as numbers: people's choices and ventral striatum, networks, published and here."""
    value = judged.set_index("measure")["value"]
    rows = []
    for measure, people, network, where in STRIATUM:
        ours = {name: value.get(f"{name}: {where}", math.nan) for name in ("agent_steps", "agent_daw")}
        row = {"measure": measure, "people": people, "published network": network}
        rows.append(row | {name: "" if math.isnan(each) else f"{each:.2g}" for name, each in ours.items()})
    return pd.DataFrame(rows)
