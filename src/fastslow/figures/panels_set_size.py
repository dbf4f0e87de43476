"""Panels of learning under load: curves by set size, and what one right answer is worth."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from fastslow.figures import marks
from fastslow.figures.style import GREY, look, panel


def colours(sizes: list[str]) -> dict[str, str]:
    """A colour for each set size, the larger the paler."""
    shades = colormaps["viridis"](np.linspace(0.0, 0.85, len(sizes)))
    return {size: to_hex(shade) for size, shade in zip(sizes, shades, strict=True)}


@panel
def size_curves(
    axes: Axes, table: pd.DataFrame, chance: float | None = None, names: bool = True
) -> dict[str, list[Artist]]:
    """A learning curve for each set size.

    **Arguments**: `table` with columns set_size, iteration (presentation of the stimulus, from 1), mean and, where
    known, low and high; `chance` a level to mark; `names` whether a legend tells the set sizes.

    **Returns**: by set size, its line and band.
    """
    marks.need(table, "set_size", "iteration", "mean")
    table = table.sort_values(["set_size", "iteration"])
    shades, made = colours(marks.in_order(table, "set_size")), {}
    for size, colour in shades.items():
        rows = table[table["set_size"].astype(str) == size]
        style = look("agent")._replace(colour=colour)
        made[size] = marks.curve(axes, rows["iteration"].to_numpy(), rows, style, size)
        made[size][0].set(marker="o", markersize=2.2)
    if chance is not None:
        axes.axhline(chance, color=GREY, linewidth=0.6, linestyle="--", zorder=0)
    marks.whole_ticks(axes, sorted(table["iteration"].unique()))
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("presentation of the stimulus")
    axes.set_ylabel("P(correct)")
    if names:
        axes.legend(title="set size", title_fontsize=6.5, loc="lower right", ncols=3, columnspacing=1.0)
    return made


@panel
def after_one(
    axes: Axes, table: pd.DataFrame, chance: float | None = None, names: Mapping[str, str] | None = None
) -> dict[str, list[Artist]]:
    """How often one right answer is followed by another, by set size: a curve for each `name`, named at its end.

    **Arguments**: `table` with columns name, set_size, mean and, where known, low and high; `names` what they are
    called (otherwise as in all figures).
    """
    marks.need(table, "name", "set_size", "mean")
    made, ends = {}, {}
    for name in marks.in_order(table):
        rows = table[table["name"] == name].sort_values("set_size")
        made[name] = marks.curve(axes, rows["set_size"].to_numpy(), rows, look(name))
        made[name][0].set(marker=look(name).marker, markersize=3)
        label = (names or {}).get(name, look(name).label)
        ends[marks.wrapped(label, 18)] = (float(rows["mean"].iloc[-1]), look(name).colour)
    if chance is not None:
        axes.axhline(chance, color=GREY, linewidth=0.6, linestyle="--", zorder=0)
    marks.whole_ticks(axes, sorted(table["set_size"].unique()))
    lowest = min(float(table["mean"].min()), 1.0 if chance is None else chance)
    axes.set_ylim(max(0.0, lowest - 0.05), 1.02)
    axes.set_xlabel("set size")
    axes.set_ylabel("P(correct again)")
    marks.end_labels(axes, ends)
    return made
