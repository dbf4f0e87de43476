"""The marks that panels are made of: a curve with its band, a bar with its interval, one dot per subject.

Tables hold means and intervals under the names mean, low and high; a table without low and high has no
interval.
"""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Annotation, Text
from matplotlib.ticker import MaxNLocator
from scipy.optimize import isotonic_regression

from fastslow.errors import UserError, check, nearest
from fastslow.figures.style import GREY, INK, Look, look, tint

SHRINK = {"shrinkA": 1, "shrinkB": 0}
"""Points left free at both ends of a leader, at the label and at the curve."""


def need(table: pd.DataFrame, *names: str) -> None:
    """Raise `UserError` unless the table to be drawn has rows and these columns."""
    for name in names:
        if name not in table.columns:
            raise UserError(
                f"The table to draw has no column '{name}'{nearest(name, map(str, table.columns))}"
            )
    check(len(table) > 0, "The table to draw is empty; give it at least one row.")


def intervals(table: pd.DataFrame) -> bool:
    """Whether the table says how sure its means are."""
    return {"low", "high"} <= set(table.columns) and bool(table[["low", "high"]].notna().all(axis=None))


def curve(
    axes: Axes, x: np.ndarray, rows: pd.DataFrame, style: Look, label: str | None = None
) -> list[Artist]:
    """A line through the means and, where there are intervals, a band around it."""
    line = axes.plot(x, rows["mean"], color=style.colour, linestyle=style.line, label=label or style.label)[0]
    if not intervals(rows):
        return [line]
    band = axes.fill_between(x, rows["low"], rows["high"], color=style.colour, alpha=0.22, linewidth=0)
    return [line, band]


def threads(axes: Axes, per_subject: pd.DataFrame, place: str) -> list[Line2D]:
    """A thin pale line for each subject, beneath the curves of means.

    **Arguments**: `per_subject` with columns name, subject, value and `place`, the column along the axis.
    """
    made = []
    for (name, _), rows in per_subject.groupby(["name", "subject"], sort=False):
        ordered, colour = rows.sort_values(place), tint(look(name).colour)
        made += axes.plot(ordered[place], ordered["value"], color=colour, linewidth=0.5, zorder=1)
    return made


def blank(axes: Axes, why: str) -> Text:
    """Axes with nothing but the reason why nothing is drawn."""
    axes.set_axis_off()
    return axes.text(
        0.5, 0.5, wrapped(why, 36), ha="center", va="center", color=GREY, transform=axes.transAxes
    )


def whole_ticks(axes: Axes, numbers: Sequence | np.ndarray, most: int = 12) -> None:
    """A tick at every number along the axis while they are few, else at whole ones with room between."""
    if len(numbers) <= most:
        axes.set_xticks(list(numbers))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(most - 2, integer=True))


def bar(
    axes: Axes, at: float | int, row: pd.Series, width: float, style: Look, filled: bool = True
) -> Rectangle:
    """One bar up to row["mean"]; hollow and hatched where not `filled` (rare transitions, residuals)."""
    face = style.colour if filled else "white"
    hatch = None if filled else "//////"
    made = axes.bar(
        at, row["mean"], width, facecolor=face, edgecolor=style.colour, linewidth=0.9, hatch=hatch
    )
    whisker(axes, at, row)
    return made.patches[0]


def whisker(axes: Axes, at: float | int, row: pd.Series) -> None:
    """The interval of a bar or point, if it has one."""
    if {"low", "high"} <= set(row.index) and np.isfinite([row["low"], row["high"]]).all():
        axes.plot([at, at], [row["low"], row["high"]], color=INK, linewidth=0.9, zorder=5)


def row_dot(axes: Axes, at: float | int, row: pd.Series, style: Look) -> Line2D:
    """A dot at row["mean"] in the row at this height, and its interval, if it has one."""
    if {"low", "high"} <= set(row.index) and np.isfinite([row["low"], row["high"]]).all():
        axes.plot([row["low"], row["high"]], [at, at], color=style.colour, linewidth=1.4, zorder=3)
    dot = axes.plot(row["mean"], at, style.marker, color=style.colour, markersize=4.5, zorder=4)[0]
    dot.set(markeredgecolor=INK, markeredgewidth=0.4)
    return dot


def name_rows(axes: Axes, labels: Sequence[str], width: int = 20) -> None:
    """Names beside rows at 0, 1, ..., the first on top."""
    axes.set_yticks(range(len(labels)), [wrapped(label, width) for label in labels])
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)


