"""Trainings as behaviour: what was scored after so much experience, for agents that are judged while they learn."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, Key

from fastslow.agents.agent import Agent
from fastslow.errors import check
from fastslow.experiments.experiment import Condition
from fastslow.records.record import from_arrays, trials
from fastslow.runs import driver, metrics

PREFIX = "curve_"


def name_of(condition: str) -> str:
    """What the record of a condition's training is called."""
    return f"{PREFIX}{condition}"


def curve_record(condition: Condition, folder: Path) -> xr.Dataset:
    """The training in `folder`: a round is a trial, with `steps` lived before its end, the number of `games` that ended
    in it and the sum of their scores as `reward` (`training.living.told_of`)."""
    check(
        condition.trainer.updates <= driver.POINTS,
        f"A training that is measured has {condition.trainer.updates} rounds, but a curve holds {driver.POINTS}; make "
        "the rounds longer.",
    )
    rows = metrics.read(folder / metrics.NAME)

    def column(name: str) -> np.ndarray:
        return np.stack([np.atleast_1d(row[name]) for row in rows], axis=1)[:, None]

    games, shape = column("episodes"), column("episodes").shape
    steps = np.asarray([row["update"] for row in rows]) * condition.steps_per_update
    return from_arrays(
        {
            "action": np.full(shape, -1),
            "valid": np.zeros(shape, bool),
            "reward": column("score"),
            "games": games.astype(np.int32),
            "steps": np.broadcast_to(steps, shape),
        },
        [f"seed {i}" for i in range(shape[0])],
        {"task": type(condition.task).__name__},
    )


def scores(record: xr.Dataset, checkpoints: int) -> pd.DataFrame:
    """Mean score of the games that ended within each of so many equal stretches: columns subject, frames, score.

    `frames` is the experience at the end of the stretch. Where no game ended, the last score known stands; before any
    is known, the first.
    """
    table = trials(record)
    end = table["steps"].max()
    stretch = np.minimum((table["steps"] - 1) * checkpoints // end, checkpoints - 1)
    sums = table.assign(stretch=stretch).groupby(["subject", "stretch"])[["reward", "games"]].sum()
    means = (sums["reward"] / sums["games"].where(sums["games"] > 0)).unstack("stretch")
    check(
        bool(means.notna().any(axis=1).all()),
        "Not one game ended in a training that is measured; train for longer.",
    )
    means = means.ffill(axis=1).bfill(axis=1)
    rows = means.rename(columns=lambda i: (i + 1) * end / checkpoints).stack().rename("score")
    return rows.rename_axis(["subject", "frames"]).reset_index()


def players(records: Mapping[str, xr.Dataset]) -> Iterator[tuple[str, str, xr.Dataset]]:
    """Agent, game and record of every training called AGENT-GAME (or AGENT alone, the game then being "")."""
    for name, record in records.items():
        if name.startswith(PREFIX):
            agent, _, game = name.removeprefix(PREFIX).partition("-")
            yield agent, game, record


def lived_already(config: Any, trained: dict[str, list[Agent]], key: Key[Array, ""]) -> dict[str, xr.Dataset]:
    """What `simulate` is where agents are judged by how they lived: nothing more."""
    return {}


def rounds(steps: int, lanes: int) -> dict[str, int]:
    """Settings of any trainer that make up so many steps, a multiple of four, in a thousand rounds at most."""
    unroll = 4 // lanes * -(-max(steps // 1000, min(100, steps)) // 4)
    return {"updates": steps // (lanes * unroll), "lanes": lanes, "unroll": unroll}
