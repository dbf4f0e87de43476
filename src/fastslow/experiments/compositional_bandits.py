"""Compositional bandits: two recollections, each of which tells half, are put together.

Ritter et al. 2018: a context is made of two codes that never meet twice, so that nothing can be looked up as it was;
but what each code stands for was learned in other company. An agent that recalls one state for each code pulls the
right arm at once, and is better than whoever goes by one code alone could be: than the ideal observers of one code.

That is so where a code stands for a row or a column of arms, which an arm that pays shows. Where codes stand for
numbers and the arm for their sum, an arm that pays shows neither number, and the arms of the pairs in which two codes
were last met (a + b' and a' + b) tell nothing of the arm of the two together (a + b), unless a' + b' is known too. A
state that is stored would have to hold what its code stands for. Nothing in its own pair asks for that, and no gradient
of later ones reaches it: it holds the arm, and the agent stays at chance.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import jax
import pandas as pd
import xarray as xr
from jaxtyping import Array, Key

from fastslow.agents import ep_recurrent
from fastslow.agents.agent import Agent
from fastslow.agents.bayes_compositional import bayes_compositional
from fastslow.agents.ep_recurrent import EpRecurrentConfig, ablated, without
from fastslow.analysis.exposures import by_exposure, first_trials
from fastslow.analysis.statistics import summarise
from fastslow.experiments.claims import claim, exact, table
from fastslow.experiments.compositional_bandits_measures import by_rarer_code, halves, held
from fastslow.experiments.experiment import CLAIMS, Condition, Drawing, Expectation, Experiment, newborns
from fastslow.figures import panels_exposures, panels_recall, style
from fastslow.records.collect import collect
from fastslow.records.record import trials
from fastslow.tasks.compositional_bandits import CompositionalBandits
from fastslow.training.actor_critic import A2CConfig

GRID = CompositionalBandits(combine="grid", levels=3)
SUM = CompositionalBandits(combine="sum", levels=4)
TRAINED_CODES = 4
"""In training there are fewer codes than in tests (10): first meetings, of which there is the most to learn, would be
a fifth of all."""
AGENT = EpRecurrentConfig(see_pay=True, span=20)
# Tuned on seed 100: small batches, of four pairs in each lane, so that there are many updates.
TRAINER = A2CConfig(lanes=64, unroll=44, gamma=0.8, learning_rate=4e-3, final_entropy_weight=0.0)
AGENTS = {
    "ep_lstm": (GRID, AGENT),
    "ep_first": (GRID, replace(AGENT, lost=(1,))),
    "lstm": (GRID, replace(AGENT, recall="none", restart=False)),
    "ep_lstm_sum": (SUM, AGENT),
}
"""Who is trained, and on what: with both codes to recall by, with the first alone, with none (activity goes on over the
episode), and with both where codes are summed."""
USES = {
    "observer": "both",
    "observer_first": "first",
    "observer_second": "second",
    "observer_no_memory": "neither",
    "observer_sum": "both",
    "observer_first_sum": "first",
}
"""Ideal observers, and the codes that they go by; where codes are summed one tells as little as the other."""

FOLDS = 5
"""Least episodes that anything can be read out of."""


@dataclass(frozen=True)
class CompositionalBanditsConfig:
    """How much of it."""

    seeds: int = 8
    updates: int = 2400
    """Gradient steps, four pairs of each of 64 lanes."""
    sum_updates: int = 600
    """The same where codes are summed: the curve is flat by then."""
    episodes: int = 15
    """Test episodes per agent, of 100 pairs and 1,000 pulls."""
    units: int = 48
    """Recurrent units."""


def conditions(config: CompositionalBanditsConfig) -> dict[str, Condition]:
    made = {}
    for name, (task, agent) in AGENTS.items():
        updates = config.sum_updates if task is SUM else config.updates
        agent, trainer = replace(agent, units=config.units), replace(TRAINER, updates=updates)
        made[name] = Condition(few_codes(task), agent, trainer, ep_recurrent.make)
    return made


def few_codes(task: CompositionalBandits) -> CompositionalBandits:
    """The task as it is in training."""
    return CompositionalBandits(combine=task.combine, levels=task.levels, codes=TRAINED_CODES)


def simulate(
    config: CompositionalBanditsConfig, trained: dict[str, list[Agent]], key: Key[Array, ""]
) -> dict[str, xr.Dataset]:
    """Everybody in tests of ten codes; those whose names end in `sum`, where codes are summed."""
    test_key, birth_key, held_key = jax.random.split(key, 3)
    both = trained["ep_lstm"]
    players = trained | {
        "ablated": [ablated(agent) for agent in both],
        "lost_first": [without(agent, 0) for agent in both],
        "lost_second": [without(agent, 1) for agent in both],
        "untrained": newborns(
            GRID, replace(AGENT, units=config.units), birth_key, config.seeds, ep_recurrent.make
        ),
    }
    for name, uses in USES.items():
        players[name] = [bayes_compositional(task_of(name), uses)] * config.seeds
    records = {}
    for name, agents in players.items():
        records[name] = collect(agents, task_of(name), test_key, config.episodes)
    for name in ("ep_lstm", "ep_lstm_sum"):
        # Apart, and of first pulls alone: the states are large.
        signals = ("recalled", "recalled_state")
        lived = collect(
            trained[name], task_of(name), held_key, max(config.episodes // 2, FOLDS), signals=signals
        )
        records[f"held_{name}"] = lived.drop_dims("time").isel(trial=slice(None, None, task_of(name).pulls))
    return records


def task_of(name: str) -> CompositionalBandits:
    """The task of whom is called that."""
    return SUM if name.endswith("_sum") else GRID


def measure(records: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    curves, new, parts, states = [], [], [], []
    for name, record in records.items():
        if name.startswith("held_"):
            who = name.removeprefix("held_")
            states.append(held(record, task_of(who)).assign(name=who))
            continue
        rows = by_rarer_code(trials(record))
        curves.append(by_exposure(rows).assign(name=name))
        later = by_exposure(rows[rows["exposure_order"] > 0])
        new.append(later[(later["exposure"] == 1) & (later["trial"] == 1)].assign(name=name))
        if task_of(name) is GRID:
            parts.append(halves(rows, GRID.levels).assign(name=name))
    by_seed = pd.concat(curves, ignore_index=True)
    known = within_known(by_seed)
    new, parts, states = (pd.concat(one, ignore_index=True) for one in (new, parts, states))
    return {
        "met_by_seed": by_seed,
        "met": summarise(by_seed, ["name", "exposure", "trial"], "correct", resamples=1000),
        "known_by_seed": known,
        "known": summarise(known, ["name", "trial"], "correct", resamples=1000),
        "one_new_by_seed": new,
        "halves_by_seed": parts,
        "halves": summarise(parts, ["name", "half"], "right"),
        "held_by_seed": states,
        "held": summarise(states, ["name", "what"], "right"),
        CLAIMS: claims(by_seed, known, new, parts, states),
    }


def within_known(by_seed: pd.DataFrame) -> pd.DataFrame:
    """Share of best choices by pull, in all pairs whose codes are both known: columns subject, name, trial, correct."""
    pulls = [
        first_trials(rows.assign(trial=1), ["name"]).assign(trial=trial)
        for trial, rows in by_seed.groupby("trial")
    ]
    return pd.concat(pulls, ignore_index=True)


FIRST = "first pull correct, both codes known"
LAST = "last pull correct, both codes known"
NEW = "first pull correct, one code new"
HALF = {"row": "in the right row", "column": "in the right column"}
RIGHT_READ = {
    "meaning": "read out of the state recalled, what the code stands for",
    "arm": "read out of the state recalled, the arm of the pair it was last part of",
}


def claims(
    by_seed: pd.DataFrame, known: pd.DataFrame, new: pd.DataFrame, parts: pd.DataFrame, states: pd.DataFrame
) -> pd.DataFrame:
    rows = []
    first = {name: group["correct"].to_numpy() for name, group in known[known["trial"] == 1].groupby("name")}
    rows += [claim(f"{name}: {FIRST}", values) for name, values in first.items()]
    for bound in ("observer_first", "observer_second", "ep_first"):
        rows.append(claim(f"ep_lstm less {bound}: {FIRST}", first["ep_lstm"] - first[bound]))
        rows.append(exact(f"ep_lstm less {bound}: {FIRST}, lower end", rows[-1]["low"]))
    for name, group in known[known["trial"] == known["trial"].max()].groupby("name"):
        rows.append(claim(f"{name}: {LAST}", group["correct"]))
    for name, group in new.groupby("name"):
        rows.append(claim(f"{name}: {NEW}", group["correct"]))
    met = by_seed[(by_seed["trial"] == 1) & (by_seed["name"] == "ep_lstm")]
    for times, group in met.groupby("exposure"):
        rows.append(claim(f"ep_lstm: {FIRST}, the rarer met {times - 1} times before", group["correct"]))
    for (name, half), group in parts.groupby(["name", "half"]):
        rows.append(claim(f"{name}: first pull {HALF[half]}, both codes known", group["right"]))
    for (name, what), group in states.groupby(["name", "what"]):
        rows.append(claim(f"{name}: {RIGHT_READ[what]}", group["right"]))
    return table(rows)


DRAWN = ("observer", "ep_lstm", "observer_first", "ep_first", "lstm", "ablated")
MOST = 8
"""Meetings of the rarer code up to which it is drawn; more are rare."""


def drawn(rows: pd.DataFrame, form: str, names: tuple[str, ...] = DRAWN) -> pd.DataFrame:
    """The rows of those who are drawn, one after the other, on grids or on sums."""
    there = [rows[rows["name"] == f"{name}{form}"].assign(name=name) for name in names]
    return pd.concat(there, ignore_index=True)


@style.panel
def draw(tables: Mapping[str, pd.DataFrame]) -> dict[str, Drawing]:
    """Grids above, sums below: first pulls by how often codes were met, later pulls, and what each recall tells."""
    figure, axes = style.figure(3, 2, height=130)
    data = {}
    for (first, later), form, words in zip(axes[:, :2], ("", "_sum"), ("grid", "sum"), strict=True):
        chance = 1 / task_of(form).arms
        met = tables["met"][(tables["met"]["trial"] == 1) & (tables["met"]["exposure"] <= MOST)]
        data[f"met_{words}"] = drawn(met, form)
        panels_exposures.first_trials(first, data[f"met_{words}"], chance)
        first.set_xlabel("meetings of the rarer code")
        first.set_ylabel(f"P(best choice), first pull, {words}")
        data[f"known_{words}"] = drawn(tables["known"], form)
        panels_recall.shares(
            later, data[f"known_{words}"], "trial", "pull", f"P(best choice), both codes known, {words}"
        )
        later.axhline(chance, color=style.GREY, linewidth=0.7, linestyle=":", zorder=0)
        for axis in (first, later):
            axis.get_legend().remove()
    figure.legend(handles=axes[0, 1].get_lines()[: len(DRAWN)], loc="outside lower center", ncols=3)
    data["halves"] = drawn(tables["halves"], "", ("ep_lstm", "lost_second", "lost_first")).assign(
        chance=1 / GRID.levels
    )
    panels_recall.told(axes[0, 2], data["halves"], "half")
    axes[0, 2].set_ylabel("P(first pull is in the right ...)")
    held = tables["held"]
    chance = [1 / task_of(name).levels for name in held["name"]]
    whose = [TOLD[name, what] for name, what in zip(held["name"], held["what"], strict=True)]
    data["held"] = held.assign(name="ep_lstm", told=whose, chance=chance)
    panels_recall.told(axes[1, 2], data["held"], "told")
    axes[1, 2].set_ylabel("read out of states recalled, share right")
    return {"compositional_bandits": Drawing(figure, data)}


TOLD = {
    ("ep_lstm", "meaning"): "row or column",
    ("ep_lstm_sum", "meaning"): "number summed",
    ("ep_lstm_sum", "arm"): "arm of its last pair",
}
"""What stands under the bar of what is read out."""

SOURCE = "Ritter 2018, compositional bandits"
OURS = "ours"
EXPERIMENT = Experiment(
    name="compositional_bandits",
    claim=(
        "A recurrent network that recalls one state for each of two codes puts together what it learned of either in "
        "other company, and is better at once than whoever goes by one code alone could be."
    ),
    cite=("ritter2018", "botvinick2019"),
    presets={
        "smoke": CompositionalBanditsConfig(2, 2, 2, 2, units=8),
        "quick": CompositionalBanditsConfig(2, 1200, 500, 10),
        "laptop": CompositionalBanditsConfig(),
        "full": CompositionalBanditsConfig(20, 24000, 24000, 50, units=256),
    },
    conditions=conditions,
    simulate=simulate,
    measure=measure,
    draw=draw,
    expectations=(
        *(
            Expectation(
                f"ep_lstm less {bound}: {FIRST}, lower end",
                "above the bound of one code",
                low=0.0,
                where=SOURCE,
                confidence="text",
                note="of the interval; the ideal observer of one code",
            )
            for bound in ("observer_first", "observer_second")
        ),
        Expectation(f"ep_lstm: {FIRST}", "above the bounds of one code", where=SOURCE, note="ideal 1.00"),
        *(
            Expectation(f"{name}: {FIRST}", 0.333, 0.3, 0.37, OURS, "computed", "the bound of one code")
            for name in ("observer_first", "observer_second")
        ),
        Expectation(f"observer: {FIRST}", 1.0, 0.97, 1.0, OURS, "computed"),
        Expectation(f"ep_first: {FIRST}", "as far as one code leads", where=OURS, note="its bound .33"),
        *(
            Expectation(
                f"{name}: {FIRST}", "as far as one code leads", where=OURS, note="one recall lesioned at test"
            )
            for name in ("lost_first", "lost_second")
        ),
        Expectation(f"lstm: {FIRST}", "near chance, .11", where=OURS),
        Expectation(
            f"ablated: {FIRST}", "near chance, .11", where=OURS, note="r_t = 0 at test, as in a lesion"
        ),
        Expectation(f"observer_no_memory: {FIRST}", 0.111, 0.08, 0.15, OURS, "computed", "chance"),
        Expectation(f"untrained: {FIRST}", 0.111, 0.08, 0.15, OURS, "computed", "chance"),
        *(
            Expectation(f"{name}: {NEW}", told, where=OURS)
            for name, told in (("ep_lstm", "as far as one code leads"), ("observer", "1/3"))
        ),
        *(Expectation(f"{name}: {LAST}", "", where=OURS) for name in ("ep_lstm", "lstm", "observer")),
        *(
            Expectation(f"{name}: first pull {HALF[half]}, both codes known", told, where=OURS)
            for name, half, told in (
                ("ep_lstm", "row", "both"),
                ("ep_lstm", "column", "both"),
                ("lost_second", "row", "of the first code"),
                ("lost_second", "column", "not of it"),
                ("lost_first", "row", "not of the second"),
                ("lost_first", "column", "of it"),
            )
        ),
        Expectation(f"observer_sum: {FIRST}", 0.99, 0.96, 1.0, OURS, "computed"),
        Expectation(f"observer_first_sum: {FIRST}", 0.25, 0.22, 0.28, OURS, "computed", "chance"),
        Expectation(f"ep_lstm_sum: {FIRST}", "fails: chance, .25", where=OURS),
        Expectation(f"ep_lstm_sum: {LAST}", "", where=OURS, note="within a pair it learns"),
        Expectation(f"ep_lstm: {RIGHT_READ['meaning']}", "held", where=OURS, note="chance .33"),
        Expectation(f"ep_lstm_sum: {RIGHT_READ['arm']}", "held", where=OURS, note="chance .25"),
        Expectation(
            f"ep_lstm_sum: {RIGHT_READ['meaning']}", "not held", where=OURS, note="chance .25: why it fails"
        ),
    ),
    departures=(
        "How two codes determine the good arm is ours, and so are the observers of one code.",
        "A2C in 64 synchronous lanes with Adam, an update every four pairs; 48 units, not 256, whose gates begin with "
        "time constants spread over 20 steps.",
        "In training there are four codes of each kind, at test ten.",
        "What an arm paid is fed in its place too (see_pay), to all agents alike.",
        "The future ends with each pair (discount 0), and so does the activity but for the agent `lstm`.",
    ),
)
