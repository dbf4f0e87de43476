"""Panels about scores hold the numbers that they were given."""

import numpy as np
import pandas as pd
import pytest

from fastslow.errors import UserError
from fastslow.figures import panels_scores, style


def one_axes():
    return style.figure()[1][0, 0]


def test_rows_hold_numbers_and_intervals_and_what_is_infinite_runs_off():
    axes = one_axes()
    table = pd.DataFrame(
        {
            "name": ["nec", "dqn", "a3c"],
            "mean": [2.0, 3.0, np.inf],
            "low": [1.0, 2.5, 4.0],
            "high": [4.0, np.inf, np.inf],
        }
    )
    artists = panels_scores.interval_rows(axes, table, "frames", line=2.5, edge=9.0)
    assert [artist.get_xdata()[0] for artist in artists.values()] == [2.0, 3.0, 9.0]
    assert artists["a3c"].get_marker() == ">"
    spans = [list(line.get_xdata()) for line in axes.lines]
    assert [1.0, 4.0] in spans and [2.5, 9.0] in spans and [2.5, 2.5] in spans
    assert [label.get_text() for label in axes.get_yticklabels()] == ["NEC", "DQN", "A3C"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]


def test_learning_curves_mark_the_threshold():
    axes = one_axes()
    table = pd.DataFrame({"name": "nec", "frames": [1e6, 1e5, 1e4], "mean": [0.9, 0.5, 0.1]})
    artists = panels_scores.score_curves(axes, table.assign(low=0.0, high=1.0), "score", threshold=0.7)
    line, band = artists["nec"]
    assert line.get_xdata().tolist() == [1e4, 1e5, 1e6] and line.get_ydata().tolist() == [0.1, 0.5, 0.9]
    assert band.get_paths()[0].vertices[:, 1].max() == 1
    assert [0.7, 0.7] in [list(line.get_ydata()) for line in axes.lines]
    assert axes.get_xscale() == "log"
    axes.figure.draw_without_rendering()
    assert [label.get_text() for label in axes.get_xticklabels()] == ["10k", "100k", "1M"]


def test_profiles_are_shares():
    axes = one_axes()
    table = pd.DataFrame({"name": "nec", "threshold": [0.0, 1.0], "mean": [1.0, 0.2]})
    assert panels_scores.profiles(axes, table)["nec"][0].get_ydata().tolist() == [1.0, 0.2]


def test_stairs_end_where_the_last_run_was_given_up():
    axes = one_axes()
    table = pd.DataFrame(
        {
            "name": ["nec", "nec", "dqn", "dqn"],
            "frames": [20.0, 40.0, 30.0, 50.0],
            "share": [0.5, 1.0, 0.5, 0.5],
            "given_up": [False, False, False, True],
        }
    )
    artists = panels_scores.arrivals(axes, table, (10.0, 90.0))
    (nec,), (dqn, ticks) = artists["nec"], artists["dqn"]
    assert nec.get_xdata().tolist() == [10, 20, 40, 90] and nec.get_ydata().tolist() == [0, 0.5, 1, 1]
    assert dqn.get_xdata().tolist() == [10, 30, 50, 50] and ticks.get_xdata().tolist() == [50]
    assert nec.get_drawstyle() == "steps-post"


def test_games_have_a_row_each_and_large_scores_do_not_hide_small_ones():
    table = pd.DataFrame({"name": ["nec", "dqn"] * 2, "game": ["pong", "pong", "ms_pacman", "ms_pacman"]})
    axes = one_axes()
    artists = panels_scores.by_game(axes, table.assign(mean=[0.1, 0.2, 0.3, 50.0]), ["ms_pacman", "pong"])
    assert [dot.get_xdata()[0] for dot in artists["dqn"]] == [0.2, 50.0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["ms pacman", "pong"]
    assert axes.get_xscale() == "symlog"
    axes = one_axes()
    panels_scores.by_game(axes, table.assign(mean=0.5), ["ms_pacman", "pong"])
    assert axes.get_xscale() == "linear"


@pytest.mark.parametrize(
    ("frames", "text"), [(50, "50"), (1_500, "1.5k"), (200_000, "200k"), (1e7, "10M"), (0.5, "0.5")]
)
def test_frames_are_written_short(frames, text):
    assert panels_scores.short(frames) == text


def test_what_is_missing_is_said():
    with pytest.raises(UserError, match="no column 'frames'"):
        panels_scores.score_curves(one_axes(), pd.DataFrame({"name": ["a"], "mean": [1.0]}), "score")
