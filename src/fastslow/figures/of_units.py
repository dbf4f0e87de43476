"""Figures of the analyses that look inside: what units code and tell, where their state goes, errors at a cue.

Each takes the table of its analysis and the name of who behaved, and gives the drawing (see `figures.draw`).
"""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import to_hex

from fastslow.analysis.similarity import mean_matrix
from fastslow.analysis.unit_coding import selectivity
from fastslow.figures import marks, panels_reversal_errors, panels_units, style
from fastslow.figures.sheets import (
    MOST,
    SUBJECTS,
    heading,
    known,
    more_than_fit,
    over_subjects,
    sheet,
)
from fastslow.figures.style import Drawing, look

CONDITIONS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#1A1A1A")
"""Conditions of paths, told apart by every eye (Okabe & Ito 2008)."""


def unit_coding(table: pd.DataFrame, who: str) -> Drawing:
    """Partial correlations of all units, and the proportion that codes each variable."""
    figure, axes = style.figure(1, 2, width="middle", height=116, row_ratios=(1.4, 1.0))
    units, left_out = known(table, "partial_r", rows="correlations")
    coding = selectivity(table)
    if len(units):
        panels_units.coding(axes[0, 0], units.assign(name=who))
    else:
        marks.blank(axes[0, 0], f"nothing to draw: {left_out}")
    means = over_subjects(coding, ["variable"], "proportion", who)
    panels_units.proportions(
        axes[1, 0], means, per_subject=coding.assign(name=who, value=coding["proportion"])
    )
    axes[1, 0].set_ylabel("proportion of units, q < .05")
    counted = f"{len(table.groupby(['subject', 'unit']))} units"
    heading(axes[1, 0], who, table, f"{counted}{left_out and '; '}{left_out}")
    return Drawing(figure, {"": means.drop(columns="name"), SUBJECTS: table})


def decoding(table: pd.DataFrame, who: str) -> Drawing:
    """Scores with chance as a dash, and shuffled episodes as a band from their mean to the greatest."""
    (axes,) = sheet(1)
    rows, left_out = known(table, "score", rows="scores")
    if not len(rows):
        marks.blank(axes, f"nothing to draw: {left_out}")
        return Drawing(axes.figure, table)
    means = over_subjects(rows, ["target"], "score", who)
    chance = rows.groupby("target")["chance"].mean().to_dict()
    bands = rows.groupby("target")[["shuffled_mean", "shuffled_high"]].mean().dropna()
    shuffled = {target: (float(low), float(high)) for target, low, high in bands.itertuples()}
    panels_units.decoding(axes, means, chance, rows.assign(name=who, value=rows["score"]), shuffled)
    kinds = {"number": "r", "category": "accuracy"}
    axes.set_ylabel(f"decoded ({', '.join(kinds[kind] for kind in pd.unique(rows['kind']))})")
    band = "; band: shuffled episodes" if shuffled else ""
    heading(axes, who, rows, f"dashes: chance{band}", left_out)
    return Drawing(axes.figure, {"": means.drop(columns="name"), SUBJECTS: table})


def state_paths(table: pd.DataFrame, who: str) -> Drawing:
    """A panel for each subject, whose components are its own."""
    subjects = list(pd.unique(table["subject"]))
    conditions = list(pd.unique(table["condition"]))
    all_axes = sheet(min(len(subjects), MOST))
    spread = [to_hex(colour) for colour in colormaps["viridis"](np.linspace(0, 0.92, len(conditions)))]
    palette = CONDITIONS if len(conditions) <= len(CONDITIONS) else spread
    colours = dict(zip(conditions, palette, strict=False))
    for axes, subject in zip(all_axes, subjects, strict=False):
        rows = table[table["subject"] == subject]
        explained = rows[["explained1", "explained2"]].iloc[0].to_numpy() if "explained2" in rows else None
        panels_units.condition_paths(axes, rows, colours, explained, legend=False)
        axes.set_title(str(subject) if len(subjects) > 1 else f"{look(who).label}: {subject}")
    figure = all_axes[0].figure
    lines = [line for line in all_axes[0].lines if not line.get_label().startswith("_")]
    figure.legend(handles=lines, loc="outside lower center", ncols=2)
    more_than_fit(figure, len(subjects), SUBJECTS)
    return Drawing(figure, table)


def representation(table: pd.DataFrame, who: str) -> Drawing:
    """The mean over subjects of the dissimilarities."""
    matrix = mean_matrix(table)
    size = 70 + 4 * max(0, len(matrix) - 8)
    (axes,) = sheet(1, size)
    panels_units.dissimilarity_matrix(axes, matrix)
    heading(axes, who, table)
    long = matrix.rename_axis("a").reset_index().melt("a", var_name="b", value_name="mean")
    return Drawing(axes.figure, {"": long, SUBJECTS: table})


def reversal_errors(table: pd.DataFrame, who: str) -> Drawing:
    """Six bars: before a reversal, and after one that was experienced or inferred, of cues that pay or do not."""
    (axes,) = sheet(1, 70)
    means = over_subjects(table, ["kind", "pays"], "rpe", who)
    panels_reversal_errors.flip_bars(axes, means, table.assign(name=who))
    heading(axes, who, table)
    return Drawing(axes.figure, {"": means.drop(columns="name"), SUBJECTS: table})
