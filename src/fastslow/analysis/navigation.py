"""Navigation: does whoever has found a place once get there sooner the next time?

Per subject, over its episodes (each a maze, or a place of the goal), walk by walk. Walks that were cut off at the
limit count with the actions taken. Duan et al. 2016 (Table 3: lengths by episode, and the part of the mazes in which
the second is no longer than the first); Wang et al. 2016 (section 3.2, one-shot navigation); Ritter et al. 2018
(mazes that come back within an episode).
"""

import math
from collections.abc import Sequence

import pandas as pd

from fastslow.analysis.columns import need_columns, numbers, trial_numbers, valid_rows
from fastslow.errors import check

TABLE = "trial table"
MEASURES = ("steps", "found", "shortest")


def walks(trials: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The valid rows, numbered afresh, of a table that has the needed columns, their numbers checked."""
    need_columns(trials, ["subject", "trial", *by, "steps"], TABLE)
    rows = valid_rows(trials).reset_index(drop=True)
    check(len(rows) > 0, "The trial table has no valid trial; check the column 'valid'.")
    return rows.assign(trial=trial_numbers(rows, TABLE), steps=numbers(rows, "steps", TABLE))


def walk_lengths(trials: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Mean length and success of each walk in its order within the episode.

    **Arguments**: `trials` with columns subject, trial, steps (actions taken) and, where known, found (0 or 1) and
    shortest (actions on the shortest path); `by` columns to keep apart, such as the size of the maze.

    **Returns**: columns subject, those of `by`, trial, steps, found and shortest where given, and episodes.
    """
    rows = walks(trials, by)
    measured = [name for name in MEASURES if name in rows]
    values = pd.DataFrame({name: numbers(rows, name, TABLE) for name in measured})
    keys = ["subject", *by, "trial"]
    grouped = values.groupby([rows[key] for key in keys], sort=False)
    table = grouped.mean().assign(episodes=grouped.size()).reset_index()
    ranks = pd.DataFrame({key: pd.factorize(table[key])[0] for key in keys[:-1]} | {"trial": table["trial"]})
    return table.loc[ranks.sort_values(keys).index].reset_index(drop=True)


def walk_savings(trials: pd.DataFrame, by: Sequence[str] = (), last: int = 1) -> pd.DataFrame:
    """How much shorter later walks are than the first.

    **Arguments**: as `walk_lengths`, with column episode (0 unless given); `last` number of the last walk that
    counts as later, from 1 (1: the second walk alone).

    **Returns**: columns subject, those of `by`, first and later (mean actions), ratio (later / first; 1: nothing was
    learned), improved (part of the episodes whose second walk was no longer than the first) and episodes; where there
    is a column found, also found_ratio: the same of walks that reached the target, as in the paper's table (NaN, and
    said in the column note, where none did).

    **Errors**: `UserError` where a subject has no first walk, or no second.
    """
    check(last >= 1, f"last is {last}, but it must be at least 1: the second walk has number 1.")
    keys = ["subject", *by]
    rows = walks(trials, by)
    if "episode" not in rows:
        rows["episode"] = 0
    table = []
    for key, group in rows.groupby(keys, sort=False):
        wide = group.pivot_table("steps", "episode", "trial")
        check(
            {0, 1} <= set(wide.columns),
            f"Subject '{key[0]}' has no walks number 0 and 1 in one table; give episodes of at least two walks.",
        )
        wide = wide.dropna(subset=[0, 1])
        check(
            len(wide) > 0,
            f"No episode of subject '{key[0]}' has both a first and a second walk; give one that has.",
        )
        later = [number for number in wide.columns if 1 <= number <= last]
        first, rest = float(wide[0].mean()), float(wide[later].mean(axis=1).mean())
        check(first > 0, f"The first walks of subject '{key[0]}' have no actions; leave them out.")
        measured = {"first": first, "later": rest, "ratio": rest / first}
        measured |= {"improved": float((wide[1] <= wide[0]).mean()), "episodes": len(wide)}
        if "found" in group:
            measured |= of_those_found(group, later)
        table.append(dict(zip(keys, key, strict=True)) | measured)
    return pd.DataFrame(table)


def of_those_found(group: pd.DataFrame, later: Sequence[int]) -> dict[str, float | str]:
    """`found_ratio` and `note` of one subject's walks."""
    reached = group[numbers(group, "found", TABLE) > 0]
    first = reached.loc[reached["trial"] == 0, "steps"]
    rest = reached.loc[reached["trial"].isin(later), "steps"]
    if not len(first) or not len(rest):
        return {"found_ratio": math.nan, "note": "no target found in the first or in the later walks"}
    return {"found_ratio": float(rest.mean() / first.mean()), "note": ""}


def return_paths(trials: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """How long the first walk is each time that a maze is met again: does whoever knew the target go straight to it?

    Counted are the first walks of each exposure, from the second on in those mazes alone whose target had been found at
    an earlier exposure; at the first exposure all, for nobody can know the target there. Walks that were cut off count
    with the actions taken, so that the ratio of those who get lost is at least what is given.

    **Arguments**: `trials` with columns subject, episode, context (the maze), exposure (1 for the first),
    exposure_trial (0 for the first walk), steps, found and shortest; `by` columns to keep apart.

    **Returns**: columns subject, those of `by`, exposure, steps and shortest (means), ratio (of these; 1: straight),
    found and walks. An exposure at which no target was known is not there.

    **Errors**: `UserError` where a maze has no first walk, or shortest is 0.
    """
    keys = ["subject", *by]
    maze = [*keys, "episode", "context"]
    needed = [*maze, "exposure", "exposure_trial", "steps", "found", "shortest"]
    need_columns(trials, needed, TABLE)
    rows = valid_rows(trials)[needed].reset_index(drop=True)
    check(len(rows) > 0, "The trial table has no valid trial; check the column 'valid'.")
    rows = rows.assign(**{name: numbers(rows, name, TABLE) for name in needed[len(maze) :]})
    check(
        bool((rows["shortest"] > 0).all()),
        "A walk has a shortest path of 0; leave out those that begin at the target.",
    )
    found = rows.groupby([*maze, "exposure"], sort=False)["found"].max().reset_index().sort_values("exposure")
    reached = found.groupby(maze, sort=False)["found"]
    found["known"] = (reached.cummax().groupby([found[key] for key in maze]).shift(1, fill_value=0) > 0) | (
        found["exposure"] == 1
    )
    first = rows[rows["exposure_trial"] == 0].merge(found.drop(columns="found"), on=[*maze, "exposure"])
    kept = first[first["known"]].assign(exposure=first["exposure"].astype(int), walks=1)
    check(
        len(kept) > 0,
        "The trial table has no first walk (exposure_trial 0) of an exposure whose target was known.",
    )
    measures = {name: (name, "mean") for name in ("steps", "shortest", "found")} | {
        "walks": ("walks", "size")
    }
    table = kept.groupby([*keys, "exposure"], sort=False).agg(**measures).reset_index()
    table.insert(len(keys) + 3, "ratio", table["steps"] / table["shortest"])
    return table.sort_values("exposure", kind="stable", ignore_index=True)
