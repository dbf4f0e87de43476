"""Restless bandits: an agent whose learning rate follows the volatility of the world.

Wang et al. 2016, section 3.1.4 (Fig. 4), after Behrens et al. 2007: arms pay with p and 1 - p, and p walks, slowly in
some episodes and fast in others. The network beats fixed learning rates because its own, fitted block by
block, is higher where the world changes faster; its weights never change.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import jax
import pandas as pd
import xarray as xr
from jaxtyping import Array, Key

from fastslow.agents.agent import Agent
from fastslow.agents.recurrent import RecurrentConfig
from fastslow.agents.rescorla_wagner import rescorla_wagner
from fastslow.agents.restless_thompson import restless_thompson
from fastslow.agents.ucb import ucb
from fastslow.analysis.learning_rate import bic_comparison, learning_rate_slope
from fastslow.analysis.regret import cumulative_regret, regret_after
from fastslow.analysis.rescorla_wagner import fit_blocks
from fastslow.analysis.statistics import summarise
from fastslow.experiments.claims import claim, exact, table
from fastslow.experiments.experiment import CLAIMS, Condition, Drawing, Expectation, Experiment, newborns
from fastslow.figures import panels_bandit, style
from fastslow.records.collect import collect
from fastslow.records.record import trials
from fastslow.tasks.restless import RestlessBandit, calm, volatile
from fastslow.training.actor_critic import A2CConfig

TASK = RestlessBandit()
TRAINER = A2CConfig(lanes=64, gamma=0.8, entropy_weight=0.03, final_entropy_weight=0.0)
RATES, TEMPERATURES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8), (2.5, 5.0, 10.0, 20.0, 50.0)
"""Fixed learning rates and inverse temperatures among which the best Rescorla-Wagner learner is sought."""
CONTROL = (0.5, 5.0)
"""alpha and beta of the Rescorla-Wagner control whose fits must show no slope (Wang 2016: alpha .5)."""


@dataclass(frozen=True)
class RestlessConfig:
    """How much of it."""

    seeds: int = 8
    updates: int = 2048
    """Gradient steps, 64 episodes each."""
    episodes: int = 1000
    """Test episodes per agent (Wang 2016: 300)."""
    fit_episodes: int = 150
    """Test episodes of each volatility whose choices are fitted, in blocks of 10."""


def conditions(config: RestlessConfig) -> dict[str, Condition]:
    return {"agent": Condition(TASK, RecurrentConfig(), replace(TRAINER, updates=config.updates))}


def best_fixed_rate(key: Key[Array, ""], episodes: int) -> Agent:
    """The Rescorla-Wagner learner of least regret on `episodes` episodes of its own."""
    candidates = [rescorla_wagner(TASK, alpha, beta) for alpha in RATES for beta in TEMPERATURES]
    return min(candidates, key=lambda one: float(collect([one], TASK, key, episodes)["regret"].sum()))


def simulate(
    config: RestlessConfig, trained: dict[str, list[Agent]], key: Key[Array, ""]
) -> dict[str, xr.Dataset]:
    test_key, tune_key, fit_key, birth_key = jax.random.split(key, 4)
    observers = {
        "thompson": restless_thompson(TASK),
        "ucb": ucb(TASK, c=1.0),
        "rescorla_wagner": best_fixed_rate(tune_key, config.episodes),
    }
    newborn = newborns(TASK, RecurrentConfig(), birth_key, config.seeds)
    players = trained | {"untrained": newborn}
    players |= {name: [player] * config.seeds for name, player in observers.items()}
    records = {name: collect(agents, TASK, test_key, config.episodes) for name, agents in players.items()}
    fitted = {"agent": trained["agent"], "control": [rescorla_wagner(TASK, *CONTROL)] * config.seeds}
    for name, agents in fitted.items():
        for level, task in (("stable", calm()), ("volatile", volatile())):
            records[f"fit_{name}_{level}"] = collect(agents, task, fit_key, config.fit_episodes)
    return records


def measure(records: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    behaviour = {name: trials(r) for name, r in records.items() if not name.startswith("fit_")}
    regret = pd.concat([regret_after(rows).assign(name=name) for name, rows in behaviour.items()])
    curves = pd.concat([cumulative_regret(rows).assign(name=name) for name, rows in behaviour.items()])
    fits = pd.concat([fits_of(records, name) for name in ("agent", "control")], ignore_index=True)
    slopes = by_name(fits, learning_rate_slope)
    preference = by_name(fits, bic_comparison)
    return {
        "regret_by_seed": regret,
        "regret": summarise(regret, ["name"], "regret"),
        "curves": summarise(curves, ["name", "trial"], "regret", resamples=1000),
        "fits": fits,
        "slopes": slopes,
        "bic": preference,
        CLAIMS: claims(regret, slopes, preference),
    }


def fits_of(records: Mapping[str, xr.Dataset], name: str) -> pd.DataFrame:
    both = [trials(records[f"fit_{name}_{level}"]).assign(type=level) for level in ("stable", "volatile")]
    return fit_blocks(pd.concat(both), condition="type", volatility="volatility").assign(name=name)


def by_name(fits: pd.DataFrame, analysis: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(
        [analysis(rows).assign(name=name) for name, rows in fits.groupby("name")], ignore_index=True
    )


def claims(regret: pd.DataFrame, slopes: pd.DataFrame, preference: pd.DataFrame) -> pd.DataFrame:
    of = {name: rows["regret"].to_numpy() for name, rows in regret.groupby("name")}
    rows = [claim(f"{name}: regret in 100 pulls", values) for name, values in of.items()]
    for rival in ("thompson", "ucb", "rescorla_wagner"):
        rows.append(claim(f"agent less {rival}: regret", of["agent"] - of[rival]))
    for name, values in slopes.groupby("name"):
        for column in ("slope", "difference"):
            rows.append(claim(f"{name}: fitted learning rate, {column}", values[column]))
    slope = {name: claim("", values["slope"]) for name, values in slopes.groupby("name")}
    holds_zero = slope["control"]["low"] <= 0 <= slope["control"]["high"]
    rows.append(exact("agent: slope above 0 with its interval", float(slope["agent"]["low"] > 0)))
    rows.append(exact("control: slope's interval holds 0", float(holds_zero)))
    for name, values in preference.groupby("name"):
        over_types = values.groupby("subject")["bic_difference"].mean()
        rows.append(claim(f"{name}: BIC in favour of a free learning rate", over_types))
    return table(rows)


@style.panel
def draw(tables: Mapping[str, pd.DataFrame]) -> dict[str, Drawing]:
    figure, axes = style.figure(2, 1)
    shown = ("agent", "thompson", "ucb", "rescorla_wagner")
    curves = tables["curves"][tables["curves"]["name"].isin(shown)]
    panels_bandit.regret_curves(axes[0, 0], curves)
    rates = tables["slopes"].melt(
        ["name", "subject"], ["alpha_stable", "alpha_volatile"], "volatility", "alpha"
    )
    rates["volatility"] = rates["volatility"].str.removeprefix("alpha_")
    rates["name"] = rates["name"].replace({"control": "rescorla_wagner"})
    panels_bandit.learning_rates(axes[0, 1], rates)
    return {"restless": Drawing(figure, {"regret": curves, "learning_rates": rates})}


SOURCE = "Wang 2016, section 3.1.4"
EXPERIMENT = Experiment(
    name="restless",
    claim="With frozen weights, the network learns faster where the world is more volatile, and so beats fixed rates.",
    cite=("wang2016", "behrens2007", "botvinick2019"),
    presets={
        "smoke": RestlessConfig(2, 4, 10, 20),
        "quick": RestlessConfig(4, 1024, 300, 50),
        "laptop": RestlessConfig(),
        "full": RestlessConfig(20, 8192, 1000, 300),
    },
    conditions=conditions,
    simulate=simulate,
    measure=measure,
    draw=draw,
    expectations=(
        *(
            Expectation(f"agent less {rival}: regret", "below 0", high=0.0, where=SOURCE, confidence="text")
            for rival in ("thompson", "ucb", "rescorla_wagner")
        ),
        Expectation("agent: slope above 0 with its interval", 1.0, 1.0, 1.0, SOURCE, "text"),
        Expectation("control: slope's interval holds 0", 1.0, 1.0, 1.0, SOURCE, "text"),
        Expectation(
            "control: fitted learning rate, difference",
            0.0,
            -0.02,
            0.02,
            SOURCE,
            "text",
            "volatile less stable blocks; the control's rate is fixed",
        ),
        Expectation(
            "agent: fitted learning rate, difference", "above 0", low=0.0, where=SOURCE, confidence="text"
        ),
        Expectation(
            "agent: BIC in favour of a free learning rate",
            "above 0",
            low=0.0,
            where=SOURCE,
            confidence="text",
        ),
        Expectation(
            "control: BIC in favour of a free learning rate",
            "below 0",
            high=0.0,
            where=SOURCE,
            confidence="text",
        ),
        Expectation("untrained: regret in 100 pulls", "chance", where="control", note="reported"),
    ),
    departures=(
        "The paper gives no size of the walk: s.d. .02 (stable) and .2 (volatile) per pull, reflected at 0 and 1.",
        "Thompson sampling assumes one volatility, .05, between the two; UCB has chi = 1 as in the paper.",
        "Rescorla-Wagner has the best of 35 settings, chosen on other episodes, not alpha .5 alone.",
    ),
)
