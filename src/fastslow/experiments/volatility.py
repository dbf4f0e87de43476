"""Volatility: weights frozen, the network learns faster where the world changes faster, and knows how fast it does.

Wang et al. 2018, Simulation 2 (Fig. 3), after Behrens et al. 2007: trained on episodes of shifting volatility and
tested on a calm and a volatile half in either order, its learning rate is higher in the volatile blocks; its units
track the volatility, which can be read out of them. Beside it the observer that knows how the world is made, and
Behrens' learner, which only knows that everything drifts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import jax
import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, Float, Key

from fastslow.agents.agent import Agent
from fastslow.agents.bayes_volatility import bayes_volatility
from fastslow.agents.behrens import behrens
from fastslow.agents.recurrent import RecurrentConfig
from fastslow.agents.rescorla_wagner import rescorla_wagner
from fastslow.agents.yoked import Yoked
from fastslow.analysis.decoding import decode
from fastslow.analysis.sliding_rate import sliding_rates
from fastslow.analysis.statistics import summarise
from fastslow.analysis.unit_coding import selectivity, unit_coding
from fastslow.experiments.claims import claim, exact, table
from fastslow.experiments.experiment import CLAIMS, Condition, Drawing, Expectation, Experiment, newborns
from fastslow.figures import panels_bandit, panels_units, panels_volatility, style
from fastslow.records.activity import at_step
from fastslow.records.collect import collect
from fastslow.records.follow import follow
from fastslow.records.record import trials
from fastslow.records.schema import CELL
from fastslow.tasks.volatility import VolatileBandit, VolatilitySchedule
from fastslow.training.actor_critic import A2CConfig

TRAINING, SCHEDULE = VolatileBandit(), VolatilitySchedule()
AGENT = RecurrentConfig(see_time=False)
TRAINER = A2CConfig(lanes=64, gamma=0.8, entropy_weight=0.05, final_entropy_weight=0.0)
WINDOW = 20
"""Trials, up to the one at hand, over which the generator's hazard is averaged: nobody can know it at once."""
PHASES = {0: "stable 1", 1: "volatile 1", 2: "volatile 2", 3: "stable 2"}
CONTROL = (0.5, 5.0)
"""alpha and beta of the Rescorla-Wagner control, whose fitted rate must not differ between blocks."""
UNITS = "units_"
"""Prefix of the records of the training distribution that hold the units' activity."""
GIVEN = ("p_reward_0", "action", "last_action", "last_reward", "last_action*last_reward")
"""Covariates of a unit's regression on volatility."""
SHUFFLES = 100
"""Shuffles against which units are held."""


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


