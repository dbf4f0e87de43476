"""The water maze: moves and walls, swims and what is put down of them, and pools that come back."""

import numpy as np
import pytest
from rolls import roll, within

from fastslow.errors import UserError
from fastslow.tasks.water_maze import WaterMaze, contextual_water_maze

EPISODES, SIDE, LIMIT = 300, 4, 30
MOVES = np.array([(-1, 0), (0, 1), (1, 0), (0, -1)])


@pytest.fixture(scope="module")
def rolled():
    return roll(WaterMaze(SIDE, LIMIT), EPISODES)


@pytest.fixture(scope="module")
def actions():
    return np.random.default_rng(0).integers(0, 4, (EPISODES, LIMIT), dtype=np.int32)


def cells_of(seen):
    return seen[..., :SIDE].argmax(-1) * SIDE + seen[..., SIDE:].argmax(-1)


def test_every_swim_is_what_a_plain_walk_in_a_square_is(rolled, actions):
    """All episodes once more, step by step in plain Python; only where one is put is taken from the task."""
    shown, first = cells_of(rolled.outcomes.observation), cells_of(rolled.opening.observation)
    trial = rolled.outcomes.trial
    assert (rolled.outcomes.observation.sum(-1) == 2).all()
    for lane in range(40):
        goal, cell = int(rolled.problem[lane]), int(first[lane])
        began, steps, swims = cell, 0, 0
        for time in range(LIMIT):
            if cell == goal:
                cell = began = int(shown[lane, time])
                steps, paid = 0, 0
                assert cell != goal
            else:
                row, column = np.clip(np.array(divmod(cell, SIDE)) + MOVES[actions[lane, time]], 0, SIDE - 1)
                cell, steps = int(row * SIDE + column), steps + 1
                paid = int(cell == goal)
            ends = bool(paid or (time == LIMIT - 1 and steps > 0))
            far = abs(began // SIDE - goal // SIDE) + abs(began % SIDE - goal % SIDE)
            row = {name: column[lane, time] for name, column in trial.items()}
            assert shown[lane, time] == cell == row["cell"] and rolled.outcomes.reward[lane, time] == paid
            assert row["trial_end"] == ends and row["target"] == goal
            if ends:
                assert (row["trial"], row["start"], row["steps"], row["shortest"]) == (
                    swims,
                    began,
                    steps,
                    far,
                )
                assert row["found"] == row["reward"] == paid and row["action"] == actions[lane, time]
                swims += 1


def test_platforms_and_starts_are_anywhere_but_in_the_same_cell(rolled):
    """At a mean Manhattan distance of (2 n / 3 (1 - 1 / n^2)) n^2 / (n^2 - 1) = 2 n / 3."""
    starts = cells_of(rolled.opening.observation)
    assert not (starts == rolled.problem).any()
    for drawn in (starts, rolled.problem):
        assert within(drawn, (SIDE**2 - 1) / 2) and len(np.unique(drawn)) == SIDE**2
    assert within(rolled.outcomes.trial["shortest"][:, 0], 2 * SIDE / 3)


def test_whoever_does_nothing_stays_where_they_are():
    rolled = roll(WaterMaze(SIDE, 5), 8, actions=[4, -1, 7, 4, -1])
    assert (rolled.outcomes.trial["cell"] == cells_of(rolled.opening.observation)[:, None]).all()
    trials = rolled.trials()
    assert (trials["action"] == -1).all() and not trials["valid"].any() and (trials["steps"] == 5).all()


def test_a_pool_that_comes_back_has_its_platform_where_it_was():
    task = contextual_water_maze(side=3, limit=8, contexts=2, exposures=3, bits=4)
    rolled = roll(task, 50)
    trial = rolled.outcomes.trial
    ends = trial["trial_end"]
    assert (trial["target"] == np.take_along_axis(rolled.problem.inner, trial["context"], 1))[ends].all()
    assert (trial["exposure_trial"][ends & (trial["exposure"] == 3)] > 0).any()
    assert task.observation_shape == (3 + 3 + 4,) and task.episode_steps == 6 * 9
    first = trial["exposure_trial"][ends] == 0
    assert first.sum() == 50 * 6 and len(np.unique(trial["start"][ends][first])) == 9


@pytest.mark.parametrize(("name", "value"), [("side", 1), ("limit", 0)])
def test_a_pool_of_no_size_is_refused(name, value):
    with pytest.raises(UserError, match=f"{name} is {value}, but"):
        WaterMaze(**{name: value})
