"""Panels about fitted models of choice: recovered parameters, recovered models, BIC of one's own subjects.

Wilson & Collins 2019 (Figs on parameter and model recovery).
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.image import AxesImage

from fastslow.analysis.recovery import correlation
from fastslow.figures import marks
from fastslow.figures.style import GREY, INK, PALE, SHARE_MAP, look, panel, tint

SYMBOLS: Mapping[str, str] = {
    "alpha": "α",
    "alpha1": "α1, learning rate 1",
    "alpha2": "α2, learning rate 2",
    "beta": "β",
    "beta1": "β1, inverse temperature 1",
    "beta2": "β2, inverse temperature 2",
    "lambda": "λ, eligibility",
    "w": "w, weight of planning",
    "p": "p, perseveration",
    "epsilon": "ε, lapses",
}
"""What parameters are called on axes."""


@panel
def recovered(axes: Axes, table: pd.DataFrame, parameter: str) -> Artist:
    """Fitted against true values of one parameter, a dot per simulated subject, with r and the diagonal.

    Estimates further from the true values than these span are drawn at the edge; r is of them as they are.

    **Arguments**: `table` with columns true and estimate of this parameter, and name, the model that was simulated.
    """
    marks.need(table, "name", "true", "estimate")
    true, estimate = (table[column].to_numpy(float) for column in ("true", "estimate"))
    span = max(float(np.ptp(true)), 1e-6)
    shown = np.clip(estimate, true.min() - span, true.max() + span)
    ends = [true.min() - 0.05 * span, true.max() + 0.05 * span]
    axes.plot(ends, ends, color=GREY, linewidth=0.8, zorder=1)
    dots = axes.plot(
        true,
        shown,
        "o",
        markersize=2.4,
        markerfacecolor="white",
        markeredgecolor=look(str(table["name"].iloc[0])).colour,
        markeredgewidth=0.6,
        alpha=0.8,
    )[0]
    axes.set_xlabel("true")
    axes.set_ylabel("fitted")
    r = correlation(true, estimate)
    axes.set_title(f"{SYMBOLS.get(parameter, parameter)}\nr = {r:.2f}", fontsize=7)
    axes.set_xlim(*ends)
    return dots


@panel
def confusion(axes: Axes, table: pd.DataFrame) -> AxesImage:
    """Share of simulated subjects (row: by whom simulated) that each model fits best (column).

    **Arguments**: `table` with columns simulated, fitted and share (0 to 1), one row per cell.
    """
    marks.need(table, "simulated", "fitted", "share")
    names = marks.in_order(table, "simulated")
    columns = marks.in_order(table, "fitted")
    grid = (
        table.pivot(index="simulated", columns="fitted", values="share").loc[names, columns].to_numpy(float)
    )
    image = axes.imshow(grid, cmap=SHARE_MAP, vmin=0, vmax=1, aspect="auto")
    for (i, j), share in np.ndenumerate(grid):
        axes.text(j, i, f"{share:.2f}", ha="center", va="center", color="white" if share > 0.55 else INK)
    labels = [look(name).label for name in columns]
    axes.set_xticks(range(len(columns)), labels, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), [marks.wrapped(look(name).label, 12) for name in names])
    axes.tick_params(length=0)
    axes.set_xlabel("fitted best")
    axes.set_ylabel("simulated")
    return image


@panel
def estimates(axes: Axes, table: pd.DataFrame, parameter: str, name: str) -> ErrorbarContainer:
    """One fitted parameter of every subject with its interval, the least first, and the mean as a line.

    **Arguments**: `table` with columns estimate, low and high, one row per subject; `name` whose they are. Intervals
    that reach beyond the estimates by far are cut off by the axes.
    """
    marks.need(table, "estimate", "low", "high")
    ordered = table.sort_values("estimate", kind="stable")
    middle, low, high = (ordered[column].to_numpy(float) for column in ("estimate", "low", "high"))
    at, style = np.arange(len(ordered)) + 1, look(name)
    thin = float(np.clip(12 / len(at), 0.2, 0.9))
    drawn = axes.errorbar(
        at,
        middle,
        [np.maximum(middle - low, 0), np.maximum(high - middle, 0)],
        fmt="o",
        color=style.colour,
        markersize=1 + 2 * thin,
        ecolor=tint(style.colour),
        elinewidth=thin,
    )
    mean = middle.mean()
    axes.axhline(mean, color=INK, linewidth=0.7, linestyle="--", zorder=0)
    reach = (middle.max() - middle.min()) or abs(mean) or 1.0
    bottom = max(float(np.nanmin(low)), middle.min() - 0.5 * reach)
    top = min(float(np.nanmax(high)), middle.max() + 0.5 * reach)
    axes.set_ylim(bottom - 0.05 * reach, top + 0.05 * reach)
    axes.set_xlim(0.2, len(at) + 0.8)
    marks.whole_ticks(axes, at, 8)
    axes.set_xlabel("subject, in order")
    axes.set_title(f"{SYMBOLS.get(parameter, parameter)}; mean {mean:.3g}", fontsize=7)
    return drawn


@panel
def bic_bars(axes: Axes, table: pd.DataFrame, title: str, who: str = "") -> dict[str, Artist]:
    """How much worse each model fits than the best one for the group: BIC per subject, a dot each.

    **Arguments**: `table` with columns subject, model and worse (BIC of the subject under the model less that under
    the group's best model); `who` whose all bars are, for the colour (otherwise each model has its own).
    """
    marks.need(table, "subject", "model", "worse")
    names = marks.in_order(table, "model")
    artists: dict[str, Artist] = {}
    for i, name in enumerate(names):
        values = table.loc[table["model"] == name, "worse"].to_numpy(float)
        artists[name] = marks.bar(axes, i, pd.Series({"mean": values.mean()}), 0.6, look(who or name))
        marks.dots(axes, i, values, 0.4)
    axes.axhline(0, color=PALE, linewidth=0.8, zorder=0)
    marks.name_bars(axes, [look(name).label for name in names], lean=40)
    marks.room_beside(axes, len(names))
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel("BIC above the best model's")
    axes.set_title(title)
    return artists
