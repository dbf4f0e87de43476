"""What is measured in the episodic two-step task, of networks, observers and whoever is compared alike."""

from collections.abc import Mapping

import pandas as pd
import xarray as xr

from fastslow.analysis.episodic_stay import episodic_coefficients, episodic_effects, episodic_stay
from fastslow.analysis.statistics import summarise
from fastslow.errors import check
from fastslow.experiments.claims import claim, exact, table
from fastslow.experiments.episodic_two_step_published import ABOVE, LESIONED
from fastslow.experiments.experiment import CLAIMS
from fastslow.records.record import trials

NETWORKS = ("ep_lstm", "ep_lesion", "lstm")
PLAYERS = (*NETWORKS, "observer", "observer_no_memory", "episodic_model_free", "untrained")
MEASURED = ("interaction", "reward_effect")


def measure_other(name: str, record: xr.Dataset) -> None:
    """Refuse whom the measures below cannot take, or who bears the name of one of ours."""
    check(
        name not in PLAYERS,
        f"'{name}' is the name of a record of episodic_two_step; rename the file to compare.",
    )
    rows = trials(record)
    episodic_stay(rows)
    episodic_coefficients(rows)


def measure(records: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    """Three panels of staying, their effects, the regression of cued choices, and reward, for every record."""
    behaviour = {name: trials(record) for name, record in records.items()}
    stay = pd.concat([episodic_stay(rows).assign(name=name) for name, rows in behaviour.items()])
    effects = pd.concat([episodic_effects(rows).assign(name=name) for name, rows in behaviour.items()])
    weights = pd.concat([episodic_coefficients(rows).assign(name=name) for name, rows in behaviour.items()])
    weights = weights[weights["source"] != "none"]
    reward = pd.concat([rewards(rows).assign(name=name) for name, rows in behaviour.items()])
    return {
        "stay_by_subject": stay,
        "stay": summarise(stay, ["name", "panel", "condition"], "stay"),
        "effects_by_subject": effects,
        "effects": summarise(
            effects.melt(["name", "panel", "subject"], list(MEASURED), "effect"),
            ["name", "panel", "effect"],
            "value",
        ),
        "regression_by_subject": weights,
        "regression": summarise(weights, ["name", "source", "term"], "coefficient"),
        "reward_by_subject": reward,
        "reward": summarise(reward, ["name", "half"], "reward"),
        CLAIMS: claims(stay, effects, weights, reward),
    }


def rewards(rows: pd.DataFrame) -> pd.DataFrame:
    """Reward per valid trial of each subject, in uncued trials and in cued ones (column half)."""
    rows = rows[rows["valid"].astype(bool)]
    half = (rows["recalled_trial"] >= 0).map({True: "cued", False: "uncued"})
    return rows.groupby(["subject", half.rename("half")], sort=False)["reward"].mean().reset_index()


def claims(
    stay: pd.DataFrame, effects: pd.DataFrame, weights: pd.DataFrame, reward: pd.DataFrame
) -> pd.DataFrame:
    rows = []
    for (name, panel, condition), group in stay.groupby(["name", "panel", "condition"], sort=False):
        rows.append(claim(f"{name}: stay, {panel}, {condition}", group["stay"]))
    for (name, panel), group in effects.groupby(["name", "panel"], sort=False):
        rows += [claim(f"{name}: {effect}, {panel}", group[effect]) for effect in MEASURED]
    for (name, half), group in reward.groupby(["name", "half"], sort=False):
        rows.append(claim(f"{name}: reward per trial, {half}", group["reward"]))
    for (name, source, term), group in weights.groupby(["name", "source", "term"], sort=False):
        rows.append(claim(f"{name}: weight of the {source} trial's {term}", group["coefficient"]))
    for name, group in effects.groupby("name", sort=False):
        rows.append(claim(f"{name}: interaction, episodic less next", recollection(group)))
    (low,) = (row["low"] for row in rows if row["measure"] == "ep_lstm: interaction, episodic")
    rows.append(exact(ABOVE, float(low)))
    rows.append(claim(LESIONED, lesioned(stay)))
    return table(rows)


def recollection(effects: pd.DataFrame) -> pd.Series:
    """Each subject's interaction for the past trial that is cued, less that for the one that is cued next."""
    wide = effects.pivot(index="subject", columns="panel", values="interaction")
    return (wide["episodic"] - wide["next"]).dropna()


def lesioned(stay: pd.DataFrame) -> pd.Series:
    """For each subject, by how much the lesion changes staying on uncued trials where it changes it most."""
    uncued = stay[stay["panel"] == "uncued"].set_index(["name", "subject", "condition"])["stay"]
    change = (uncued.loc["ep_lesion"] - uncued.loc["ep_lstm"]).abs()
    return change.groupby("subject").max()
