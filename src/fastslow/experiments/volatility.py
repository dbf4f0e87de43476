"""Volatility: weights frozen, the network learns faster where the world changes faster, and knows how fast it does.

Wang et al. 2018, Simulation 2 (Fig. 3), after Behrens et al. 2007: trained on episodes of shifting volatility and
tested on a calm and a volatile half in either order, its learning rate is higher in the volatile blocks; its units
track the volatility, which can be read out of them. Beside it the observer that knows how the world is made, and
Behrens' learner, which only knows that everything drifts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import jax
import pandas as pd
import xarray as xr
from jaxtyping import Array, Key

from fastslow.agents.agent import Agent
from fastslow.agents.bayes_volatility import bayes_volatility
from fastslow.agents.behrens import behrens
from fastslow.agents.recurrent import RecurrentConfig
from fastslow.agents.rescorla_wagner import rescorla_wagner
from fastslow.agents.yoked import Yoked
from fastslow.analysis.statistics import summarise
from fastslow.experiments.experiment import Condition, Drawing, Expectation, Experiment, newborns
from fastslow.experiments.volatility_measures import (
    PHASES,
    SCHEDULE,
    TRAINER,
    TRAINING,
    UNITS,
    WINDOW,
    measure,
    with_beliefs,
)
from fastslow.figures import panels_bandit, panels_units, panels_volatility, style
from fastslow.records.collect import collect

AGENT = RecurrentConfig(see_time=False)
CONTROL = (0.5, 5.0)
"""alpha and beta of the Rescorla-Wagner control, whose fitted rate must not differ between blocks."""


@dataclass(frozen=True)
class VolatilityConfig:
    """How much of it."""

    seeds: int = 8
    """Agents (Wang 2018: 8)."""
    updates: int = 1152
    """Gradient steps, 64 episodes each."""
    episodes: int = 120
    """Test episodes of the schedule, either order about as often."""
    unit_episodes: int = 60
    """Test episodes of the training distribution, of which the units are kept."""


def conditions(config: VolatilityConfig) -> dict[str, Condition]:
    return {"agent": Condition(TRAINING, AGENT, replace(TRAINER, updates=config.updates))}


def simulate(
    config: VolatilityConfig, trained: dict[str, list[Agent]], key: Key[Array, ""]
) -> dict[str, xr.Dataset]:
    """Everyone on the schedule; agents, and newborn twins that live the agents' choices, where they were trained."""
    test_key, unit_key, birth_key = jax.random.split(key, 3)
    newborn = newborns(TRAINING, AGENT, birth_key, config.seeds)
    observers = {
        "observer": bayes_volatility(TRAINING),
        "behrens": behrens(SCHEDULE),
        "rescorla_wagner": rescorla_wagner(SCHEDULE, *CONTROL),
    }
    players = {"agent": trained["agent"]} | {
        name: [player] * config.seeds for name, player in observers.items()
    }
    records = {
        name: collect(agents, SCHEDULE, test_key, config.episodes, units=True)
        for name, agents in players.items()
    }
    twins = [Yoked(own, leader) for own, leader in zip(newborn, trained["agent"], strict=True)]
    for name, agents in (("agent", trained["agent"]), ("untrained", twins)):
        records[UNITS + name] = collect(agents, TRAINING, unit_key, config.unit_episodes, units=True)
    watched = ("agent", UNITS + "agent", UNITS + "untrained")
    return records | {name: with_beliefs(records[name]) for name in watched}


@style.panel
def draw(tables: Mapping[str, pd.DataFrame]) -> dict[str, Drawing]:
    half = SCHEDULE.half - 0.5
    figure, axes = style.figure(2, 2)
    rates = tables["rates_by_seed"].rename(columns={"phase": "volatility"})
    shown = rates[rates["name"].isin(["agent", "observer", "rescorla_wagner"])].copy()
    shown["volatility"] = pd.Categorical(shown["volatility"], list(PHASES.values()))
    shown = shown.sort_values("volatility", kind="stable")
    panels_bandit.learning_rates(axes[0, 0], shown.assign(volatility=shown["volatility"].astype(str)))
    axes[0, 0].set_xlabel("")
    panels_volatility.traces(axes[0, 1], tables["rate_traces"], half, "fitted learning rate")
    traces = tables["volatility_traces"]
    read = traces[traces["name"] != "behrens"]
    panels_volatility.traces(axes[1, 0], read, half, "volatility: read out, P(volatile)")
    panels_volatility.traces(
        axes[1, 1], traces[traces["name"] == "behrens"], half, "E(v), log variance of the drift"
    )
    drawings = {
        "volatility": Drawing(
            figure, {"rates": shown, "rate_traces": tables["rate_traces"], "traces": traces}
        )
    }

    figure, axes = style.figure(2, 1, column_ratios=(1.5, 1.0))
    read = summarise(tables["decoding"].fillna({"r": 0.0}), ["name", "target"], "r")
    panels_units.decoding(axes[0, 0], read)
    share = tables["fractions"].melt(
        ["name", "subject"], ["bonferroni", "beyond_shuffles"], "variable", "share"
    )
    share["variable"] = share["variable"].map(
        {"bonferroni": "p < .05", "beyond_shuffles": "against shuffles"}
    )
    means = summarise(share, ["name", "variable"], "share")
    panels_units.proportions(axes[0, 1], means)
    axes[0, 1].axhline(PUBLISHED_UNITS, color=style.INK, linewidth=0.9, linestyle="--")
    drawings["units"] = Drawing(figure, {"decoding": read, "fractions": means})
    return drawings


