"""Whatever is odd about a record, every analysis of the catalog gives finite numbers, flagged rows or one sentence."""

import warnings

import numpy as np
import pandas as pd
import pytest

from fastslow import catalog
from fastslow.analysis.fit_models import fit_models
from fastslow.analysis.learning_speed import curve_quantiles, learning_curves
from fastslow.analysis.prediction_error import model_based_weight, prediction_error_regression
from fastslow.analysis.reversal_errors import errors_around_reversal, flips, reversal_errors
from fastslow.analysis.risk import risky_share
from fastslow.analysis.stay import stay_effects
from fastslow.cli.analyse import wants
from fastslow.errors import UserError
from fastslow.records import record

FLAG = "note"
"""Column that says in words why a number of its row is not there."""
BEHAVIOUR = [name for name in catalog.ANALYSES if wants(catalog.load("analysis", name)) != "scores"]
"""The analyses of trials and records; `test_scores.py` and its like have those of scores."""
OPTIONS = {
    "regret": {"pulls": 30},
    "rescorla_wagner": {"episodes_per_block": 1},
    "matching": {"block": "block", "least": 5},
    "unit_coding": {"shuffles": 5},
    "fit_models": {"models": ["win_stay_lose_shift", "model_based", "hybrid"]},
    "decoding": {"targets": ["last_reward"], "folds": 2, "shuffles": 1},
}
"""Where the defaults ask for more or longer episodes, or for many shuffles or models."""


def healthy(subjects=2, episodes=2, length=30) -> pd.DataFrame:
    """A table with every column that an analysis may ask for: two arms, two stages, reversals, volatility, walks."""
    rng = np.random.default_rng(0)
    rows = subjects * episodes * length
    who, episode, trial = np.unravel_index(np.arange(rows), (subjects, episodes, length))
    action, common = rng.integers(0, 2, rows), rng.random(rows) < 0.8
    block = trial // 10
    p = np.where((block + episode) % 2 == 0, 0.8, 0.2)
    paid = np.where(action == 0, p, 1 - p)
    return pd.DataFrame(
        {
            "subject": np.char.add("subject ", who.astype(str)),
            "episode": episode,
            "trial": trial,
            "action": action,
            "reward": (rng.random(rows) < paid).astype(float),
            "valid": True,
            "transition": common.astype(int),
            "state": np.where(common, action, 1 - action),
            "p_reward_0": p,
            "p_reward_1": 1 - p,
            "correct": paid == 0.8,
            "regret": 0.8 - paid,
            "value": rng.random(rows),
            "rpe": rng.normal(size=rows),
            "rt": rng.random(rows),
            "block": block,
            "problem": episode,
            "volatility": np.where(episode == 0, 0.02, 0.2),
            "cue": rng.integers(0, 2, rows),
            "context": block % 2,
            "exposure": 1 + block // 2,
            "exposure_trial": trial % 10,
            "exposure_order": block,
            "recalled": np.where(block < 2, block - 1, episode),
            "recalled_similarity": rng.random(rows),
            "gate": (1 + block + trial % 10) / 20,
            "set_size": 2 + episode,
            "stimulus": trial % (2 + episode),
            "steps": rng.integers(5, 50, rows),
            "found": rng.random(rows) < 0.9,
            "shortest": 5,
            "recalled_trial": np.where(trial < 10, -1, trial - 10),
            "right_0": (action + trial) % 3 == 0,
            "right_1": (action + trial) % 3 < 2,
        }
    )


def expected(table: pd.DataFrame) -> pd.DataFrame:
    """Two learners' prediction errors beside the subject's own."""
    noise = np.random.default_rng(2).normal(size=(2, len(table)))
    own = table.get("rpe", 0.0)
    return table.assign(rpe_model_based=own + noise[0], rpe_model_free=noise[1], event="outcome")


FURTHER = {
    "fit_models, two choices, weak prior": lambda t: fit_models(
        t.assign(action2=t["trial"] % 2)[t["trial"] < 12], ["model_based"], prior="weak"
    ),
    "prediction_error_regression": lambda t: prediction_error_regression(expected(t)),
    "model_based_weight": lambda t: model_based_weight(expected(t)),
    "stay_effects": stay_effects,
    "learning_curves": lambda t: curve_quantiles(learning_curves(t)),
    "reversal_errors": lambda t: reversal_errors(t, "rpe"),
    "flips": lambda t: flips(t, "rpe"),
    "errors_around_reversal": lambda t: errors_around_reversal(t, "rpe"),
    "risky_share": lambda t: risky_share(t.assign(risky=t["action"] == 0, p_win=t.get("p_reward_0", 0.5))),
}
"""Analyses that experiments use and the catalog does not name."""


def rows_where(keep):
    return lambda table: table[keep(table)].reset_index(drop=True)


def put(**columns):
    return lambda table: table.assign(**columns)


def holes(table, name, value):
    """Every seventh value of a column replaced."""
    values = table[name].astype(object if isinstance(value, str) else float).to_numpy().copy()
    values[::7] = value
    return table.assign(**{name: values})


def missed(table):
    """Every fifth trial without a choice, and some rows not there at all."""
    gone = table.index % 5 == 2
    table = table.assign(
        valid=~gone,
        action=np.where(gone, -1, table["action"]),
        reward=np.where(gone, 0.0, table["reward"]),
        transition=np.where(gone, -1, table["transition"]),
        state=np.where(gone, -1, table["state"]),
    )
    return table[table.index % 11 != 3].reset_index(drop=True)


