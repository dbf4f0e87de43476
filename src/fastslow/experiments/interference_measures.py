"""Interference: what is kept of a first list, what is known of a second, and how many trials that took."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd
import xarray as xr

from fastslow.analysis.statistics import summarise
from fastslow.experiments.claims import claim, exact, table
from fastslow.experiments.experiment import CLAIMS
from fastslow.records.record import trials

STEP_SIZES = (0.02, 0.05, 0.15, 0.5, 1.5, 4.0)
SMALLEST, LARGEST = STEP_SIZES[0], STEP_SIZES[-1]
KNOWN = 1.0
"""Share of the second list that must be right for it to be known: all of it."""
KEPT = 0.9
"""Of the first list, from which on it is kept."""
FASTEST = "dictionary over the fastest network that keeps the first list"
SHOWN = 40
RESAMPLES = 1000


def at(schedule: str, step_size: float) -> str:
    """How claims name a schedule and a step size."""
    return f"{schedule}, step size {step_size:g}"


def kept(after: np.ndarray, before: np.ndarray, chance: float) -> np.ndarray:
    """(after - chance) / (before - chance): 1 where nothing was lost, 0 at chance, NaN where nothing was known."""
    known = before > chance
    return np.where(known, (after - chance) / np.where(known, before - chance, 1.0), np.nan)


def first_known(second: np.ndarray) -> np.ndarray:
    """The first check, of the last axis, at which the second list is known; -1 where it never is."""
    reached = second >= KNOWN
    return np.where(reached.any(axis=-1), reached.argmax(axis=-1), -1)


def outcomes(record: xr.Dataset) -> pd.DataFrame:
    """One row per subject and step size: what was lived through, and what was known at its end.

    **Returns**: columns subject, step_size, before (share of the first list right before the second), kept and second
    (at the end), and at the first check at which the second list was known: trials until then and kept_when_known (NaN
    both where it never was).
    """
    first, second, lived = (record[name].to_numpy() for name in ("first", "second", "lived"))
    chance, when = float(record.attrs["chance"]), first_known(second)
    there = np.maximum(when, 0)[..., None]
    then = np.take_along_axis(first, there, axis=-1)[..., 0]
    passed = np.take_along_axis(lived, there, axis=-1)[..., 0]
    before = first[..., 0]
    columns = {
        "subject": np.broadcast_to(record["subject"].to_numpy()[:, None], when.shape),
        "step_size": record["step_size"].to_numpy()[..., 0],
        "before": before,
        "kept": kept(first[..., -1], before, chance),
        "second": second[..., -1],
        "trials": np.where(when < 0, np.nan, passed),
        "kept_when_known": np.where(when < 0, np.nan, kept(then, before, chance)),
    }
    return pd.DataFrame({name: values.ravel() for name, values in columns.items()})


def measure(records: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    ends = pd.concat(
        [outcomes(record).assign(name=name) for name, record in records.items()], ignore_index=True
    )
    courses = pd.concat(
        [course(record).assign(name=name) for name, record in records.items()], ignore_index=True
    )
    courses = courses[courses["name"].str.endswith("sequential")]
    # A dictionary has no step size, and NaN would make no group.
    ends, courses = (made.fillna({"step_size": 0.0}) for made in (ends, courses))
    # Where one seed never knew the second list, the others would be a chosen few.
    reached = ends[ends.groupby(["name", "step_size"])["trials"].transform(lambda each: each.notna().all())]
    until = reached[reached["name"] == "network_sequential"].assign(name="until_known")
    until = until.assign(kept=until["kept_when_known"])
    return {
        "outcomes": ends,
        "kept": over_subjects(pd.concat([ends, until], ignore_index=True).dropna(subset="kept"), "kept"),
        "learned": over_subjects(ends, "second"),
        "trials": over_subjects(reached, "trials"),
        "courses": summarise(courses, ["name", "step_size", "list", "lived"], "known", resamples=RESAMPLES),
        CLAIMS: claims(ends),
    }


def course(record: xr.Dataset) -> pd.DataFrame:
    """What is known of each list (first, second) after how many trials, at about `SHOWN` checks evenly in log time."""
    last = record.sizes["trial"] - 1
    few = np.unique(np.geomspace(1, max(last, 1), SHOWN).round().astype(int))
    rows = trials(record.isel(trial=[i for i in few if i <= last]))
    return rows.melt(["subject", "step_size", "lived"], ["first", "second"], "list", "known")


def over_subjects(rows: pd.DataFrame, value: str) -> pd.DataFrame:
    return summarise(rows, ["name", "step_size"], value) if len(rows) else pd.DataFrame()


def claims(ends: pd.DataFrame) -> pd.DataFrame:
    """Rows of the claims table; what a seed never reached makes none."""
    wide = {
        name: part.pivot(index="subject", columns="step_size")
        for name, part in ends.groupby("name", sort=False)
    }
    sequential, dictionary = wide["network_sequential"], wide["dictionary_sequential"]
    rows = [claim("first list known before the second begins", sequential["before"][SMALLEST])]
    for schedule in ("sequential", "interleaved"):
        found = wide[f"network_{schedule}"]
        for size in STEP_SIZES:
            rows.append(whole(f"{at(schedule, size)}: kept", found["kept"][size]))
            rows.append(whole(f"{at(schedule, size)}: second list known", found["second"][size]))
    when_known = sequential["kept_when_known"]
    rows += [whole(f"{at('until known', size)}: kept", when_known[size]) for size in STEP_SIZES]
    falls = all(
        may_be_below_zero(sequential["kept"][larger] - sequential["kept"][smaller])
        for smaller, larger in pairwise(STEP_SIZES)
    )
    rows.append(exact("sequential: kept falls with the step size, within intervals", float(falls)))
    until = "trials until the second list is known"
    small, large = (sequential["trials"][size] for size in (SMALLEST, LARGEST))
    stored = dictionary["trials"][0.0]
    safe = [size for size in STEP_SIZES if sequential["kept"][size].mean() >= KEPT]
    fastest = sequential["trials"][safe].mean(skipna=False).min() if safe else np.nan
    rows += [
        whole(
            "sequential, smallest less largest step: kept when the second list is first known",
            when_known[SMALLEST] - when_known[LARGEST],
        ),
        whole(f"sequential, smallest over largest step: {until}", small / large),
        whole("dictionary, sequential: kept", dictionary["kept"][0.0]),
        whole("dictionary, sequential: second list known", dictionary["second"][0.0]),
        whole(f"dictionary over network of the smallest step: {until}", stored / small),
        whole(f"{FASTEST}: {until}", stored / fastest),
    ]
    return table([row for row in rows if row])


def whole(measure: str, values: pd.Series) -> dict:
    """A claim, or none where a subject has no number: the mean of the others would be of a chosen few."""
    return claim(measure, values) if np.isfinite(values).all() else {}


def may_be_below_zero(differences: pd.Series) -> bool:
    """The mean, or the lower end of its interval, is not above 0."""
    if not np.isfinite(differences).all():
        return False
    row = claim("", differences)
    return bool(row["value"] <= 0 or row["low"] <= 0)