def dots(axes: Axes, at: float | int, values: np.ndarray, width: float) -> Line2D | None:
    """One dot per subject, spread over the width in a fixed order; fainter where there are many."""
    if len(values) == 0:
        return None
    spread = ((np.arange(len(values)) * 0.6180339887) % 1 - 0.5) * width * (len(values) > 1)
    alpha = float(np.clip(12 / len(values), 0.25, 0.85))
    size = 2.4 if len(values) <= 30 else 1.5
    return axes.plot(
        at + spread,
        values,
        linestyle="none",
        marker="o",
        markersize=size,
        markerfacecolor="white",
        markeredgecolor=INK,
        markeredgewidth=0.45,
        alpha=alpha,
        zorder=6,
        clip_on=False,
    )[0]


def published(
    axes: Axes,
    at: float | int,
    value: float | int,
    width: float,
    label: str | None = None,
    error: float | int = 0.0,
) -> Line2D:
    """The published value, as a wide dash across its bar, with a white rim so that it shows on any colour.

    Its standard error, where it is known, stands beside the middle, where the interval of what was measured is.
    """
    half = width / 2
    axes.plot([at - half, at + half], [value, value], color="white", linewidth=2.2, zorder=3)
    if error > 0:
        beside, span = [at + 0.6 * half] * 2, [value - error, value + error]
        axes.plot(beside, span, color="white", linewidth=1.6, zorder=3)
        axes.plot(beside, span, color=INK, linewidth=0.7, zorder=4)
    return axes.plot([at - half, at + half], [value, value], color=INK, linewidth=1.3, zorder=4, label=label)[
        0
    ]


def in_order(table: pd.DataFrame, column: str = "name") -> list[str]:
    """The distinct values of a column in the order in which the table brings them."""
    return [str(value) for value in pd.unique(table[column])]


def rows_of(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The rows of those who are to be drawn, in the order of `names`; who has none is left out."""
    return pd.concat([table[table["name"] == name] for name in names], ignore_index=True)


def name_bars(axes: Axes, labels: list[str], lean: int = 30) -> None:
    """Names under bars at 0, 1, ...: a few, or short ones, stand level; others lean (degrees) so as not to touch."""
    level = len(labels) < 4 or max(map(len, labels)) < 5
    leaning = {} if level else {"rotation": lean, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(
        range(len(labels)), [wrapped(label, 14) if level else label for label in labels], **leaning
    )


def room_beside(axes: Axes, count: int, margin: float = 0.6) -> None:
    """The range of an axis with bars at 0, 1, ...; a single bar does not fill it."""
    margin += 0.7 * (count == 1)
    axes.set_xlim(-margin, count - 1 + margin)


def wrapped(label: str, width: int) -> str:
    """The label broken into lines of at most `width` characters, between words."""
    return "\n".join(textwrap.wrap(label, width, break_long_words=False, break_on_hyphens=False))


def end_labels(axes: Axes, ends: Mapping[str, tuple[float, str]]) -> dict[str, Annotation]:
    """Labels to the right of the axes at the heights of what they name, moved apart where they would touch.

    Call it last: heights are found from the limits of the axes.

    **Arguments**: `ends` height and colour by label.
    """
    if not ends:
        return {}
    bottom, top = axes.get_ylim()
    # Axes take about 80 % of their cell once labels and titles have their room; a line takes 8 points.
    points = 0.8 * axes.get_position().height * axes.figure.get_figheight() * 72
    labels = sorted(ends, key=lambda label: ends[label][0])
    lines = np.array([label.count("\n") + 1 for label in labels])
    offsets = np.concatenate([[0.0], np.cumsum(8 * (lines[1:] + lines[:-1]) / 2 / points)])
    # Least squares under the constraint that no two touch: an isotonic regression of heights less offsets.
    wanted = np.array([(ends[label][0] - bottom) / (top - bottom) for label in labels])
    places = np.clip(isotonic_regression(wanted - offsets).x, 0, max(0.0, 1 - offsets[-1])) + offsets
    made = {}
    for label, place in zip(labels, places, strict=True):
        level, colour = ends[label]
        made[label] = axes.annotate(
            label,
            (1.0, (level - bottom) / (top - bottom)),
            (1.05, place),
            xycoords="axes fraction",
            textcoords="axes fraction",
            va="center",
            fontsize=6.5,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.6, "relpos": (0, 0.5)} | SHRINK,
        )
    return made


def headroom(axes: Axes, share: float) -> None:
    """Room for a legend above what is drawn, `share` of its height, without ticks in it."""
    low, high = axes.get_ylim()
    ticks = [tick for tick in axes.get_yticks() if low <= tick <= high]
    axes.set_ylim(low, high + share * (high - low))
    axes.set_yticks(ticks)


def cell(table: pd.DataFrame, **where: str | float) -> pd.Series:
    """The one row of the table with these values; `UserError` where there is none."""
    chosen = table[np.logical_and.reduce([table[column] == value for column, value in where.items()])]
    check(
        len(chosen) > 0,
        f"The table to draw has no row for {', '.join(map(str, where.values()))}; add it or leave all out.",
    )
    return chosen.iloc[0]
