"""Panels about what a cue is expected to pay, before a reversal and after one that was experienced or inferred.

Filled marks and solid lines are cues that pay (or begin to), hollow marks and dashed lines those that do not.
Bromberg-Martin et al. 2010, Fig. 3; Wang et al. 2018, Fig. 4.
"""

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from fastslow.analysis.reversal_errors import KINDS
from fastslow.figures import marks
from fastslow.figures.panels_state_space import component_labels
from fastslow.figures.style import GREY, INK, P_LEFT_MAP, look, panel

SIDES = {0: ("left pays", P_LEFT_MAP(1.0)), 1: ("right pays", P_LEFT_MAP(0.0))}


@panel
def flip_bars(
    axes: Axes, table: pd.DataFrame, per_subject: pd.DataFrame | None = None
) -> dict[tuple[str, str, bool], Artist]:
    """Prediction error at the cue by what its worth is known from, each name's six bars side by side (Fig. 4b).

    **Arguments**: `table` with columns name, kind (`KINDS`), pays, mean and, where known, low and high; `per_subject`
    with name, kind, pays, rpe: one dot each.

    **Returns**: the bar of each (name, kind, pays).
    """
    marks.need(table, "name", "kind", "pays", "mean")
    names, width = marks.in_order(table), 0.14
    artists: dict[tuple[str, str, bool], Artist] = {}
    places: dict[float, str] = {}
    for i, name in enumerate(names):
        for j, kind in enumerate(KINDS):
            places[i + (j - 1) * 0.3] = kind
            for pays in (True, False):
                chosen = table[(table["name"] == name) & (table["kind"] == kind) & (table["pays"] == pays)]
                if len(chosen) == 0:
                    continue
                at = i + (j - 1) * 0.3 + (-width / 2 if pays else width / 2)
                artists[name, kind, pays] = marks.bar(axes, at, chosen.iloc[0], width * 0.9, look(name), pays)
                if per_subject is not None:
                    mine = per_subject[
                        (per_subject["name"] == name)
                        & (per_subject["kind"] == kind)
                        & (per_subject["pays"] == pays)
                    ]
                    marks.dots(axes, at, mine["rpe"].to_numpy(float), width * 0.6)
    axes.axhline(0, color=GREY, linewidth=0.6, zorder=0)
    axes.set_xticks(list(places), list(places.values()), rotation=35, ha="right", rotation_mode="anchor")
    axes.tick_params(axis="x", length=0)
    marks.headroom(axes, 0.42)
    for i, name in enumerate(names):
        axes.annotate(
            marks.wrapped(look(name).label, 16),
            (i, 0.8),
            xycoords=("data", "axes fraction"),
            ha="center",
            va="top",
            fontweight="bold",
            fontsize=6.5,
        )
    axes.set_xlim(-0.52, len(names) - 0.48)
    axes.set_ylabel("prediction error at the cue")
    handles: list[Artist] = [
        Patch(facecolor=GREY, edgecolor=GREY, label="cue pays"),
        Patch(facecolor="white", edgecolor=GREY, hatch="//////", label="cue does not"),
    ]
    axes.legend(handles=handles, loc="upper right", ncols=2)
    return artists


@panel
def around(axes: Axes, table: pd.DataFrame, name: str = "agent") -> dict[tuple[str, str], list[Artist]]:
    """Prediction error at the cue by distance from the reversal trial, one line per change and kind of knowledge.

    **Arguments**: `table` with columns offset, change (begins, ceases), known (experienced, inferred), mean and,
    where known, low and high: `errors_around_reversal`, over subjects.
    """
    marks.need(table, "offset", "change", "known", "mean")
    colour = look(name).colour
    artists: dict[tuple[str, str], list[Artist]] = {}
    axes.axhline(0, color=GREY, linewidth=0.6, zorder=0)
    axes.axvline(0.5, color=GREY, linewidth=0.6, linestyle=":", zorder=0)
    looks = {"experienced": (colour, "o", -0.06), "inferred": (INK, "D", 0.06)}
    for (change, known), rows in table.groupby(["change", "known"], sort=False):
        rows = rows.sort_values("offset")
        shade, marker, dodge = looks[known]
        line = look(name)._replace(colour=shade, line="-" if change == "begins" else "--")
        artists[change, known] = []
        # Broken at the surprise: on its own trial there is no other cue.
        for part in (rows[rows["offset"] <= 0], rows[rows["offset"] > 0]):
            made = marks.curve(axes, part["offset"].to_numpy() + dodge, part, line)
            made[0].set(marker=marker, markerfacecolor=shade if change == "begins" else "white", markersize=3)
            artists[change, known] += made
    axes.set_xticks(sorted(table["offset"].unique()))
    axes.set_xlabel("trials from the first surprise")
    axes.set_ylabel("prediction error at the cue")
    axes.set_title(look(name).label)
    marks.headroom(axes, 0.35)
    handles = [
        Line2D([], [], color=colour, marker="o", label="cue of the surprise"),
        Line2D([], [], color=INK, marker="D", label="the other cue"),
        Line2D([], [], color=GREY, marker="o", label="begins to pay"),
        Line2D(
            [], [], color=GREY, marker="o", linestyle="--", markerfacecolor="white", label="ceases to pay"
        ),
    ]
    axes.legend(handles=handles, loc="upper center", ncols=2, columnspacing=1.0)
    return artists


@panel
def states(
    axes: Axes, table: pd.DataFrame, explained: np.ndarray | None = None, legend: bool = True
) -> dict[int, Artist]:
    """The states of a network at one event of the trial, coloured by the side that was revealed last (Fig. 4c).

    **Arguments**: `table` with columns side (0 left, 1 right), pc1, pc2; `explained` part of the variance along each
    component.
    """
    marks.need(table, "side", "pc1", "pc2")
    artists: dict[int, Artist] = {}
    for side, (label, colour) in SIDES.items():
        rows = table[table["side"] == side]
        cloud = axes.plot(
            rows["pc1"],
            rows["pc2"],
            "o",
            color=colour,
            markersize=2.4,
            alpha=0.5,
            markeredgewidth=0,
            label=label,
        )[0]
        cloud.set_rasterized(True)
        artists[side] = cloud
    component_labels(axes, explained)
    if legend:
        marks.headroom(axes, 0.2)
        axes.legend(loc="upper center", ncols=2, columnspacing=0.8, handletextpad=0.2)
    return artists
