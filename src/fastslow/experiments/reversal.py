"""Reversal learning: people, a recurrent network and a Bayesian observer at the same task, by the same measure.

The three-arm probabilistic reversal task of Zorowitz et al. 2023 (406 people, 90 trials, a reversal every 15). The
network (after Wang et al. 2018) is trained where reversals come at any time, as people were not told when they
would come, and is tested, weights frozen, on the people's schedule; a second one is trained on that schedule
itself and so may learn to foresee it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import jax
import pandas as pd
import xarray as xr
from jaxtyping import Array, Key

from fastslow.agents.agent import Agent
from fastslow.agents.bayes_reversal import bayes_reversal
from fastslow.agents.recurrent import RecurrentConfig
from fastslow.agents.rescorla_wagner import rescorla_wagner
from fastslow.analysis.regret import p_correct
from fastslow.analysis.reversal import around_reversal
from fastslow.analysis.statistics import summarise
from fastslow.errors import check
from fastslow.experiments.claims import claim, table
from fastslow.experiments.experiment import CLAIMS, Condition, Drawing, Expectation, Experiment, newborns
from fastslow.figures import panels_reversal, style
from fastslow.figures.marks import rows_of
from fastslow.records.collect import collect
from fastslow.records.presets import PRESETS
from fastslow.records.record import trials
from fastslow.tasks.reversal import BLOCK, Reversal, unannounced
from fastslow.training.ppo import PPOConfig, ppo

TASK = Reversal()
PEOPLE = "human_reversal_zorowitz"
TRAINER = PPOConfig(gamma=0.8, entropy_weight=0.03, final_entropy_weight=0.0)
RATES, TEMPERATURES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8), (2.5, 5.0, 10.0, 20.0)
"""Learning rates and inverse temperatures among which the best Rescorla-Wagner learner is sought."""
PLAYERS = ("agent", "agent_timed", "observer", "rescorla_wagner", "untrained")


@dataclass(frozen=True)
class ReversalConfig:
    """How much of it."""

    seeds: int = 8
    updates: int = 240
    """PPO updates of each condition, 64 episodes each."""
    episodes: int = 500
    """Test episodes per agent."""
    timed: bool = True
    """Train the agent that may foresee the schedule, too."""


def conditions(config: ReversalConfig) -> dict[str, Condition]:
    trainer = replace(TRAINER, updates=config.updates)
    both = {
        "agent": Condition(unannounced(), RecurrentConfig(see_time=False), trainer, make_trainer=ppo),
        "agent_timed": Condition(TASK, RecurrentConfig(), trainer, make_trainer=ppo),
    }
    return both if config.timed else {"agent": both["agent"]}


def best_fixed_rate(key: Key[Array, ""], episodes: int) -> Agent:
    """The Rescorla-Wagner learner of greatest accuracy on `episodes` episodes of its own."""
    candidates = [rescorla_wagner(TASK, alpha, beta) for alpha in RATES for beta in TEMPERATURES]
    return max(candidates, key=lambda one: float(collect([one], TASK, key, episodes)["correct"].mean()))


def simulate(
    config: ReversalConfig, trained: dict[str, list[Agent]], key: Key[Array, ""]
) -> dict[str, xr.Dataset]:
    """Everyone on the people's schedule; the observer expects reversals as often, but at any time."""
    test_key, tune_key, birth_key = jax.random.split(key, 3)
    newborn = newborns(TASK, RecurrentConfig(see_time=False), birth_key, config.seeds)
    players = trained | {
        "observer": [bayes_reversal(TASK)] * config.seeds,
        "rescorla_wagner": [best_fixed_rate(tune_key, config.episodes)] * config.seeds,
        "untrained": newborn,
    }
    return {name: collect(agents, TASK, test_key, config.episodes) for name, agents in players.items()}


def measure_other(name: str, record: xr.Dataset) -> None:
    """Refuse whom the measures below cannot take, or who bears the name of one of ours."""
    check(
        name not in (*PLAYERS, "people"),
        f"'{name}' is the name of a record of reversal; rename the file to compare.",
    )
    around_reversal(trials(record))


