"""Which units code which variables: partial correlations of activity, trial by trial, against shuffled trials.

Wang et al. 2018 (Fig. 2e): for every unit at the fixation step, the absolute partial correlation (Pearson) with the
last action, the last reward, their interaction and the value. Tsutsui et al. 2016 for the same variables in neurons
of the prefrontal cortex. Many units and variables are tested at once, so p-values are corrected (Benjamini &
Hochberg 1995, or Bonferroni); activity and task drift slowly, so that independent trials are no fair control and a
shuffle can keep each episode's order (`control`). All is done within a subject; a unit is never pooled with another's.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float, Int
from scipy import stats

from fastslow.analysis.columns import need_columns
from fastslow.analysis.partial_correlation import (
    centred,
    correlate_fast,
    dummies,
    orthonormal,
    partial_correlations,
)
from fastslow.analysis.regressors import HISTORY, regressors
from fastslow.analysis.statistics import summarise
from fastslow.errors import UserError, check
from fastslow.records.activity import activity_rows

CONTROLS = ("trials", "circular", "episodes")
"""How a shuffled trial gets another trial's variables: any trial's of the subject; the same episode's, all
shifted round by one random number of trials; those at the same place of another episode."""


def shuffles(
    episode: np.ndarray, count: int, control: str, generator: np.random.Generator
) -> Iterator[Int[np.ndarray, " row"]]:
    """`count` times, for each row, the row whose variables it gets (see `CONTROLS`).

    Whatever is drawn can also be the order as it is, without which the test would not be exact.

    **Arguments**: `episode` the label of each row's episode, rows in order of trials.
    """
    _, labels = np.unique(episode, return_inverse=True)
    rows = np.split(np.argsort(labels, kind="stable"), np.cumsum(np.bincount(labels))[:-1])
    if control == "episodes" and len(rows) < 2:
        raise UserError(
            "A subject has one episode only, so no other's variables can be lent it; shuffle by trials."
        )
    for _ in range(count):
        if control == "trials":
            yield generator.permutation(len(labels))
            continue
        order = np.empty(len(labels), int)
        deal = generator.permutation(len(rows)) if control == "episodes" else np.arange(len(rows))
        for own, other in zip(rows, deal, strict=True):
            theirs = rows[other]
            shift = int(generator.integers(len(own))) if control == "circular" else 0
            # Where the other episode is shorter, it begins anew.
            order[own] = theirs[(np.arange(len(own)) + shift) % len(theirs)]
        yield order


def correct(p: Float[np.ndarray, " test"], correction: str) -> Float[np.ndarray, " test"]:
    """p-values controlled for many tests: "bh" false discovery rate, "bonferroni" any false positive, "none"."""
    check(
        correction in ("bh", "bonferroni", "none"),
        f"correction is '{correction}'; give bh, bonferroni or none.",
    )
    known = np.isfinite(p)
    q = np.full(p.shape, np.nan)
    if known.any():
        here = p[known]
        q[known] = {
            "bh": lambda: stats.false_discovery_control(here),
            "bonferroni": lambda: np.minimum(here * len(here), 1.0),
            "none": lambda: here,
        }[correction]()
    return q


def code(
    activity: Float[np.ndarray, "row unit"],
    variables: pd.DataFrame,
    episode: np.ndarray,
    control: str = "trials",
    count: int = 200,
    seed: int = 0,
    correction: str = "bh",
    given: pd.DataFrame | None = None,
    ranks: bool = False,
) -> pd.DataFrame:
    """The units of one subject: one row per unit and variable (see `unit_coding` for the columns)."""
    names, units = [str(name) for name in variables.columns], activity.shape[1]
    found = partial_correlations(activity, variables, given, ranks)
    x, others = variables.to_numpy(float), np.zeros((len(variables), 0)) if given is None else dummies(given)
    y = np.asarray(activity, float)
    if ranks:
        y, x, others = (stats.rankdata(part, axis=0) if part.size else part for part in (y, x, others))
    # Covariates are dealt out with the variables, so that how these hang together stays as it is.
    together = np.column_stack([x, orthonormal(centred(others))])
    y = centred(y)
    power = (y**2).sum(axis=0)
    draws = np.zeros((count, units, len(names)))
    for i, order in enumerate(shuffles(episode, count, control, np.random.default_rng(seed))):
        draws[i] = np.abs(correlate_fast(y, power, together[order])[:, : len(names)])
    told = found.note == ""
    mean = np.where(told, draws.mean(axis=0), np.nan)
    high = np.where(told, np.quantile(draws, 0.99, axis=0), np.nan)
    q = np.column_stack([correct(found.p[:, j], correction) for j in range(len(names))])
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), len(names)),
            "variable": names * units,
            "partial_r": np.abs(found.r).ravel(),
            "sign": np.nan_to_num(np.sign(found.r)).astype(int).ravel(),
            "p": found.p.ravel(),
            "q": q.ravel(),
            "shuffled_mean": mean.ravel(),
            "shuffled_p99": high.ravel(),
            "n": found.n,
            "note": found.note.ravel(),
        }
    )


def unit_coding(
    record: xr.Dataset,
    variables: Sequence[str] = HISTORY,
    given: Sequence[str] = (),
    place: int = 0,
    control: str = "trials",
    shuffles: int = 200,
    correction: str = "bh",
    ranks: bool = False,
    seed: int = 0,
) -> pd.DataFrame:
    """How strongly every unit of every subject codes each variable, beside shuffled trials.

    **Arguments**: `record` with the activity of units (`records.activity.at_step`); `variables` and `given`
    (partialled out, not asked about) by the names of `analysis.regressors`: columns of the trial table, `last_NAME`,
    `A*B`; `place` the step of the trial, 0 the first, -1 the last; `control` of the `shuffles` (trials, circular,
    episodes); `correction` over a subject's units, for each variable (bh, bonferroni, none); `ranks` for Spearman's.

    **Returns**: one row per subject, unit and variable: partial_r (absolute, 0 to 1), sign, p, q (p corrected),
    shuffled_mean and shuffled_p99 (of the absolute partial correlations in shuffled trials), n (trials), note. A
    unit that never fires, or a variable that never changes, has no numbers and a note that says so. Trials that are
    not valid, or whose variables are not known, are left out.

    **Errors**: `UserError` where nothing is left.
    """
    check(shuffles >= 1, f"shuffles is {shuffles}, but it must be at least 1.")
    check(control in CONTROLS, f"control is '{control}'; give one of: {', '.join(CONTROLS)}.")
    tables = []
    for subject, activity, rows in by_subject(record, [*variables, *given], place):
        chosen = rows[list(variables)]
        others = rows[list(given)] if given else None
        parts = [
            code(
                activity[np.ix_(there, of)],
                chosen[there],
                rows["episode"].to_numpy()[there],
                *(control, shuffles, seed, "none"),
                None if others is None else others[there],
                ranks,
            ).assign(unit=lambda table, of=of: of[table["unit"]])
            for there, of in recorded(activity)
        ]
        table = pd.concat(parts, ignore_index=True).sort_values("unit", kind="stable")
        table["q"] = table.groupby("variable")["p"].transform(lambda p: correct(p.to_numpy(), correction))
        tables.append(table.assign(subject=subject))
    table = pd.concat(tables, ignore_index=True)
    return table[["subject", *(name for name in table.columns if name != "subject")]]


def by_subject(
    record: xr.Dataset, names: Sequence[str], place: int
) -> Iterator[tuple[str, Float[np.ndarray, "row unit"], pd.DataFrame]]:
    """Each subject's activity and the named variables, trials whose variables are all known, in order."""
    activity, table = activity_rows(record, place)
    values = regressors(table, names).assign(subject=table["subject"], episode=table["episode"])
    known = np.isfinite(values[list(names)].to_numpy(float)).all(axis=1)
    for subject in dict.fromkeys(table["subject"]):
        here = known & (table["subject"] == subject).to_numpy()
        if not here.any():
            raise UserError(
                f"Subject '{subject}' has no valid trial of which {', '.join(names)} are all known; leave it out."
            )
        yield subject, activity[here].astype(float), values[here].reset_index(drop=True)