PUBLISHED_UNITS = 0.37
FIG = "Wang 2018, Fig. 3d"
EXPERIMENT = Experiment(
    name="volatility",
    claim=(
        "With frozen weights, the network's learning rate is higher where the world is more volatile, and its activity "
        "tells how volatile the world is."
    ),
    cite=("wang2018", "behrens2007", "botvinick2019"),
    presets={
        "smoke": VolatilityConfig(2, 2, 32, 8),
        "quick": VolatilityConfig(4, 1024, 80, 40),
        "laptop": VolatilityConfig(),
        "full": VolatilityConfig(20, 8192, 600, 200),
    },
    conditions=conditions,
    simulate=simulate,
    measure=measure,
    draw=draw,
    expectations=(
        Expectation(
            "agent: rate higher in volatile blocks, every seed or its interval", 1.0, 1.0, 1.0, FIG, "figure"
        ),
        Expectation(
            "agent: learning rate, volatile less stable", "above 0", low=0.0, where=FIG, confidence="figure"
        ),
        Expectation(
            "agent: learning rate, stable blocks",
            ".1 to .6 (axis)",
            where=FIG,
            confidence="axis",
            note="reported",
        ),
        Expectation(
            "agent: learning rate, volatile blocks",
            ".1 to .6 (axis)",
            where=FIG,
            confidence="axis",
            note="reported",
        ),
        Expectation("observer: learning rate, volatile less stable", "above 0", low=0.0, where="computed"),
        Expectation(
            "behrens: learning rate, volatile less stable",
            "above 0",
            where="Behrens 2007, Fig. 2",
            note="reported",
        ),
        Expectation(
            "rescorla_wagner: learning rate, volatile less stable",
            0.0,
            -0.03,
            0.03,
            "control",
            "by definition",
        ),
        Expectation(
            "agent: learning rate over the trainer's step size",
            "orders of magnitude",
            low=10.0,
            where="Wang 2018, Simulation 2",
            confidence="text",
            note="the outer rate there is 5e-5",
        ),
        Expectation(
            "agent: volatility read out, hazard",
            "decodable",
            low=0.5,
            where="Wang 2018, Simulation 2",
            confidence="memory, as a number ours",
            note=f"r with the generator's hazard over the last {WINDOW} trials; ridge, whole episodes held out",
        ),
        Expectation(
            "agent: volatility read out, belief",
            "decodable",
            low=0.5,
            where="Wang 2018, Simulation 2",
            confidence="memory, as a number ours",
            note="r with the ideal observer's P(volatile), given the same trials",
        ),
        Expectation(
            "agent: volatility read out, schedule",
            "decodable",
            where="Wang 2018, Simulation 2",
            note="reported",
        ),
        Expectation(
            "observer: volatility read out, hazard",
            "ceiling",
            where="computed",
            note="r of its belief with the hazard",
        ),
        Expectation(
            "untrained: volatility read out, hazard", "control", where="untrained twin", note="reported"
        ),
        Expectation(
            "agent less untrained: volatility read out, hazard",
            "above 0",
            low=0.0,
            where="untrained twin",
            note="on the same trials, which a newborn holds in part too",
        ),
        Expectation(
            "agent: units that track volatility",
            PUBLISHED_UNITS,
            where="Wang 2018, Simulation 2",
            confidence="text, +-.01",
            note="reported: the share depends on how many trials are tested, which was not printed",
        ),
        Expectation(
            "agent: units that track volatility, against shuffled episodes",
            PUBLISHED_UNITS,
            where="Wang 2018, Simulation 2",
            confidence="text, +-.01",
            note="reported",
        ),
        Expectation(
            "untrained: units that track volatility", "control", where="untrained twin", note="reported"
        ),
        Expectation(
            "untrained: units that track volatility, against shuffled episodes",
            "control",
            where="untrained twin",
            note="reported",
        ),
        Expectation("agent: correct choices on the schedule", "reported", where="ours", note="reported"),
        Expectation("observer: correct choices on the schedule", "reported", where="ours", note="reported"),
    ),
    departures=(
        "The training distribution was not printed: reversals with a hazard of 0 or .1 per pull, drawn anew with .01 "
        "per pull, arms .8 and .2. With a hazard of 1/25 in volatile stretches, as in the test, even an observer that "
        "knows all of this earns but .2 % more than one that assumes a single hazard: nothing would make a network "
        "track it.",
        "A2C over whole episodes in 64 synchronous lanes with Adam (.003 falling to 0), gamma .8 and an entropy weight "
        "of .05 falling to 0, instead of one thread with RMSProp at 5e-5 and gamma .9.",
        "A rate is fitted to one half of all of a network's episodes of one order, with values learned from the start "
        "of the episode; between the halves the better arm stays the better one.",
    ),
)
