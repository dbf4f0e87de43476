"""The command line: quick to answer, every mistake in one sentence, exit codes that scripts can trust."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fastslow import cli
from fastslow.cli import start
from fastslow.records import record
from fastslow.runs import checkpoint

ROOT = Path(__file__).parent.parent.parent
TINY = f"{ROOT}/tests/experiments/tiny.py:TINY"
SMALL = [
    "--task.pulls",
    "6",
    "--agent.units",
    "4",
    "--trainer.lanes",
    "2",
    "--trainer.updates",
    "5",
    "--quiet",
]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Commands run in an empty folder; what they set in the environment is taken back."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FASTSLOW_NO_CACHE", "1")
    monkeypatch.setenv("XLA_FLAGS", os.environ.get("XLA_FLAGS", ""))
    monkeypatch.setenv("JAX_NUM_CPU_DEVICES", "1")


def sentence(capsys) -> str:
    """What a mistake was answered with: one line on standard error, nothing on standard output."""
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("fastslow: ") and err.count("\n") == 1
    return err


def test_help_and_list_start_without_jax():
    code = (
        "import sys, time\nbegan = time.monotonic()\nfrom fastslow import cli\n"
        "assert cli.main(['--help']) == 0 and cli.main(['list']) == 0 and cli.main(['cite', 'a2c']) == 0\n"
        "heavy = {'jax', 'numpy', 'matplotlib', 'pandas', 'xarray', 'equinox'} & set(sys.modules)\n"
        "print(heavy, time.monotonic() - began, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy, seconds = done.stderr.rsplit(" ", 1)
    assert heavy == "set()" and float(seconds) < 2.0
    assert (
        "reproduce" in done.stdout
        and "Wang et al. 2018" in done.stdout
        and "@inproceedings{mnih2016" in done.stdout
    )


def test_lists_have_one_line_each(capsys):
    assert cli.main(["list", "tasks"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "tasks" and any(line.split()[0] == "two_step" and "Wang" in line for line in lines[1:])


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["trian"], "no command 'trian'; did you mean 'train'"),
        (["list", "taks"], "no list of 'taks'; did you mean 'tasks'"),
        (["cite", "wang2017"], "did you mean 'wang201"),
        (["train"], "Name a task"),
        (["train", "--task", "two_stp"], "no task 'two_stp'; did you mean 'two_step'"),
        (["train", "--task", "bandit", "--agent", "meta_lr"], "no agent 'meta_lr'; did you mean 'meta_rl'"),
        (["train", "--task", "bandit", "--trainer", "a2b"], "no trainer 'a2b'; did you mean 'a2c'"),
        (
            ["train", "--task", "two_step", "--task.swop", "1"],
            "no option '--task.swop'; did you mean '--task.swap'",
        ),
        (["train", "--task", "bandit", "--sed", "1"], "no option '--sed'; did you mean '--seeds'"),
        (["train", "--task", "two_step", "--task.swap", "1.2"], "swap is 1.2"),
        (["train", "--task", "two_step", "--task.swap", "lots"], "could not convert string to float: 'lots'"),
        (["train", "--task", "bandit", "--task.arms", "0"], "arms is 0"),
        (["train", "--task", "bandit", "--task.arms", "2.5"], "2.5"),
        (["train", "--task", "bandit", "--trainer.gamma", "2"], "gamma is 2"),
        (["train", "--task", "bandit", "--trainer.gamma", "nan"], "gamma is nan"),
        (["train", "--task", "bandit", "--trainer.optimizer", "sgd"], "'adam', 'rmsprop'"),
        (["train", "--task", "bandit", "--seeds", "0"], "--seeds is 0"),
        (["train", "--task", "bandit", "--agent", "thompson"], "'thompson' is not trained"),
        (
            ["train", "--task", "corridor", "--agent", "dqn", "--trainer", "q_learning"],
            "Convolutions see pictures of rows, columns and colours",
        ),
        (["train", "--task", "bandit", "extra"], "'extra' belongs to no option"),
        (["train", "--task", "none.py:Mine"], "no file 'none.py'"),
        (["reproduce"], "Name an experiment"),
        (["reproduce", "bandist"], "no experiment 'bandist'"),
        (["reproduce", TINY, "--preset", "lapto"], "no preset 'lapto'; did you mean 'laptop'"),
        (["reproduce", TINY, "--compare", "rats.csv"], "no file 'rats.csv' to compare"),
        (["behave"], "Name a run directory"),
        (["behave", "nowhere"], "no run directory 'nowhere'"),
        (["behave", "--agent", "thompson"], "Name the task"),
        (["behave", "--agent", "thompson", "--task", "bandit", "--out", "x.csv"], "must end in .nc"),
        (["behave", "--agent", "thompson", "--task", "bandit", "--episodes", "0"], "--episodes is 0"),
        (["analyse"], "Name a file"),
        (["analyse", "x.csv", "--analysis", "stay_probabilty"], "did you mean 'stay_probability'"),
        (["analyse", "x.csv", "--analysis", "stay_probability"], "no file 'x.csv'"),
        (["report", "nowhere"], "no run directory 'nowhere'"),
        (["report", "."], "is not a run directory"),
    ],
)
def test_mistakes_are_answered_in_a_sentence_and_leave_nothing_behind(words, answer, capsys, tmp_path):
    assert cli.main(words) == 2
    assert answer in sentence(capsys)
    assert list(tmp_path.iterdir()) == []


def test_the_environment_is_set_before_jax_and_yields_to_the_users_own(monkeypatch, tmp_path):
    for name in ("XLA_FLAGS", "FASTSLOW_NO_CACHE", "JAX_NUM_CPU_DEVICES", "JAX_COMPILATION_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    start.prepare()
    assert os.environ["XLA_FLAGS"] == f"--{start.SCHEDULER}=false"
    assert os.environ["JAX_COMPILATION_CACHE_DIR"] == str(tmp_path / "fastslow/jax")
    assert int(os.environ["JAX_NUM_CPU_DEVICES"]) == start.cores()
    monkeypatch.setenv("XLA_FLAGS", f"--{start.SCHEDULER}=true --{start.DEVICES}=3")
    monkeypatch.delenv("JAX_NUM_CPU_DEVICES")
    start.prepare()
    assert os.environ["XLA_FLAGS"].startswith(f"--{start.SCHEDULER}=true")
    assert "JAX_NUM_CPU_DEVICES" not in os.environ


def test_a_closed_pipe_is_no_mistake():
    command = f"{sys.executable} -m fastslow list | head -n 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    assert done.stdout == "tasks\n" and done.stderr == ""


def test_help_of_train_reads_like_a_methods_section(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["train", "--task", "two_step", "--help"])
    text = capsys.readouterr().out
    assert not stop.value.code
    for option in ("--task.swap", "--agent.units", "--trainer.learning-rate", "--seeds", "--out"):
        assert option in text
    assert "(Wang 2018: .025)" in " ".join(text.replace("│", " ").split())


def test_train_behave_analyse(tmp_path, capsys):
    train = ["train", "--task", "bandit_easy", "--seeds", "2", *SMALL, "--out", "run"]
    assert cli.main(train) == 0
    weights = (tmp_path / "run/ckpt/000000005" / checkpoint.STATE).read_bytes()
    assert cli.main(train) == 0
    assert (tmp_path / "run/ckpt/000000005" / checkpoint.STATE).read_bytes() == weights
    manifest = json.loads((tmp_path / "run/manifest.json").read_text())
    assert manifest["configuration"]["task"] == {"name": "bandit_easy", "options": {"pulls": 6}}

    assert cli.main(["behave", "run", "--episodes", "9", "--out", "r.nc", "--units"]) == 0
    behaviour = record.load(tmp_path / "r.nc")
    assert (
        behaviour.sizes["episode"] == 9 and behaviour.sizes["subject"] == 2 and behaviour.sizes["unit"] == 4
    )
    assert behaviour.attrs["agent"] == "meta_rl" and behaviour.attrs["task_name"] == "bandit_easy"
    assert str(tmp_path) not in json.dumps(behaviour.attrs)
    capsys.readouterr()

    assert (
        cli.main(["analyse", "r.nc", "--analysis", "regret", "--analysis.pulls", "6", "--out", "t.csv"]) == 0
    )
    out = capsys.readouterr().out
    assert "108 trials" in out and (tmp_path / "t.csv").read_text().count("\n") == 3

    assert cli.main(["behave", "run", "--task", "two_step"]) == 2
    assert "choose another task" in sentence(capsys)
    assert cli.main([*train[:5], *SMALL, "--trainer.gamma", "0.5", "--out", "run"]) == 2
    assert "holds another run (" in sentence(capsys)
    assert cli.main(["report", "run"]) == 2
    assert "holds no experiment" in sentence(capsys)


def test_observers_behave_without_a_run(tmp_path):
    words = ["behave", "--agent", "thompson", "--task", "bandit", "--task.pulls", "5", "--episodes", "4"]
    assert cli.main([*words, "--out", "thompson.nc"]) == 0
    assert record.load(tmp_path / "thompson.nc").subject.values.tolist() == ["thompson"]


def test_a_table_with_other_names_is_mapped_and_missing_choices_are_flagged(tmp_path, capsys):
    rows = ["who,n,side,won,common"]
    rows += [f"a,{i},{i // 2 % 2 if i != 5 else ''},{i % 3 == 0:d},{i % 2}" for i in range(40)]
    (tmp_path / "t.csv").write_text("\n".join(rows) + "\n")
    analyse = ["analyse", "t.csv", "--analysis", "stay_probability"]
    names = "subject=who,trial=n,action=side,reward=won,transition=common"
    assert cli.main([*analyse, "--map", names]) == 0
    assert "40 trials, 1 of them flagged" in capsys.readouterr().out
    assert cli.main([*analyse, "--map", names.replace("side", "sid")]) == 2
    assert "did you mean 'side'" in sentence(capsys)
    assert cli.main([*analyse, "--map", "action"]) == 2
    assert "wants COLUMN=YOURS" in sentence(capsys)
    (tmp_path / "empty.csv").write_text("")
    assert cli.main(["analyse", "empty.csv", "--analysis", "stay_probability"]) == 2
    assert "'empty.csv' is empty" in sentence(capsys)


def test_an_experiment_of_ones_own_from_training_to_report(tmp_path, capsys):
    reproduce = ["reproduce", TINY, "--preset", "smoke", "--quiet", "--out", "tiny"]
    assert cli.main(reproduce) == 0
    out = capsys.readouterr().out
    assert (
        "not accepted" in out
        and "not measured" in out
        and "report: tiny/report.html" in out
        and "figure: tiny/figures" in out
    )
    assert cli.main([*reproduce, "--strict"]) == 3
    (tmp_path / "tiny/report.html").unlink()
    assert cli.main(["report", "tiny"]) == 0
    assert (tmp_path / "tiny/report.html").exists()
    assert cli.main(["behave", "tiny/train/patient", "--episodes", "3", "--out", "r.nc"]) == 0
    assert record.load(tmp_path / "r.nc").attrs["condition"] == "patient"
    capsys.readouterr()
    assert cli.main(["behave", "tiny"]) == 2
    assert "as in 'tiny/train/" in sentence(capsys)


def test_ctrl_c_saves_exits_with_130_and_the_same_command_goes_on(tmp_path):
    command = [
        sys.executable,
        "-m",
        "fastslow",
        "train",
        "--task",
        "bandit",
        "--task.pulls",
        "5",
        "--agent.units",
    ]
    command += ["4", "--trainer.lanes", "2", "--trainer.updates", "1000000", "--out", "run"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    assert "1/1000000" in process.stderr.readline()
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert err.splitlines()[-1].startswith("fastslow: Stopped after update ")
    saved = checkpoint.steps(tmp_path / "run/ckpt")[-1]
    assert f"update {saved};" in err and saved > 1


def test_a_repeated_option_loses_none_of_its_values():
    from fastslow.cli.reproduce import gathered

    words = [
        "two_step",
        "--compare",
        "a.csv",
        "b.csv",
        "--seeds",
        "2",
        "--compare=c.csv",
        "--compare",
        "d.csv",
    ]
    assert gathered(words, "--compare") == [
        "two_step",
        "--seeds",
        "2",
        "--compare",
        "a.csv",
        "b.csv",
        "c.csv",
        "d.csv",
    ]
    assert gathered(["two_step", "--seeds", "2"], "--compare") == ["two_step", "--seeds", "2"]
