"""Fast learning needs slow learning: a memory is worth what its embedding is, and that must be learned slowly.

The review's central claim (Botvinick et al. 2019, Box 2), after the step from Blundell et al. 2016 to Pritzel et al.
2017: neural episodic control with its embedding left at random, learned slowly, and learned a hundred times faster; and
a Q-network of the same size in place of the memory, with returns of as many steps. Noise is added to every picture of
the game, so that few pixels decide: on the plain ones, of 10 x 10 places, states that are alike look alike, and an
embedding at random was found no worse than one that learns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import pandas as pd
import xarray as xr

from fastslow.analysis.statistics import summarise
from fastslow.experiments import curves
from fastslow.experiments.claims import claim, exact, table
from fastslow.experiments.experiment import CLAIMS, Condition, Drawing, Expectation, Experiment
from fastslow.experiments.minatar import CAPACITY, NEC, played
from fastslow.figures import panels_scores, style

FASTER = 100
RATE = 2e-4
"""Step size of what learns slowly."""
CHECKPOINTS = 10
EARLY = 0.2
"""Of a life: its first fifth."""
PLAYERS = ("slow", "frozen", "too_fast", "no_memory", "random")
"""In the order in which they are shown."""


@dataclass(frozen=True)
class FastSlowConfig:
    """How much of it."""

    seeds: int = 8
    """Lives of each agent."""
    steps: int = 40_000
    """Steps of a life."""
    game: str = "breakout"
    """Of MinAtar."""
    capacity: int = CAPACITY
    """Entries per action."""
    noise: float = 0.1
    """Of the places of a channel that tells nothing, the share lit at every step."""


def conditions(config: FastSlowConfig) -> dict[str, Condition]:
    """The memory with three embeddings, and a Q-network without a memory.

    All is decided by similarity: a state that was met before is read by its neighbours like any other.
    """
    life = partial(played, game=config.game, steps=config.steps, capacity=config.capacity, noise=config.noise)
    memory = partial(life, "nec", exact=False, leave_out=True)
    return {
        "slow": memory(learning_rate=RATE),
        "frozen": memory(learning_rate=0.0),
        "too_fast": memory(learning_rate=FASTER * RATE),
        "no_memory": life("dqn", features=NEC.features, horizon=NEC.horizon),
        "random": life("random"),
    }


def measure(records: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    scores = pd.concat(
        [curves.scores(record, CHECKPOINTS).assign(name=name) for name, _, record in curves.players(records)],
        ignore_index=True,
    )
    half = scores[scores["frames"] > scores["frames"].max() / 2]
    late = half.groupby(["subject", "name"])["score"].mean().unstack("name")[list(PLAYERS)]
    first = scores[scores["frames"] <= EARLY * scores["frames"].max()]
    early = first.groupby(["subject", "name"])["score"].mean().unstack("name")[list(PLAYERS)]
    curve = summarise(scores, ["name", "frames"], "score")
    return {"scores": scores, "curves": curve, CLAIMS: claims(early, late)}


def claims(early: pd.DataFrame, late: pd.DataFrame) -> pd.DataFrame:
    """Both hold scores, a row per seed: of the first part of life (`EARLY`) and of its second half."""
    rows = [claim(f"{name}: score", late[name]) for name in late]
    rows += [claim(f"{name}: score in the first fifth of life", early[name]) for name in early]
    for other in ("frozen", "no_memory", "too_fast"):
        less = claim(f"slow less {other}: score", late["slow"] - late[other])
        rows += [less, exact(f"slow less {other}: lower end of the interval", float(less["low"]))]
    return table(rows)


@style.panel
def draw(tables: Mapping[str, pd.DataFrame]) -> dict[str, Drawing]:
    figure, axes = style.figure(2, 1, height=62)
    shown = tables["curves"]
    # Panel b names the lines.
    panels_scores.score_curves(axes[0, 0], shown, "score", legend=False)
    axes[0, 0].set_xlabel("steps")
    late = tables[CLAIMS][tables[CLAIMS]["measure"].str.endswith(": score")]
    late = late[~late["measure"].str.contains(" less ")]
    late = late.assign(name=late["measure"].str.removesuffix(": score")).rename(columns={"value": "mean"})
    panels_scores.interval_rows(axes[0, 1], late, "score in the second half of life")
    return {"fast_needs_slow": Drawing(figure, {"curves": shown, "late": late})}


REVIEW = "the review, Box 2"
EXPERIMENT = Experiment(
    name="fast_needs_slow",
    claim=(
        "Where few pixels decide, a memory that learns fast needs an embedding that is learned slowly: left at random "
        "or learned too fast it is worth less; and in the end it is worth more than a network of the same size without "
        "a memory."
    ),
    cite=("botvinick2019", "pritzel2017", "blundell2016", "goldberger2004"),
    presets={
        "smoke": FastSlowConfig(2, 1600, capacity=200),
        "quick": FastSlowConfig(2, 20_000),
        "laptop": FastSlowConfig(),
        "full": FastSlowConfig(10, 200_000),
    },
    conditions=conditions,
    simulate=curves.lived_already,
    measure=measure,
    draw=draw,
    expectations=(
        *(
            Expectation(
                f"slow less {other}: lower end of the interval",
                "above 0",
                low=0.0,
                where=REVIEW,
                confidence="text",
            )
            for other in ("frozen", "no_memory", "too_fast")
        ),
        *(
            Expectation(f"{name}: {what}", "not published", where=REVIEW, note="reported")
            for what in ("score", "score in the first fifth of life")
            for name in PLAYERS
        ),
    ),
    departures=(
        "MinAtar in place of Atari, with a channel of noise: on plain screens we found no difference.",
        "NEC learns from states valued without their own entries (Goldberger 2004; published: with them). With them, "
        "on seeds 100 and 101, the embedding that learned was worth less than the one at random.",
        "Without memory the same layers end in a rectifier and a value per action, and learn by double Q-learning "
        "(Adam at 1e-3).",
        "NEC: alpha .5, returns of 25 steps, Adam at 2e-4 instead of RMSProp, keys of 32, 8,192 entries per action.",
    ),
)
