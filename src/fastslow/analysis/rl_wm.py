"""Choices under reinforcement learning with a working memory, and how they change with its parameters.

The equations are those of the agent of the same name (agents.rl_wm): with c = 1 for a reward and 1 - pers without one,

    W <- W + phi (1/A - W) everywhere;  W(s, a) <- W(s, a) + c (r - W(s, a))
    Q(s, a) <- Q(s, a) + c alpha (r - Q(s, a))
    P(a) = (1 - epsilon) (eta softmax(beta W)_a + (1 - eta) softmax(beta Q)_a) + epsilon / A,  eta = rho min(1, K / n)

Collins & Frank 2012; Collins et al. 2014; with one beta for both, given, as in Collins 2024.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from fastslow.analysis.choice_data import Lanes

PARAMETERS = ("alpha", "rho", "K", "phi", "epsilon", "pers")
BETA = 25.0
"""Inverse temperature of both softmaxes (Collins 2024); the rest of the parameters tell less if it is free."""


class Held(NamedTuple):
    """What is held of the stimulus at hand before each choice, with its slopes."""

    q: Float[np.ndarray, "trial 3 lane arm"]
    """Q, then its slopes by alpha and pers."""
    w: Float[np.ndarray, "trial 3 lane arm"]
    """W, then its slopes by phi and pers."""


def learn(lanes: Lanes, at: Mapping[str, np.ndarray], arms: int) -> Held:
    """Walk through the trials, all lanes side by side; one number per lane of each parameter."""
    steps, count = lanes.choice.shape
    alpha, phi, pers = (at[name][:, None, None] for name in ("alpha", "phi", "pers"))
    stimuli = int(lanes.state.max()) + 1
    q, w = np.zeros((3, count, stimuli, arms)), np.zeros((3, count, stimuli, arms))
    q[0], w[0] = 1 / arms, 1 / arms
    held = Held(np.empty((steps, 3, count, arms)), np.empty((steps, 3, count, arms)))
    everyone = np.arange(count)
    for t in range(steps):
        s, a, made = lanes.state[t], lanes.choice[t], lanes.made[t]
        held.q[t], held.w[t] = q[:, everyone, s], w[:, everyone, s]
        fades = np.where(made[:, None, None], phi, 0.0)
        w[1] += made[:, None, None] * (1 / arms - w[0]) - fades * w[1]
        w[2] -= fades * w[2]
        w[0] += fades * (1 / arms - w[0])
        r = lanes.reward[t]
        heed = np.where(r > 0, 1.0, 1 - pers[:, 0, 0])
        neglect = np.where(r > 0, 0.0, -1.0)
        (value, by_alpha, by_pers), rate = q[:, everyone, s, a], alpha[:, 0, 0]
        error = made * (r - value)
        q[0, everyone, s, a] = value + heed * rate * error
        q[1, everyone, s, a] = by_alpha + heed * error - made * heed * rate * by_alpha
        q[2, everyone, s, a] = by_pers + neglect * rate * error - made * heed * rate * by_pers
        value, by_phi, by_pers = w[:, everyone, s, a]
        error = made * (r - value)
        w[0, everyone, s, a] = value + heed * error
        w[1, everyone, s, a] = by_phi - made * heed * by_phi
        w[2, everyone, s, a] = by_pers + neglect * error - made * heed * by_pers
    return held


def softmax(values: Float[np.ndarray, "choice 3 arm"], beta: np.ndarray) -> list[np.ndarray]:
    """Choice probabilities by `values[:, 0]`, and their slopes by what the other two are slopes by."""
    weights = np.exp(beta * (values[:, 0] - values[:, 0].max(axis=-1, keepdims=True)))
    p = weights / weights.sum(axis=-1, keepdims=True)
    own = [values[:, i] - (p * values[:, i]).sum(axis=-1, keepdims=True) for i in (1, 2)]
    return [p, *(beta * p * slope for slope in own)]


def choice_odds(
    lanes: Lanes, at: Mapping[str, np.ndarray], arms: int
) -> tuple[Float[np.ndarray, "trial lane others"], dict[str, Float[np.ndarray, "trial lane others"]]]:
    """Log odds of the others against option 0, and their slopes by each of `PARAMETERS`; 0 where no choice was made.

    **Arguments**: `at` the parameters and beta, one number per lane each.
    """
    held = learn(lanes, at, arms)
    # Episodes differ much in length: what follows is for the choices alone.
    trial, lane = np.nonzero(lanes.made)
    beta, rho, epsilon, capacity = (at[name][lane, None] for name in ("beta", "rho", "epsilon", "K"))
    p_q, q_by_alpha, q_by_pers = softmax(held.q[trial, :, lane], beta)
    p_w, w_by_phi, w_by_pers = softmax(held.w[trial, :, lane], beta)
    size = np.maximum(lanes.size[trial, lane, None], 1)
    room = np.minimum(1.0, capacity / size)
    eta, sure = rho * room, 1 - epsilon
    whole = eta * p_w + (1 - eta) * p_q
    p = sure * whole + epsilon / arms
    slopes = {
        "alpha": sure * (1 - eta) * q_by_alpha,
        "rho": sure * room * (p_w - p_q),
        "K": sure * np.where(room < 1, rho / size, 0.0) * (p_w - p_q),
        "phi": sure * eta * w_by_phi,
        "epsilon": 1 / arms - whole,
        "pers": sure * (eta * w_by_pers + (1 - eta) * q_by_pers),
    }

    def against_first(values: np.ndarray) -> np.ndarray:
        spread = np.zeros((*lanes.made.shape, arms - 1))
        spread[trial, lane] = values[:, 1:] - values[:, :1]
        return spread

    return against_first(np.log(p)), {name: against_first(slope / p) for name, slope in slopes.items()}
