"""Cross-overs and claims of Box 2 by hand."""

import numpy as np
import pandas as pd
import pytest

from fastslow.experiments import box2_measures as measures

POWERS = np.array([1.0, 2.0, 4.0, 8.0])


@pytest.mark.parametrize(
    ("difference", "log2"),
    [
        ([1, 1, -1, -1], 1.5),
        ([1, 1, -3, -3], 1.25),
        ([-1, 1, 1, -1], 2.5),  # from which on for good
        ([1, -1, 1, -1], 2.5),
        ([-1, -1, -1, -1], 0),
        ([1, 1, 1, 1], 4),  # never
    ],
)
def test_a_crossing_is_where_the_planner_is_ahead_for_good(difference, log2):
    assert measures.crossing(np.array(difference, float), POWERS) == pytest.approx(log2)


def grown(depths, crossing):
    """Trees in which the planner of each noise overtakes at `crossing(depth, noise)`, in log2 of the walks."""
    rows = []
    for depth in depths:
        for tree in range(3):
            for walks in measures.WALKS:
                about = {"depth": depth, "subject": f"tree {tree}", "walks": walks}
                rows.append(about | {"name": "episodic", "reward": 5.0 + tree})
                for noise in measures.NOISES:
                    ahead = np.log2(walks) - crossing(depth, noise)
                    rows.append(about | {"name": f"planner_{noise:g}", "reward": 5.0 + tree + ahead})
    return pd.DataFrame(rows)


def walks_of(lengths):
    """`lengths` by name and subject."""
    rows = [
        {"name": name, "subject": f"seed {i}", "episode": episode, "steps": steps}
        for name, subjects in lengths.items()
        for i, own in enumerate(subjects)
        for episode, steps in enumerate(own)
    ]
    return pd.DataFrame(rows)


CORRIDOR = {"episodic_max": [[40, 9, 9], [9, 9, 9]], "q_table": [[40, 30, 9], [60, 50, 10]]}


def told(crossing):
    trees = grown(measures.DEPTHS, crossing)
    draws = measures.crossings_of(trees)
    claims = measures.claims(walks_of(CORRIDOR), trees, measures.later(draws)).set_index("measure")
    return measures.with_intervals(draws, ["depth", "noise"]), claims["value"]


def moves(value):
    return [value[f"cross-over, {what}: doublings of walks"] for what in measures.LATER]


def test_crossings_are_found_by_depth_and_noise():
    crossings, value = told(lambda depth, noise: depth + noise + 0.25)
    assert crossings["log2_walks"].to_numpy() == pytest.approx(crossings["depth"] + crossings["noise"] + 0.25)
    assert crossings["low"].to_numpy() == pytest.approx(crossings["high"].to_numpy())
    assert moves(value) == pytest.approx([1, 1, 0.2, 0.3])
    # After 4, 8 and 16 walks: episodic less planner is crossing less 2, 3 and 4.
    assert value["trees of depth 2, noise 1: episodic less planner, early"] == pytest.approx(0.25)
    assert value["trees of depth 2, noise 1: episodic less planner, after 4096 walks"] == pytest.approx(-8.75)


def test_a_cross_over_that_does_not_move_is_said_so():
    _, value = told(lambda depth, noise: 4 + noise)
    assert moves(value) == pytest.approx([0, 0, 0.2, 0.3])
    _, value = told(lambda depth, noise: 4 + depth - noise)
    assert moves(value) == pytest.approx([1, 1, -0.2, -0.3])


def test_of_two_cross_overs_beyond_what_was_walked_neither_is_later():
    _, value = told(lambda depth, noise: 20 + depth + noise)
    assert moves(value) == [0, 0, 0, 0]


def test_where_one_depth_was_walked_only_noises_are_compared():
    trees = grown((2,), lambda depth, noise: 4 + noise)
    found = measures.later(measures.crossings_of(trees)).set_index("what")["log2_walks"]
    assert found.to_dict() == pytest.approx({"noise 1 less 0.8": 0.2, "noise 1.3 less 1": 0.3})


def test_a_difference_within_the_trees_own_spread_has_an_interval_around_0():
    trees = grown(measures.DEPTHS, lambda depth, noise: 5 + 0.01 * depth)
    # Each tree has a cross-over of its own, three doublings apart.
    planner, shift = (
        trees["name"] != "episodic",
        trees["subject"].map({"tree 0": -3, "tree 1": 0, "tree 2": 3}),
    )
    trees.loc[planner, "reward"] -= shift[planner]
    found = measures.later(measures.crossings_of(trees)).set_index("what")
    assert found["log2_walks"].to_dict() == pytest.approx(
        dict(zip(measures.LATER, (0.01, 0.01, 0, 0), strict=True))
    )
    of_depth = found.loc[list(measures.LATER[:2])]
    assert (of_depth["low"] < -1).all() and (of_depth["high"] > 1).all()
    # All noises have the same trees drawn.
    of_noise = found.loc[list(measures.LATER[2:])]
    assert of_noise["low"].abs().max() < 1e-9 and of_noise["high"].abs().max() < 1e-9


def test_walks_are_counted_until_none_is_longer():
    _, value = told(lambda depth, noise: 5)
    assert value["corridor, episodic_max: second walk is the shortest path"] == 1
    assert value["corridor, q_table: second walk is the shortest path"] == 0
    assert value["corridor, episodic_max: walks before the path is shortest"] == 0.5
    # One finds it at its third walk, the other in none of three.
    assert value["corridor, q_table: walks before the path is shortest"] == 2.5
