"""Box 2: lengths of walks, expected returns in trees, and after how many walks planning overtakes remembering.

The measures of the drifting bandit are beside its agents, in `box2_bandit`.
"""

import itertools
from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from fastslow.analysis.statistics import summarise
from fastslow.experiments import box2_bandit
from fastslow.experiments.claims import claim, exact, table
from fastslow.experiments.experiment import CLAIMS
from fastslow.records.record import trials
from fastslow.tasks.corridor import Corridor

CORRIDOR = Corridor()
ALPHA = 0.1
"""Learning rate of tabular Q-learning."""
DEPTHS = (2, 3, 4)
NOISES = (0.8, 1.0, 1.3)
"""Standard deviations of what is added to every value that the search comes by; rewards have one of 1."""
CONTROLLERS = ("best", "episodic", *(f"planner_{noise:g}" for noise in NOISES))
"""Who decides in the trees; `best` knows them."""
WALKS = tuple(2**power for power in range(13))
"""Walks known, 1 to 4096."""
PAIRS = tuple(
    (level, before, after)
    for level, values in (("depth", DEPTHS), ("noise", NOISES))
    for before, after in itertools.pairwise(values)
)
LATER = tuple(f"{level} {after:g} less {before:g}" for level, before, after in PAIRS)
EARLY = (4, 16)
"""Walks after which it is early."""
LOWER = "lower end of the interval"
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
            trials(records[record]).assign(depth=depth, name=name)
            for depth, name in itertools.product(DEPTHS, CONTROLLERS)
            if (record := f"trees_{depth}_{name}") in records
        ],
        ignore_index=True,
    )
    draws = crossings_of(trees)
    bandit, told = box2_bandit.measure(records)
    return {
        **bandit,
        "corridor": summarise(walks, ["name", "episode"], "steps"),
        "trees": summarise(trees, ["depth", "name", "walks"], "reward", resamples=1000),
        "crossings": with_intervals(draws, ["depth", "noise"]),
        CLAIMS: pd.concat([claims(walks, trees, later(draws)), table(told)], ignore_index=True),
    }


def crossing(difference: np.ndarray, walks: np.ndarray) -> float:
    """log2 of the walks from which on the planner earns more for good; one more than the last where it never does.

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
    """Cross-over of each planner by depth, as measured (`draw` -1) and in every bootstrap over trees (0, 1, ...):
    depth, noise, draw, log2_walks. Planners of the same depth have the same trees drawn."""
    generator, rows = np.random.default_rng(0), []
    for depth, part in trees.groupby("depth"):
        wide = part.pivot(index="subject", columns=["name", "walks"], values="reward")
        walks, count = wide["episodic"].columns.to_numpy(float), len(wide)
        drawn = [np.arange(count), *generator.integers(0, count, (RESAMPLES, count))]
        for noise in NOISES:
            less = (wide["episodic"] - wide[f"planner_{noise:g}"]).to_numpy()
            for draw, those in enumerate(drawn, -1):
                at = crossing(less[those].mean(axis=0), walks)
                rows.append({"depth": depth, "noise": noise, "draw": draw, "log2_walks": at})
    return pd.DataFrame(rows)


def with_intervals(draws: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """What was measured, with the interval of its bootstraps: columns `by`, log2_walks, low, high."""
    bounds = draws[draws["draw"] >= 0].groupby(by)["log2_walks"].quantile([0.025, 0.975]).unstack()
    measured = draws[draws["draw"] < 0].set_index(by)["log2_walks"]
    return pd.DataFrame({"log2_walks": measured, "low": bounds[0.025], "high": bounds[0.975]}).reset_index()


def later(draws: pd.DataFrame) -> pd.DataFrame:
    """By how many doublings of the walks the cross-over comes later from each depth or noise to the next.

    On average over the other of the two: what (of `LATER`), log2_walks, low, high; no rows about a depth at which
    nobody walked. Of two that lie beyond what was walked it is not known which is the later one: they differ by 0.
    """
    grid = draws.pivot(index="draw", columns=["depth", "noise"], values="log2_walks")
    made = []
    for what, (level, before, after) in zip(LATER, PAIRS, strict=True):
        if {before, after} <= set(grid.columns.get_level_values(level)):
            less = grid.xs(after, axis=1, level=level) - grid.xs(before, axis=1, level=level)
            made.append(less.mean(axis=1).rename("log2_walks").reset_index().assign(what=what))
    return with_intervals(pd.concat(made, ignore_index=True), ["what"])


def claims(walks: pd.DataFrame, trees: pd.DataFrame, moved: pd.DataFrame) -> pd.DataFrame:
    rows = []
    shortest = CORRIDOR.length - 1
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
            rows.append(exact(f"{about}, early, {LOWER}", float(rows[-1]["low"])))
            rows.append(claim(f"{about}, after {less.columns[-1]} walks", less.iloc[:, -1]))
    for row in moved.itertuples():
        about = {"measure": f"cross-over, {row.what}: doublings of walks", "value": row.log2_walks}
        rows.append(about | {"low": row.low, "high": row.high})
    return table(rows)
