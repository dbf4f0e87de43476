"""Panels about training and about claims: how performance grew, what was published and what measured."""

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from fastslow.figures import marks
from fastslow.figures.style import FAST, GREY, INK, PALE, SLOW, look, panel, tint


@panel
def learning_curves(
    axes: Axes, table: pd.DataFrame, ylabel: str, colour: str = SLOW, anchors: dict[str, float] | None = None
) -> list[Artist]:
    """A training metric over environment steps: a thin line per seed and their mean.

    **Arguments**: `table` with columns subject, steps, value; every seed at the same steps. `anchors`: value
    by label.

    **Returns**: the mean's line, then the seeds'.
    """
    marks.need(table, "subject", "steps", "value")
    wide = table.pivot(index="steps", columns="subject", values="value")
    steps = wide.index.to_numpy(float) / 1e6
    thin = [axes.plot(steps, wide[seed], color=tint(colour), linewidth=0.6)[0] for seed in wide.columns]
    mean = axes.plot(
        steps, wide.mean(axis=1), color=colour, linewidth=1.8, label=f"mean of {len(thin)} seeds"
    )[0]
    for value in (anchors or {}).values():
        axes.axhline(value, color=GREY, linewidth=0.8, linestyle=":", zorder=0)
    axes.set_xlabel("training steps (millions)")
    axes.set_ylabel(ylabel)
    axes.set_xlim(0, steps.max())
    axes.set_ylim(axes.get_ylim())
    marks.end_labels(axes, {label: (value, GREY) for label, value in (anchors or {}).items()})
    axes.legend(loc="best")
    return [mean, *thin]


@panel
def quantile_curves(
    axes: Axes, table: pd.DataFrame, ylabel: str, colour: str = SLOW
) -> dict[int, list[Artist]]:
    """Learning curves over the trials of an episode, a line for each stage of training, bands between quantiles.

    **Arguments**: `table` as from `analysis.learning_speed.learning_quantiles`: stage, trial, quantile, value; the line
    is the middle quantile, the band lies between the outermost; early stages are paler.

    **Returns**: line and band of each stage.
    """
    marks.need(table, "stage", "trial", "quantile", "value")
    stages = sorted(table["stage"].unique())
    artists: dict[int, list[Artist]] = {}
    for i, stage in enumerate(stages):
        rows = table[table["stage"] == stage]
        wide = rows.pivot(index="trial", columns="quantile", values="value").sort_index(axis=1)
        shade = tint(colour, 0.75 * (1 - (i + 1) / len(stages)))
        x = wide.index.to_numpy() + 1
        middle = wide.iloc[:, wide.shape[1] // 2]
        line = axes.plot(x, middle, "-o", color=shade, markersize=2.5, label=f"stage {stage + 1}")[0]
        band = axes.fill_between(x, wide.iloc[:, 0], wide.iloc[:, -1], color=shade, alpha=0.2, linewidth=0)
        artists[int(stage)] = [line, band]
    axes.set_xlabel("trial of the episode")
    axes.set_ylabel(ylabel)
    axes.legend(loc="best")
    return artists


COLUMNS = (8, 98, 160, 202)
"""Where the printed columns of a claims panel begin, points to the right of the axes."""


def row_scale(row: pd.Series) -> tuple[float, float]:
    """The range that one claim's row spans: all its numbers that are finite, and a margin."""
    numbers = row[["measured", "low", "high", "accept_low", "accept_high", "published"]].to_numpy(float)
    numbers = numbers[np.isfinite(numbers)]
    margin = 0.25 * np.ptp(numbers) or 0.25 * abs(float(numbers[0])) or 1.0
    return float(numbers.min() - margin), float(numbers.max() + margin)


def accepted_text(row: pd.Series) -> str:
    if not np.isfinite(row["accept_low"]):
        return f"≤ {row['accept_high']:g}"
    if not np.isfinite(row["accept_high"]):
        return f"≥ {row['accept_low']:g}"
    return f"{row['accept_low']:g} to {row['accept_high']:g}"


def short(value: float) -> str:
    """Three significant digits, and no more than four decimals; thousands in whole numbers."""
    return f"{value:.0f}" if 1000 <= abs(value) < 1e6 else f"{round(value, 4):.3g}"


def beside(axes: Axes, place: int, y: float | int, text: str, colour: str) -> None:
    axes.annotate(
        text,
        (1, y),
        (place, 0),
        xycoords=axes.get_yaxis_transform(),
        textcoords="offset points",
        va="center",
        color=colour,
        annotation_clip=False,
    )


@panel
def claims_forest(axes: Axes, table: pd.DataFrame) -> dict[str, list[Artist]]:
    """Every claim on a row with its own scale: what is accepted (band), published (line), measured (dot).

    The numbers stand beside the rows, for the rows' scales differ.

    **Arguments**: `table` with columns measure, measured, low, high (NaN: no interval), accept_low, accept_high
    (infinite or NaN: open), published (NaN: none), accepted (bool).

    **Returns**: by measure, the band and the dot, in the row's own units through `row_scale`.
    """
    marks.need(
        table, "measure", "measured", "low", "high", "accept_low", "accept_high", "published", "accepted"
    )
    artists: dict[str, list[Artist]] = {}
    for y, (_, row) in enumerate(table.iterrows()):
        least, most = row_scale(row)

        def at(value: float, least: float = least, most: float = most) -> float:
            return float(np.clip((value - least) / (most - least), 0, 1))

        left = at(row["accept_low"]) if np.isfinite(row["accept_low"]) else 0.0
        right = at(row["accept_high"]) if np.isfinite(row["accept_high"]) else 1.0
        band = axes.barh(y, right - left, 0.62, left, color=PALE, zorder=1).patches[0]
        colour = look("independent").colour if row["accepted"] else FAST
        # Without an interval its ends are NaN, and no line is drawn.
        axes.plot([at(row["low"]), at(row["high"])], [y, y], color=colour, linewidth=1.4, zorder=3)
        face = colour if row["accepted"] else "white"
        dot = axes.plot(
            at(row["measured"]),
            y,
            "o" if row["accepted"] else "X",
            color=colour,
            markerfacecolor=face,
            markersize=5,
            zorder=4,
        )[0]
        if np.isfinite(row["published"]):
            axes.plot([at(row["published"])] * 2, [y - 0.36, y + 0.36], color=INK, linewidth=1.2, zorder=2)
        published = f"{row['published']:g}" if np.isfinite(row["published"]) else "–"
        shown = short(row["measured"])
        if np.isfinite([row["low"], row["high"]]).all():
            shown += f" [{short(row['low'])}, {short(row['high'])}]"
        verdict = "holds" if row["accepted"] else "fails"
        for place, text in zip(COLUMNS, (shown, accepted_text(row), published, verdict), strict=True):
            beside(axes, place, y, text, colour if text is verdict else INK)
        artists[str(row["measure"])] = [band, dot]
    for place, text in zip(COLUMNS[:3], ("measured [interval]", "accepted", "published"), strict=True):
        beside(axes, place, -0.75, text, GREY)
    axes.text(0, -0.75, "band accepted, line published, dot measured", va="center", color=GREY)
    axes.set_yticks(
        range(len(table)), [marks.wrapped(str(measure).replace("_", " "), 34) for measure in table["measure"]]
    )
    axes.set_xticks([])
    axes.set_xlim(0, 1)
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines[:].set_visible(False)
    return artists