def recorded(activity: Float[np.ndarray, "row unit"]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Units that were recorded in the same trials: which rows (mask), and which units; none for units never recorded.

    One session's neurons are not another's: in its trials they are NaN.
    """
    there = np.isfinite(activity)
    check(bool(there.any()), "The record's activity holds no finite number; give units that were recorded.")
    patterns, which = np.unique(there, axis=1, return_inverse=True)
    for i in range(patterns.shape[1]):
        if patterns[:, i].any():
            yield patterns[:, i], np.flatnonzero(which.ravel() == i)


def selectivity(table: pd.DataFrame, alpha: float = 0.05) -> pd.DataFrame:
    """The proportion of each subject's units that code each variable.

    **Arguments**: `table` from `unit_coding`; a unit codes a variable where q < `alpha`.

    **Returns**: subject, variable, proportion (0 to 1, of all units recorded), units, silent (units with a note, which
    count as not coding), mean (absolute partial correlation, over the others), strongest, shuffled_mean, shuffled_p99
    (means over units of theirs).
    """
    need_columns(
        table, ["subject", "unit", "variable", "partial_r", "q", "shuffled_p99", "note"], "table of coding"
    )
    check(0 < alpha < 1, f"alpha is {alpha}, but it must lie between 0 and 1.")
    rows = []
    for (subject, variable), units in table.groupby(["subject", "variable"], sort=False):
        known = units[units["note"] == ""]
        numbers = {
            "mean": known["partial_r"].mean(),
            "strongest": known["partial_r"].max(),
            "shuffled_mean": known["shuffled_mean"].mean(),
            "shuffled_p99": known["shuffled_p99"].mean(),
        }
        counts = {"units": len(units), "silent": len(units) - len(known)}
        proportion = float((known["q"] < alpha).sum() / len(units))
        # Where no unit has a number, none codes: 0, and `silent` says why.
        found = {name: float(value) if len(known) else 0.0 for name, value in numbers.items()}
        rows.append({"subject": subject, "variable": variable, "proportion": proportion} | counts | found)
    return pd.DataFrame(rows)


def coding_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Over subjects: the proportion of units that code each variable, with a bootstrap interval."""
    return summarise(selectivity(table), ["variable"], "proportion")
