"""Principal components of unit activity: where the state of a network goes as it learns within an episode.

Mean paths over trials for each arm-probability pair, and whether the states at an episode's end lie in the
order of the probability learned. Wang et al. 2018, Fig. 1e-f (300 episodes of 100 trials, states coloured by
p_L).
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from fastslow.errors import check


class Components(NamedTuple):
    """Orthonormal axes through the mean activity, by falling variance."""

    mean: Float[np.ndarray, " unit"]
    axes: Float[np.ndarray, "component unit"]
    explained: Float[np.ndarray, " component"]
    """Part of the total variance along each axis, 0 to 1."""


def principal_components(activity: Float[np.ndarray, "n unit"], components: int = 2) -> Components:
    """The leading principal axes of `activity`; each axis' largest weight is positive."""
    n, units = activity.shape
    check(
        1 <= components <= min(n, units),
        f"components is {components}; give 1 to {min(n, units)} for {n} samples of {units} units.",
    )
    check(bool(np.isfinite(activity).all()), "The activity holds values that are not finite; leave them out.")
    mean = activity.mean(axis=0)
    _, spread, axes = np.linalg.svd((activity - mean).astype(float), full_matrices=False)
    check(float(spread[0]) > 1e-9, "The activity does not vary, so it has no principal components.")
    axes = axes[:components]
    signs = np.sign(axes[np.arange(components), np.abs(axes).argmax(axis=1)])
    return Components(
        mean.astype(float), axes * signs[:, None], spread[:components] ** 2 / float((spread**2).sum())
    )


def project(
    activity: Float[np.ndarray, "*n unit"], components: Components
) -> Float[np.ndarray, "*n component"]:
    """Scores of the activity on the components' axes."""
    return (activity - components.mean) @ components.axes.T


def named_scores(scores: Float[np.ndarray, "n component"]) -> dict[str, np.ndarray]:
    return {f"pc{i + 1}": scores[:, i] for i in range(scores.shape[1])}


def mean_trajectories(
    scores: Float[np.ndarray, "episode trial component"], condition: np.ndarray
) -> pd.DataFrame:
    """Mean path of each condition: columns condition, trial, pc1, pc2, ..., episodes.

    **Arguments**: `condition` one label per episode.
    """
    check(
        len(condition) == len(scores),
        f"There are {len(condition)} condition labels for {len(scores)} episodes; give one each.",
    )
    tables = []
    for label in pd.unique(pd.Series(condition)):
        chosen = np.asarray(condition) == label
        columns = {"condition": label, "trial": np.arange(scores.shape[1])}
        columns |= named_scores(scores[chosen].mean(axis=0))
        tables.append(pd.DataFrame(columns | {"episodes": int(chosen.sum())}))
    return pd.concat(tables, ignore_index=True)


def explained_by(activity: Float[np.ndarray, "n unit"], condition: np.ndarray) -> float:
    """The part of the activity's variance, over all units, that lies between the means of the conditions, 0 to 1.

    Unlike a decoder's score it is small where the condition can be told, but only just.

    **Errors**: `UserError` where labels do not match, or the activity does not vary.
    """
    check(
        len(condition) == len(activity),
        f"There are {len(condition)} condition labels for {len(activity)} samples; give one each.",
    )
    deviation = activity - activity.mean(axis=0)
    total = float((deviation.astype(float) ** 2).sum())
    check(total > 1e-18, "The activity does not vary, so no part of it is explained; leave it out.")
    labels, members = np.unique(condition, return_inverse=True)
    means = np.stack([deviation[members == i].mean(axis=0) for i in range(len(labels))])
    return float((np.bincount(members) * (means.astype(float) ** 2).sum(axis=1)).sum() / total)


def end_states(
    scores: Float[np.ndarray, "episode trial component"], p_left: Float[np.ndarray, " episode"]
) -> pd.DataFrame:
    """Where each episode ended: columns episode, p_left, pc1, pc2, ... at the last trial."""
    table = {"episode": np.arange(len(scores)), "p_left": p_left} | named_scores(scores[:, -1])
    return pd.DataFrame(table)


def path_order(ends: pd.DataFrame) -> dict[str, float]:
    """How well the end states lie in the order of p_left.

    **Arguments**: `ends` as from `end_states`; end states of equal p_left should have been averaged or be
    few.

    **Returns**: rho_pc1, rho_pc2, ...: rank correlation of p_left with each component, -1 to 1 (an axis' sign
    means nothing); step_ratio: mean distance between neighbours in the order of p_left over that between any
    two states: 1 where there is no order, near 0 along a path, however it is bent.
    """
    axes = [name for name in ends.columns if name.startswith("pc")]
    check(len(ends) >= 3, f"There are {len(ends)} end states; give at least three to judge their order.")
    p_left = ends["p_left"].to_numpy(float)
    check(float(np.ptp(p_left)) > 0, f"Every episode has p_left = {p_left[0]:g}; give episodes that differ.")
    check(
        float(min(np.ptp(ends[name]) for name in axes)) > 0,
        "A component is the same at the end of every episode, so it has no order; use fewer components.",
    )
    states = ends[axes].to_numpy(float)[np.argsort(p_left, kind="stable")]
    steps = np.linalg.norm(np.diff(states, axis=0), axis=1).mean()
    order = {f"rho_{name}": float(spearmanr(p_left, ends[name]).statistic) for name in axes}
    return order | {"step_ratio": float(steps / pdist(states).mean())}
