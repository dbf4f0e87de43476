"""What Daw's hybrid of SARSA(lambda) and planning holds before each trial, with slopes by its learning rates.

    delta_1 = Q2(s, a2) - Q1(a1)        delta_2 = r - Q2(s, a2)
    Q1(a1) <- Q1(a1) + alpha1 (delta_1 + lambda delta_2)       Q2(s, a2) <- Q2(s, a2) + alpha2 delta_2

All lanes side by side. Many are walked trial by trial; of a few, whose numbers cost less than the steps of Python,
whole stretches of trials go side by side too. Daw et al. 2011, supplement.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from fastslow.analysis.choice_data import Lanes
from fastslow.analysis.recursion import before_each

INITIAL = 0.5
"""Value of everything before the first trial."""
FEW = 64
"""Lanes up to which stretches are faster: five times where there are ten lanes."""


class Values(NamedTuple):
    """What a learner holds before each trial, and how that changes with its learning rates."""

    q1: Float[np.ndarray, "trial 4 lane 2"]
    """Q1, then its slopes by alpha1, alpha2 and lambda."""
    q2: Float[np.ndarray, "trial 2 lane 2 response"]
    """Q2, then its slope by alpha2."""


def learn(lanes: Lanes, alpha1: np.ndarray, alpha2: np.ndarray, trace: np.ndarray, responses: int) -> Values:
    """Walk through the trials; one number per lane of each parameter, `responses` at the second stage."""
    way = by_stretches if lanes.choice.shape[1] <= FEW else by_trials
    return way(lanes, alpha1, alpha2, trace, responses)


def by_trials(
    lanes: Lanes, alpha1: np.ndarray, alpha2: np.ndarray, trace: np.ndarray, responses: int
) -> Values:
    """One trial after the other, changing only what was chosen."""
    steps, count = lanes.choice.shape
    q1, q2 = np.zeros((4, count * 2)), np.zeros((2, count * 2 * responses))
    q1[0], q2[0] = INITIAL, INITIAL
    all_q1, all_q2 = np.empty((steps, *q1.shape)), np.empty((steps, *q2.shape))
    lane = np.arange(count)
    first = 2 * lane + lanes.choice
    second = 2 * responses * lane + responses * lanes.state + lanes.response
    made = lanes.made.astype(float)
    for t in range(steps):
        all_q1[t], all_q2[t] = q1, q2
        here1, here2, now = first[t], second[t], made[t]
        q, by_alpha1, by_alpha2, by_trace = q1[:, here1]
        v, v_slope = q2[:, here2]
        delta2 = lanes.reward[t] - v
        target = v + trace * delta2 - q
        rate1, rate2 = now * alpha1, now * alpha2
        q1[0, here1] = q + rate1 * target
        q1[1, here1] = by_alpha1 + now * target - rate1 * by_alpha1
        q1[2, here1] = by_alpha2 + rate1 * ((1 - trace) * v_slope - by_alpha2)
        q1[3, here1] = by_trace + rate1 * (delta2 - by_trace)
        q2[0, here2] = v + rate2 * delta2
        q2[1, here2] = v_slope + now * delta2 - rate2 * v_slope
    return Values(all_q1.reshape(steps, 4, count, 2), all_q2.reshape(steps, 2, count, 2, responses))


def by_stretches(
    lanes: Lanes, alpha1: np.ndarray, alpha2: np.ndarray, trace: np.ndarray, responses: int
) -> Values:
    """The same as recursions over all trials, one learned from the other."""
    first = taken(lanes.choice, 2, lanes.made)
    second = taken(responses * lanes.state + lanes.response, 2 * responses, lanes.made)
    reward = lanes.reward
    rate2 = alpha2[:, None] * second
    keep2 = 1 - rate2
    v = before_each(keep2, rate2 * reward[..., None], INITIAL)
    v_here = (second * v).sum(axis=-1)
    delta2 = reward - v_here
    v_slope = before_each(keep2, second * delta2[..., None])
    v_slope_here = (second * v_slope).sum(axis=-1)
    rate1 = alpha1[:, None] * first
    keep1 = 1 - rate1
    goal = v_here + trace * delta2
    q = before_each(keep1, rate1 * goal[..., None], INITIAL)
    drives = (
        first * (goal - (first * q).sum(axis=-1))[..., None],
        rate1 * ((1 - trace) * v_slope_here)[..., None],
        rate1 * delta2[..., None],
    )
    slopes = before_each(keep1[:, None], np.stack(drives, axis=1))
    values2 = np.stack([v, v_slope], axis=1)
    return Values(
        np.concatenate([q[:, None], slopes], axis=1), values2.reshape(*values2.shape[:3], 2, responses)
    )


def taken(
    which: Int[np.ndarray, "trial lane"], options: int, made: Bool[np.ndarray, "trial lane"]
) -> Float[np.ndarray, "trial lane option"]:
    """1 for what was taken; all 0 where nothing was."""
    return ((which[..., None] == np.arange(options)) & made[..., None]).astype(float)
