"""Panels about units: what they code, what can be read out of them, how alike their states are, where they go.

Wang et al. 2018, Fig. 2e (bars are means over units, dots are units) and Fig. 4c (states by condition); Botvinick et
al. 2019, Box 4, Fig. A-B.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from fastslow.figures import marks
from fastslow.figures.panels_state_space import component_labels
from fastslow.figures.style import GREY, INK, LOSS_MAP, PALE, look, panel

WORDS = {
    "last_action": "last\naction",
    "last_reward": "last\nreward",
    "last_action*last_reward": "action x\nreward",
    "relative_value": "relative\nvalue",
}
"""Variables as they are written under an axis; others keep their names."""


def word(variable: str) -> str:
    return WORDS.get(variable, marks.wrapped(variable.replace("_", " ").replace("*", " x "), 10))


@panel
def coding(axes: Axes, units: pd.DataFrame, legend: bool = True) -> dict[tuple[str, str], Artist]:
    """How strongly units code each variable: a bar for the mean, a dot per unit, a band for shuffled trials.

    **Arguments**: `units` from `analysis.unit_coding`, with a column name (who), variable, partial_r, shuffled_mean
    and shuffled_p99; units without a number are not drawn.

    **Returns**: the bar of each (name, variable).
    """
    marks.need(units, "name", "variable", "partial_r", "shuffled_mean", "shuffled_p99")
    known = units[units["partial_r"].notna()]
    names, variables = marks.in_order(units), marks.in_order(units, "variable")
    width = 0.8 / len(names)
    artists: dict[tuple[str, str], Artist] = {}
    for j, variable in enumerate(variables):
        for i, name in enumerate(names):
            rows = known[(known["name"] == name) & (known["variable"] == variable)]
            if len(rows) == 0:
                continue
            at, style = j + (i - (len(names) - 1) / 2) * width, look(name)
            row = pd.Series({"mean": rows["partial_r"].mean()})
            made = marks.bar(axes, at, row, width * 0.9, style, filled=i == 0)
            artists[name, variable] = made
            if j == 0:
                made.set_label(style.label)
            marks.dots(axes, at, rows["partial_r"].to_numpy(float), width * 0.7)
            low, high = rows["shuffled_mean"].mean(), rows["shuffled_p99"].mean()
            edges = np.array([at - width / 2, at + width / 2])
            axes.fill_between(edges, low, high, color=GREY, alpha=0.55, linewidth=0, zorder=6)
    axes.set_xticks(range(len(variables)), [word(variable) for variable in variables])
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.5, len(variables) - 0.5)
    axes.set_ylim(0, 1)
    axes.set_ylabel("|partial correlation|")
    if legend:
        handles = [Patch(color=GREY, alpha=0.55, label="shuffled trials, mean to 99 %")]
        above(axes, [*axes.get_legend_handles_labels()[0], *handles])
    return artists


@panel
def proportions(
    axes: Axes, table: pd.DataFrame, alpha: float = 0.05, per_subject: pd.DataFrame | None = None
) -> dict[tuple[str, str], Artist]:
    """The proportion of units that code each variable, over subjects.

    **Arguments**: `table` with columns name, variable, mean and, where known, low and high; `alpha` the level drawn
    as a line; `per_subject` with name, variable, value: a dot each.
    """
    marks.need(table, "name", "variable", "mean")
    artists = grouped_bars(axes, table, "variable", per_subject)
    axes.axhline(alpha, color=INK, linewidth=0.6, linestyle=":")
    axes.set_ylim(0, 1)
    axes.set_ylabel("proportion of units")
    return artists


@panel
def decoding(
    axes: Axes,
    table: pd.DataFrame,
    chance: Mapping[str, float] | None = None,
    per_subject: pd.DataFrame | None = None,
    shuffled: Mapping[str, tuple[float, float]] | None = None,
) -> dict[tuple[str, str], Artist]:
    """How well variables are read out of units: correlation, or accuracy of categories.

    **Arguments**: `table` with columns name, target, mean and, where known, low and high; `chance` by target,
    drawn as a dash; `per_subject` with name, target, value: a dot each; `shuffled` by target the ends of a band, such
    as mean and greatest score of shuffled episodes.
    """
    marks.need(table, "name", "target", "mean")
    artists = grouped_bars(axes, table, "target", per_subject)
    for i, target in enumerate(marks.in_order(table, "target")):
        if chance and target in chance:
            axes.plot(
                [i - 0.45, i + 0.45], [chance[target]] * 2, color=INK, linewidth=0.9, linestyle="--", zorder=6
            )
        if shuffled and target in shuffled:
            axes.fill_between([i - 0.4, i + 0.4], *shuffled[target], color=GREY, alpha=0.55, linewidth=0)
    lowest = [table["mean"].min(), *(() if per_subject is None else per_subject["value"])]
    low = min(0.0, float(np.min(lowest)))
    axes.set_ylim(low, 1)
    axes.set_ylabel("decoded (r, or accuracy)")
    return artists


def grouped_bars(
    axes: Axes, table: pd.DataFrame, column: str, per_subject: pd.DataFrame | None = None
) -> dict[tuple[str, str], Artist]:
    names, groups = marks.in_order(table), marks.in_order(table, column)
    width = 0.8 / len(names)
    artists: dict[tuple[str, str], Artist] = {}
    for j, group in enumerate(groups):
        for i, name in enumerate(names):
            rows = table[(table["name"] == name) & (table[column] == group)]
            if len(rows) == 0:
                continue
            at = j + (i - (len(names) - 1) / 2) * width
            made = marks.bar(axes, at, rows.iloc[0], width * 0.9, look(name), filled=i == 0)
            if j == 0:
                made.set_label(look(name).label)
            artists[name, group] = made
            if per_subject is not None:
                mine = per_subject[(per_subject["name"] == name) & (per_subject[column] == group)]
                marks.dots(axes, at, mine["value"].to_numpy(float), width * 0.6)
    axes.set_xticks(range(len(groups)), [word(group) for group in groups])
    axes.tick_params(axis="x", length=0)
    marks.room_beside(axes, len(groups))
    if len(names) > 1:
        above(axes, axes.get_legend_handles_labels()[0])
    return artists


def above(axes: Axes, handles: list[Artist]) -> None:
    """A legend over the axes, since bars and dots may fill them."""
    axes.legend(
        handles=handles,
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=4,
        borderpad=0.1,
        columnspacing=1.2,
    )


@panel
def dissimilarity_matrix(axes: Axes, matrix: pd.DataFrame, label: str = "dissimilarity") -> AxesImage:
    """Dissimilarities of all pairs of conditions (square table, labels on both axes); darker is less alike."""
    values = matrix.to_numpy(float)
    image = axes.imshow(values, cmap=LOSS_MAP, vmin=0)
    words = [str(name).replace(" ", "\n").replace("_", " ") for name in matrix.index]
    axes.set_xticks(range(len(words)), words, rotation=90)
    axes.set_yticks(range(len(words)), words)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0)
    bar = axes.figure.colorbar(image, ax=axes, pad=0.02, shrink=0.9)
    bar.set_label(label)
    bar.outline.set_visible(False)
    return image


@panel
def condition_paths(
    axes: Axes,
    table: pd.DataFrame,
    colours: Mapping[str, str] | None = None,
    explained: np.ndarray | None = None,
    legend: bool = True,
) -> dict[str, list[Line2D]]:
    """Mean path of each condition through PC1-PC2, first trial hollow, last filled; colours by condition.

    **Arguments**: `table` as from `analysis.trajectories.mean_trajectories`; `colours` by condition (otherwise as
    `style.look` has them); `explained` part of the variance along each component.
    """
    marks.need(table, "condition", "trial", "pc1", "pc2")
    artists: dict[str, list[Line2D]] = {}
    for condition in marks.in_order(table, "condition"):
        rows = table[table["condition"].astype(str) == condition].sort_values("trial")
        x, y = rows["pc1"].to_numpy(), rows["pc2"].to_numpy()
        colour = (colours or {}).get(condition, look(condition).colour)
        # A path of hundreds of trials is a cloud: fainter, so that its ends are seen.
        faint = {"linewidth": 1.0} if len(x) <= 60 else {"linewidth": 0.4, "alpha": 0.6}
        path = axes.plot(x, y, "-", color=colour, label=look(condition).label, **faint)[0]
        ends = {"color": colour, "markersize": 4.5, "zorder": 5}
        start = axes.plot(x[:1], y[:1], "o", markerfacecolor="white", **ends)[0]
        end = axes.plot(x[-1:], y[-1:], "o", **ends)[0]
        artists[condition] = [path, start, end]
    axes.axhline(0, color=PALE, linewidth=0.6, zorder=0)
    axes.axvline(0, color=PALE, linewidth=0.6, zorder=0)
    component_labels(axes, explained)
    if legend:
        axes.legend(loc="best")
    return artists
