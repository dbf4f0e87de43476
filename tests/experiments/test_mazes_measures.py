"""Hand-made walks through the measures: ratios, the plateau, shortest paths, and the walks that are drawn."""

import numpy as np
import pandas as pd
import pytest

from fastslow.experiments import mazes_measures as measures
from fastslow.experiments.experiment import CLAIMS
from fastslow.records.record import from_arrays
from fastslow.tasks.maze import HELD_OUT
from fastslow.tasks.maze_atlas import Atlas

LOST = 99
"""Actions after which a walk is cut off."""


def walked(steps, shortest=5):
    """A record of walks that took so many actions, `[subject episode trial]`; one of 99 found nothing."""
    steps = np.asarray(steps)
    return from_arrays(
        {
            "action": np.zeros(steps.shape, int),
            "reward": np.zeros(steps.shape),
            "steps": steps,
            "found": (steps < LOST).astype(int),
            "shortest": np.full(steps.shape, shortest),
        },
        [f"seed {i}" for i in range(len(steps))],
    )


AGENT = [[[20, 10, 8, 9, 13], [30, 15, 10, 10, 10]], [[40, 20, 20, 20, 20], [60, LOST, 60, 60, 60]]]
"""Two seeds' walks through two mazes."""
I_MAZE = [[[40, 10, 20], [40, 30, 40]], [[80, 8, 8], [80, 8, 8]]]


def first_and_second(*ratios):
    """Walks of one maze per seed, the second so many times as long as the first."""
    return [[[10, 10 * ratio]] for ratio in ratios]


def book(side, first, mazes, loops=0.0):
    """A collection in which maze number n begins in cell n mod 4, faces heading n mod 3, has passages 10 n + cell."""
    number = first + np.arange(mazes)
    cells = np.arange(side**2)
    start = 4 * (number % 4) + number % 3
    return Atlas(10 * number[:, None] + cells[None, :], start, 0 * number, 0 * number)


def paths(shortest, side, lengths=(2, 3)):
    """The record of one subject in mazes 1007, 1014, ...; in cell 10 episode + 1, + 2, ... after each action."""
    shape, steps = (1, len(shortest), 2), sum(lengths)
    episode = np.broadcast_to(np.arange(len(shortest))[None, :, None], shape)
    trial = np.repeat([0, 1], lengths)
    step = np.broadcast_to(np.arange(1, steps + 1), (1, len(shortest), steps))
    record = from_arrays(
        {
            "action": np.zeros(shape, int),
            "reward": np.zeros(shape),
            "maze": HELD_OUT + 7 * (episode + 1),
            "target": 100 + episode,
            "steps": np.broadcast_to(lengths, shape).copy(),
            "shortest": np.broadcast_to(np.array(shortest)[None, :, None], shape).copy(),
            "found": np.broadcast_to([0, 1], shape).copy(),
        },
        ["seed 0"],
        time_arrays={
            "step_trial": np.broadcast_to(trial, step.shape).copy(),
            "step_cell": 10.0 * episode[:, :, :1] + step,
            "step_heading": np.where(step % 2, 3.0, 1.0),
        },
    )
    return record.assign_attrs(side=side)


@pytest.fixture
def records(monkeypatch):
    monkeypatch.setattr(measures, "atlas", book)
    flat = walked(first_and_second(0.5, 1.5))
    return {
        "small_agent": walked(AGENT),
        "large_agent": walked(AGENT, shortest=8),
        "i_agent": walked(I_MAZE),
        "small_feedforward": flat,
        "large_feedforward": walked(first_and_second(0.5, 0.9)),
        "i_feedforward": flat,
        "small_random": walked(np.full((2, 1, 2), LOST)),
        "large_random": flat,
        "i_random": flat,
        "paths_small": paths([4, 12, 9, 20, 30], 2),
        "paths_large": paths([4, 5, 6], 3),
    }


