"""Models of choice fitted to anyone's trials by maximum likelihood: parameters, intervals, BIC, evidence.

Every subject is fitted alone, from several starts (how often transitions are common is known to all alike: given, or
counted over the whole table); the fits of a model to all subjects run side by side. Intervals
are those of the curvature at the optimum in the coordinates of the search (logit, log), so that they stay within the
parameter's range. With a prior, the same curvature gives the log evidence by Laplace's approximation: a model pays for
the parameters that it could have had, so that one which the choices do not bound costs nothing (Daw 2011, of
trial-by-trial analysis; Piray et al. 2019). Daw et al. 2011 (the models); Wilson & Collins 2019 (how to fit, compare
and check them).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from scipy.stats import norm, qmc

from fastslow.analysis.choice_data import Choices, choices_of
from fastslow.analysis.choice_models import MODELS, SCALES, evaluate, find
from fastslow.analysis.maximise import Evaluation, Optimum, climb
from fastslow.errors import UserError, check, nearest

CANDIDATES, STARTS = 32, 4
"""Places that are looked at per subject, and how many of them, the best, a climb starts from."""
USUAL = {
    "unit": (-2.5, 2.5),
    "positive": (np.log(0.7), np.log(10.0)),
    "real": (-0.3, 0.5),
    "capacity": (-1.5, 1.5),
}
"""Where these places lie, by the scale of the parameter (in coordinates)."""
CELLS = 400_000
"""Trials times lanes of one pass, so that it stays in a few hundred megabytes."""


PRIORS = ("none", "weak")
WEAK = {"unit": (0.0, 1.5), "positive": (np.log(5.0), 0.8), "real": (0.0, 0.3), "capacity": (0.0, 1.5)}
"""Mean and spread of the weak prior by the scale of the parameter (in coordinates): nearly flat from 0 to 1, and over
capacities; 1 to 24 in 95 % for a temperature; within .6 for perseveration."""
LEVEL = 0.95


class Prior(NamedTuple):
    """Independent normal priors of the coordinates."""

    mean: Float[np.ndarray, " parameter"]
    spread: Float[np.ndarray, " parameter"]


class Fit(NamedTuple):
    """One model's fit to every subject, in coordinates."""

    x: Float[np.ndarray, "subject parameter"]
    total: Float[np.ndarray, " subject"]
    """Log likelihood (nats), without the prior."""
    spread: Float[np.ndarray, "subject parameter"]
    """Standard errors; infinite where the likelihood does not bound the parameter."""
    converged: Bool[np.ndarray, " subject"]
    evidence: Float[np.ndarray, " subject"]
    """Log evidence under the prior (nats); NaN without one."""


