"""The drifting bandit of Box 2: one past trial that comes to mind, beside an average that is kept.

An agent that recalls one past pull of each arm (agents.sampling) and a delta rule of the same rate have the same values
on average, so rewards of the past weigh alike in the choices of both. What tells them apart is what depends on which
trial came to mind: choices scatter more around the delta rule's values, the more so the less the remembered rewards are
alike, and a reminder of one trial draws the next choice towards what that trial paid. Bornstein et al. 2017;
Gershman & Daw 2017.
"""

from collections.abc import Mapping

import jax
import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, Float, Key
from scipy.optimize import minimize_scalar
from scipy.special import expit

from fastslow.agents.rescorla_wagner import rescorla_wagner
from fastslow.agents.sampling import sampling
from fastslow.analysis.choice_regression import logistic
from fastslow.analysis.rescorla_wagner import Choices, learned_values
from fastslow.analysis.statistics import summarise
from fastslow.experiments.claims import claim
from fastslow.records.collect import collect
from fastslow.tasks.drifting_bandit import DriftingBandit

ALPHA, BETA, INITIAL = 0.3, 10.0, 0.5
"""Rate, and inverse temperature per 100 points, of both agents; ours, of the order of what people's choices give."""
REMINDERS = 0.3
"""Probability of a reminder before a choice."""
LAGS = 10
TASK = DriftingBandit(arms=2, reminders=REMINDERS)
NAMES = ("sampling", "rescorla_wagner")
PENALTY = 1e-3
BINS = np.linspace(-0.4, 0.4, 9)
"""Edges of the delta rule's differences between arms, in 100 points, within which choices are counted."""


def simulate(seeds: int, episodes: int, key: Key[Array, ""]) -> dict[str, xr.Dataset]:
    """Records of both agents, `seeds` subjects each."""
    agents = (sampling(TASK, ALPHA, BETA, INITIAL), rescorla_wagner(TASK, ALPHA, BETA, INITIAL))
    keys = jax.random.split(key, len(NAMES))
    return {
        f"bandit_{name}": collect([agent] * seeds, TASK, key, episodes)
        for name, agent, key in zip(NAMES, agents, keys, strict=True)
    }


