"""Panels about the two-step task: stay probabilities, choice regression, prediction errors.

Filled marks and solid lines are common transitions, hollow marks and dashed lines rare ones, in every panel.
Daw et al. 2011, Fig. 2; Miller et al. 2017, Fig. 2; Wang et al. 2018, Fig. 5; Botvinick et al. 2019, Box 4,
Fig. C-D.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from fastslow.analysis.stay import CONDITIONS
from fastslow.errors import UserError, nearest
from fastslow.figures import marks
from fastslow.figures.style import GREY, INK, Look, look, panel, tint

DODGE = dict(zip(CONDITIONS, (-0.06, -0.02, 0.02, 0.06), strict=True))
"""Shift along the axis of lags, so that equal weights do not hide each other."""
REPEATED = {
    "uncued": "P(stay), uncued trials",
    "cued": "P(stay), cued trials",
    "episodic": "P(repeat recalled choice)",
    "next": "P(repeat choice recalled next)",
}
"""What is repeated in each panel of `analysis.episodic_stay`."""
PREDICTORS = {
    "r2_model_based": "model-\nbased",
    "r2_model_free": "model-\nfree",
    "r2_model_based_residual": "model-\nbased\nonly",
    "r2_model_free_residual": "model-\nfree\nonly",
}


def known(values: list[str], names: Iterable[str], what: str) -> None:
    names = list(names)
    for value in values:
        if value not in names:
            raise UserError(f"There is no {what} '{value}'{nearest(value, names)}")


@panel
def stay_bars(
    axes: Axes,
    table: pd.DataFrame,
    per_subject: pd.DataFrame | None = None,
    published: pd.DataFrame | None = None,
    ylabel: str = "P(stay)",
    legend: bool = True,
) -> dict[tuple[str, str], Artist]:
    """P(repeat the first choice) by last reward and transition, each name's four bars side by side (Fig. 5c).

    **Arguments**: `table` with columns name, condition (`CONDITIONS`), mean and, where known, low and high;
    `per_subject` with name, condition, stay: one dot each; `published` with name, condition, published and, where
    known, its standard error `se`: a dash each, with a line as long as that to either side.

    **Returns**: the bar of each (name, condition).
    """
    marks.need(table, "name", "condition", "mean")
    known(marks.in_order(table, "condition"), CONDITIONS, "stay condition")
    names = marks.in_order(table)
    offsets = np.array([-0.34, -0.13, 0.13, 0.34])
    artists: dict[tuple[str, str], Artist] = {}
    for i, name in enumerate(names):
        for offset, condition in zip(offsets, CONDITIONS, strict=True):
            row = marks.cell(table, name=name, condition=condition)
            at, style = i + offset, look(name)
            artists[name, condition] = marks.bar(axes, at, row, 0.19, style, condition.startswith("common"))
            if per_subject is not None:
                chosen = (per_subject["name"] == name) & (per_subject["condition"] == condition)
                marks.dots(axes, at, per_subject.loc[chosen, "stay"].to_numpy(float), 0.13)
            if published is not None:
                chosen = (published["name"] == name) & (published["condition"] == condition)
                for row in published[chosen].to_dict("records"):
                    marks.published(axes, at, float(row["published"]), 0.2, error=row.get("se", 0.0))
    places = [i + offset for i in range(len(names)) for offset in (-0.235, 0.235)]
    axes.set_xticks(places, ["rewarded", "not"] * len(names))
    axes.tick_params(axis="x", length=0)
    for i, name in enumerate(names):
        axes.annotate(
            marks.wrapped(look(name).label, 17),
            (i, 0),
            (0, -17),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            va="top",
            color=INK,
            fontweight="bold",
            annotation_clip=False,
        )
    axes.set_xlim(-0.55, len(names) - 0.45)
    axes.set_ylim(0, 1.02)
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.set_ylabel(ylabel)
    if not legend:
        return artists
    handles: list[Artist] = [
        Patch(facecolor=GREY, edgecolor=GREY, label="common"),
        Patch(facecolor="white", edgecolor=GREY, hatch="//////", label="rare"),
    ]
    if published is not None:
        handles.append(Line2D([], [], color=INK, linewidth=1.3, label="published"))
    axes.legend(handles=handles, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, borderpad=0.1)
    return artists


@panel
def lag_coefficients(
    axes: Axes, table: pd.DataFrame, name: str, legend: bool = True
) -> dict[str, list[Artist]]:
    """Weights of past trials on choice, one line per kind of trial (Miller 2017; Wang 2018, Fig. 5e).

    **Arguments**: `table` with columns condition (`CONDITIONS`), lag (from 1; lag 0, the bias, is not drawn),
    mean and, where known, low and high; `name` who chose, for the colour: full for rewarded trials, pale for
    unrewarded ones.
    """
    marks.need(table, "condition", "lag", "mean")
    table = table[table["lag"] > 0]
    known(marks.in_order(table, "condition"), CONDITIONS, "kind of trial")
    colour = look(name).colour
    artists = {}
    axes.axhline(0, color=GREY, linewidth=0.6, zorder=0)
    for condition in (kind for kind in CONDITIONS if (table["condition"] == kind).any()):
        rows = table[table["condition"] == condition].sort_values("lag")
        common, rewarded = condition.startswith("common"), not condition.endswith("unrewarded")
        shade = colour if rewarded else tint(colour, 0.5)
        style = Look(condition.replace("-", ", "), shade, "-" if common else "--")
        artists[condition] = marks.curve(axes, rows["lag"].to_numpy() + DODGE[condition], rows, style)
        artists[condition][0].set(
            marker="o", markerfacecolor=shade if common else "white", markeredgecolor=shade
        )
    axes.set_xticks(sorted(table["lag"].unique()))
    axes.set_xlabel("trials back")
    axes.set_ylabel("weight on choice (log odds)")
    axes.set_title(look(name).label)
    if legend:
        # Room above the curves, which fill the panel.
        marks.headroom(axes, 0.5)
        axes.legend(loc="upper right")
    return artists


@panel
def term_bars(
    axes: Axes,
    table: pd.DataFrame,
    per_subject: pd.DataFrame | None = None,
    who: str = "",
    legend: bool = True,
) -> dict[tuple[str, str], Artist]:
    """Weights of the past trial that is recalled and of the trial before, side by side for each term.

    **Arguments**: `table` with columns source, term, mean and, where known, low and high; `per_subject` with source,
    term, coefficient: one dot each; `who` chose, for the colour.
    """
    marks.need(table, "source", "term", "mean")
    sources, terms, style = marks.in_order(table, "source"), marks.in_order(table, "term"), look(who)
    width, artists = 0.8 / len(sources), {}
    axes.axhline(0, color=GREY, linewidth=0.6, zorder=0)
    for i, source in enumerate(sources):
        for j, term in enumerate(terms):
            at = j + (i - (len(sources) - 1) / 2) * width
            row = marks.cell(table, source=source, term=term)
            artists[source, term] = marks.bar(axes, at, row, 0.9 * width, style, i == 0)
            if per_subject is not None:
                chosen = (per_subject["source"] == source) & (per_subject["term"] == term)
                marks.dots(axes, at, per_subject.loc[chosen, "coefficient"].to_numpy(float), 0.6 * width)
    axes.set_xticks(range(len(terms)), [marks.wrapped(term, 10) for term in terms])
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel("weight on choice (log odds)")
    if not legend:
        return artists
    first, *others = (f"{source} trial" for source in sources)
    handles = [Patch(facecolor=GREY, edgecolor=GREY, label=first)]
    handles += [Patch(facecolor="white", edgecolor=GREY, hatch="//////", label=other) for other in others]
    marks.headroom(axes, 0.2)
    axes.legend(handles=handles, loc="upper left")
    return artists


@panel
def explained_bars(
    axes: Axes,
    table: pd.DataFrame,
    per_subject: pd.DataFrame | None = None,
    published: pd.DataFrame | None = None,
) -> dict[tuple[str, str], Artist]:
    """r2 of prediction errors on each learner's, raw (filled) and own part (hollow), by name (Fig. 5f-g).

    **Arguments**: `table` with columns name, predictor (`PREDICTORS`), mean and, where known, low and high;
    `per_subject` with name, predictor, r2: one dot each; `published` with name, predictor, published: a dash
    each.
    """
    marks.need(table, "name", "predictor", "mean")
    known(marks.in_order(table, "predictor"), PREDICTORS, "predictor")
    names = marks.in_order(table)
    width = 0.8 / len(names)
    shown = [predictor for predictor in PREDICTORS if (table["predictor"] == predictor).any()]
    artists: dict[tuple[str, str], Artist] = {}
    for i, name in enumerate(names):
        for j, predictor in enumerate(shown):
            row = marks.cell(table, name=name, predictor=predictor)
            at, style = j + (i - (len(names) - 1) / 2) * width, look(name)
            made = marks.bar(axes, at, row, width * 0.9, style, not predictor.endswith("residual"))
            if j == 0:
                made.set_label(style.label)
            artists[name, predictor] = made
            if per_subject is not None:
                chosen = (per_subject["name"] == name) & (per_subject["predictor"] == predictor)
                marks.dots(axes, at, per_subject.loc[chosen, "r2"].to_numpy(float), width * 0.6)
            if published is not None:
                chosen = (published["name"] == name) & (published["predictor"] == predictor)
                for value in published.loc[chosen, "published"]:
                    marks.published(axes, at, float(value), width)
    axes.set_xticks(range(len(shown)), [PREDICTORS[predictor] for predictor in shown])
    axes.tick_params(axis="x", length=0)
    # Above 1 there is room for the legend alone.
    axes.set_ylim(0, 1.28)
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.set_ylabel("r² of prediction errors")
    axes.legend(loc="upper right")
    return artists


@panel
def error_scatter(
    axes: Axes,
    steps: pd.DataFrame,
    predictor: str = "rpe_model_based",
    name: str = "agent",
    r2: float | None = None,
) -> list[Artist]:
    """A subject's prediction errors against a learner's, with the least-squares line (Wang 2018, Fig. 5f-g).

    **Arguments**: `steps` with columns rpe and `predictor`; `r2` printed where given.

    **Returns**: the dots and the line.
    """
    marks.need(steps, "rpe", predictor)
    x, y = steps[predictor].to_numpy(float), steps["rpe"].to_numpy(float)
    colour = look(name).colour
    cloud = axes.plot(x, y, ".", color=colour, markersize=2.2, alpha=float(np.clip(900 / len(x), 0.2, 0.8)))[
        0
    ]
    cloud.set_markeredgewidth(0)
    slope = np.cov(x, y)[0, 1] / x.var(ddof=1)
    ends = np.array([x.min(), x.max()])
    line = axes.plot(ends, y.mean() + slope * (ends - x.mean()), color=INK, linewidth=1)[0]
    cloud.set_rasterized(True)
    axes.set_xlabel(f"{predictor.removeprefix('rpe_').replace('_', '-')} prediction error")
    axes.set_ylabel(f"prediction error, {look(name).label}")
    if r2 is not None:
        axes.text(0.04, 0.97, f"r² = {r2:.2f}", transform=axes.transAxes, va="top")
    return [cloud, line]
