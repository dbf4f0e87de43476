"""Which units code which variables: partial correlations of activity, trial by trial, against shuffled trials.

Wang et al. 2018 (Fig. 2e): for every unit at the fixation step, the absolute partial correlation (Pearson) with the
last action, the last reward, their interaction and the value. Tsutsui et al. 2016 for the same variables in neurons
of the prefrontal cortex. Many units and variables are tested at once, so p-values are corrected (Benjamini &
Hochberg 1995, or Bonferroni); activity and task drift slowly, so that independent trials are no fair control and a
shuffle can keep each episode's order (`control`).

    r(y, x_j | others) = corr(residual of y on the others, residual of x_j on the others)

All is done within a subject; a unit is never pooled with another subject's.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float, Int
from scipy import stats

from fastslow.analysis.columns import need_columns
from fastslow.analysis.regressors import HISTORY, regressors
from fastslow.analysis.statistics import summarise
from fastslow.errors import UserError, check
from fastslow.records.activity import activity_rows

CONTROLS = ("trials", "circular", "episodes")
"""How a shuffled trial gets another trial's variables: any trial's of the subject; the same episode's, all
shifted round by one random number of trials; those at the same place of another episode."""
SILENT = "the unit is constant"
CONSTANT = "the variable is constant"
CONFOUNDED = "the variable is a combination of the others"
FEW = "too few trials"
FLAT = 1e-9
"""A spread below this part of a variable's greatest size is rounding, not variation."""


class Coding(NamedTuple):
    """Partial correlations of units with variables, -1 to 1; NaN where a note says why."""

    r: Float[np.ndarray, "unit variable"]
    p: Float[np.ndarray, "unit variable"]
    note: np.ndarray
    """Why there is no number, by unit and variable; "" where there is one."""
    n: int
    """Trials."""


def partial_correlations(
    activity: Float[np.ndarray, "row unit"],
    variables: pd.DataFrame,
    given: pd.DataFrame | None = None,
    ranks: bool = False,
) -> Coding:
    """The partial correlation of every unit with each variable given all the other variables, and `given`.

    **Arguments**: `activity` one row per trial, finite; `variables` as many rows, numbers; `given` further covariates
    that are partialled out but not asked about (columns of text or categories count as one covariate per level);
    `ranks` correlates ranks (Spearman) instead of the numbers.

    **Returns**: r with its two-sided p (Student's t on n - 2 - number of others degrees of freedom, as if trials
    were independent).

    **Errors**: `UserError` where rows do not match or numbers are not finite.
    """
    y = np.asarray(activity, float)
    check(y.ndim == 2, f"The activity has shape {y.shape}, but it must be [row unit].")
    x = variables.to_numpy(float)
    others = np.zeros((len(y), 0)) if given is None else dummies(given)
    for name, rows in (("variables", x), ("covariates", others)):
        check(
            len(rows) == len(y),
            f"There are {len(rows)} rows of {name} for {len(y)} of activity; give one each.",
        )
        check(
            bool(np.isfinite(rows).all()),
            f"The {name} hold values that are not finite; leave these trials out.",
        )
    check(
        bool(np.isfinite(y).all()), "The activity holds values that are not finite; leave these trials out."
    )
    if ranks:
        x, y, others = (stats.rankdata(part, axis=0) if part.size else part for part in (x, y, others))
    freedom = len(y) - 2 - (x.shape[1] - 1) - (np.linalg.matrix_rank(centred(others)) if others.size else 0)
    r, note = correlate(y, x, others, int(freedom))
    with np.errstate(invalid="ignore", divide="ignore"):
        t = r * np.sqrt(freedom / (1 - r**2))
    p = np.where(note == "", 2 * stats.t.sf(np.abs(t), max(freedom, 1)), np.nan)
    return Coding(r, p, note, len(y))


def dummies(given: pd.DataFrame) -> Float[np.ndarray, "row covariate"]:
    """Covariates as numbers; words become one column per level but the first."""
    return pd.get_dummies(given, drop_first=True, dtype=float).to_numpy(float)


def centred(values: np.ndarray) -> np.ndarray:
    return values - values.mean(axis=0)


def flat(values: Float[np.ndarray, "row column"]) -> np.ndarray:
    """Which columns do not vary."""
    return np.ptp(values, axis=0) <= FLAT * np.maximum(np.abs(values).max(axis=0), 1e-300)


def correlate(
    y: np.ndarray, x: np.ndarray, others: np.ndarray, freedom: int
) -> tuple[Float[np.ndarray, "unit variable"], np.ndarray]:
    """Partial correlations by residuals of least squares, and notes where there are none."""
    units, count = y.shape[1], x.shape[1]
    r, note = np.full((units, count), np.nan), np.full((units, count), "", dtype=object)
    if freedom < 1:
        note[:] = FEW
        return r, note
    still, constant = flat(y), flat(x)
    y, x, others = centred(y), centred(x), centred(others)
    scale = np.where(constant, 1.0, np.linalg.norm(x, axis=0))
    x = x / scale
    for j in range(count):
        if constant[j]:
            note[:, j] = CONSTANT
            continue
        rest = np.column_stack([np.delete(x, j, axis=1), others])
        axes = orthonormal(rest)
        own = x[:, j] - axes @ (axes.T @ x[:, j])
        size = np.linalg.norm(own)
        if size < 1e-6:
            note[:, j] = CONFOUNDED
            continue
        left = y - axes @ (axes.T @ y)
        spread = np.linalg.norm(left, axis=0)
        # What the others explain wholly leaves nothing to correlate: rounding is no signal.
        empty = spread <= 1e-7 * np.maximum(np.linalg.norm(y, axis=0), 1e-300)
        r[:, j] = np.where(still | empty, np.nan, (own / size) @ left / np.where(empty, 1.0, spread))
        note[:, j] = np.where(
            still, SILENT, np.where(empty, "the other variables explain the unit wholly", "")
        )
    return np.clip(r, -1, 1), note


def correlate_fast(
    y: Float[np.ndarray, "row unit"], power: Float[np.ndarray, " unit"], x: Float[np.ndarray, "row column"]
) -> Float[np.ndarray, "unit column"]:
    """Partial correlations from one product of matrices, for the many shuffles; 0 where there is none.

    With b the coefficients of the regression of y on all x and G = x'x: r_j = b_j / sqrt(b_j^2 + RSS (G^-1)_jj).
    """
    x = centred(x)
    x = x / np.maximum(np.linalg.norm(x, axis=0), 1e-300)
    inverse, products = np.linalg.pinv(x.T @ x, hermitian=True), x.T @ y
    b = inverse @ products
    left = np.maximum(power - (products * b).sum(axis=0), 0.0)
    size = np.sqrt(b**2 + left * np.diag(inverse)[:, None])
    return np.divide(b, size, out=np.zeros_like(b), where=size > 0).T


def orthonormal(columns: Float[np.ndarray, "row column"]) -> Float[np.ndarray, "row axis"]:
    """Orthonormal axes of what the columns span, however redundant they are."""
    if columns.shape[1] == 0:
        return columns
    axes, size, _ = np.linalg.svd(columns, full_matrices=False)
    return axes[:, size > 1e-9 * max(float(size[0]), 1e-300)]


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
    all_ = np.column_stack([x, orthonormal(centred(others))])
    y = centred(y)
    power = (y**2).sum(axis=0)
    draws = np.zeros((count, units, len(names)))
    for i, order in enumerate(shuffles(episode, count, control, np.random.default_rng(seed))):
        draws[i] = np.abs(correlate_fast(y, power, all_[order])[:, : len(names)])
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
