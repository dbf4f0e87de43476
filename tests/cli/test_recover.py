"""`fastslow recover` simulates, fits, prints and saves; what it cannot do it says in one sentence."""

import jax
import pandas as pd
import pytest

from fastslow import cli
from fastslow.experiments.recovery_measures import measure
from fastslow.experiments.recovery_subjects import episodes_for, models_for, simulated
from fastslow.tasks.bandit import IndependentBandit
from fastslow.tasks.set_size import SetSize


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FASTSLOW_NO_CACHE", "1")
    monkeypatch.setenv("JAX_NUM_CPU_DEVICES", "1")


def test_a_bandit_from_simulation_to_tables_and_figures(tmp_path, capsys):
    words = ["--task", "bandit", "--task.arms", "3", "--subjects", "8", "--trials", "60", "--out", "here"]
    assert cli.main(["recover", *words]) == 0
    out = capsys.readouterr().out
    assert "true and fitted" in out and "win_stay_lose_shift" in out
    matrix = pd.read_csv("here/confusion_matrix.csv", index_col="simulated").drop(columns=["ranges", "score"])
    assert matrix.sum(axis=1).to_numpy() == pytest.approx(1)
    assert matrix.loc["win_stay_lose_shift", "win_stay_lose_shift"] >= 0.75
    subjects = pd.read_csv("here/parameters_by_subject.csv")
    assert set(subjects["parameter"]) == {"alpha", "beta", "epsilon"} and len(subjects) == 8 * 3
    assert {file.name for file in (tmp_path / "here").glob("*.png")} == {
        "confusion.png",
        "parameters_rescorla_wagner.png",
        "parameters_win_stay_lose_shift.png",
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--subjects", "1"], "--subjects is 1, but it must be a whole number of at least 2"),
        (["--task", "bandit", "--models", "hybrid"], "'hybrid' needs two-step trials"),
        (["--models", "hybird"], "no model of choice 'hybird'"),
        (["--prior", "strong"], "no prior 'strong'"),
        (["--out", "no/where"], "no folder 'no'"),
    ],
)
def test_mistakes_are_answered_in_a_sentence(words, message, capsys):
    assert cli.main(["recover", *words]) == cli.WRONG
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1


def test_a_task_allows_the_models_of_its_own_form():
    assert models_for(IndependentBandit()) == ("win_stay_lose_shift", "rescorla_wagner")
    assert models_for(SetSize()) == ("rl_alone", "rl_wm")
    assert episodes_for(IndependentBandit(), 500) == 1 and episodes_for(SetSize(), 640) == 18


@pytest.mark.slow
def test_memory_is_told_from_values_alone_at_the_set_size_task():
    ranges = {"rho": (0.9, 1.0), "phi": (0.05, 0.15), "K": (1.5, 2.5), "alpha": (0.01, 0.03)}
    ranges |= {"epsilon": (0.01, 0.05), "pers": (0.3, 0.8)}
    tables = measure(
        simulated(["rl_alone", "rl_wm"], SetSize(), 4, jax.random.key(0), ranges=ranges, episodes=18)
    )
    matrix = tables["confusion_matrix"].set_index("simulated")
    assert matrix.loc["rl_wm", "rl_wm"] >= 0.75 and matrix.loc["rl_alone", "rl_alone"] >= 0.75
    subjects = tables["parameters_by_subject"].query("simulated == 'rl_wm'")
    assert set(subjects["parameter"]) == {"alpha", "rho", "K", "phi", "epsilon", "pers"}
    held = (subjects["low"] <= subjects["true"]) & (subjects["true"] <= subjects["high"])
    assert held.mean() > 0.7