def with_beliefs(record: xr.Dataset) -> xr.Dataset:
    """The record with what two observers make of the very same trials, and the volatility averaged over the last ones.

    `belief`: P(volatile) of the observer that knows the training distribution; `drift`: E(v) of Behrens' learner;
    `smooth_hazard`: the hazard of the training distribution, or on the schedule the volatile half (0 or 1), averaged
    over the last `WINDOW` trials.
    """
    rows = trials(record)
    there = record["present"].to_numpy()

    def column(values: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
        cells = np.full(there.shape, np.nan)
        cells[there] = values
        return CELL, cells

    on_schedule = "phase" in record
    task = SCHEDULE if on_schedule else TRAINING
    new = {"belief": column(follow(bayes_volatility(TRAINING), task, rows)["volatility"].to_numpy())}
    if on_schedule:
        new["drift"] = column(follow(behrens(task), task, rows)["volatility"].to_numpy())
    level = record["volatile"] if on_schedule else record["hazard"]
    new["smooth_hazard"] = (CELL, running_mean(level.to_numpy().astype(float), WINDOW))
    return record.assign(new)


def running_mean(values: Float[np.ndarray, "*n trial"], width: int) -> Float[np.ndarray, "*n trial"]:
    """The mean over the last `width` trials, the one at hand included; over fewer at the beginning."""
    sums = np.concatenate([np.zeros_like(values[..., :1]), np.cumsum(values, axis=-1)], axis=-1)
    end = np.arange(1, values.shape[-1] + 1)
    begin = np.maximum(end - width, 0)
    return (sums[..., end] - sums[..., begin]) / (end - begin)


def with_order(record: xr.Dataset) -> pd.DataFrame:
    """The trials with the order of the halves."""
    return ordered(trials(record))


def ordered(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(order=np.where(rows["phase"] < 2, "calm first", "volatile first"))


def phase_rates(rows: pd.DataFrame) -> pd.DataFrame:
    """The rate fitted to each half of each order, all episodes together: columns subject, phase, alpha, beta, n."""
    fits = sliding_rates(rows, "order", SCHEDULE.half, SCHEDULE.half)
    number = 2 * (fits["condition"] == "volatile first") + (fits["trial"] > SCHEDULE.half)
    return fits.assign(phase=number.map(PHASES))[["subject", "phase", "alpha", "beta", "n"]]


def rate_differences(rates: pd.DataFrame) -> pd.DataFrame:
    """Each subject's rate in volatile less stable phases: columns subject, stable, volatile, difference."""
    wide = rates.pivot(index="subject", columns="phase", values="alpha")
    stable = wide[["stable 1", "stable 2"]].mean(axis=1)
    volatile = wide[["volatile 1", "volatile 2"]].mean(axis=1)
    both = {"stable": stable, "volatile": volatile, "difference": volatile - stable}
    return pd.DataFrame(both).reset_index()


def read_out(record: xr.Dataset, target: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """How well `target` is read out of each subject's units, episodes held out; and what is read out of each trial."""
    activity = at_step(record).to_numpy()[record["present"].to_numpy()]
    rows = trials(record)
    scores, predicted = [], []
    for subject in dict.fromkeys(rows["subject"]):
        mine = (rows["subject"] == subject).to_numpy()
        own = rows[mine]
        found = decode(activity[mine], own[target].to_numpy(), own["episode"].to_numpy(), kind="number")
        scores.append({"subject": subject, "r": found.score, "note": found.note})
        predicted.append(own.assign(predicted=found.predicted))
    return pd.DataFrame(scores), pd.concat(predicted, ignore_index=True)


def known_to_observer(record: xr.Dataset) -> pd.DataFrame:
    """Correlation of the ideal observer's belief with the generator's averaged hazard, on each subject's trials."""
    rows = trials(record)
    scores = [
        {"subject": subject, "r": np.corrcoef(mine["belief"], mine["smooth_hazard"])[0, 1]}
        for subject, mine in rows.groupby("subject", sort=False)
    ]
    return pd.DataFrame(scores)


def decodings(records: Mapping[str, xr.Dataset]) -> pd.DataFrame:
    """r of each name, target and subject on the training distribution; the observer's is that of its belief."""
    tables = []
    for name in ("agent", "untrained"):
        record = records[UNITS + name]
        tables.append(read_out(record, "smooth_hazard")[0].assign(name=name, target="hazard"))
        tables.append(read_out(record, "belief")[0].assign(name=name, target="belief"))
    tables.append(
        known_to_observer(records[UNITS + "agent"]).assign(name="observer", target="hazard", note="")
    )
    return pd.concat(tables, ignore_index=True)


def tracking_units(records: Mapping[str, xr.Dataset]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Partial correlations of all units with the averaged hazard, and the fraction of each network's that track it.

    Two criteria: p < .05, Bonferroni over the network's units, as if trials were independent; and above 99 % of
    shuffles in which each episode is lent the variables of another, which keeps the slowness of both.
    """
    tables = []
    for name in ("agent", "untrained"):
        coded = unit_coding(
            records[UNITS + name], ["smooth_hazard"], GIVEN, 0, "episodes", SHUFFLES, "bonferroni"
        )
        tables.append(coded.assign(name=name))
    units = pd.concat(tables, ignore_index=True)
    units["beyond"] = units["partial_r"] > units["shuffled_p99"]
    fractions = []
    for name, mine in units.groupby("name", sort=False):
        share = selectivity(mine)[["subject", "proportion"]].rename(columns={"proportion": "bonferroni"})
        beyond = mine.groupby("subject", sort=False)["beyond"].mean().rename("beyond_shuffles").reset_index()
        fractions.append(share.merge(beyond, on="subject").assign(name=name))
    return units, pd.concat(fractions, ignore_index=True)


def measure(records: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    behaviour = {name: with_order(r) for name, r in records.items() if not name.startswith(UNITS)}
    fitted = [phase_rates(rows).assign(name=name) for name, rows in behaviour.items()]
    rates = pd.concat(fitted, ignore_index=True)
    parts = [rate_differences(mine).assign(name=name) for name, mine in rates.groupby("name", sort=False)]
    differences = pd.concat(parts, ignore_index=True)
    decoding = decodings(records)
    on_schedule, predicted = read_out(records["agent"], "smooth_hazard")
    decoding = pd.concat([decoding, on_schedule.assign(name="agent", target="schedule")], ignore_index=True)
    units, fractions = tracking_units(records)
    earned = pd.concat(
        [
            rows.groupby("subject", sort=False)["correct"].mean().reset_index().assign(name=name)
            for name, rows in behaviour.items()
        ]
    )
    return {
        "rates_by_seed": rates,
        "rates": summarise(rates, ["name", "phase"], "alpha"),
        "differences": differences,
        "rate_traces": rate_traces(behaviour),
        "volatility_traces": volatility_traces(behaviour["agent"], ordered(predicted)),
        "decoding": decoding,
        "units": units,
        "fractions": fractions,
        CLAIMS: claims(differences, decoding, fractions, earned),
    }


def rate_traces(behaviour: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    tables = []
    for name in ("agent", "observer"):
        rates = sliding_rates(behaviour[name], "order", WINDOW).rename(columns={"condition": "order"})
        tables.append(summarise(rates, ["order", "trial"], "alpha", resamples=1000).assign(name=name))
    return pd.concat(tables, ignore_index=True)


def volatility_traces(rows: pd.DataFrame, predicted: pd.DataFrame) -> pd.DataFrame:
    """By trial and order: what is read out of the agents' units, and what two observers believe of the same trials."""
    signals = {"agent": (predicted, "predicted"), "observer": (rows, "belief"), "behrens": (rows, "drift")}
    tables = []
    for name, (source, column) in signals.items():
        means = source.groupby(["subject", "order", "trial"], sort=False)[column].mean().reset_index()
        tables.append(summarise(means, ["order", "trial"], column, resamples=200).assign(name=name))
    return pd.concat(tables, ignore_index=True)


def claims(
    differences: pd.DataFrame, decoding: pd.DataFrame, fractions: pd.DataFrame, earned: pd.DataFrame
) -> pd.DataFrame:
    rows = []
    for name, mine in differences.groupby("name", sort=False):
        for column in ("stable", "volatile"):
            rows.append(claim(f"{name}: learning rate, {column} blocks", mine[column]))
        rows.append(claim(f"{name}: learning rate, volatile less stable", mine["difference"]))
    agent = differences.loc[differences["name"] == "agent", "difference"]
    rows.append(exact("agent: seeds with the higher rate in volatile blocks", float((agent > 0).mean())))
    above = (agent > 0).all() or claim("", agent)["low"] > 0
    rows.append(exact("agent: rate higher in volatile blocks, every seed or its interval", float(above)))
    mean = differences.loc[differences["name"] == "agent", ["stable", "volatile"]].mean(axis=1)
    rows.append(claim("agent: learning rate over the trainer's step size", mean / TRAINER.learning_rate))
    for (name, target), mine in decoding.groupby(["name", "target"], sort=False):
        rows.append(claim(f"{name}: volatility read out, {target}", mine["r"].fillna(0.0)))
    for name, mine in fractions.groupby("name", sort=False):
        rows.append(claim(f"{name}: units that track volatility", mine["bonferroni"]))
        rows.append(
            claim(f"{name}: units that track volatility, against shuffled episodes", mine["beyond_shuffles"])
        )
    for name, mine in earned.groupby("name", sort=False):
        rows.append(claim(f"{name}: correct choices on the schedule", mine["correct"]))
    return table(rows)


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
