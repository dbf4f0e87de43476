"""Can a model's parameters, and the model itself, be told from choices? Fitted held against true, where truth is known.

To be asked before a fit to real subjects is believed, at the number of trials that they have. Wilson & Collins 2019
(parameter recovery, model recovery).
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from jaxtyping import Float

from fastslow.analysis.columns import need_columns
from fastslow.analysis.compare_models import score_table
from fastslow.errors import check


def correlation(true: Float[np.ndarray, " n"], estimate: Float[np.ndarray, " n"]) -> float:
    """Pearson's r; 0 where one of the two does not vary."""
    true, estimate = true - true.mean(), estimate - estimate.mean()
    spread = np.sqrt((true**2).mean() * (estimate**2).mean())
    return float((true * estimate).mean() / spread) if spread > 1e-12 else 0.0


def beside_truth(fits: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Fits and true parameters in one table.

    **Arguments**: `fits` from `fit_models`; `truth` with columns subject, model, parameter, true.

    **Returns**: subject, model, parameter, true, estimate, low, high.
    """
    need_columns(truth, ["subject", "model", "parameter", "true"], "table of true parameters")
    keys = ["subject", "model", "parameter"]
    both = truth[[*keys, "true"]].merge(fits[[*keys, "estimate", "low", "high"]], on=keys)
    check(
        len(both) > 0, "No simulated subject was fitted by its own model; fit the models that were simulated."
    )
    return both


def parameter_recovery(both: pd.DataFrame) -> pd.DataFrame:
    """How well each parameter comes back: one row per model and parameter (and simulated and prior, where told).

    **Arguments**: `both` from `beside_truth`, with the columns simulated and prior where there are several.

    **Returns**: these columns; r (Pearson) with r_low and r_high (95 %, Fisher's z; -1 and 1 of up to three subjects,
    who tell nothing of it), rank_r (Spearman), bias (mean of fitted less true), coverage (share of 95 % intervals that
    hold the truth), subjects.
    """
    rows = []
    keys = [name for name in ("simulated", "prior") if name in both] + ["model", "parameter"]
    for key, part in both.groupby(keys, sort=False):
        true, estimate = part["true"].to_numpy(float), part["estimate"].to_numpy(float)
        ranks = (pd.Series(values).rank().to_numpy() for values in (true, estimate))
        holds = (part["low"] <= part["true"]) & (part["true"] <= part["high"])
        row = dict(zip(keys, key, strict=True)) | {"r": correlation(true, estimate)}
        half = 1.96 / np.sqrt(len(part) - 3) if len(part) > 3 else np.inf
        row |= {
            f"r_{end}": float(np.tanh(np.arctanh(np.clip(row["r"], -0.999999, 0.999999)) + shift))
            for end, shift in (("low", -half), ("high", half))
        }
        row |= {"rank_r": correlation(*ranks), "bias": float((estimate - true).mean())}
        rows.append(row | {"coverage": float(holds.mean()), "subjects": len(part)})
    return pd.DataFrame(rows)


def model_recovery(fits: Mapping[str, pd.DataFrame], score: str = "bic") -> pd.DataFrame:
    """The confusion matrix: by whom simulated, and whom the score favours.

    **Arguments**: `fits` by simulated model, each from `fit_models` with the same models; `score` as in `score_table`.

    **Returns**: one row per cell: simulated, fitted, share (of the simulated subjects), subjects, score.
    """
    rows = []
    for simulated, table in fits.items():
        best = score_table(table, score)["best"]
        for fitted in pd.unique(table["model"]):
            share = float((best == fitted).mean())
            row = {"simulated": simulated, "fitted": fitted, "share": share, "subjects": len(best)}
            rows.append(row | {"score": score})
    return pd.DataFrame(rows)