def test_claims_by_hand(records):
    value = measures.measure(records)[CLAIMS].set_index("measure")["value"]
    seeds = 12.5 / 25, (20 + LOST) / 100
    by_hand = {
        "agent, small mazes: second / first walk": np.mean(seeds),
        "agent, small mazes: second / first walk, found alone": (12.5 / 25 + 20 / 50) / 2,
        "agent, small mazes: second walk no longer": 0.75,
        "agent, small mazes: actions in the first walk": 37.5,
        "agent, small mazes: targets found in the first walk": 1,
        "agent, small mazes: second walk / shortest path": (12.5 / 5 + (20 + LOST) / 2 / 5) / 2,
        # Walks 3 to 5 of each seed over its second, the walk that was cut off among them.
        "agent, small mazes: later walks / second walk": (10 / 12.5 + 40 / ((20 + LOST) / 2)) / 2,
        "agent, large mazes: second walk / shortest path": (12.5 / 8 + (20 + LOST) / 2 / 8) / 2,
        "agent, I-maze: later / first walk": (25 / 40 + 8 / 80) / 2,  # all later walks
        "feedforward, small mazes: second / first walk": 1,
        "feedforward, small mazes: the ratio's interval holds 1": 1,
        "feedforward, large mazes: the ratio's interval holds 1": 0,
        "feedforward, large mazes: second / first walk": 0.7,
        "random, small mazes: targets found in the first walk": 0,
        "random, small mazes: actions in the first walk": LOST,
    }
    assert value[list(by_hand)].to_dict() == pytest.approx(by_hand)
    # None found the target: there is no ratio of those that did.
    assert "random, small mazes: second / first walk, found alone" not in value.index


def test_the_shortest_paths_stand_beside_as_one_more_name():
    lengths = pd.DataFrame(
        {"name": ["agent", "random"], "steps": [30.0, 90.0], "shortest": [7.0, 8.0], "place": "small"}
    )
    beside = measures.with_shortest(lengths)
    assert beside["name"].tolist() == ["agent", "random", "shortest"]
    assert beside["steps"].tolist() == [30, 90, 7]


def test_each_walk_is_held_against_the_first_of_its_own_subject_and_place():
    keys = [("a", "small"), ("a", "large"), ("b", "small")]
    rows = [(*key, "agent", trial, (1 + i) * (10 - trial)) for i, key in enumerate(keys) for trial in (1, 0)]
    lengths = pd.DataFrame(rows, columns=["subject", "place", "name", "trial", "steps"])
    assert measures.relative(lengths)["relative"].tolist() == pytest.approx([0.9, 1] * 3)


def test_walks_begin_at_the_start_and_go_through_the_cells_that_were_reached(records):
    """The first mazes with long ways are drawn, of large ones, where there are none, the first of all."""
    drawn, layouts = measures.walks_of(records)
    numbers = drawn.groupby("place", sort=False)["maze"].unique().map(list).to_dict()
    assert numbers == {"small": [1014, 1021, 1028], "large": [1007]}
    for episode in (1, 2, 3):
        maze = HELD_OUT + 7 * (episode + 1)
        one = drawn.query("place == 'small' and maze == @maze")
        first, second = one.query("trial == 0"), one.query("trial == 1")
        assert first["cell"].tolist() == [maze % 4, 10 * episode + 1, 10 * episode + 2]
        assert second["cell"].tolist() == [maze % 4, *(10 * episode + i for i in (3, 4, 5))]
        assert first["heading"].tolist() == [maze % 3, 3, 1]
        assert second["heading"].tolist() == [maze % 3, 3, 1, 3]
        assert first["step"].tolist() == [0, 1, 2]
        assert (first["steps"].unique(), second["steps"].unique()) == ([2], [3])
        assert (first["found"].unique(), second["found"].unique()) == ([0], [1])
        assert one["target"].unique() == [100 + episode]
        walls = layouts.query("place == 'small' and maze == @maze")
        assert walls["passages"].tolist() == [10 * maze + cell for cell in range(4)]
    assert len(layouts.query("place == 'large'")) == 9
