"""The contextual water maze: who recalls where the platform was swims straight to it when the pool comes back.

Ritter et al. 2018: pools known by their barcodes, a hidden platform in each. An LSTM has to search each pool anew; one
whose past cell states are reinstated has found a platform once and for all. Beside them the trained agents with recall
ablated, newborn twins, and the ideal swimmer with and without a memory.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import jax
import pandas as pd
import xarray as xr
from jaxtyping import Array, Key

from fastslow.agents import ep_recurrent
from fastslow.agents.agent import Agent
from fastslow.agents.ep_recurrent import EpRecurrentConfig, ablated
from fastslow.agents.recalling import recalling
from fastslow.analysis.exposures import retrieval
from fastslow.analysis.navigation import return_paths
from fastslow.analysis.statistics import summarise
from fastslow.experiments.claims import claim, table
from fastslow.experiments.experiment import CLAIMS, Condition, Drawing, Expectation, Experiment, newborns
from fastslow.figures import panels_maze, style
from fastslow.records.collect import collect
from fastslow.records.record import trials
from fastslow.tasks.recurring import Recurring
from fastslow.tasks.water_maze import contextual_water_maze
from fastslow.training.actor_critic import A2CConfig

AGENT = EpRecurrentConfig(units=64, span=20)
AGENTS = {"ep_lstm": AGENT, "lstm": replace(AGENT, recall="none", restart=False)}
"""Who is trained; the activity of `lstm` goes on over the episode."""
TRAINED_EXPOSURES = 4
"""In training pools come back less often than in the test, so that unknown ones are not rare."""
# Tuned on seeds 100 and 101: two exposures of each lane in a batch, so that there are many updates; with gamma .9 paths
# are less straight, with 48 units too.
TRAINER = A2CConfig(lanes=64, unroll=42, gamma=0.7, entropy_weight=0.02, final_entropy_weight=0.0)
SECOND = "path over the direct path, exposure 2, platform found at exposure 1"


@dataclass(frozen=True)
class EpisodicWaterMazeConfig:
    """How much of it."""

    seeds: int = 8
    updates: int = 8000
    """Gradient steps, two exposures of each of 64 lanes."""
    episodes: int = 30
    """Test episodes per agent, of ten pools met ten times."""
    units: int = 64
    """Recurrent units."""
    side: int = 5
    """Cells along each side of a pool (Ritter 2018: about 8)."""


def task_of(config: EpisodicWaterMazeConfig, exposures: int = 10) -> Recurring:
    return contextual_water_maze(config.side, exposures=exposures)


def conditions(config: EpisodicWaterMazeConfig) -> dict[str, Condition]:
    task, trainer = task_of(config, TRAINED_EXPOSURES), replace(TRAINER, updates=config.updates)
    return {
        name: Condition(task, replace(agent, units=config.units), trainer, ep_recurrent.make)
        for name, agent in AGENTS.items()
    }


def simulate(
    config: EpisodicWaterMazeConfig, trained: dict[str, list[Agent]], key: Key[Array, ""]
) -> dict[str, xr.Dataset]:
    """All on the same pools, networks with what they recalled."""
    test_key, birth_key = jax.random.split(key)
    task = task_of(config)
    newborn = newborns(task, replace(AGENT, units=config.units), birth_key, config.seeds, ep_recurrent.make)
    players = {
        "ep_lstm": trained["ep_lstm"],
        "lstm": trained["lstm"],
        "ablated": [ablated(agent) for agent in trained["ep_lstm"]],
        "untrained": newborn,
        "observer": [recalling(task)] * config.seeds,
        "observer_no_memory": [recalling(task, remembers=False)] * config.seeds,
    }
    signals = {"ep_lstm": ("gate", "recalled", "recalled_similarity")}
    return {
        name: collect(agents, task, test_key, config.episodes, signals=signals.get(name, ()))
        for name, agents in players.items()
    }


def measure(records: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    swims = {name: trials(record) for name, record in records.items()}
    paths = pd.concat(
        [return_paths(rows).assign(name=name) for name, rows in swims.items()], ignore_index=True
    )
    reached = pd.concat(
        [platforms(rows).assign(name=name) for name, rows in swims.items()], ignore_index=True
    )
    recalled = retrieval(swims["ep_lstm"])
    keys = ["name", "exposure"]
    return {
        "paths_by_seed": paths,
        "paths": summarise(paths, keys, "ratio"),
        "found": summarise(paths, keys, "found"),
        "platforms_by_seed": reached,
        "platforms": summarise(reached, keys, "platforms"),
        "retrieval": recalled,
        CLAIMS: claims(paths, reached, recalled),
    }


def platforms(rows: pd.DataFrame) -> pd.DataFrame:
    """How often the platform was reached in an exposure, on average, known or not: subject, exposure, platforms."""
    each = rows.groupby(["subject", "episode", "context", "exposure"], sort=False)["found"].sum()
    means = each.groupby(["subject", "exposure"], sort=False).mean()
    return means.reset_index(name="platforms").sort_values("exposure", kind="stable", ignore_index=True)


def claims(paths: pd.DataFrame, reached: pd.DataFrame, recalled: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for exposure, what in (
        (2, SECOND),
        (10, "path over the direct path, exposure 10, platform found before"),
    ):
        at = paths[paths["exposure"] == exposure]
        rows += [claim(f"{name}: {what}", each["ratio"]) for name, each in at.groupby("name", sort=False)]
    for exposure in (1, 10):
        at = reached[reached["exposure"] == exposure]
        rows += [
            claim(f"{name}: platforms reached at exposure {exposure}", each["platforms"])
            for name, each in at.groupby("name", sort=False)
        ]
    rows.append(claim("ep_lstm: recalled what was stored under this barcode", recalled["right"]))
    return table(rows)


@style.panel
def draw(tables: Mapping[str, pd.DataFrame]) -> dict[str, Drawing]:
    figure, ((left, right),) = style.figure(2, height=76)
    paths, reached = tables["paths"], tables["platforms"]
    panels_maze.by_exposure(left, paths, "first path over the direct path", level=1)
    panels_maze.by_exposure(right, reached, "platforms reached in the exposure")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return {"episodic_water_maze": Drawing(figure, {"paths": paths, "platforms": reached})}


SOURCE = "Ritter 2018, contextual water maze"
OURS = "ours"
EXPERIMENT = Experiment(
    name="episodic_water_maze",
    claim=(
        "A recurrent network whose past cell states are reinstated swims straight to a platform that it once found in "
        "this pool, while one without recall searches again."
    ),
    cite=("ritter2018", "botvinick2019"),
    presets={
        "smoke": EpisodicWaterMazeConfig(2, 2, 2, units=8),
        "quick": EpisodicWaterMazeConfig(2, 8000, 20),
        "laptop": EpisodicWaterMazeConfig(),
        "full": EpisodicWaterMazeConfig(20, 100_000, 100, units=256, side=8),
    },
    conditions=conditions,
    simulate=simulate,
    measure=measure,
    draw=draw,
    expectations=(
        Expectation(
            f"ep_lstm: {SECOND}", "direct", high=1.15, where=SOURCE, confidence="text", note="1: straight"
        ),
        Expectation(
            f"lstm: {SECOND}",
            "searches again",
            low=1.15,
            where=SOURCE,
            confidence="text",
            note="at least: swims are cut off",
        ),
        Expectation(f"ablated: {SECOND}", "searches again", low=1.15, where=OURS, note="r_t = 0 at test"),
        Expectation(f"untrained: {SECOND}", "random", low=1.15, where=OURS),
        Expectation(f"observer: {SECOND}", 1.0, 1.0, 1.0, OURS, "computed"),
        Expectation(f"observer_no_memory: {SECOND}", "searches again", low=1.15, where=OURS),
        Expectation("ep_lstm: path over the direct path, exposure 10, platform found before", "", where=OURS),
        *(
            Expectation(f"{name}: platforms reached at exposure {exposure}", "", where=OURS)
            for exposure in (1, 10)
            for name in ("ep_lstm", "lstm", "observer")
        ),
    ),
    departures=(
        "Pools of 5 x 5 cells, not about 8 x 8, where as much training learns to search and hardly to return; 20 "
        "actions at each exposure in both.",
        "A2C in 64 synchronous lanes with Adam, an update every two exposures; 64 units, not 256, whose gates begin "
        "with time constants spread over 20 steps; four exposures of each pool in training, ten at test.",
        "The future ends with each exposure (discount 0), and so does the activity but for the agent `lstm`.",
    ),
)
