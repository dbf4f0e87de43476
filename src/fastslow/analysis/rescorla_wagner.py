"""Rescorla-Wagner + softmax fitted by maximum likelihood to blocks of episodes, with BIC comparison.

Does a subject adapt its learning rate to how fast the world changes? Fit the rate block by block and regress
it on the block's volatility. Four models differ in what is free: b {beta}, ab {alpha, beta}, be {beta,
epsilon} and abe {alpha, beta, epsilon}; what is not free is alpha = .5, epsilon = 0.
Wang et al. 2016, section 3.1.4 (restless bandits, Fig. 4); Behrens et al. 2007 for rate against volatility.

    V_a <- V_a + alpha (r - V_a)                                for the chosen arm a
    P(a) = (1 - epsilon) softmax(beta V)_a + epsilon / arms

Not said in the paper, chosen here: values start at .5 (a parameter) at each episode, beta is at most 50, and
episodes left over after the last full block are not fitted.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from scipy.optimize import minimize

from fastslow.analysis.columns import need_columns, numbers, valid_rows
from fastslow.errors import UserError, check, nearest

MODELS: dict[str, tuple[str, ...]] = {
    "b": ("beta",),
    "ab": ("alpha", "beta"),
    "be": ("beta", "epsilon"),
    "abe": ("alpha", "beta", "epsilon"),
}
"""Free parameters of each model; a model stands after those that it contains."""
PARAMETERS = ("alpha", "beta", "epsilon")
BOUNDS = {"alpha": (0.0, 1.0), "beta": (0.0, 50.0), "epsilon": (0.0, 1.0)}
FIXED = {"alpha": 0.5, "epsilon": 0.0}
GRID = {
    "alpha": (0.05, 0.15, 0.3, 0.5, 0.7, 0.9),
    "beta": (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0),
    "epsilon": (0.0, 0.03, 0.1, 0.3),
}
"""Where the search starts: at the grid point of greatest likelihood, block by block."""


class Choices(NamedTuple):
    """Choices and rewards, time first so that a trial is one contiguous slice; padding chooses nothing."""

    chosen: Float[np.ndarray, "trial *block episode arm"]
    """One-hot; all zeros where no valid choice was made (no learning, no likelihood)."""
    rewards: Float[np.ndarray, "trial *block episode"]
    made: Bool[np.ndarray, "trial *block episode"]


def learned_values(
    alpha: float | Float[np.ndarray, "episode 1"], choices: Choices, start: float
) -> tuple[Float[np.ndarray, "trial *block episode arm"], Float[np.ndarray, "trial *block episode arm"]]:
    """Values before each choice and their derivatives by alpha, by one pass over the trials."""
    values, slopes = np.empty_like(choices.chosen), np.empty_like(choices.chosen)
    value, slope = np.full(choices.chosen.shape[1:], start), np.zeros(choices.chosen.shape[1:])
    for t, (chosen, reward) in enumerate(zip(choices.chosen, choices.rewards[..., None], strict=True)):
        values[t], slopes[t] = value, slope
        error = chosen * (reward - value)
        slope = slope + error - alpha * chosen * slope
        value = value + alpha * error
    return values, slopes


def softmax(logits: Float[np.ndarray, "*any arm"]) -> Float[np.ndarray, "*any arm"]:
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def grid_likelihood(choices: Choices, start: float) -> Float[np.ndarray, "block alpha beta epsilon"]:
    """Log likelihood of every block at every grid point."""
    arms = choices.chosen.shape[-1]
    table = np.empty((choices.made.shape[1], *(len(GRID[name]) for name in PARAMETERS)))
    for i, alpha in enumerate(GRID["alpha"]):
        values, _ = learned_values(alpha, choices, start)
        for j, beta in enumerate(GRID["beta"]):
            p = (softmax(beta * values) * choices.chosen).sum(axis=-1)
            for k, epsilon in enumerate(GRID["epsilon"]):
                mixed = np.where(choices.made, (1 - epsilon) * p + epsilon / arms, 1.0)
                table[:, i, j, k] = np.log(mixed).sum(axis=(0, 2))
    return table


def likelihood(
    parameters: dict[str, float], values: np.ndarray, slopes: np.ndarray, choices: Choices
) -> tuple[float, dict[str, float]]:
    """Log likelihood of one block and its gradient, given the values that `parameters["alpha"]` leads to."""
    beta, epsilon, arms = parameters["beta"], parameters["epsilon"], values.shape[-1]
    softened = softmax(beta * values)
    p = (softened * choices.chosen).sum(axis=-1)
    mixed = np.where(choices.made, (1 - epsilon) * p + epsilon / arms, 1.0)
    weight = np.where(choices.made, (1 - epsilon) * p / mixed, 0.0)
    deviation = choices.chosen - softened
    gradient = {
        "alpha": float((weight * beta * (deviation * slopes).sum(axis=-1)).sum()),
        "beta": float((weight * (deviation * values).sum(axis=-1)).sum()),
        "epsilon": float((np.where(choices.made, 1 / arms - p, 0.0) / mixed).sum()),
    }
    return float(np.log(mixed).sum()), gradient


def climb(
    free: tuple[str, ...], at: dict[str, float], choices: Choices, start: float
) -> tuple[dict[str, float], float]:
    """SLSQP from `at` over the `free` parameters: the optimum and its log likelihood.

    Same optima as L-BFGS-B, whose tiny linear algebra wakes a thread on every core and waits for them: on a
    busy machine that made it several times slower.
    """
    known = None if "alpha" in free else learned_values(at["alpha"], choices, start)

    def cost(vector: np.ndarray) -> tuple[float, np.ndarray]:
        here = at | {name: float(value) for name, value in zip(free, vector, strict=True)}
        values, slopes = known or learned_values(here["alpha"], choices, start)
        total, gradient = likelihood(here, values, slopes, choices)
        return -total, -np.array([gradient[name] for name in free])

    found = minimize(
        cost,
        np.array([at[name] for name in free]),
        jac=True,
        method="SLSQP",
        bounds=[BOUNDS[name] for name in free],
        options={"ftol": 1e-9, "maxiter": 200},
    )
    optimum = {name: float(np.clip(value, *BOUNDS[name])) for name, value in zip(free, found.x, strict=True)}
    return at | optimum, -float(found.fun)


def fit_block(
    choices: Choices, grid: Float[np.ndarray, "alpha beta epsilon"], models: Sequence[str], start: float
) -> Iterator[tuple[str, dict[str, float], float]]:
    """Each model's name, parameters and log likelihood for one block (`choices` without the block axis).

    The climb begins at the best grid point, and again from a smaller model's optimum where that is the better
    place, so that a model never fits worse than one it contains.
    """
    done: dict[str, tuple[dict[str, float], float]] = {}
    for model, free in MODELS.items():
        if not any(set(free) <= set(MODELS[asked]) for asked in models):
            continue
        allowed = np.full(grid.shape, True)
        for axis, name in enumerate(PARAMETERS):
            if name not in free:
                shape = [-1 if i == axis else 1 for i in range(3)]
                allowed &= (np.array(GRID[name]) == FIXED[name]).reshape(shape)
        place = np.unravel_index(np.where(allowed, grid, -np.inf).argmax(), grid.shape)
        at = {name: GRID[name][i] for name, i in zip(PARAMETERS, place, strict=True)}
        best = climb(free, at, choices, start)
        for smaller, (parameters, total) in list(done.items()):
            if set(MODELS[smaller]) < set(free) and total > best[1]:
                best = climb(free, parameters, choices, start)
        done[model] = best
        if model in models:
            yield model, *best


def fit_blocks(
    trials: pd.DataFrame,
    condition: str | None = None,
    episodes_per_block: int = 10,
    models: Sequence[str] = tuple(MODELS),
    arms: int = 2,
    initial_value: float = 0.5,
    volatility: str | None = None,
) -> pd.DataFrame:
    """Fit every model to every block of every subject: one row per subject, condition, block and model.

    **Arguments**: `trials` with columns subject, episode, trial, action (0 to arms - 1), reward and, where
    some choices are missing, valid; `condition` the column that tells episodes of different types apart
    (None: one type); `volatility` a column whose mean over the block's trials is reported as `sigma`.

    **Returns**: columns subject, condition, block, model, alpha, beta, epsilon, log_likelihood (nats), bic
    (k ln n - 2 log likelihood, n = valid choices), n and, where asked for, sigma.
    """
    for model in models:
        if model not in MODELS:
            raise UserError(f"There is no Rescorla-Wagner model '{model}'{nearest(model, MODELS)}")
    check(episodes_per_block >= 1, f"episodes_per_block is {episodes_per_block}; give 1 or more.")
    used = ["subject", "episode", "trial", "action", "reward"]
    need_columns(trials, [*used, *(name for name in (condition, volatility) if name)], "trial table")
    keys, choices = blocks_of(trials, condition, episodes_per_block, arms, volatility)
    grids = grid_likelihood(choices, initial_value)
    rows = []
    for i, key in enumerate(keys):
        block = Choices(*(part[:, i] for part in choices))
        n = int(block.made.sum())
        for model, parameters, total in fit_block(block, grids[i], models, initial_value):
            bic = len(MODELS[model]) * np.log(n) - 2 * total
            rows.append(key | {"model": model} | parameters | {"log_likelihood": total, "bic": bic, "n": n})
    first = ["subject", "condition", "block", "model", *PARAMETERS, "log_likelihood", "bic", "n"]
    return pd.DataFrame(rows)[first + (["sigma"] if volatility else [])]


def blocks_of(
    trials: pd.DataFrame, condition: str | None, size: int, arms: int, volatility: str | None
) -> tuple[list[dict], Choices]:
    """The blocks' names and their choices as [trial, block, episode (, arm)]."""
    frame = trials.assign(condition="all" if condition is None else trials[condition])
    longest = int(frame.groupby(["subject", "condition", "episode"]).size().max())
    keys, blocks = [], []
    for (subject, name), episodes in frame.groupby(["subject", "condition"], sort=True):
        numbered = list(episodes.sort_values(["episode", "trial"]).groupby("episode"))
        for block in range(len(numbered) // size):
            members = [rows for _, rows in numbered[block * size : (block + 1) * size]]
            key = {"subject": subject, "condition": name, "block": block}
            if volatility:
                key["sigma"] = float(numbers(pd.concat(members), volatility, "trial table").mean())
            keys.append(key)
            blocks.append(block_arrays(members, longest, arms, f"{subject}, {name}, block {block}"))
    check(
        bool(keys),
        f"No subject has {size} episodes of one type, so there is no block to fit; give more episodes or "
        "lower episodes_per_block.",
    )
    return keys, Choices(*(np.stack(parts, axis=1) for parts in zip(*blocks, strict=True)))


def block_arrays(
    members: list[pd.DataFrame], longest: int, arms: int, where: str, in_place: bool = False
) -> Choices:
    """The episodes side by side; a missed trial is left out, or leaves its place empty (`in_place`)."""
    actions, rewards = np.full((longest, len(members)), -1), np.zeros((longest, len(members)))
    for i, rows in enumerate(members):
        rows = valid_rows(rows.reset_index(drop=True))
        rows = rows[numbers(rows, "action", f"trial table ({where})") >= 0]
        at = rows.index if in_place else np.arange(len(rows))
        actions[at, i] = rows["action"]
        rewards[at, i] = numbers(rows, "reward", f"trial table ({where})")
    highest = int(actions.max())
    check(
        highest < arms,
        f"Action {highest} in {where} is outside 0 to {arms - 1}; give arms = {highest + 1} or more.",
    )
    check(highest >= 0, f"There is no valid choice in {where}; leave this block out.")
    chosen = (actions[..., None] == np.arange(arms)).astype(float)
    return Choices(chosen, rewards, actions >= 0)
