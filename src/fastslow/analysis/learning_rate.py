"""Is a free learning rate worth its parameter, and does it follow the volatility of the world?

A fixed-rate learner needs no free rate and shows no slope; a subject that has learned how to learn shows
both. Wang et al. 2016, section 3.1.4: BIC of the models with a free rate against those without, and the rate
by type of block.
"""

import numpy as np
import pandas as pd

from fastslow.analysis.columns import need_columns, numbers
from fastslow.errors import UserError, check, nearest

PAIRS = {"without_lapse": ("b", "ab"), "with_lapse": ("be", "abe")}
"""Models that differ in nothing but a free alpha: fixed, then free."""


def bic_comparison(fits: pd.DataFrame) -> pd.DataFrame:
    """BIC(fixed alpha) - BIC(free alpha), mean over blocks: positive where a free rate is worth it.

    **Arguments**: `fits` as from `fit_blocks`, with all four models.

    **Returns**: one row per subject and condition: without_lapse (b - ab), with_lapse (be - abe), their mean
    bic_difference, best_model (lowest mean BIC) and blocks.
    """
    need_columns(fits, ["subject", "condition", "block", "model", "bic"], "table of fits")
    keys = ["subject", "condition", "block"]
    wide = fits.pivot(index=keys, columns="model", values="bic")
    for model in (name for pair in PAIRS.values() for name in pair):
        check(
            model in wide.columns, f"The table of fits has no model '{model}'; fit all of b, ab, be and abe."
        )
    rows = []
    for (subject, condition), blocks in wide.groupby(level=keys[:2]):
        mean = blocks.mean()
        differences = {name: float(mean[fixed] - mean[free]) for name, (fixed, free) in PAIRS.items()}
        rows.append(
            {"subject": subject, "condition": condition}
            | differences
            | {"bic_difference": float(np.mean(list(differences.values())))}
            | {"best_model": str(mean.idxmin()), "blocks": len(blocks)}
        )
    return pd.DataFrame(rows)


def learning_rate_slope(fits: pd.DataFrame, model: str = "ab", volatility: str = "sigma") -> pd.DataFrame:
    """Regression of the blocks' fitted alpha on their volatility, and the volatile-minus-stable difference.

    A block is volatile where its volatility is above the middle of the range that all blocks span, else
    stable.

    **Returns**: one row per subject: slope (alpha per unit of volatility), intercept, alpha_stable,
    alpha_volatile, difference (volatile - stable) and blocks.
    """
    need_columns(fits, ["subject", "model", "alpha", volatility], "table of fits")
    known = [str(name) for name in fits["model"].unique()]
    if model not in known:
        raise UserError(f"The table of fits has no model '{model}'{nearest(model, known)}")
    fits = fits[fits["model"] == model]
    level = numbers(fits, volatility, "table of fits")
    middle = (level.min() + level.max()) / 2
    rows = []
    for subject, blocks in fits.groupby("subject"):
        x, alpha = blocks[volatility].to_numpy(float), numbers(blocks, "alpha", "table of fits")
        volatile = x > middle
        check(
            bool(volatile.any() and not volatile.all()),
            f"Every block of {subject} is about equally volatile, so no slope can be fitted; "
            "give blocks of both types.",
        )
        slope = float(np.cov(x, alpha, bias=True)[0, 1] / x.var())
        stable_mean, volatile_mean = float(alpha[~volatile].mean()), float(alpha[volatile].mean())
        rows.append(
            {"subject": subject, "slope": slope, "intercept": float(alpha.mean() - slope * x.mean())}
            | {"alpha_stable": stable_mean, "alpha_volatile": volatile_mean}
            | {"difference": volatile_mean - stable_mean, "blocks": len(blocks)}
        )
    return pd.DataFrame(rows)
