"""Foraging: the measures that agents, foragers and mice go through.

Matching of choices to income, the weights of past rewards and choices, win-stay and lose-shift, and what units hold.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from fastslow.agents.foragers import bayes_forager
from fastslow.analysis.income_regression import income_regression, income_summary
from fastslow.analysis.matching import (
    choices_and_income,
    line_differences,
    matching_lines,
    win_stay,
    win_stay_summary,
)
from fastslow.analysis.unit_coding import selectivity, unit_coding
from fastslow.errors import check
from fastslow.experiments.claims import claim, exact, table
from fastslow.experiments.experiment import CLAIMS
from fastslow.records.follow import follow
from fastslow.records.record import trials
from fastslow.tasks.foraging import Foraging

TASK, TEST, PLAIN = Foraging(), Foraging(whole=True), Foraging(whole=True, fixation=False)
"""What is trained on; what is tested on; the same without fixation, for those that need none."""
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
    lines = matching_lines(blocks_of(name, record))
    # Whoever has this line has that of fractions too, alone and pooled with others.
    check(
        bool(lines["sensitivity"].notna().any()),
        f"No subject of '{name}' has a matching line ('{lines['subject'].iloc[0]}': {lines['note'].iloc[0]}); give one "
        "at least three sessions, or blocks numbered in a column 'block', of 20 valid trials or more, with choices and "
        "rewards on both sides of each and not all alike.",
    )
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
    living = {name: records[UNITS + name] for name in ("agent", "untrained", "yoked")}
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
        # Who has no block that is long enough is not even among the lines.
        without = len(of("repeats", "win_stay", name=name)) - len(drawn)
        rows.append(exact(f"{name}: subjects without a log-ratio line, left out", float(without)))
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
            ("yoked", "untrained twin in the agent's trials"),
        ):
            theirs = of(source, "mean", name=twin, variable=variable)
            rows.append(claim(f"units, {variable}: mean less {what}", mine["mean"] - theirs))
        rows.append(claim(f"units, {variable}: proportion, p < .001 corrected", mine["proportion"]))
        if variable in VARIABLES:
            strict = of("coding_episodes", "shuffled_p99", name="agent", variable=variable)
            rows.append(claim(f"units, {variable}: mean less shuffled episodes 99 %", mine["mean"] - strict))
    return table(rows)
