"""Tables of scores: a row per run of an agent on a game, and maybe per checkpoint of it, and the matrices in them.

The columns are subject (the run, such as its seed) and score, and where there is more than one of them agent, game
and frames (how much experience the score came after; emulator frames in Atari, steps elsewhere).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float

from fastslow.analysis.columns import need_columns, numbers
from fastslow.errors import UserError, check, nearest

TABLE = "table of scores"
ALONE = {"agent": "all", "game": "game"}
"""What the agent and the game are called in a table that has no such column."""


def score_table(scores: pd.DataFrame) -> pd.DataFrame:
    """The table with agent and game in it, refused where a score would be counted twice or not at all.

    **Errors**: `UserError` for a missing column or label, a number that is not finite, or a run that is there twice.
    """
    need_columns(scores, ["subject", "score"], TABLE)
    table = scores.reset_index(drop=True)
    table = table.assign(**{name: word for name, word in ALONE.items() if name not in table})
    for name in ("agent", "game", "subject"):
        blank = table[name].isna()
        check(
            not blank.any(), f"Column '{name}' of the {TABLE} is empty in row {blank.argmax()}; fill it in."
        )
        table[name] = table[name].astype(str)
    for name in (name for name in ("score", "frames") if name in table):
        table[name] = numbers(table, name, TABLE)
    if "frames" in table:
        check(
            bool((table["frames"] >= 0).all()),
            f"Column 'frames' of the {TABLE} has numbers below 0; mend it.",
        )
    keys = ["agent", "game", "subject", *(["frames"] if "frames" in table else [])]
    again = table.duplicated(keys)
    if again.any():
        row = table.loc[again].iloc[0]
        place = f" after {row['frames']:g} frames" if "frames" in table else ""
        raise UserError(
            f"Run '{row['subject']}' of '{row['agent']}' has more than one score of '{row['game']}'{place}; keep one, "
            "or tell checkpoints apart by a column 'frames'."
        )
    return table


def at_checkpoint(table: pd.DataFrame, frames: float | int | None = None) -> pd.DataFrame:
    """The scores after so many frames, or at the last checkpoint that all agents have.

    **Errors**: `UserError` where an agent has no score there, or no checkpoint is common to all.
    """
    if "frames" not in table:
        check(frames is None, f"The {TABLE} has no column 'frames', so leave out frames={frames}.")
        return table
    agents = table.groupby("frames")["agent"].nunique()
    common = agents.index[agents == table["agent"].nunique()]
    check(len(common) > 0, "The agents have no checkpoint in common; compare them after as many frames.")
    chosen = common.max() if frames is None else frames
    if chosen not in common:
        near = min(common, key=lambda one: abs(one - chosen))
        raise UserError(
            f"Not all agents have a score after {chosen:g} frames; the nearest they have is {near:g}."
        )
    return table[table["frames"] == chosen]


def by_checkpoint(table: pd.DataFrame) -> list[pd.DataFrame]:
    """The parts of a table by frames, in order; one part where there are no frames."""
    return [part for _, part in table.groupby("frames")] if "frames" in table else [table]


def place_of(table: pd.DataFrame) -> dict[str, float]:
    """The frames of a table at one checkpoint, as a column to be."""
    return {"frames": table["frames"].iloc[0]} if "frames" in table else {}


def matrices(table: pd.DataFrame, games: Sequence[str]) -> dict[str, Float[np.ndarray, "runs games"]]:
    """The scores of each agent at one checkpoint as a matrix of runs by games.

    **Errors**: `UserError` where an agent lacks one of the games, or has more runs of one than of another: an aggregate
    would then weigh games unequally.
    """
    after = "".join(f" after {frames:g} frames" for frames in place_of(table).values())
    made = {}
    for agent, rows in table.groupby("agent", sort=False):
        counted = rows["game"].value_counts()
        runs = {game: int(counted.get(game, 0)) for game in games}
        most, least = max(runs, key=runs.__getitem__), min(runs, key=runs.__getitem__)
        check(
            runs[least] > 0,
            f"Agent '{agent}' has no score of '{least}'{after}; every agent needs every game, at each checkpoint.",
        )
        check(
            runs[least] == runs[most],
            f"Agent '{agent}' has {runs[most]} runs of '{most}' but {runs[least]} of '{least}'{after}; an aggregate "
            "needs as many of each, so leave out the others or the game.",
        )
        columns = [rows.loc[rows["game"] == game, "score"].to_numpy(float) for game in games]
        made[agent] = np.stack(columns, axis=1)
    return made


def games_of(table: pd.DataFrame) -> list[str]:
    """The games of a table, in the order of their names, which is that of a matrix's columns."""
    return sorted(table["game"].unique())


def known_game(game: str, known: Sequence[str], what: str) -> None:
    """`UserError` with the nearest name where there is no such game among `known`, the games of `what`."""
    if game not in known:
        raise UserError(f"{what} has no game '{game}'{nearest(game, known)}")
