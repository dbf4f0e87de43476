"""Panels about the state of a network: its path over trials, and where it ends, by what it has learned.

Wang et al. 2018, Fig. 1e-f.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection

from fastslow.figures import marks
from fastslow.figures.style import GREY, INK, P_LEFT_MAP, panel


def component_labels(axes: Axes, explained: np.ndarray | None) -> None:
    for i, name in enumerate(("x", "y")):
        share = "" if explained is None else f" ({100 * explained[i]:.0f} % of variance)"
        axes.set(**{f"{name}label": f"PC{i + 1}{share}"})


@panel
def state_paths(
    axes: Axes, table: pd.DataFrame, p_left: Mapping[str, float], explained: np.ndarray | None = None
) -> dict[str, list[Artist]]:
    """Mean path of each condition in PC1-PC2, from its first trial (hollow) to its last (filled).

    **Arguments**: `table` as from `analysis.trajectories.mean_trajectories`; `p_left` by condition, for the
    colour; `explained` part of the variance along each component.

    **Returns**: by condition, the path, its start and its end.
    """
    marks.need(table, "condition", "trial", "pc1", "pc2")
    artists: dict[str, list[Artist]] = {}
    for condition in marks.in_order(table, "condition"):
        rows = table[table["condition"].astype(str) == condition].sort_values("trial")
        x, y = rows["pc1"].to_numpy(), rows["pc2"].to_numpy()
        colour = P_LEFT_MAP(p_left[condition])
        path = axes.plot(x, y, "-o", color=colour, linewidth=0.8, markersize=1.6, label=condition)[0]
        start = axes.plot(x[:1], y[:1], "o", markerfacecolor="white", markeredgecolor=GREY, markersize=5)[0]
        end = axes.plot(
            x[-1:], y[-1:], "o", color=colour, markeredgecolor=INK, markersize=6, markeredgewidth=0.6
        )[0]
        artists[condition] = [path, start, end]
    component_labels(axes, explained)
    axes.legend(title="(p left, p right)", title_fontsize=6.5, loc="best", markerscale=2)
    return artists


@panel
def end_path(axes: Axes, table: pd.DataFrame, explained: np.ndarray | None = None) -> PathCollection:
    """The states at the end of each episode, coloured by the left arm's probability.

    **Arguments**: `table` as from `analysis.trajectories.end_states`.
    """
    marks.need(table, "p_left", "pc1", "pc2")
    cloud = axes.scatter(
        table["pc1"], table["pc2"], c=table["p_left"], cmap=P_LEFT_MAP, vmin=0, vmax=1, s=9, linewidths=0
    )
    component_labels(axes, explained)
    bar = axes.figure.colorbar(cloud, ax=axes, pad=0.02, shrink=0.9, ticks=[0, 0.5, 1])
    bar.set_label("p left")
    bar.outline.set_visible(False)
    return cloud
