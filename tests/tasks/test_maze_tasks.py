"""Mazes against a plain Python one drawn as a picture: walls, views, walks, rewards and shortest paths."""

from collections import deque

import jax
import numpy as np
import pytest
from rolls import roll, within

from fastslow.errors import UserError
from fastslow.experiments.mazes import EXPERIMENT, MazesConfig, conditions
from fastslow.tasks.i_maze import IMaze, layout
from fastslow.tasks.maze import HELD_OUT, Maze, large
from fastslow.tasks.maze_atlas import atlas

STEPS = [(-1, 0), (0, 1), (1, 0), (0, -1)]  # row and column, by heading
FORWARD, LEFT, RIGHT = range(3)


def picture(passages, columns):
    """The maze as a grid of True (free) and False (wall): cells at odd places, walls between them."""
    rows = len(passages) // columns
    free = np.zeros((2 * rows + 1, 2 * columns + 1), bool)
    for cell, code in enumerate(passages):
        row, column = 2 * (cell // columns) + 1, 2 * (cell % columns) + 1
        free[row, column] = True
        for heading, (down, across) in enumerate(STEPS):
            if code >> heading & 1:
                free[row + down, column + across] = True
    return free


class Walker:
    """The task once more, on the picture: no arrays of codes, no numbers of cells but to report."""

    def __init__(self, problem, task):
        self.columns, self.limit, senses = task.senses.columns, task.limit, task.senses
        self.free = picture(problem.passages, self.columns)
        self.pay = float(task.goal), float(task.wall), float(task.cost)
        self.depth, self.compass = senses.depth, senses.compass
        self.target = self.place(problem.target)
        self.starts = list(problem.starts)
        self.restart(0)

    def place(self, cell):
        return 2 * (cell // self.columns) + 1, 2 * (cell % self.columns) + 1

    def cell(self):
        return self.row // 2 * self.columns + self.column // 2

    def restart(self, trial):
        self.trial, self.steps, self.hits = trial, 0, 0
        if trial < len(self.starts):
            self.row, self.column = self.place(self.starts[trial] // 4)
            self.heading = self.starts[trial] % 4

    def look(self, restarted):
        def side(row, column, heading):
            down, across = STEPS[heading % 4]
            is_open = self.free[row + down, column + across]
            return float(is_open), float(is_open and (row + 2 * down, column + 2 * across) == self.target)

        seen, row, column = [], self.row, self.column
        for _ in range(self.depth):
            (ahead, _), (right, there), (left, here) = (
                side(row, column, self.heading + i) for i in (0, 1, 3)
            )
            seen += [ahead, right, left, float((row, column) == self.target), there, here]
            if not ahead:
                break
            row, column = row + 2 * STEPS[self.heading][0], column + 2 * STEPS[self.heading][1]
        seen += [0.0] * (6 * self.depth - len(seen)) + [float(restarted)]
        return seen + [float(i == self.heading) for i in range(4)] * self.compass

    def act(self, action):
        """Reward, end of the walk, what is tabulated then, and what is seen next."""
        down, across = STEPS[self.heading]
        hit = action == FORWARD and not self.free[self.row + down, self.column + across]
        if action == FORWARD and not hit:
            self.row, self.column = self.row + 2 * down, self.column + 2 * across
        self.heading = (self.heading + {LEFT: -1, RIGHT: 1}.get(action, 0)) % 4
        self.steps, self.hits = self.steps + 1, self.hits + hit
        found = (self.row, self.column) == self.target
        reward = self.pay[0] * found - self.pay[1] * hit - self.pay[2]
        ended = found or self.steps == self.limit
        told = (self.trial, self.steps, self.hits, found, self.cell(), self.heading)
        if ended:
            self.restart(self.trial + 1)
        return reward, ended, told, self.look(ended)


def shortest(free, start, target):
    """Fewest actions from (row, column, heading) to the place, by breadth-first search."""
    queue, known = deque([(start, 0)]), {start}
    while queue:
        (row, column, heading), steps = queue.popleft()
        if (row, column) == target:
            return steps
        down, across = STEPS[heading]
        following = [(row, column, (heading + turn) % 4) for turn in (1, -1)]
        if free[row + down, column + across]:
            following.append((row + 2 * down, column + 2 * across, heading))
        for pose in following:
            if pose not in known:
                known.add(pose)
                queue.append((pose, steps + 1))
    raise AssertionError("the target cannot be reached")


def reached(free):
    """Number of cells that can be reached from the first one, and of openings between them."""
    stack, known = [(1, 1)], {(1, 1)}
    while stack:
        row, column = stack.pop()
        for down, across in STEPS:
            there = (row + 2 * down, column + 2 * across)
            if free[row + down, column + across] and there not in known:
                known.add(there)
                stack.append(there)
    return len(known), int(free.sum()) - free[1::2, 1::2].size


@pytest.mark.parametrize(("side", "loops"), [(5, 0.0), (9, 0.0), (5, 0.2)])
def test_every_cell_is_reached_on_one_path_alone_unless_there_are_loops(side, loops):
    book = atlas(side, HELD_OUT if side == 9 else 0, 1000, loops)
    openings = []
    for passages in book.passages[:50]:
        cells, opened = reached(picture(passages, side))
        assert cells == side**2
        openings.append(opened)
    extra = np.array(openings) - (side**2 - 1)
    if loops == 0:
        assert (extra == 0).all()
    else:
        walls = 2 * side * (side - 1) - (side**2 - 1)
        assert 0.15 * walls < extra.mean() < 0.25 * walls
    # Openings are seen from both their sides, none leads out of the grid.
    north, east, south, west = (book.passages.reshape(-1, side, side) >> heading & 1 for heading in range(4))
    assert (east[:, :, :-1] == west[:, :, 1:]).all() and (south[:, :-1] == north[:, 1:]).all()
    assert not any(edge.any() for edge in (north[:, 0], east[:, :, -1], south[:, -1], west[:, :, 0]))


def test_the_shortest_path_is_that_of_a_plain_search():
    for side, first in ((5, 0), (9, HELD_OUT)):
        book = atlas(side, first, 1000)
        assert (book.start // 4 != book.target).all()
        for i in range(30):
            row, column = divmod(int(book.start[i]) // 4, side)
            start = (2 * row + 1, 2 * column + 1, int(book.start[i]) % 4)
            place = tuple(2 * part + 1 for part in divmod(int(book.target[i]), side))
            assert book.shortest[i] == shortest(picture(book.passages[i], side), start, place)


def problems(first, mazes=1000):
    """Passages, start and target of small mazes."""
    book = atlas(5, first, mazes)
    return [(*p, s, t) for p, s, t in zip(book.passages.tolist(), book.start, book.target, strict=True)]


def test_mazes_differ_and_are_the_same_in_every_collection():
    known = problems(0)
    assert len(set(known)) == 1000
    assert problems(10, 5) == known[10:15]


def test_no_maze_of_the_test_is_trained_on():
    """Neither by default nor in the experiment, which trains on many more: they have other passages, or other ways."""
    assert Maze().first + Maze().mazes <= HELD_OUT == large().first
    trained_on = conditions(MazesConfig())["agent"].task
    tested = set(problems(HELD_OUT))
    assert len(tested) == 1000
    for task in (Maze(), trained_on):
        training = problems(task.first, task.mazes)
        assert len(training) == task.mazes and not tested & set(training)
    assert trained_on.mazes == MazesConfig().mazes


@pytest.mark.parametrize("preset", EXPERIMENT.presets)
def test_every_preset_trains_apart_from_the_test(preset):
    for condition in conditions(EXPERIMENT.config(preset)).values():
        if isinstance(condition.task, Maze):
            first, mazes = condition.task.first, condition.task.mazes
            assert first >= HELD_OUT + 1000 or first + mazes <= HELD_OUT


def plays(task, episodes=12):
    """Episodes of actions that get somewhere, beside the Walker's own account of the same."""
    generator = np.random.default_rng(3)
    actions = generator.choice(4, (episodes, task.episode_steps), p=[0.55, 0.22, 0.22, 0.01])
    rolled = roll(task, episodes, actions=actions)
    outcomes = rolled.outcomes
    for i in range(episodes):
        problem = type(rolled.problem)(*(values[i] for values in rolled.problem))
        walker = Walker(problem, task)
        assert rolled.opening.observation[i].tolist() == walker.look(False)
        for step, action in enumerate(actions[i]):
            reward, ended, told, seen = walker.act(action)
            assert told == tuple(
                outcomes.trial[name][i, step]
                for name in ("trial", "steps", "hits", "found", "cell", "heading")
            )
            assert outcomes.trial["trial_end"][i, step] == ended
            assert outcomes.trial["valid"][i, step] == (action < 3)
            yield problem, reward, outcomes, i, step
            if walker.trial == task.trials:
                assert outcomes.last[i, step]
                break
            assert outcomes.observation[i, step].tolist() == seen and not outcomes.last[i, step]


@pytest.mark.parametrize("more", [{}, {"loops": 0.2, "depth": 2}])
def test_walls_block_views_stop_at_them_rewards_are_exact_and_a_new_walk_keeps_the_maze(more):
    task = Maze(side=3, trials=3, limit=30, mazes=100, **more)
    np.testing.assert_allclose([task.goal, task.wall, task.cost], [1, 0.001, 0.04])  # as published
    found = 0
    for problem, reward, outcomes, i, step in plays(task):
        np.testing.assert_allclose(outcomes.reward[i, step], reward, atol=1e-6)
        assert outcomes.trial["maze"][i, step] == problem.maze
        assert outcomes.trial["target"][i, step] == problem.target
        assert outcomes.trial["shortest"][i, step] == problem.shortest[0]
        found += outcomes.trial["found"][i, step]
    assert found >= 10


def test_the_i_maze_is_an_i_with_its_goal_at_one_of_four_ends_and_starts_in_the_corridor():
    passages, goals, far = layout(4, 3)
    drawing = picture(passages, 9)[1::2, 1::2] & (passages.reshape(5, 9) > 0)
    assert drawing.sum() == 9 + 3 + 9 and drawing[1:4].sum() == 3 and drawing[1:4, 4].all()
    assert goals.tolist() == [0, 8, 36, 44]
    start = (2 * 1 + 1, 2 * 4 + 1, 0)  # just below the northern bar, facing it
    ends = [(1, 1), (1, 17), (9, 1), (9, 17)]
    free = picture(passages, 9)
    assert far[:, 4 * 13].tolist() == [shortest(free, start, end) for end in ends] == [6, 6, 10, 10]
    task = IMaze(arm=4, limit=30)
    assert all(np.isclose(reward, outcomes.reward[i, step]) for _, reward, outcomes, i, step in plays(task))
    drawn = jax.vmap(task.sample)(jax.random.split(jax.random.key(0), 400))
    assert all(within(np.asarray(drawn.target) == goal, 0.25) for goal in goals)
    poses = np.asarray(drawn.starts)
    assert set(np.unique(poses // 4)) == {13, 22, 31} and set(np.unique(poses % 4)) == {0, 1, 2, 3}
    np.testing.assert_array_equal(drawn.shortest, far[np.searchsorted(goals, drawn.target)[:, None], poses])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Maze(side=1), "side is 1, but it must be a whole number of at least 2"),
        (lambda: Maze(limit=0), "limit is 0, but it must be a whole number of at least 1"),
        (lambda: Maze(loops=1.5), r"loops is 1\.5, but it must lie between 0 and 1"),
        (lambda: IMaze(cost=-1), "cost is -1, but it must lie between 0 and"),
        (lambda: IMaze(arm=0), "arm is 0, but it must be a whole number of at least 1"),
    ],
)
def test_bad_sizes_are_refused_in_one_sentence(make, message):
    with pytest.raises(UserError, match=message):
        make()
