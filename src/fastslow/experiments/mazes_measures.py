"""Mazes: how long each walk was, what the second saved, and the walks that are drawn."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from fastslow.analysis.navigation import walk_lengths, walk_savings
from fastslow.analysis.statistics import summarise
from fastslow.experiments.claims import claim, exact, table
from fastslow.experiments.experiment import CLAIMS
from fastslow.records.record import trials
from fastslow.tasks.maze import HELD_OUT
from fastslow.tasks.maze_atlas import atlas

SIZES = ("small", "large")
PLACES = {"small": "small mazes", "large": "large mazes", "i": "I-maze"}
PLAYERS = ("agent", "feedforward", "random")
SHOWN, WORTH_SHOWING = {"small": 3, "large": 1}, {"small": 9, "large": 20}
"""Mazes drawn of either size: the first of the test whose shortest path has at least so many actions."""


def measure(records: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    behaviour = pd.concat(
        [
            trials(records[f"{place}_{name}"]).assign(place=place, name=name)
            for place in (*SIZES, "i")
            for name in PLAYERS
        ]
    )
    lengths = walk_lengths(behaviour, ["place", "name"])
    mazes = behaviour["place"] != "i"
    savings = pd.concat(
        [
            walk_savings(behaviour[mazes], ["place", "name"]),
            walk_savings(behaviour[~mazes], ["place", "name"], last=int(behaviour["trial"].max())),
        ],
        ignore_index=True,
    )
    paths, layouts = walks_of(records)
    return {
        "lengths_by_seed": lengths,
        "lengths": summarise(with_shortest(lengths), ["place", "name", "trial"], "steps"),
        "relative": summarise(relative(lengths), ["place", "name", "trial"], "relative"),
        "savings": savings,
        "paths": paths,
        "layouts": layouts,
        CLAIMS: claims(lengths, savings),
    }


def with_shortest(lengths: pd.DataFrame) -> pd.DataFrame:
    """The agents' lengths and, as one more name, those of the shortest paths in their mazes."""
    shortest = lengths[lengths["name"] == "agent"]
    return pd.concat(
        [lengths, shortest.assign(name="shortest", steps=shortest["shortest"])], ignore_index=True
    )


def relative(lengths: pd.DataFrame) -> pd.DataFrame:
    """Each walk's mean length over that of the first, per subject."""
    keys = ["subject", "place", "name"]
    first = lengths[lengths["trial"] == 0].set_index(keys)["steps"].rename("first")
    joined = lengths.join(first, on=keys)
    return joined.assign(relative=joined["steps"] / joined["first"])


def walks_of(records: Mapping[str, xr.Dataset]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The first two walks through the mazes to be drawn, step by step from the start, and these mazes' walls."""
    paths, layouts = [], []
    for place in SIZES:
        record = records[f"paths_{place}"]
        rows = trials(record).set_index(["episode", "trial"])
        worth = rows["shortest"].xs(0, level="trial") >= WORTH_SHOWING[place]
        chosen = [*worth.index[worth], *worth.index[~worth]][: SHOWN[place]]
        for episode in chosen:
            about = rows.loc[(episode, 0)]
            book, row = atlas(int(record.attrs["side"]), HELD_OUT, 1000), int(about["maze"]) - HELD_OUT
            passages = book.passages[row]
            layouts.append(
                pd.DataFrame(
                    {
                        "place": place,
                        "maze": about["maze"],
                        "cell": range(len(passages)),
                        "passages": passages,
                    }
                )
            )
            one = record.isel(subject=0).sel(episode=episode)
            for trial in (0, 1):
                inside = one["step_trial"].to_numpy() == trial
                columns = {
                    name: np.concatenate([[start], one[f"step_{name}"].to_numpy()[inside]]).astype(int)
                    for name, start in zip(("cell", "heading"), divmod(int(book.start[row]), 4), strict=True)
                }
                walk = {
                    "place": place,
                    "maze": about["maze"],
                    "trial": trial,
                    "step": range(len(columns["cell"])),
                }
                told = rows.loc[(episode, trial), ["target", "steps", "shortest", "found"]].to_dict()
                paths.append(pd.DataFrame(walk | columns | told))
    return pd.concat(paths, ignore_index=True), pd.concat(layouts, ignore_index=True)


def claims(lengths: pd.DataFrame, savings: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for (place, name), values in savings.groupby(["place", "name"], sort=False):
        later = "later" if place == "i" else "second"
        found = claim(f"{name}, {PLACES[place]}: {later} / first walk", values["ratio"])
        rows.append(found)
        if not values["note"].any():
            rows.append(
                claim(f"{name}, {PLACES[place]}: {later} / first walk, found alone", values["found_ratio"])
            )
        if name == "feedforward":
            holds_one = found["low"] <= 1 <= found["high"]
            rows.append(exact(f"{name}, {PLACES[place]}: the ratio's interval holds 1", float(holds_one)))
        if name == "agent":
            rows.append(claim(f"{name}, {PLACES[place]}: second walk no longer", values["improved"]))
    for (place, name), values in lengths.groupby(["place", "name"], sort=False):
        by_walk = values.pivot(index="subject", columns="trial")
        where = f"{name}, {PLACES[place]}"
        rows.append(claim(f"{where}: actions in the first walk", by_walk["steps"][0]))
        rows.append(claim(f"{where}: targets found in the first walk", by_walk["found"][0]))
        if name == "agent":
            rows.append(
                claim(f"{where}: second walk / shortest path", by_walk["steps"][1] / by_walk["shortest"][1])
            )
            plateau = by_walk["steps"].loc[:, 2:].mean(axis=1) / by_walk["steps"][1]
            rows.append(claim(f"{where}: later walks / second walk", plateau))
    return table(rows)
