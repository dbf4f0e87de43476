"""The greatest likelihood, for many subjects at once: damped Fisher scoring within bounds.

A subject's fit takes thousands of tiny steps in a general optimiser; here all subjects and all starts climb side by
side, so that each pass over the trials serves them all. The step is (F + mu D)^-1 g with Fisher information
F, and mu falls where the climb succeeds and rises where it does not (Levenberg-Marquardt).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

LONGEST = 1.5
"""Greatest change of a coordinate in one step."""
STEPS = 200
GAIN = 1e-5
"""Converged where the next step, undamped, promises less than this in log likelihood (or posterior)."""
UNDAMPED = 1e-3
STIFF = 10.0
"""Information above which the damping of a coordinate grows with it: perseveration times beta is stiff, the logits are
not. Below it the damping is absolute, so that a flat coordinate creeps and does not leap into another basin."""


class Evaluation(NamedTuple):
    """Of each problem: log likelihood, its gradient and the expected information, in coordinates x."""

    total: Float[np.ndarray, " problem"]
    gradient: Float[np.ndarray, "problem parameter"]
    information: Float[np.ndarray, "problem parameter parameter"]


class Optimum(NamedTuple):
    """Where each problem's climb ended."""

    x: Float[np.ndarray, "problem parameter"]
    total: Float[np.ndarray, " problem"]
    converged: Bool[np.ndarray, " problem"]


Objective = Callable[[Float[np.ndarray, "problem parameter"], Int[np.ndarray, " problem"]], Evaluation]
"""`(x, which) -> Evaluation` of the problems `which`."""


def inward(
    at: Evaluation, x: np.ndarray, low: np.ndarray, high: np.ndarray
) -> Bool[np.ndarray, "problem parameter"]:
    """Coordinates that may move: not those at a bound that the gradient points out of."""
    return ~(((x <= low) & (at.gradient < 0)) | ((x >= high) & (at.gradient > 0)))


def step_of(
    at: Evaluation, free: np.ndarray, damping: np.ndarray
) -> tuple[Float[np.ndarray, "problem parameter"], Float[np.ndarray, " problem"]]:
    """The damped step of each problem, no coordinate by more than `LONGEST`, and the gain that it promises."""
    size = at.gradient.shape[1]
    gradient = np.where(free, at.gradient, 0.0)
    both = free[:, :, None] & free[:, None, :]
    scale = np.diagonal(at.information, axis1=1, axis2=2)
    diagonal = np.where(free, damping[:, None] * (scale + STIFF), 1.0)
    matrix = np.where(both, at.information, 0.0) + diagonal[:, :, None] * np.eye(size)
    step = np.linalg.solve(matrix, gradient[..., None])[..., 0]
    step = np.clip(step, -LONGEST, LONGEST)
    return step, (gradient * step).sum(axis=1)


def climb(objective: Objective, x: np.ndarray, low: np.ndarray, high: np.ndarray) -> Optimum:
    """Maximise from `x` `[problem parameter]` within `low` and `high` `[parameter]`.

    A problem is done where its step promises next to nothing, or where no step, however short, leads up.
    """
    x = np.clip(x, low, high)
    everyone = np.arange(len(x))
    at = objective(x, everyone)
    damping, going = np.full(len(x), 0.1), np.ones(len(x), bool)
    done = np.zeros(len(x), bool)
    for _ in range(STEPS):
        which = np.flatnonzero(going)
        if not which.size:
            break
        here = Evaluation(*(part[which] for part in at))
        free = inward(here, x[which], low, high)
        step, _ = step_of(here, free, damping[which])
        done[which] = step_of(here, free, np.full(len(which), UNDAMPED))[1] < GAIN
        tried = np.clip(x[which] + step, low, high)
        still = ~done[which]
        going[which] = still
        which, tried = which[still], tried[still]
        if not which.size:
            break
        new = objective(tried, which)
        better = new.total > at.total[which]
        up = which[better]
        x[up] = tried[better]
        for old, fresh in zip(at, new, strict=True):
            old[up] = fresh[better]
        damping[which] = np.clip(np.where(better, damping[which] / 4, damping[which] * 6), 1e-6, 1e12)
        # Damped to nothing: rounding, not the landscape, is in the way.
        stuck = which[~better & (damping[which] > 1e9)]
        done[stuck], going[stuck] = True, False
    return Optimum(x, at.total, done)
