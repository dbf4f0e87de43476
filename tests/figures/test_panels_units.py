"""Panels of units hold the numbers that the tables gave, one mark each."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from fastslow.errors import UserError
from fastslow.figures import panels_foraging, panels_learning, panels_units, style


def one_axes():
    return style.figure()[1][0, 0]


def units():
    rows = [
        (name, variable, 0.1 * unit + 0.2 * (name == "agent"), 0.03, 0.08)
        for name in ("agent", "untrained")
        for variable in ("last_action", "value")
        for unit in range(4)
    ]
    return pd.DataFrame(rows, columns=["name", "variable", "partial_r", "shuffled_mean", "shuffled_p99"])


def test_a_bar_is_the_mean_and_a_dot_a_unit():
    axes = one_axes()
    table = units()
    table.loc[0, "partial_r"] = np.nan  # a silent unit is no zero
    artists = panels_units.coding(axes, table)
    assert artists["agent", "last_action"].get_height() == pytest.approx(np.mean([0.3, 0.4, 0.5]))
    assert artists["untrained", "value"].get_height() == pytest.approx(0.15)
    assert sorted(len(line.get_xdata()) for line in axes.lines) == [3, 4, 4, 4]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["last\naction", "value"]
    edges = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert (edges.min(), edges.max()) == pytest.approx((0.03, 0.08)) and axes.get_ylim() == (0, 1)
    with pytest.raises(UserError, match="no column 'shuffled_p99'"):
        panels_units.coding(axes, table.drop(columns="shuffled_p99"))


def test_proportions_and_decoding_have_a_bar_each():
    table = pd.DataFrame({"name": ["agent", "people"], "variable": "value", "mean": [0.4, 0.2]})
    table = table.assign(low=0.1, high=0.5)
    axes = one_axes()
    bars = panels_units.proportions(axes, table)
    assert [bar.get_height() for bar in bars.values()] == [0.4, 0.2]
    axes = one_axes()
    decoded = table.rename(columns={"variable": "target"})
    bars = panels_units.decoding(axes, decoded, {"value": 0.3})
    assert set(bars) == {("agent", "value"), ("people", "value")}
    assert any(list(line.get_ydata()) == [0.3, 0.3] for line in axes.lines)


def test_a_matrix_shows_every_pair():
    matrix = pd.DataFrame(
        [[0.0, 0.5], [0.5, 0.0]], index=["a=0 b=1", "a=1 b=1"], columns=["a=0 b=1", "a=1 b=1"]
    )
    axes = one_axes()
    image = panels_units.dissimilarity_matrix(axes, matrix)
    np.testing.assert_array_equal(image.get_array(), matrix)
    assert [text.get_text() for text in axes.get_yticklabels()] == ["a=0\nb=1", "a=1\nb=1"]


def test_paths_begin_hollow_and_end_filled():
    table = pd.DataFrame({"condition": ["x"] * 3, "trial": [2, 0, 1], "pc1": [3.0, 1, 2], "pc2": [0.0, 1, 2]})
    path, start, end = panels_units.condition_paths(
        one_axes(), table, {"x": "#123456"}, np.array([0.5, 0.2])
    )["x"]
    assert list(path.get_xdata()) == [1, 2, 3] and to_hex(path.get_color()) == "#123456"
    assert (
        list(start.get_xdata()) == [1]
        and list(end.get_xdata()) == [3]
        and start.get_markerfacecolor() == "white"
    )


def test_quantiles_make_a_line_and_a_band_for_each_stage():
    rows = [(s, t, q, s + t + q) for s in range(2) for t in range(3) for q in (0.25, 0.5, 0.75)]
    table = pd.DataFrame(rows, columns=["stage", "trial", "quantile", "value"])
    artists = panels_learning.quantile_curves(one_axes(), table, "correct")
    np.testing.assert_allclose(artists[1][0].get_ydata(), [1.5, 2.5, 3.5])
    edges = artists[0][1].get_paths()[0].vertices[:, 1]
    assert (edges.min(), edges.max()) == (0.25, 2.75)


def test_matching_shows_every_finite_block_and_the_mean_line():
    blocks = pd.DataFrame({"log_income": [1.0, -1, 2, np.nan], "log_choice": [0.5, -0.5, 1, np.nan]})
    blocks["held_out"] = [True, False, False, True]
    lines = pd.DataFrame({"sensitivity": [0.4, 0.6], "bias": [0.0, 0.2]})
    artists = panels_foraging.matching(one_axes(), blocks, lines, "agent")
    assert list(artists["dots"].get_xdata()) == [-1, 2] and list(artists["held_out"].get_ydata()) == [0.5]
    np.testing.assert_allclose(artists["line"].get_ydata(), [-1.9, 2.1])
    assert set(panels_foraging.matching(one_axes(), blocks.drop(columns="held_out"), lines, "mice")) == {
        "dots",
        "line",
    }


def test_histories_and_repeats_hold_their_numbers():
    weights = pd.DataFrame({"lag": [0, 1, 2, 1, 2], "history": ["bias", *["reward"] * 2, *["choice"] * 2]})
    weights["mean"] = [9.0, 2, 1, -1, -2]
    artists = panels_foraging.history_weights(one_axes(), weights, "mice")
    assert list(artists["reward"][0].get_ydata()) == [2, 1] and list(artists["choice"][0].get_ydata()) == [
        -1,
        -2,
    ]
    table = pd.DataFrame({"name": "mice", "measure": ["win_stay", "lose_shift"], "mean": [0.8, 0.3]})
    by_mouse = pd.DataFrame({"name": ["mice"], "win_stay": 0.8, "lose_shift": 0.3})
    bars = panels_foraging.repeats(one_axes(), table, by_mouse)
    assert {key[1]: bar.get_height() for key, bar in bars.items()} == {"win_stay": 0.8, "lose_shift": 0.3}
