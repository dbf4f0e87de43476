"""What an agent would have perceived had it lived another subject's trials: percepts out of trial tables.

Needed for teacher forcing: a person's or a rat's table holds choices and outcomes, an agent wants percepts, and
the forms of a task differ in how many percepts make a trial.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from fastslow.agents.two_step_view import Form, form_of
from fastslow.errors import UserError, check, nearest
from fastslow.tasks.task import Task
from fastslow.tasks.two_step import TwoStep, TwoStepInOne
from fastslow.tasks.two_step_daw import TwoStepDaw
from fastslow.timestep import Percept


class Script(NamedTuple):
    """Percepts of all episodes, padded to the longest, and where each row of the table stands in them."""

    percepts: Percept
    """NumPy arrays `[lane time ...]`; one percept more than steps, for the last outcome."""
    lane: np.ndarray
    """Lane (subject and episode) of each row."""
    position: np.ndarray
    """Place of each row's trial within its episode, gapless."""
    stages: int
    """Steps in a trial."""
    choice_step: int
    """The step, within the trial, of the (first-stage) choice."""
    first_choice: int
    """The agent's action that choice 0 of the table stands for (1 where action 0 is to fixate)."""
    choices: int
    """Number of choices."""
    valid: np.ndarray
    """Rows that hold a choice and its outcome."""
    second_choice: bool = False
    """Whether it matters what is chosen at the second stage (`action2`)."""


def script(trials: pd.DataFrame, task: Task) -> Script:
    """The percepts of `trials`, a trial table, in the form that `task` gives them.

    The table has columns subject, trial, action, reward, for a two-step task state, for Daw's form action2, and
    may have episode (else 0), valid (else: action >= 0) and penalty. An invalid trial is lived as a void one: no
    action (-1), no state, no reward but a penalty if there is one.
    """
    two_step = isinstance(task, TwoStepInOne | TwoStep | TwoStepDaw)
    form = form_of(task) if two_step else None
    if form is None and task.observation_shape != (0,):
        raise UserError(
            f"Trials cannot be lived as a {type(task).__name__}, only as a bandit or a two-step task; give "
            "one of these."
        )
    needed = ["subject", "trial", "action", "reward"]
    needed += ["state"] if form else []
    needed += ["action2"] if form and form.second_actions > 1 else []
    for name in needed:
        if name not in trials:
            raise UserError(
                f"The trial table has no column '{name}'{nearest(name, map(str, trials.columns))}"
            )
    check(len(trials) > 0, "The trial table is empty; give it at least one row.")

    choices = 2 if form else task.actions
    valid = valid_rows(trials, needed[2:], choices)
    lane, position = places(trials)
    shape = (lane.max() + 1, position.max() + 1)
    grid = {}
    for name in ("action", "state", "action2"):
        grid[name] = np.full(shape, -1)
        if name in trials:
            grid[name][lane, position] = np.where(valid, trials[name], -1)
    if "action2" not in trials:
        # Where the response does not matter it is taken to be on the side of the state reached.
        grid["action2"] = grid["state"]
    reward = np.zeros(shape)
    reward[lane, position] = np.where(valid, trials["reward"], 0)
    penalty = np.zeros(shape)
    if "penalty" in trials:
        penalty[lane, position] = trials["penalty"]
    if form is None:
        built = in_one(np.zeros((*shape, 0)), grid["action"], reward + penalty)
        return Script(built, lane, position, 1, 0, 0, choices, valid)
    if form.stages == 1:
        built = in_one(one_hot(grid["state"], 2), grid["action"], reward + penalty)
    else:
        built = in_steps(form, grid, reward, penalty)
    fixation = int(form.fixation)
    second = form.second_actions > 1
    return Script(built, lane, position, form.stages, fixation, fixation, choices, valid, second)


def valid_rows(trials: pd.DataFrame, columns: list[str], choices: int) -> np.ndarray:
    """Which rows hold a whole trial; `UserError` where one that says so does not."""
    valid = (trials["valid"] if "valid" in trials else trials["action"] >= 0).to_numpy(bool)
    for name in columns:
        values = pd.to_numeric(trials.loc[valid, name], errors="coerce").to_numpy(float)
        most = np.inf if name == "reward" else (choices if name == "action" else 2) - 1
        bad = ~np.isfinite(values)
        if name != "reward":
            bad |= ~np.isin(values, np.arange(most + 1))
        if bad.any():
            where = trials.index[valid][bad.argmax()]
            wanted = "a finite number" if name == "reward" else f"one of 0 to {most:g}"
            raise UserError(
                f"Column '{name}' of the trial table holds {trials.loc[where, name]} in row {where}, but a valid "
                f"trial needs {wanted}; correct it or flag the row with valid = False."
            )
    return valid


def places(trials: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Each row's episode, counted over subjects and episodes, and its place in it by trial number."""
    episode = trials["episode"].to_numpy() if "episode" in trials else np.zeros(len(trials), int)
    keys = pd.DataFrame({"subject": trials["subject"].to_numpy(), "episode": episode})
    lane = keys.groupby(["subject", "episode"], sort=False).ngroup().to_numpy()
    order = np.lexsort((trials["trial"].to_numpy(), lane))
    sorted_lane = lane[order]
    starts = np.searchsorted(sorted_lane, np.arange(lane.max() + 1))
    position = np.empty(len(trials), int)
    position[order] = np.arange(len(trials)) - starts[sorted_lane]
    return lane, position


def one_hot(index: np.ndarray, size: int) -> np.ndarray:
    """`[... size]`; all zeros where the index is -1."""
    return (index[..., None] == np.arange(size)).astype(np.float32)


def in_one(shown: np.ndarray, action: np.ndarray, reward: np.ndarray) -> Percept:
    """Percepts of one step a trial: what trial t showed, its action and reward arrive at step t + 1."""

    def later(values: np.ndarray, first: int) -> np.ndarray:
        return np.concatenate([np.full_like(values[:, :1], first), values], axis=1)

    lanes, steps = action.shape
    time = np.broadcast_to(np.arange(steps + 1, dtype=np.int32), (lanes, steps + 1))
    return Percept(
        later(shown, 0).astype(np.float32),
        later(action, -1).astype(np.int32),
        later(reward, 0).astype(np.float32),
        time == 0,
        time,
        np.zeros((lanes, steps + 1), np.float32),
    )


def in_steps(form: Form, grid: dict[str, np.ndarray], reward: np.ndarray, penalty: np.ndarray) -> Percept:
    """Percepts of [fixation,] choice and second stage; step by step, then shifted by one as in `in_one`."""
    offset = int(form.fixation)
    side = [np.where(grid[name] >= 0, grid[name] + offset, -1) for name in ("action", "action2")]
    nothing = np.zeros_like(reward)
    actions = np.stack([np.zeros_like(side[0])] * offset + side, axis=2)
    rewards = np.stack([nothing] * offset + [penalty, reward], axis=2)
    # What each action led to: the next cue; -1 (zeros) at the second stage of a void trial.
    second = np.where(grid["state"] >= 0, grid["state"] + 1 + offset, -1)
    first_cue = np.zeros_like(second)
    cues = np.stack([first_cue + 1] * offset + [second, first_cue], axis=2)
    lanes = reward.shape[0]
    shown = one_hot(cues.reshape(lanes, -1), form.cues)
    percepts = in_one(shown, actions.reshape(lanes, -1), rewards.reshape(lanes, -1))
    percepts.observation[:, 0] = one_hot(np.zeros(lanes, int), form.cues)
    return percepts
