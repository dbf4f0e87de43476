"""BIDS behavioural tables: what a sidecar says, other programs' tables, and what cannot be read."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fastslow.errors import UserError
from fastslow.records import record
from fastslow.records.bids import entities, levels_of
from fastslow.records.tables import read_trials, write_record


def write(folder, name, text, **sidecar):
    (folder / name).write_text(text.replace(" ", "\t"))
    if sidecar:
        (folder / name.replace(".tsv", ".json")).write_text(json.dumps(sidecar))
    return folder / name


def test_the_sidecar_says_what_each_column_means(tmp_path):
    table = pd.DataFrame(
        {
            "subject": "anna",
            "trial": [0, 1],
            "action": [0, -1],
            "reward": [1.0, 0.0],
            "valid": [True, False],
            "transition": [1, -1],
            "rt": [0.5, np.nan],
            "volatility": [0.1, 0.2],
        }
    )
    attrs = {
        "action_levels": ["left", "right"],
        "variables": {"volatility": {"meaning": "s.d.", "unit": "1/trial"}},
    }
    path = tmp_path / "sub-anna_task-two_beh.tsv"
    write_record(record.from_trials(table, attrs), path)
    said = json.loads((tmp_path / "sub-anna_task-two_beh.json").read_text())
    assert said["TaskName"] == "two"
    assert said["rt"] == {"Description": "time from the choice's onset to the choice (>= 0)", "Units": "s"}
    assert said["transition"]["Levels"] == {"1": "common", "0": "rare", "-1": "none"}
    assert said["action"]["Levels"] == {"0": "left", "1": "right"}
    assert said["volatility"] == {"Description": "s.d.", "Units": "1/trial"}
    header, first, second = path.read_text().splitlines()
    assert dict(zip(header.split("\t"), second.split("\t"), strict=True))["rt"] == "n/a"
    assert set(header.split("\t")) <= set(said)
    assert first.startswith("anna\t0\t0\t0\t1.0\ttrue\t1\t0.5")


def test_another_programs_table_is_read_with_its_sidecar_and_its_name(tmp_path):
    path = write(
        tmp_path,
        "sub-07_ses-b_task-choice_beh.tsv",
        "onset choice outcome response_time\n0.5 left 1 812\n3.5 n/a 0 n/a\n7 right 0 640\n",
        choice={"Description": "side", "Levels": {"left": "left key", "right": "right key"}},
        response_time={"Description": "since the cue", "Units": "ms"},
    )
    trials = read_trials(path, columns={"action": "choice", "reward": "outcome"})
    assert trials["subject"].tolist() == ["07"] * 3 and trials["trial"].tolist() == [0, 1, 2]
    assert trials["action"].tolist() == [0, -1, 1] and trials["valid"].tolist() == [True, False, True]
    np.testing.assert_allclose(trials["rt"], [0.812, np.nan, 0.64])
    assert trials["onset"].tolist() == [0.5, 3.5, 7.0]
    assert trials.attrs["ses"] == "b" and trials.attrs["variables"]["choice"] == {"meaning": "side"}
    with pytest.raises(UserError, match=r"no column 'action'.*--map action=COLUMN"):
        read_trials(path)


def test_response_times_in_a_unit_that_is_not_known_are_refused(tmp_path):
    text = "trial action reward response_time\n0 1 1 2\n"

    def rt(unit):
        path = write(tmp_path, "sub-1_task-a_beh.tsv", text, response_time={"Units": unit})
        return read_trials(path)["rt"].tolist()

    assert rt("Seconds") == rt("s") == [2.0] and rt(" MS") == [0.002]
    with pytest.raises(UserError, match="'response_time' in 'minutes', which is no unit"):
        rt("minutes")


def test_names_and_levels():
    assert entities(Path("sub-01_task-a_run-2_beh.tsv")) == {"sub": "01", "task": "a", "run": "2"}
    assert levels_of("x", "0 no, 1 yes", {}) == {"0": "no", "1": "yes"}
    assert levels_of("x", "0, 1, ...; -1 missing", {}) == {} == levels_of("x", "", {})


def test_a_broken_sidecar_is_named(tmp_path):
    path = write(tmp_path, "sub-1_task-a_beh.tsv", "trial action reward\n0 1 1\n")
    (tmp_path / "sub-1_task-a_beh.json").write_text("{'no': json}")
    with pytest.raises(UserError, match=r"sub-1_task-a_beh\.json', which describes .* is not readable JSON"):
        read_trials(path)


def test_a_table_by_another_name_says_who_is_missing(tmp_path):
    path = write(tmp_path, "task-a_beh.tsv", "action reward\n1 1\n")
    with pytest.raises(UserError, match="no column 'subject'"):
        read_trials(path)
