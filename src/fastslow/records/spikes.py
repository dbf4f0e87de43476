"""From spike times to activity by trial: how often each unit fired around an event of each trial."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float

from fastslow.records.record import places_of
from fastslow.records.schema import CELL


class Window(NamedTuple):
    """When spikes count: from `start` to before `stop`, in seconds from the event in a column of the trials."""

    event: str
    start: float = 0.0
    stop: float = 1.0


def count_spikes(
    spikes: Float[np.ndarray, " spike"],
    events: Float[np.ndarray, " event"],
    start: float | int,
    stop: float | int,
) -> Float[np.ndarray, " event"]:
    """Spikes in [event + start, event + stop), times in seconds; NaN where there was no event."""
    ordered = np.sort(spikes)
    number = np.searchsorted(ordered, events + stop) - np.searchsorted(ordered, events + start)
    return np.where(np.isfinite(events), number, np.nan)


def counts(
    units: Any, events: Float[np.ndarray, " event"], window: Window
) -> Float[np.ndarray, "event unit"]:
    """Counts of all units of an NWB file's table; NaN too where a unit was not observed for the whole window."""
    observed = "obs_intervals" in units.colnames
    columns = []
    for i in range(len(units)):
        fired = count_spikes(
            np.asarray(units.get_unit_spike_times(i), float), events, window.start, window.stop
        )
        if observed:
            intervals = np.asarray(units.get_unit_obs_intervals(i), float).reshape(-1, 2)
            begin, end = (events + window.start)[:, None], (events + window.stop)[:, None]
            fired = np.where(
                ((intervals[:, 0] <= begin) & (end <= intervals[:, 1])).any(axis=1), fired, np.nan
            )
        columns.append(fired)
    return np.stack(columns, axis=1) if columns else np.zeros((len(events), 0))


def add_activity(
    record: xr.Dataset,
    trials: pd.DataFrame,
    fired: Float[np.ndarray, "row unit"],
    units: Any,
    window: Window,
) -> xr.Dataset:
    """The record with `activity` (subject, episode, trial, unit) and what it is counted from.

    **Arguments**: `trials` the table that the record was made of, row by row that of `fired`.
    """
    activity = np.full((*(record.sizes[name] for name in CELL), fired.shape[1]), np.nan)
    activity[places_of(record, trials)] = fired
    grown = record.assign(activity=((*CELL, "unit"), activity))
    grown = grown.assign_coords(unit=np.asarray(units.id[:], np.int64))
    grown.attrs["activity"] = {
        "meaning": "spikes counted from start to before stop around the event of the trial",
        "event": window.event,
        "start": window.start,
        "stop": window.stop,
        "unit": "spikes",
    }
    return grown
