"""Panels of learning sets: accuracy by trial of a new problem, a curve for each stage of learning to learn."""

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from fastslow.figures import marks
from fastslow.figures.style import GREY, INK, SLOW, look, panel, tint

PALEST = 0.8
"""Share of white in the curve of the first stage."""


def accuracy_axes(axes: Axes, table: pd.DataFrame) -> None:
    """Per cent correct by trial, with the ideal: a guess, then certainty."""
    trials = sorted(map(int, table["trial"].unique()))
    ideal = np.where(np.arange(len(trials)) == 0, 50.0, 100.0)
    axes.plot(trials, ideal, color=GREY, linewidth=0.8, linestyle=":", zorder=1)
    marks.whole_ticks(axes, trials)
    axes.set_xlim(min(trials) - 0.2, max(trials) + 0.2)
    axes.set_ylim(min(30.0, float(table["mean"].min()) - 2), 102)
    axes.set_xlabel("trial")
    axes.set_ylabel("correct (%)")


@panel
def stage_curves(axes: Axes, table: pd.DataFrame, markers: bool = False) -> dict[str, list[Artist]]:
    """A curve for each stage, the later the darker, its name at its end; dotted, the ideal learner.

    **Arguments**: `table` with columns stage, trial (1 for the first) and mean (per cent), in the order of the stages;
    `low` and `high` where there are intervals; `markers` a mark at each trial, for points read off a figure.

    **Returns**: the artists of each stage.
    """
    marks.need(table, "stage", "trial", "mean")
    stages = marks.in_order(table, "stage")
    accuracy_axes(axes, table)
    made, ends = {}, {}
    for place, stage in enumerate(stages):
        rows = table[table["stage"].astype(str) == stage].sort_values("trial")
        colour = tint(SLOW, PALEST * (1 - (place + 1) / len(stages)))
        line = look("agent")._replace(colour=colour)
        made[stage] = marks.curve(axes, rows["trial"].to_numpy(), rows, line, stage)
        if markers:
            made[stage][0].set(marker="o", markersize=2.5)
        ends[stage] = (float(rows["mean"].iloc[-1]), colour)
    marks.end_labels(axes, ends)
    return made


@panel
def final_curves(
    axes: Axes, table: pd.DataFrame, seeds: pd.DataFrame | None = None, names: bool = True
) -> dict[str, list[Artist]]:
    """Accuracy by trial of several groups with frozen weights, each in its own colour.

    **Arguments**: `table` with columns name, trial, mean (per cent), low, high; `seeds` with columns subject, trial,
    correct (per cent): a thin line for each; `names` whether a legend tells the groups.
    """
    marks.need(table, "name", "trial", "mean")
    accuracy_axes(axes, table)
    if seeds is not None:
        for _, rows in seeds.groupby("subject", sort=False):
            axes.plot(rows["trial"], rows["correct"], color=INK, linewidth=0.4, alpha=0.5, zorder=1)
    made = {}
    for name in marks.in_order(table):
        rows = table[table["name"] == name].sort_values("trial")
        made[name] = marks.curve(axes, rows["trial"].to_numpy(), rows, look(name))
    if names:
        axes.legend(loc="upper right", bbox_to_anchor=(1, 0.86))  # between the good and the bad
    return made
