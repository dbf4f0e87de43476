"""Panels about bandits: regret curves, action rasters, train x test matrices, first pulls, learning rates.

Wang et al. 2016, Figs 2-4; Wang et al. 2018, Fig. 1c-d; Botvinick et al. 2019, Box 3, Fig. A-B.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.image import AxesImage
from matplotlib.transforms import ScaledTranslation

from fastslow.figures import marks
from fastslow.figures.style import ARMS, GREY, INK, LOSS_MAP, PALE, look, panel, tint


@panel
def regret_curves(
    axes: Axes,
    table: pd.DataFrame,
    ylabel: str = "cumulative regret",
    labels: bool = True,
    per_subject: pd.DataFrame | None = None,
) -> dict[str, list[Artist]]:
    """One curve per `name` over trials, with its band: agents and observers alike (Wang 2018, Fig. 1d).

    **Arguments**: `table` with columns name, trial (from 0, drawn from 1), mean and, where known, low and
    high; `per_subject` with name, subject, trial, value: a thin line each.

    **Returns**: by name, the line and its band.
    """
    marks.need(table, "name", "trial", "mean")
    artists = {}
    for name in marks.in_order(table):
        rows = table[table["name"] == name].sort_values("trial")
        artists[name] = marks.curve(axes, rows["trial"].to_numpy() + 1, rows, look(name))
    if per_subject is not None:
        marks.threads(axes, per_subject.assign(place=per_subject["trial"] + 1), "place")
    axes.set_xlabel("trial")
    axes.set_ylabel(ylabel)
    if table["trial"].nunique() > 1:
        axes.set_xlim(table["trial"].min() + 1, table["trial"].max() + 1)
    axes.set_ylim(bottom=min(0.0, float(table["mean"].min())))
    if labels:
        last = {name: float(lines[0].get_ydata()[-1]) for name, lines in artists.items()}
        axes.set_ylim(axes.get_ylim())
        marks.end_labels(axes, {marks.wrapped(look(n).label, 18): (last[n], look(n).colour) for n in last})
    return artists


@panel
def action_raster(axes: Axes, trials: pd.DataFrame, title: str = "", legend: bool = True) -> AxesImage:
    """Choices of one agent on one bandit: a row per episode, a colour per arm (Wang 2018, Fig. 1c).

    **Arguments**: `trials` with columns episode, trial, action (0 left, 1 right; others are left white).
    """
    marks.need(trials, "episode", "trial", "action")
    grid = trials.pivot(index="episode", columns="trial", values="action").to_numpy(float)
    shown = np.ma.masked_where(~np.isin(grid, (0, 1)), grid)
    image = axes.imshow(
        shown,
        cmap=ListedColormap(ARMS),
        vmin=0,
        vmax=1,
        aspect="auto",
        interpolation="nearest",
        extent=(0.5, grid.shape[1] + 0.5, grid.shape[0] + 0.5, 0.5),
    )
    axes.set_xlabel("trial", loc="left" if legend else "center")
    axes.set_ylabel("episode")
    axes.set_title(title)
    if legend:
        handles = [
            axes.plot([], [], "s", color=c, markeredgecolor=GREY, markeredgewidth=0.4)[0] for c in ARMS
        ]
        below = ScaledTranslation(0, -10 / 72, axes.figure.dpi_scale_trans)
        axes.legend(
            handles,
            ["left", "right"],
            loc="upper right",
            bbox_to_anchor=(1.0, 0.0),
            bbox_transform=axes.transAxes + below,
            ncols=2,
            borderpad=0.1,
            handletextpad=0.2,
            columnspacing=0.8,
        )
    return image


def short(value: float) -> str:
    """A number as a narrow cell can hold it: 9.87, but 12.3."""
    return f"{value:.2f}" if abs(value) < 9.995 else f"{value:.1f}"


@panel
def regret_matrix(axes: Axes, table: pd.DataFrame) -> AxesImage:
    """Mean regret for each training (row) and test (column) distribution, its interval in the cell.

    The colour compares within a column: how many times the regret of the agent that does best in this test.

    **Arguments**: `table` with columns train, test, mean and, where known, low and high, one row per cell.
    """
    marks.need(table, "train", "test", "mean")
    rows, columns = marks.in_order(table, "train"), marks.in_order(table, "test")
    cells = table.set_index(["train", "test"])
    mean = cells["mean"].unstack().loc[rows, columns].to_numpy(float)
    ratio = mean / np.maximum(np.nanmin(mean, axis=0), 1e-12)
    darkest = float(np.clip(np.nanmax(ratio), 2.0, 5.0))
    image = axes.imshow(ratio, cmap=LOSS_MAP, vmin=1.0, vmax=darkest, aspect="auto")
    for i, train in enumerate(rows):
        for j, test in enumerate(columns):
            if (train, test) not in cells.index:
                continue
            cell = cells.loc[(train, test)]
            text = short(cell["mean"])
            if marks.intervals(table):
                text += f"\n[{short(cell['low'])}, {short(cell['high'])}]"
            red, green, blue, _ = image.cmap(image.norm(ratio[i, j]))
            dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.5
            axes.text(
                j,
                i,
                text,
                ha="center",
                va="center",
                fontsize=6,
                color="white" if dark else INK,
                linespacing=1.3,
            )
    axes.set_xticks(range(len(columns)), [name.replace("_", " ") for name in columns])
    axes.set_yticks(range(len(rows)), [name.replace("_", " ") for name in rows])
    axes.tick_params(length=0)
    axes.set_xlabel("tested on")
    axes.set_ylabel("trained on")
    axes.spines[:].set_visible(False)
    bar = axes.figure.colorbar(
        image, ax=axes, shrink=0.8, pad=0.02, extend="max" if np.nanmax(ratio) > darkest else "neither"
    )
    bar.set_label("regret / best of the column")
    bar.outline.set_visible(False)
    return image


@panel
def first_pulls(axes: Axes, table: pd.DataFrame, informative: int | None = None) -> dict[str, list[Artist]]:
    """How often each arm is pulled first, by name: the informative arm at once, if its use was learned.

    **Arguments**: `table` with columns name, arm (from 0, drawn from 1), mean and, where known, low and high;
    `informative` the arm (from 0) to mark.
    """
    marks.need(table, "name", "arm", "mean")
    names = marks.in_order(table)
    width = 0.8 / len(names)
    artists: dict[str, list[Artist]] = {}
    for i, name in enumerate(names):
        rows = table[table["name"] == name].sort_values("arm")
        at = rows["arm"].to_numpy() + 1 + (i - (len(names) - 1) / 2) * width
        artists[name] = [
            marks.bar(axes, x, row, 0.92 * width, look(name))
            for x, (_, row) in zip(at, rows.iterrows(), strict=True)
        ]
        artists[name][0].set_label(look(name).label)
    arms = int(table["arm"].max()) + 1
    axes.set_xticks(range(1, arms + 1))
    axes.set_xlim(0.4, arms + 0.6)
    axes.set_ylim(0, 1)
    if informative is not None:
        axes.axvspan(informative + 0.5, informative + 1.5, color=PALE, alpha=0.5, zorder=0)
        axes.text(informative + 0.4, 0.97, "informative arm", ha="right", va="top", color=GREY)
    axes.set_xlabel("arm")
    axes.set_ylabel("P(pulled first)")
    axes.legend(loc="center left")
    return artists


@panel
def return_bars(
    axes: Axes,
    table: pd.DataFrame,
    per_subject: pd.DataFrame | None = None,
    anchors: Mapping[str, float] | None = None,
    ylabel: str = "return per episode",
    who: str = "",
) -> dict[str, Artist]:
    """One bar per name with its interval, one dot per subject, and a labelled line for each anchor.

    **Arguments**: `table` with columns name, mean and, where known, low and high; `per_subject` with columns
    name, value; `anchors` value by label, as known from theory; `who` whose all bars are, for the colour, where
    names are measures (otherwise each name has its own).
    """
    marks.need(table, "name", "mean")
    artists: dict[str, Artist] = {}
    names = marks.in_order(table)
    for i, name in enumerate(names):
        style = look(who or name)
        artists[name] = marks.bar(axes, i, table[table["name"] == name].iloc[0], 0.62, style)
        if per_subject is not None:
            values = per_subject.loc[per_subject["name"] == name, "value"].to_numpy(float)
            marks.dots(axes, i, values, 0.36)
    for label, value in (anchors or {}).items():
        artists[label] = axes.axhline(value, color=GREY, linewidth=0.8, linestyle=":", zorder=0)
    marks.room_beside(axes, len(names))
    axes.set_ylim(axes.get_ylim())
    marks.end_labels(axes, {f"{label} {value:g}": (value, GREY) for label, value in (anchors or {}).items()})
    marks.name_bars(axes, [look(name).label for name in names])
    axes.set_ylabel(ylabel)
    return artists


@panel
def learning_rates(axes: Axes, table: pd.DataFrame) -> dict[str, list[Artist]]:
    """Fitted learning rate by volatility: a thin line per subject and a thick one through the means.

    **Arguments**: `table` with columns name, subject, volatility (any labels, in the order to be drawn),
    alpha.
    """
    marks.need(table, "name", "subject", "volatility", "alpha")
    levels, names = marks.in_order(table, "volatility"), marks.in_order(table)
    artists: dict[str, list[Artist]] = {}
    for i, name in enumerate(names):
        at = np.arange(len(levels)) + (i - (len(names) - 1) / 2) * 0.12
        style = look(name)
        wide = table[table["name"] == name].pivot(index="subject", columns="volatility", values="alpha")[
            levels
        ]
        thin = [
            axes.plot(at, row, color=tint(style.colour, 0.4), linewidth=0.6)[0]
            for row in wide.to_numpy(float)
        ]
        thick = axes.plot(
            at,
            wide.mean(),
            color=style.colour,
            linestyle=style.line,
            linewidth=2,
            marker=style.marker,
            markersize=4.5,
            label=style.label,
        )[0]
        artists[name] = [thick, *thin]
    axes.set_xticks(range(len(levels)), levels)
    axes.set_xlim(-0.4, len(levels) - 0.6)
    axes.set_ylim(0, 1)
    axes.set_xlabel("blocks")
    axes.set_ylabel("fitted learning rate")
    axes.legend(loc="best")
    return artists
