"""Analyses of units take a record's file, whoever was recorded, and say what they lack."""

import numpy as np
import pandas as pd

from fastslow import cli
from fastslow.records.record import from_arrays, save


def recording(tmp_path):
    generator = np.random.default_rng(0)
    shape = (2, 6, 30)
    action, reward = generator.integers(0, 2, shape), generator.integers(0, 2, shape).astype(float)
    activity = generator.standard_normal((*shape, 3))
    activity[:, :, 1:, 0] += 3 * action[:, :, :-1]
    valid = np.ones(shape, bool)
    valid[0, 0, 0] = False
    columns = {"action": action, "reward": reward, "activity": activity, "valid": valid}
    return str(save(from_arrays(columns, ["rat 1", "rat 2"]), tmp_path / "cells.nc"))


def test_units_are_analysed_from_a_file(tmp_path, capsys):
    file, out = recording(tmp_path), tmp_path / "coding.csv"
    words = ["analyse", file, "--analysis", "unit_coding", "--analysis.variables", "last_action", "reward"]
    assert (
        cli.main([*words, "--analysis.shuffles", "5", "--analysis.control", "circular", "--out", str(out)])
        == 0
    )
    told = capsys.readouterr().out
    assert "per subject (360 trials, 1 of them flagged as not valid)" in told and "over subjects" in told
    table = pd.read_csv(out)
    assert table.groupby("variable")["partial_r"].idxmax()["last_action"] == table["partial_r"].idxmax()
    for name, target, more in (
        ("decoding", "targets", ["--analysis.folds", "3"]),
        ("representation", "conditions", ["--analysis.metric", "euclidean"]),
    ):
        assert (
            cli.main(["analyse", file, "--analysis", name, f"--analysis.{target}", "last_action", *more]) == 0
        )
    assert "last_action=0" in capsys.readouterr().out


def test_a_table_has_no_units(tmp_path, capsys):
    (tmp_path / "t.csv").write_text("subject,trial,action,reward\na,0,1,1\na,1,0,0\n")
    assert cli.main(["analyse", str(tmp_path / "t.csv"), "--analysis", "unit_coding"]) == 2
    assert "holds no 'hidden'" in capsys.readouterr().err
