"""An experiment to copy and fill in: what was published, where, and in one sentence what is claimed.

As it stands: a network trained on correlated arms does better than chance after a few pulls. Run yours by its
place, `fastslow reproduce my_experiment.py:EXPERIMENT --preset smoke`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import xarray as xr
from jaxtyping import Array, Key

from fastslow.agents.agent import Agent
from fastslow.agents.recurrent import RecurrentConfig
from fastslow.agents.uniform import uniform
from fastslow.analysis.regret import cumulative_regret
from fastslow.analysis.statistics import summarise
from fastslow.experiments.claims import claim, table
from fastslow.experiments.experiment import CLAIMS, Condition, Drawing, Expectation, Experiment
from fastslow.figures import panels_bandit, style
from fastslow.records.collect import collect
from fastslow.records.record import trials
from fastslow.tasks.bandit import easy
from fastslow.training.actor_critic import A2CConfig

TASK = easy(pulls=20)


@dataclass(frozen=True)
class MyConfig:
    """How much of it; the presets below are values of this."""

    seeds: int = 8
    """Agents trained from scratch."""
    updates: int = 300
    """Gradient steps."""
    episodes: int = 300
    """Test episodes per agent, weights frozen."""


def conditions(config: MyConfig) -> dict[str, Condition]:
    """What is trained: each condition a run of its own, resumable."""
    return {"agent": Condition(TASK, RecurrentConfig(), A2CConfig(updates=config.updates))}


def simulate(config: MyConfig, trained: dict[str, list[Agent]], key: Key[Array, ""]) -> dict[str, xr.Dataset]:
    """Whose behaviour is recorded: the trained agents, and what they are compared with."""
    players = trained | {"chance": [uniform(TASK)] * config.seeds}
    return {name: collect(agents, TASK, key, config.episodes) for name, agents in players.items()}


def measure(records: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    """Tidy tables, per subject first; compared subjects come as further records."""
    by_seed = pd.concat(
        [cumulative_regret(trials(record)).assign(name=name) for name, record in records.items()],
        ignore_index=True,
    )
    final = by_seed[by_seed["trial"] == TASK.pulls - 1]
    rows = [
        claim(f"{name}: regret", final.loc[final["name"] == name, "regret"].to_numpy()) for name in records
    ]
    return {
        "regret_by_seed": by_seed,
        "regret": summarise(by_seed, ["name", "trial"], "regret"),
        CLAIMS: table(rows),
    }


def draw(tables: Mapping[str, pd.DataFrame]) -> dict[str, Drawing]:
    """Figures, each with the numbers in it."""
    figure, axes = style.figure(1, 1, "single")
    panels_bandit.regret_curves(axes[0, 0], tables["regret"])
    return {"regret": Drawing(figure, tables["regret"])}


EXPERIMENT = Experiment(
    name="my_experiment",
    claim="A network trained on correlated arms finds the better one within an episode.",
    cite=("wang2016",),
    presets={
        "smoke": MyConfig(seeds=2, updates=4, episodes=20),
        "quick": MyConfig(seeds=4, updates=100),
        "laptop": MyConfig(),
        "full": MyConfig(seeds=20, updates=3000),
    },
    conditions=conditions,
    simulate=simulate,
    measure=measure,
    draw=draw,
    # measure, published, what is accepted, where it was published, how sure that number is
    expectations=(
        Expectation("agent: regret", "below chance", high=4.0, where="paper and figure", confidence="text"),
        Expectation(
            "chance: regret", 8.0, 7.5, 8.5, where="arithmetic: 20 pulls x .4", confidence="computed"
        ),
    ),
    departures=("How it is done otherwise than in the paper, a sentence each.",),
)
