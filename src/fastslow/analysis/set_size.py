"""Learning under load: how many stimuli there are to learn at once, and how that shows in the learning of each.

Whoever keeps what was told once learns few and many stimuli alike, and so does who learns each little by little; a
memory that holds only so much, for so long, does not. Curves by set size tell them apart (Collins & Frank 2012;
Collins et al. 2014). For people, agents and observers alike: whoever's table says which stimulus was shown.
"""

import numpy as np
import pandas as pd

from fastslow.analysis.columns import need_columns, numbers
from fastslow.analysis.history import in_order
from fastslow.analysis.regret import TABLE, correctness
from fastslow.analysis.statistics import summarise
from fastslow.errors import check

ITERATIONS = 9
"""Presentations that every stimulus of Collins & Frank 2012 has, at least."""
CELL = ["set_size", "iteration"]
PREDICTORS = ("set_size", "delay", "times_correct")
CURVES = "table of learning curves"


def presentations(trials: pd.DataFrame) -> pd.DataFrame:
    """The valid trials, each with its place in the learning of its stimulus.

    **Arguments**: `trials` with columns subject, trial, set_size, stimulus (numbers that mean the same within an
    episode alone), correct (or regret) and, where there are several, episode; iteration where it is known (otherwise
    the stimulus' rows are counted, missed trials included).

    **Returns**: subject, episode, set_size, iteration (how often the stimulus was shown, this trial included), delay
    (trials since it was last shown), times_correct (right answers to it so far), last_correct (was it answered rightly
    the last time), correct (0, 1); delay and last_correct are NaN at its first time.
    """
    ordered = in_order(trials, ["set_size", "stimulus"])
    valid = ordered["valid"].to_numpy(bool)
    check(bool(valid.any()), "The trial table has no valid trial; check its column 'valid'.")
    right = np.zeros(len(ordered))
    right[valid] = correctness(ordered[valid])
    table = ordered[["subject", "episode", "trial"]].assign(
        set_size=numbers(ordered, "set_size", TABLE),
        stimulus=numbers(ordered, "stimulus", TABLE),
        correct=right,
    )
    of_one = table.groupby(["subject", "episode", "stimulus"], sort=False)
    counted = of_one.cumcount() + 1.0
    table["iteration"] = numbers(ordered, "iteration", TABLE) if "iteration" in ordered else counted
    table["delay"] = of_one["trial"].diff()
    table["times_correct"] = of_one["correct"].cumsum() - right
    table["last_correct"] = of_one["correct"].shift()
    names = ["subject", "episode", *CELL, "delay", "times_correct", "last_correct", "correct"]
    return table.loc[valid, names].reset_index(drop=True)


def set_size(trials: pd.DataFrame, iterations: int = ITERATIONS) -> pd.DataFrame:
    """Each subject's learning curves: how often a stimulus is answered rightly by set size and presentation.

    **Arguments**: `trials` as for `presentations`; `iterations` up to which presentation.

    **Returns**: subject, set_size, iteration (from 1), correct (0 to 1), n (trials). Trials that are not valid are
    left out.
    """
    check(iterations >= 1, f"iterations is {iterations}, but it must be at least 1.")
    rows = presentations(trials)
    rows = rows[rows["iteration"] <= iterations]
    check(len(rows) > 0, f"No valid trial is among the first {iterations} presentations; check 'iteration'.")
    return means(rows, CELL)


