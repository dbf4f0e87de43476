"""Dopamine as an input: block or stimulate it with the weights frozen, and choice under risk moves.

Wang et al. 2018, Simulation 6 (Fig. 7), after Stopper et al. 2014: where the actor is told the prediction error instead
of the reward, taking the signal of a risky win away makes an animal cautious; taking that of a certain reward away,
or adding to that of a risky loss, makes it daring. No weight changes, so what moves is activity.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, Float, Key

from fastslow.agents import dopamine
from fastslow.agents.agent import Agent
from fastslow.agents.bayes_risky import bayes_risky
from fastslow.agents.dopamine import DopamineConfig
from fastslow.agents.stimulated import Replayed, Stimulated
from fastslow.analysis.risk import outcome_errors, risky_share
from fastslow.analysis.statistics import summarise
from fastslow.experiments.claims import claim, exact, table
from fastslow.experiments.experiment import CLAIMS, Condition, Drawing, Expectation, Experiment, newborns
from fastslow.figures import panels_risk, style
from fastslow.records.collect import collect
from fastslow.records.record import trials
from fastslow.tasks.risky_choice import RiskyChoice
from fastslow.training.actor_critic import A2CConfig

TRAINING, TEST = RiskyChoice(), RiskyChoice(trials=120)
TESTS = tuple(RiskyChoice(p_high=odds, p_low=odds, trials=TEST.trials) for odds in (TEST.p_high, TEST.p_low))
"""The test at either odds, apart, so that the shuffled control gets at each what was delivered at the same odds."""
AGENT = DopamineConfig()
TRAINER = A2CConfig(lanes=32, gamma=AGENT.gamma, entropy_weight=0.05, final_entropy_weight=0.0)
MOVES_ON_AVERAGE = "moves as published, its interval clear of 0"
MOVES = "moves as published at both odds, intervals clear of 0"
LEVERS = (1, 2)
"""The actions that press a lever; 0 fixates."""


class Manipulation(NamedTuple):
    """What is done to the signal of one outcome, and which way choice then moves."""

    reward: float
    """The outcome: 4 a risky win, 1 the certain reward, 0 a risky loss."""
    amount: float
    direction: int
    """Of the change in risky choice that was published: +1 or -1."""


MANIPULATIONS = {
    "block_win": Manipulation(4.0, -4.0, -1),
    "block_certain": Manipulation(1.0, -1.0, 1),
    "stimulate_loss": Manipulation(0.0, 1.0, 1),
}


@dataclass(frozen=True)
class DopamineExperimentConfig:
    """How much of it."""

    seeds: int = 8
    updates: int = 1792
    """Gradient steps, 32 episodes of 100 trials each."""
    episodes: int = 300
    """Test episodes per agent and manipulation, half of them at either odds, of 120 trials."""


def conditions(config: DopamineExperimentConfig) -> dict[str, Condition]:
    return {
        "agent": Condition(TRAINING, AGENT, replace(TRAINER, updates=config.updates), dopamine.make),
    }


def shuffled(
    delivered: Float[np.ndarray, "episode trial"], generator: np.random.Generator
) -> Float[np.ndarray, "episode time"]:
    """The same amounts at random steps of the episode: of fixation and of choice, whatever their outcomes."""
    episodes, presses = delivered.shape
    steps = np.zeros((episodes, 2 * presses), np.float32)
    # The outcome of a press is felt one step later, at the next fixation; after the last there is no step.
    steps[:, 2::2] = delivered[:, :-1]
    steps[:, 1:] = generator.permuted(steps[:, 1:], axis=1)
    return steps


def simulate(
    config: DopamineExperimentConfig, trained: dict[str, list[Agent]], key: Key[Array, ""]
) -> dict[str, xr.Dataset]:
    """The same episodes under every manipulation, at both odds."""
    test_key, birth_key = jax.random.split(key)
    newborn = newborns(TEST, AGENT, birth_key, config.seeds, dopamine.make)
    count = max(config.episodes // 2, 1)
    halves = [
        behave(trained["agent"], newborn, test, jax.random.fold_in(test_key, i), count)
        for i, test in enumerate(TESTS)
    ]
    return {
        name: xr.concat(
            [half[name].assign_coords(episode=i * count + np.arange(count)) for i, half in enumerate(halves)],
            "episode",
        )
        for name in halves[0]
    }


def behave(
    agents: list[Agent], newborn: list[Agent], test: RiskyChoice, key: Key[Array, ""], episodes: int
) -> dict[str, xr.Dataset]:
    """Everybody at one of the odds; the shuffled controls get what was delivered to the same agent there."""
    players: dict[str, list[Agent]] = {
        "control": agents,
        "untrained": newborn,
        "bayes_risky": [bayes_risky(TEST)] * len(agents),
    }
    for name, how in MANIPULATIONS.items():
        players[name] = [Stimulated(agent, how.reward, how.amount, LEVERS) for agent in agents]
    records = {name: collect(them, test, key, episodes, gamma=AGENT.gamma) for name, them in players.items()}
    generator = np.random.default_rng(0)
    for name, how in MANIPULATIONS.items():
        paid, pressed = records[name]["reward"].values, records[name]["valid"].values
        delivered = np.where(pressed & (np.abs(paid - how.reward) < 1e-3), how.amount, 0.0)
        replayed = [
            Replayed(agent, jnp.asarray(shuffled(one, generator)))
            for agent, one in zip(agents, delivered, strict=True)
        ]
        records[f"{name}_shuffled"] = collect(replayed, test, key, episodes, gamma=AGENT.gamma)
    return records


def measure(records: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    risky = pd.concat([risky_share(trials(record)).assign(name=name) for name, record in records.items()])
    errors = outcome_errors(records["control"]).assign(name="control")
    regret = pd.concat(
        [
            trials(record).groupby("subject")["regret"].mean().reset_index().assign(name=name)
            for name, record in records.items()
        ]
    )
    return {
        "risky_by_seed": risky,
        "risky": summarise(risky, ["name", "p_win"], "risky"),
        "errors": summarise(errors, ["name", "outcome"], "rpe"),
        "regret_by_seed": regret,
        CLAIMS: claims(risky, errors, regret),
    }


def claims(risky: pd.DataFrame, errors: pd.DataFrame, regret: pd.DataFrame) -> pd.DataFrame:
    by_odds = risky.pivot(index=["name", "subject"], columns="p_win", values="risky")
    worth = by_odds[by_odds.columns.max()] - by_odds[by_odds.columns.min()]
    mean = by_odds.mean(axis=1)
    rows = []
    for name in ("control", "untrained", "bayes_risky"):
        rows.append(claim(f"{name}: risky choice, worth the risk less not", worth[name]))
        rows.append(claim(f"{name}: regret per trial", regret.query("name == @name")["regret"]))
    for name, how in MANIPULATIONS.items():
        for label in (name, f"{name}_shuffled"):
            moved = claim(f"{label}: change of risky choice", mean[label] - mean["control"])
            towards = how.direction * (mean[label] - mean["control"])
            rows += [moved, exact(f"{label}: {MOVES_ON_AVERAGE}", float(claim("", towards)["low"] > 0))]
            # Whatever merely disturbs choice draws it towards chance: up at one of the odds and down at the other.
            changes = by_odds.loc[label] - by_odds.loc["control"]
            at = [claim("", how.direction * changes[odds]) for odds in changes]
            rows.append(exact(f"{label}: {MOVES}", float(all(row["low"] > 0 for row in at))))
    for outcome, values in errors.groupby("outcome"):
        rows.append(claim(f"control: prediction error, {outcome}", values["rpe"]))
    return table(rows)


@style.panel
def draw(tables: Mapping[str, pd.DataFrame]) -> dict[str, Drawing]:
    figure, axes = style.figure(2, 1, column_ratios=(3.2, 1.0))
    panels_risk.risky_bars(axes[0, 0], tables["risky"], tables["risky_by_seed"], tuple(MANIPULATIONS))
    panels_risk.error_bars(axes[0, 1], tables["errors"])
    return {"dopamine": Drawing(figure, {"risky": tables["risky"], "errors": tables["errors"]})}


FIG_7 = "Wang 2018, Fig. 7; Stopper 2014"


def expectations() -> tuple[Expectation, ...]:
    rows = [
        Expectation(
            "control: risky choice, worth the risk less not",
            "above 0",
            low=0.0,
            where=FIG_7,
            confidence="text",
        )
    ]
    for name, how in MANIPULATIONS.items():
        published = "above 0" if how.direction > 0 else "below 0"
        bound = {"low": 0.0} if how.direction > 0 else {"high": 0.0}
        rows.append(
            Expectation(f"{name}: change of risky choice", published, where=FIG_7, confidence="text", **bound)
        )
        note = "the same stimulation at random steps of the episode"
        for how_sure in (MOVES_ON_AVERAGE, MOVES):
            rows += [
                Expectation(f"{name}: {how_sure}", 1.0, 1.0, 1.0, FIG_7, "text"),
                Expectation(f"{name}_shuffled: {how_sure}", 0.0, 0.0, 0.0, "control", note=note),
            ]
        rows.append(Expectation(f"{name}_shuffled: change of risky choice", "control", where="control"))
    rows += [
        Expectation(f"{name}: regret per trial", published, where="control", note="reported")
        for name, published in (("control", "-"), ("untrained", "chance"), ("bayes_risky", "ideal"))
    ]
    return tuple(rows)


EXPERIMENT = Experiment(
    name="dopamine",
    claim=(
        "With the weights frozen, blocking or stimulating the prediction error that the actor is told moves choices "
        "under risk as blocking or stimulating dopamine moves those of rats."
    ),
    cite=("wang2018", "stopper2014", "botvinick2019"),
    presets={
        "smoke": DopamineExperimentConfig(2, 4, 10),
        "quick": DopamineExperimentConfig(4, 1408, 100),
        "laptop": DopamineExperimentConfig(),
        "full": DopamineExperimentConfig(16, 8192, 1000),
    },
    conditions=conditions,
    simulate=simulate,
    measure=measure,
    draw=draw,
    expectations=expectations(),
    departures=(
        "A2C in 32 synchronous lanes over whole episodes, Adam (.003 falling to 0), entropy bonus falling to 0.",
        "The odds of the risky lever are drawn per episode and stay; how they shifted is not published.",
        "The shuffled control is this project's own.",
    ),
)
