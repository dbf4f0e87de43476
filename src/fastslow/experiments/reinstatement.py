"""Reinstatement: when the gate opens for what is recalled, and what it is that is recalled.

The episodic LSTM of Ritter et al. 2018 recalls the state whose barcode is nearest, right or wrong: that is looked up
and not learned. What is learned is how far to let it in. Agents are those of `episodic_bandits`, one trained where
barcodes never change and one where bits are shown flipped, so that what is recalled may be another bandit's.

A gate is computed from what is seen and from what the network holds, not from what is recalled: at the first pull of an
exposure, when the network begins anew, it can know nothing of it. What it knows later, it has from what was let in then
and from what the pulls paid.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import jax
import pandas as pd
import xarray as xr
from jaxtyping import Array, Key

from fastslow.agents import ep_recurrent
from fastslow.agents.agent import Agent
from fastslow.analysis.reinstatement import difference, gated, means
from fastslow.analysis.statistics import summarise
from fastslow.experiments import episodic_bandits
from fastslow.experiments.claims import claim, exact, table
from fastslow.experiments.episodic_bandits import (
    AGENT,
    NOISES,
    TASK,
    TRAINED_NOISE,
    EpisodicBanditsConfig,
    lived,
)
from fastslow.experiments.experiment import CLAIMS, Condition, Drawing, Expectation, Experiment, newborns
from fastslow.figures import panels_recall, style
from fastslow.records.record import trials

TRAINED = ("ep_lstm", "ep_lstm_noisy")
OWN_NOISE = {"ep_lstm": 0.0, "ep_lstm_noisy": TRAINED_NOISE, "untrained": TRAINED_NOISE}
"""Where each is asked when its gate opens: where it was trained."""
WITHIN = {
    "all pulls": (),
    "same exposure and pull": ("exposure", "trial_within"),
    "same exposure, pull and rewards so far": ("exposure", "trial_within", "earned"),
}
"""Within cells of what the gate is compared, where what is recalled is right and where it is not."""
SHARES = {"same": "what is of this barcode", "right": "what is right"}
"""Shares of first pulls on returns: the state recalled was stored under this barcode; and knew the best arm."""


@dataclass(frozen=True)
class ReinstatementConfig:
    """How much of it."""

    seeds: int = 8
    updates: int = 1500
    """Gradient steps, four exposures of each of 64 lanes."""
    episodes: int = 10
    """Test episodes per agent at each level of noise, of 1,000 pulls."""
    units: int = 48
    """Recurrent units."""


def conditions(config: ReinstatementConfig) -> dict[str, Condition]:
    made = episodic_bandits.conditions(
        EpisodicBanditsConfig(config.seeds, config.updates, units=config.units)
    )
    return {name: made[name] for name in TRAINED}


def simulate(
    config: ReinstatementConfig, trained: dict[str, list[Agent]], key: Key[Array, ""]
) -> dict[str, xr.Dataset]:
    """Everybody on the same episodes at each level of noise."""
    test_key, birth_key = jax.random.split(key)
    newborn = newborns(TASK, replace(AGENT, units=config.units), birth_key, config.seeds, ep_recurrent.make)
    return {
        f"noise_{level:g}_{name}": lived(
            agents, level, jax.random.fold_in(test_key, round(100 * level)), config.episodes
        )
        for name, agents in (trained | {"untrained": newborn}).items()
        for level in NOISES
    }


def measure(records: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    rows = pd.concat([told(name, record) for name, record in records.items()], ignore_index=True)
    again = rows[rows["exposure"] > 1]
    own = again[again["noise"] == again["name"].map(OWN_NOISE)]
    # Cosines of barcodes are fifths, up to rounding; adding 0 makes -0 of them 0.
    near = again.assign(similarity=again["recalled_similarity"].round(1) + 0.0)
    # The first pull's gate is many times as wide as the later ones', and blind.
    later = {name: part[part["trial_within"] > 1] for name, part in (("own", own), ("near", near))}
    kinds = {
        "first_pulls": (rows[rows["trial_within"] == 1], ["name", "noise", "exposure"]),
        "by_exposure": (later["own"], ["name", "exposure", "right"]),
        "by_pull": (own, ["name", "trial_within", "right"]),
        "by_similarity": (later["near"], ["name", "similarity", "right"]),
        "by_noise": (again, ["name", "noise", "right"]),
    }
    tables = {}
    for kind, (counted, keys) in kinds.items():
        by_seed = means(counted, keys)
        tables[f"gate_{kind}_by_seed"] = by_seed
        tables[f"gate_{kind}"] = summarise(by_seed, keys, "gate", resamples=1000)
    returned = again[again["trial_within"] == 1]
    for kind, keys in {"exposure": ["name", "noise", "exposure"], "noise": ["name", "noise"]}.items():
        by_seed = returned.groupby(["subject", *keys], sort=False)[list(SHARES)].mean().reset_index()
        tables[f"recalled_by_{kind}_by_seed"] = by_seed
        long = by_seed.melt(["subject", *keys], list(SHARES), "share")
        tables[f"recalled_by_{kind}"] = summarise(long, [*keys, "share"], "value", resamples=1000)
    tables["differences_by_seed"] = differences(own)
    return tables | {CLAIMS: claims(tables)}


def told(name: str, record: xr.Dataset) -> pd.DataFrame:
    """The trials of a record at which there was something to let in, with who and what noise it was, and the rewards
    `earned` so far in the exposure."""
    _, level, who = name.split("_", 2)
    rows = gated(trials(record)).assign(name=who, noise=float(level))
    reward = rows.groupby(["subject", "episode", "exposure_order"], sort=False)["reward"]
    return rows.assign(earned=reward.cumsum() - rows["reward"])


def differences(rows: pd.DataFrame) -> pd.DataFrame:
    """For each agent and seed, the gate where what is recalled is right less that where it is not, where the choice is
    best less elsewhere, and on first pulls less later ones: columns name, comparison, subject, difference, trials,
    note."""
    parts = []
    for name, group in rows.groupby("name", sort=False):
        made = {f"right less not, {what}": difference(group, "right", w) for what, w in WITHIN.items()}
        first = group["trial_within"] == 1
        made["right less not, first pulls"] = difference(group[first], "right")
        made["right less not, later pulls"] = difference(group[~first], "right")
        made["best choice less others"] = difference(group, "correct")
        made["best choice less others, same exposure and pull"] = difference(
            group, "correct", WITHIN["same exposure and pull"]
        )
        made["first pulls less later ones"] = difference(group.assign(first=first), "first")
        parts += [part.assign(name=name, comparison=what) for what, part in made.items()]
    return pd.concat(parts, ignore_index=True)


def claims(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    rows = []
    known = tables["differences_by_seed"].dropna(subset="difference")
    for (name, what), group in known.groupby(["name", "comparison"], sort=False):
        rows.append(claim(f"{name}: gate, {what}", group["difference"]))
        rows.append(exact(f"{name}: gate, {what}, lower end", rows[-1]["low"]))
    first = tables["gate_first_pulls_by_seed"]
    own = first[first["noise"] == first["name"].map(OWN_NOISE)]
    for (name, exposure), group in own.groupby(["name", "exposure"], sort=False):
        rows.append(claim(f"{name}: gate at first pulls, exposure {exposure}", group["gate"]))
    for (name, level), group in tables["recalled_by_noise_by_seed"].groupby(["name", "noise"], sort=False):
        for share, words in SHARES.items():
            rows.append(claim(f"{name}: recalled {words}, {100 * level:g} % of bits flipped", group[share]))
    return table(rows)


@style.panel
def draw(tables: Mapping[str, pd.DataFrame]) -> dict[str, Drawing]:
    """The gate within exposures, over exposures and by similarity; what is retrieved over exposures and by noise."""
    figure, axes = style.figure(3, 2, height=118)
    drawn = {}
    by_pull, by_cosine = tables["gate_by_pull"], tables["gate_by_similarity"]
    of_all = by_cosine["n"] == by_cosine["n"].max()
    later = by_pull["trial_within"] > 1
    panels = {
        "by_pull_ep_lstm": (axes[0, 0], by_pull, "trial_within", "pull of the exposure"),
        "later_ep_lstm": (axes[0, 1], by_pull[later], "trial_within", "pull from the second on"),
        "later_ep_lstm_noisy": (axes[0, 2], by_pull[later], "trial_within", "pull from the second on"),
        "cosine_ep_lstm_noisy": (
            axes[1, 0],
            by_cosine[of_all],
            "similarity",
            "cosine of the contexts,\npulls from the second on",
        ),
    }
    for what, (axis, rows, along, label) in panels.items():
        name = what[what.index("ep_lstm") :]
        drawn[what] = rows[rows["name"] == name]
        panels_recall.gate_curves(axis, drawn[what], along, label)
        axis.set_title("\n".join(style.look(name).label.split(", ")))
        if axis is not axes[0, 0]:
            axis.get_legend().remove()
    found = tables["recalled_by_exposure"]
    found = found[(found["name"] == "ep_lstm_noisy") & (found["share"] == "same")]
    found = found[found["noise"].isin((0.0, 0.1, 0.2))].rename(columns={"noise": "flipped"})
    found = found.sort_values(["flipped", "exposure"])
    found["name"] = [f"{100 * level:g} % of bits flipped" for level in found["flipped"]]
    base = style.look("recalled_same")
    looks = {
        name: base._replace(label=name, colour=style.tint(base.colour, share), line=line)
        for name, share, line in zip(
            pd.unique(found["name"]), (0.0, 0.3, 0.55), ("-", "--", ":"), strict=False
        )
    }
    panels_recall.shares(axes[1, 1], found, "exposure", "exposure", "P(recalled is of this context)", looks)
    noise = tables["recalled_by_noise"]
    noise = noise[noise["name"] == "ep_lstm_noisy"].assign(flipped=100 * noise["noise"])
    noise["name"] = noise["share"].map({"same": "recalled_same", "right": "recalled_right"})
    panels_recall.shares(axes[1, 2], noise, "flipped", "bits flipped (%)", "P(recalled)")
    return {"reinstatement": Drawing(figure, drawn | {"by_exposure": found, "by_noise": noise})}


SOURCE = "Ritter 2018, gates"
OURS = "ours"
RAW = "right less not, all pulls"
EXPERIMENT = Experiment(
    name="reinstatement",
    claim=(
        "The gate opens as a task begins, for whatever is recalled, and all but shuts at the first outcome; from then "
        "on it is open wider where what is recalled is right."
    ),
    cite=("ritter2018", "botvinick2019"),
    presets={
        "smoke": ReinstatementConfig(2, 2, 1, units=8),
        "quick": ReinstatementConfig(2, 1200, 5),
        "laptop": ReinstatementConfig(),
        "full": ReinstatementConfig(20, 24000, 50, units=256),
    },
    conditions=conditions,
    simulate=simulate,
    measure=measure,
    draw=draw,
    expectations=(
        *(
            Expectation(
                f"{name}: gate, {RAW}, lower end", "above 0", low=0.0, where=OURS, note="of the interval"
            )
            for name in TRAINED
        ),
        *(
            Expectation(f"{name}: gate, {what}", told, where=where, confidence=confidence)
            for name in TRAINED
            for what, told, where, confidence in (
                (RAW, "above 0", OURS, ""),
                *((f"right less not, {what}", "", OURS, "") for what in list(WITHIN)[1:]),
                ("right less not, first pulls", "0: it cannot know", OURS, ""),
                ("right less not, later pulls", "above 0", OURS, ""),
                ("best choice less others", "above 0", SOURCE, "text"),
                ("best choice less others, same exposure and pull", "above 0", SOURCE, "text"),
                ("first pulls less later ones", "", OURS, ""),
            )
        ),
        Expectation(f"untrained: gate, {RAW}", 0.0, -0.02, 0.02, OURS, note="control"),
        *(
            Expectation(f"{name}: gate at first pulls, exposure {exposure}", "", where=OURS)
            for name in TRAINED
            for exposure in (1, 2, 10)
        ),
        *(
            Expectation(
                f"{name}: recalled {SHARES['same']}, 0 % of bits flipped",
                1.0,
                1.0,
                1.0,
                OURS,
                "exact",
                "looked up",
            )
            for name in (*TRAINED, "untrained")
        ),
        *(
            Expectation(f"{name}: recalled {SHARES['same']}, {level} % of bits flipped", "", where=OURS)
            for name in ("ep_lstm_noisy", "untrained")
            for level in (10, 20)
        ),
        *(
            Expectation(
                f"ep_lstm_noisy: recalled {SHARES['right']}, {level} % of bits flipped", "", where=OURS
            )
            for level in (0, 10, 20)
        ),
    ),
    departures=(
        "The agents, their training and its departures are those of `episodic_bandits`, with 1,500 updates.",
        "Right is what was stored under this barcode at the end of an exposure whose last pull was of the best arm; "
        "the paper sorts by the choice made, which is measured too.",
        "Gates are means over units; first exposures, where nothing right can be recalled, are not compared.",
    ),
)
