"""Figures of the analyses that give a curve over trials: regret, accuracy, learning sets, set sizes, reversals, walks.

Each takes the table of its analysis and the name of who behaved, and gives the drawing (see `figures.draw`).
"""

from functools import partial

import pandas as pd

from fastslow.analysis.statistics import summarise
from fastslow.figures import (
    panels_bandit,
    panels_exposures,
    panels_learning,
    panels_learning_set,
    panels_recall,
    panels_set_size,
    style,
)
from fastslow.figures.panels_maze import by_exposure, lengths
from fastslow.figures.panels_reversal import accuracy_around_reversal, accuracy_by_trial
from fastslow.figures.sheets import (
    MOST,
    SUBJECTS,
    bars,
    curves,
    groups,
    heading,
    more_than_fit,
    over_subjects,
    sheet,
    two_panels,
)
from fastslow.figures.style import Drawing

regret_curves = partial(panels_bandit.regret_curves, labels=False)


def regret(table: pd.DataFrame, who: str) -> Drawing:
    """A bar for the regret, or for that of each group, and a dot per subject."""
    parts = groups(table, ["regret"])
    rows = pd.concat([rows.assign(name=label or who) for label, rows in parts[:MOST]], ignore_index=True)
    rows = rows.assign(value=rows["regret"])
    means = summarise(rows[["subject", "name", "value"]], ["name"], "value")
    (axes,) = sheet(1)
    panels_bandit.return_bars(axes, means, rows, ylabel="expected regret (reward)", who=who)
    heading(axes, who, rows)
    more_than_fit(axes.figure, len(parts), "groups")
    return Drawing(axes.figure, {"": means, SUBJECTS: table})


def cumulative_regret(table: pd.DataFrame, who: str) -> Drawing:
    return curves(table, "trial", "regret", who, regret_curves, ylabel="cumulative expected regret (reward)")


def suboptimal_pulls(table: pd.DataFrame, who: str) -> Drawing:
    return curves(
        table, "trial", "suboptimal", who, regret_curves, ["cumulative"], ylabel="P(choice not the best)"
    )


def p_correct(table: pd.DataFrame, who: str) -> Drawing:
    return curves(table, "trial", "correct", who, best_choices(accuracy_by_trial))


def around_reversal(table: pd.DataFrame, who: str) -> Drawing:
    return curves(
        table, "position", "correct", who, best_choices(partial(accuracy_around_reversal, labels=False))
    )


def best_choices(panel):
    """A panel of accuracies whose axis speaks of the best choice, whatever there was to choose."""

    def drawn(axes, *given, **options):
        panel(axes, *given, **options)
        axes.set_ylabel("P(best choice)")

    return drawn


def learning_set(table: pd.DataFrame, who: str) -> Drawing:
    """Per cent correct by trial of a problem."""

    def panel(axes, means, per_subject):
        panels_learning_set.final_curves(axes, means, per_subject)
        axes.get_legend().remove()

    return curves(
        table.assign(correct=100 * table["correct"]),
        "trial",
        "correct",
        who,
        panel,
        caption="dotted: a guess, then certainty",
    )


def exposures(table: pd.DataFrame, who: str) -> Drawing:
    """A curve over trials for each exposure."""
    means = over_subjects(table, ["exposure", "trial"], "correct", who)
    (axes,) = sheet(1)
    panels_exposures.within_exposures(axes, means, "P(best choice)")
    heading(axes, who, table)
    return Drawing(axes.figure, {"": means, SUBJECTS: table})


def within_trials(table: pd.DataFrame, who: str) -> Drawing:
    """A curve over the steps of a trial."""
    value = table.columns[table.columns.get_loc("step") + 1]
    ylabel = "P(right response)" if value == "right" else value.replace("_", " ")
    panel = partial(panels_exposures.within_trials, ylabel=ylabel)
    return curves(table, "step", value, who, panel, ["trials"])


def retrieval(table: pd.DataFrame, who: str) -> Drawing:
    """A bar for how often the right thing was recalled, and one for how like its context was."""
    (axes,) = sheet(1)
    words = {"right": "of this context", "similarity": "cosine of contexts"}
    drawn = bars(axes, table, list(words), who, "of what was recalled", words=words)
    return Drawing(axes.figure, {"": drawn, SUBJECTS: table})


