"""Records keep every trial and every signal, and refuse what is damaged or does not keep the schema."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from fastslow.errors import UserError
from fastslow.records import record
from fastslow.records.tables import read_trials


def ragged() -> pd.DataFrame:
    """Two subjects, episodes of unequal length, a gap in the trial numbers, all kinds of columns."""
    return pd.DataFrame(
        {
            "subject": ["wren", "wren", "wren", "owl", "owl", "owl"],
            "episode": [0, 0, 2, 0, 1, 1],
            "trial": [0, 1, 0, 0, 0, 3],
            "action": [1, -1, 0, 1, 0, 1],
            "reward": [1.0, 0.0, 0.0, 0.25, -1.0, 1.0],
            "valid": [True, False, True, True, True, True],
            "p_reward_0": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
            "p_reward_1": [0.9, 0.8, 0.7, 0.6, 0.5, 0.4],
            "rt": [0.5, np.nan, 0.25, 1.0, 2.0, 0.125],
            "key": ["f", "", "j", "f", "j", "f"],
            "block": [3, 3, 4, 1, 2, 2],
            "q_0": [1, 2, 3, 4, 5, 6],
            "q_1": [6, 5, 4, 3, 2, 1],
            "q_2": [0, 0, 0, 0, 0, 7],
            "probe_5": [0.5, 1.5, 2.5, 3.5, 4.5, 5.5],
            "late": [True, False, False, True, False, True],
        }
    )


def dense(subjects: int = 2, episodes: int = 3, trials: int = 4) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    shape = (subjects, episodes, trials)
    return {"action": generator.integers(0, 2, shape), "reward": generator.random(shape)}


def test_a_ragged_table_becomes_a_padded_record():
    kept = record.from_trials(ragged())
    assert dict(kept.sizes) == {"subject": 2, "episode": 3, "trial": 3, "arm": 2, "q_part": 3}
    assert int(kept["present"].sum()) == 6
    one = kept.sel(subject="owl", episode=1, trial=3)
    assert int(one["action"]) == 1 and one["p_reward"].values.tolist() == [0.6, 0.4]
    absent = kept.sel(subject="wren", episode=1, trial=0)
    assert not absent["present"] and not absent["valid"]
    assert int(absent["action"]) == -1 and np.isnan(absent["reward"])


def test_the_round_trip_loses_nothing(tmp_path: Path):
    table = ragged()
    there_and_back = record.trials(record.from_trials(table))
    pd.testing.assert_frame_equal(there_and_back[table.columns], table)
    path = record.save(record.from_trials(table), tmp_path / "record.nc")
    pd.testing.assert_frame_equal(record.trials(record.load(path))[table.columns], table)


def test_the_round_trip_sorts_shuffled_rows():
    table = ragged()
    shuffled = table.iloc[[0, 4, 2, 5, 1, 3]]
    pd.testing.assert_frame_equal(record.trials(record.from_trials(shuffled))[table.columns], table)


@pytest.mark.parametrize("name", ["rat_two_step_miller", "human_two_step_zorowitz"])
def test_real_data_survive_the_round_trip(data_folder: Path, tmp_path: Path, name: str):
    table = read_trials(data_folder / name / "trials.csv.gz")
    kept = record.load(record.save(record.from_trials(table), tmp_path / "record.nc"))
    again = record.trials(kept)
    pd.testing.assert_frame_equal(again[table.columns], table)
    assert again.attrs == table.attrs and table.attrs["preset"] == name


def test_signals_pass_through_a_file_bit_for_bit(tmp_path: Path):
    generator = np.random.default_rng(1)
    hidden = generator.normal(size=(2, 3, 8, 5)).astype(np.float32)
    hidden[0, 0, 0, 0] = np.nan
    extra = {
        "value": generator.normal(size=(2, 3, 4)).astype(np.float32),
        "p_reward": generator.random((2, 3, 4, 2)),
    }
    time_arrays = {"hidden": hidden, "delta": generator.normal(size=(2, 3, 8))}
    made = record.from_arrays(dense() | extra, ["seed 0", "seed 1"], {"seed": 3}, time_arrays)
    assert made["hidden"].dims == ("subject", "episode", "time", "unit")
    assert made["delta"].dims == ("subject", "episode", "time")
    loaded = record.load(record.save(made, tmp_path / "record.nc"))
    assert loaded.identical(made)
    assert loaded["hidden"].dtype == np.float32
    np.testing.assert_array_equal(loaded["hidden"].values.view(np.uint32), hidden.view(np.uint32))
    assert "hidden_0" not in record.trials(loaded)


def test_an_agent_without_units_can_be_saved(tmp_path: Path):
    made = record.from_arrays(dense(), ["a", "b"], time_arrays={"hidden": np.zeros((2, 3, 8, 0), np.float32)})
    assert record.load(record.save(made, tmp_path / "record.nc"))["hidden"].shape == (2, 3, 8, 0)


def test_attributes_survive_a_file(tmp_path: Path):
    attrs = {"task": "two_step", "seed": 3, "rate": 0.5, "levels": ["l", "r"], "one": ["l"], "fixed": True}
    made = record.from_arrays(dense(), ["a", "b"], attrs)
    loaded = record.load(record.save(made, tmp_path / "record.nc")).attrs
    assert loaded == attrs
    assert loaded["fixed"] is True


def test_other_tails_can_be_named():
    made = record.from_arrays(
        dense() | {"q": np.zeros((2, 3, 4, 2))}, ["a", "b"], tails={"q": "action_value"}
    )
    assert made["q"].dims[-1] == "action_value"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reward": None}, "reward"),
        ({"action": np.zeros((2, 3))}, "action.*shape"),
        ({"value": np.zeros((2, 3, 5))}, r"value.*\(2, 3, 5\)"),
        ({"action": np.full((2, 3, 4), 0.5)}, "action.*0.5.*whole"),
        ({"action": np.full((2, 3, 4), np.nan)}, "action.*nan.*whole"),
        ({"action": np.full((2, 3, 4), -1)}, "24 valid trials without an action"),
        ({"reward": np.full((2, 3, 4), np.nan)}, "reward.*nan"),
        ({"valid": np.full((2, 3, 4), 2)}, "valid.*true and false"),
        ({"p_reward": np.full((2, 3, 4, 2), 1.2)}, "p_reward.*1.2"),
        ({"transition": np.full((2, 3, 4), 2)}, "transition.*2"),
        ({"action": np.full((2, 3, 4), "left")}, "action.*int"),
    ],
)
def test_arrays_that_break_the_schema_are_refused(change: dict, words: str):
    arrays = {name: values for name, values in (dense() | change).items() if values is not None}
    with pytest.raises(UserError, match=words):
        record.from_arrays(arrays, ["a", "b"])


def test_subjects_must_fit_and_differ():
    with pytest.raises(UserError, match="2 subjects, but 3"):
        record.from_arrays(dense(), ["a", "b", "c"])
    with pytest.raises(UserError, match=r"subject twice.*a"):
        record.from_arrays(dense(), ["a", "a"])


def test_tables_that_break_the_schema_are_refused():
    table = ragged()
    with pytest.raises(UserError, match=r"no column 'action'.*'actoin'"):
        record.from_trials(table.rename(columns={"action": "actoin"}))
    with pytest.raises(UserError, match="empty"):
        record.from_trials(table.iloc[:0])
    with pytest.raises(UserError, match=r"Trial 0 of subject 'wren'.*twice"):
        record.from_trials(pd.concat([table, table.iloc[[0]]]))


def test_a_missing_action_in_a_table_is_refused_not_guessed():
    table = ragged().astype({"action": float})
    table.loc[2, "action"] = np.nan
    with pytest.raises(UserError, match="action"):
        record.from_trials(table)


def test_a_failed_save_leaves_the_old_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made = record.from_arrays(dense(), ["a", "b"])
    path = record.save(made, tmp_path / "record.nc")
    before = path.read_bytes()

    def half(self: xr.Dataset, aside: Path, **options: object) -> None:
        Path(aside).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(xr.Dataset, "to_netcdf", half)
    with pytest.raises(UserError, match=r"record\.nc.*No space left"):
        record.save(made, path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["record.nc"]


def test_a_save_into_no_folder_is_one_sentence(tmp_path: Path):
    with pytest.raises(UserError, match=r"cannot be written to .*nowhere"):
        record.save(record.from_arrays(dense(), ["a", "b"]), tmp_path / "nowhere" / "record.nc")


def test_damaged_and_foreign_files_are_refused(tmp_path: Path):
    path = record.save(record.from_arrays(dense(4, 50, 100), list("abcd")), tmp_path / "record.nc")
    whole = path.read_bytes()
    with pytest.raises(UserError, match="no record"):
        record.load(tmp_path / "absent.nc")
    text = tmp_path / "text.nc"
    text.write_text("subject,action\n")
    with pytest.raises(UserError, match=r"text\.nc.*NetCDF-4"):
        record.load(text)
    cut = tmp_path / "cut.nc"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"cut\.nc.*NetCDF-4"):
        record.load(cut)
    flipped = tmp_path / "flipped.nc"
    middle = bytearray(whole)
    # The largest variable's compressed bytes fill most of the file.
    middle[len(middle) // 2] ^= 0xFF
    flipped.write_bytes(bytes(middle))
    with pytest.raises(UserError, match=r"flipped\.nc"):
        record.load(flipped)


def test_a_file_without_the_needed_variables_is_no_record(tmp_path: Path):
    path = tmp_path / "other.nc"
    xr.Dataset({"temperature": ("day", np.arange(3.0))}).to_netcdf(path, engine="netcdf4")
    with pytest.raises(UserError, match=r"other\.nc' is not a record.*action"):
        record.load(path)


def test_records_and_analyses_do_without_jax():
    code = (
        "import sys; from fastslow.records import record, tables; "
        "from fastslow.analysis import choice_regression, regret, statistics, stay; "
        "sys.exit('jax' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], env=dict(os.environ), check=False).returncode == 0
