"""Panels that hold a measured table against a published one."""

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from fastslow.figures import marks
from fastslow.figures.style import GREY, INK, PALE, look, panel


@panel
def beside_published(
    axes: Axes, table: pd.DataFrame, xlabel: str, bound: float | None = None
) -> dict[str, list[Artist]]:
    """A row per player: measured (dot, interval), published (line) and two standard errors of that (band).

    **Arguments**: `table` with columns player, mean, published, published_error (NaN: not published) and, where
    known, low and high; `bound` what no player can exceed on average, if known.

    **Returns**: by player, the dot and, where there is one, the published line.
    """
    marks.need(table, "player", "mean", "published", "published_error")
    artists: dict[str, list[Artist]] = {}
    names = marks.in_order(table, "player")
    for y, name in enumerate(names):
        row = table[table["player"] == name].iloc[0]
        style = look(name)
        if np.isfinite(row["published"]):
            half = 2 * row["published_error"]
            axes.barh(y, 2 * half, 0.7, row["published"] - half, color=PALE, zorder=1)
            line = axes.plot([row["published"]] * 2, [y - 0.35, y + 0.35], color=INK, linewidth=1.2, zorder=2)
        else:
            line = []
        artists[name] = [marks.row_dot(axes, y, row, style), *line]
    if bound is not None:
        axes.axvline(bound, color=GREY, linewidth=0.8, linestyle=":", zorder=0)
    marks.name_rows(axes, [look(name).label for name in names])
    axes.set_xlabel(xlabel)
    return artists
