"""Activity of units aligned to trials, for any record: one row per trial is what every analysis of units takes.

An agent's record holds the activity of every time step (`hidden`), a recording of real neurons often the spike
count around an event of each trial (`activity`). Here both become an array (subject, episode, trial, unit).
"""

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float, Int

from fastslow.errors import UserError, check, nearest
from fastslow.records.record import trials
from fastslow.records.schema import CELL

UNITS = "unit"
"""Name of the dimension of units."""


def step_of(record: xr.Dataset, place: int = 0) -> Int[np.ndarray, "subject episode trial"]:
    """The time step at which each trial is at its step `place`; -1 where it has no such step.

    **Arguments**: `place` 0 for the first step (the fixation cue, where there is one), 1 for the second, ...; -1 for
    the last (whose action brought the outcome), -2 for the one before it.
    """
    check(
        "step_trial" in record,
        "The record does not say which trial each time step belongs to (variable 'step_trial'), so nothing can be "
        "aligned to its trials; collect it again with `fastslow behave`.",
    )
    trial = record["step_trial"].to_numpy()
    time = np.arange(trial.shape[2])
    change = np.ones(trial.shape, bool)
    change[:, :, 1:] = trial[:, :, 1:] != trial[:, :, :-1]
    if place >= 0:
        begin = np.maximum.accumulate(np.where(change, time, 0), axis=2)
        wanted = time - begin == place
    else:
        last = np.concatenate([change[:, :, 1:], np.ones_like(change[:, :, :1])], axis=2)
        end = np.minimum.accumulate(np.where(last, time, len(time))[:, :, ::-1], axis=2)[:, :, ::-1]
        wanted = time - end == place + 1
    subject, episode, step = np.nonzero(wanted & (trial >= 0))
    steps = np.full(tuple(record.sizes[name] for name in CELL), -1)
    steps[subject, episode, trial[subject, episode, step]] = step
    return steps


def at_step(record: xr.Dataset, place: int = 0, variable: str = "hidden") -> xr.DataArray:
    """What a step variable was at step `place` of every trial (see `step_of`).

    **Arguments**: `variable` one with a dimension time: `hidden` (units' activity, kept by `collect(units=True)` and
    `fastslow behave --units`), `step_value`, `step_rpe`, `step_reward`. A record of real units has no time steps but
    a variable `activity` (subject, episode, trial, unit), such as spike counts around an event: it is what `hidden`
    then means, whatever the `place`.

    **Returns**: (subject, episode, trial) or (subject, episode, trial, unit), the record's labels as coordinates;
    NaN in trials that are not there or have no such step.

    **Errors**: `UserError` where the record lacks the variable.
    """
    present = record["present"].to_numpy()
    if variable not in record and variable == "hidden" and "activity" in record:
        counts = record["activity"]
        check(
            counts.dims == (*CELL, UNITS),
            f"The record's 'activity' has dimensions {counts.dims}, but they must be {(*CELL, UNITS)}.",
        )
        return counts.astype(float).where(record["present"])
    if variable not in record:
        remedy = (
            "; keep it with `fastslow behave --units`, or give spike counts as 'activity'."
            if variable == "hidden"
            else nearest(variable, [str(name) for name in record.data_vars if "time" in record[name].dims])
        )
        raise UserError(f"The record holds no '{variable}'{remedy}")
    values = record[variable]
    check(
        values.dims[:3] == (*CELL[:2], "time"),
        f"The record's '{variable}' has dimensions {values.dims}, but needs one value per time step.",
    )
    steps = step_of(record, place)
    there = present & (steps >= 0)
    tail = (1,) * (values.ndim - 3)
    index = np.where(there, steps, 0).reshape(*steps.shape, *tail)
    taken = np.take_along_axis(values.to_numpy(), index, axis=2)
    taken = np.where(
        there.reshape(*there.shape, *tail), taken.astype(np.result_type(taken, np.float32)), np.nan
    )
    coordinates = {name: record[name] for name in CELL}
    return xr.DataArray(taken, coordinates, (*CELL, *values.dims[3:]), name=variable)


def activity_rows(record: xr.Dataset, place: int = 0) -> tuple[Float[np.ndarray, "row unit"], pd.DataFrame]:
    """The activity at step `place` of every trial, and the trial table with the same rows.

    **Returns**: activity `[row unit]`, NaN where a trial or a subject has no such unit, and `trials(record)`.
    """
    activity = at_step(record, place)
    check(
        UNITS in activity.dims, "The record's activity has no dimension 'unit'; name its last dimension so."
    )
    return activity.to_numpy()[record["present"].to_numpy()], trials(record)
