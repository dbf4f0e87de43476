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
    trees = grown((2, 3), crossing)
    crossings = measures.crossings_of(trees)
    return crossings, measures.claims(walks_of(CORRIDOR), trees, crossings).set_index("measure")["value"]


def test_crossings_are_found_by_depth_and_noise():
    crossings, value = told(lambda depth, noise: depth + noise + 0.25)
    assert crossings["log2_walks"].to_numpy() == pytest.approx(crossings["depth"] + crossings["noise"] + 0.25)
    assert crossings["low"].to_numpy() == pytest.approx(crossings["high"].to_numpy())
    assert value["cross-over: later in deeper trees"] == 1 and value["cross-over: later with more noise"] == 1
    # After 4, 8 and 16 walks: episodic less planner is crossing less 2, 3 and 4.
    assert value["trees of depth 2, noise 1: episodic less planner, early"] == pytest.approx(0.25)
    assert value["trees of depth 2, noise 1: episodic less planner, after 4096 walks"] == pytest.approx(-8.75)


def test_a_cross_over_that_does_not_move_is_said_so():
    _, value = told(lambda depth, noise: 4 + noise)
    assert value["cross-over: later in deeper trees"] == 0 and value["cross-over: later with more noise"] == 1
    _, value = told(lambda depth, noise: 4 + depth - noise)
    assert value["cross-over: later with more noise"] == 0


def test_walks_are_counted_until_none_is_longer():
    _, value = told(lambda depth, noise: 5)
    assert value["corridor, episodic_max: second walk is the shortest path"] == 1
    assert value["corridor, q_table: second walk is the shortest path"] == 0
    assert value["corridor, episodic_max: walks before the path is shortest"] == 0.5
    # One finds it at its third walk, the other in none of three.
    assert value["corridor, q_table: walks before the path is shortest"] == 2.5
