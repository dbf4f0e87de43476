"""Likelihoods of choices under models of learning, with slopes, for many subjects at once.

Daw's hybrid of SARSA(lambda) and planning (Daw et al. 2011, supplement) holds most of them: SARSA(lambda), the
planner and Rescorla-Wagner learning are the hybrid with some parameters tied or fixed, so that one pass over
the trials serves all. Win-stay lose-shift with lapses is the model that learns nothing. Of stimuli that are learned
several at once, reinforcement learning with a working memory, and without (analysis.rl_wm).

    delta_1 = Q2(s, a2) - Q1(a1)        delta_2 = r - Q2(s, a2)
    Q1(a1) <- Q1(a1) + alpha1 (delta_1 + lambda delta_2)       Q2(s, a2) <- Q2(s, a2) + alpha2 delta_2
    P(a1) = softmax beta1 [w Q_MB(a1) + (1 - w) Q1(a1) + p rep(a1)]        P(a2) = softmax beta2 Q2(s, a2)

Values begin at .5 in every episode, as those of the agents of the same names do.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import expit, logit

from fastslow.analysis import rl_wm
from fastslow.analysis.choice_data import BANDIT, ONE_CHOICE, STIMULI, TWO_CHOICES, Choices, Lanes
from fastslow.analysis.hybrid_values import INITIAL, learn, taken
from fastslow.analysis.maximise import Evaluation
from fastslow.analysis.rescorla_wagner import Choices as Walked
from fastslow.analysis.rescorla_wagner import learned_values
from fastslow.errors import UserError, nearest

LEAST_HELD, MORE_HELD = 1.0, 6.0
"""A working memory holds at least so much; and how much more, at most."""


class Scale(NamedTuple):
    """How a parameter is moved by the search: unbounded coordinate x to parameter and back."""

    kind: str
    """`unit` (0 to 1, logit), `positive` (log), `real`, or `capacity` (1 to 7, logit of where it lies between)."""
    low: float
    high: float
    """Bounds of the parameter; a fit that ends there is flagged."""

    def parameter(self, x: np.ndarray | float) -> np.ndarray:
        if self.kind == "capacity":
            return np.asarray(LEAST_HELD + MORE_HELD * expit(x))
        return np.asarray({"unit": expit, "positive": np.exp, "real": np.asarray}[self.kind](x))

    def slope(self, x: np.ndarray | float) -> np.ndarray:
        """d parameter / dx."""
        value = self.parameter(x)
        if self.kind == "capacity":
            share = (value - LEAST_HELD) / MORE_HELD
            return np.asarray(MORE_HELD * share * (1 - share))
        return {"unit": value * (1 - value), "positive": value, "real": np.ones_like(value)}[self.kind]

    def coordinate(self, value: np.ndarray | float) -> np.ndarray:
        """The inverse of `parameter`."""
        if self.kind == "capacity":
            return np.asarray(logit((np.asarray(value) - LEAST_HELD) / MORE_HELD))
        return np.asarray({"unit": logit, "positive": np.log, "real": np.asarray}[self.kind](value))


UNIT, TEMPERATURE, REAL = Scale("unit", 0.001, 0.999), Scale("positive", 0.02, 50.0), Scale("real", -5.0, 5.0)
CAPACITY = Scale("capacity", 1.01, 6.99)
SCALES = dict.fromkeys(("alpha", "alpha1", "alpha2", "lambda", "w", "epsilon", "rho", "phi", "pers"), UNIT)
SCALES |= dict.fromkeys(("beta", "beta1", "beta2"), TEMPERATURE) | {"p": REAL, "K": CAPACITY}

HYBRID = ("alpha1", "alpha2", "lambda", "beta1", "beta2", "w", "p")


class Model(NamedTuple):
    """A model of choice: its free parameters, and what each stands for in the hybrid."""

    free: Mapping[str, tuple[str, ...]]
    """Free parameter -> the parameters of the hybrid, or of `rl_wm`, that it sets."""
    fixed: Mapping[str, float]
    forms: tuple[str, ...] = (ONE_CHOICE, TWO_CHOICES)

    def parameters(self, form: str) -> tuple[str, ...]:
        """Those that matter in a form: without a second choice there is no temperature of it."""
        return tuple(name for name in self.free if form == TWO_CHOICES or name != "beta2")


ALPHA, BETA = ("alpha1", "alpha2"), ("beta1", "beta2")
MODELS: dict[str, Model] = {
    "win_stay_lose_shift": Model({"epsilon": ()}, {}, (BANDIT, ONE_CHOICE, TWO_CHOICES)),
    "rescorla_wagner": Model(
        {"alpha": ALPHA, "beta": BETA}, {"lambda": 1, "w": 0, "p": 0}, (BANDIT, ONE_CHOICE, TWO_CHOICES)
    ),
    "model_free": Model({"alpha": ALPHA, "beta": BETA, "lambda": ("lambda",), "p": ("p",)}, {"w": 0}),
    "model_based": Model(
        {"alpha": ("alpha2",), "beta": BETA, "p": ("p",)}, {"alpha1": 0, "lambda": 0, "w": 1}
    ),
    "hybrid": Model({name: (name,) for name in HYBRID}, {}),
    "rl_alone": Model(
        {name: (name,) for name in ("alpha", "epsilon", "pers")},
        {"rho": 0, "K": 3, "phi": 0.1, "beta": rl_wm.BETA},
        (STIMULI,),
    ),
    "rl_wm": Model({name: (name,) for name in rl_wm.PARAMETERS}, {"beta": rl_wm.BETA}, (STIMULI,)),
}
"""By the names of the agents that choose so; `model_free` is SARSA(lambda)."""


def find(name: str, form: str) -> Model:
    """The model of that name; `UserError` where there is none, or it needs what the trials do not have."""
    if name not in MODELS:
        raise UserError(f"There is no model of choice '{name}'{nearest(name, MODELS)}")
    if form not in MODELS[name].forms:
        stimuli = MODELS[name].forms == (STIMULI,)
        needed = (
            "choices for stimuli, but the table has not both columns 'stimulus' and 'set_size'"
            if stimuli
            else "trials without stimuli, but the table has the columns 'stimulus' and 'set_size'"
            if form == STIMULI
            else "two-step trials, but the table has no column 'transition'"
        )
        raise UserError(
            f"The model '{name}' needs {needed}; mend that, or "
            f"fit {' and '.join(known for known, model in MODELS.items() if form in model.forms)}."
        )
    return MODELS[name]


class Stage(NamedTuple):
    """Log odds of each option against option 0, and their slopes by the free parameters."""

    odds: Float[np.ndarray, "trial lane option-1"]
    slopes: Float[np.ndarray, "trial lane option-1 parameter"]
    chosen: Float[np.ndarray, "trial lane option-1"]
    """1 for the option chosen; all 0 for option 0."""


def repeats(lanes: Lanes) -> Float[np.ndarray, "trial lane"]:
    """+1 where the last choice was 1, -1 where it was 0, 0 before any."""
    last = last_before(lanes.made)
    return np.where(last < 0, 0.0, 2.0 * np.take_along_axis(lanes.choice, np.maximum(last, 0), axis=0) - 1)


def last_before(so: Bool[np.ndarray, "trial *lane option"]) -> Int[np.ndarray, "trial *lane option"]:
    """Before each trial, the last one at which it was `so`; -1 where there was none."""
    trial = np.arange(len(so)).reshape(-1, *[1] * (so.ndim - 1))
    until = np.maximum.accumulate(np.where(so, trial, -1), axis=0)
    return np.concatenate([np.full_like(until[:1], -1), until[:-1]])


def hybrid_stages(
    model: Model, names: tuple[str, ...], theta: np.ndarray, choices: Choices, lanes: Lanes
) -> list[Stage]:
    """Log odds under the hybrid, or what of it is free; `theta` `[lane, parameter]`."""
    at = {slot: np.full(len(theta), float(value)) for slot, value in model.fixed.items()}
    at |= {slot: theta[:, i] for i, name in enumerate(names) for slot in model.free[name]}
    responses = 2 if choices.form == TWO_CHOICES else 1
    values = learn(lanes, at["alpha1"], at["alpha2"], at["lambda"], responses)
    free_difference = values.q1[..., 1] - values.q1[..., 0]
    if responses == 1:
        best = values.q2[..., 0]
    else:
        second_better = values.q2[:, :1, :, :, 1] > values.q2[:, :1, :, :, 0]
        best = np.where(second_better, values.q2[..., 1], values.q2[..., 0])
    based_difference = (2 * choices.transition - 1) * (best[..., 1] - best[..., 0])
    w, beta1, p = at["w"], at["beta1"], at["p"]
    last = repeats(lanes)
    net = w * based_difference[:, 0] + (1 - w) * free_difference[:, 0] + p * last
    by_slot = {
        "alpha1": beta1 * (1 - w) * free_difference[:, 1],
        "alpha2": beta1 * (w * based_difference[:, 1] + (1 - w) * free_difference[:, 2]),
        "lambda": beta1 * (1 - w) * free_difference[:, 3],
        "beta1": net,
        "w": beta1 * (based_difference[:, 0] - free_difference[:, 0]),
        "p": beta1 * last,
    }
    stages = [stage(beta1 * net, by_slot, model, names, lanes.choice)]
    if responses == 2:
        here = lanes.state[:, None, :, None, None] == 1
        at_hand = np.where(here[..., 0], values.q2[..., 1, :], values.q2[..., 0, :])
        difference = at_hand[..., 1] - at_hand[..., 0]
        by_slot = {"alpha2": at["beta2"] * difference[:, 1], "beta2": difference[:, 0]}
        stages.append(stage(at["beta2"] * difference[:, 0], by_slot, model, names, lanes.response))
    return stages


def stage(
    odds: np.ndarray, by_slot: dict[str, np.ndarray], model: Model, names: tuple[str, ...], chosen: np.ndarray
) -> Stage:
    """Slopes by the free parameters out of those by the hybrid's."""
    slopes = np.zeros((*odds.shape, 1, len(names)))
    for i, name in enumerate(names):
        for slot in model.free[name]:
            if slot in by_slot:
                slopes[..., 0, i] += by_slot[slot]
    return Stage(odds[..., None], slopes, chosen[..., None].astype(float))


