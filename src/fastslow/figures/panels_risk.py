"""Panels of choice under risk: risky presses by odds and manipulation, and what each outcome says to the actor."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from fastslow.figures import marks
from fastslow.figures.style import GREY, INK, look, panel, tint


@panel
def risky_bars(
    axes: Axes, table: pd.DataFrame, per_subject: pd.DataFrame, manipulations: Sequence[str]
) -> dict[tuple[str, float], Artist]:
    """Risky choices at both odds, with and without each manipulation, and with it shuffled in time (Fig. 7).

    **Arguments**: `table` with columns name, p_win, mean, low, high; `per_subject` with name, p_win, subject, risky.

    **Returns**: the bar of each (name, p_win).
    """
    marks.need(table, "name", "p_win", "mean")
    names = ["control"]
    for manipulation in manipulations:
        names += [manipulation, f"{manipulation}_shuffled"]
    names += [name for name in ("bayes_risky", "untrained") if name in set(table["name"])]
    odds = sorted(table["p_win"].unique().tolist(), reverse=True)
    artists: dict[tuple[str, float], Artist] = {}
    places = {name: i + 0.35 * (i > 0) + 0.2 * ((i - 1) // 2 if i else 0) for i, name in enumerate(names)}
    for name, place in places.items():
        style = look(name.removesuffix("_shuffled"))
        if name.endswith("_shuffled"):
            style = style._replace(colour=tint(style.colour, 0.6))
        for offset, p_win in zip((-0.2, 0.2), odds, strict=True):
            row = marks.cell(table, name=name, p_win=p_win)
            artists[name, p_win] = marks.bar(axes, place + offset, row, 0.36, style, p_win == odds[0])
            chosen = (per_subject["name"] == name) & (per_subject["p_win"] == p_win)
            marks.dots(axes, place + offset, per_subject.loc[chosen, "risky"].to_numpy(float), 0.2)
    labels = ["shuffled" if name.endswith("_shuffled") else look(name).label for name in names]
    axes.set_xticks(list(places.values()), labels, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_ylim(0, 1.02)
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.set_ylabel("P(risky lever)")
    axes.legend(
        handles=[
            Patch(facecolor=GREY, edgecolor=GREY, label=f"wins with p = {odds[0]:g}: worth the risk"),
            Patch(facecolor="white", edgecolor=GREY, hatch="//////", label=f"p = {odds[-1]:g}: not"),
        ],
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=2,
        borderpad=0.1,
    )
    return artists


@panel
def error_bars(axes: Axes, table: pd.DataFrame) -> dict[str, Artist]:
    """The actor's dopamine at each outcome: `table` with columns outcome, mean, low, high."""
    marks.need(table, "outcome", "mean")
    artists = {}
    outcomes = marks.in_order(table, "outcome")
    for i, outcome in enumerate(outcomes):
        row = table[table["outcome"] == outcome].iloc[0]
        artists[outcome] = marks.bar(axes, i, row, 0.6, look("control"))
    axes.axhline(0, color=INK, linewidth=0.6)
    marks.name_bars(axes, outcomes)
    axes.set_ylabel("prediction error")
    return artists
