"""`fastslow export` and `fastslow analyse` over every format: the same numbers whatever the file."""

import numpy as np
import pandas as pd
import pytest

from fastslow import cli
from fastslow.records import record
from fastslow.records.tables import read_record, write_record


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trials = range(8)
    table = pd.DataFrame(
        {
            "subject": "anna",
            "trial": trials,
            "action": [t % 2 for t in trials],
            "reward": [float(t % 3 == 0) for t in trials],
        }
    )
    record.save(record.from_trials(table.assign(correct=table["action"] == 1)), tmp_path / "record.nc")
    return tmp_path


def answer(capsys) -> str:
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("fastslow: ") and err.count("\n") == 1
    return err


@pytest.mark.parametrize("name", ["a.csv", "a.tsv.gz", "sub-01_task-bandit_beh.tsv", "b.nc", "b.nwb"])
def test_one_command_exports_and_one_analyses(name, capsys, folder):
    if name.endswith(".nwb"):
        pytest.importorskip("pynwb")
    assert cli.main(["export", "record.nc", "--out", name]) == 0
    assert "Wrote 8 trials of 1 subject(s)" in capsys.readouterr().out
    assert read_record(name).identical(read_record("record.nc"))
    assert cli.main(["analyse", name, "--analysis", "p_correct", "--out", "table.csv"]) == 0
    assert pd.read_csv("table.csv")["correct"].tolist() == [0, 1] * 4


def test_units_are_analysed_from_any_file_that_holds_them(capsys, folder):
    pytest.importorskip("pynwb")
    made = read_record("record.nc")
    units = np.random.default_rng(0).random((1, 1, 8, 2)) + made["action"].to_numpy()[..., None]
    write_record(made.assign(activity=(("subject", "episode", "trial", "unit"), units)), "units.nwb")
    words = ["--analysis", "unit_coding", "--analysis.variables", "action", "--analysis.shuffles", "2"]
    assert cli.main(["analyse", "units.nwb", *words, "--out", "table.csv"]) == 0
    assert (pd.read_csv("table.csv")["partial_r"] > 0.5).all()
    capsys.readouterr()
    assert cli.main(["analyse", "record.nc", "--analysis", "p_correct", "--event", "cue"]) == 2
    assert "asks nothing of units" in answer(capsys)


@pytest.mark.parametrize(
    ("words", "words_of_answer"),
    [
        ([], "Name a file"),
        (["record.nc"], "Name the file to write"),
        (["absent.nc", "--out", "a.csv"], "no file 'absent.nc'"),
        (["record.nc", "--out", "a.xlsx"], "names no format"),
        (["record.nc", "--out", "a_beh.tsv"], "is no BIDS name"),
        (["record.nc", "--out", "nowhere/a.csv"], "no folder 'nowhere'"),
        (["record.nc", "--out", "record.nc"], "the file that is read"),
        (["record.nc", "--out", "a.csv", "--event", "cue"], "counted in NWB files"),
        (["record.nc", "--out", "a.csv", "--event", "cue", "--window", "1"], "--window is '1'"),
        (["record.nc", "--ot", "a.csv"], "no option '--ot'; did you mean '--out'"),
    ],
)
def test_mistakes_leave_nothing_behind(words, words_of_answer, capsys, folder):
    assert cli.main(["export", *words]) == 2
    assert words_of_answer in answer(capsys)
    assert [file.name for file in folder.iterdir()] == ["record.nc"]
