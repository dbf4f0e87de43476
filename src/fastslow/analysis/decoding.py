"""What can be read out of a population: cross-validated linear decoding of a number or of a category.

Ridge regression for a number, scored by the correlation of what is read out with the truth; logistic regression for
a category, scored by accuracy. Trials of one episode resemble each other, so an episode is never split between
what is learned from and what is tested on; otherwise slow drift passes for code.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float, Int

from fastslow.analysis import unit_coding
from fastslow.analysis.partial_correlation import flat
from fastslow.analysis.statistics import summarise
from fastslow.analysis.unit_coding import by_subject, recorded
from fastslow.errors import check

KINDS = ("auto", "number", "category")
LEVELS = 5
"""Whole numbers of at most so many levels count as categories, unless said otherwise."""
RIDGES = np.logspace(-2, 5, 15)
"""Penalties among which each fold's training part chooses, for standardised activity."""
FIXED = 1.0
"""Inverse penalty of the logistic regression, for standardised activity."""


class Decoded(NamedTuple):
    """What was read out of held-out episodes."""

    kind: str
    """`number` or `category`."""
    score: float
    """Correlation with the truth (mean over folds), or share of trials that are right."""
    chance: float
    """What nothing but the commonest category would score; 0 for a number."""
    predicted: np.ndarray
    """Read out of each row, as it was held out."""
    note: str = ""
    """Why the score is NaN, where it is."""


def folds_of(groups: np.ndarray, folds: int) -> Int[np.ndarray, " row"]:
    """Each row's fold, 0 to `folds` - 1: whole groups, dealt out so that folds hold about as many rows each."""
    check(folds >= 2, f"folds is {folds}, but it must be at least 2.")
    _, label, size = np.unique(groups, return_inverse=True, return_counts=True)
    check(
        len(size) >= folds,
        f"There are {len(size)} episodes, too few to hold out each of {folds} folds; give more episodes, or "
        "fewer folds.",
    )
    fold, held = np.empty(len(size), int), np.zeros(folds)
    for group in np.argsort(-size, kind="stable"):
        fold[group] = held.argmin()
        held[fold[group]] += size[group]
    return fold[label.ravel()]


def kind_of(target: np.ndarray, kind: str) -> str:
    check(kind in KINDS, f"kind is '{kind}'; give one of: {', '.join(KINDS)}.")
    if kind != "auto":
        return kind
    levels = np.unique(target)
    return "category" if len(levels) <= LEVELS and bool((levels == np.round(levels)).all()) else "number"


def decode(
    activity: Float[np.ndarray, "row unit"],
    target: np.ndarray,
    groups: np.ndarray,
    folds: int = 5,
    kind: str = "auto",
) -> Decoded:
    """Read `target` out of the activity of episodes that the decoder has not seen.

    **Arguments**: `activity` and `target` finite, one row per trial; `groups` the episode of each row, never split;
    `kind` number (ridge), category (logistic) or auto (category for at most 5 whole numbers).

    **Errors**: `UserError` where rows do not match, or there are fewer episodes than `folds`.
    """
    x, truth = np.asarray(activity, float), np.asarray(target, float)
    check(
        len(x) == len(truth) == len(groups),
        f"There are {len(x)} rows of activity, {len(truth)} of the target, {len(groups)} of episodes; give one each.",
    )
    check(
        bool(np.isfinite(x).all()) and bool(np.isfinite(truth).all()), "Activity and target must be finite."
    )
    kind, fold = kind_of(truth, kind), folds_of(groups, folds)
    levels, counts = np.unique(truth, return_counts=True)
    chance = float(counts.max() / len(truth)) if kind == "category" else 0.0
    predicted = np.full(len(truth), np.nan)
    nothing = (
        "the target is constant" if len(levels) < 2 else "all units are constant" if flat(x).all() else ""
    )
    if nothing:
        return Decoded(kind, np.nan, chance, predicted, nothing)
    learn = ridge if kind == "number" else logistic
    for held in range(folds):
        test = fold == held
        mean, spread = x[~test].mean(axis=0), x[~test].std(axis=0)
        scaled = (x - mean) / np.where(spread > 1e-9, spread, 1.0)
        predicted[test] = learn(scaled[~test], truth[~test], scaled[test])
    if kind == "category":
        return Decoded(kind, float((predicted == truth).mean()), chance, predicted)
    # Fold by fold: pooled over folds, the folds' own means would push the correlation below 0.
    scores = [
        np.corrcoef(predicted[fold == held], truth[fold == held])[0, 1]
        for held in range(folds)
        if min(np.ptp(predicted[fold == held]), np.ptp(truth[fold == held])) > 1e-9
    ]
    note = "" if scores else "the target is constant within every fold"
    return Decoded(kind, float(np.mean(scores)) if scores else np.nan, chance, predicted, note)


