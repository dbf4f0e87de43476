"""Figures of the analyses of single choices: what they owe to the past, how they match income, which model tells them.

Each takes the table of its analysis and the name of who behaved, and gives the drawing (see `figures.draw`).
"""

import pandas as pd

from fastslow.analysis.choice_regression import choice_indices
from fastslow.analysis.compare_models import above_best
from fastslow.analysis.episodic_stay import PANELS, episodic_effects
from fastslow.analysis.rescorla_wagner import MODELS
from fastslow.analysis.stay import CONDITIONS, EFFECTS, stay_effects
from fastslow.figures import marks, panels_bandit, panels_fits, panels_foraging, panels_two_step, style
from fastslow.figures.sheets import (
    SUBJECTS,
    bars,
    heading,
    known,
    over_measures,
    over_subjects,
    sheet,
    two_panels,
)
from fastslow.figures.style import Drawing


def stay_probability(table: pd.DataFrame, who: str) -> Drawing:
    """Four bars, and the effects of those who met all four kinds of trial."""
    left, right = two_panels(0.9, height=64)
    means = over_subjects(table, ["condition"], "stay", who)
    lacking = [name for name in CONDITIONS if name not in set(means["condition"])]
    if lacking:
        marks.blank(left, f"no bars to draw: no choice follows on a {lacking[0]} trial")
    else:
        panels_two_step.stay_bars(left, means, table.assign(name=who))
    met = table.groupby("subject")["condition"].transform("nunique") == len(CONDITIONS)
    drawn = [means.rename(columns={"condition": "measure"}).drop(columns="name")]
    if met.any():
        effects = stay_effects(table[met])
        found = bars(right, effects, EFFECTS, who, "difference in P(stay)")
        drawn.append(found.rename(columns={"name": "measure"}))
    else:
        marks.blank(right, "no effects to draw: no subject met all four kinds of trial")
    return Drawing(left.figure, {"": pd.concat(drawn, ignore_index=True), SUBJECTS: table})


def episodic_stay(table: pd.DataFrame, who: str) -> Drawing:
    """Four bars in each panel, and by panel the interaction and the reward effect of those who met all four kinds."""
    figure, axes = style.figure(2, 3, height=170)
    drawn = []
    for place, panel in enumerate(PANELS):
        axis, rows = axes.flat[place], table[table["panel"] == panel]
        lacking = [name for name in CONDITIONS if name not in set(rows["condition"])]
        if lacking:
            marks.blank(axis, f"{panel}: no bars to draw, for no choice follows on a {lacking[0]} trial")
            continue
        means, label = over_subjects(rows, ["condition"], "stay", who), panels_two_step.REPEATED[panel]
        panels_two_step.stay_bars(axis, means, rows.assign(name=who), ylabel=label, legend=place == 0)
        drawn.append(means.rename(columns={"condition": "measure"}).assign(panel=panel))
    effects = episodic_effects(table)
    for axis, effect in zip(axes[2], ("interaction", "reward_effect"), strict=True):
        if len(effects):
            by_panel = effects.pivot(index="subject", columns="panel", values=effect).reset_index()
            found = bars(axis, by_panel, PANELS, who, f"{effect.replace('_', ' ')} (difference in P)")
            drawn.append(found.rename(columns={"name": "panel"}).assign(measure=effect))
        else:
            marks.blank(axis, "no effects to draw: no subject met all four kinds of trial")
    numbers = pd.concat(drawn, ignore_index=True).drop(columns="name", errors="ignore") if drawn else table
    return Drawing(figure, {"": numbers, SUBJECTS: table})


def episodic_regression(table: pd.DataFrame, who: str) -> Drawing:
    """Weights of the recalled trial and of the trial before on a cued choice."""
    (axes,) = sheet(1)
    weights = over_subjects(table, ["source", "term"], "coefficient", who)
    told = table[table["source"] != "none"]
    panels_two_step.term_bars(axes, weights[weights["source"] != "none"], told, who)
    heading(axes, who, table)
    return Drawing(axes.figure, {"": weights.drop(columns="name"), SUBJECTS: table})


def choice_regression(table: pd.DataFrame, who: str) -> Drawing:
    """Weights by lag and kind of trial, and each subject's indices of planning and of model-free learning."""
    left, right = two_panels(0.6, height=64)
    weights = over_subjects(table, ["lag", "condition"], "coefficient", who)
    panels_two_step.lag_coefficients(left, weights, who)
    heading(left, who, table)
    indices = bars(
        right,
        choice_indices(table),
        ["planning_index", "model_free_index"],
        who,
        "sum of weights (log odds)",
    )
    return Drawing(left.figure, {"": weights.drop(columns="name"), "indices": indices, SUBJECTS: table})


