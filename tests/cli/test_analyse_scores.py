"""`fastslow analyse` on scores over runs and games."""

import numpy as np
import pandas as pd
import pytest

from fastslow import cli


@pytest.fixture
def file(tmp_path):
    rng = np.random.default_rng(0)
    keys = [
        (a, g, s, f) for a in ("nec", "dqn") for g in ("Pong", "Qbert") for s in range(3) for f in (1e5, 4e5)
    ]
    table = pd.DataFrame(keys, columns=["agent", "game", "seed", "frames"])
    table.assign(score=rng.normal(0, 5, len(table))).to_csv(tmp_path / "scores.csv", index=False)
    return tmp_path / "scores.csv"


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("aggregate_scores", ["--analysis.normalisation", "standard"], "optimality_gap"),
        (
            "performance_profiles",
            ["--analysis.thresholds", "-5", "0", "5", "--analysis.of", "games"],
            "threshold",
        ),
        ("compare_scores", ["--analysis.frames", "1e5"], "improvement"),
        ("human_normalised", ["--analysis.normalisation", "nec2017"], "over runs"),
        ("frames_to_threshold", ["--analysis.thresholds", "0", "5"], "over runs"),
    ],
)
def test_each_analysis_prints_writes_and_draws(file, tmp_path, capsys, name, options, told):
    words = ["analyse", str(file), "--analysis", name, "--map", "subject=seed", *options]
    if name in ("aggregate_scores", "performance_profiles", "compare_scores"):
        words += ["--analysis.resamples", "50"]
    figure, out = tmp_path / "figure.png", tmp_path / "table.csv"
    assert cli.main([*words, "--figure", str(figure), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "24 scores" in printed and told in printed and figure.is_file()
    assert len(pd.read_csv(out)) and len(pd.read_csv(tmp_path / "figure.csv"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--analysis", "aggregate_scores"], "no column 'subject'"),
        (["--analysis", "aggregate_scores", "--preset", "rat_two_step_miller"], "leave --preset out"),
        (["--analysis", "aggregate_scores", "--event", "go"], "asks nothing of units"),
        (["--analysis", "win_stay"], "no column 'subject'"),
    ],
)
def test_mistakes_are_answered_in_a_sentence(file, capsys, words, sentence):
    assert cli.main(["analyse", str(file), *words]) == 2
    told = capsys.readouterr()
    assert sentence in told.err and told.err.count("\n") == 1
