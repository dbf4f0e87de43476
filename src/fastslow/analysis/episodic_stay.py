"""What a past trial that is cued does to a choice, beside what the trial just before does.

Stay probabilities three times over, each a 2 x 2 of reward and transition: on uncued trials and on cued ones, P(repeat
the choice of the trial before); and on cued trials, P(repeat the choice of the past trial that is cued). An interaction
in the third is planning from a single memory, a main effect of reward is episodic model-free learning. Vikbladh,
Shohamy & Daw 2017; Ritter et al. 2018 (bioRxiv 360537).

Past trials that are cued one after the other may be alike, and a subject without any memory still be led where most of
them lead: by its last outcomes, which were theirs. So there is a control (ours): P(repeat the choice of the past trial
that is cued next), of which nobody knows yet. Where the order of cues is drawn by chance, whoever does not recall shows
the same in both, and what the third panel has more is recollection.

Cued choices may follow both trials at once, so a logistic regression takes the effects of either apart:

    logit P(c = +1) = bias + sum over k in (recalled, previous) of  a_k (b_k + b_kR R_k + b_kT T_k + b_kRT R_k T_k)

with a_k the choice in trial k, R_k whether it was rewarded and T_k whether its transition was common, each 1 or -1. A
mild L2 penalty keeps the coefficients of whoever never errs finite, as in `choice_regression`.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from fastslow.analysis.choice_regression import PENALTY, logistic, signs_of
from fastslow.analysis.columns import need_columns
from fastslow.analysis.history import TABLE, earlier, in_order, row_of
from fastslow.analysis.statistics import summarise
from fastslow.analysis.stay import CONDITIONS, EFFECTS, by_condition, condition_of, stay_effects
from fastslow.errors import UserError, check

PANELS = ("uncued", "cued", "episodic", "next")
"""Staying with the trial before where nothing is cued, and where a past trial is; repeating the choice of that one;
the control, repeating the choice of the one that is cued next."""
NEEDED = ["action", "reward", "transition", "recalled_trial"]
SOURCES = ("recalled", "previous")
TERMS = ("choice", "reward", "transition", "reward x transition")


class Past(NamedTuple):
    """For each row of a table from `in_order`, what a choice may follow; rows are -1 where there is no such trial."""

    cued: Bool[np.ndarray, " row"]
    """A past trial is cued."""
    recalled: Int[np.ndarray, " row"]
    """Row of the past trial that is cued, valid and of a known transition."""
    next: Int[np.ndarray, " row"]
    """Of a choice that is cued, row of the past trial that is cued at the trial after it."""
    previous: Int[np.ndarray, " row"]
    """Row of the trial before, valid and of a known transition."""
    condition: Int[np.ndarray, " row"]
    """How each trial went itself: its place in `CONDITIONS`, -1 where that is not known."""


def past_of(ordered: pd.DataFrame) -> Past:
    """What is past of each choice; rows that are not valid follow nothing.

    **Errors**: `UserError` where `recalled_trial` is no earlier trial, or nothing that is cued can be told.
    """
    own, valid = ordered["trial"].to_numpy(np.int64), ordered["valid"].to_numpy(bool)
    # Of rows that are not valid nothing has been asked, and anything may stand there.
    number = np.where(valid, pd.to_numeric(ordered["recalled_trial"], errors="coerce").to_numpy(float), -1.0)
    wrong = (number != np.round(number)) | (number >= own)
    if wrong.any():
        row = int(wrong.argmax())
        raise UserError(
            f"Column 'recalled_trial' of the {TABLE} holds {number[row]:g} at trial {own[row]}, but it must be the "
            "number of an earlier trial of the episode, or -1 for none; mend it or flag the trial with valid = False."
        )
    condition = condition_of(ordered)

    def known(row: Int[np.ndarray, " row"]) -> Int[np.ndarray, " row"]:
        return np.where(valid & (row >= 0) & (condition[row] >= 0), row, -1)

    cued = number >= 0
    recalled = known(np.where(cued, row_of(ordered, number.astype(np.int64)), -1))
    check(
        bool((recalled >= 0).any()),
        f"The {TABLE} has no choice that is cued by a valid past trial of a known transition (column "
        "'recalled_trial'), so nothing can be said of memory.",
    )
    following = row_of(ordered, own + 1)
    later = np.where((recalled >= 0) & (following >= 0), recalled[following], -1)
    return Past(cued, recalled, np.where(own[later] < own, later, -1), known(earlier(ordered, 1)), condition)


def episodic_stay(trials: pd.DataFrame) -> pd.DataFrame:
    """How often each subject repeats a choice, by panel and by how the trial went in which it was made.

    **Arguments**: `trials` with columns subject, episode, trial, action, reward, transition (1 common, 0 rare),
    recalled_trial (number of the past trial that is cued, -1 where none is) and valid.

    **Returns**: one row per panel (`PANELS`), subject and condition: panel, subject, condition, transition, reward (1
    rewarded, 0 not), stay (0 to 1) and n; what a subject never met has no row.

    **Errors**: `UserError` where a column is missing or nothing is cued.
    """
    ordered = in_order(trials, NEEDED)
    past = past_of(ordered)
    subject, action = ordered["subject"].to_numpy(), ordered["action"].to_numpy()
    after_uncued, after_cued = np.where(past.cued, -1, past.previous), np.where(past.cued, past.previous, -1)
    tables = []
    for panel, then in zip(PANELS, (after_uncued, after_cued, past.recalled, past.next), strict=True):
        now = np.flatnonzero(then >= 0)
        pairs = {"subject": subject[now], "condition": past.condition[then[now]]}
        stay = (action[now] == action[then[now]]).astype(float)
        if len(now):
            tables.append(by_condition(pd.DataFrame(pairs | {"stay": stay})).assign(panel=panel))
    table = pd.concat(tables, ignore_index=True)
    return table[["panel", *(name for name in table if name != "panel")]]


def episodic_effects(table: pd.DataFrame) -> pd.DataFrame:
    """Each subject's effects in each panel: columns panel, subject, interaction, reward_effect, transition_effect.

    **Arguments**: `table` from `episodic_stay`, or the trials themselves. A subject has no row in a panel where it did
    not meet all four conditions: no number would be honest.
    """
    if "stay" not in table:
        table = episodic_stay(table)
    need_columns(table, ["panel", "subject", "condition", "stay"], "table of stay probabilities")
    met = table.groupby(["panel", "subject"])["condition"].transform("nunique") == len(CONDITIONS)
    parts = [
        stay_effects(rows).assign(panel=panel) for panel, rows in table[met].groupby("panel", sort=False)
    ]
    columns = ["panel", "subject", *EFFECTS]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def episodic_summary(table: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Mean over subjects with a bootstrap interval, by panel: the four conditions, then the three effects.

    **Returns**: columns panel, measure (a condition or an effect), mean, low, high, n (subjects), note.
    """
    conditions = table.rename(columns={"condition": "measure", "stay": "value"})
    effects = episodic_effects(table).melt(["panel", "subject"], list(EFFECTS), "measure", "value")
    both = pd.concat([conditions, effects.astype({"value": float})])[["panel", "subject", "measure", "value"]]
    panels, measures = list(PANELS), [*CONDITIONS, *EFFECTS]
    order = np.lexsort((both["measure"].map(measures.index), both["panel"].map(panels.index)))
    return summarise(both.iloc[order], ["panel", "measure"], "value", seed=seed)


