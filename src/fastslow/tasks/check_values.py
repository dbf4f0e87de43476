"""The part of `check_task` that looks at numbers: outcomes of lanes, `[lane step ...]`, held to `Task`."""

from typing import Any

import numpy as np

from fastslow.errors import UserError
from fastslow.tasks.task import Task
from fastslow.timestep import TimeStep


def alive(last: Any) -> np.ndarray:
    """Which steps `[lane step]` belong to the episode: all up to and with the first `last`."""
    last = np.asarray(last)
    return np.cumsum(last, axis=1) - last == 0


def refuse(faults: np.ndarray, message: str, values: np.ndarray | None = None) -> None:
    """Raise `message` if any of `faults` `[lane step]` is True, with the earliest step and value."""
    if faults.any():
        step = int(np.argmax(faults.any(axis=0)))
        value = "" if values is None else values[int(np.argmax(faults[:, step])), step].tolist()
        raise UserError(message.format(step=step, value=value))


def check_opening(name: str, opening: TimeStep) -> None:
    if not np.isfinite(opening.observation).all():
        raise UserError(f"{name}.start gives an observation that is not finite.")
    if opening.reward.any() or opening.last.any() or (opening.discount != 1).any():
        raise UserError(f"{name}.start must give reward 0, discount 1 and last False; use `opening`.")


def check_finite(name: str, outcomes: TimeStep, live: np.ndarray) -> None:
    columns = {"reward": outcomes.reward, "observation": outcomes.observation, "discount": outcomes.discount}
    columns |= {f"trial variable '{column}'": value for column, value in outcomes.trial.items()}
    for what, value in columns.items():
        faults = live & ~np.isfinite(value).all(axis=tuple(range(2, value.ndim)))
        refuse(faults, f"{name} gives a {what} that is not finite at step {{step}}.")


def check_values(task: Task, name: str, outcomes: TimeStep, truncates: bool) -> None:
    live = alive(outcomes.last)
    check_finite(name, outcomes, live)
    check_ends(task, name, outcomes, live, truncates)
    check_trials(task, name, outcomes, live)


def check_ends(task: Task, name: str, outcomes: TimeStep, live: np.ndarray, truncates: bool) -> None:
    """Every episode is over in time, and the discount says so."""
    last, discount = outcomes.last, outcomes.discount
    if not last.any(axis=1).all():
        raise UserError(
            f"{name} has an episode that is not over after episode_steps = {task.episode_steps} actions; "
            "set last by then."
        )
    refuse(
        live & (discount != 0) & (discount != 1),
        f"{name} gives a discount of {{value:g}} at step {{step}}, but it must be 0 or 1; the learner "
        "multiplies by gamma.",
        discount,
    )
    if outcomes.cue is None:  # an episode of several tasks, which have cues, may let each end for good
        refuse(
            live & ~last & (discount == 0),
            f"{name} gives discount 0 at step {{step}}, but the episode goes on.",
        )
    if not truncates:
        refuse(
            live & last & (discount == 1),
            f"{name} ends an episode at step {{step}} with discount 1; give 0, or call check_task with "
            "truncates=True if it is cut off there.",
        )


def check_trials(task: Task, name: str, outcomes: TimeStep, live: np.ndarray) -> None:
    """The columns that hold at each trial's end are in range, and the trials are counted."""
    trial = outcomes.trial
    ends = live & trial["trial_end"]
    if not ends.any(axis=1).all():
        raise UserError(
            f"{name} has an episode without a completed trial; set trial_end where one is complete."
        )
    refuse(
        ends & (trial["trial"] != np.cumsum(ends, axis=1) - 1),
        f"{name} ends trial {{value}} at step {{step}} out of turn; `trial` must count the completed trials "
        "0, 1, 2, ...",
        trial["trial"],
    )
    ranges = {
        "action": (-1, task.actions - 1),
        "p_reward": (0.0, 1.0),
        "regret": (-1e-5, np.inf),
        "transition": (-1, 1),
    }
    for column, (low, high) in ranges.items():
        if column in trial:
            value = trial[column]
            outside = ((value < low) | (value > high)).any(axis=tuple(range(2, value.ndim)))
            refuse(
                ends & outside,
                f"{name} tabulates {column} {{value}} at step {{step}}, but it must lie between {low:g} and "
                f"{high:g}.",
                value,
            )


def check_out_of_range(name: str, action: int, outcomes: TimeStep) -> None:
    """An episode of nothing but `action`, which is out of range: finite, and tabulated as missed."""
    live = alive(outcomes.last)
    check_finite(f"{name}, given the action {action},", outcomes, live)
    trial = outcomes.trial
    ends = live & trial["trial_end"]
    refuse(
        ends & (trial["action"] != -1),
        f"{name} takes the action {action}, which is out of range, for action {{value}} at step {{step}}; "
        "tabulate it as -1, a missed response.",
        trial["action"],
    )
    if "valid" in trial:
        refuse(ends & trial["valid"], f"{name} calls the action {action} valid, which is out of range.")
