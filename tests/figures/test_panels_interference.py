"""Panels of interference hold the numbers that they were given."""

import pandas as pd

from fastslow.figures import panels_interference, style


def table(**columns):
    made = pd.DataFrame(columns)
    return made.assign(low=made["mean"] - 0.1, high=made["mean"] + 0.1)


def test_step_sizes_are_in_order_and_who_has_none_is_a_level_line():
    rows = table(
        name=["network_sequential"] * 2 + ["dictionary_sequential"],
        step_size=[1.0, 0.1, 0.0],
        mean=[0.3, 0.9, 1.0],
    )
    axes = style.figure()[1][0, 0]
    artists = panels_interference.by_step_size(axes, rows, "kept")
    line = artists["network_sequential"][0]
    assert line.get_xdata().tolist() == [0.1, 1.0] and line.get_ydata().tolist() == [0.9, 0.3]
    assert artists["dictionary_sequential"][0].get_ydata().tolist() == [1, 1]
    assert axes.get_xscale() == "log" and axes.get_ylabel() == "kept"


def test_an_empty_table_says_so():
    axes = style.figure()[1][0, 0]
    assert panels_interference.by_step_size(axes, pd.DataFrame(), "trials") == {}
    assert "nothing to draw" in axes.texts[0].get_text()


def test_courses_have_a_line_for_each_step_size():
    rows = table(
        name=["network_sequential"] * 4, step_size=[0.1, 0.1, 1.0, 1.0], lived=[0, 100] * 2, mean=[1.0] * 4
    )
    artists = panels_interference.courses(style.figure()[1][0, 0], rows)
    assert set(artists) == {("network_sequential", 0.1), ("network_sequential", 1.0)}
    assert artists["network_sequential", 0.1][0].get_xdata().tolist() == [100]
