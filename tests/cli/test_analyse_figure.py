"""`fastslow analyse --figure` draws the table that it prints, its numbers beside it."""

import numpy as np
import pandas as pd
import pytest

from fastslow import cli


@pytest.fixture
def file(tmp_path):
    rng = np.random.default_rng(0)
    rows = {"subject": np.repeat(["a", "b", "c"], 40), "trial": np.tile(np.arange(40), 3)}
    choices = {"action": rng.integers(0, 2, 120), "reward": rng.integers(0, 2, 120)}
    pd.DataFrame(rows | choices).to_csv(tmp_path / "trials.csv", index=False)
    return tmp_path / "trials.csv"


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_a_figure_and_its_numbers(file, tmp_path, capsys, suffix):
    figure, out = tmp_path / f"stay.{suffix}", tmp_path / "table.csv"
    words = ["analyse", str(file), "--analysis", "win_stay"]
    assert cli.main([*words, "--figure", str(figure), "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert f"figure: {figure}, " in told and "over subjects" in told
    kind = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[suffix]
    assert figure.read_bytes().startswith(kind)
    table, subjects = pd.read_csv(out), pd.read_csv(tmp_path / "stay.subjects.csv")
    pd.testing.assert_frame_equal(table, subjects, rtol=1e-9)
    means = pd.read_csv(tmp_path / "stay.csv").set_index("measure")
    assert means.loc["win_stay", "mean"] == pytest.approx(table["win_stay"].mean())
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [figure.name, "stay.csv", "stay.subjects.csv", "table.csv", "trials.csv"]
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--figure", "stay.jpg"], r"its name must end in .png, .svg, .pdf."),
        (["--figure", "stay"], r"its name must end in .png, .svg, .pdf."),
        (["--figure", "nowhere/stay.png"], "There is no folder for 'nowhere/stay.png'."),
        (["--figure", "broken.png"], "may take the place of 'broken.csv'; name it otherwise."),
        (["--figure", "a.png", "--out", "a.csv"], "may take the place of 'a.csv'; name it otherwise."),
    ],
)
def test_mistakes_are_answered_before_anything_is_read(tmp_path, monkeypatch, capsys, words, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.csv").write_text("no table at all\n")
    assert cli.main(["analyse", "broken.csv", "--analysis", "win_stay", *words]) == 2
    told = capsys.readouterr()
    assert sentence in told.err and told.err.count("\n") == 1 and not told.out
    assert [path.name for path in tmp_path.iterdir()] == ["broken.csv"]


def test_an_analysis_of_ones_own_has_no_figure(file, tmp_path, capsys):
    (tmp_path / "mine.py").write_text("def own(trials):\n    return trials\n")
    words = [
        "analyse",
        str(file),
        "--analysis",
        f"{tmp_path}/mine.py:own",
        "--figure",
        str(tmp_path / "a.png"),
    ]
    assert cli.main(words) == 2
    assert "is your own and has no figure" in capsys.readouterr().err
