"""Other people's files become one trial table; what cannot be read is refused with its row and column."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fastslow.errors import UserError
from fastslow.records import record
from fastslow.records.attention import attentive
from fastslow.records.presets import PRESETS
from fastslow.records.tables import read_trials

GOOD = "subject,episode,trial,action,reward\na,0,0,1,1\na,0,1,0,0\nb,0,0,1,0\n"


def write(folder: Path, text: str, name: str = "trials.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_in_the_schema_needs_no_map(tmp_path: Path):
    trials = read_trials(write(tmp_path, GOOD))
    assert list(trials.columns) == ["subject", "episode", "trial", "action", "reward", "valid"]
    assert trials["action"].tolist() == [1, 0, 1] and trials["reward"].tolist() == [1.0, 0.0, 0.0]
    assert trials["valid"].all() and trials["valid"].dtype == bool and "preset" not in trials.attrs


def test_an_exported_table_is_read_back_as_it_was(tmp_path: Path):
    arrays = {
        "action": np.array([[[0, 1], [1, 1]]]),
        "reward": np.array([[[0.5, 1.0], [0.0, -1.0]]]),
        "transition": np.array([[[1, 0], [0, 1]]]),
        "p_reward": np.full((1, 2, 2, 2), 0.25),
        "correct": np.array([[[True, False], [True, True]]]),
        "regret": np.full((1, 2, 2), 0.1),
    }
    trials = record.trials(record.from_arrays(arrays, ["seed 3"]))
    path = tmp_path / "trials.csv"
    trials.to_csv(path, index=False)
    pd.testing.assert_frame_equal(read_trials(path), trials)


def test_a_map_names_the_columns_and_words_are_coded_in_sorted_order(tmp_path: Path):
    text = "mouse,day,n,side,won,note\nm1,mon,1,right,yes,x\nm1,mon,2,left,no,\nm1,tue,1,left,yes,y\n"
    columns = {"subject": "mouse", "episode": "day", "trial": "n", "action": "side", "reward": "won"}
    trials = read_trials(write(tmp_path, text), columns=columns)
    assert trials["action"].tolist() == [1, 0, 0] and trials.attrs["action_levels"] == ["left", "right"]
    assert trials["reward"].tolist() == [1.0, 0.0, 1.0]
    assert trials["episode"].tolist() == [0, 0, 1] and trials["day"].tolist() == ["mon", "mon", "tue"]
    assert trials["trial"].tolist() == [0, 1, 0]
    assert trials["note"].tolist() == ["x", "", "y"]


def test_sessions_count_within_each_subject_and_keep_their_labels(tmp_path: Path):
    text = "subject,episode,trial,action,reward\na,7,0,1,1\na,9,0,0,0\nb,8,0,1,0\n"
    trials = read_trials(write(tmp_path, text))
    assert trials["episode"].tolist() == [0, 1, 0] and trials["source_episode"].tolist() == [7, 9, 8]


def test_missing_choices_are_kept_and_flagged(tmp_path: Path):
    text = (
        "subject,trial,action,reward,transition,state\n"
        "a,0,1,1,common,1\na,1,,0,n/a,\na,2,0,,rare,1\na,3,-1,0,rare,0\na,4,0,0,rare,1\n"
    )
    trials = read_trials(write(tmp_path, text))
    assert trials["valid"].tolist() == [True, False, False, False, True]
    assert trials["action"].tolist() == [1, -1, 0, -1, 0]
    assert trials["reward"].tolist() == [1.0, 0.0, 0.0, 0.0, 0.0]
    assert trials["transition"].tolist() == [1, -1, 0, 0, 0] and trials["state"].tolist() == [1, -1, 1, 0, 1]


def test_actions_coded_minus_one_and_one_are_two_choices(tmp_path: Path):
    text = "subject,trial,action,reward\na,0,-1,1\na,1,1,0\na,2,NA,0\n"
    trials = read_trials(write(tmp_path, text))
    assert trials["action"].tolist() == [0, 1, -1] and trials.attrs["action_levels"] == ["-1", "1"]


def test_arms_never_pulled_do_not_renumber_the_others(tmp_path: Path):
    trials = read_trials(write(tmp_path, "subject,trial,action,reward\na,0,10,1\na,1,3,0\n"))
    assert trials["action"].tolist() == [10, 3]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters_byte_order_marks_and_gzip_are_understood(tmp_path: Path, delimiter: str):
    path = tmp_path / "trials.csv.gz"
    text = "\ufeff" + GOOD.replace(",", delimiter).replace("\n", "\r\n") + "\r\n"
    path.write_bytes(gzip.compress(text.encode()))
    assert len(read_trials(path)) == 3


def test_identifiers_with_leading_zeros_stay_text(tmp_path: Path):
    trials = read_trials(write(tmp_path, "subject,trial,action,reward,cage\n007,0,1,1,01\n7,0,1,1,12\n"))
    assert trials["subject"].tolist() == ["007", "7"] and trials["cage"].tolist() == ["01", "12"]


def test_a_record_is_read_as_well(tmp_path: Path):
    made = record.from_trials(read_trials(write(tmp_path, GOOD)))
    path = record.save(made, tmp_path / "record.nc")
    pd.testing.assert_frame_equal(read_trials(path), record.trials(made))
    with pytest.raises(UserError, match="is a record"):
        read_trials(path, columns={"action": "choice"})


@pytest.mark.parametrize(
    ("text", "columns", "words"),
    [
        ("", None, "is empty"),
        ("subject,trial,action,reward\n", None, "no trials"),
        ("subject,trial,action,reward\na,0,1,1\na,1,1\n", None, "Row 3 .*3 cells.*4"),
        ("subject,trial,action,reward\na,0,1,1\n\na,1,1,0,9\n", None, "Row 4 .*5 cells.*4"),
        ('subject,trial,action,reward\na,0,"1,1\n', None, "not a readable CSV"),
        ("subject,trial,action,reward,reward\na,0,1,1,1\n", None, "'reward' twice"),
        ("subject,trial,choice,reward\na,0,1,1\n", None, "no column 'action'.*--map action=COLUMN.*choice"),
        ("subject,trial,choice,reward\na,0,1,1\n", {"action": "chioce"}, "no column 'chioce'.*'choice'"),
        ("subject,trial,choice,reward\na,0,1,1\n", {"acton": "choice"}, "no column 'acton'.*'action'"),
        (
            "subject,trial,action,reward\na,0,1,1\na,1,1,lots\n",
            None,
            "Row 3 .*'reward' holds 'lots'.*not a number",
        ),
        ("subject,trial,action,reward\na,0,1,1\na,x,1,1\n", None, "Row 3 .*'trial' holds 'x'"),
        ("subject,trial,action,reward\na,0.5,1,1\n", None, "Row 2 .*'trial' holds '0.5'"),
        ("subject,trial,action,reward\na,,1,1\n", None, "Row 2 .*'trial'.*empty"),
        ("subject,trial,action,reward\n,0,1,1\n", None, "Row 2 .*'subject'.*empty"),
        ("subject,trial,action,reward\na,99999999999999999999,1,1\n", None, "Row 2 .*'trial'.*too large"),
        ("subject,trial,action,reward\na,0,1e20,1\n", None, "Row 2 .*'action' holds '1e20'"),
        ("subject,episode,trial,action,reward\na,1,0,1,1\na,NA,1,1,1\n", None, "Row 3 .*'episode'.*missing"),
        ("subject,trial,action,reward\na,0,1,inf\n", None, "Row 2 .*'reward' holds 'inf'.*not finite"),
        ("subject,trial,action,reward\na,0,1.5,1\n", None, "Row 2 .*'action' holds '1.5'"),
        ("subject,trial,action,reward\na,0,-3,1\n", None, "Row 2 .*'action' holds '-3'"),
        ("subject,trial,action,reward,transition\na,0,1,1,2\n", None, "Row 2 .*'transition' holds '2'"),
        ("subject,trial,action,reward,transition\na,0,1,1,odd\n", None, "Row 2 .*'odd'.*common"),
        ("subject,trial,action,reward,p_reward_0\na,0,1,1,1.2\n", None, "Row 2 .*'p_reward_0' holds '1.2'"),
        ("subject,trial,action,reward,correct\na,0,1,1,\n", None, "Row 2 .*'correct'.*no value"),
        (
            "subject,trial,action,reward\na,0,1,1\nb,0,1,1\na,0,0,0\n",
            None,
            "Row 4 .*subject 'a' in row 2.*episode",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(
    tmp_path: Path, text: str, columns: dict[str, str] | None, words: str
):
    with pytest.raises(UserError, match=words) as refusal:
        read_trials(write(tmp_path, text), columns=columns)
    assert "\n" not in str(refusal.value)


def test_missing_and_damaged_files_are_refused(tmp_path: Path):
    with pytest.raises(UserError, match="no file"):
        read_trials(tmp_path / "absent.csv")
    with pytest.raises(UserError, match="no file"):
        read_trials(tmp_path)
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(gzip.compress(GOOD.encode() * 100)[:-20])
    with pytest.raises(UserError, match=r"cut\.csv\.gz' cannot be read"):
        read_trials(cut)
    binary = tmp_path / "binary.csv"
    binary.write_bytes(gzip.compress(GOOD.encode()))
    with pytest.raises(UserError, match=r"binary\.csv"):
        read_trials(binary)


def test_an_unknown_preset_is_answered_with_the_nearest(tmp_path: Path):
    with pytest.raises(UserError, match=r"rat_two_step_miler.*'rat_two_step_miller'"):
        read_trials(write(tmp_path, GOOD), preset="rat_two_step_miler")
    with pytest.raises(UserError, match=r"no column 'rat' \(for subject\)"):
        read_trials(write(tmp_path, GOOD), preset="rat_two_step_miller")


@pytest.mark.parametrize("name", list(PRESETS))
def test_presets_are_whole(name: str):
    preset = PRESETS[name]
    named = {part for column in preset.columns.values() for part in column.split("+")}
    named |= set(preset.renamed)
    assert named <= set(preset.header) and preset.cite and preset.licence


def test_a_file_with_a_presets_header_is_recognised(tmp_path: Path):
    header = ",".join(PRESETS["rat_two_step_miller"].header)
    rows = (
        "M1,3,1,r,l,0,1,0.2,0.8,0,0,1,2,3,4\n"
        "M1,3,2,l,l,1,0,0.2,0.8,1,0,1,2,3,4\n"
        "M1,3,3,l,v,1,0,0.2,0.8,0,0,1,2,,\n"
    )
    trials = read_trials(write(tmp_path, f"{header}\n{rows}"))
    assert trials.attrs["preset"] == "rat_two_step_miller" and trials.attrs["cite"][0] == "miller2017"
    assert trials["action"].tolist() == [1, 0, 0] and trials["state"].tolist() == [0, 0, -1]
    assert trials["transition"].tolist() == [0, 1, -1] and trials["valid"].tolist() == [True, False, False]
    assert trials["p_reward_1"].tolist() == [0.8] * 3 and trials["session"].tolist() == [3] * 3
    with pytest.raises(UserError, match=r"Row 2 .*'choice' holds 'up'.*none of: l, r"):
        read_trials(write(tmp_path, f"{header}\n{rows.replace('r,l', 'up,l')}"))


def test_rats_are_read_whole(data_folder: Path):
    trials = read_trials(data_folder / "rat_two_step_miller" / "trials.csv.gz")
    assert trials.attrs["preset"] == "rat_two_step_miller"
    assert len(trials) == 36_413 and trials["subject"].nunique() == 6
    assert trials.groupby("subject")["episode"].nunique().sum() == 52
    # Ten violations, and eleven trials that never reached an outcome port.
    assert int((~trials["valid"]).sum()) == 21 and int(trials["violation"].sum()) == 10
    source = pd.read_csv(data_folder / "rat_two_step_miller" / "trials.csv.gz")
    assert (trials["action"] == (source["choice"] == "r")).all()
    assert (trials["reward"] == source["reward"]).all() and (trials["t_init"] == source["t_init"]).all()


def test_people_are_read_whole(data_folder: Path):
    trials = read_trials(data_folder / "human_two_step_zorowitz" / "trials.csv.gz")
    assert trials.attrs["preset"] == "human_two_step_zorowitz"
    assert len(trials) == 80_535 and trials["subject"].nunique() == 400
    missed = trials[~trials["valid"]]
    assert len(missed) == 135 and (missed["action"] == -1).sum() == 107
    # A missed trial was run again: attempts are numbered one after the other, the old number is kept.
    assert trials.groupby("subject")["trial"].max().between(200, 218).all()
    assert trials["source_trial"].max() == 201
    assert 0.5 < trials["rt"].median() < 0.6


def test_the_attention_filter_drops_who_misses_repeats_or_rushes():
    def person(name: str, action: list[int], valid: list[bool], rt: float) -> pd.DataFrame:
        return pd.DataFrame({"subject": name, "trial": range(10), "action": action, "valid": valid, "rt": rt})

    mixed, all_valid = [0, 1] * 5, [True] * 10
    trials = pd.concat(
        [
            person("good", mixed, all_valid, 0.5),
            person("misses", mixed, [False] * 2 + [True] * 8, 0.5),
            person("repeats", [1] * 10, all_valid, 0.5),
            person("rushes", mixed, all_valid, 0.1),
            person("absent", [-1] * 10, [False] * 10, 0.5),
        ],
        ignore_index=True,
    )
    kept = attentive(trials)
    assert kept["subject"].unique().tolist() == ["good"]
    assert kept.attrs["inattentive"] == ["misses", "repeats", "rushes", "absent"]
    assert set(attentive(trials, most_same=1.0, least_rt=0.0)["subject"]) == {"good", "repeats", "rushes"}
    with pytest.raises(UserError, match="Nobody of 4"):
        attentive(trials[trials["subject"] != "good"])
