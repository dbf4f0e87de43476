"""Panels about scores over runs and games: aggregates, profiles, learning curves, frames to a threshold.

Agarwal et al. 2021 (intervals in rows, performance profiles).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from fastslow.figures import marks
from fastslow.figures.style import GREY, PALE, look, panel

ROW = 5.5
"""Height of a row, mm."""


def height_of(rows: int, row: float = ROW) -> float:
    """Height in mm of a panel with so many rows, its axis and title included."""
    return max(38.0, 20.0 + row * rows)


@panel
def interval_rows(
    axes: Axes,
    table: pd.DataFrame,
    xlabel: str,
    line: float | int | None = None,
    edge: float | int = np.inf,
) -> dict[str, Artist]:
    """A row per name: its number as a dot, and the interval. What is infinite ends at the edge, as an arrow.

    **Arguments**: `table` with columns name, mean and, where known, low, high, label (what stands beside the row, if
    not the name's own) and who (whose look it has, if not the name's); `line` a value to be compared with; `edge` where
    what is infinite ends.

    **Returns**: by name, the dot or arrow.
    """
    marks.need(table, "name", "mean")
    artists: dict[str, Artist] = {}
    labels = []
    for y, (_, row) in enumerate(table.iterrows()):
        style = look(str(row.get("who", row["name"])))
        if np.isinf(row["mean"]):
            artists[row["name"]] = axes.plot(edge, y, ">", color=style.colour, markersize=4.5)[0]
        else:
            artists[row["name"]] = marks.row_dot(axes, y, row.replace(np.inf, edge), style)
        labels.append(str(row.get("label", look(str(row["name"])).label)))
    if line is not None:
        axes.axvline(line, color=GREY, linewidth=0.8, linestyle=":", zorder=0)
    marks.name_rows(axes, labels, 26)
    axes.set_xlabel(xlabel)
    return artists


@panel
def score_curves(
    axes: Axes, table: pd.DataFrame, ylabel: str, threshold: float | int | None = None, legend: bool = True
) -> dict[str, list[Artist]]:
    """Learning curves: a line per name over the frames of experience (on a log axis), with its band.

    **Arguments**: `table` with columns name, frames, mean and, where known, low and high; `threshold` a score to mark.

    **Returns**: by name, the line and its band.
    """
    marks.need(table, "name", "frames", "mean")
    artists: dict[str, list[Artist]] = {}
    for name in marks.in_order(table):
        rows = table[table["name"] == name].sort_values("frames")
        style = look(name)
        artists[name] = marks.curve(axes, rows["frames"].to_numpy(float), rows, style)
        artists[name][0].set(marker=style.marker, markersize=3)
    if threshold is not None:
        axes.axhline(threshold, color=GREY, linewidth=0.8, linestyle=":", zorder=0)
    frames_axis(axes, (float(table["frames"].min()), float(table["frames"].max())))
    axes.set_ylabel(ylabel)
    if legend:
        axes.legend(loc="best")
    return artists


@panel
def profiles(axes: Axes, table: pd.DataFrame, of: str = "runs") -> dict[str, list[Artist]]:
    """Share of runs (or games) whose score is above each threshold, a line per name with its band.

    **Arguments**: `table` with columns name, threshold, mean and, where known, low and high.

    **Returns**: by name, the line and its band.
    """
    marks.need(table, "name", "threshold", "mean")
    artists: dict[str, list[Artist]] = {}
    for name in marks.in_order(table):
        rows = table[table["name"] == name].sort_values("threshold")
        artists[name] = marks.curve(axes, rows["threshold"].to_numpy(float), rows, look(name))
    axes.set_xlabel("score τ")
    axes.set_ylabel(f"share of {of} with score > τ")
    axes.set_ylim(-0.02, 1.02)
    axes.legend(loc="upper right")
    return artists


@panel
def arrivals(axes: Axes, table: pd.DataFrame, span: tuple[float, float]) -> dict[str, list[Artist]]:
    """Share of runs that reached a threshold, over frames (Kaplan-Meier), a staircase per name; ticks: runs given up.

    **Arguments**: `table` with columns name, frames, share (that has arrived by then), given_up (whether a run ended
    there without), ordered by frames within each name; `span` the first and last checkpoint there is.

    **Returns**: by name, the staircase and, where runs were given up, their ticks.
    """
    marks.need(table, "name", "frames", "share", "given_up")
    artists: dict[str, list[Artist]] = {}
    for name in marks.in_order(table):
        rows, style = table[table["name"] == name], look(name)
        # Nobody knows how it goes on where the last run was given up.
        end = span[1] if rows["share"].iloc[-1] == 1 else rows["frames"].iloc[-1]
        frames = np.concatenate([[span[0]], rows["frames"], [end]])
        share = np.concatenate([[0.0], rows["share"], rows["share"].tail(1)])
        stairs = axes.plot(
            frames, share, style.line, color=style.colour, drawstyle="steps-post", label=style.label
        )
        lost = rows[rows["given_up"]]
        artists[name] = stairs
        if len(lost):
            ticks = axes.plot(
                lost["frames"], lost["share"], "|", color=style.colour, markersize=5, clip_on=False
            )
            artists[name] = [*stairs, *ticks]
    axes.axhline(0.5, color=PALE, linewidth=0.8, zorder=0)
    frames_axis(axes, span)
    axes.set_ylim(-0.02, 1.02)
    axes.set_ylabel("share of runs that arrived")
    return artists


@panel
def by_game(axes: Axes, table: pd.DataFrame, games: Sequence[str]) -> dict[str, list[Artist]]:
    """Human-normalised scores: a row per game, a dot with its interval per name.

    **Arguments**: `table` with columns name, game, mean and, where known, low and high; `games` from top to bottom.

    **Returns**: by name, its dots.
    """
    marks.need(table, "name", "game", "mean")
    names = marks.in_order(table)
    place = {game: y for y, game in enumerate(games)}
    for y in range(0, len(games), 2):
        axes.axhspan(y - 0.5, y + 0.5, color=PALE, alpha=0.35, linewidth=0, zorder=0)
    artists: dict[str, list[Artist]] = {name: [] for name in names}
    for i, name in enumerate(names):
        offset = (i - (len(names) - 1) / 2) * 0.7 / len(names)
        for _, row in table[table["name"] == name].iterrows():
            dot = marks.row_dot(axes, place[row["game"]] + offset, row, look(name))
            dot.set_markersize(3.2)
            artists[name].append(dot)
        artists[name][0].set_label(look(name).label)
    if table["mean"].max() > 3 or table["mean"].min() < -3:
        # A few games' scores are many times a person's and would hide all others.
        axes.set_xscale("symlog", linthresh=1.0, linscale=1.5)
        bottom, top = float(table["mean"].min()), float(table["mean"].max())
        ticks = [t for t in (-10, -1, 0, 0.5, 1, 2, 5, 10, 20, 50, 100) if min(bottom, 0) <= t <= top]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.xaxis.set_minor_locator(NullLocator())
    for level in (0.0, 1.0):
        axes.axvline(level, color=GREY, linewidth=0.8, linestyle=":", zorder=0)
    marks.name_rows(axes, [game.replace("_", " ") for game in games], 30)
    axes.set_xlabel("human-normalised score (0: random policy, 1: person)")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4)
    return artists


def frames_axis(axes: Axes, span: tuple[float, float], label: str = "frames") -> None:
    """An axis of frames from the first checkpoint to the last: logarithmic where these are far apart."""
    low, high = span
    if low > 0 and high > 3 * low:
        axes.set_xscale("log")
        room = (high / low) ** 0.04
        axes.set_xlim(low / room, high * room)
        powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
        for steps in ((1, 2, 5), (1, 3), (1,)):
            ticks = [step * power for power in powers for step in steps if low <= step * power <= high]
            if len(ticks) <= 4:
                break
        axes.set_xticks(ticks)
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda number, _: short(number)))
    axes.set_xlabel(label)


def short(frames: float | int) -> str:
    """A number of frames as people write it: 200k, 1.5M."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if frames >= size:
            return f"{frames / size:.4g}{unit}"
    return f"{frames:.4g}"
