"""Panels of tasks that come back: within exposures and their trials, on first trials, and where contexts are noisy."""

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from fastslow.figures import marks
from fastslow.figures.style import GREY, look, panel, tint

PALEST = 0.75
"""Share of white in the curve of the first exposure."""


@panel
def within_exposures(axes: Axes, table: pd.DataFrame, ylabel: str) -> dict[int, list[Artist]]:
    """A curve over trials for each exposure, the later the darker; the first and last bear their numbers.

    **Arguments**: `table` with columns name (one alone), exposure, trial (1 for the first), mean and, where known, low
    and high.
    """
    marks.need(table, "name", "exposure", "trial", "mean")
    exposures = sorted(table["exposure"].unique())
    base, made = look(str(table["name"].iloc[0])), {}
    for place, exposure in enumerate(exposures):
        rows = table[table["exposure"] == exposure].sort_values("trial")
        share = PALEST * (1 - (place + 1) / len(exposures))
        shade = base._replace(colour=tint(base.colour, share), line="-")
        made[int(exposure)] = marks.curve(axes, rows["trial"].to_numpy(), rows, shade, f"exposure {exposure}")
    handles = [made[int(n)][0] for n in dict.fromkeys((exposures[0], *exposures[1:2], exposures[-1]))]
    axes.legend(handles=handles, loc="best")
    marks.whole_ticks(axes, sorted(table["trial"].unique()))
    axes.set_xlabel("trial of the exposure")
    axes.set_ylabel(ylabel)
    return made


@panel
def within_trials(
    axes: Axes,
    table: pd.DataFrame,
    ylabel: str,
    chance: float | None = None,
    told: int | None = None,
    per_subject: pd.DataFrame | None = None,
) -> dict[str, list[Artist]]:
    """A curve over the steps of a trial for each `name`.

    **Arguments**: `table` with columns name, step (0 for the first), mean and, where known, low and high; `chance` is
    drawn dotted, and so is `told`, the first step at which what is right is to be seen; `per_subject` with name,
    subject, step and value: a thin line each.
    """
    marks.need(table, "name", "step", "mean")
    if per_subject is not None:
        marks.threads(axes, per_subject, "step")
    made = {}
    for name in marks.in_order(table):
        rows = table[table["name"] == name].sort_values("step")
        style = look(name)
        made[name] = marks.curve(axes, rows["step"].to_numpy(), rows, style)
        made[name][0].set(marker=style.marker, markersize=3)
    if chance is not None:
        axes.axhline(chance, color=GREY, linewidth=0.7, linestyle=":", zorder=0)
    if told is not None:
        axes.axvline(told - 0.5, color=GREY, linewidth=0.7, linestyle=":", zorder=0)
    if table["mean"].between(0, 1).all():
        axes.set_ylim(0, 1.02)
    marks.whole_ticks(axes, sorted(table["step"].unique()))
    axes.set_xlabel("step of the trial")
    axes.set_ylabel(ylabel)
    return made


@panel
def first_trials(axes: Axes, table: pd.DataFrame, chance: float) -> dict[str, list[Artist]]:
    """P(best choice) on the first trial of each exposure, a curve for each `name`.

    **Arguments**: `table` with columns name, exposure, mean and, where known, low and high; `chance` is drawn dotted.
    """
    marks.need(table, "name", "exposure", "mean")
    made = {}
    for name in marks.in_order(table):
        rows = table[table["name"] == name].sort_values("exposure")
        made[name] = marks.curve(axes, rows["exposure"].to_numpy(), rows, look(name))
    axes.axhline(chance, color=GREY, linewidth=0.7, linestyle=":", zorder=0)
    marks.whole_ticks(axes, sorted(table["exposure"].unique()))
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("exposure")
    axes.set_ylabel("P(best choice), first trial")
    axes.legend(loc="center right", bbox_to_anchor=(1.0, 0.45))
    return made


@panel
def noise_curves(axes: Axes, table: pd.DataFrame, chance: float) -> dict[str, list[Artist]]:
    """P(best choice) on first trials against the share of a context that is changed, a curve for each `name`.

    **Arguments**: `table` with columns name, noise (0 to 1), mean and, where known, low and high.
    """
    marks.need(table, "name", "noise", "mean")
    made = {}
    for name in marks.in_order(table):
        rows = table[table["name"] == name].sort_values("noise")
        style = look(name)
        made[name] = marks.curve(axes, 100 * rows["noise"].to_numpy(), rows, style)
        made[name][0].set(marker=style.marker)
    axes.axhline(chance, color=GREY, linewidth=0.7, linestyle=":", zorder=0)
    axes.set_xticks(100 * np.sort(table["noise"].unique()))
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("bits flipped (%)")
    axes.set_ylabel("P(best choice), first trial,\nexposures from the second on")
    axes.legend(loc="upper right")
    return made
