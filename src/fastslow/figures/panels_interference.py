"""Panels of interference: what is kept and what is learned, by step size and over trials."""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from fastslow.figures import marks
from fastslow.figures.style import GREY, look, panel


@panel
def by_step_size(axes: Axes, table: pd.DataFrame, what: str, log: bool = False) -> dict[str, list[Artist]]:
    """A measure of each learner against its step size; of one that has none (0), a level line.

    **Arguments**: `table` with columns name, step_size, mean, low, high; `what` the label of the ordinate, which is
    logarithmic if `log`.

    **Returns**: by name, the line and its whiskers or band.
    """
    if table.empty:
        marks.blank(axes, f"nothing to draw: {what}")
        return {}
    marks.need(table, "name", "step_size", "mean", "low", "high")
    artists: dict[str, list[Artist]] = {}
    sizes = table.loc[table["step_size"] > 0, "step_size"]
    ends = np.array([sizes.min(), sizes.max()]) if len(sizes) else np.array([0.1, 1.0])
    for name, rows in table.groupby("name", sort=False):
        style = look(str(name))
        if (rows["step_size"] == 0).all():
            level = pd.concat([rows, rows])
            artists[str(name)] = marks.curve(axes, ends, level, style)
            continue
        ordered = rows.sort_values("step_size")
        made = marks.curve(axes, ordered["step_size"].to_numpy(), ordered, style)
        made[0].set(marker=style.marker, markersize=3)
        artists[str(name)] = made
    axes.set_xscale("log")
    axes.set_xlabel("step size")
    axes.set_ylabel(what)
    if log:
        axes.set_yscale("log")
    else:
        axes.axhline(0, color=GREY, linewidth=0.6, zorder=0)
        axes.set_ylim(-0.08, 1.05)
    return artists


@panel
def courses(axes: Axes, table: pd.DataFrame) -> dict[tuple[str, float], list[Artist]]:
    """What is known of a list over trials, a line for each step size, paler where it is smaller.

    **Arguments**: `table` with columns name, step_size (0: none), lived (trials), mean, low, high.

    **Returns**: by name and step size, line and band.
    """
    marks.need(table, "name", "step_size", "lived", "mean", "low", "high")
    artists: dict[tuple[str, float], list[Artist]] = {}
    sizes = sorted(size for size in pd.unique(table["step_size"]) if size > 0)
    shades = colormaps["viridis_r"](np.linspace(0.12, 0.95, max(len(sizes), 1)))
    for (name, size), rows in table.groupby(["name", "step_size"], sort=False):
        style = look(str(name))
        if size > 0:
            style = style._replace(label=f"step size {size:g}", colour=shades[sizes.index(size)], line="-")
        ordered = rows[rows["lived"] > 0].sort_values("lived")
        artists[str(name), float(size)] = marks.curve(axes, ordered["lived"].to_numpy(), ordered, style)
    axes.set_xscale("log")
    axes.set_ylim(0, 1.05)
    axes.set_xlabel("trials of the second list")
    axes.set_ylabel("patterns answered right")
    return artists
