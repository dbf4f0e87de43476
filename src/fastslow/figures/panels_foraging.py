"""Panels about foraging: choices against income, and what a choice owes to the past.

Tsutsui et al. 2016; Lau & Glimcher 2005; Wang et al. 2018, Fig. 2a-d, f.
"""

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from fastslow.figures import marks
from fastslow.figures.style import GREY, INK, Look, look, panel, tint

HELD_OUT = "#0072B2"
"""Blocks whose probabilities were held out of training."""
HISTORIES = {"reward": "past rewards", "choice": "past choices"}


@panel
def matching(
    axes: Axes, blocks: pd.DataFrame, lines: pd.DataFrame, name: str, limit: float | int = 4
) -> dict[str, Artist]:
    """Log ratio of choices against log ratio of income, a dot per block, with the mean line and that of matching.

    **Arguments**: `blocks` with log_income, log_choice and, where it is known, held_out; `lines` one row per subject
    with sensitivity and bias; `name` whose blocks they are.

    **Returns**: dots, held_out (where any are), line.
    """
    marks.need(blocks, "log_income", "log_choice")
    marks.need(lines, "sensitivity", "bias")
    finite = blocks.dropna(subset=["log_income", "log_choice"])
    held = finite["held_out"].to_numpy(bool) if "held_out" in finite else np.zeros(len(finite), bool)
    alpha = float(np.clip(150 / max(len(finite), 1), 0.08, 0.7))
    colour = look(name).colour
    artists: dict[str, Artist] = {}
    axes.plot([-limit, limit], [-limit, limit], color=GREY, linewidth=0.8, linestyle=":", label="matching")
    for key, rows, shade in (("dots", finite[~held], colour), ("held_out", finite[held], HELD_OUT)):
        if len(rows) == 0:
            continue
        dots = axes.plot(
            rows["log_income"], rows["log_choice"], "o", color=shade, markersize=2.2, alpha=alpha
        )[0]
        dots.set(markeredgewidth=0, rasterized=True)
        if held.any():
            word = "held out of training" if key == "held_out" else "trained range"
            axes.plot([], [], "o", color=shade, markersize=3, label=word)
        artists[key] = dots
    slope, bias = lines["sensitivity"].mean(), lines["bias"].mean()
    ends = np.array([-limit, limit])
    artists["line"] = axes.plot(
        ends, slope * ends + bias, color=INK, linewidth=1.2, label=f"slope {slope:.2f}"
    )[0]
    axes.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")
    axes.set_xlabel("log2 income, right / left")
    axes.set_ylabel("log2 choices, right / left")
    axes.set_title(look(name).label)
    axes.legend(loc="upper left", handletextpad=0.4, borderpad=0.1)
    return artists


@panel
def matching_lines(
    axes: Axes, lines: pd.DataFrame, name: str, fractions: bool = False
) -> tuple[Line2D, list[Line2D]]:
    """The line of choice on income of each subject (thin) and of their mean (thick), beside that of matching.

    **Arguments**: `lines` from `analysis.matching`, one row per subject; `fractions` those of choice fractions (slope,
    intercept) instead of log ratios (sensitivity, bias).

    **Returns**: the mean's line and the subjects'.
    """
    columns = ("slope", "intercept") if fractions else ("sensitivity", "bias")
    marks.need(lines, *columns)
    slopes, offsets = (lines[column].to_numpy(float) for column in columns)
    ends = np.array([0.0, 1.0] if fractions else [-3.0, 3.0])
    style = look(name)
    axes.plot(ends, ends, color=GREY, linewidth=0.8, linestyle=":", label="matching")
    thin = [
        axes.plot(ends, slope * ends + offset, color=tint(style.colour), linewidth=0.5, zorder=1)[0]
        for slope, offset in zip(slopes, offsets, strict=True)
    ]
    slope, offset = slopes.mean(), offsets.mean()
    thick = axes.plot(ends, slope * ends + offset, color=style.colour, label=f"slope {slope:.2f}")[0]
    axes.set(xlim=tuple(ends), ylim=tuple(ends), aspect="equal")
    what = "{} fraction, right" if fractions else "log2 {}, right / left"
    axes.set_xlabel(what.format("income"))
    axes.set_ylabel(what.format("choice" if fractions else "choices"))
    axes.legend(loc="upper left", handletextpad=0.4, borderpad=0.1)
    return thick, thin


@panel
def history_weights(axes: Axes, table: pd.DataFrame, name: str) -> dict[str, list[Artist]]:
    """Weights of past rewards and past choices by lag, fitted jointly.

    **Arguments**: `table` with lag (0, the bias, is not drawn), history (reward, choice), mean and, where known,
    low and high.
    """
    marks.need(table, "lag", "history", "mean")
    artists = {}
    axes.axhline(0, color=GREY, linewidth=0.6, zorder=0)
    colour = look(name).colour
    for history, label in HISTORIES.items():
        rows = table[(table["history"] == history) & (table["lag"] > 0)].sort_values("lag")
        style = Look(
            label, colour if history == "reward" else tint(colour, 0.5), "-" if history == "reward" else "--"
        )
        artists[history] = marks.curve(axes, rows["lag"].to_numpy(), rows, style)
        artists[history][0].set(marker="o", markersize=2.5)
    axes.set_xlabel("trials back")
    axes.set_ylabel("weight on choice (log odds)")
    axes.set_title(look(name).label)
    axes.legend(loc="best")
    return artists


@panel
def repeats(
    axes: Axes, table: pd.DataFrame, per_subject: pd.DataFrame | None = None
) -> dict[tuple[str, str], Artist]:
    """Win-stay (filled) and lose-shift (hollow) of each name, a dot per subject.

    **Arguments**: `table` with name, measure (win_stay, lose_shift), mean and, where known, low and high;
    `per_subject` with name, win_stay, lose_shift.
    """
    marks.need(table, "name", "measure", "mean")
    names = marks.in_order(table)
    artists: dict[tuple[str, str], Artist] = {}
    for i, name in enumerate(names):
        for offset, measure in ((-0.2, "win_stay"), (0.2, "lose_shift")):
            row = marks.cell(table, name=name, measure=measure)
            artists[name, measure] = marks.bar(axes, i + offset, row, 0.38, look(name), measure == "win_stay")
            if per_subject is not None:
                values = per_subject.loc[per_subject["name"] == name, measure].to_numpy(float)
                marks.dots(axes, i + offset, values, 0.25)
    axes.set_xticks(range(len(names)), [marks.wrapped(look(name).label, 10) for name in names])
    axes.tick_params(axis="x", length=0)
    axes.set_ylim(0, 1)
    axes.set_ylabel("win-stay (filled), lose-shift")
    return artists