def means(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Accuracy and number of trials by subject and the columns of `by`, in order."""
    grouped = rows.groupby(["subject", *by], sort=False)["correct"].agg(["mean", "size"]).reset_index()
    order = np.lexsort((*(grouped[name] for name in reversed(by)), pd.factorize(grouped["subject"])[0]))
    table = grouped.iloc[order].rename(columns={"mean": "correct", "size": "n"}).reset_index(drop=True)
    return table.astype({name: int for name in by if (table[name] == table[name].round()).all()})


def set_size_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Mean over subjects of the curves of `set_size`, by set size and presentation, with intervals."""
    return summarise(table, CELL, "correct")


def distances(table: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """How far each subject's curves lie from the mean of others': columns subject, distance, cells.

    The root of the mean squared difference of accuracies over the cells (set size x presentation) that both have, each
    cell counting alike.

    **Arguments**: `table` and `others` as from `set_size`. **Errors**: `UserError` where a subject shares no cell.
    """
    for one in (table, others):
        need_columns(one, ["subject", *CELL, "correct"], CURVES)
    wanted = others.assign(wanted=numbers(others, "correct", CURVES)).groupby(CELL)["wanted"].mean()
    both = table.merge(wanted.reset_index(), on=CELL)
    squares = (
        (numbers(both, "correct", CURVES) - both["wanted"]) ** 2 if len(both) else pd.Series(dtype=float)
    )
    grouped = squares.groupby(both["subject"], sort=False).agg(["mean", "size"])
    for subject in pd.unique(table["subject"]):
        check(
            subject in grouped.index,
            f"Subject '{subject}' shares no set size and presentation with those it is compared with.",
        )
    grouped = grouped.loc[pd.unique(table["subject"])]
    return pd.DataFrame(
        {
            "subject": grouped.index.to_numpy(),
            "distance": np.sqrt(grouped["mean"].to_numpy()),
            "cells": grouped["size"].to_numpy(),
        }
    )


def after_one(trials: pd.DataFrame) -> pd.DataFrame:
    """One-shot learning: how often a stimulus that was answered rightly once, the last time, is so again the next
    time.

    **Returns**: subject, set_size, correct, n; no row where that never came about.
    """
    rows = presentations(trials)
    return means(rows[(rows["times_correct"] == 1) & (rows["last_correct"] == 1)], ["set_size"])


def load_effects(trials: pd.DataFrame) -> pd.DataFrame:
    """What weighs on the memory of an answer once given rightly: the number of stimuli, or the time since.

    Least squares of correct (0 or 1) on set size, delay and right answers so far, over the trials of stimuli that were
    answered rightly before (after the logistic regressions of Collins & Frank 2012; a line, unlike these, also fits
    who never errs).

    **Returns**: one row per subject and predictor: subject, predictor (set_size, delay, times_correct), slope (change
    of P(correct) for each stimulus, trial or right answer more), n (trials), note. A predictor that did not vary has
    no slope (NaN) and a note.
    """
    known = presentations(trials)
    known = known[(known["times_correct"] > 0) & known["delay"].notna()]
    rows = []
    for subject in pd.unique(trials["subject"]):
        own = known[known["subject"] == subject]
        x = own[list(PREDICTORS)].to_numpy(float)
        x = x - x.mean(axis=0, keepdims=True) if len(own) else x
        y = own["correct"].to_numpy(float)
        varied = [bool(np.ptp(column)) for column in x.T] if len(own) else [False] * len(PREDICTORS)
        slopes = np.full(len(PREDICTORS), np.nan)
        if any(varied):
            slopes[varied] = np.linalg.lstsq(x[:, varied], y - y.mean(), rcond=None)[0]
        for name, slope, told in zip(PREDICTORS, slopes, varied, strict=True):
            note = "" if told else f"{name} did not vary"
            rows.append({"subject": subject, "predictor": name, "slope": slope, "n": len(own), "note": note})
    return pd.DataFrame(rows)


def load_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Mean over subjects of each slope that is known; a predictor that is known of nobody has a row with a note."""
    parts = []
    for name in pd.unique(table["predictor"]):
        rows = table[(table["predictor"] == name) & table["slope"].notna()]
        if len(rows):
            parts.append(summarise(rows, ["predictor"], "slope"))
        else:
            gone = {"predictor": name, "mean": np.nan, "low": np.nan, "high": np.nan, "n": 0}
            parts.append(pd.DataFrame([gone | {"note": f"{name} did not vary"}]))
    return pd.concat(parts, ignore_index=True)
