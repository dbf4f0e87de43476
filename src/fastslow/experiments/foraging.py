"""Foraging: a network that divides its choices nearly as its income, and what its units hold at fixation.

Wang et al. 2018, Simulation 1 (Fig. 2), after Tsutsui et al. 2016 and Lau & Glimcher 2005; the review's Box 4, Fig. A
and B. Agents are trained on some pairs of reward probabilities and tested on all, beside a Bayesian forager, a matcher
of local income and chance; mice go through the same measures. Units are held against shuffled trials, and against
untrained twins: one that lives by its own choices, and one that lives through the agent's very trials.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import jax
import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, Key

from fastslow.agents.agent import Agent
from fastslow.agents.foragers import bayes_forager, local_matcher
from fastslow.agents.listening import Listening
from fastslow.agents.recurrent import RecurrentConfig
from fastslow.agents.uniform import uniform
from fastslow.analysis.income_regression import income_regression, income_summary
from fastslow.analysis.matching import (
    choices_and_income,
    line_differences,
    matching_lines,
    win_stay,
    win_stay_summary,
)
from fastslow.analysis.statistics import summarise
from fastslow.analysis.unit_coding import selectivity, unit_coding
from fastslow.errors import check
from fastslow.experiments.claims import claim, exact, table
from fastslow.experiments.experiment import CLAIMS, Condition, Drawing, Expectation, Experiment, newborns
from fastslow.figures import panels_foraging, panels_units, style
from fastslow.records.collect import collect
from fastslow.records.follow import follow
from fastslow.records.presets import PRESETS
from fastslow.records.record import trials
from fastslow.tasks.foraging import Foraging
from fastslow.training.ppo import PPOConfig, ppo

TASK, TEST, PLAIN = Foraging(), Foraging(whole=True), Foraging(whole=True, fixation=False)
"""What is trained on; what is tested on; the same without fixation, for those that need none."""
AGENT = RecurrentConfig(see_time=False)
# Tuned on seeds 100 and 101: with gamma .8 behaviour is as good sooner, but units hold less of the last reward.
TRAINER = PPOConfig(lanes=64, gamma=0.9, entropy_weight=0.03, final_entropy_weight=0.0)
ANIMALS = {"mouse_dynamic_foraging": "mice"}
"""What known data sets are called in tables and figures; others keep the names of their files."""
OURS = ("agent", "bayes_forager", "local_matcher", "random")
UNITS = "units_"
"""Records with units, of agent and untrained twins, begin with this."""
VARIABLES = ("last_action", "last_reward", "last_action*last_reward", "relative_value")
"""Of Wang 2018, Fig. 2e. The value is that of right less left, as of Lau & Glimcher's filter, for the Bayesian
forager that is lent the agent's choices; `expected_reward` is what that forager expects of the trial, as a critic
would."""
SKIP = 1 / 3
"""Part of each of our episodes that is not counted in matching, since the sides are not known yet."""
LEAST = 5
"""Valid trials in the rest, below which one of our episodes is not counted: only agents not yet trained have so few."""
SHUFFLES, ALPHA = 100, 0.001


@dataclass(frozen=True)
class ForagingConfig:
    """How much of it."""

    seeds: int = 8
    updates: int = 240
    """PPO updates, 64 lanes of 200 steps each (a replication of Wang 2018: 30,000 episodes)."""
    episodes: int = 500
    """Test episodes per agent."""
    unit_episodes: int = 100
    """Test episodes per agent and twin whose units are kept."""


def conditions(config: ForagingConfig) -> dict[str, Condition]:
    return {"agent": Condition(TASK, AGENT, replace(TRAINER, updates=config.updates), make_trainer=ppo)}


def simulate(
    config: ForagingConfig, trained: dict[str, list[Agent]], key: Key[Array, ""]
) -> dict[str, xr.Dataset]:
    test_key, unit_key, birth_key = jax.random.split(key, 3)
    agents = trained["agent"]
    newborn = newborns(TEST, AGENT, birth_key, config.seeds)
    records = {"agent": collect(agents, TEST, test_key, config.episodes)}
    for name, make in (
        ("bayes_forager", bayes_forager),
        ("local_matcher", local_matcher),
        ("random", uniform),
    ):
        records[name] = collect([make(PLAIN)] * config.seeds, PLAIN, test_key, config.episodes)
    # Who acts, and whose units are kept; in one form, so that it is one program.
    pairs = {"agent": (agents, agents), "untrained": (newborn, newborn), "listener": (agents, newborn)}
    living = {}
    for name, (actors, recorded) in pairs.items():
        players = [Listening(actor, other) for actor, other in zip(actors, recorded, strict=True)]
        living[name] = collect(players, TEST, unit_key, config.unit_episodes, units=True)
    return records | {UNITS + name: record for name, record in with_values(living).items()}


def with_values(records: Mapping[str, xr.Dataset]) -> dict[str, xr.Dataset]:
    """The records with the values that the Bayesian forager, lent their choices, sets before each choice."""
    tables = {name: trials(record) for name, record in records.items()}
    named = [table.assign(subject=name + " " + table["subject"]) for name, table in tables.items()]
    known = follow(bayes_forager(PLAIN), PLAIN, pd.concat(named, ignore_index=True))
    added = {"expected_reward": known["value"], "relative_value": known["q_1"] - known["q_0"]}
    valued, begin = {}, 0
    for name, record in records.items():
        end = begin + len(tables[name])
        for variable, values in added.items():
            grid = np.full(record["action"].shape, np.nan)
            grid[record["present"].to_numpy()] = values.iloc[begin:end]
            record = record.assign({variable: (record["action"].dims, grid)})
        valued[name], begin = record, end
    return valued


def blocks_of(name: str, record: xr.Dataset) -> pd.DataFrame:
    """Choices and income: by block where the table numbers them, else by episode, its beginning left out."""
    rows = trials(record)
    if "block" in rows:
        return choices_and_income(rows, "block")
    if name in OURS:
        return choices_and_income(rows, skip=SKIP, least=LEAST, keep=["held_out"])
    return choices_and_income(rows)


def measure_other(name: str, record: xr.Dataset) -> None:
    """Refuse whom the measures below cannot take, or who bears the name of one of ours."""
    check(
        name not in (*OURS, *ANIMALS.values()) and not name.startswith(UNITS),
        f"'{name}' is the name of a record of foraging; rename the file to compare.",
    )
    matching_lines(blocks_of(name, record), [])
    win_stay(trials(record))
    income_regression(trials(record))


def measure(records: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    """Matching, win-stay and income regression of everyone; what the units code."""
    behaviour = {ANIMALS.get(name, name): r for name, r in records.items() if not name.startswith(UNITS)}
    blocks = {name: blocks_of(name, record) for name, record in behaviour.items()}
    rows = {name: trials(record) for name, record in behaviour.items()}

    def over(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        return pd.concat([one.assign(name=name) for name, one in tables.items()], ignore_index=True)

    lines = over({name: matching_lines(table) for name, table in blocks.items()})
    pooled = over({name: matching_lines(table, []) for name, table in blocks.items()})
    held_out = over({name: line_differences(blocks[name], "held_out") for name in OURS})
    repeats = {name: win_stay(table) for name, table in rows.items()}
    weights = {name: income_regression(table) for name, table in rows.items() if name != "random"}
    reward = over(
        {name: table.groupby("subject")["reward"].mean().reset_index() for name, table in rows.items()}
    )
    living = {name: records[UNITS + name] for name in ("agent", "untrained", "listener")}
    units = over({name: unit_coding(record, VARIABLES, shuffles=SHUFFLES) for name, record in living.items()})
    strict = unit_coding(living["agent"], VARIABLES, control="episodes", shuffles=SHUFFLES).assign(
        name="agent"
    )
    expected = (*VARIABLES[:3], "expected_reward")
    critic = over({name: unit_coding(r, expected, shuffles=SHUFFLES) for name, r in living.items()})

    def shares(coded: pd.DataFrame) -> pd.DataFrame:
        return over({name: selectivity(rows, ALPHA) for name, rows in coded.groupby("name", sort=False)})

    tables = {
        "blocks": over(blocks),
        "lines": lines,
        "lines_pooled": pooled,
        "held_out": held_out,
        "repeats": over(repeats),
        "repeats_summary": over({name: win_stay_summary(table) for name, table in repeats.items()}),
        "weights": over({name: income_summary(table) for name, table in weights.items()}),
        "weights_by_subject": over(weights),
        "reward": reward,
        "units": units,
        "coding": shares(units),
        "coding_episodes": shares(strict),
        "coding_expected": shares(critic),
    }
    return tables | {CLAIMS: claims(tables)}


def claims(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    def of(table: str, column: str, **where: str | int) -> np.ndarray:
        rows = tables[table]
        for key, value in where.items():
            rows = rows[rows[key] == value]
        return rows[column].to_numpy(float)

    lines, rows = tables["lines"], []
    for name in dict.fromkeys(lines["name"]):
        own = lines[lines["name"] == name]
        drawn = own.dropna(subset=["sensitivity"])
        for measure, what in (("sensitivity", "log-ratio sensitivity"), ("bias", "log-ratio bias")):
            rows.append(claim(f"{name}: {what}", drawn[measure]))
        rows.append(claim(f"{name}: log-ratio r2", drawn["r_log"] ** 2))
        infinite = own["left_out"].sum() / own["blocks"].sum()
        rows.append(exact(f"{name}: part of blocks with an infinite log ratio, left out", infinite))
        for measure in ("slope", "r"):
            pooled = of("lines_pooled", measure, name=name)[0]
            rows.append(
                exact(f"{name}: choice fraction on income fraction, {measure}, blocks pooled", pooled)
            )
        for measure in ("win_stay", "lose_shift"):
            rows.append(claim(f"{name}: {measure.replace('_', '-')}", of("repeats", measure, name=name)))
        rows.append(claim(f"{name}: reward per trial", of("reward", "reward", name=name)))
    for name in OURS:
        for measure in ("sensitivity", "bias"):
            rows.append(
                claim(f"{name}: {measure}, held out less trained", of("held_out", measure, name=name))
            )
    found = claim("", of("held_out", "sensitivity", name="agent"))
    within = found["low"] >= -0.15 and found["high"] <= 0.15
    rows.append(exact("agent: interval of held out less trained within .15", float(within)))
    for history, lag, what in (
        ("reward", 1, "the last reward"),
        ("choice", 1, "the last choice"),
        ("reward", 10, "the reward ten trials back"),
    ):
        weights = of("weights_by_subject", "weight", name="agent", lag=lag, history=history)
        rows.append(claim(f"agent: weight of {what}", weights))
    for variable in (*VARIABLES, "expected_reward"):
        source = "coding" if variable in VARIABLES else "coding_expected"
        columns = ("strongest", "mean", "shuffled_p99", "proportion")
        mine = {column: of(source, column, name="agent", variable=variable) for column in columns}
        rows.append(exact(f"units, {variable}: strongest, least over seeds", mine["strongest"].min()))
        rows.append(claim(f"units, {variable}: mean", mine["mean"]))
        rows.append(claim(f"units, {variable}: mean less shuffled 99 %", mine["mean"] - mine["shuffled_p99"]))
        for twin, what in (
            ("untrained", "untrained twin"),
            ("listener", "untrained twin in the agent's trials"),
        ):
            theirs = of(source, "mean", name=twin, variable=variable)
            rows.append(claim(f"units, {variable}: mean less {what}", mine["mean"] - theirs))
        rows.append(claim(f"units, {variable}: proportion, p < .001 corrected", mine["proportion"]))
        if variable in VARIABLES:
            strict = of("coding_episodes", "shuffled_p99", name="agent", variable=variable)
            rows.append(claim(f"units, {variable}: mean less shuffled episodes 99 %", mine["mean"] - strict))
    return table(rows)


@style.panel
def draw(tables: Mapping[str, pd.DataFrame]) -> dict[str, Drawing]:
    compared = [name for name in dict.fromkeys(tables["lines"]["name"]) if name not in OURS]
    shown = ["agent", "bayes_forager", *(compared or ["local_matcher"])]
    return {
        "matching": draw_matching(tables, shown),
        "history": draw_history(tables, shown),
        "units": draw_units(tables),
    }


def draw_matching(tables: Mapping[str, pd.DataFrame], shown: list[str]) -> Drawing:
    """Choices against income, block by block (Wang 2018, Fig. 2a, d)."""
    figure, axes = style.figure(3, -(-len(shown) // 3), height=64 * -(-len(shown) // 3))
    for place, axis in enumerate(axes.flat):
        if place >= len(shown):
            axis.set_visible(False)
            continue
        blocks, lines = (tables[what][tables[what]["name"] == shown[place]] for what in ("blocks", "lines"))
        blocks = blocks.dropna(axis=1, how="all")
        panels_foraging.matching(axis, blocks, lines.dropna(subset=["sensitivity"]), shown[place])
    return Drawing(figure, tables["blocks"][tables["blocks"]["name"].isin(shown)])


def draw_history(tables: Mapping[str, pd.DataFrame], shown: list[str]) -> Drawing:
    """Weights of past rewards and choices (Wang 2018, Fig. 2c, f), and win-stay, lose-shift."""
    names = [*shown[:3]]
    figure, axes = style.figure(len(names) + 1, 1)
    for axis, name in zip(axes[0], names, strict=False):
        panels_foraging.history_weights(axis, tables["weights"][tables["weights"]["name"] == name], name)
    repeats, by_subject = (
        tables[what][tables[what]["name"].isin(shown)] for what in ("repeats_summary", "repeats")
    )
    panels_foraging.repeats(axes[0, -1], repeats, by_subject)
    return Drawing(
        figure, {"weights": tables["weights"][tables["weights"]["name"].isin(names)], "repeats": repeats}
    )


def draw_units(tables: Mapping[str, pd.DataFrame]) -> Drawing:
    """What units code at fixation (Wang 2018, Fig. 2e) and how many do (Fig. 2b)."""
    figure, axes = style.figure(1, 2, height=122, row_ratios=(1.5, 1.0))
    panels_units.coding(axes[0, 0], tables["units"])
    coding = summarise(tables["coding"], ["name", "variable"], "proportion")
    panels_units.proportions(axes[1, 0], coding, ALPHA)
    return Drawing(figure, {"units": tables["units"], "proportions": coding})


FIG_2, FIG_2E = "Wang 2018, Fig. 2", "Wang 2018, Fig. 2e"


def expectations() -> tuple[Expectation, ...]:
    signature = PRESETS["mouse_dynamic_foraging"].signature
    mice = {
        "choice fraction on income fraction, slope": "choice fraction on income fraction, slope, blocks pooled",
        "choice fraction on income fraction, r": "choice fraction on income fraction, r, blocks pooled",
    }
    units = []
    for variable in VARIABLES:
        about = f"units, {variable}"
        units += [
            Expectation(f"{about}: strongest, least over seeds", "above .3", low=0.3, where=FIG_2E),
            Expectation(
                f"{about}: mean less shuffled 99 %",
                "above 0",
                low=0.0,
                where=FIG_2E,
                note="mean over units of the 99th percentile of their own shuffles",
            ),
            Expectation(f"{about}: mean less untrained twin", "above 0", low=0.0, where="control"),
            Expectation(
                f"{about}: mean less untrained twin in the agent's trials",
                "not published",
                where="control",
                note="reported; at fixation last action and reward are inputs, which any network passes on",
            ),
            Expectation(
                f"{about}: mean less shuffled episodes 99 %",
                "not published",
                where="control",
                note="reported",
            ),
            Expectation(
                f"{about}: proportion, p < .001 corrected",
                "7 % action, 9 % outcome, 6 % both, 58 % value (monkeys)",
                where="Tsutsui 2016",
                confidence="text",
                note="reported",
            ),
        ]
    for measure in ("strongest, least over seeds", "mean less shuffled 99 %", "mean less untrained twin"):
        what = f"units, expected_reward: {measure}"
        units.append(Expectation(what, "not published", where="another value", note="reported"))
    return (
        Expectation(
            "agent: log-ratio sensitivity",
            "slightly below 1",
            0.6,
            1.0,
            FIG_2,
            "figure",
            "undermatching",
        ),
        Expectation("agent: sensitivity, held out less trained", 0.0, -0.15, 0.15, FIG_2, "figure"),
        Expectation("agent: interval of held out less trained within .15", 1.0, 1.0, 1.0, FIG_2, "figure"),
        Expectation(
            "agent: bias, held out less trained", 0.0, where=FIG_2, confidence="figure", note="reported"
        ),
        Expectation(
            "agent: log-ratio r2",
            ".548 and .740 (monkeys)",
            where="Tsutsui 2016",
            confidence="text",
            note="reported",
        ),
        Expectation(
            "agent: part of blocks with an infinite log ratio, left out",
            "not said",
            where="own count",
            note="reported",
        ),
        Expectation("agent: weight of the last reward", "above 0", low=0.0, where=FIG_2, confidence="figure"),
        Expectation(
            "agent: weight of the last choice", "below 0", high=0.0, where=FIG_2, confidence="figure"
        ),
        Expectation(
            "agent: weight of the reward ten trials back",
            "near 0",
            where=FIG_2,
            confidence="figure",
            note="reported",
        ),
        Expectation("agent: win-stay", "not published", where="own count", note="reported"),
        Expectation("agent: lose-shift", "not published", where="own count", note="reported"),
        Expectation("agent: reward per trial", "the Bayesian's", where="own count", note="reported"),
        Expectation("bayes_forager: reward per trial", "best known", where="own count", note="reported"),
        Expectation("bayes_forager: log-ratio sensitivity", "best known", where="own count", note="reported"),
        Expectation(
            "bayes_forager: sensitivity, held out less trained",
            "never trained",
            where="own count",
            note="reported",
        ),
        Expectation(
            "local_matcher: log-ratio sensitivity", "not published", where="own count", note="reported"
        ),
        Expectation("random: log-ratio sensitivity", 0.0, where="control", note="reported"),
        *units,
        *(
            Expectation(
                f"mice: {mice.get(measure, measure)}",
                value,
                value - 0.01,
                value + 0.01,
                "the data set",
                "exact",
                "mean over mice" if measure not in mice else "3,068 blocks of 20 trials or more",
                needs="mouse_dynamic_foraging",
            )
            for measure, value in signature.items()
        ),
    )


EXPERIMENT = Experiment(
    name="foraging",
    claim=(
        "Trained on baited schedules, a recurrent network divides its choices nearly as its income, also with "
        "probabilities that it never met, and its units hold last action, last reward, their interaction and value."
    ),
    cite=("wang2018", "tsutsui2016", "lau2005", "botvinick2019"),
    presets={
        "smoke": ForagingConfig(2, 2, 40, 8),
        "quick": ForagingConfig(4, 240, 200, 60),
        "laptop": ForagingConfig(),
        "full": ForagingConfig(seeds=16, updates=800, episodes=1000, unit_episodes=200),
    },
    conditions=conditions,
    simulate=simulate,
    measure=measure,
    measure_other=measure_other,
    draw=draw,
    expectations=expectations(),
    departures=(
        "PPO over whole episodes in 64 synchronous lanes instead of A2C in one thread.",
        "An invalid response voids the rest of its trial, and baits wait; the paper says only that it pays -1.",
        "Value is that of a Bayesian forager lent the agent's choices, right less left, not the network's own, which "
        "its units give by construction; what the forager expects of the trial is reported beside.",
    ),
)
