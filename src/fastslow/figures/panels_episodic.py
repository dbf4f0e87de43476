"""Panels of episodic control: how soon a path is found again, when planning overtakes memory, what a reminder does."""

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from fastslow.figures import marks
from fastslow.figures.style import GREY, look, panel


@panel
def walks(axes: Axes, table: pd.DataFrame, shortest: int) -> dict[str, list[Artist]]:
    """Length of each walk, per agent, over walks.

    **Arguments**: `table` with columns name, episode, mean, low, high; `shortest` the length that none is below.

    **Returns**: by name, band and line.
    """
    marks.need(table, "name", "episode", "mean", "low", "high")
    artists: dict[str, list[Artist]] = {}
    for name, rows in table.groupby("name", sort=False):
        artists[str(name)] = marks.curve(axes, rows["episode"].to_numpy() + 1, rows, look(str(name)))
    axes.axhline(shortest, color=GREY, linewidth=0.8, linestyle=":", zorder=0)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("walk")
    axes.set_ylabel("steps to the reward")
    axes.legend(loc="best")
    return artists


@panel
def returns(axes: Axes, table: pd.DataFrame) -> dict[str, list[Artist]]:
    """Expected return of each controller after so many walks through a tree.

    **Arguments**: `table` with columns name, walks, mean, low, high.

    **Returns**: by name, line and band.
    """
    marks.need(table, "name", "walks", "mean", "low", "high")
    artists: dict[str, list[Artist]] = {}
    for name, rows in table.groupby("name", sort=False):
        artists[str(name)] = marks.curve(axes, rows["walks"].to_numpy(), rows, look(str(name)))
    axes.set_xscale("log", base=2)
    axes.set_xlabel("walks known")
    axes.set_ylabel("expected return")
    return artists


@panel
def cross_overs(axes: Axes, table: pd.DataFrame, most: float) -> dict[float, list[Artist]]:
    """After how many walks a planner overtakes the episodic controller, by depth, a line per noise.

    **Arguments**: `table` with columns depth, noise, log2_walks, low, high; `most` log2 of the most walks that there
    were: what lies beyond is known as that alone, and drawn as an arrow.

    **Returns**: by noise, the line, its whiskers and its arrows.
    """
    marks.need(table, "depth", "noise", "log2_walks", "low", "high")
    artists: dict[float, list[Artist]] = {}
    groups = list(table.groupby("noise"))
    for i, (noise, rows) in enumerate(groups):
        style, at = look(f"planner_{noise:g}"), rows["depth"] + 0.06 * (i - (len(groups) - 1) / 2)
        reached = rows["log2_walks"].where(rows["log2_walks"] <= most)
        line = axes.plot(at, reached, style.line, color=style.colour, marker=style.marker, label=style.label)
        ends = rows["high"].clip(upper=most)
        whiskers = axes.vlines(at, rows["low"].clip(upper=most), ends, color=style.colour, linewidth=0.9)
        beyond = rows["high"] > most
        arrows = axes.plot(
            at[beyond], ends[beyond], marker=r"$\uparrow$", linestyle="", color=style.colour, markersize=6
        )
        artists[float(noise)] = [*line, whiskers, *arrows]
    ticks = np.arange(np.floor(table["low"].min()), most + 1, 2)
    axes.set_yticks(ticks, [f"{2**tick:.0f}" for tick in ticks])
    marks.whole_ticks(axes, sorted(table["depth"].unique()))
    axes.set_xlabel("depth of the tree")
    axes.set_ylabel("walks until planning earns more")
    axes.legend(loc="best")
    return artists


@panel
def reward_weights(axes: Axes, table: pd.DataFrame, expected: np.ndarray) -> dict[str, list[Artist]]:
    """Weights of past rewards on choice, by how many pulls of the arm ago they were paid.

    **Arguments**: `table` with columns name, lag (from 1), mean, low, high; `expected` the weights by lag that a delta
    rule has.

    **Returns**: by name, line and band.
    """
    marks.need(table, "name", "lag", "mean", "low", "high")
    lags = np.arange(1, len(expected) + 1)
    axes.plot(
        lags, expected, color=GREY, linewidth=0.9, linestyle=":", label="delta rule, computed", zorder=1
    )
    artists: dict[str, list[Artist]] = {}
    for name, rows in table.groupby("name", sort=False):
        artists[str(name)] = marks.curve(axes, rows["lag"].to_numpy(), rows, look(str(name)))
    axes.axhline(0, color=GREY, linewidth=0.6, zorder=0)
    axes.set_xlabel("pulls of the arm ago")
    axes.set_ylabel("weight of reward on choice\n(log odds per 100 points)")
    axes.legend(loc="upper right")
    return artists


@panel
def choice_curves(axes: Axes, table: pd.DataFrame) -> dict[str, list[Artist]]:
    """Choices of an arm by the difference of the delta rule's values.

    **Arguments**: `table` with columns name, difference (in 100 points), mean, low, high.

    **Returns**: by name, line and band.
    """
    marks.need(table, "name", "difference", "mean", "low", "high")
    artists: dict[str, list[Artist]] = {}
    for name, rows in table.groupby("name", sort=False):
        artists[str(name)] = marks.curve(axes, 100 * rows["difference"].to_numpy(), rows, look(str(name)))
    axes.axhline(0.5, color=GREY, linewidth=0.6, linestyle=":", zorder=0)
    axes.set_ylim(0, 1)
    axes.set_xlabel("delta rule's values, right less left (points)")
    axes.set_ylabel("P(right)")
    return artists


@panel
def reminders(axes: Axes, table: pd.DataFrame) -> dict[tuple[str, str], Artist]:
    """What a reminder of one past pull of an arm adds to the choice of that arm.

    **Arguments**: `table` with columns name, measure ("reminded of more" than the arm is worth, "reminded of less"),
    mean, low, high.

    **Returns**: the bars by name and measure, hollow where reminded of less.
    """
    marks.need(table, "name", "measure", "mean")
    names = marks.in_order(table)
    artists: dict[tuple[str, str], Artist] = {}
    for i, name in enumerate(names):
        for offset, measure in ((-0.2, "reminded of more"), (0.2, "reminded of less")):
            row = marks.cell(table, name=name, measure=measure)
            artists[name, measure] = marks.bar(axes, i + offset, row, 0.36, look(name), offset < 0)
    axes.axhline(0, color=GREY, linewidth=0.6, zorder=0)
    marks.name_bars(axes, [look(name).label for name in names])
    marks.room_beside(axes, len(names))
    axes.set_ylabel("P(reminded arm), change\nreminded of more (filled), of less")
    return artists
