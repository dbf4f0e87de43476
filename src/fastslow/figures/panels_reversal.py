"""Panels about reversal learning: how often the better arm is chosen around a reversal, and over a session."""

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from fastslow.figures import marks
from fastslow.figures.style import GREY, look, panel


@panel
def accuracy_around_reversal(
    axes: Axes,
    table: pd.DataFrame,
    chance: float | None = None,
    per_subject: pd.DataFrame | None = None,
    labels: bool = True,
) -> dict[str, list[Artist]]:
    """One curve per `name` around the reversal: agents, observers and people alike.

    **Arguments**: `table` with columns name, position (0: the first trial after a reversal, drawn as 1; before it
    -1, -2, ...), mean and, where known, low and high; `chance` a level to mark; `per_subject` with name, subject,
    position, value: a thin line each.

    **Returns**: by name, its line and band.
    """
    marks.need(table, "name", "position", "mean")
    # There is no trial 0: the last before is -1, the first after is 1, and the reversal lies between.
    places = table.assign(place=table["position"] + 0.5)
    artists = curves(axes, places, "place", chance)
    if per_subject is not None:
        marks.threads(axes, per_subject.assign(place=per_subject["position"] + 0.5), "place")
    axes.axvline(0, color=GREY, linewidth=0.8, linestyle=":")
    if chance is not None:
        axes.annotate(
            "chance", (1, chance), xycoords=("axes fraction", "data"), ha="right", va="bottom", color=GREY
        )
    first, last = int(table["position"].min()), int(table["position"].max())
    shown = [p for p in range(first, last + 1) if p == 0 or (p + (p >= 0)) % 5 == 0]
    axes.set_xticks([p + 0.5 for p in shown], [f"{p + (p >= 0):+d}".replace("-", "−") for p in shown])
    axes.set_xlabel("trial before and after a reversal")
    if not labels:
        return artists
    ends = {name: float(lines[0].get_ydata()[-1]) for name, lines in artists.items()}
    marks.end_labels(axes, {marks.wrapped(look(n).label, 18): (ends[n], look(n).colour) for n in ends})
    return artists


@panel
def accuracy_by_trial(
    axes: Axes, table: pd.DataFrame, chance: float | None = None, per_subject: pd.DataFrame | None = None
) -> dict[str, list[Artist]]:
    """One curve per `name` over the session.

    **Arguments**: `table` with columns name, trial (from 0, drawn from 1), mean and, where known, low and high;
    `per_subject` with name, subject, trial, value: a thin line each.
    """
    marks.need(table, "name", "trial", "mean")
    artists = curves(axes, table.assign(place=table["trial"] + 1), "place", chance)
    if per_subject is not None:
        marks.threads(axes, per_subject.assign(place=per_subject["trial"] + 1), "place")
    axes.set_xlabel("trial")
    return artists


def curves(axes: Axes, table: pd.DataFrame, place: str, chance: float | None) -> dict[str, list[Artist]]:
    artists = {}
    for name in marks.in_order(table):
        rows = table[table["name"] == name].sort_values(place)
        artists[name] = marks.curve(axes, rows[place].to_numpy(), rows, look(name))
    if chance is not None:
        axes.axhline(chance, color=GREY, linewidth=0.6, linestyle="--", zorder=0)
    axes.set_ylim(0, 1)
    if table[place].nunique() > 1:
        axes.set_xlim(table[place].min(), table[place].max())
    axes.set_ylabel("P(better arm)")
    return artists
