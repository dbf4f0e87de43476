"""Panels about navigation: lengths of walks in their order, and the walks themselves drawn in their maze.

Duan et al. 2016, Table 3 and Fig. 5; Wang et al. 2016, Fig. 7.
"""

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from fastslow.figures import marks
from fastslow.figures.style import FAST, GREY, INK, look, panel, tint

SIDES = ((0, -0.5), (0.5, 0), (0, 0.5), (-0.5, 0))
"""From the middle of a cell to that of its walls, x and y downwards, by heading: north, east, south, west."""
LANE = 0.14
"""How far to the right of a cell's middle a walker is drawn, so that ways there and back lie side by side."""


@panel
def lengths(
    axes: Axes,
    table: pd.DataFrame,
    ylabel: str = "actions in the walk",
    logarithmic: bool = True,
    per_subject: pd.DataFrame | None = None,
) -> dict[str, list[Artist]]:
    """One curve per `name` over the walks of an episode, with its interval.

    **Arguments**: `table` with columns name, trial (from 0, drawn from 1), mean and, where known, low and high;
    `per_subject` with name, subject, trial, value: a thin line each.

    **Returns**: by name, the line and its band.
    """
    marks.need(table, "name", "trial", "mean")
    artists = {}
    if per_subject is not None:
        marks.threads(axes, per_subject.assign(place=per_subject["trial"] + 1), "place")
    for name in marks.in_order(table):
        rows = table[table["name"] == name].sort_values("trial")
        artists[name] = marks.curve(axes, rows["trial"].to_numpy() + 1, rows, look(name))
        artists[name][0].set(marker=look(name).marker, markersize=3)
    marks.whole_ticks(axes, sorted(table["trial"].unique() + 1))
    axes.set_xlabel("walk in the episode")
    axes.set_ylabel(ylabel)
    if logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(ScalarFormatter())
        axes.yaxis.set_minor_formatter(NullFormatter())
        drawn = [*table["mean"], *(() if per_subject is None else per_subject["value"])]
        least, most = float(np.min(drawn)), float(np.max(drawn))
        # Room for at least two labelled ticks.
        axes.set_ylim(0.8 * least, 1.25 * max(most, 2.5 * least))
    else:
        axes.set_ylim(bottom=0)
    return artists


@panel
def by_exposure(
    axes: Axes,
    table: pd.DataFrame,
    ylabel: str,
    level: float | int | None = None,
    per_subject: pd.DataFrame | None = None,
) -> dict[str, list[Artist]]:
    """A curve for each `name` over the exposures of mazes that come back.

    **Arguments**: `table` with columns name, exposure, mean and, where known, low and high; `level` is drawn
    dotted; `per_subject` with name, subject, exposure, value: a thin line each.
    """
    marks.need(table, "name", "exposure", "mean")
    artists = {}
    if per_subject is not None:
        marks.threads(axes, per_subject, "exposure")
    for name in marks.in_order(table):
        rows = table[table["name"] == name].sort_values("exposure")
        artists[name] = marks.curve(axes, rows["exposure"].to_numpy(), rows, look(name))
        artists[name][0].set(marker=look(name).marker, markersize=3)
    if level is not None:
        axes.axhline(level, color=GREY, linewidth=0.7, linestyle=":", zorder=0)
    marks.whole_ticks(axes, sorted(table["exposure"].unique()))
    axes.set_ylim(bottom=0)
    axes.set_xlabel("exposure")
    axes.set_ylabel(ylabel)
    return artists


@panel
def relative(
    axes: Axes, table: pd.DataFrame, published: pd.DataFrame | None = None
) -> dict[tuple[str, str], list[Artist]]:
    """Lengths over that of the first walk: solid in the first `place`, dashed in the next (small and large mazes).

    **Arguments**: `table` with columns name, place, trial, mean and, where known, low and high; `published` with
    place, trial, published: a mark each, filled in the first place and hollow in the next.

    **Returns**: by name and place, the line and its band.
    """
    marks.need(table, "name", "place", "trial", "mean")
    places = marks.in_order(table, "place")
    artists = {}
    axes.axhline(1, color=GREY, linewidth=0.6, zorder=0)
    for (place, name), rows in table.groupby(["place", "name"], sort=False):
        ordered, main = rows.sort_values("trial"), place == places[0]
        dressed = look(str(name))._replace(line="-" if main else "--")
        artists[str(name), str(place)] = marks.curve(axes, ordered["trial"].to_numpy() + 1, ordered, dressed)
    handles: list[Artist] = [
        axes.plot([], [], color=GREY, linestyle="-" if place == places[0] else "--", label=f"{place} mazes")[
            0
        ]
        for place in places
    ]
    if published is not None:
        for place, rows in published.groupby("place", sort=False):
            face = INK if place == places[0] else "white"
            dots = axes.plot(
                rows["trial"] + 1,
                rows["published"],
                "s",
                color=INK,
                markerfacecolor=face,
                markersize=3.2,
                zorder=5,
            )[0]
            dots.set_label(f"published, {place}")
            handles.append(dots)
    axes.legend(handles=handles, loc="lower left", borderpad=0.1)
    axes.set_xticks(sorted(table["trial"].unique() + 1))
    axes.set_xlabel("walk in the episode")
    axes.set_ylabel("relative to the first walk")
    axes.set_ylim(bottom=0)
    return artists


@panel
def walls(axes: Axes, passages: np.ndarray, columns: int) -> list[Artist]:
    """A maze seen from above, north up.

    **Arguments**: `passages` `[cell]`, row by row, bit h set where side h is open (0 north, 1 east, 2 south, 3 west).
    """
    xs: list[float] = []
    ys: list[float] = []
    for cell, code in enumerate(np.asarray(passages, int)):
        row, column = divmod(cell, columns)
        for heading, (across, down) in enumerate(SIDES):
            if not code >> heading & 1:
                # A wall stands across the way to its middle.
                xs += [column + across - down, column + across + down, np.nan]
                ys += [row + down - across, row + down + across, np.nan]
    lines = axes.plot(xs, ys, color=INK, linewidth=1.1, solid_capstyle="projecting")
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.axis("off")
    return list(lines)


@panel
def path(
    axes: Axes, steps: pd.DataFrame, passages: np.ndarray, columns: int, target: int, title: str = ""
) -> list[Artist]:
    """One walk in its maze: from the disc to the star, on the right-hand side of the way.

    **Arguments**: `steps` with columns cell and heading, the start first; `passages` as in `walls`; `target` the cell
    of the target.

    **Returns**: the walls, the path, start and target.
    """
    marks.need(steps, "cell", "heading")
    drawn = walls(axes, passages, columns)
    row, column = np.divmod(steps["cell"].to_numpy(int), columns)
    ahead = np.array(SIDES)[steps["heading"].to_numpy(int)]
    # To the right of (x, y), with y downwards, is (-y, x).
    x, y = column - 2 * LANE * ahead[:, 1], row + 2 * LANE * ahead[:, 0]
    line = axes.plot(x, y, color=FAST, linewidth=1.2, solid_joinstyle="round")[0]
    start = axes.plot(x[0], y[0], "o", color=INK, markersize=4)[0]
    end_row, end_column = divmod(target, columns)
    star = axes.plot(
        end_column,
        end_row,
        "*",
        color=tint(FAST, 0.35),
        markeredgecolor=INK,
        markeredgewidth=0.5,
        markersize=9,
    )[0]
    axes.set_title(title, fontsize=6.5, color=INK if title else GREY)
    return [*drawn, line, start, star]