def delta_rule_stages(theta: np.ndarray, choices: Choices, lanes: Lanes) -> list[Stage]:
    """Log odds of the arms of a bandit under Rescorla-Wagner learning; `theta` holds alpha and beta."""
    alpha, beta = theta[:, 0, None], theta[:, 1, None]
    chosen = (lanes.choice[..., None] == np.arange(choices.arms)) & lanes.made[..., None]
    walked = Walked(chosen.astype(float), lanes.reward, lanes.made)
    values, slopes = (part[..., 1:] - part[..., :1] for part in learned_values(alpha, walked, INITIAL))
    return [Stage(beta * values, np.stack([beta * slopes, values], axis=-1), walked.chosen[..., 1:])]


def win_stay_stages(theta: np.ndarray, choices: Choices, lanes: Lanes) -> list[Stage]:
    """Log odds under win-stay lose-shift, at the second stage by what happened last in the same state.

    With probability epsilon any option is taken; otherwise the last one if it paid (a reward above 0), one of
    the others if it did not; any one before the first trial.
    """
    whole = np.zeros_like(lanes.state)
    stages = [win_stay_stage(theta[:, 0], lanes.choice, whole, lanes, choices.arms)]
    if choices.form == TWO_CHOICES:
        stages.append(win_stay_stage(theta[:, 0], lanes.response, lanes.state, lanes, 2))
    return stages