def matching(table: pd.DataFrame, who: str) -> Drawing:
    """Each subject's lines in fractions and in log ratios, and their slopes and correlations."""
    figure, axes = style.figure(3, 1, column_ratios=(1.0, 1.0, 1.2))
    for one, columns, fractions in (
        (axes[0, 0], ("slope", "intercept"), True),
        (axes[0, 1], ("sensitivity", "bias"), False),
    ):
        lines, left_out = known(table, *columns)
        if len(lines):
            panels_foraging.matching_lines(one, lines, who, fractions)
            heading(one, who, lines, left_out)
        else:
            marks.blank(one, f"nothing to draw: {left_out}")
    words = {
        "slope": "slope, fractions",
        "r": "r, fractions",
        "sensitivity": "slope, log ratios",
        "r_log": "r, log ratios",
    }
    bars(axes[0, 2], table, list(words), who, "slope, or correlation r", words=words)
    axes[0, 2].set_title("")
    means = over_measures(table, ["slope", "intercept", "r", "sensitivity", "bias", "r_log"])
    return Drawing(figure, {"": means, SUBJECTS: table})


def win_stay(table: pd.DataFrame, who: str) -> Drawing:
    (axes,) = sheet(1)
    measures = ["win_stay", "lose_shift"]
    means = over_subjects(table.melt("subject", measures, "measure", "value"), ["measure"], "value", who)
    panels_foraging.repeats(axes, means, table.assign(name=who))
    axes.set_xticks([-0.2, 0.2], ["win-stay", "lose-shift"])
    axes.set_xlim(-0.75, 0.75)
    axes.set_ylabel("probability")
    heading(axes, who, table)
    return Drawing(axes.figure, {"": means.drop(columns="name"), SUBJECTS: table})


def income_regression(table: pd.DataFrame, who: str) -> Drawing:
    """Weights of past rewards and past choices by lag."""
    (axes,) = sheet(1)
    weights = over_subjects(table, ["lag", "history"], "weight", who)
    panels_foraging.history_weights(axes, weights, who)
    heading(axes, who, table)
    return Drawing(axes.figure, {"": weights.drop(columns="name"), SUBJECTS: table})


def rescorla_wagner(table: pd.DataFrame, who: str) -> Drawing:
    """BIC of the models, and learning rate and inverse temperature of the best one that learns at a rate of its own.

    Each over a subject's blocks first; a bar for each condition.
    """
    figure, axes = style.figure(3, 1)
    bic = table.groupby(["subject", "model"], sort=False)["bic"].sum().reset_index()
    worse = above_best(bic)
    panels_fits.bic_bars(axes[0, 0], worse, "", who)
    heading(axes[0, 0], who, table)
    totals = bic.groupby("model")["bic"].mean()
    free = [model for model in totals.index if "alpha" in MODELS[model]]
    drawn = [worse.groupby("model", sort=False)["worse"].mean().rename("mean").reset_index()]
    model = totals[free or list(totals.index)].idxmin()
    fitted = table[table["model"] == model]
    conditions = list(pd.unique(fitted["condition"]))
    for one, parameter, label in (
        (axes[0, 1], "alpha", "fitted learning rate"),
        (axes[0, 2], "beta", "fitted inverse temperature"),
    ):
        if parameter not in MODELS[model]:
            marks.blank(one, "no learning rate to draw: no model that was fitted has a free one")
            continue
        rows = fitted.groupby(["subject", "condition"], sort=False)[parameter].mean().reset_index()
        means = over_subjects(rows, ["condition"], parameter, who)
        panels_bandit.return_bars(
            one,
            means.assign(name=means["condition"].astype(str)),
            rows.assign(name=rows["condition"].astype(str), value=rows[parameter]),
            ylabel=label,
            who=who,
        )
        if len(conditions) == 1:
            one.set_xticks([])
        one.set_title(f"model {model}, mean over blocks")
        drawn.append(means.assign(model=model, parameter=parameter).drop(columns="name"))
    return Drawing(figure, {"": pd.concat(drawn, ignore_index=True), SUBJECTS: table})


def fit_models(table: pd.DataFrame, who: str) -> Drawing:
    """BIC of the models, and every parameter of the group's best one, subject by subject with its interval."""
    worse = above_best(table)
    means = worse.groupby("model", sort=False)["worse"].mean()
    best = means.idxmin()
    fitted = table[table["model"] == best]
    parameters = [name for name, rows in fitted.groupby("parameter", sort=False)]
    all_axes = sheet(1 + len(parameters))
    panels_fits.bic_bars(all_axes[0], worse, "")
    heading(all_axes[0], who, table, f"best for the group: {style.look(best).label}")
    for axes, parameter in zip(all_axes[1:], parameters, strict=True):
        panels_fits.estimates(axes, fitted[fitted["parameter"] == parameter], parameter, who)
    over = over_subjects(fitted, ["parameter"], "estimate", who).drop(columns="name").assign(model=best)
    return Drawing(
        all_axes[0].figure,
        {"": over, "bic": means.rename("worse").reset_index(), SUBJECTS: table},
    )