def before_choice(record: xr.Dataset) -> pd.DataFrame:
    """What stood behind each choice between two arms: one row per subject, episode and trial.

    **Returns**: columns subject, chose (arm 1), difference (of the delta rule's values, arm 1 less arm 0), spread (s.d.
    of the difference of two rewards recalled), lag_1, ... (the reward of arm 1's last pull less that of arm 0's, the
    one before, ...; `INITIAL` where there was none), and of the trial that was shown: reminded (its arm, -1 for none)
    and surprise (its reward less the delta rule's value of the arm).
    """
    action, reward = (
        record[name].to_numpy().reshape(-1, record.sizes["trial"]) for name in ("action", "reward")
    )
    chosen = (action.T[..., None] == np.arange(2)).astype(float)
    made = action.T >= 0
    values, _ = learned_values(ALPHA, Choices(chosen, reward.T, made), INITIAL)
    squares, _ = learned_values(ALPHA, Choices(chosen, reward.T**2, made), INITIAL**2)
    lags = past_rewards(chosen, reward.T)
    shown = record["reminder"].to_numpy().reshape(action.shape)
    at = np.maximum(shown, 0)
    arm = np.where(shown >= 0, np.take_along_axis(action, at, axis=1), -1)
    paid = np.take_along_axis(reward, at, axis=1)
    worth = np.take_along_axis(values.transpose(1, 0, 2), np.maximum(arm, 0)[..., None], axis=2)[..., 0]
    table = {
        "subject": np.repeat(record["subject"].to_numpy(), action.size // record.sizes["subject"]),
        "chose": (action == 1).ravel(),
        "difference": (values[..., 1] - values[..., 0]).T.ravel(),
        "spread": np.sqrt(np.maximum(squares - values**2, 0).sum(-1)).T.ravel(),
        "reminded": arm.ravel(),
        "surprise": np.where(arm >= 0, paid - worth, 0.0).ravel(),
    }
    table |= {f"lag_{lag + 1}": (lags[:, :, 1, lag] - lags[:, :, 0, lag]).T.ravel() for lag in range(LAGS)}
    return pd.DataFrame(table)[(action >= 0).ravel()]


def past_rewards(
    chosen: Float[np.ndarray, "trial episode arm"], rewards: Float[np.ndarray, "trial episode"]
) -> Float[np.ndarray, "trial episode arm lag"]:
    """The rewards of each arm's last pulls before every trial, the latest first; `INITIAL` where there are none."""
    found = np.empty((*chosen.shape, LAGS))
    known = np.full((*chosen.shape[1:], LAGS), INITIAL)
    for t, (pulled, reward) in enumerate(zip(chosen, rewards, strict=True)):
        found[t] = known
        newer = np.concatenate(
            [np.broadcast_to(reward[:, None, None], (*pulled.shape, 1)), known[..., :-1]], -1
        )
        known = np.where(pulled[..., None] > 0, newer, known)
    return found


def rate_of(weights: Float[np.ndarray, " lag"]) -> float:
    """The rate a of the curve c a (1 - a)^(lag - 1) that is nearest to the weights (least squares)."""
    lags = np.arange(len(weights))

    def missed(rate: float) -> float:
        shape = rate * (1 - rate) ** lags
        return float(((weights - shape * (shape @ weights) / (shape @ shape)) ** 2).sum())

    return float(minimize_scalar(missed, bounds=(0.01, 0.99), method="bounded").x)


def of_subject(rows: pd.DataFrame) -> dict[str, float]:
    """All measures of one subject's choices; trials on which nothing was shown, but for `reminder`."""
    free = rows[rows["reminded"] < 0]
    chose, difference = free["chose"].to_numpy(), free["difference"].to_numpy()
    past = [f"lag_{lag}" for lag in range(1, LAGS + 1)]
    weights = logistic(free[past].to_numpy(), chose, PENALTY)[1:]
    bias, slope = logistic(difference[:, None], chose, PENALTY)
    spread = (free["spread"] - free["spread"].mean()).to_numpy()
    both = logistic(np.column_stack([difference, difference * spread]), chose, PENALTY)
    shown = rows[rows["reminded"] >= 0]
    p = expit(bias + slope * shown["difference"])
    towards = np.where(shown["reminded"] == 1, shown["chose"] - p, p - shown["chose"])
    more = (shown["surprise"] > 0).to_numpy()
    return {
        **dict(zip(past, weights, strict=True)),
        "rate": rate_of(weights),
        "slope": slope,
        "slope by spread": both[2],
        "reminded of more": towards[more].mean() if more.any() else 0.0,
        "reminded of less": towards[~more].mean() if not more.all() else 0.0,
    }


def measure(records: Mapping[str, xr.Dataset]) -> tuple[dict[str, pd.DataFrame], list[dict]]:
    """Tables, and rows of the claims, of the records `bandit_NAME`."""
    subjects, curves = [], []
    for name in NAMES:
        rows = before_choice(records[f"bandit_{name}"])
        for subject, own in rows.groupby("subject", sort=False):
            subjects.append({"name": name, "subject": subject} | of_subject(own))
        free = rows[rows["reminded"] < 0]
        free = free.assign(difference=middle(free["difference"].to_numpy())).dropna(subset="difference")
        shares = free.groupby(["subject", "difference"], sort=True)["chose"].mean().reset_index()
        curves.append(shares.assign(name=name))
    table = pd.DataFrame(subjects)
    weights = table.melt(["name", "subject"], [f"lag_{lag}" for lag in range(1, LAGS + 1)], "lag", "weight")
    weights["lag"] = weights["lag"].str.removeprefix("lag_").astype(int)
    reminded = table.melt(["name", "subject"], ["reminded of more", "reminded of less"], "measure", "change")
    choices = pd.concat(curves, ignore_index=True).sort_values(["name", "difference"])
    tables = {
        "bandit_by_subject": table,
        "bandit_weights": summarise(weights, ["name", "lag"], "weight"),
        "bandit_choices": summarise(choices, ["name", "difference"], "chose"),
        "bandit_reminders": summarise(reminded, ["name", "measure"], "change"),
    }
    return tables, claims(table)


def middle(differences: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """The middle of the bin that each difference lies in, NaN outside."""
    place = np.digitize(differences, BINS) - 1
    inside = (place >= 0) & (place < len(BINS) - 1)
    return np.where(inside, (BINS[:-1] + np.diff(BINS) / 2)[np.clip(place, 0, len(BINS) - 2)], np.nan)


def claims(table: pd.DataFrame) -> list[dict]:
    rows = []
    of = {name: part.set_index("subject") for name, part in table.groupby("name", sort=False)}
    for name, part in of.items():
        reminder = part["reminded of more"] - part["reminded of less"]
        for what, values in (
            ("rate of the weights of past rewards", part["rate"]),
            ("slope of choice on the delta rule's values", part["slope"]),
            ("slope's change with the spread of past rewards", part["slope by spread"]),
            ("choice of the reminded arm, reward above less below its value", reminder),
        ):
            rows.append(claim(f"bandit, {name}: {what}", values))
    sampler, average = (of[name] for name in NAMES)
    for what, column in (("rate", "rate"), ("slope of choice", "slope")):
        less = sampler[column].to_numpy() - average[column].to_numpy()
        rows.append(claim(f"bandit, sampling less rescorla_wagner: {what}", less))
    return rows
