"""Panels of recalling and forgetting: when what is recalled is let in, and what a task costs when it returns."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from fastslow.analysis.forgetting import LAGS, span
from fastslow.figures import marks
from fastslow.figures.panels_units import grouped_bars
from fastslow.figures.style import GREY, Look, look, panel

RIGHT = {1: "recalled_right", 0: "recalled_wrong"}
"""What is drawn where what was recalled was right, and where it was not."""


@panel
def gate_curves(
    axes: Axes, table: pd.DataFrame, along: str, xlabel: str, per_subject: pd.DataFrame | None = None
) -> dict[int, list[Artist]]:
    """How far the gate was open along a column, a curve where what was recalled was right (1) and one where not (0).

    **Arguments**: `table` with columns right, the one named by `along`, mean and, where known, low and high;
    `per_subject` with right, subject, that column and value: a thin line each.
    """
    marks.need(table, "right", along, "mean")
    if per_subject is not None:
        marks.threads(axes, per_subject.assign(name=per_subject["right"].map(RIGHT)), along)
    made = {}
    for right, name in RIGHT.items():
        rows = table[table["right"] == right].sort_values(along)
        if len(rows):
            made[right] = marked(axes, rows[along].to_numpy(), rows, look(name))
    tops = table["high"] if marks.intervals(table) else table["mean"]
    axes.set_ylim(0, 1.08 * max(float(tops.max()), 1e-3))
    axes.set_xlabel(xlabel)
    axes.set_ylabel("gate, 1 is open")
    axes.legend(loc="best")
    return made


@panel
def shares(
    axes: Axes,
    table: pd.DataFrame,
    along: str,
    xlabel: str,
    ylabel: str,
    looks: Mapping[str, Look] | None = None,
) -> dict[str, list[Artist]]:
    """A share along a column, a curve for each `name`.

    **Arguments**: `table` with columns name, the one named by `along`, mean and, where known, low and high; `looks` by
    name, where the usual ones will not do.
    """
    marks.need(table, "name", along, "mean")
    made = {}
    for name in marks.in_order(table):
        rows = table[table["name"] == name].sort_values(along)
        made[name] = marked(axes, rows[along].to_numpy(), rows, looks[name] if looks else look(name))
    axes.set_ylim(0, 1.02)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.legend(loc="best")
    return made


@panel
def relearning(
    axes: Axes, table: pd.DataFrame, along: str = "between", per_subject: pd.DataFrame | None = None
) -> dict[str, list[Artist]]:
    """Regret of returns over that of first exposures, a curve for each `name`; dotted, where all is learned anew.

    **Arguments**: `table` with columns name, that of `along` (between: groups of lags; or exposure), mean and, where
    known, low and high; `per_subject` with name, subject, that column and value: a thin line each.
    """
    marks.need(table, "name", along, "mean")
    grouped = along == "between"

    def places(rows: pd.DataFrame) -> np.ndarray:
        return np.array([LAGS.index(n) for n in rows[along]]) if grouped else rows[along].to_numpy()

    if per_subject is not None:
        marks.threads(axes, per_subject.assign(**{along: places(per_subject)}), along)
    made = {}
    for name in marks.in_order(table):
        rows = table[table["name"] == name].sort_values(along)
        made[name] = marked(axes, places(rows), rows, look(name))
    axes.axhline(1, color=GREY, linewidth=0.7, linestyle=":", zorder=0)
    if grouped:
        there = [int(n) for n in sorted(table["between"].unique())]
        axes.set_xticks(
            [LAGS.index(n) for n in there],
            [span(n).replace(" and more", "+").replace(" to ", "-") for n in there],
        )
        axes.set_xlabel("exposures of other tasks in between")
    else:
        marks.whole_ticks(axes, sorted(table[along].unique()))
        axes.set_xlabel(along)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("regret over that of the first exposure")
    return made


@panel
def told(axes: Axes, table: pd.DataFrame, column: str) -> dict[tuple[str, str], Artist]:
    """Shares as bars, a group for each value of a column and in it one for each `name`; dotted, chance.

    **Arguments**: `table` with columns name, that of `column`, mean, chance and, where known, low and high.
    """
    marks.need(table, "name", column, "mean", "chance")
    made = grouped_bars(axes, table, column)
    for place, group in enumerate(marks.in_order(table, column)):
        chance = table.loc[table[column] == group, "chance"].iloc[0]
        axes.plot([place - 0.45, place + 0.45], [chance] * 2, color=GREY, linewidth=0.7, linestyle=":")
    many = table["name"].nunique() > 1
    axes.set_ylim(0, 1.5 if many else 1.02)
    axes.set_yticks(np.linspace(0, 1, 6))
    if many:
        axes.legend(loc="upper left")
    return made


def marked(axes: Axes, x: np.ndarray, rows: pd.DataFrame, style: Look) -> list[Artist]:
    """A curve with its marker at each mean, which alone shows where there is only one."""
    made = marks.curve(axes, x, rows, style)
    made[0].set(marker=style.marker, markersize=3)
    return made
