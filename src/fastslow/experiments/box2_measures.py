"""Box 2: lengths of walks, expected returns in trees, and after how many walks planning overtakes remembering.

The measures of the drifting bandit are beside its agents, in `box2_bandit`.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from fastslow.analysis.statistics import summarise
from fastslow.experiments import box2_bandit
from fastslow.experiments.claims import claim, exact, table
from fastslow.experiments.experiment import CLAIMS
from fastslow.records.record import trials

ALPHA = 0.1
"""Learning rate of tabular Q-learning."""
DEPTHS = (2, 3, 4)
NOISES = (0.8, 1.0, 1.3)
"""Standard deviations of what is added to every value that the search comes by; rewards have one of 1."""
WALKS = tuple(2**power for power in range(13))
"""Walks known, 1 to 4096."""
BEYOND = float(np.log2(WALKS[-1])) + 1
"""log2 of the walks that stands for a cross-over beyond them."""
EARLY = (4, 16)
"""Walks after which it is early."""
RESAMPLES = 500


def measure(records: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    walks = pd.concat(
        [
            trials(r).assign(name=name.removeprefix("corridor_"))
            for name, r in records.items()
            if "corridor" in name
        ],
        ignore_index=True,
    )
    trees = pd.concat(
        [
            trials(r).assign(depth=int(r.attrs["depth"]), name=name.split("_", 2)[2])
            for name, r in records.items()
            if "trees" in name
        ],
        ignore_index=True,
    )
    crossings = crossings_of(trees)
    bandit, of_bandit = box2_bandit.measure(records)
    return {
        **bandit,
        "corridor": summarise(walks, ["name", "episode"], "steps"),
        "trees": summarise(trees, ["depth", "name", "walks"], "reward", resamples=1000),
        "crossings": crossings,
        CLAIMS: pd.concat([claims(walks, trees, crossings), table(of_bandit)], ignore_index=True),
    }


def crossing(difference: np.ndarray, walks: np.ndarray) -> float:
    """log2 of the walks from which on the planner earns more for good; one more than the last where it never does
    (`BEYOND`, of all `WALKS`).

    `difference` is that of the episodic controller's return less the planner's, by `walks`; between two of them the
    line is straight in log2.
    """
    ahead = np.flatnonzero(difference > 0)
    at = np.log2(walks)
    if not len(ahead):
        return float(at[0])
    last = ahead[-1]
    if last == len(walks) - 1:
        return float(at[-1] + 1)
    before, after = difference[last], difference[last + 1]
    return float(at[last] + (at[last + 1] - at[last]) * before / (before - after))


def crossings_of(trees: pd.DataFrame) -> pd.DataFrame:
    """Cross-over of each planner by depth, with a bootstrap over trees: depth, noise, log2_walks, low, high."""
    generator, rows = np.random.default_rng(0), []
    for depth, part in trees.groupby("depth"):
        wide = part.pivot(index="subject", columns=["name", "walks"], values="reward")
        walks = wide["episodic"].columns.to_numpy(float)
        for noise in NOISES:
            less = (wide["episodic"] - wide[f"planner_{noise:g}"]).to_numpy()
            drawn = generator.integers(0, len(less), (RESAMPLES, len(less)))
            found = [crossing(less[rows].mean(axis=0), walks) for rows in drawn]
            low, high = np.quantile(found, (0.025, 0.975))
            at = crossing(less.mean(axis=0), walks)
            rows.append({"depth": depth, "noise": noise, "log2_walks": at, "low": low, "high": high})
    return pd.DataFrame(rows)


def claims(walks: pd.DataFrame, trees: pd.DataFrame, crossings: pd.DataFrame) -> pd.DataFrame:
    rows = []
    shortest = walks["steps"].min()
    for name, part in walks.groupby("name", sort=False):
        lengths = part.pivot(index="subject", columns="episode", values="steps").to_numpy()
        second = claim(f"corridor, {name}: second walk is the shortest path", lengths[:, 1] == shortest)
        # From which walk on none is longer; all of them where the last one still is.
        longer = lengths > shortest
        before = np.where(longer.any(axis=1), longer.shape[1] - longer[:, ::-1].argmax(axis=1), 0)
        rows += [second, claim(f"corridor, {name}: walks before the path is shortest", before)]
    for depth, part in trees.groupby("depth"):
        wide = part.pivot(index="subject", columns=["name", "walks"], values="reward")
        for noise in NOISES:
            less = wide["episodic"] - wide[f"planner_{noise:g}"]
            about = f"trees of depth {depth}, noise {noise:g}: episodic less planner"
            early = [known for known in less.columns if EARLY[0] <= known <= EARLY[1]]
            rows.append(claim(f"{about}, early", less[early].mean(axis=1)))
            rows.append(claim(f"{about}, after {less.columns[-1]} walks", less.iloc[:, -1]))
    grid = crossings.pivot(index="depth", columns="noise", values="log2_walks").to_numpy()
    for axis, what in ((0, "in deeper trees"), (1, "with more noise")):
        # Of two that lie beyond what was walked it is not known which is the later one.
        first, second = np.delete(grid, -1, axis), np.delete(grid, 0, axis)
        later = (second > first) | ((second == BEYOND) & (first == BEYOND))
        rows.append(exact(f"cross-over: later {what}", float(later.all())))
    return table(rows)