def gate(table: pd.DataFrame, who: str) -> Drawing:
    """The gate where what was recalled was right and where it was not, a panel for each group."""
    along = table.columns[table.columns.get_loc("right") - 1]
    parts = groups(table, [along, "right", "gate", "trials"])
    all_axes, drawn = sheet(min(len(parts), MOST)), []
    for axes, (label, rows) in zip(all_axes, parts, strict=False):
        means = over_subjects(rows, [along, "right"], "gate", who)
        panels_recall.gate_curves(axes, means, along, along.replace("_", " "))
        heading(axes, who, rows, label)
        drawn.append(means.assign(group=label) if label else means)
    more_than_fit(all_axes[0].figure, len(parts), "groups")
    return Drawing(all_axes[0].figure, {"": pd.concat(drawn, ignore_index=True), SUBJECTS: table})


def forgetting(table: pd.DataFrame, who: str) -> Drawing:
    """Regret at a task's return by how many others came in between."""
    own = ["regret", "returns"]

    def panel(axes, means, per_subject):
        panels_recall.relearning(axes, means, "between", per_subject)

    return curves(table, "between", "relative", who, panel, own)


def set_size(table: pd.DataFrame, who: str) -> Drawing:
    """A learning curve for each set size."""
    means = over_subjects(table, ["set_size", "iteration"], "correct", who)
    (axes,) = sheet(1)
    panels_set_size.size_curves(axes, means)
    heading(axes, who, table)
    return Drawing(axes.figure, {"": means, SUBJECTS: table})


def load_effects(table: pd.DataFrame, who: str) -> Drawing:
    """A bar for each slope: what one stimulus, trial or right answer more does to accuracy."""
    (axes,) = sheet(1)
    names = list(pd.unique(table["predictor"]))
    wide = table.pivot(index="subject", columns="predictor", values="slope")[names]
    notes = table.groupby("subject", sort=False)["note"].agg(lambda all: "; ".join(n for n in all if n))
    wide = wide.loc[pd.unique(table["subject"])].reset_index()
    wide["note"] = wide["subject"].map(notes)
    drawn = bars(axes, wide, names, who, "change of P(correct) by one more")
    return Drawing(axes.figure, {"": drawn, SUBJECTS: table})


def learning_quantiles(table: pd.DataFrame, who: str) -> Drawing:
    """The middle quantile over subjects, by stage, in the band between the outermost."""
    (axes,) = sheet(1)
    panels_learning.quantile_curves(axes, table, "value", style.look(who).colour)
    levels = sorted(table["quantile"].unique())
    band = f"; band, {levels[0]:g} to {levels[-1]:g}" if len(levels) > 1 else ""
    counted = f"{style.look(who).label}, n = {table['n'].max()}"
    axes.set_title(f"{counted}\nquantiles: line, {levels[len(levels) // 2]:g}{band}")
    return Drawing(axes.figure, table)


def sliding_rates(table: pd.DataFrame, who: str) -> Drawing:
    """Learning rate by the middle of its window, a panel for each condition."""
    table = table.drop(columns="condition") if table["condition"].nunique() == 1 else table
    own = ["beta", "log_likelihood"]
    made = curves(table, "trial", "alpha", who, regret_curves, own, ylabel="fitted learning rate")
    for axes in made.figure.axes:
        axes.set_xlabel("trial (middle of the window)")
    return made


def walk_lengths(table: pd.DataFrame, who: str) -> Drawing:
    """Actions in each walk, and the shortest path where it is known."""

    def panel(axes, means, per_subject):
        lengths(axes, means, per_subject=per_subject)
        if means["name"].nunique() > 1:
            axes.legend(loc="best")

    return curves(table, "trial", "steps", who, panel, ["found", "shortest"], beside=["shortest"])


def return_paths(table: pd.DataFrame, who: str) -> Drawing:
    """The first walk of each exposure over the direct path."""
    panel = partial(by_exposure, ylabel="first path over the direct path", level=1)
    return curves(table, "exposure", "ratio", who, panel, ["steps", "shortest", "found", "walks"])


def walk_savings(table: pd.DataFrame, who: str) -> Drawing:
    """Actions in first and later walks; what part of the first the later take, and how often they are no longer."""
    left, right = two_panels()
    rows = [
        bars(left, table, ["first", "later"], who, "actions in the walk"),
        bars(
            right,
            table,
            ["ratio", "found_ratio", "improved"],
            who,
            "relative to the first, or part of episodes",
            {"nothing learned:": 1.0},
        ),
    ]
    return Drawing(left.figure, {"": pd.concat(rows, ignore_index=True), SUBJECTS: table})
