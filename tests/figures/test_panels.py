"""Every panel returns its artists, and these hold the numbers that the table gave."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgba
from matplotlib.text import Text

from fastslow.analysis.stay import CONDITIONS
from fastslow.errors import UserError
from fastslow.figures import (
    marks,
    panels_bandit,
    panels_learning,
    panels_published,
    panels_state_space,
    panels_two_step,
    style,
)

RANDOM = np.random.default_rng(0)


def one_axes():
    made, axes = style.figure()
    return made, axes[0, 0]


def interval_table(**columns):
    table = pd.DataFrame(columns)
    return table.assign(low=table["mean"] - 0.05, high=table["mean"] + 0.05)


def height(bar):
    return bar.get_height()


def test_rows_of_come_in_the_order_of_the_names():
    table = pd.DataFrame({"name": ["a", "b", "a", "c"], "mean": [1, 2, 3, 4]})
    assert marks.rows_of(table, ("c", "a", "unknown"))["mean"].tolist() == [4, 1, 3]


def test_regret_curves_hold_means_and_bands():
    _, axes = one_axes()
    mean = np.cumsum(RANDOM.random(6)).reshape(2, 3).cumsum(axis=1)
    table = interval_table(name=["independent"] * 3 + ["ucb"] * 3, trial=[0, 1, 2] * 2, mean=mean.ravel())
    table.loc[table["name"] == "ucb", ["low", "high"]] = np.nan
    artists = panels_bandit.regret_curves(axes, table)
    np.testing.assert_allclose(artists["independent"][0].get_xdata(), [1, 2, 3])
    np.testing.assert_allclose(artists["independent"][0].get_ydata(), mean[0])
    edges = artists["independent"][1].get_paths()[0].vertices
    assert edges[:, 1].max() == pytest.approx(mean[0].max() + 0.05)
    assert edges[:, 1].min() == pytest.approx(mean[0].min() - 0.05)
    assert len(artists["ucb"]) == 1  # nothing is known of its spread, so no band
    assert to_hex(artists["independent"][0].get_color()) == style.look("independent").colour.lower()
    shown = {text.get_text() for text in axes.texts}
    assert shown == {"agent, independent\narms", "UCB"}


def test_labels_at_the_ends_do_not_touch():
    made, axes = one_axes()
    axes.set_ylim(0, 1)
    ends = {"one": (0.98, "k"), "two": (0.99, "k"), "three\nlines": (1.0, "k"), "four": (0.02, "k")}
    labels = list(marks.end_labels(axes, ends).values())
    made.draw_without_rendering()
    boxes = sorted((Text.get_window_extent(label) for label in labels), key=lambda box: box.y0)
    for below, above in itertools.pairwise(boxes):
        assert below.y1 <= above.y0 + 1
    assert marks.end_labels(axes, {}) == {}


def test_raster_shows_each_choice_and_leaves_the_missing_white():
    _, axes = one_axes()
    grid = np.array([[0, 1, -1], [1, 1, 0]])
    rows = [(e, t, grid[e, t]) for e in range(2) for t in range(3)]
    image = panels_bandit.action_raster(axes, pd.DataFrame(rows, columns=["episode", "trial", "action"]))
    shown = image.get_array()
    np.testing.assert_array_equal(shown.mask, grid < 0)
    np.testing.assert_array_equal(shown.filled(-1), grid)
    assert [to_hex(c) for c in image.cmap([0, 1])] == [colour.lower() for colour in style.ARMS]


def test_matrix_prints_mean_and_interval_and_colours_by_ratio_within_a_test():
    _, axes = one_axes()
    table = interval_table(
        train=["easy", "easy", "hard", "hard"], test=["easy", "hard"] * 2, mean=[0.8, 25.0, 1.2, 12.5]
    )
    image = panels_bandit.regret_matrix(axes, table)
    np.testing.assert_allclose(image.get_array(), [[1.0, 2.0], [1.5, 1.0]])
    assert [text.get_text() for text in axes.texts] == [
        "0.80\n[0.75, 0.85]",
        "25.0\n[24.9, 25.1]",
        "1.20\n[1.15, 1.25]",
        "12.5\n[12.4, 12.6]",
    ]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["easy", "hard"]


def test_first_pulls_and_return_bars():
    _, axes = one_axes()
    table = interval_table(
        name=["agent"] * 3 + ["no_reward"] * 3, arm=[0, 1, 2] * 2, mean=[0.1, 0.1, 0.8, 0.3, 0.3, 0.4]
    )
    artists = panels_bandit.first_pulls(axes, table, informative=2)
    assert [height(bar) for bar in artists["agent"]] == [0.1, 0.1, 0.8]
    assert [height(bar) for bar in artists["no_reward"]] == [0.3, 0.3, 0.4]
    centre = artists["agent"][2]
    assert centre.get_x() + centre.get_width() / 2 == pytest.approx(2.8)

    _, axes = one_axes()
    table = interval_table(name=["agent", "no_reward"], mean=[20.3, 6.9])
    seeds = pd.DataFrame({"name": ["agent"] * 3, "value": [20.1, 20.3, 20.5]})
    artists = panels_bandit.return_bars(axes, table, seeds, {"optimal": 20.55})
    assert (height(artists["agent"]), height(artists["no_reward"])) == (20.3, 6.9)
    assert artists["optimal"].get_ydata()[0] == 20.55
    assert any(list(line.get_ydata()) == [20.1, 20.3, 20.5] for line in axes.lines)
    assert any(np.allclose(line.get_ydata(), [20.25, 20.35]) for line in axes.lines)  # the interval


def test_players_stand_beside_what_was_published_for_them():
    _, axes = one_axes()
    table = interval_table(
        player=["gittins", "untrained"],
        mean=[6.6, 5.0],
        published=[6.7, np.nan],
        published_error=[0.06, 0.06],
    )
    artists = panels_published.beside_published(axes, table, "total reward", bound=6.66)
    dot, line = artists["gittins"]
    assert (dot.get_xdata()[0], line.get_xdata()[0]) == (6.6, 6.7)
    assert len(artists["untrained"]) == 1  # nothing was published
    band = axes.patches[0]
    assert (band.get_x(), band.get_width()) == pytest.approx((6.58, 0.24))
    assert any(list(one.get_xdata()) == [6.66, 6.66] for one in axes.lines)


def test_learning_rates_draw_each_subject_and_the_mean():
    _, axes = one_axes()
    table = pd.DataFrame(
        {"name": "agent", "subject": ["a", "a", "b", "b"], "volatility": ["stable", "volatile"] * 2}
    ).assign(alpha=[0.2, 0.6, 0.4, 0.8])
    thick, *thin = panels_bandit.learning_rates(axes, table)["agent"]
    np.testing.assert_allclose(thick.get_ydata(), [0.3, 0.7])
    assert [list(line.get_ydata()) for line in thin] == [[0.2, 0.6], [0.4, 0.8]]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["stable", "volatile"]


def stay_table(name, values):
    return interval_table(name=name, condition=list(CONDITIONS), mean=values)


def test_stay_bars_dots_and_published_values():
    _, axes = one_axes()
    agent, rats = (0.99, 0.64, 0.62, 0.98), (0.82, 0.464, 0.47, 0.806)
    table = pd.concat([stay_table("agent", agent), stay_table("rats", rats)])
    dots = pd.DataFrame(
        {"name": "rats", "condition": "rare-rewarded", "subject": ["x", "y"], "stay": [0.3, 0.5]}
    )
    published = pd.DataFrame({"name": "agent", "condition": ["common-rewarded"], "published": [0.991]})
    artists = panels_two_step.stay_bars(axes, table, dots, published)
    for name, values in (("agent", agent), ("rats", rats)):
        assert [height(artists[name, condition]) for condition in CONDITIONS] == list(values)
    common, rare = (artists["agent", kind] for kind in ("common-rewarded", "rare-rewarded"))
    assert common.get_facecolor() == to_rgba(style.FAST) and common.get_hatch() is None
    assert rare.get_facecolor() == to_rgba("white") and rare.get_hatch()
    assert any(list(line.get_ydata()) == [0.3, 0.5] for line in axes.lines)
    assert any(list(line.get_ydata()) == [0.991, 0.991] for line in axes.lines)
    assert {"meta-RL agent", "rats"} <= {text.get_text() for text in axes.texts}


def test_lag_coefficients_by_kind_of_trial_without_the_bias():
    _, axes = one_axes()
    lags = [lag for lag in (1, 2) for _ in CONDITIONS]
    table = interval_table(condition=list(CONDITIONS) * 2, lag=lags, mean=np.arange(8.0))
    bias = interval_table(condition=["bias"], lag=[0], mean=[9.0])
    artists = panels_two_step.lag_coefficients(axes, pd.concat([bias, table]), "agent")
    assert list(artists) == list(CONDITIONS)
    for i, condition in enumerate(CONDITIONS):
        np.testing.assert_allclose(artists[condition][0].get_ydata(), [i, i + 4])
        np.testing.assert_allclose(artists[condition][0].get_xdata(), [1, 2], atol=0.1)
    assert artists["common-rewarded"][0].get_linestyle() == "-"
    assert artists["rare-rewarded"][0].get_linestyle() == "--"


def test_explained_bars_raw_filled_and_own_part_hollow():
    _, axes = one_axes()
    kinds = list(panels_two_step.PREDICTORS)
    table = interval_table(
        name=["agent"] * 4 + ["untrained"] * 4, predictor=kinds * 2, mean=np.arange(8) / 10
    )
    seeds = pd.DataFrame({"name": ["agent"], "predictor": ["r2_model_free"], "r2": [0.44]})
    published = pd.DataFrame({"name": ["agent"], "predictor": ["r2_model_based"], "published": [0.89]})
    artists = panels_two_step.explained_bars(axes, table, seeds, published)
    assert [height(artists["agent", kind]) for kind in kinds] == [0.0, 0.1, 0.2, 0.3]
    assert [height(artists["untrained", kind]) for kind in kinds] == [0.4, 0.5, 0.6, 0.7]
    assert artists["agent", "r2_model_based"].get_hatch() is None
    assert artists["agent", "r2_model_based_residual"].get_hatch()
    assert any(list(line.get_ydata()) == [0.89, 0.89] for line in axes.lines)
    assert any(list(line.get_ydata()) == [0.44] for line in axes.lines)


def test_scatter_holds_the_errors_and_their_least_squares_line():
    _, axes = one_axes()
    x = np.linspace(-1, 1, 50)
    steps = pd.DataFrame({"rpe": 0.1 + 0.5 * x, "rpe_model_based": x})
    cloud, line = panels_two_step.error_scatter(axes, steps, r2=1.0)
    np.testing.assert_allclose(cloud.get_xydata(), steps[["rpe_model_based", "rpe"]])
    np.testing.assert_allclose(line.get_xydata(), [[-1, -0.4], [1, 0.6]])
    assert axes.texts[0].get_text() == "r² = 1.00"


def test_state_paths_and_end_states():
    _, axes = one_axes()
    table = pd.DataFrame(
        {"condition": ["x", "x", "y", "y"], "trial": [0, 1, 0, 1], "pc1": [0.0, 1.0, 0.0, 2.0]}
    )
    table["pc2"] = [0.0, 3.0, 0.0, 4.0]
    explained = np.array([0.62, 0.17])
    artists = panels_state_space.state_paths(axes, table, {"x": 0.01, "y": 0.99}, explained)
    np.testing.assert_allclose(artists["y"][0].get_xydata(), [[0, 0], [2, 4]])
    np.testing.assert_allclose(artists["x"][2].get_xydata(), [[1, 3]])
    assert axes.get_xlabel() == "PC1 (62 % of variance)"

    _, axes = one_axes()
    ends = pd.DataFrame({"p_left": [0.1, 0.9], "pc1": [1.0, 2.0], "pc2": [3.0, 4.0]})
    cloud = panels_state_space.end_path(axes, ends)
    np.testing.assert_allclose(cloud.get_offsets(), [[1, 3], [2, 4]])
    np.testing.assert_allclose(cloud.get_array(), [0.1, 0.9])


def test_learning_curves_draw_seeds_and_their_mean():
    _, axes = one_axes()
    table = pd.DataFrame(
        {"subject": ["a", "a", "b", "b"], "steps": [0, 2e6] * 2, "value": [1.0, 2.0, 3.0, 6.0]}
    )
    mean, *seeds = panels_learning.learning_curves(axes, table, "reward")
    np.testing.assert_allclose(mean.get_xydata(), [[0, 2], [2, 4]])
    assert [list(line.get_ydata()) for line in seeds] == [[1.0, 2.0], [3.0, 6.0]]


def test_claims_stand_in_their_rows_scale():
    _, axes = one_axes()
    columns = ["measure", "measured", "low", "high", "accept_low", "accept_high", "published", "accepted"]
    rows = [
        ("regret", 2.2, 2.1, 2.3, -np.inf, 2.6, 1.9, True),
        ("return", 19.0, 18.0, 20.0, 20.0, np.nan, np.nan, False),
    ]
    table = pd.DataFrame(rows, columns=columns)
    artists = panels_learning.claims_forest(axes, table)
    for _, row in table.iterrows():
        band, dot = artists[row["measure"]]
        least, most = panels_learning.row_scale(row)
        assert dot.get_xdata()[0] * (most - least) + least == pytest.approx(row["measured"])
        box = band
        if row["measure"] == "regret":  # accepted at most 2.6: the band runs from the edge to 2.6
            assert box.get_x() == 0
            assert (box.get_x() + box.get_width()) * (most - least) + least == pytest.approx(2.6)
        else:
            assert box.get_x() * (most - least) + least == pytest.approx(20.0)
            assert box.get_x() + box.get_width() == pytest.approx(1)
    shown = [text.get_text() for text in axes.texts]
    assert {"2.2 [2.1, 2.3]", "≤ 2.6", "1.9", "holds", "19 [18, 20]", "≥ 20", "–", "fails"} <= set(shown)


def test_a_claim_without_an_interval_shows_its_number_alone():
    _, axes = one_axes()
    columns = ["measure", "measured", "low", "high", "accept_low", "accept_high", "published", "accepted"]
    table = pd.DataFrame([("share", 0.75, np.nan, np.nan, 0.5, 1.0, np.nan, True)], columns=columns)
    panels_learning.claims_forest(axes, table)
    assert "0.75" in [text.get_text() for text in axes.texts]


def test_bad_tables_are_answered_in_a_sentence():
    _, axes = one_axes()
    with pytest.raises(UserError, match="no column 'mean'"):
        panels_bandit.regret_curves(axes, pd.DataFrame({"name": ["a"], "trial": [0]}))
    with pytest.raises(UserError, match="empty"):
        panels_bandit.regret_curves(axes, pd.DataFrame({"name": [], "trial": [], "mean": []}))
    with pytest.raises(UserError, match="no stay condition 'common-rewardd'; did you mean 'common-rewarded'"):
        panels_two_step.stay_bars(axes, interval_table(name=["a"], condition=["common-rewardd"], mean=[0.5]))
    with pytest.raises(UserError, match="has no row for rats, rare-rewarded"):
        panels_two_step.stay_bars(
            axes, interval_table(name=["rats"], condition=["common-rewarded"], mean=[0.5])
        )
