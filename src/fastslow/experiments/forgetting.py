"""Forgetting: what was mastered must be mastered again when it returns, unless it is recalled.

Meta-RL keeps what it learns in its activity alone, which the next task overwrites: strategies that it had mastered it
re-learns. With its past cell states reinstated it does not (Ritter et al. 2018; box 3 of Botvinick et al. 2019).
Measured is the regret over an exposure when a bandit returns, set against that of its first exposure, by how many
exposures of others came in between. Agents are those of `episodic_bandits`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import jax
import pandas as pd
import xarray as xr
from jaxtyping import Array, Key

from fastslow.agents import ep_recurrent
from fastslow.agents.agent import Agent
from fastslow.agents.bayes_recurring import bayes_recurring
from fastslow.analysis.forgetting import LAGS, between, meetings, relearning, span
from fastslow.analysis.statistics import summarise
from fastslow.experiments import episodic_bandits
from fastslow.experiments.claims import claim, table
from fastslow.experiments.episodic_bandits import AGENT, TASK, EpisodicBanditsConfig
from fastslow.experiments.experiment import CLAIMS, Condition, Drawing, Expectation, Experiment, newborns
from fastslow.figures import panels_recall, style
from fastslow.records.collect import collect
from fastslow.records.record import trials

TRAINED = ("ep_lstm", "lstm")
PLAYERS = ("lstm", "ep_lstm", "untrained", "observer_no_memory", "observer")


@dataclass(frozen=True)
class ForgettingConfig:
    """How much of it."""

    seeds: int = 8
    updates: int = 2000
    """Gradient steps, four exposures of each of 64 lanes."""
    episodes: int = 30
    """Test episodes per agent, of 100 exposures."""
    units: int = 48
    """Recurrent units."""


def conditions(config: ForgettingConfig) -> dict[str, Condition]:
    made = episodic_bandits.conditions(
        EpisodicBanditsConfig(config.seeds, config.updates, units=config.units)
    )
    return {name: made[name] for name in TRAINED}


def simulate(
    config: ForgettingConfig, trained: dict[str, list[Agent]], key: Key[Array, ""]
) -> dict[str, xr.Dataset]:
    """Everybody on the same episodes, ten exposures of each of ten bandits."""
    test_key, birth_key = jax.random.split(key)
    newborn = newborns(TASK, replace(AGENT, units=config.units), birth_key, config.seeds, ep_recurrent.make)
    players = trained | {
        "untrained": newborn,
        "observer": [bayes_recurring(TASK)] * config.seeds,
        "observer_no_memory": [bayes_recurring(TASK, remembers=False)] * config.seeds,
    }
    return {name: collect(players[name], TASK, test_key, config.episodes) for name in PLAYERS}


def measure(records: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    met = pd.concat([meetings(trials(record)).assign(name=name) for name, record in records.items()])
    met = met.assign(between=between(met["lag"]))
    by_seed = {
        "returns": relearning(met, [], ["name"]),
        "mastered": relearning(met, [], ["name"], mastered=True),
        "by_lag": relearning(met, ["between"], ["name"]),
        "by_exposure": relearning(met, ["exposure"], ["name"]),
    }
    first = met[met["exposure"] == 1].groupby(["subject", "name"], sort=False)["regret"].mean().reset_index()
    tables = {f"{name}_by_seed": rows for name, rows in by_seed.items()}
    for name, along in (("returns", []), ("by_lag", ["between"]), ("by_exposure", ["exposure"])):
        tables[name] = summarise(by_seed[name], ["name", *along], "relative")
    return tables | {"first_by_seed": first, CLAIMS: claims(by_seed, first)}


RETURN = "regret of returns over that of first exposures"


def claims(by_seed: Mapping[str, pd.DataFrame], first: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for name, group in by_seed["returns"].groupby("name", sort=False):
        rows.append(claim(f"{name}: {RETURN}", group["relative"]))
    for name, group in by_seed["mastered"].groupby("name", sort=False):
        rows.append(claim(f"{name}: the same, of bandits mastered before", group["relative"]))
    for (name, least), group in by_seed["by_lag"].groupby(["name", "between"], sort=False):
        rows.append(claim(f"{name}: the same, {span(int(least))} in between", group["relative"]))
    for name, group in first.groupby("name", sort=False):
        rows.append(claim(f"{name}: regret per pull of first exposures", group["regret"]))
    return table(rows)


@style.panel
def draw(tables: Mapping[str, pd.DataFrame]) -> dict[str, Drawing]:
    figure, axes = style.figure(2, 1, height=68)
    by_lag, by_exposure = tables["by_lag"], tables["by_exposure"]
    panels_recall.relearning(axes[0, 0], by_lag)
    panels_recall.relearning(axes[0, 1], by_exposure, "exposure")
    top = 1.08 * max(1.0, by_lag["high"].max(), by_exposure["high"].max())
    for axis in axes[0]:
        axis.set_ylim(0, top)
    axes[0, 1].set_ylabel("")
    axes[0, 1].legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    return {"forgetting": Drawing(figure, {"by_lag": by_lag, "by_exposure": by_exposure})}


SOURCE = "Ritter 2018, barcode bandits"
OURS = "ours"
SHORTEST, LONGEST = (f"{span(least)} in between" for least in (LAGS[0], LAGS[-1]))
EXPERIMENT = Experiment(
    name="forgetting",
    claim=(
        "A recurrent network must master again each task that returns, for the tasks in between overwrote what it "
        "knew; one whose past states are reinstated need not."
    ),
    cite=("ritter2018", "botvinick2019"),
    presets={
        "smoke": ForgettingConfig(2, 2, 2, units=8),
        "quick": ForgettingConfig(2, 1200, 20),
        "laptop": ForgettingConfig(),
        "full": ForgettingConfig(20, 24000, 100, units=256),
    },
    conditions=conditions,
    simulate=simulate,
    measure=measure,
    draw=draw,
    expectations=(
        Expectation(f"lstm: {RETURN}", "re-learns", low=0.8, where=SOURCE, confidence="text"),
        Expectation(f"ep_lstm: {RETURN}", "does not", high=0.4, where=SOURCE, confidence="text"),
        Expectation(f"untrained: {RETURN}", 1.0, 0.95, 1.05, OURS, "computed", "learns nothing"),
        Expectation(f"observer_no_memory: {RETURN}", 1.0, 0.95, 1.05, OURS, "computed", "all anew"),
        Expectation(f"observer: {RETURN}", "little", where=OURS, note="forgets nothing"),
        *(
            Expectation(f"{name}: the same, of bandits mastered before", told, where=OURS)
            for name, told in (("lstm", "as much"), ("ep_lstm", "less"), ("observer", "least"))
        ),
        *(
            Expectation(f"{name}: the same, {lag}", "", where=OURS)
            for name in ("lstm", "ep_lstm", "observer")
            for lag in (SHORTEST, LONGEST)
        ),
    ),
    departures=(
        "The agents, their training and its departures are those of `episodic_bandits`; the LSTM keeps its activity "
        "over the episode.",
    ),
)