def win_stay_stage(
    epsilon: np.ndarray, chosen: np.ndarray, where: np.ndarray, lanes: Lanes, options: int
) -> Stage:
    here = taken(where, 2, lanes.made)
    last = np.take_along_axis(last_before(here > 0), where[..., None], axis=-1)[..., 0]
    before = np.maximum(last, 0)
    took = taken(np.take_along_axis(chosen, before, axis=0), options, last >= 0)
    won = np.take_along_axis(lanes.reward > 0, before, axis=0)[..., None]
    told = np.where(won, took, (1 - took) / (options - 1))
    rule = np.where(last[..., None] < 0, 1 / options, told)
    p = (1 - epsilon[:, None]) * rule + epsilon[:, None] / options
    slope = (1 / options - rule) / p
    odds = np.log(p[..., 1:]) - np.log(p[..., :1])
    picked = (chosen[..., None] == np.arange(1, options)).astype(float)
    return Stage(odds, (slope[..., 1:] - slope[..., :1])[..., None], picked)


def memory_stages(
    model: Model, names: tuple[str, ...], theta: np.ndarray, choices: Choices, lanes: Lanes
) -> list[Stage]:
    """Log odds of the answers to stimuli; `theta` `[lane, parameter]`."""
    at = {slot: np.full(len(theta), float(value)) for slot, value in model.fixed.items()}
    at |= {name: theta[:, i] for i, name in enumerate(names)}
    odds, slopes = rl_wm.choice_odds(lanes, at, choices.arms)
    chosen = lanes.choice[..., None] == np.arange(1, choices.arms)
    return [Stage(odds, np.stack([slopes[name] for name in names], axis=-1), chosen.astype(float))]


