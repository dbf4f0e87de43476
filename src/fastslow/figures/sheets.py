"""What the figures of analyses share: sheets of panels, what is known of a table, and who is told above it."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fastslow.analysis.statistics import summarise
from fastslow.figures import marks, panels_bandit, style
from fastslow.figures.style import Drawing, look

SUBJECTS = "subjects"
"""Who behaved, where nothing more is known; and what the table of single subjects is called."""
FEW = 30
"""Subjects who are drawn as a thin line each; more would hide each other."""
MOST = 12
"""Panels on a sheet, at most."""
COUNTS = ("n", "episodes", "finished", "note")
"""Columns of tables that say how many numbers, or why none: they make no groups."""


def sheet(count: int, height: float | int | None = None) -> list[Axes]:
    """Axes for so many panels alike, at most three side by side."""
    columns = 2 if count == 4 else min(count, 3)
    width = "single" if columns == 1 else "double"
    _, axes = style.figure(columns, -(-count // columns), width, height, letters=False)
    for left in axes.flat[count:]:
        left.set_axis_off()
    return list(axes.flat[:count])


def two_panels(ratio: float = 1.3, height: float | int | None = None) -> list[Axes]:
    """Axes of two unlike panels side by side, the right one so many times as wide as the left one."""
    return list(style.figure(2, 1, height=height, column_ratios=(1.0, ratio))[1][0])


def known(table: pd.DataFrame, *columns: str, rows: str = SUBJECTS) -> tuple[pd.DataFrame, str]:
    """The rows in which these columns are numbers, and a line on those that are left out (`rows`: what they are)."""
    marks.need(table, *columns)
    there = np.isfinite(table[list(columns)].to_numpy(float)).all(axis=1)
    if there.all():
        return table, ""
    notes = table.loc[~there, "note"] if "note" in table else pd.Series(["no number"])
    why = "; ".join(list(dict.fromkeys(str(note) or "no number" for note in notes))[:2])
    return table[there], f"{int((~there).sum())} of {len(table)} {rows} left out: {why}"


def heading(axes: Axes, who: str, table: pd.DataFrame, *more: str) -> None:
    """Above the panel: whose numbers they are and how many, and whatever else must be said."""
    who_are, label = [str(name) for name in pd.unique(table["subject"])], look(who).label
    single_one = label if who_are == [who] else f"{label}: {who_are[0]}"
    first = f"{single_one}, no interval" if len(who_are) == 1 else f"{label}, n = {len(who_are)}"
    lines = [first, *(line for line in more if line)]
    # A letter of a title takes about 4.4 points.
    inches = axes.get_position().width * axes.figure.get_figwidth()
    room = max(20, round(72 * inches / 4.4))
    axes.set_title("\n".join(marks.wrapped(line, room) for line in lines))


def groups(table: pd.DataFrame, own: Sequence[str]) -> list[tuple[str, pd.DataFrame]]:
    """The parts of a table by the columns that its reader kept apart (`by`), each with a label; one part without any.

    **Arguments**: `own` the columns that the analysis itself gives.
    """
    by = [name for name in table if name not in {"subject", *own, *COUNTS}]
    if not by:
        return [("", table)]
    return [
        (", ".join(f"{name.replace('_', ' ')} {value}" for name, value in zip(by, key, strict=True)), rows)
        for key, rows in table.groupby(by, sort=False)
    ]


def over_subjects(table: pd.DataFrame, by: Sequence[str], value: str, who: str) -> pd.DataFrame:
    """Mean and interval over subjects under the name of who they are."""
    return summarise(table[["subject", *by, value]], by, value).assign(name=who)


def single(table: pd.DataFrame, value: str, who: str) -> pd.DataFrame | None:
    """The numbers of each subject as panels take them, where subjects are few enough for a line each."""
    if not 1 < table["subject"].nunique() <= FEW:
        return None
    return table.assign(value=table[value], name=who)


def measures(table: pd.DataFrame, columns: Sequence[str]) -> tuple[pd.DataFrame, list[str]]:
    """One row per subject and column that has a number there (subject, name, value), and lines on what is left out."""
    parts, lines = [], []
    for column in columns:
        if column in table:
            rows, left_out = known(table, column)
            parts.append(pd.DataFrame({"subject": rows["subject"], "name": column, "value": rows[column]}))
            lines.append(left_out)
    return pd.concat(parts, ignore_index=True), list(dict.fromkeys(line for line in lines if line))


def over_measures(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Mean and interval over subjects of each column; no row where no subject has a number."""
    long, _ = measures(table, columns)
    return summarise(long, ["name"], "value") if len(long) else long.assign(mean=np.nan)


def bars(
    axes: Axes,
    table: pd.DataFrame,
    columns: Sequence[str],
    who: str,
    ylabel: str,
    anchors: Mapping[str, float] | None = None,
    words: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """A bar with interval and dots for each column of numbers per subject; what is drawn, over subjects.

    **Arguments**: `words` what columns are called under their bars (otherwise by their names).
    """
    long, left_out = measures(table, columns)
    means = over_measures(table, columns)
    if not len(long):
        marks.blank(axes, f"nothing to draw: {'; '.join(left_out)}")
        return means
    known_as = {"name": {column: (words or {}).get(column, column.replace("_", " ")) for column in columns}}
    panels_bandit.return_bars(axes, means.replace(known_as), long.replace(known_as), anchors, ylabel, who)
    axes.axhline(0, color=style.GREY, linewidth=0.6, zorder=0)
    heading(axes, who, long, *left_out)
    return means


def curves(
    table: pd.DataFrame,
    place: str,
    value: str,
    who: str,
    panel: Callable[..., object],
    own: Sequence[str] = (),
    caption: str = "",
    beside: Sequence[str] = (),
    **options: object,
) -> Drawing:
    """One panel for each group of the table: the mean over subjects along `place`, and few subjects' own lines.

    **Arguments**: `panel(axes, means, per_subject=..., **options)`; `own` further columns that the analysis
    gives; `caption` a line for the heading; `beside` columns with a curve of their own where they are known.
    """
    parts = groups(table, [place, value, *own])
    all_axes, drawn = sheet(min(len(parts), MOST)), []
    for axes, (label, rows) in zip(all_axes, parts, strict=False):
        others = [over_subjects(rows, [place], column, column) for column in beside if column in rows]
        means = pd.concat([over_subjects(rows, [place], value, who), *others], ignore_index=True)
        panel(axes, means, per_subject=single(rows, value, who), **options)
        heading(axes, who, rows, label, caption)
        drawn.append(means.assign(group=label) if label else means)
    alike(all_axes)
    figure = all_axes[0].figure
    more_than_fit(figure, len(parts), "groups")
    return Drawing(figure, {"": pd.concat(drawn, ignore_index=True), SUBJECTS: table})


def alike(all_axes: Sequence[Axes]) -> None:
    """The same range of numbers in all panels."""
    limits = np.array([axes.get_ylim() for axes in all_axes])
    for axes in all_axes:
        axes.set_ylim(limits[:, 0].min(), limits[:, 1].max())


def more_than_fit(figure: Figure, count: int, what: str) -> None:
    """A line above the sheet where not all has room on it."""
    if count > MOST:
        figure.suptitle(f"the first {MOST} of {count} {what}", fontsize=7, color=style.GREY)
