"""Which model of choice tells a group's trials best: BIC or evidence subject by subject, and over subjects.

A sum over subjects lets one unusual subject decide; so the group is also taken to be a mixture of subjects who each
follow one of the models, whose shares are estimated from the log evidence (Stephan, Penny, Daunizeau, Moran & Friston
2009): Laplace's approximation where the fits have a prior, -BIC/2 where they have none. A model's exceedance
probability is that of its share being the greatest.
"""

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.special import digamma, softmax

from fastslow.analysis.columns import need_columns, numbers
from fastslow.errors import UserError, check, nearest

DRAWS = 100_000
"""Draws of the shares from which exceedance probabilities are counted."""


SCORES = {"bic": -1, "aic": -1, "evidence": 1}
"""By what models may be compared, and whether less or more of it is better."""


def score_table(fits: pd.DataFrame, score: str = "bic") -> pd.DataFrame:
    """Score of each subject (row) under each model (column), and `best`, the model that it favours.

    **Arguments**: `fits` from `fit_models`; `score` bic, aic or evidence.

    **Errors**: `UserError` where a subject lacks a model that another has, and where a score is missing or unknown.
    """
    what = "table of fits"
    if score not in SCORES:
        raise UserError(f"Models are not compared by '{score}'{nearest(score, SCORES)}")
    need_columns(fits, ["subject", "model", score], what)
    numbers(fits, score, what)
    once = fits.drop_duplicates(["subject", "model"])
    wide = once.pivot(index="subject", columns="model", values=score)
    wide = wide.loc[pd.unique(fits["subject"]), pd.unique(fits["model"])]
    lacking = wide.isna().to_numpy()
    row, column = np.argwhere(lacking)[0] if lacking.any() else (0, 0)
    check(
        not lacking.any(),
        f"Subject '{wide.index[row]}' has no fit of '{wide.columns[column]}'; fit the same models to all.",
    )
    best = (SCORES[score] * wide).idxmax(axis=1).to_numpy()
    return wide.rename_axis(columns=None).reset_index().assign(best=best)


def above_best(fits: pd.DataFrame) -> pd.DataFrame:
    """By how much each model is worse for a subject than the model that is best for the group (least mean BIC).

    **Arguments**: `fits` with columns subject, model and bic, as from `fit_models`.

    **Returns**: subject, model and worse: BIC less that under the group's best model (below 0: better for this one).
    """
    bic = score_table(fits)
    models = [name for name in bic if name not in ("subject", "best")]
    worse = bic[models].sub(bic[bic[models].mean().idxmin()], axis=0)
    return worse.assign(subject=bic["subject"]).melt("subject", models, "model", "worse")


def shares(evidence: Float[np.ndarray, "subject model"]) -> Float[np.ndarray, " model"]:
    """Counts of the Dirichlet posterior over the models' shares, by variational Bayes (one imagined subject each)."""
    counts = np.ones(evidence.shape[1])
    for _ in range(1000):
        weight = softmax(evidence + digamma(counts), axis=1)
        new = 1.0 + weight.sum(axis=0)
        if np.abs(new - counts).max() < 1e-6:
            break
        counts = new
    return counts


def compare_models(fits: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Models over subjects: one row per model, the best first.

    **Arguments**: `fits` from `fit_models`; `seed` of the draws.

    **Returns**: model; bic, the mean over subjects; worse, the mean over subjects of BIC less that of the model
    that is best for the group (0 for it); best_for, the subjects whose BIC is least under it; evidence, the mean over
    subjects (nats); most_evident_for, the subjects for whom it is greatest; subjects; share, the posterior mean of
    the share of subjects who follow the model, by the evidence; exceedance, the probability that this share is the
    greatest.
    """
    tables = {score: score_table(fits, score) for score in ("bic", "evidence")}
    models = [name for name in tables["bic"].columns if name not in ("subject", "best")]
    bic, evidence = (table[models].to_numpy(float) for table in tables.values())
    best, most = ([int((table["best"] == name).sum()) for name in models] for table in tables.values())
    counts = shares(evidence)
    drawn = np.random.default_rng(seed).dirichlet(counts, DRAWS).argmax(axis=1)
    mean = bic.mean(axis=0)
    rows = pd.DataFrame(
        {
            "model": models,
            "bic": mean,
            "worse": mean - mean.min(),
            "best_for": best,
            "evidence": evidence.mean(axis=0),
            "most_evident_for": most,
            "subjects": len(bic),
            "share": counts / counts.sum(),
            "exceedance": np.bincount(drawn, minlength=len(models)) / DRAWS,
        }
    )
    return rows.sort_values("bic", kind="stable", ignore_index=True)
