"""Published scores of Atari games, each once, as data: what others' agents scored, and what a person does.

The figures of the cited papers and logs, as CSV files beside this one; `TABLES` says of each where it was read and how
sure that is. Unlike the numbers in experiments' expectations they are no targets but material: for normalising
scores, for curves to be compared with, and for testing that aggregates come out as published.
"""

from importlib.resources import files
from typing import NamedTuple

import pandas as pd

from fastslow.errors import UserError, nearest


class Source(NamedTuple):
    """A published table: its file, what it says, and where that was read."""

    file: str
    what: str
    cite: str
    where: str
    confidence: str
    """read: in the paper or its authors' own code; computed: from the authors' public data."""
    frames: int | None = None
    """Emulator frames after which the scores were taken, where all are alike."""


REFERENCES = Source(
    "atari_references.csv",
    "scores of a random policy and of a person in 57 games, no-op starts",
    "quan2020 pritzel2017",
    "the reference scores in DQN Zoo; the 57 games of Neural Episodic Control's table of scores",
    "read",
)
TABLES = {
    "nec_10m": Source(
        "nec_10m.csv",
        "mean scores of seven agents in 57 games after 10 million frames, 5 runs of NEC and MFEC",
        "pritzel2017",
        "its table of scores by game",
        "read",
        10_000_000,
    ),
    "atari_100k": Source(
        "atari_100k.csv",
        "mean scores of four agents in the 26 games of Atari 100k, 5 runs of SimPLe and DER, 100 of the others",
        "agarwal2021 kaiser2020 vanhasselt2019 yarats2021 schwarzer2021",
        "SimPLe, DrQ(eps) and SPR: means of the public scores of single runs; DER: the table in SPR's code",
        "computed (DER: read)",
        400_000,
    ),
    "dopamine": Source(
        "dopamine.csv",
        "mean scores of training episodes of six agents in the seven games whose curves NEC's paper shows, 5 runs",
        "castro2018",
        "Dopamine's public logs (sticky actions), at eight checkpoints",
        "computed",
    ),
}
AGGREGATES = {
    "nec_10m": Source(
        "nec_aggregates.csv",
        "median and mean of human-normalised scores (per cent) over 57 games, seven agents, 1 to 40 million frames",
        "pritzel2017",
        "its tables of medians and of means; Video Pinball's random score taken as 0",
        "read",
    ),
    "atari_100k": Source(
        "atari_100k_aggregates.csv",
        "mean, median and interquartile mean over 26 games; the last is of single runs, so the table lacks it",
        "agarwal2021 vanhasselt2019",
        "computed from the public scores of single runs; DER: as its authors report it",
        "computed (DER: read)",
        400_000,
    ),
}


def read(source: Source) -> pd.DataFrame:
    """The file of a source as it stands."""
    with files(__name__).joinpath(source.file).open() as file:
        return pd.read_csv(file)


def source_of(name: str, known: dict[str, Source]) -> Source:
    """The source of this name; `UserError` with the nearest where there is none."""
    if name not in known:
        raise UserError(f"There is no published table '{name}'{nearest(name, known)}")
    return known[name]


def atari_references() -> pd.DataFrame:
    """Columns game, random, human: 57 games, in their raw scores."""
    return read(REFERENCES)


def published_scores(name: str) -> pd.DataFrame:
    """The scores of a table of `TABLES`: columns agent, game, frames, subject ("published"), score (raw).

    They are means over runs, one per agent and game, so they have no interval.
    """
    source = source_of(name, TABLES)
    table = read(source)
    if source.frames is None:
        long = table.melt(["game", "agent"], var_name="frames", value_name="score")
        long["frames"] = long["frames"].astype(int)
    else:
        long = table.melt("game", var_name="agent", value_name="score").assign(frames=source.frames)
    long["score"] = long["score"].astype(float)
    return long.assign(subject="published")[["agent", "game", "frames", "subject", "score"]]


def published_aggregates(name: str) -> pd.DataFrame:
    """The printed aggregates of `AGGREGATES`: columns agent, frames, measure, value (of `nec_10m` in per cent)."""
    source = source_of(name, AGGREGATES)
    table = read(source)
    if source.frames is not None:
        table = table.assign(frames=source.frames)
    long = table.melt(["measure", "frames"], var_name="agent", value_name="value").dropna(ignore_index=True)
    return long[["agent", "frames", "measure", "value"]]
