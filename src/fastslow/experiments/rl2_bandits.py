"""RL^2 on bandits: a network trained on k arms and n pulls earns nearly what the best hand-made algorithms do.

Duan et al. 2016, section 3.1 (Table 1): k arms, each p ~ U[0, 1], n pulls; against the index of Gittins, Thompson
sampling and its optimistic variant, UCB1, epsilon-greedy and greedy, whose constants are searched for each row.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import pandas as pd
import xarray as xr
from jaxtyping import Array, Key

from fastslow.agents.agent import Agent
from fastslow.agents.bayes_optimal import optimal_return
from fastslow.agents.gittins import gittins
from fastslow.agents.greedy import epsilon_greedy, greedy
from fastslow.agents.recurrent import RecurrentConfig
from fastslow.agents.thompson import optimistic_thompson, thompson
from fastslow.agents.ucb import ucb
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
from fastslow.tasks.bandit import IndependentBandit
from fastslow.training.ppo import PPOConfig, ppo

PLAYERS = ("random", "gittins", "thompson", "optimistic_thompson", "ucb", "epsilon_greedy", "greedy", "agent")
TABLE = Published(
    PLAYERS,
    {
        "n10_k5": (5.0, 6.6, 5.7, 6.5, 6.7, 6.6, 6.6, 6.7),
        "n10_k10": (5.0, 6.6, 5.5, 6.2, 6.7, 6.6, 6.6, 6.7),
        "n10_k50": (5.1, 6.5, 5.2, 5.5, 6.6, 6.5, 6.5, 6.8),
        "n100_k5": (49.9, 78.3, 74.7, 77.9, 78.0, 75.4, 74.8, 78.7),
        "n100_k10": (49.9, 82.8, 76.7, 81.4, 82.4, 77.4, 77.1, 83.5),
        "n100_k50": (49.8, 85.2, 64.5, 67.7, 84.3, 78.3, 78.0, 84.9),
        "n500_k5": (249.8, 405.8, 402.0, 406.7, 405.8, 388.2, 380.6, 401.6),
        "n500_k10": (249.0, 437.8, 429.5, 438.9, 437.1, 408.0, 395.0, 432.5),
        "n500_k50": (249.6, 463.7, 427.2, 437.6, 457.6, 413.6, 402.8, 438.9),
    },
    {f"n{n}_k{k}": error for n, error in ((10, 0.06), (100, 0.45), (500, 2.2)) for k in (5, 10, 50)},
    "Duan 2016, Table 1",
)
"""Mean total reward over 1000 bandits (Duan 2016, Table 1)."""


class Row(NamedTuple):
    """A row of the table, and how the network is trained for it."""

    pulls: int
    arms: int
    trainer: PPOConfig
    presets: tuple[str, ...]
    """Where the row is run."""

    @property
    def name(self) -> str:
        return f"n{self.pulls}_k{self.arms}"

    @property
    def task(self) -> IndependentBandit:
        return IndependentBandit(self.arms, self.pulls)


AGENT = RecurrentConfig(core="gru", see_time=False, see_pay=True)
# Tuned on seeds 100 to 103. Bootstrapping early (a small lambda) is what long episodes need, and small steps often:
# with lambda = .8, or with one gradient step per update (A2C), five arms and a hundred pulls stay at chance.
# There a critic weight of .05 earned .7 less than .5 (one seed of each), and where exploration was rewarded little from
# the first (entropy weight .005), half of the seeds stayed greedy.
SHORT = PPOConfig(
    updates=500,
    lanes=256,
    epochs=2,
    minibatches=8,
    gamma=0.95,
    lambda_=0.9,
    entropy_weight=0.01,
    learning_rate=3e-3,
)
LONG = PPOConfig(
    updates=4000,
    lanes=64,
    epochs=2,
    minibatches=8,
    gamma=0.98,
    lambda_=0.3,
    value_weight=0.5,
    entropy_weight=0.02,
    final_entropy_weight=0.0,
    learning_rate=3e-3,
)
EVERYWHERE = ("smoke", "quick", "laptop", "full")
ROWS = {
    row.name: row
    for row in (
        Row(10, 5, SHORT, EVERYWHERE),
        Row(10, 10, SHORT, EVERYWHERE[1:]),
        Row(10, 50, SHORT, ("full",)),
        Row(100, 5, LONG, EVERYWHERE[2:]),
        Row(100, 10, LONG, ("full",)),
        Row(100, 50, LONG, ("full",)),
        Row(500, 5, LONG, ("full",)),
        Row(500, 10, LONG, ("full",)),
        Row(500, 50, LONG, ("full",)),
    )
}


SMOKE = ("gittins",)
"""Players in the smoke preset."""


@dataclass(frozen=True)
class RL2BanditsConfig:
    """How much of it."""

    seeds: int = 8
    """Agents per row."""
    rows: tuple[str, ...] = tuple(name for name, row in ROWS.items() if "laptop" in row.presets)
    """Rows of the table."""
    units: int = 48
    """Units of the GRU (Duan 2016: 256)."""
    length: float = 1.0
    """Training, as a multiple of what each row has in the laptop preset."""
    episodes: int = 1000
    """Test bandits per agent, and per subject of an observer (Duan 2016: 1000 in all)."""
    search: int = 2
    """How many times as many other bandits the observers' constants are searched on."""
    players: tuple[str, ...] = PLAYERS[:-1]
    """Who plays beside the network."""


