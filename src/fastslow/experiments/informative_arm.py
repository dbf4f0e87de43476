"""The informative arm: an agent learns to pay for knowledge.

Wang et al. 2016, section 3.1.3 (Fig. 3): of eleven arms one pays 5, nine pay 1, and the last pays little but tells
which one it is. Pulling it once and then exploiting earns 20.55 in five pulls; searching earns 11.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import jax
import pandas as pd
import xarray as xr
from jaxtyping import Array, Key

from fastslow.agents.agent import Agent
from fastslow.agents.informed import informed, searcher
from fastslow.agents.recurrent import RecurrentConfig
from fastslow.agents.uniform import uniform
from fastslow.analysis.statistics import summarise
from fastslow.experiments.claims import claim, table
from fastslow.experiments.experiment import CLAIMS, Condition, Drawing, Expectation, Experiment, newborns
from fastslow.figures import panels_bandit, style
from fastslow.figures.marks import rows_of
from fastslow.records.collect import collect
from fastslow.records.record import trials
from fastslow.tasks.informative_arm import InformativeArm
from fastslow.training.actor_critic import A2CConfig

TASK = InformativeArm()
LEVELS = (*(i / 10 for i in range(1, 11)), 5.0)
"""The rewards there are, fed one-hot as in the paper."""
AGENT = RecurrentConfig(reward_levels=LEVELS)
# Tuned on seeds 100 and 101; with an entropy weight of .2 or less agents learn to search, and never to ask.
TRAINER = A2CConfig(lanes=256, gamma=0.8, entropy_weight=1.0, final_entropy_weight=0.0)
ANCHORS = {"ask once, then exploit": 20.55, "search": 11.0, "chance": 6.6}
"""Expected returns in five pulls, exact."""


@dataclass(frozen=True)
class InformativeArmConfig:
    """How much of it."""

    seeds: int = 8
    updates: int = 3072
    """Gradient steps, 256 episodes each."""
    episodes: int = 2000
    """Test episodes per agent (Wang 2016: 300)."""


def conditions(config: InformativeArmConfig) -> dict[str, Condition]:
    trainer = replace(TRAINER, updates=config.updates)
    blind = replace(AGENT, see_reward=False, reward_levels=())
    return {"agent": Condition(TASK, AGENT, trainer), "no_reward": Condition(TASK, blind, trainer)}


def simulate(
    config: InformativeArmConfig, trained: dict[str, list[Agent]], key: Key[Array, ""]
) -> dict[str, xr.Dataset]:
    test_key, birth_key = jax.random.split(key)
    newborn = newborns(TASK, AGENT, birth_key, config.seeds)
    observers = {"informed": informed(TASK), "searcher": searcher(TASK), "random": uniform(TASK)}
    players = trained | {"untrained": newborn}
    players |= {name: [player] * config.seeds for name, player in observers.items()}
    return {name: collect(agents, TASK, test_key, config.episodes) for name, agents in players.items()}


def measure(records: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    behaviour = {name: trials(record) for name, record in records.items()}
    firsts, returns = [], []
    for name, rows in behaviour.items():
        first = pd.crosstab(rows["subject"], rows["action"].where(rows["trial"] == 0), normalize="index")
        first = first.reindex(columns=range(TASK.arms), fill_value=0.0)
        firsts.append(
            first.melt(ignore_index=False, var_name="arm", value_name="p").reset_index().assign(name=name)
        )
        earned = rows.groupby(["subject", "episode"])["reward"].sum().groupby("subject").mean()
        returns.append(earned.reset_index(name="value").assign(name=name))
    first_pulls, returned = pd.concat(firsts, ignore_index=True), pd.concat(returns, ignore_index=True)
    return {
        "first_pulls_by_seed": first_pulls,
        "first_pulls": summarise(first_pulls, ["name", "arm"], "p"),
        "returns_by_seed": returned,
        "returns": summarise(returned, ["name"], "value"),
        CLAIMS: claims(first_pulls, returned),
    }


def claims(first_pulls: pd.DataFrame, returned: pd.DataFrame) -> pd.DataFrame:
    asks = first_pulls[first_pulls["arm"] == TASK.arms - 1]
    rows = [
        claim("agent: P(first pull = arm 11)", asks.loc[asks["name"] == "agent", "p"]),
        claim("untrained: P(first pull = arm 11)", asks.loc[asks["name"] == "untrained", "p"]),
    ]
    rows += [
        claim(f"{name}: return in 5 pulls", values["value"])
        for name, values in returned.groupby("name", sort=False)
    ]
    return table(rows)


@style.panel
def draw(tables: Mapping[str, pd.DataFrame]) -> dict[str, Drawing]:
    figure, axes = style.figure(2, 1, column_ratios=(1.3, 1.0))
    shown = ("agent", "no_reward", "searcher")
    first = rows_of(tables["first_pulls"], shown)
    panels_bandit.first_pulls(axes[0, 0], first, TASK.arms - 1)
    order = ["agent", "no_reward", "untrained", "searcher", "informed"]
    returns = rows_of(tables["returns"], order)
    panels_bandit.return_bars(axes[0, 1], returns, tables["returns_by_seed"], ANCHORS)
    return {"informative_arm": Drawing(figure, {"first_pulls": first, "returns": returns})}


SOURCE = "Wang 2016, section 3.1.3"
EXPERIMENT = Experiment(
    name="informative_arm",
    claim="A meta-trained network gives up reward once to learn which arm pays, and then exploits it.",
    cite=("wang2016", "botvinick2019"),
    presets={
        "smoke": InformativeArmConfig(2, 4, 20),
        "quick": InformativeArmConfig(4, 2048, 500),
        "laptop": InformativeArmConfig(),
        "full": InformativeArmConfig(20, 8192, 2000),
    },
    conditions=conditions,
    simulate=simulate,
    measure=measure,
    draw=draw,
    expectations=(
        Expectation("agent: P(first pull = arm 11)", "1", low=0.95, where=SOURCE, confidence="text"),
        Expectation(
            "agent: return in 5 pulls", 20.55, low=20.0, where=SOURCE, confidence="text, optimum exact"
        ),
        Expectation(
            "no_reward: return in 5 pulls",
            7.0,
            high=7.2,
            where=SOURCE,
            confidence="computed",
            note="blind optimum 7.0",
        ),
        Expectation("informed: return in 5 pulls", 20.55, 20.5, 20.6, "computed", "exact"),
        Expectation("searcher: return in 5 pulls", 11.0, 10.85, 11.15, "computed", "exact"),
        Expectation("random: return in 5 pulls", 6.6, 6.45, 6.75, "computed", "exact"),
    ),
    departures=(
        "A2C over whole episodes in 256 synchronous lanes with Adam; beta_e from 1 to 0 and gamma .8 as in the paper.",
    ),
)
