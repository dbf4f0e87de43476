"""Do the parameters that were put in come back, and is each model taken for itself?"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from fastslow.analysis.choice_models import MODELS
from fastslow.analysis.fit_models import fit_models
from fastslow.analysis.recovery import beside_truth, model_recovery, parameter_recovery
from fastslow.experiments.claims import claim, table
from fastslow.experiments.experiment import CLAIMS
from fastslow.experiments.recovery_subjects import SUFFIX
from fastslow.records.record import trials

SCORES = {"bic": "none", "evidence": "weak"}
"""What models are compared by, and the prior of the fits that it is of."""


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
