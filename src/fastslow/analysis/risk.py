"""Choice under risk: how often the large and risky lever is pressed, and what the outcomes say to the critic."""

import numpy as np
import pandas as pd
import xarray as xr

from fastslow.analysis.columns import need_columns, numbers, valid_rows
from fastslow.errors import check
from fastslow.records.activity import at_step
from fastslow.records.record import trials

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

    **Arguments**: `record` as collected from an agent that has values (`step_rpe`).
    """
    rows = trials(record)
    rows["rpe"] = at_step(record, -1, "step_rpe").to_numpy()[record["present"].to_numpy()]
    rows = free_presses(rows)
    win, certain, loss = OUTCOMES
    outcome = np.where(rows["risky"], np.where(rows["reward"] > 0, win, loss), certain)
    return rows.assign(outcome=outcome).groupby(["subject", "outcome"])["rpe"].mean().reset_index()
