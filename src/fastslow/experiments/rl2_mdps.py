"""RL^2 on small Markov decision processes: a trained network explores and plans as classic learners do, or better.

Duan et al. 2016, section 3.2 (Table 2): random MDPs of ten states and five actions, each lived through n times for
ten steps; against posterior sampling, its optimistic variant, UCRL2, a Bayesian exploration bonus, epsilon-greedy and
greedy, which plan once per life, and whose constants are searched.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd
import xarray as xr
from jaxtyping import Array, Key

from fastslow.agents.agent import Agent
from fastslow.agents.mdp_planners import beb, mdp_epsilon_greedy, mdp_greedy, opsrl, psrl, ucrl2
from fastslow.agents.recurrent import RecurrentConfig
from fastslow.agents.uniform import uniform
from fastslow.experiments.experiment import Condition, Drawing, Experiment
from fastslow.experiments.published_table import (
    Player,
    Published,
    best_of,
    draw_table,
    expect,
    measure_table,
    play_rows,
    training_scale,
)
from fastslow.tasks.tabular_mdp import TabularMDP
from fastslow.training.ppo import PPOConfig, ppo

LIVES = (10, 25, 50, 75, 100)
"""How often each MDP is lived through, by row of the table."""
ROWS = {f"n{lives}": TabularMDP(lives=lives) for lives in LIVES}
TABLE = Published(
    ("random", "psrl", "opsrl", "ucrl2", "beb", "epsilon_greedy", "greedy", "agent"),
    {
        "n10": (100.1, 138.1, 144.1, 146.6, 150.2, 132.8, 134.8, 156.2),
        "n25": (250.2, 408.8, 425.2, 424.1, 427.8, 377.3, 368.8, 445.7),
        "n50": (499.7, 904.4, 930.7, 918.9, 917.8, 823.3, 769.3, 936.1),
        "n75": (749.9, 1417.1, 1449.2, 1427.6, 1422.6, 1293.9, 1172.9, 1428.8),
        "n100": (999.4, 1939.5, 1973.9, 1942.1, 1935.1, 1778.2, 1578.5, 1913.7),
    },
    {name: 0.075 * lives for name, lives in zip(ROWS, LIVES, strict=True)},
    "Duan 2016, Table 2",
)
"""Mean total reward over 1000 MDPs, each lived through n times for ten steps."""
OPTIMUM = 21.83
"""Reward per life of whoever knows the MDP, computed (standard error .01); 10 by chance."""
GOALS = {"n10": 152.0} | {name: round(0.97 * row[-1], 1) for name, row in list(TABLE.rows.items())[1:]}
"""Least total accepted of the network."""

AGENT = RecurrentConfig(core="fast_weights", see_time=False, see_pay=True)
# Tuned on seed 100: there a critic weight of .5 earned 11 less, for critic and policy share their layer, and gamma =
# .95 with lambda = .9 earned 8 less.
TRAINER = PPOConfig(
    updates=600,
    lanes=64,
    epochs=2,
    minibatches=8,
    gamma=0.9,
    lambda_=0.8,
    entropy_weight=0.01,
    learning_rate=3e-3,
)


SMOKE = ("beb",)
"""Players in the smoke preset."""


@dataclass(frozen=True)
class RL2MDPsConfig:
    """How much of it."""

    seeds: int = 8
    """Agents per row."""
    rows: tuple[str, ...] = ("n10",)
    """Rows of the table."""
    units: int = 64
    """Units of the network (Duan 2016: 256)."""
    updates: int = 600
    """Rounds of acting and learning."""
    episodes: int = 250
    """Test MDPs per agent, and per subject of an observer (Duan 2016: 1000 in all)."""
    search: int = 4
    """How many times as many other MDPs the observers' constants are searched on."""
    players: tuple[str, ...] = TABLE.players[:-1]
    """Who plays beside the network."""


def conditions(config: RL2MDPsConfig) -> dict[str, Condition]:
    agent = replace(AGENT, units=config.units)
    trainer = replace(TRAINER, updates=config.updates)
    return {name: Condition(ROWS[name], agent, trainer, make_trainer=ppo) for name in config.rows}


