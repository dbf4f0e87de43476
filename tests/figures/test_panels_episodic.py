"""Panels of episodic control hold the numbers that they were given."""

from functools import partial

import pandas as pd
import pytest

from fastslow.errors import UserError
from fastslow.figures import panels_episodic, style


def one_axes():
    return style.figure()[1][0, 0]


def table(**columns):
    made = pd.DataFrame(columns)
    return made.assign(low=made["mean"] - 1, high=made["mean"] + 1)


def test_walks_are_counted_from_one_and_the_shortest_is_marked():
    axes = one_axes()
    rows = table(
        name=["episodic_max"] * 2 + ["q_table"] * 2, episode=[0, 1] * 2, mean=[90.0, 9.0, 90.0, 80.0]
    )
    artists = panels_episodic.walks(axes, rows, 9)
    line, band = artists["episodic_max"]
    assert line.get_xdata().tolist() == [1, 2] and line.get_ydata().tolist() == [90, 9]
    assert band.get_paths()[0].vertices[:, 1].max() == 91
    assert [9, 9] in [list(line.get_ydata()) for line in axes.lines]


def test_returns_stand_at_the_walks_known():
    axes = one_axes()
    rows = table(name=["episodic", "episodic", "best", "best"], walks=[1, 64] * 2, mean=[0.1, 0.5, 1.0, 1.0])
    artists = panels_episodic.returns(axes, rows)
    assert artists["episodic"][0].get_xdata().tolist() == [1, 64]
    assert artists["best"][0].get_ydata().tolist() == [1, 1] and axes.get_xscale() == "log"


def test_cross_overs_are_labelled_in_walks():
    axes = one_axes()
    rows = pd.DataFrame(
        {"depth": [2, 3] * 2, "noise": [1.0, 1.0, 1.3, 1.3], "log2_walks": [3.0, 5.0, 6.0, 8.0]}
    )
    artists = panels_episodic.cross_overs(
        axes, rows.assign(low=rows["log2_walks"] - 1, high=rows["log2_walks"] + 2), 9.0
    )
    line, whiskers, arrows = artists[1.3]
    assert line.get_ydata().tolist() == [6, 8]
    # Nobody walked 2 ** 10 times.
    assert [segment[:, 1].tolist() for segment in whiskers.get_segments()] == [[5, 8], [7, 9]]
    assert arrows.get_ydata().tolist() == [9] and not len(artists[1.0][2].get_ydata())
    assert axes.get_yticklabels()[0].get_text() == "4"


def test_weights_stand_beside_those_computed():
    axes = one_axes()
    rows = table(name=["sampling"] * 2 + ["rescorla_wagner"] * 2, lag=[1, 2] * 2, mean=[2.0, 1.5, 3.0, 2.0])
    artists = panels_episodic.reward_weights(axes, rows, pd.Series([3.0, 2.1]).to_numpy())
    assert artists["sampling"][0].get_ydata().tolist() == [2, 1.5]
    assert [3.0, 2.1] in [list(line.get_ydata()) for line in axes.lines]


def test_choice_curves_are_in_points():
    rows = table(name=["sampling"] * 2, difference=[-0.25, 0.25], mean=[0.2, 0.8])
    artists = panels_episodic.choice_curves(one_axes(), rows)
    assert artists["sampling"][0].get_xdata().tolist() == [-25, 25]


def test_reminders_of_less_are_hollow():
    rows = table(name=["sampling"] * 2, measure=["reminded of more", "reminded of less"], mean=[0.2, -0.1])
    artists = panels_episodic.reminders(one_axes(), rows)
    assert artists["sampling", "reminded of more"].get_height() == 0.2
    assert artists["sampling", "reminded of less"].get_hatch()


@pytest.mark.parametrize(
    "draw",
    [panels_episodic.returns, partial(panels_episodic.cross_overs, most=9.0), panels_episodic.choice_curves],
)
def test_a_table_without_its_columns_is_refused(draw):
    with pytest.raises(UserError, match="has no column"):
        draw(one_axes(), pd.DataFrame({"name": ["episodic"]}))
