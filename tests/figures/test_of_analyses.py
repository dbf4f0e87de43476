"""Every analysis has a figure, and it shows what the table says: means over subjects, and every subject."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fastslow import catalog
from fastslow.cli.analyse import wants
from fastslow.errors import UserError
from fastslow.figures.draw import draw, whose

TABLES = catalog.import_file(Path(__file__).parents[1] / "analysis" / "test_bad_input.py")
SCORES = catalog.import_file(Path(__file__).parents[1] / "analysis" / "test_scores.py")
ALL, EACH = True, False
SHOWN = {
    "stay_probability": [("stay", ["condition"], ALL)],
    "choice_regression": [("coefficient", ["lag", "condition"], EACH)],
    "episodic_stay": [("stay", ["panel", "condition"], ALL)],
    "episodic_regression": [],
    "regret": [("regret", [], ALL)],
    "cumulative_regret": [("regret", ["trial"], ALL)],
    "suboptimal_pulls": [("suboptimal", ["trial"], ALL)],
    "p_correct": [("correct", ["trial"], ALL)],
    "around_reversal": [("correct", ["position"], ALL)],
    "learning_set": [("correct", ["trial"], ALL)],
    "exposures": [("correct", ["exposure", "trial"], EACH)],
    "within_trials": [("right", ["step"], ALL)],
    "retrieval": [("right", [], ALL), ("similarity", [], ALL)],
    "gate": [("gate", ["exposure", "right"], EACH)],
    "forgetting": [("relative", ["between"], ALL)],
    "set_size": [("correct", ["set_size", "iteration"], EACH)],
    "load_effects": [("slope", ["predictor"], ALL)],
    "rescorla_wagner": [],
    "sliding_rates": [("alpha", ["trial"], ALL)],
    "learning_quantiles": [],
    "matching": [("slope", [], ALL), ("r", [], ALL)],
    "win_stay": [("win_stay", [], ALL), ("lose_shift", [], ALL)],
    "income_regression": [("weight", ["lag", "history"], EACH)],
    "reversal_errors": [("rpe", ["kind", "pays"], ALL)],
    "unit_coding": [("partial_r", ["variable"], ALL)],
    "decoding": [("score", ["target"], ALL), ("chance", ["target"], EACH)],
    "state_paths": [("pc2", ["subject", "condition", "trial"], ALL)],
    "representation": [("dissimilarity", ["a", "b"], EACH)],
    "walk_lengths": [("steps", ["trial"], ALL)],
    "return_paths": [("ratio", ["exposure"], ALL)],
    "walk_savings": [(name, [], ALL) for name in ("first", "later", "ratio", "found_ratio", "improved")],
    "fit_models": [],
    "aggregate_scores": [("value", ["agent", "frames", "measure"], ALL)],
    "performance_profiles": [("value", ["agent", "threshold"], ALL)],
    "compare_scores": [],
    "human_normalised": [],
    "frames_to_threshold": [],
}
"""Of each analysis, the columns whose means by these keys are drawn, and whether every subject's number is, too."""

ROWS = ("compare_scores", "human_normalised")
"""Figures whose numbers lie along, in rows that have names."""


def analysed(name, odd="nothing odd", **options):
    analysis = catalog.load("analysis", name)
    if wants(analysis) == "scores":
        return analysis(SCORES.healthy(), **options)
    table = TABLES.ODD[odd](TABLES.healthy())
    units = wants(analysis) == "record"
    return analysis(
        TABLES.with_units(table) if units else table, **{**TABLES.OPTIONS.get(name, {}), **options}
    )


def numbers(figure):
    """The heights of everything drawn: lines, dots, bars, images."""
    drawn = []
    for axes in figure.axes:
        drawn += [np.asarray(line.get_ydata(), float) for line in axes.lines]
        drawn += [np.array([patch.get_y() + patch.get_height() for patch in axes.patches])]
        drawn += [np.ravel(image.get_array()) for image in axes.images]
    return np.concatenate(drawn)


def said(figure):
    return " ".join(
        " ".join(text.get_text().split()) for axes in figure.axes for text in [axes.title, *axes.texts]
    )


def lacking(expected, figure):
    drawn = numbers(figure)
    return [value for value in expected if not np.isclose(drawn, value, rtol=1e-9, atol=1e-12).any()]


def test_every_analysis_is_held_to_its_table():
    assert list(SHOWN) == list(catalog.ANALYSES)
    assert len({entry.draw for entry in catalog.ANALYSES.values()}) == len(SHOWN)


