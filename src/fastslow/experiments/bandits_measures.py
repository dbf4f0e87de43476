"""Two-armed bandits: the measures of agents and observers, and one network's state space."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from fastslow.analysis import trajectories
from fastslow.analysis.regret import cumulative_regret, regret_after
from fastslow.analysis.statistics import summarise
from fastslow.experiments.claims import claim, table
from fastslow.experiments.experiment import CLAIMS
from fastslow.records.record import trials
from fastslow.tasks.bandit import CorrelatedBandit, IndependentBandit, easy, hard, medium
from fastslow.tasks.task import Task

TASKS: dict[str, Task] = {
    "independent": IndependentBandit(),
    "uniform": CorrelatedBandit(),
    "easy": easy(),
    "medium": medium(),
    "hard": hard(),
}
"""The five distributions of Wang 2016, each for training and for test."""
CORRELATED = ("uniform", "easy", "medium", "hard")
PANELS = (0.99, 0.46, 0.33, 0.01)
"""p of the left arm in the four panels of Wang 2018, Fig. 1e."""


def measure(records: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    tests = {name: record for name, record in records.items() if "_on_" in name}
    curves, finals = [], []
    for name, record in tests.items():
        player, test = name.split("_on_")
        rows = trials(record)
        finals.append(regret_after(rows).assign(player=player, test=test))
        curves.append(cumulative_regret(rows).assign(player=player, test=test))
    by_seed = pd.concat(finals, ignore_index=True)
    over_trials = pd.concat(curves, ignore_index=True)
    shown = over_trials[over_trials["test"].isin(("independent", "medium"))]
    tables = {
        "regret_by_seed": by_seed,
        "regret": summarise(by_seed, ["player", "test"], "regret"),
        "curves": summarise(shown, ["player", "test", "trial"], "regret", resamples=1000),
        "matrix": matrix(by_seed),
        "rasters": rasters(tests),
        CLAIMS: claims(by_seed),
    }
    if "states" in records:
        tables |= state_space(records)
    return tables


def matrix(by_seed: pd.DataFrame) -> pd.DataFrame:
    """Regret of each training distribution (row) in each test (column), as text with its interval."""
    cells = summarise(by_seed[by_seed["player"].isin(TASKS)], ["player", "test"], "regret")
    text = [f"{row.mean:.2f} [{row.low:.2f}, {row.high:.2f}]" for row in cells.itertuples()]
    wide = cells.assign(text=text).pivot(index="player", columns="test", values="text")
    rows = [name for name in TASKS if name in wide.index]
    return wide.loc[rows, list(TASKS)].rename_axis("trained on").reset_index()


def rasters(tests: Mapping[str, xr.Dataset]) -> pd.DataFrame:
    """Choices of the first independently trained agent on an easier and a harder pair of arms."""
    chosen = []
    for test in ("medium", "hard"):
        record = tests[f"independent_on_{test}"].isel(subject=0)
        left_is_better = record["p_reward"].to_numpy()[:, 0, 0] > 0.5
        kept = np.flatnonzero(left_is_better)[:100]
        rows = trials(tests[f"independent_on_{test}"].isel(subject=[0], episode=kept))
        chosen.append(rows[["episode", "trial", "action"]].assign(test=test))
    return pd.concat(chosen, ignore_index=True)


def state_space(records: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    """PCA of one network's activity: mean paths for four pairs of arms, and where each episode ends."""
    activity = records["states"]["hidden"].to_numpy()[0]
    components = trajectories.principal_components(activity.reshape(-1, activity.shape[-1]))
    panels = {f"({p:.2f}, {1 - p:.2f})": records[f"states_{round(100 * p):02d}"] for p in PANELS}
    paths = pd.concat(
        [
            trajectories.mean_trajectories(
                trajectories.project(record["hidden"].to_numpy()[0], components),
                np.full(record.sizes["episode"], name),
            )
            for name, record in panels.items()
        ],
        ignore_index=True,
    )
    p_left = records["states"]["p_reward"].to_numpy()[0, :, 0, 0]
    ends = trajectories.end_states(trajectories.project(activity, components), p_left)
    order = pd.DataFrame(
        [trajectories.path_order(ends) | dict(zip(("pc1", "pc2"), components.explained, strict=True))]
    )
    return {"state_paths": paths, "state_ends": ends, "state_order": order}


def claims(by_seed: pd.DataFrame) -> pd.DataFrame:
    cells = {key: rows["regret"].to_numpy() for key, rows in by_seed.groupby(["player", "test"])}
    rows = []

    def add(name: str, first: tuple[str, str], second: tuple[str, str] | None = None) -> None:
        if first in cells and (second is None or second in cells):
            rows.append(claim(name, cells[first] if second is None else cells[first] - cells[second]))

    add("regret, independent agent, independent arms", ("independent", "independent"))
    add(
        "independent agent less Thompson, independent arms",
        ("independent", "independent"),
        ("thompson", "independent"),
    )
    add("regret, independent agent, arms (.25, .75)", ("independent", "medium"))
    add("regret, correlated agent, arms (.25, .75)", ("uniform", "medium"))
    add(
        "correlated less independent agent, arms (.25, .75)", ("uniform", "medium"), ("independent", "medium")
    )
    for rival in ("gittins", "thompson", "ucb"):
        add(
            f"correlated agent less {rival}, uniform correlated arms",
            ("uniform", "uniform"),
            (rival, "uniform"),
        )
    add("medium less easy, each agent in its own test", ("medium", "medium"), ("easy", "easy"))
    add("hard less medium, each agent in its own test", ("hard", "hard"), ("medium", "medium"))
    for test in ("easy", "hard"):
        add(f"medium-trained agent less Thompson, {test} arms", ("medium", test), ("thompson", test))
    structured = [name for name in CORRELATED if (name, "independent") in cells]
    if structured and ("independent", "independent") in cells:
        least = min(structured, key=lambda name: cells[(name, "independent")].mean())
        add(
            "best structured less independent agent, independent arms",
            (least, "independent"),
            ("independent", "independent"),
        )
    add("regret, untrained twin, independent arms", ("untrained", "independent"))
    add("regret, Thompson, independent arms", ("thompson", "independent"))
    add("regret, Bayes-optimal, independent arms", ("bayes_optimal", "independent"))
    add("regret, Bayes-optimal for correlated arms, arms (.25, .75)", ("bayes_correlated", "medium"))
    return table(rows)