ODD = {
    "nothing odd": lambda table: table,
    "one subject": rows_where(lambda t: t["subject"] == "subject 0"),
    "one trial": rows_where(
        lambda t: (t["subject"] == "subject 0") & (t["episode"] == 0) & (t["trial"] == 0)
    ),
    "one trial an episode": rows_where(lambda t: t["trial"] == 0),
    "two trials an episode": rows_where(lambda t: t["trial"] < 2),
    "one subject has one trial": rows_where(lambda t: (t["subject"] != "subject 1") | (t.index == 60)),
    "all rewarded": put(reward=1.0),
    "none rewarded": put(reward=0.0),
    "one subject never rewarded": lambda t: t.assign(
        reward=t["reward"].where(t["subject"] != "subject 1", 0.0)
    ),
    "always the same choice": put(action=0, state=0, transition=1),
    "always right": put(correct=True, regret=0.0),
    "one problem": put(p_reward_0=0.5, p_reward_1=0.5, regret=0.0, volatility=0.1, block=0, problem=0),
    "missed trials": missed,
    "no valid trial": put(valid=False, action=-1, reward=0.0),
    "one subject without a valid trial": lambda t: t.assign(valid=t["subject"] != "subject 1"),
    "no rows": lambda table: table.iloc[:0],
    "reward is NaN": lambda t: holes(t, "reward", np.nan),
    "reward is infinite": lambda t: holes(t, "reward", np.inf),
    "reward is text": lambda t: holes(t, "reward", "lots"),
    "action is NaN": lambda t: holes(t, "action", np.nan),
    "only the needed columns": lambda t: t[["subject", "trial", "action", "reward"]].drop_duplicates(
        ["subject", "trial"]
    ),
    "an index of one's own": lambda t: t.set_index(np.arange(len(t)) * 3 + 100),
    "a repeated index": lambda t: t.set_index(np.zeros(len(t), int)),
    "shuffled": lambda t: t.sample(frac=1, random_state=0),
}


def silent(table: pd.DataFrame) -> list[str]:
    """Columns with a number that is not finite in a row that says nothing about it."""
    flagged = table[FLAG].astype(str) != "" if FLAG in table else pd.Series(False, table.index)
    numbers = table.select_dtypes("number")
    return [name for name in numbers if not np.isfinite(numbers[name].to_numpy(float))[~flagged].all()]


def analyse(name: str, table: pd.DataFrame):
    """The analysis' answer: its tables, or the sentence with which it refuses."""
    if name in FURTHER:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                return [FURTHER[name](table)]
        except UserError as error:
            return str(error)
    entry = catalog.ANALYSES[name]
    analysis = catalog.load("analysis", name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            takes_units = wants(analysis) == "record"
            answers = [analysis(with_units(table) if takes_units else table, **OPTIONS.get(name, {}))]
            if entry.then:
                answers.append(catalog.load_target(entry.then)(answers[0]))
        return answers
    except UserError as error:
        return str(error)


def with_units(table: pd.DataFrame):
    """The record of a table, a time step a trial, with three units: one follows the choice, one never fires."""
    made = record.from_trials(table)
    action, present = made["action"].to_numpy(), made["present"].to_numpy()
    # The table's own noise, so that it goes with the row wherever that stands.
    noise = made["rpe"].to_numpy() if "rpe" in made else np.random.default_rng(1).normal(size=action.shape)
    step = (*made["action"].dims[:2], "time")
    units = np.stack([action + noise, noise, np.zeros_like(noise)], axis=-1)
    return made.assign(
        activity=((*made["action"].dims, "unit"), units),
        step_rpe=(step, noise),
        step_trial=(step, np.where(present, np.arange(present.shape[2]), -1)),
    )


def fault(name: str, odd: str) -> str:
    """What is wrong with the analysis' answer to an odd table; nothing where it is as it must be."""
    answer = analyse(name, ODD[odd](healthy()))
    if isinstance(answer, str):
        one_sentence = "\n" not in answer and answer.endswith((".", "?"))
        return answer if not one_sentence or odd == "nothing odd" else ""
    empty = [i for i, table in enumerate(answer) if not len(table)]
    return f"empty tables {empty}" if empty else ", ".join(name for table in answer for name in silent(table))


@pytest.mark.parametrize("name", [*BEHAVIOUR, *FURTHER])
def test_no_answer_is_silently_wrong(name):
    faults = {odd: fault(name, odd) for odd in ODD}
    assert not any(faults.values()), {odd: wrong for odd, wrong in faults.items() if wrong}


@pytest.fixture(scope="module")
def straight():
    """Each analysis' answer to a healthy table."""
    return {name: analyse(name, healthy()) for name in BEHAVIOUR}


@pytest.mark.parametrize("name", BEHAVIOUR)
def test_what_is_missing_is_never_taken_for_a_number(name, straight):
    """Either the missing numbers are refused by name, or they are none that the analysis uses."""
    others = ["transition", "regret", "correct", "block", "state", "volatility", "steps"]
    for columns in (["reward"], ["action"], others):
        table = healthy()
        for column in columns:
            table = holes(table, column, np.nan)
        answer = analyse(name, table)
        if isinstance(answer, str):
            assert any(f"'{column}'" in answer for column in columns), answer
        else:
            compare(answer, straight[name])


def compare(some, others) -> None:
    for a, b in zip(some, others, strict=True):
        keys = [key for key in a if a[key].dtype.kind not in "f"]
        a, b = (t.sort_values(keys).reset_index(drop=True) for t in (a, b))
        pd.testing.assert_frame_equal(a, b, rtol=1e-4, atol=1e-6, check_dtype=False)


@pytest.mark.parametrize("name", BEHAVIOUR)
def test_the_order_and_index_of_rows_do_not_matter(name, straight):
    answer = analyse(name, ODD["shuffled"](ODD["an index of one's own"](healthy())))
    assert not isinstance(answer, str), answer
    compare(answer, straight[name])
