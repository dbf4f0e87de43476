"""The two figures that every run has: how its agents learned, and how its claims came out."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from fastslow.experiments.experiment import Claim, Condition, Drawing, Expectation
from fastslow.figures import panels_learning, style
from fastslow.runs import metrics

POINTS = 100
"""A learning curve is drawn through about this many means of neighbouring updates."""


def learning_curve(
    rows: list[dict], steps_per_update: int, scale: tuple[float, float] | None = None
) -> pd.DataFrame:
    """Regret, else reward, else the first metric there is (per trial): columns subject, steps, value, metric.

    With a `scale` it is the reward, as a share of the way from the first number to the second.
    """
    wanted = ("reward",) if scale else ("regret", "reward", *rows[0])
    metric = next(name for name in wanted if name in rows[0] and name != "update")
    values = np.asarray([np.atleast_1d(row[metric]) for row in rows], float)
    if scale:
        values = (values - scale[0]) / (scale[1] - scale[0])
    updates = np.asarray([row["update"] for row in rows])
    size = -(-len(rows) // POINTS)
    parts = [slice(start, start + size) for start in range(0, len(rows), size)]
    tables = [
        pd.DataFrame(
            {
                "subject": [f"seed {i}" for i in range(values.shape[1])],
                "steps": updates[part][-1] * steps_per_update,
                "value": values[part].mean(axis=0),
                "metric": metric,
            }
        )
        for part in parts
    ]
    return pd.concat(tables, ignore_index=True)


@style.panel
def draw_training(
    conditions: Mapping[str, Condition], folder: Path, scale: Mapping[str, tuple[float, float]] | None = None
) -> Drawing | None:
    """A panel per training condition; None where there was no training. `scale` as in `learning_curve`, by name."""
    scale = scale or {}
    rows = {name: metrics.read(folder / name / metrics.NAME) for name in conditions}
    curves = {
        name: learning_curve(r, conditions[name].steps_per_update, scale.get(name))
        for name, r in rows.items()
        if r
    }
    if not curves:
        return None
    columns = min(len(curves), 3)
    figure, axes = style.figure(columns, -(-len(curves) // columns))
    for axis in axes.flat[len(curves) :]:
        axis.set_visible(False)
    for axis, (name, curve) in zip(axes.flat, curves.items(), strict=False):
        label = "reward, normalised" if name in scale else curve["metric"].iloc[0]
        panels_learning.learning_curves(axis, curve, label)
        axis.set_title(f"trained: {name.replace('_', ' ')}")
    return Drawing(figure, curves)


@style.panel
def draw_claims(expectations: tuple[Expectation, ...], claims: list[Claim]) -> Drawing | None:
    """Each measured claim on a scale of its own: accepted, published, measured with its interval."""
    expected = {one.measure: one for one in expectations}
    rows = [
        claim._asdict()
        | {
            "accept_low": expected[claim.measure].low,
            "accept_high": expected[claim.measure].high,
            "published": claim.published if isinstance(claim.published, float) else np.nan,
        }
        for claim in claims
        if claim.measured is not None and claim.accepted is not None
    ]
    if not rows:
        return None
    # None, where no claim at all has an interval, as NaN.
    table = pd.DataFrame(rows).astype({"low": float, "high": float})
    figure, axes = style.figure(width="double", height=10 + 8 * len(rows), letters=False)
    panels_learning.claims_forest(axes[0, 0], table)
    return Drawing(figure, table.drop(columns=["where", "confidence", "note"]))
