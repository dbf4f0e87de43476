"""Choice under risk: how often the large and risky lever is pressed, and what the outcomes say to the critic."""

import pandas as pd
import xarray as xr

from fastslow.analysis.columns import need_columns, numbers, valid_rows
from fastslow.errors import check

OUTCOMES = ("risky win", "certain", "risky loss")


def free_presses(trials: pd.DataFrame) -> pd.DataFrame:
    """The valid trials with both levers out."""
    need_columns(trials, ["subject", "risky", "p_win"], "trial table")
    rows = valid_rows(trials)
    if "forced" in rows:
        rows = rows[~rows["forced"].astype(bool)]
    check(len(rows) > 0, "The trial table has no valid free choice between the levers; give at least one.")
    return rows


def risky_share(trials: pd.DataFrame) -> pd.DataFrame:
    """Share of free choices that went to the risky lever: one row per subject and `p_win`, column risky (0 to 1)."""
    rows = free_presses(trials)
    numbers(rows, "p_win", "trial table")
    return rows.groupby(["subject", "p_win"])["risky"].mean().astype(float).reset_index()


def outcome_errors(record: xr.Dataset) -> pd.DataFrame:
    """Mean prediction error at each outcome of a free choice: columns subject, outcome (`OUTCOMES`), rpe.

    **Arguments**: `record` with the step variable `step_rpe`, its last step of each trial being the press.
    """
    check("step_rpe" in record, "The record has no 'step_rpe'; collect it from an agent that has values.")
    trial, time = record.sizes["trial"], record.sizes["time"]
    check(
        time % trial == 0,
        f"{time} steps are no whole number for each of {trial} trials; give one task's record.",
    )
    steps = time // trial
    errors = record["step_rpe"].isel(time=slice(steps - 1, None, steps)).values
    frame = pd.DataFrame(
        {name: record[name].values.ravel() for name in ("reward", "risky", "valid", "forced")}
        | {"rpe": errors.ravel()}
    )
    frame["subject"] = record["subject"].values.repeat(errors[0].size)
    frame = frame[frame["valid"].astype(bool) & ~frame["forced"].astype(bool)]
    win, certain, loss = OUTCOMES
    risky = frame["risky"].astype(bool)
    frame["outcome"] = certain
    frame.loc[risky, "outcome"] = (frame.loc[risky, "reward"] > 0).map({True: win, False: loss})
    return frame.groupby(["subject", "outcome"])["rpe"].mean().reset_index()