def episodic_coefficients(trials: pd.DataFrame, penalty: float = PENALTY) -> pd.DataFrame:
    """Fit each subject's cued choices by the past trial that is cued and by the trial before, jointly.

    **Arguments**: `trials` as for `episodic_stay`, of two actions; `penalty` of the squared coefficients (above 0).

    **Returns**: one row per subject, source (`SOURCES`) and term (`TERMS`): subject, source, term, coefficient (log
    odds), n (choices); and one per subject with source `none`, term `bias`.

    **Errors**: `UserError` where a subject makes only one choice in cued trials, or misses one of the four kinds of
    past trial, so that the terms cannot be told apart.
    """
    check(penalty > 0, f"penalty is {penalty}, but it must be above 0.")
    ordered = in_order(trials, NEEDED)
    past, signs = past_of(ordered), signs_of(ordered)
    used = (past.recalled >= 0) & (past.previous >= 0)
    subject, names = pd.factorize(ordered["subject"])
    fits, counts = [], []
    for number, name in enumerate(names):
        rows = np.flatnonzero(used & (subject == number))
        check(
            len(np.unique(signs[rows])) == 2,
            f"Subject '{name}' makes only one choice in its {len(rows)} cued trials that have a valid trial before "
            "them, so nothing can predict it; leave the subject out.",
        )
        sources = [past.recalled[rows], past.previous[rows]]
        for source, then in zip(SOURCES, sources, strict=True):
            lacking = set(range(len(CONDITIONS))) - set(past.condition[then])
            if lacking:
                kind = list(CONDITIONS)[min(lacking)]
                raise UserError(
                    f"Subject '{name}' has no cued choice whose {source} trial was {kind}, so the terms cannot be told "
                    "apart; leave it out or give more of its trials."
                )
        regressors = np.concatenate(
            [effects_of(past.condition[then], signs[then]) for then in sources], axis=1
        )
        fits.append(logistic(regressors, signs[rows] > 0, penalty))
        counts.append(len(rows))
    labels = [("none", "bias"), *((source, term) for source in SOURCES for term in TERMS)]
    return pd.DataFrame(
        {
            "subject": np.repeat(names, len(labels)),
            "source": [source for source, _ in labels] * len(names),
            "term": [term for _, term in labels] * len(names),
            "coefficient": np.concatenate(fits),
            "n": np.repeat(counts, len(labels)),
        }
    )


def effects_of(
    condition: Int[np.ndarray, " row"], action: Float[np.ndarray, " row"]
) -> Float[np.ndarray, "row term"]:
    """The regressors of a past trial: its choice (1 or -1), and the choice times R, T and R T."""
    common, rewarded = (2.0 * np.array(list(CONDITIONS.values()))[condition] - 1).T
    return action[:, None] * np.stack([np.ones_like(action), rewarded, common, rewarded * common], axis=1)


def coefficient_summary(coefficients: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Mean over subjects with a bootstrap interval: columns source, term, mean, low, high, n, note."""
    if "coefficient" not in coefficients:
        coefficients = episodic_coefficients(coefficients)
    return summarise(coefficients.drop(columns="n"), ["source", "term"], "coefficient", seed=seed)
