"""One directory holds a reproduction, whose parts can be made, lost and made again."""

import importlib.util
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from fastslow.errors import UserError
from fastslow.experiments import reproduce as made
from fastslow.experiments.experiment import Expectation, judge
from fastslow.experiments.overview import learning_curve
from fastslow.records import record
from fastslow.runs import driver

spec = importlib.util.spec_from_file_location("tiny", Path(__file__).with_name("tiny.py"))
tiny = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tiny)
TINY = tiny.TINY


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "tiny"
    made.reproduce(TINY, "smoke", out, quiet=True)
    return out


def test_the_directory_holds_all_that_is_promised(run):
    files = {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()}
    assert {"manifest.json", "claims.json", "report.html", "seconds.json"} <= files
    assert {f"records/{name}.nc" for name in ("patient", "hasty", "chance")} <= files
    assert {"tables/rewards.csv", "tables/claims.csv"} <= files
    assert {f"figures/rewards.{kind}" for kind in ("png", "svg", "csv")} <= files
    assert {f"train/{name}/metrics.jsonl" for name in ("patient", "hasty")} <= files
    assert not [file for file in files if "partial" in file]
    assert record.load(run / "records/patient.nc").sizes["subject"] == 2


def test_claims_json_is_as_documented(run):
    summary = json.loads((run / "claims.json").read_text())
    assert list(summary) == ["experiment", "preset", "seeds", "seconds", "versions", "claims"]
    assert (summary["experiment"], summary["preset"], summary["seeds"]) == ("tiny", "smoke", 2)
    by_name = {claim["measure"]: claim for claim in summary["claims"]}
    assert set(by_name) == {"reward of chance", "reward of patient", "reward of ghosts"}
    chance = by_name["reward of chance"]
    assert list(chance) == [
        *("measure", "published", "measured", "low", "high", "accepted", "where", "confidence", "note")
    ]
    assert chance["accepted"] and chance["low"] < chance["measured"] < chance["high"]
    assert not by_name["reward of patient"]["accepted"]
    ghosts = by_name["reward of ghosts"]
    assert ghosts["measured"] is None and not ghosts["accepted"] and "not measured" in ghosts["note"]


def test_the_report_is_one_escaped_file(run):
    html = (run / "report.html").read_text()
    assert (
        "perfect &lt;b&gt;" in html and "Everything is &lt;small&gt;er." in html and "half &amp; more" in html
    )
    assert "data:image/svg+xml;base64," in html
    assert not re.findall(r"(?:src|href)=\"(?!data:)", html)
    assert "2 seeds" in html and "Wang et al. 2016" in html and str(run) not in html


def test_what_was_lost_is_made_again_without_training(run, monkeypatch):
    before = {name: (run / name).read_bytes() for name in ("tables/rewards.csv", "figures/rewards.svg")}
    for name in (*before, "claims.json", "report.html"):
        (run / name).unlink()

    def no_training(*arguments, **options):
        raise AssertionError("trained again")

    monkeypatch.setattr(driver, "train", no_training)
    made.rebuild(TINY, run, quiet=True)
    assert {name: (run / name).read_bytes() for name in before} == before
    assert (run / "report.html").exists() and (run / "claims.json").exists()


def test_a_run_cut_before_its_records_gives_the_same_records(run, tmp_path):
    out = tmp_path / "cut"
    original = made.simulate

    def cut(*arguments, **options):
        raise KeyboardInterrupt

    made.simulate = cut
    try:
        with pytest.raises(KeyboardInterrupt):
            made.reproduce(TINY, "smoke", out, quiet=True)
    finally:
        made.simulate = original
    result = made.reproduce(TINY, "smoke", out, quiet=True)
    assert (out / "tables/rewards.csv").read_bytes() == (run / "tables/rewards.csv").read_bytes()
    assert result.report == out / "report.html"


def test_others_are_measured_beside_without_retraining(run, tmp_path, monkeypatch):
    monkeypatch.setattr(driver, "train", None)
    rats = tmp_path / "rats.csv"
    rats.write_text("subject,trial,action,reward\na,0,1,1\na,1,0,0\n")
    result = made.reproduce(TINY, "smoke", run, compare=[rats], quiet=True)
    claim = next(claim for claim in result.claims if claim.measure == "reward of rats")
    assert claim.accepted and claim.measured == 0.5


def test_names_of_others_do_not_hide_anybody(run, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "chance.csv").write_text("subject,trial,action,reward\na,0,1,1\n")
    files = [tmp_path / "a/chance.csv", tmp_path / "b/chance.csv"]
    with pytest.raises(UserError, match="Two files to compare are called 'chance'"):
        made.reproduce(TINY, "smoke", run, compare=files, quiet=True)
    with pytest.raises(UserError, match="the experiment has a record of that name"):
        made.reproduce(TINY, "smoke", run, compare=files[:1], quiet=True)
    (run / "compared" / "chance.nc").unlink()


def test_wrong_words_are_refused_before_a_directory_is_made(tmp_path):
    out = tmp_path / "new"
    with pytest.raises(UserError, match="There is no file"):
        made.reproduce(TINY, "smoke", out, compare=[tmp_path / "none.csv"], quiet=True)
    with pytest.raises(UserError, match="--seeds is 0"):
        made.reproduce(TINY, "smoke", out, seeds=0, quiet=True)
    with pytest.raises(UserError, match="did you mean 'laptop'"):
        made.reproduce(TINY, "laptob", out, quiet=True)
    assert not out.exists()
    with pytest.raises(UserError, match="must have the presets"):
        replace(TINY, presets={})


def test_what_a_preset_does_not_measure_is_not_judged_in_it():
    import pandas as pd

    claims = pd.DataFrame(columns=["measure", "value", "low", "high"])
    large = replace(TINY, expectations=(Expectation("m", 1.0, low=0.5, presets=("full",)),))
    assert judge(large, claims, preset="laptop") == []
    assert [claim.accepted for claim in judge(large, claims, preset="full")] == [False]


def test_a_scaled_learning_curve_is_the_reward_between_its_two_marks():
    rows = [{"update": u, "reward": [0.5, 0.5 + u / 10], "regret": [9.0, 9.0]} for u in (1, 2)]
    plain, scaled = learning_curve(rows, 10), learning_curve(rows, 10, (0.5, 0.7))
    assert set(plain["metric"]) == {"regret"} and set(scaled["metric"]) == {"reward"}
    assert scaled["steps"].tolist() == [10, 10, 20, 20]
    assert scaled["value"].tolist() == pytest.approx([0.0, 0.5, 0.0, 1.0])


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(0.1, 0.2, "0.1 to 0.2"), (float("-inf"), 2.6, "<= 2.6"), (20.0, float("inf"), ">= 20")],
)
def test_what_is_accepted_is_told(low, high, text):
    assert Expectation("m", 1.0, low, high).accepts == text


def test_bounds_are_inclusive_and_nan_is_not_accepted():
    import pandas as pd

    def verdict(value: float) -> bool:
        table = pd.DataFrame(
            [("reward of chance", value, None, None)], columns=["measure", "value", "low", "high"]
        )
        return judge(TINY, table)[0].accepted

    assert verdict(0.3) and verdict(0.7)
    assert not verdict(0.299) and not verdict(0.701) and not verdict(float("nan"))