def conditions(config: RL2BanditsConfig) -> dict[str, Condition]:
    agent = replace(AGENT, units=config.units)

    def condition(row: Row) -> Condition:
        updates = max(1, round(config.length * row.trainer.updates))
        return Condition(row.task, agent, replace(row.trainer, updates=updates), make_trainer=ppo)

    return {name: condition(ROWS[name]) for name in config.rows}


WIDTHS = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0)
"""c of UCB1's c sqrt(2 log t / n_i)."""
LAPSES = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
"""epsilon of epsilon-greedy."""
SAMPLES = 20
"""Posterior samples of optimistic Thompson sampling."""


def observers(config: RL2BanditsConfig, task: IndependentBandit, key: Key[Array, ""]) -> dict[str, Player]:
    """The paper's players, with the constants that earn most in other bandits."""
    search = (task, key, config.episodes, config.search)
    known: dict[str, Callable[[], Player]] = {
        "random": lambda: Player(uniform(task)),
        "gittins": lambda: Player(gittins(task)),
        "thompson": lambda: Player(thompson(task)),
        "optimistic_thompson": lambda: Player(optimistic_thompson(task, SAMPLES), SAMPLES),
        "ucb": lambda: best_of(lambda c: ucb(task, 2 * c**2, pseudo=1.0), WIDTHS, *search),
        "epsilon_greedy": lambda: best_of(lambda rate: epsilon_greedy(task, rate, True), LAPSES, *search),
        "greedy": lambda: Player(greedy(task, lowest_index=True)),
    }
    return {name: known[name]() for name in config.players}


def simulate(
    config: RL2BanditsConfig, trained: dict[str, list[Agent]], key: Key[Array, ""]
) -> dict[str, xr.Dataset]:
    """Everybody plays the same bandits, row by row."""
    return play_rows(conditions(config), trained, partial(observers, config), TABLE, key, config.episodes)


def measure(records: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    return measure_table(records, TABLE)


def scale(tables: Mapping[str, pd.DataFrame]) -> dict[str, tuple[float, float]]:
    """Learning curves run from 0 for the random player to 1 for Gittins' index, as in the paper's Fig. 2."""
    return training_scale(tables, {name: row.pulls for name, row in ROWS.items()}, "gittins")


def draw(tables: Mapping[str, pd.DataFrame]) -> dict[str, Drawing]:
    titles = {name: f"{row.arms} arms, {row.pulls} pulls" for name, row in ROWS.items()}
    return {"table": draw_table(tables["total"], titles, BEST)}


BEST = {f"n10_k{arms}": optimal_return(arms, 10) for arms in (5, 10, 50)}
"""The exact optimum, where it can be had."""
GOALS = {name: min(TABLE.of(name, "agent"), BEST.get(name, math.inf)) for name in ROWS}
"""What the network is held to, 98 % of it: the published total, or the exact optimum where that is less."""
NOTES = {name: f"98 % of {goal:.4g}, the less of published and optimum" for name, goal in GOALS.items()}

EXPERIMENT = Experiment(
    name="rl2_bandits",
    claim="A network trained over bandits earns, in new ones, nearly what the best hand-made algorithms earn.",
    cite=("duan2016", "botvinick2019"),
    presets={
        "smoke": RL2BanditsConfig(2, ("n10_k5",), 16, 0.005, 200, 1, SMOKE),
        "quick": RL2BanditsConfig(4, ("n10_k5", "n10_k10")),
        "laptop": RL2BanditsConfig(),
        "full": RL2BanditsConfig(8, tuple(ROWS), 256, 10.0, 125, 8),
    },
    conditions=conditions,
    simulate=simulate,
    measure=measure,
    draw=draw,
    expectations=expect(
        TABLE,
        {name: row.presets for name, row in ROWS.items()},
        {name: round(0.98 * goal, 2) for name, goal in GOALS.items()},
        NOTES,
        SMOKE,
        RL2BanditsConfig.seeds * RL2BanditsConfig.episodes,
    ),
    printed=("beside",),
    training_scale=scale,
    departures=(
        "PPO with Adam in place of TRPO, the value a second head of the policy's GRU and not a network of its own.",
        "48 units in place of 256 but for the full preset.",
        "The last reward is fed in its arm's place too (see_pay), so that no gates are needed to tell arms apart.",
        "Optimistic Thompson sampling is read as: of 20 posterior samples, the arm that was most often the best.",
        "What is summed is the true mean of each arm pulled, which has less noise than the reward itself.",
    ),
)
