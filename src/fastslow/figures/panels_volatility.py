"""Panels about volatility: what is tracked, trial by trial, through a calm and a volatile half in either order.

Behrens et al. 2007, Fig. 2; Wang et al. 2018, Fig. 3.
"""

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from fastslow.figures import marks
from fastslow.figures.style import GREY, Look, look, panel, tint

ORDERS = {"calm first": "-", "volatile first": "--"}


@panel
def traces(
    axes: Axes, table: pd.DataFrame, half: float, ylabel: str, names: bool = True
) -> dict[tuple[str, str], list[Artist]]:
    """A signal by trial, one line per name and order of the halves: solid where the calm half comes first.

    **Arguments**: `table` with columns name, order (`ORDERS`), trial, mean and, where known, low and high; `half` the
    trial at which the halves meet; `names` whether the legend tells them.
    """
    marks.need(table, "name", "order", "trial", "mean")
    artists: dict[tuple[str, str], list[Artist]] = {}
    for name in marks.in_order(table):
        colour = look(name).colour
        for order, line in ORDERS.items():
            rows = table[(table["name"] == name) & (table["order"] == order)].sort_values("trial")
            if len(rows):
                shade = colour if order == "calm first" else tint(colour, 0.35)
                style = Look(look(name).label, shade, line)
                artists[name, order] = marks.curve(axes, rows["trial"].to_numpy(), rows, style)
    axes.vlines(half, *axes.get_ylim(), color=GREY, linewidth=0.6, linestyle=":", zorder=0)
    marks.headroom(axes, 0.3)
    handles: list[Artist] = [
        Line2D([], [], color=look(name).colour, label=look(name).label)
        for name in marks.in_order(table)
        if names
    ]
    handles += [Line2D([], [], color=GREY, linestyle=line, label=order) for order, line in ORDERS.items()]
    axes.legend(handles=handles, loc="upper center", ncols=2, columnspacing=1.0)
    axes.set_xlabel("trial")
    axes.set_ylabel(ylabel)
    return artists
