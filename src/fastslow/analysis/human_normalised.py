"""Scores of Atari games on a scale that all games share: 0 as a random policy plays, 1 as a person does.

    HNS = (score - random) / (human - random)

Scores of the random policy and of the person: no-op starts, 30 minutes at most (`published.atari_references`).
Normalisations differ in single numbers and so have names: the means and medians over 57 games that Pritzel et al. 2017
print come out of their scores by game only if Video Pinball's random score is 0 (`nec2017`), not 16256.9 (`standard`):
NEC's mean of 99.8 % would be 105.7 %. Games of MinAtar bear the names of Atari's but pay otherwise: for them, `scaled`.
"""

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from fastslow.analysis.published import atari_references
from fastslow.analysis.score_table import known_game, score_table
from fastslow.analysis.statistics import summarise
from fastslow.errors import UserError, check, nearest

NORMALISATIONS: dict[str, dict[str, float]] = {"standard": {}, "nec2017": {"video_pinball": 0.0}}
"""By name, the random scores that differ from the standard ones."""
RAW = "none"
"""The normalisation of scores that are taken as they are."""
WRAPPING = re.compile(r"^ALE/|-v\d+$|(NoFrameskip|Deterministic)(?=-|$)")
"""What emulators write around the name of a game."""


def plain(game: str) -> str:
    """A game's name by its letters and digits alone: Ms Pac-Man, MsPacman and ALE/MsPacman-v5 are the same game."""
    return re.sub(r"[^a-z0-9]", "", WRAPPING.sub("", WRAPPING.sub("", str(game))).lower())


def references(normalisation: str = "standard") -> pd.DataFrame:
    """Random and human score (columns) by game (index), of 57 games."""
    if normalisation not in NORMALISATIONS:
        raise UserError(
            f"There is no normalisation '{normalisation}'{nearest(normalisation, [*NORMALISATIONS, RAW])}"
        )
    table = atari_references().set_index("game").astype(float)
    for game, random in NORMALISATIONS[normalisation].items():
        table.loc[game, "random"] = random
    return table


def human_normalised(scores: pd.DataFrame, normalisation: str = "standard") -> pd.DataFrame:
    """Each score, and where it stands between a random policy and a person.

    **Arguments**: `scores` with columns game, subject, score (raw) and, where there are several, agent and frames;
    games as in Atari, however spelt. `normalisation` standard or nec2017.

    **Returns**: the table, games in one spelling, with the further columns random, human (raw scores) and hns (1 is a
    person's score).

    **Errors**: `UserError` names a game that is none of the 57, with the nearest.
    """
    known = references(normalisation)
    check(
        "game" in scores,
        "The table of scores has no column 'game', so no game's scores to normalise by are known.",
    )
    table, names = score_table(scores), {plain(game): game for game in known.index}
    for game in table["game"].unique():
        if plain(game) not in names:
            known_game(game, list(known.index), f"The normalisation '{normalisation}'")
    # Once more: a game may be there under two spellings, and a run of it twice.
    table = score_table(table.assign(game=table["game"].map(plain).map(names)))
    found = known.loc[table["game"]]
    low, high = found["random"].to_numpy(), found["human"].to_numpy()
    return table.assign(random=low, human=high, hns=(table["score"].to_numpy() - low) / (high - low))


def scaled(scores: pd.DataFrame, low: Mapping[str, float], high: Mapping[str, float]) -> pd.DataFrame:
    """The table of scores with each score set between two of its game's: 0 at `low`, 1 at `high`.

    For games without human scores: a random policy's mean, say, and the best agent's.

    **Errors**: `UserError` for a game that lacks a bound, or whose bounds are alike or not finite.
    """
    table = score_table(scores)
    for name, bounds in (("low", low), ("high", high)):
        for game in table["game"].unique():
            known_game(game, list(bounds), f"'{name}'")
    floor, ceiling = (table["game"].map(dict(bounds)).to_numpy(float) for bounds in (low, high))
    span = ceiling - floor
    bad = ~np.isfinite(span) | (span == 0)
    check(
        not bad.any(),
        f"Game '{table['game'].iloc[int(bad.argmax())]}' has bounds that are alike or not finite, so no score can be "
        "set between them; leave it out.",
    )
    return table.assign(score=(table["score"].to_numpy() - floor) / span)


def normalised(scores: pd.DataFrame, normalisation: str = RAW) -> pd.DataFrame:
    """The checked table, its scores human-normalised by this name or, by `none`, as they are."""
    if normalisation == RAW:
        return score_table(scores)
    table = human_normalised(scores, normalisation)
    return table.assign(score=table["hns"]).drop(columns=["random", "human", "hns"])


def game_means(table: pd.DataFrame) -> pd.DataFrame:
    """Mean human-normalised score over the runs of each agent and game, with its bootstrap interval.

    **Arguments**: `table` from `human_normalised`.

    **Returns**: columns agent, game, frames (where there are), mean, low, high, n (runs), note.
    """
    return summarise(table, ["agent", "game", *(["frames"] if "frames" in table else [])], "hns")
