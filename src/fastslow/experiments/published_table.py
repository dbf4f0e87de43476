"""A published table of many players in many tasks, beside what the same players earn here.

Duan et al. 2016 print the mean total reward over 1000 instances. Their mean and ours each have a sampling error,
of which ours is known and theirs follows from it: the same player in the same task has the same spread.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import jax
import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, Key

from fastslow.agents.agent import Agent
from fastslow.analysis.statistics import summarise
from fastslow.errors import check
from fastslow.experiments.claims import claim, table
from fastslow.experiments.experiment import CLAIMS, Condition, Drawing, Expectation, newborns
from fastslow.figures import panels_published, style
from fastslow.records.collect import collect
from fastslow.tasks.task import Task

INSTANCES = 1000
"""Instances behind each published mean."""
ROUNDING = 0.05
"""Half of the last published digit."""


class Published(NamedTuple):
    """The table."""

    players: Sequence[str]
    """Columns; `agent` is the trained network."""
    rows: Mapping[str, Sequence[float]]
    """Mean total reward of each player, by row."""
    errors: Mapping[str, float]
    """Standard error of a published mean, by row: the spread of the total over tasks, over sqrt(1000)."""
    where: str

    def of(self, row: str, player: str) -> float:
        """The published mean; NaN where there is none."""
        return self.rows[row][self.players.index(player)] if player in self.players else float("nan")


class Player(NamedTuple):
    """Somebody who needs no training, and the constant that was searched for it."""

    agent: Agent
    constant: float = float("nan")


def best_of(
    make: Callable[[float], Agent],
    constants: Sequence[float],
    task: Task,
    key: Key[Array, ""],
    episodes: int,
    rounds: int,
) -> Player:
    """The player whose constant earns most, by true means, in `rounds` x `episodes` tasks of this search alone."""

    def earned(constant: float) -> float:
        record = collect([make(constant)] * rounds, task, key, episodes)
        return float(totals(record, "", "")["expected"].mean())

    best = max(constants, key=earned)
    return Player(make(best), best)


def play(
    row: str,
    networks: Mapping[str, Sequence[Agent]],
    observers: Mapping[str, Player],
    task: Task,
    key: Key[Array, ""],
    episodes: int,
) -> dict[str, xr.Dataset]:
    """Records of all, in the same tasks; observers play as many subjects as there are networks of a kind."""
    seeds = max(len(agents) for agents in networks.values())
    players = {name: (agents, float("nan")) for name, agents in networks.items()}
    players |= {name: ([one.agent] * seeds, one.constant) for name, one in observers.items()}
    return {
        record_name(name, row): collect(agents, task, key, episodes, attrs={"constant": constant})
        for name, (agents, constant) in players.items()
    }


def play_rows(
    conditions: Mapping[str, Condition],
    trained: Mapping[str, Sequence[Agent]],
    observers: Callable[[Task, Key[Array, ""]], Mapping[str, Player]],
    published: Published,
    key: Key[Array, ""],
    episodes: int,
) -> dict[str, xr.Dataset]:
    """Records of the trained networks, as many newborn ones and the observers, row by row.

    `observers(task, key)` searches its constants with that key.  The tasks of a row do not depend on which others
    are played.
    """
    records = {}
    for row, condition in conditions.items():
        row_key = jax.random.fold_in(key, list(published.rows).index(row))
        test_key, search_key, birth_key = jax.random.split(row_key, 3)
        newborn = newborns(
            condition.task, condition.agent, birth_key, len(trained[row]), condition.make_agent
        )
        networks = {"agent": trained[row], "untrained": newborn}
        records |= play(
            row, networks, observers(condition.task, search_key), condition.task, test_key, episodes
        )
    return records


def record_name(player: str, row: str) -> str:
    return f"{player}_on_{row}"


def totals(record: xr.Dataset, row: str, player: str) -> pd.DataFrame:
    """Total reward of each episode: columns row, player, subject, episode, paid and expected.

    `expected` sums the true means of the choices made: the same on average as what was paid, with less noise.
    """
    if "expected_reward" in record:
        means = record["expected_reward"]
    else:
        means = record["p_reward"].max("arm") - record["regret"]
    both = {"paid": record["reward"].sum("trial"), "expected": means.sum("trial")}
    frame = xr.Dataset(both).to_dataframe().reset_index()
    check(
        bool(np.isfinite(frame[["paid", "expected"]]).all(axis=None)), f"The record of {player} holds gaps."
    )
    return frame[["subject", "episode", "paid", "expected"]].assign(row=row, player=player)


def by_subject(episodes: pd.DataFrame) -> pd.DataFrame:
    """Mean total reward of each subject: columns row, player, subject, total."""
    means = episodes.groupby(["row", "player", "subject"], sort=False)["expected"].mean()
    return means.rename("total").reset_index()


def compare(episodes: pd.DataFrame, published: Published) -> pd.DataFrame:
    """Measured beside published, with their sampling errors.

    **Returns**: columns row, player, mean, low, high (interval over subjects), n, note, error (standard error of our
    mean over episodes), published, published_error, and apart: how far the two lie from each other, less the
    rounding, in standard errors of their difference.
    """
    table = summarise(by_subject(episodes), ["row", "player"], "total")
    spread = episodes.groupby(["row", "player"], sort=False).agg(
        error=("expected", lambda x: x.std(ddof=0) / len(x) ** 0.5),
        published_error=("paid", lambda x: x.std(ddof=0) / INSTANCES**0.5),
    )
    table = table.merge(spread.reset_index(), on=["row", "player"])
    table["published"] = [
        published.of(row, player) for row, player in zip(table["row"], table["player"], strict=True)
    ]
    beyond = ((table["mean"] - table["published"]).abs() - ROUNDING).clip(lower=0)
    errors = np.hypot(table["error"], table["published_error"]).replace(0, np.nan)
    table["apart"] = (beyond / errors).fillna(0.0).where(table["published"].notna())
    return table


def measure_table(records: Mapping[str, xr.Dataset], published: Published) -> dict[str, pd.DataFrame]:
    """The tables of an experiment: totals by subject, beside the published ones, and the claims."""
    places = {
        (row, player): record_name(player, row)
        for row in published.rows
        for player in (*published.players, "untrained")
    }
    places = {place: name for place, name in places.items() if name in records}
    check(bool(places), "There is no record of a player in a row of the published table.")
    episodes = pd.concat([totals(records[name], *place) for place, name in places.items()], ignore_index=True)
    compared = compare(episodes, published)
    constants = {place: records[name].attrs.get("constant", np.nan) for place, name in places.items()}
    compared["constant"] = [
        constants[place] for place in zip(compared["row"], compared["player"], strict=True)
    ]
    seeds = by_subject(episodes)
    rows = [
        claim(measure_name(player, row), values["total"])
        for (row, player), values in seeds.groupby(["row", "player"], sort=False)
    ]
    return {"total_by_seed": seeds, "total": compared, "beside": beside(compared), CLAIMS: table(rows)}


def beside(compared: pd.DataFrame) -> pd.DataFrame:
    """A line per player and a column per row of the published table: what was measured and, in brackets, published."""
    published = compared["published"].map(lambda value: f" ({value:g})" if np.isfinite(value) else "")
    cells = compared["mean"].map("{:.2f}".format) + published
    wide = compared.assign(cell=cells).pivot(index="player", columns="row", values="cell").fillna("")
    return (
        wide.loc[compared["player"].unique(), compared["row"].unique()]
        .rename_axis(columns=None)
        .reset_index()
    )


@style.panel
def draw_table(compared: pd.DataFrame, titles: Mapping[str, str], best: Mapping[str, float]) -> Drawing:
    """A panel per row; `titles` and the `best` total there can be, where it is known, by row."""
    shown = compared[compared["player"] != "untrained"]
    rows = list(shown["row"].unique())
    columns = min(len(rows), 3)
    figure, axes = style.figure(columns, -(-len(rows) // columns), "double" if columns > 1 else "single")
    for axis in axes.flat[len(rows) :]:
        axis.set_visible(False)
    for axis, row in zip(axes.flat, rows, strict=False):
        panels_published.beside_published(axis, shown[shown["row"] == row], "total reward", best.get(row))
        axis.set_title(titles[row])
    return Drawing(figure, shown)


def measure_name(player: str, row: str) -> str:
    return f"{player}, {row.replace('_', ' ')}: total reward"


def training_scale(
    tables: Mapping[str, pd.DataFrame], steps: Mapping[str, int], top: str
) -> dict[str, tuple[float, float]]:
    """Reward per step of the random player and of `top`, by row, between which learning curves are drawn.

    A row that lacks either has no scale.
    """
    means = {
        name: rows.set_index("player")["mean"] for name, rows in tables["total"].groupby("row", sort=False)
    }
    return {
        row: (mean["random"] / steps[row], mean[top] / steps[row])
        for row, mean in means.items()
        if {"random", top} <= set(mean.index)
    }


def expect(
    published: Published,
    presets: Mapping[str, tuple[str, ...]],
    least: Mapping[str, float],
    notes: Mapping[str, str],
    smoke: Sequence[str],
    tasks: int,
) -> tuple[Expectation, ...]:
    """What is accepted: of the network `least`; of the others, two standard errors of theirs less ours.

    **Arguments**: by row, the `presets` that run it and the `least` total of the network; `notes` by player or row;
    `smoke` the players that the smoke preset has; `tasks` behind each mean of ours in the preset laptop: where
    there are fewer, the bounds are too narrow.
    """
    made = []
    for row in published.rows:
        slack = 2 * (1 + INSTANCES / tasks) ** 0.5 * published.errors[row] + ROUNDING
        for player in ("agent", *(name for name in published.players if name != "agent")):
            value = published.of(row, player)
            bounds = {"low": round(value - slack, 2), "high": round(value + slack, 2)}
            if player == "agent":
                bounds = {"low": least[row]}
            where = [preset for preset in presets[row] if preset != "smoke" or player in ("agent", *smoke)]
            expected = Expectation(
                measure_name(player, row),
                value,
                where=published.where,
                confidence="text",
                note=notes.get(row if player == "agent" else player, ""),
                presets=tuple(where),
                **bounds,
            )
            made.append(expected)
    return tuple(made)