@pytest.mark.parametrize("name", SHOWN)
def test_a_figure_shows_what_its_table_says(name):
    table = analysed(name)
    figure, data = draw(name, table)
    for value, keys, each in SHOWN[name]:
        rows = table[table["lag"] > 0] if "lag" in table else table
        scale = 100 if name == "learning_set" else 1
        rows = rows.assign(**{value: scale * rows[value]})
        means = rows.groupby(keys)[value].mean() if keys else [rows[value].mean()]
        wanted = [*means, *(rows[value] if each else ())]
        assert not lacking([number for number in wanted if np.isfinite(number)], figure), value
    word = "get_xlabel" if name in ROWS else "get_ylabel"
    labelled = [axes for axes in figure.axes if axes.axison and getattr(axes, word)()]
    assert labelled
    for one in data.values() if isinstance(data, dict) else [data]:
        assert len(one) and isinstance(one, pd.DataFrame)


def test_fits_show_the_best_models_parameters_and_what_the_others_lack():
    table = analysed("fit_models")
    figure, data = draw("fit_models", table, "rats")
    bic = table.drop_duplicates(["subject", "model"]).groupby("model")["bic"].mean()
    assert not lacking(bic - bic.min(), figure)
    best = table[table["model"] == bic.idxmin()]
    assert not lacking(best["estimate"], figure)
    assert len(figure.axes) == 1 + best["parameter"].nunique()
    assert set(data[""]["model"]) == {bic.idxmin()}
    assert said(figure).startswith("rats, n = 2")


def test_weights_of_the_recalled_trial_stand_beside_those_of_the_trial_before():
    table = analysed("episodic_regression")
    told = table[table["source"] != "none"]
    figure, data = draw("episodic_regression", table)
    means = told.groupby(["source", "term"])["coefficient"].mean()
    assert not lacking([*means, *told["coefficient"]], figure)
    assert len(data[""]) == 9


def test_rates_are_those_of_the_best_model_with_a_rate():
    table = analysed("rescorla_wagner")
    figure, _ = draw("rescorla_wagner", table)
    bic = table.groupby(["subject", "model"])["bic"].sum().groupby("model").mean()
    best = bic[["ab", "abe"]].idxmin()
    rows = table[table["model"] == best].groupby("subject")[["alpha", "beta"]].mean()
    assert not lacking([*(bic - bic.min()), *rows.mean(), *rows.to_numpy().ravel()], figure)
    fixed, _ = draw("rescorla_wagner", table[table["model"] == "b"])
    assert "no model that was fitted has a free one" in said(fixed)


def test_quantiles_are_drawn_by_stage():
    table = analysed("learning_quantiles", stages=2)
    figure, _ = draw("learning_quantiles", table)
    assert len(figure.axes[0].lines) == 2
    assert not lacking(table.loc[table["quantile"] == 0.5, "value"], figure)


def places(figure):
    """How far to the right everything is drawn."""
    return np.concatenate(
        [np.asarray(line.get_xdata(), float) for axes in figure.axes for line in axes.lines]
    )


def along(expected, figure):
    drawn = places(figure)
    return all(np.isclose(drawn, value, rtol=1e-9, atol=1e-12).any() for value in expected)


def test_aggregates_at_one_checkpoint_stand_in_rows_with_their_intervals():
    table = analysed("aggregate_scores").query("frames == 400")
    figure, data = draw("aggregate_scores", table)
    assert along(table[["value", "low", "high"]].to_numpy().ravel(), figure)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["NEC", "DQN"]
    assert said(figure).startswith("2 games, 3 runs of each, 400 frames") and len(data) == 8
    alone = catalog.load("analysis", "aggregate_scores")(
        SCORES.healthy(agents=("nec",)).drop(columns="agent")
    )
    figure, _ = draw("aggregate_scores", alone.query("frames == 400"), "people")
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["people"]


def test_comparisons_stand_beside_a_half_and_beside_nothing():
    table = analysed("compare_scores")
    figure, _ = draw("compare_scores", table)
    shown = table[table["measure"].isin(["improvement", "iqm"])]
    assert along([*shown[["value", "low", "high"]].to_numpy().ravel(), 0.5, 0.0], figure)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["NEC over DQN"]


