"""Which model of choice tells a group's trials best: BIC subject by subject, and over subjects.

A sum of BIC over subjects lets one unusual subject decide; so the group is also taken to be a mixture of subjects
who each follow one of the models, whose shares are estimated (Stephan, Penny, Daunizeau, Moran & Friston 2009), with
-BIC/2 in place of the log evidence. A model's exceedance probability is that of its share being the greatest.
"""

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.special import digamma, softmax

from fastslow.analysis.columns import need_columns, numbers
from fastslow.errors import check

DRAWS = 100_000
"""Draws of the shares from which exceedance probabilities are counted."""


def bic_table(fits: pd.DataFrame) -> pd.DataFrame:
    """BIC of each subject (row) under each model (column), and `best`, the model of least BIC.

    **Arguments**: `fits` from `fit_models`.

    **Errors**: `UserError` where a subject lacks a model that another has.
    """
    what = "table of fits"
    need_columns(fits, ["subject", "model", "bic"], what)
    numbers(fits, "bic", what)
    once = fits.drop_duplicates(["subject", "model"])
    wide = once.pivot(index="subject", columns="model", values="bic")
    wide = wide.loc[pd.unique(fits["subject"]), pd.unique(fits["model"])]
    lacking = wide.isna().to_numpy()
    row, column = np.argwhere(lacking)[0] if lacking.any() else (0, 0)
    check(
        not lacking.any(),
        f"Subject '{wide.index[row]}' has no fit of '{wide.columns[column]}'; fit the same models to all.",
    )
    best = wide.idxmin(axis=1).to_numpy()
    return wide.rename_axis(columns=None).reset_index().assign(best=best)


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
    that is best for the group (0 for it); best_for, the subjects whose BIC is least under it; subjects; share, the
    posterior mean of the share of subjects who follow it; exceedance, the probability that this share is the
    greatest.
    """
    table = bic_table(fits)
    models = [name for name in table.columns if name not in ("subject", "best")]
    bic = table[models].to_numpy(float)
    counts = shares(-bic / 2)
    drawn = np.random.default_rng(seed).dirichlet(counts, DRAWS).argmax(axis=1)
    mean = bic.mean(axis=0)
    rows = pd.DataFrame(
        {
            "model": models,
            "bic": mean,
            "worse": mean - mean.min(),
            "best_for": [int((table["best"] == name).sum()) for name in models],
            "subjects": len(table),
            "share": counts / counts.sum(),
            "exceedance": np.bincount(drawn, minlength=len(models)) / DRAWS,
        }
    )
    return rows.sort_values("bic", kind="stable", ignore_index=True)
