"""How alike a population's states are between conditions, and whether a model says why.

Representational similarity analysis (Kriegeskorte, Mur & Bandettini 2008): the mean activity of each condition, the
dissimilarity of every pair of conditions, and the rank correlation of these with a model's dissimilarities, with a
p-value from permuted conditions. No unit need be matched between subjects, so networks and brains can be compared.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float
from scipy.spatial.distance import pdist, squareform
from scipy.stats import rankdata

from fastslow.analysis.columns import need_columns
from fastslow.analysis.unit_coding import by_subject, recorded
from fastslow.errors import UserError, check

METRICS = ("correlation", "euclidean")


def dissimilarity(
    activity: Float[np.ndarray, "row unit"], condition: np.ndarray, metric: str = "correlation"
) -> pd.DataFrame:
    """Dissimilarity of the mean activity of every two conditions, conditions in sorted order on both axes.

    **Arguments**: `condition` the label of each row; `metric` correlation (1 - Pearson's r over units, 0 to 2) or
    euclidean (root mean square difference over units).

    **Errors**: `UserError` for fewer than two conditions, or, with correlation, one in which all units fire alike.
    """
    check(metric in METRICS, f"metric is '{metric}'; give one of: {', '.join(METRICS)}.")
    rows = len(activity)
    check(
        rows == len(condition),
        f"There are {len(condition)} labels for {rows} rows of activity; give one each.",
    )
    labels, place = np.unique(condition, return_inverse=True)
    check(len(labels) >= 2, f"There are {len(labels)} conditions; give at least two to compare.")
    check(
        bool(np.isfinite(activity).all()),
        "The activity holds values that are not finite; leave these rows out.",
    )
    means = np.stack([activity[place.ravel() == i].mean(axis=0) for i in range(len(labels))]).astype(float)
    if metric == "correlation":
        check(means.shape[1] >= 3, f"A correlation over {means.shape[1]} units says nothing; use euclidean.")
        alike = np.ptp(means, axis=1) < 1e-12
        if alike.any():
            raise UserError(
                f"All units fire alike in condition {labels[alike][0]}, so no correlation; use euclidean."
            )
        pairs = pdist(means, "correlation")
    else:
        pairs = pdist(means) / means.shape[1] ** 0.5
    return pd.DataFrame(squareform(pairs), index=labels, columns=labels)


def compare(
    matrix: pd.DataFrame, model: pd.DataFrame, permutations: int = 1000, seed: int = 0
) -> dict[str, float | int]:
    """How well a model's dissimilarities account for measured ones.

    **Returns**: rho, the rank correlation over pairs of conditions; p, the share of permuted conditions (and the
    order as it is) that do as well; pairs.

    **Errors**: `UserError` where the conditions differ or are fewer than three, a pair has no number (no subject met
    both), or all pairs are alike.
    """
    check(
        list(matrix.index) == list(model.index),
        "The matrix and the model are about different conditions; give them the same labels in the same order.",
    )
    check(len(matrix) >= 3, f"There are {len(matrix)} conditions; a comparison needs at least three.")
    measured, expected = matrix.to_numpy(float), model.to_numpy(float)
    upper = np.triu_indices(len(matrix), 1)
    for values, name in ((measured, "measured"), (expected, "modelled")):
        unknown = np.argwhere(~np.isfinite(values))
        if len(unknown):
            a, b = (matrix.index[i] for i in unknown[0])
            raise UserError(
                f"There is no {name} dissimilarity of {a} and {b}; leave one of these conditions out."
            )
        check(
            float(np.ptp(values[upper])) > 0,
            f"All {name} dissimilarities are alike, so nothing can be compared.",
        )
    ranks = rankdata(expected[upper])

    def rho(order: np.ndarray) -> float:
        return float(np.corrcoef(rankdata(measured[np.ix_(order, order)][upper]), ranks)[0, 1])

    generator = np.random.default_rng(seed)
    found = rho(np.arange(len(matrix)))
    drawn = np.array([rho(generator.permutation(len(matrix))) for _ in range(permutations)])
    as_good = int((drawn >= found - 1e-12).sum())
    return {"rho": found, "p": (as_good + 1) / (permutations + 1), "pairs": len(upper[0])}


def distances(values: Sequence[float | int] | np.ndarray | pd.Series, labels: Sequence) -> pd.DataFrame:
    """A model in which conditions are as dissimilar as their values are apart."""
    numbers = np.asarray(values, float)
    return pd.DataFrame(np.abs(np.subtract.outer(numbers, numbers)), index=list(labels), columns=list(labels))


def representation(
    record: xr.Dataset,
    conditions: Sequence[str] = ("last_action", "last_reward"),
    place: int = 0,
    metric: str = "correlation",
) -> pd.DataFrame:
    """The dissimilarities of each subject's states between conditions of the trial.

    **Arguments**: `record` and `place` as for `unit_coding`; `conditions` variables of the trial (names of
    `analysis.regressors`) whose combinations make the conditions; `metric` as in `dissimilarity`.

    **Returns**: one row per subject and ordered pair of conditions: subject, a, b (labels as in
    `last_action=0 last_reward=1`), dissimilarity, trials (in a).
    """
    tables = []
    for subject, activity, table in by_subject(record, list(conditions), place):
        whole = [units for there, units in recorded(activity) if there.all()]
        check(bool(whole), f"No unit of subject '{subject}' was recorded in all its trials; leave it out.")
        label = label_of(table[list(conditions)])
        matrix = dissimilarity(activity[:, whole[0]], label, metric)
        long = matrix.rename_axis("a").reset_index().melt("a", var_name="b", value_name="dissimilarity")
        counts = pd.Series(label).value_counts()
        tables.append(long.assign(subject=subject, trials=long["a"].map(counts).astype(int)))
    return pd.concat(tables, ignore_index=True)[["subject", "a", "b", "dissimilarity", "trials"]]


def label_of(conditions: pd.DataFrame) -> np.ndarray:
    """Each row's combination in words."""
    words = [[f"{name}={value:g}" for value in conditions[name]] for name in conditions]
    return np.array([" ".join(parts) for parts in zip(*words, strict=True)])


def mean_matrix(table: pd.DataFrame) -> pd.DataFrame:
    """The mean over subjects of `representation`'s matrices, as a square table; NaN where no subject met both."""
    need_columns(table, ["subject", "a", "b", "dissimilarity"], "table of dissimilarities")
    return table.pivot_table(index="a", columns="b", values="dissimilarity", sort=False)