def decode_each(
    activity: Float[np.ndarray, "row unit"], rows: pd.DataFrame, target: str, kind: str = "auto"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`decode` a column of a trial table, subject by subject.

    **Returns**: a row per subject with score, chance and note; and `rows`, subject by subject, with what was read out
    of each (`predicted`).
    """
    scores, predicted = [], []
    for subject in dict.fromkeys(rows["subject"]):
        mine = (rows["subject"] == subject).to_numpy()
        own = rows[mine]
        found = decode(activity[mine], own[target].to_numpy(), own["episode"].to_numpy(), kind=kind)
        scores.append({"subject": subject, "score": found.score, "chance": found.chance, "note": found.note})
        predicted.append(own.assign(predicted=found.predicted))
    return pd.DataFrame(scores), pd.concat(predicted, ignore_index=True)


def ridge(x: np.ndarray, y: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Ridge regression whose penalty is chosen by leaving out one row at a time (generalised)."""
    from sklearn.linear_model import RidgeCV

    return RidgeCV(RIDGES).fit(x, y).predict(test) if np.ptp(y) > 0 else np.full(len(test), y[0])


def logistic(x: np.ndarray, y: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Logistic regression (multinomial where there are more than two categories)."""
    from sklearn.linear_model import LogisticRegression

    if np.ptp(y) == 0:
        return np.full(len(test), y[0])
    return LogisticRegression(C=FIXED, max_iter=2000).fit(x, y).predict(test)


def decoding(
    record: xr.Dataset,
    targets: Sequence[str] = ("last_action", "last_reward"),
    place: int = 0,
    folds: int = 5,
    kind: str = "auto",
    shuffles: int = 20,
    seed: int = 0,
) -> pd.DataFrame:
    """How well each variable can be read out of each subject's units, beside lent variables of other episodes.

    **Arguments**: `record`, `place` and the names of `targets` as for `unit_coding`; `folds` of whole episodes; `kind`
    number, category or auto; `shuffles` how often each episode gets the variable of another (0: no control).

    **Returns**: one row per subject and target: kind, score (correlation or accuracy), chance, shuffled_mean and
    shuffled_high (the greatest of the shuffles; NaN without), units, n (trials), episodes, note. Units that were not
    recorded in all of a subject's trials are left out.

    **Errors**: `UserError` where a subject has fewer episodes than `folds`.
    """
    check(shuffles >= 0, f"shuffles is {shuffles}, but it must be at least 0.")
    rows = []
    for name in targets:
        for subject, activity, table in by_subject(record, [name], place):
            whole = [units for there, units in recorded(activity) if there.all()]
            check(
                bool(whole), f"No unit of subject '{subject}' was recorded in all its trials; leave it out."
            )
            activity, truth, episode = (
                activity[:, whole[0]],
                table[name].to_numpy(),
                table["episode"].to_numpy(),
            )
            found = decode(activity, truth, episode, folds, kind)
            count = 0 if found.note else shuffles
            orders = unit_coding.shuffles(episode, count, "episodes", np.random.default_rng(seed))
            drawn = np.array([decode(activity, truth[o], episode, folds, found.kind).score for o in orders])
            drawn = drawn[np.isfinite(drawn)]
            rows.append(
                {
                    "subject": subject,
                    "target": name,
                    "kind": found.kind,
                    "score": found.score,
                    "chance": found.chance,
                    "shuffled_mean": float(drawn.mean()) if len(drawn) else np.nan,
                    "shuffled_high": float(drawn.max()) if len(drawn) else np.nan,
                    "units": activity.shape[1],
                    "n": len(truth),
                    "episodes": len(np.unique(episode)),
                    "note": found.note,
                }
            )
    return pd.DataFrame(rows)


def decoding_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Over subjects: mean score of each target with a bootstrap interval; subjects without a score are left out."""
    known = table[table["note"] == ""]
    check(len(known) > 0, f"Nothing could be decoded: {table['note'].iloc[0] if len(table) else 'no rows'}.")
    return summarise(known[["subject", "target", "kind", "score"]], ["target", "kind"], "score")