def measure(records: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    """Accuracy by trial, around the reversals and altogether, of every record by the same functions."""
    behaviour = {"people" if name == PEOPLE else name: trials(r) for name, r in records.items()}
    by_trial = pd.concat([p_correct(rows).assign(name=name) for name, rows in behaviour.items()])
    around = pd.concat([around_reversal(rows).assign(name=name) for name, rows in behaviour.items()])
    return {
        "by_trial": summarise(by_trial, ["name", "trial"], "correct", resamples=1000),
        "around": summarise(around, ["name", "position"], "correct", resamples=1000),
        "around_by_subject": around,
        CLAIMS: claims(by_trial, around),
    }


def claims(by_trial: pd.DataFrame, around: pd.DataFrame) -> pd.DataFrame:
    overall = by_trial.groupby(["name", "subject"], sort=False)["correct"].mean()
    rows = []
    for name in dict.fromkeys(by_trial["name"]):
        rows.append(claim(f"{name}: accuracy", overall[name]))
        for trial in (1, 15, 20):
            chosen = by_trial[(by_trial["name"] == name) & (by_trial["trial"] == trial - 1)]
            if len(chosen):
                rows.append(claim(f"{name}: accuracy, trial {trial}", chosen["correct"]))
        for position, what in ((0, "first trial"), (4, "fifth trial"), (BLOCK - 1, "last trial")):
            chosen = around[(around["name"] == name) & (around["position"] == position)]
            if len(chosen):
                rows.append(claim(f"{name}: accuracy, {what} after a reversal", chosen["correct"]))
    first = {name: rows["correct"] for name, rows in around[around["position"] == 0].groupby("name")}
    observer = overall["observer"].to_numpy()
    for name in ("agent", "rescorla_wagner"):
        rows.append(claim(f"{name} less observer: accuracy", overall[name].to_numpy() - observer))
    if "agent_timed" in first:
        foresight = first["agent_timed"].to_numpy() - first["agent"].to_numpy()
        rows.append(claim("agent_timed less agent: accuracy, first trial after a reversal", foresight))
    return table(rows)


@style.panel
def draw(tables: Mapping[str, pd.DataFrame]) -> dict[str, Drawing]:
    present = set(tables["around"]["name"])
    others = sorted(present - set(PLAYERS))
    shown = [name for name in ("agent", "observer", *others, *PLAYERS[1:]) if name in present]
    shown = list(dict.fromkeys(shown))
    around = rows_of(tables["around"], shown)
    session = rows_of(tables["by_trial"], ["agent", "observer", *others])
    figure, axes = style.figure(2, 1, column_ratios=(1.0, 1.0))
    panels_reversal.accuracy_around_reversal(axes[0, 0], around, chance=1 / TASK.arms)
    panels_reversal.accuracy_by_trial(axes[0, 1], session, chance=1 / TASK.arms)
    return {"reversal": Drawing(figure, {"around": around, "by_trial": session})}


def expectations() -> tuple[Expectation, ...]:
    signature = PRESETS[PEOPLE].signature
    first = "accuracy, first trial after a reversal"
    people = [
        Expectation(
            f"people: {name}", value, value - 0.01, value + 0.01, "the data set", "exact", needs=PEOPLE
        )
        for name, value in signature.items()
    ]
    return (
        *people,
        Expectation(
            "agent less observer: accuracy",
            "0 or above",
            low=-0.02,
            where="the filter",
            confidence="computed",
        ),
        Expectation(
            f"agent: {first}",
            signature[first],
            high=1 / TASK.arms,
            where="people",
            confidence="the data set",
            note="below chance: it goes on with the arm that was better",
        ),
        Expectation(
            "agent: accuracy, last trial after a reversal",
            signature["accuracy, trial 15"],
            low=signature["accuracy, trial 15"],
            where="people, at trial 15",
            confidence="the data set",
        ),
        Expectation(
            f"agent_timed less agent: {first}",
            "above 0",
            low=0.0,
            where="control",
            note="what a schedule that can be foreseen is worth",
        ),
        Expectation("observer: accuracy", 0.689, 0.682, 0.696, "computed", "computed"),
        Expectation("rescorla_wagner less observer: accuracy", "below 0", high=0.0, where="control"),
        Expectation("untrained: accuracy", 1 / TASK.arms, 0.31, 0.36, "chance", "exact"),
    )


EXPERIMENT = Experiment(
    name="reversal",
    claim=(
        "A trained network notices a reversal about as fast as the Bayesian observer, weights frozen, and like "
        "people first goes on with the arm that was better."
    ),
    cite=("zorowitz2023", "wang2018", "hampton2006"),
    presets={
        "smoke": ReversalConfig(2, 4, 20, timed=False),
        "quick": ReversalConfig(4, 160, 300),
        "laptop": ReversalConfig(),
        "full": ReversalConfig(20, 3200, 1000),
    },
    conditions=conditions,
    simulate=simulate,
    measure=measure,
    measure_other=measure_other,
    draw=draw,
    expectations=expectations(),
    departures=(
        "There is no published network for this task: agent and observer are measured beside the people.",
        "The agent is trained with a reversal before any trial with probability 1/15; agent_timed on every 15th.",
        "Rescorla-Wagner has the best of 28 settings, chosen on other episodes.",
    ),
)