def evaluate(
    name: str, x: Float[np.ndarray, "problem parameter"], choices: Choices, lanes: Lanes
) -> Evaluation:
    """The likelihood of choices under a model at `x`; `lanes.subject` numbers the problem of each lane.

    The information is that of Fisher scoring: for the choices that could have been made at each trial, given
    what went before.
    """
    model = find(name, choices.form)
    names = model.parameters(choices.form)
    scales = [SCALES[each] for each in names]
    theta = np.stack([scale.parameter(x[:, i]) for i, scale in enumerate(scales)], axis=1)
    rate = np.stack([scale.slope(x[:, i]) for i, scale in enumerate(scales)], axis=1)[lanes.subject]
    theta = theta[lanes.subject]
    if name == "win_stay_lose_shift":
        stages = win_stay_stages(theta, choices, lanes)
    elif choices.form == STIMULI:
        stages = memory_stages(model, names, theta, choices, lanes)
    elif choices.form == BANDIT:
        stages = delta_rule_stages(theta, choices, lanes)
    else:
        stages = hybrid_stages(model, names, theta, choices, lanes)
    parts = [summed(each, rate, lanes) for each in stages]
    return Evaluation(*(np.add.reduceat(sum(kind), lanes.starts) for kind in zip(*parts, strict=True)))


def summed(each: Stage, rate: np.ndarray, lanes: Lanes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log likelihood, gradient and information of each lane at one stage."""
    highest = np.maximum(each.odds.max(axis=-1, keepdims=True), 0.0)
    weights = np.exp(each.odds - highest)
    norm = weights.sum(axis=-1, keepdims=True) + np.exp(-highest)
    made = lanes.made[..., None]
    log_p = (each.chosen * each.odds).sum(axis=-1) - (highest + np.log(norm))[..., 0]
    p = np.where(made, weights / norm, 0.0)
    slopes = each.slopes * rate[:, None]
    gradient = np.where(made, each.chosen - p, 0.0)[..., None, :] @ slopes
    spread = p[..., None] * (slopes - (p[..., None, :] @ slopes))

    def by_lane(values: np.ndarray) -> np.ndarray:
        values = np.moveaxis(values, 0, 1)
        return values.reshape(values.shape[0], -1, values.shape[-1])

    information = by_lane(spread).transpose(0, 2, 1) @ by_lane(slopes)
    return np.where(lanes.made, log_p, 0.0).sum(axis=0), gradient[..., 0, :].sum(axis=0), information
