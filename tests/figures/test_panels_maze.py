"""Panels of navigation hold the numbers that they were given, and draw mazes and walks where they are."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from fastslow.errors import UserError
from fastslow.figures import panels_maze, style

# Two cells side by side: the first open to the east, the second to the west and, as if by an exit, to the south.
PASSAGES = np.array([2, 8 + 4])


def one_axes():
    return style.figure()[1][0, 0]


def table(**columns):
    made = pd.DataFrame(columns)
    return made.assign(low=made["mean"] * 0.9, high=made["mean"] * 1.1)


def test_lengths_are_drawn_by_walk_from_one():
    axes = one_axes()
    rows = table(name=["agent"] * 2 + ["random"] * 2, trial=[1, 0, 0, 1], mean=[10.0, 20.0, 190.0, 180.0])
    artists = panels_maze.lengths(axes, rows)
    assert artists["agent"][0].get_xdata().tolist() == [1, 2]
    assert artists["agent"][0].get_ydata().tolist() == [20, 10]
    assert artists["agent"][1].get_paths()[0].vertices[:, 1].max() == pytest.approx(22)
    assert axes.get_yscale() == "log" and to_hex(artists["agent"][0].get_color()) == style.FAST.lower()


def test_relative_lengths_tell_the_places_apart_by_line_and_mark():
    axes = one_axes()
    rows = table(
        name=["agent"] * 4, place=["small"] * 2 + ["large"] * 2, trial=[0, 1] * 2, mean=[1.0, 0.7, 1.0, 0.8]
    )
    said = pd.DataFrame({"place": ["small", "large"], "trial": [1, 1], "published": [0.75, 0.84]})
    artists = panels_maze.relative(axes, rows, said)
    assert artists["agent", "small"][0].get_linestyle() == "-"
    assert artists["agent", "large"][0].get_linestyle() == "--"
    assert artists["agent", "large"][0].get_ydata().tolist() == [1, 0.8]
    marks = {line.get_label(): line for line in axes.lines if line.get_marker() == "s"}
    assert marks["published, small"].get_ydata().tolist() == [0.75]
    assert marks["published, large"].get_markerfacecolor() == "white"


def test_walls_stand_where_there_is_no_opening():
    (line,) = panels_maze.walls(one_axes(), PASSAGES, 2)
    ends = np.array(line.get_xydata()).reshape(-1, 3, 2)[:, :2]
    drawn = {tuple(sorted(map(tuple, wall.tolist()))) for wall in ends}
    assert drawn == {
        ((-0.5, -0.5), (0.5, -0.5)),  # north of the first cell,
        ((-0.5, 0.5), (0.5, 0.5)),  # south of it,
        ((-0.5, -0.5), (-0.5, 0.5)),  # west of it,
        ((0.5, -0.5), (1.5, -0.5)),  # north of the second
        ((1.5, -0.5), (1.5, 0.5)),  # and east of it
    }


def test_a_walk_keeps_to_the_right_of_its_way():
    axes = one_axes()
    steps = pd.DataFrame({"cell": [0, 1, 1, 1, 0], "heading": [1, 1, 2, 3, 3]})
    *_, line, start, star = panels_maze.path(axes, steps, PASSAGES, 2, target=0, title="there and back")
    lane = panels_maze.LANE
    expected = [(0, lane), (1, lane), (1 - lane, 0), (1, -lane), (0, -lane)]
    np.testing.assert_allclose(line.get_xydata(), expected, atol=1e-12)
    np.testing.assert_allclose(start.get_xydata(), [(0, lane)], atol=1e-12)
    np.testing.assert_allclose(star.get_xydata(), [(0, 0)])
    assert axes.get_title() == "there and back" and axes.yaxis_inverted()


def test_tables_that_lack_a_column_are_refused():
    with pytest.raises(UserError, match="no column 'mean'"):
        panels_maze.lengths(one_axes(), pd.DataFrame({"name": ["agent"], "trial": [0]}))
    with pytest.raises(UserError, match="no column 'heading'"):
        panels_maze.path(one_axes(), pd.DataFrame({"cell": [0]}), PASSAGES, 2, 0)