def test_human_normalised_scores_have_a_row_per_game_the_best_on_top():
    table = analysed("human_normalised")
    figure, data = draw("human_normalised", table)
    last = table[table["frames"] == 400].groupby(["agent", "game"])["hns"].mean()
    assert along(last, figure)
    best = last.groupby("game").max().sort_values(ascending=False)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == list(best.index)
    assert "2 games, 3 runs of each, 400 frames" in figure.get_suptitle()
    assert data[""]["mean"].tolist() == pytest.approx(
        [last[agent, game] for agent, game in zip(data[""]["name"], data[""]["game"], strict=True)]
    )


def test_arrivals_climb_to_the_share_that_arrived_and_medians_stand_below():
    table = analysed("frames_to_threshold", thresholds=[0.3, 0.7])
    figure, data = draw("frames_to_threshold", table)
    assert len(figure.axes) == 4 and "ticks and arrows" in figure.get_suptitle()
    summary = data[""][data[""]["game"] == "all games"].set_index(["name", "threshold"])
    assert np.isinf(summary.loc[("dqn", 0.7), "mean"]) and summary.loc[("dqn", 0.7), "reached"] == 0
    assert along(summary.loc[[("nec", 0.3), ("nec", 0.7), ("dqn", 0.3)], "mean"], figure)
    above = figure.axes[1]
    tops = {
        line.get_label(): max(line.get_ydata()) for line in above.lines if line.get_drawstyle() != "default"
    }
    assert tops == {"NEC": pytest.approx(1.0), "DQN": 0.0}
    many = analysed("frames_to_threshold", thresholds=[0.1, 0.2, 0.3, 0.4, 0.5])
    assert "the first 4 of 5 thresholds" in draw("frames_to_threshold", many).figure.get_suptitle()


def test_what_was_kept_apart_has_a_panel_each_on_one_scale():
    table = analysed("cumulative_regret", by=["problem"])
    figure, data = draw("cumulative_regret", table)
    assert ["problem 0" in axes.get_title() for axes in figure.axes] == [True, False]
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    assert set(data[""]["group"]) == {"problem 0", "problem 1"}
    many = pd.concat([table[table["problem"] == 0].assign(problem=i) for i in range(14)])
    figure, _ = draw("cumulative_regret", many)
    assert len(figure.axes) == 12 and "the first 12 of 14 groups" in figure.get_suptitle()


def test_one_subject_has_no_interval_and_many_have_no_lines():
    one = analysed("p_correct", "one subject")
    assert "subjects: subject 0, no interval" in said(draw("p_correct", one).figure)
    many = pd.concat([one.assign(subject=str(i)) for i in range(40)])
    assert len(draw("p_correct", many).figure.axes[0].lines) == 1


def test_what_the_table_flags_is_left_out_and_said():
    table = analysed("matching")
    assert list(table["sensitivity"].isna()).count(True) == 1
    figure, data = draw("matching", table)
    assert "1 of 2 subjects left out: log ratios: 2 blocks that count" in said(figure)
    assert data[""].set_index("name")["n"].to_dict()["sensitivity"] == 1
    nothing = table.assign(slope=np.nan, intercept=np.nan, note="fractions: all blocks are alike")
    assert "nothing to draw: 2 of 2 subjects left out" in said(draw("matching", nothing).figure)
    coded = analysed("unit_coding")
    silent = draw("unit_coding", coded.assign(partial_r=np.nan, note="the unit is constant")).figure
    assert "nothing to draw: 18 of 18 correlations left out: the unit is constant" in said(silent)
    # Nobody had a choice after an unrewarded trial: no bars, and no effects.
    stay = analysed("stay_probability")
    paid = draw("stay_probability", stay[stay["reward"] == 1]).figure
    assert "no choice follows on a common-unrewarded trial" in said(paid) and "no effects" in said(paid)


def test_mistakes_are_one_sentence_each():
    table = analysed("win_stay")
    with pytest.raises(UserError, match="'win_stays' has no figure; did you mean 'win_stay'"):
        draw("win_stays", table)
    with pytest.raises(UserError, match=r"'mine\.py:own' is your own and has no figure"):
        draw("mine.py:own", table)
    with pytest.raises(UserError, match="'win_stay' is empty"):
        draw("win_stay", table.iloc[:0])


@pytest.mark.parametrize(
    ("attrs", "who"),
    [
        ({"species": "rat"}, "rats"),
        ({"species": "human", "agent": "ucb"}, "people"),
        ({"agent": "meta_rl", "trainer": "a2c"}, "agent"),
        ({"agent": "thompson"}, "thompson"),
        ({"species": "axolotl"}, "subjects"),
        ({}, "subjects"),
    ],
)
def test_colours_go_by_who_behaved(attrs, who):
    assert whose(attrs) == who