def objective(name: str, choices: Choices, subjects: np.ndarray, prior: Prior | None):
    """The log likelihood (or posterior) of problems that are each a subject, in passes of bounded size."""
    starts = np.append(choices.lanes.starts, len(choices.lanes.subject))
    lanes_of = np.diff(starts)

    def of(x: np.ndarray, which: np.ndarray) -> Evaluation:
        members = subjects[which]
        load = np.cumsum(lanes_of[members]) * len(choices.lanes.choice)
        parts = np.split(np.arange(len(members)), np.flatnonzero(np.diff(load // CELLS)) + 1)
        done = [evaluate(name, x[part], choices, choices.lanes.of(members[part])) for part in parts]
        at = Evaluation(*(np.concatenate(kind) for kind in zip(*done, strict=True)))
        if prior is None:
            return at
        away = (x - prior.mean) / prior.spread
        total = at.total - 0.5 * (away**2).sum(axis=1)
        information = at.information + np.diag(prior.spread**-2.0)
        return Evaluation(total, at.gradient - away / prior.spread, information)

    return of


def bounds_of(names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    scales = [SCALES[name] for name in names]
    low, high = ([scale.coordinate(getattr(scale, side)) for scale in scales] for side in ("low", "high"))
    return np.array(low), np.array(high)


def places(names: Sequence[str], count: int) -> Float[np.ndarray, "place parameter"]:
    """Where to look first: a low-discrepancy set over the usual range of each parameter."""
    unit = qmc.Sobol(len(names), seed=0).random(count)
    low, high = np.array([USUAL[SCALES[name].kind] for name in names]).T
    return low + unit * (high - low)


def check_prior(prior: str) -> None:
    if prior not in PRIORS:
        raise UserError(f"There is no prior '{prior}'{nearest(prior, PRIORS)}")


def prior_of(prior: str, names: Sequence[str]) -> Prior | None:
    check_prior(prior)
    mean, spread = np.array([WEAK[SCALES[name].kind] for name in names]).T
    return None if prior == "none" else Prior(mean, spread)


def within(smaller: str, fitted: Fit, name: str, form: str) -> Float[np.ndarray, "subject parameter"]:
    """The fit of a smaller model as coordinates of a larger one that contains it."""
    model, inner = find(name, form), find(smaller, form)
    known = inner.parameters(form)
    held = {slot: np.full(len(fitted.x), float(value)) for slot, value in inner.fixed.items()}
    for i, each in enumerate(known):
        held |= dict.fromkeys(inner.free[each], SCALES[each].parameter(fitted.x[:, i]))
    columns = []
    for each in model.parameters(form):
        scale = SCALES[each]
        value = held[model.free[each][0]]
        columns.append(scale.coordinate(np.clip(value, scale.low, scale.high)))
    return np.stack(columns, axis=1)


def promising(
    name: str, choices: Choices, prior: Prior | None
) -> Float[np.ndarray, "start_subject parameter"]:
    """The best of many places for each subject."""
    names = find(name, choices.form).parameters(choices.form)
    people, seen = len(choices.names), places(names, CANDIDATES)
    x = np.repeat(seen, people, axis=0)
    totals = objective(name, choices, np.tile(np.arange(people), CANDIDATES), prior)(x, np.arange(len(x)))[0]
    order = np.argsort(-totals.reshape(CANDIDATES, people), axis=0, kind="stable")[:STARTS]
    return seen[order].reshape(-1, len(names))


def estimates(fits: pd.DataFrame, name: str, choices: Choices) -> Float[np.ndarray, "subject parameter"]:
    """Coordinates of the same subjects' earlier fit of a model."""
    names = find(name, choices.form).parameters(choices.form)
    wide = fits[fits["model"] == name].pivot(index="subject", columns="parameter", values="estimate")
    lacking = [each for each in choices.names if each not in wide.index]
    check(not lacking, f"The fits to start from have no '{name}' of subject '{lacking and lacking[0]}'.")
    found = wide.loc[list(choices.names), list(names)].to_numpy(float)
    return np.stack([SCALES[each].coordinate(found[:, i]) for i, each in enumerate(names)], axis=1)


def fit(name: str, choices: Choices, starts: Sequence[np.ndarray], prior: Prior | None = None) -> Fit:
    """Fit one model to every subject from `starts`, `[subject parameter]` each, or several of these stacked."""
    names = find(name, choices.form).parameters(choices.form)
    low, high = bounds_of(names)
    people, starts = len(choices.names), np.concatenate(starts)
    ways = len(starts) // people
    of = objective(name, choices, np.tile(np.arange(people), ways), prior)
    found = climb(of, starts, low, high)
    best = found.total.reshape(ways, people).argmax(axis=0) * people + np.arange(people)
    found = Optimum(*(part[best] for part in found))
    everyone = np.arange(people)
    of = objective(name, choices, everyone, prior)
    matrix = curvature(of, found.x)
    inside = (found.x > low + 1e-6) & (found.x < high - 1e-6)
    total = objective(name, choices, everyone, None)(found.x, everyone).total
    evidence = np.full(people, np.nan)
    if prior is not None:
        evidence = laplace(found, matrix, of(found.x, everyone).information, prior)
    return Fit(found.x, total, spreads(matrix, inside), found.converged, evidence)


def laplace(
    found: Optimum, matrix: np.ndarray, information: np.ndarray, prior: Prior
) -> Float[np.ndarray, " problem"]:
    """Log evidence: log posterior at its greatest, plus the log volume of the peak.

    The expected information stands in where the curvature is not that of a peak (at a bound).
    """
    peak = np.linalg.eigvalsh(matrix).min(axis=1) > 1e-3
    sharpness = np.linalg.slogdet(np.where(peak[:, None, None], matrix, information))[1]
    # The normal densities' (2 pi)^(-k/2) cancels with the volume's (2 pi)^(k/2).
    return found.total - np.log(prior.spread).sum() - 0.5 * sharpness


def curvature(of, x: np.ndarray, step: float = 1e-4) -> Float[np.ndarray, "problem parameter parameter"]:
    """Minus the second derivatives, by central differences of the gradient."""
    people, size = x.shape
    shifts = step * np.concatenate([-np.eye(size), np.eye(size)])
    # All side by side: one pass over the trials, and not two for every parameter.
    shifted = (x + shifts[:, None]).reshape(-1, size)
    gradient = of(shifted, np.tile(np.arange(people), 2 * size)).gradient.reshape(2, size, people, size)
    matrix = ((gradient[0] - gradient[1]) / (2 * step)).transpose(1, 0, 2)
    return (matrix + matrix.transpose(0, 2, 1)) / 2


def spreads(matrix: np.ndarray, inside: np.ndarray) -> Float[np.ndarray, "problem parameter"]:
    """Standard errors from the curvature at the optimum; infinite for what is at a bound or not bounded by the data.

    A parameter at its bound is held there while the others' errors are computed.
    """
    result = np.full(inside.shape, np.inf)
    for one, curved in enumerate(matrix):
        free = np.flatnonzero(inside[one])
        values, vectors = np.linalg.eigh(curved[np.ix_(free, free)])
        # A direction in which the likelihood hardly falls carries all parameters that take part in it.
        flat = values < 1e-3
        variance = (vectors[:, ~flat] ** 2 / values[~flat]).sum(axis=1)
        variance[(vectors[:, flat] ** 2).sum(axis=1) > 0.01] = np.inf
        result[one, free] = np.sqrt(variance)
    return result


def fit_models(
    trials: pd.DataFrame,
    models: Sequence[str] = (),
    transition: float | None = None,
    prior: str = "none",
    start: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Fit models of choice to every subject's trials.

    **Arguments**: `trials` with columns subject, episode, trial, action, reward and, where some are missing,
    valid; for two-step trials transition (1 common, 0 rare), and action2 where the second choice matters; for stimuli
    learned several at once stimulus and set_size;
    `models` names in `MODELS` (none: all that the trials allow); `transition` the probability of the common
    transition that learners assume (by default the share in the table); `prior` none, or weak (`WEAK`): the
    estimates are then those of greatest posterior probability; `start` earlier fits of the same subjects to climb
    from, which saves the search for places to start from.

    **Returns**: one row per subject, model and parameter: subject, model, parameter, estimate, low and high
    (95 %, from the curvature at the optimum in logit or log coordinates; the whole range where the choices do
    not bound the parameter), log_likelihood (nats, of the choices), bic (k ln n - 2 log likelihood), aic,
    evidence (nats: with a prior Laplace's approximation, without one -bic / 2), n (choices that count, both stages
    together), converged, and note, which says what is not identified.

    **Errors**: `UserError` where a model is unknown or asks for columns that are not there, and where a subject
    has no valid choice.
    """
    choices = choices_of(trials, transition)
    names = list(models) or [name for name, model in MODELS.items() if choices.form in model.forms]
    done: dict[str, Fit] = {}
    tables = []
    for name in sorted(names, key=lambda name: len(find(name, choices.form).free)):
        parameters = find(name, choices.form).parameters(choices.form)
        inner = [smaller for smaller in done if contains(name, smaller)]
        also = [within(smaller, done[smaller], name, choices.form) for smaller in inner]
        believed = prior_of(prior, parameters)
        if start is None:
            first = [promising(name, choices, believed)]
        else:
            middle = np.array([np.mean(USUAL[SCALES[each].kind]) for each in parameters])
            first = [estimates(start, name, choices), np.tile(middle, (len(choices.names), 1))]
        done[name] = fit(name, choices, [*first, *also], believed)
    for name in names:
        tables.append(tidy(name, done[name], choices))
    table = pd.concat(tables, ignore_index=True)
    order = pd.Categorical(table["subject"], categories=choices.names, ordered=True)
    return table.iloc[np.argsort(order.codes, kind="stable")].reset_index(drop=True)


def contains(larger: str, smaller: str) -> bool:
    """Whether a model becomes another by tying or fixing parameters."""
    outer, inner = MODELS[larger], MODELS[smaller]
    slots = {slot for each in outer.free.values() for slot in each}
    own = {slot for each in inner.free.values() for slot in each}
    agrees = all(inner.fixed.get(slot) == value for slot, value in outer.fixed.items())
    return bool(own) and own < slots and agrees


def tidy(name: str, fitted: Fit, choices: Choices) -> pd.DataFrame:
    """One row per subject and parameter."""
    parameters = find(name, choices.form).parameters(choices.form)
    reach = norm.ppf(0.5 + LEVEL / 2) * fitted.spread
    rows = []
    for one, subject in enumerate(choices.names):
        n, total = int(choices.n[one]), float(fitted.total[one])
        bic, evidence = len(parameters) * np.log(n) - 2 * total, float(fitted.evidence[one])
        size = {"log_likelihood": total, "bic": bic, "aic": 2 * len(parameters) - 2 * total}
        size |= {"evidence": -bic / 2 if np.isnan(evidence) else evidence, "n": n}
        size |= {"converged": bool(fitted.converged[one])}
        for i, parameter in enumerate(parameters):
            scale = SCALES[parameter]
            estimate, low, high = (
                float(np.clip(scale.parameter(fitted.x[one, i] + shift), scale.low, scale.high))
                for shift in (0.0, -reach[one, i], reach[one, i])
            )
            note = ""
            if any(abs(estimate - bound) <= 1e-4 * abs(bound) for bound in (scale.low, scale.high)):
                note = "at its bound"
            elif low <= scale.low and high >= scale.high:
                note = "not identified"
            row = {"subject": subject, "model": name, "parameter": parameter}
            rows.append(row | {"estimate": estimate, "low": low, "high": high} | size | {"note": note})
    return pd.DataFrame(rows)