SAMPLES = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0)
"""Models that optimistic posterior sampling draws for a plan."""
SCALES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Widths of UCRL2's confidence sets."""
BONUSES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""beta of the Bayesian exploration bonus."""
LAPSES = (0.0, 0.01, 0.03, 0.1, 0.2, 0.3)
"""epsilon of epsilon-greedy."""


def observers(config: RL2MDPsConfig, task: TabularMDP, key: Key[Array, ""]) -> dict[str, Player]:
    """The paper's players, with the constants that earn most in other MDPs."""
    search = (task, key, config.episodes, config.search)
    known: dict[str, Callable[[], Player]] = {
        "random": lambda: Player(uniform(task)),
        "psrl": lambda: Player(psrl(task)),
        "opsrl": lambda: best_of(lambda samples: opsrl(task, int(samples)), SAMPLES, *search),
        "ucrl2": lambda: best_of(lambda scale: ucrl2(task, scale), SCALES, *search),
        "beb": lambda: best_of(lambda beta: beb(task, beta), BONUSES, *search),
        "epsilon_greedy": lambda: best_of(lambda rate: mdp_epsilon_greedy(task, rate), LAPSES, *search),
        "greedy": lambda: Player(mdp_greedy(task)),
    }
    return {name: known[name]() for name in config.players}


def simulate(
    config: RL2MDPsConfig, trained: dict[str, list[Agent]], key: Key[Array, ""]
) -> dict[str, xr.Dataset]:
    """Everybody lives in the same MDPs, row by row."""
    return play_rows(conditions(config), trained, partial(observers, config), TABLE, key, config.episodes)


def measure(records: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    return measure_table(records, TABLE)


def scale(tables: Mapping[str, pd.DataFrame]) -> dict[str, tuple[float, float]]:
    """Learning curves run from 0 for the random player to 1 for optimistic posterior sampling."""
    return training_scale(tables, {name: task.episode_steps for name, task in ROWS.items()}, "opsrl")


def draw(tables: Mapping[str, pd.DataFrame]) -> dict[str, Drawing]:
    titles = {name: f"{task.lives} lives of {task.horizon} steps" for name, task in ROWS.items()}
    best = {name: OPTIMUM * task.lives for name, task in ROWS.items()}
    return {"table": draw_table(tables["total"], titles, best)}


EXPERIMENT = Experiment(
    name="rl2_mdps",
    claim="A network trained over small MDPs earns in new ones what the paper's did, and as much as the best of "
    "classic learners that do not know the mean of the rewards.",
    cite=("duan2016", "botvinick2019"),
    presets={
        "smoke": RL2MDPsConfig(2, ("n10",), 16, 2, 100, 1, SMOKE),
        "quick": RL2MDPsConfig(4),
        "laptop": RL2MDPsConfig(),
        "full": RL2MDPsConfig(8, tuple(ROWS), 256, 10_000, 125, 4),
    },
    conditions=conditions,
    simulate=simulate,
    measure=measure,
    draw=draw,
    expectations=expect(
        TABLE,
        {name: ("smoke", "quick", "laptop", "full") if name == "n10" else ("full",) for name in ROWS},
        GOALS,
        {},
        SMOKE,
        RL2MDPsConfig.seeds * RL2MDPsConfig.episodes,
    ),
    printed=("beside",),
    training_scale=scale,
    departures=(
        "PPO with Adam in place of TRPO, the value a second head of the policy's network and not a network of its own.",
        "Fast weights (Ba 2016) in place of the GRU: a memory written and read under the state. A GRU of 64 units "
        "earned 116 after 10 million steps (one seed).",
        "64 units in place of 256 but for the full preset; the last reward is fed in its action's place too (see_pay).",
        "The planners' prior over mean rewards is centred on 0, and not on 1 as the rewards are: so they come nearest "
        "to what the paper prints; UCRL2, bonus, lapses and greed still earn 2 to 4 per cent more.",
        "What is summed is the true mean of each choice made, which has less noise than the reward itself.",
    ),
)
