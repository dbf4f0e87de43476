"""Figures of the analyses of scores over runs and games, a colour for each agent (see `figures.draw`)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fastslow.analysis.human_normalised import game_means
from fastslow.analysis.sample_efficiency import ALL_GAMES, efficiency_summary, still_on_their_way
from fastslow.analysis.score_table import ALONE, at_checkpoint
from fastslow.figures import marks, panels_scores, style
from fastslow.figures.sheets import SUBJECTS, sheet
from fastslow.figures.style import Drawing, look

MOST = 4
"""Thresholds that have room side by side."""
MEASURES = {
    "iqm": "interquartile mean of scores",
    "median": "median of games' means",
    "mean": "mean of games' means",
    "optimality_gap": "optimality gap (less is better)",
}


def aggregate_scores(table: pd.DataFrame, who: str) -> Drawing:
    """A row per agent for each aggregate; curves over frames where there are several checkpoints."""
    table = named(table, who)
    curves = "frames" in table and table["frames"].nunique() > 1
    names = marks.in_order(table)
    all_axes = sheet(4, None if curves else 2 * panels_scores.height_of(len(names)))
    for axes, (measure, label) in zip(all_axes, MEASURES.items(), strict=True):
        rows = table[table["measure"] == measure]
        if curves:
            panels_scores.score_curves(axes, rows, label, legend=axes is all_axes[0])
        else:
            panels_scores.interval_rows(axes, rows, label)
    told(all_axes[0], table)
    return Drawing(all_axes[0].figure, table)


def performance_profiles(table: pd.DataFrame, who: str) -> Drawing:
    table = named(table, who)
    _, made = style.figure(width="middle", height=70)
    axes = made[0, 0]
    panels_scores.profiles(axes, table)
    told(axes, table)
    return Drawing(axes.figure, table)


def compare_scores(table: pd.DataFrame, who: str) -> Drawing:
    """Beside each pair, how probably the first is the better, and by how much its interquartile mean is greater."""
    pairs = table["agent"] + " over " + table["over"]
    labels = [
        f"{look(a).label} over {look(b).label}" for a, b in zip(table["agent"], table["over"], strict=True)
    ]
    table = table.rename(columns={"value": "mean"}).assign(name=pairs, label=labels, who=table["agent"])
    rows = table["name"].nunique()
    left, right = sheet(2, panels_scores.height_of(rows))
    better = table[table["measure"] == "improvement"]
    panels_scores.interval_rows(left, better, "P(a run of the first is better)", 0.5)
    left.set_xlim(-0.02, 1.02)
    panels_scores.interval_rows(
        right, table[table["measure"] == "iqm"], "difference of interquartile means", 0.0
    )
    right.set_yticklabels([])
    told(left, table)
    return Drawing(left.figure, table.drop(columns=["label", "who"]))


def human_normalised(table: pd.DataFrame, who: str) -> Drawing:
    """A row per game, best on top; of several checkpoints the last."""
    last = at_checkpoint(table)
    means = named(game_means(last), who)
    games = means.groupby("game")["mean"].max().sort_values(ascending=False).index.tolist()
    rows = 2.2 + 0.7 * means["name"].nunique()
    _, made = style.figure(width="middle", height=panels_scores.height_of(len(games), min(rows, 8.0)) + 6)
    axes = made[0, 0]
    panels_scores.by_game(axes, means, games)
    notes = [note for note in pd.unique(means["note"]) if note]
    above_all(axes.figure, counted(means["n"], len(games), last), *notes)
    return Drawing(axes.figure, {"": means, SUBJECTS: table})


def frames_to_threshold(table: pd.DataFrame, who: str, unit: str = "frames") -> Drawing:
    """For each threshold, the share of runs that reached it over frames, and below the median frames of each agent.

    `unit` is what the frames are, if not those of an emulator.
    """
    table = table.assign(agent=table["agent"].replace(ALONE["agent"], who))
    summary = named(efficiency_summary(table).rename(columns={"median": "value"}), who)
    alone = table["game"].nunique() == 1
    over_games = summary if alone else summary[summary["game"] == ALL_GAMES]
    levels = sorted(table["threshold"].unique())
    shown = levels[:MOST]
    names = marks.in_order(over_games)
    height = panels_scores.height_of(len(names))
    figure, axes = style.figure(
        len(shown), 2, width="double", height=50 + height, row_ratios=(50.0, height), letters=False
    )
    arrived = pd.concat(
        [arrival(rows, *key) for key, rows in table.groupby(["agent", "threshold"], sort=False)]
    )
    span = (float(table["frames"].min()), float(table["frames"].max()))
    for column, level in enumerate(shown):
        above, below = axes[:, column]
        panels_scores.arrivals(above, arrived[arrived["threshold"] == level], span)
        above.set_title(f"score ≥ {level:g}")
        above.set_xlabel("")
        rows = over_games[over_games["threshold"] == level]
        panels_scores.interval_rows(below, rows, "", edge=span[1])
        panels_scores.frames_axis(below, span, f"median {unit}")
        if column:
            above.set_ylabel("")
            below.set_yticklabels([])
    lines = [counted(table.groupby(["agent", "game"])["subject"].nunique(), table["game"].nunique())]
    if arrived["given_up"].any():
        lines.append("ticks and arrows: runs that ended before they arrived")
    if len(levels) > len(shown):
        lines.append(f"the first {len(shown)} of {len(levels)} thresholds")
    above_all(figure, *lines)
    return Drawing(figure, {"": summary, "arrivals": arrived, SUBJECTS: table})


def arrival(rows: pd.DataFrame, name: str, threshold: float) -> pd.DataFrame:
    """The Kaplan-Meier staircase of an agent's runs, as `panels_scores.arrivals` takes it."""
    frames, reached = rows["frames"].to_numpy(float), rows["reached"].to_numpy(bool)
    ordered, share = still_on_their_way(frames, reached)
    given_up = ~reached[np.lexsort((~reached, frames))]
    return pd.DataFrame(
        {"name": name, "threshold": threshold, "frames": ordered, "share": 1 - share, "given_up": given_up}
    )


def named(table: pd.DataFrame, who: str) -> pd.DataFrame:
    """The table as panels take it: numbers as `mean`, agents as `name` (`who`, where not told apart)."""
    name = table["agent"].replace(ALONE["agent"], who)
    return table.rename(columns={"value": "mean"}).assign(name=name).drop(columns="agent")


def told(axes: Axes, table: pd.DataFrame) -> None:
    """Above the panel: how many games and runs of each, and what the notes of the table say."""
    notes = [note for note in pd.unique(table["note"]) if note]
    axes.set_title("\n".join([counted(table["runs"], int(table["games"].iloc[0]), table), *notes]))


def counted(runs: pd.Series, games: int, table: pd.DataFrame | None = None) -> str:
    """How many games and runs of each, and after how many frames where `table` has a single checkpoint."""
    fewest, most = int(runs.min()), int(runs.max())
    count = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    after = ""
    if table is not None and "frames" in table and table["frames"].nunique() == 1:
        after = f", {panels_scores.short(table['frames'].iloc[0])} frames"
    return f"{games} game{'s' * (games > 1)}, {count} run{'s' * (most > 1)} of each{after}"


def above_all(figure: Figure, *lines: str) -> None:
    """Lines above all panels."""
    figure.suptitle("; ".join(lines), fontsize=7, color=style.GREY)
