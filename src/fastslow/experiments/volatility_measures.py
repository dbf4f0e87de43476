"""Volatility: the measures that agents, observers and control go through.

Learning rates by block and by trial, what can be read out of the state, and units that track the volatility.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float

from fastslow.agents.bayes_volatility import bayes_volatility
from fastslow.agents.behrens import behrens
from fastslow.analysis.decoding import decode_each
from fastslow.analysis.sliding_rate import sliding_rates
from fastslow.analysis.statistics import summarise
from fastslow.analysis.unit_coding import selectivity, unit_coding
from fastslow.experiments.claims import claim, exact, table
from fastslow.experiments.experiment import CLAIMS
from fastslow.records.activity import at_step
from fastslow.records.follow import follow
from fastslow.records.record import trials
from fastslow.records.schema import CELL
from fastslow.tasks.volatility import VolatileBandit, VolatilitySchedule
from fastslow.training.actor_critic import A2CConfig

TRAINING, SCHEDULE = VolatileBandit(), VolatilitySchedule()
TRAINER = A2CConfig(lanes=64, gamma=0.8, entropy_weight=0.05, final_entropy_weight=0.0)
"""How the network is trained; the rates at which it then learns by itself are held against this one's step size."""
WINDOW = 20
"""Trials, up to the one at hand, over which the generator's hazard is averaged: nobody can know it at once."""
PHASES = {0: "stable 1", 1: "volatile 1", 2: "volatile 2", 3: "stable 2"}
UNITS = "units_"
"""Prefix of the records of the training distribution that hold the units' activity."""
GIVEN = ("p_reward_0", "action", "last_action", "last_reward", "last_action*last_reward")
"""Covariates of a unit's regression on volatility."""
SHUFFLES = 100
"""Shuffles against which units are held."""


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
    scores, predicted = decode_each(activity, trials(record), target, "number")
    return scores.rename(columns={"score": "r"}).drop(columns="chance"), predicted


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
    hazard = (
        decoding[decoding["target"] == "hazard"]
        .pivot(index="subject", columns="name", values="r")
        .fillna(0.0)
    )
    gained = hazard["agent"] - hazard["untrained"]
    rows.append(claim("agent less untrained: volatility read out, hazard", gained))
    for name, mine in fractions.groupby("name", sort=False):
        rows.append(claim(f"{name}: units that track volatility", mine["bonferroni"]))
        rows.append(
            claim(f"{name}: units that track volatility, against shuffled episodes", mine["beyond_shuffles"])
        )
    for name, mine in earned.groupby("name", sort=False):
        rows.append(claim(f"{name}: correct choices on the schedule", mine["correct"]))
    return table(rows)
