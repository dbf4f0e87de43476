"""A record written as NetCDF, NWB, BIDS or CSV and read again is the same record, to the last bit."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from fastslow.errors import UserError
from fastslow.records import record
from fastslow.records.blueprint import outside_table
from fastslow.records.tables import read_record, read_trials, write_record

TABLES = ("trials.csv", "trials.csv.gz", "trials.tsv", "sub-01_ses-2_task-odd_beh.tsv")
FILES = ("record.nc", "record.nwb", *TABLES)


def ragged() -> xr.Dataset:
    """Several subjects, a gap in the trials, a subject without any; text that could be taken for something else."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "subject": ["007", "007", "007", "n/a", "n/a", 'Zoë, "Z"'],
            "episode": [0, 0, 2, 0, 1, 1],
            "trial": [0, 1, 0, 0, 5, 3],
            "action": [1, -1, 0, 1, 0, 2],
            "reward": np.array([1, 0, 0, 0.1, -1e-7, 3e38], np.float32),
            "valid": [True, False, True, True, True, True],
            "p_reward_0": rng.random(6),
            "p_reward_1": rng.random(6),
            "rt": [0.1, np.nan, 0.3, 1e-300, -0.0, np.inf],
            "key": ["", "n/a", "tab\there", "line\nbreak", " padded ", "true"],
            "number": ["1", "02", "nan", "", "1e5", "-1"],
            "late": [True, False, False, True, False, True],
            "count": np.array([0, 1, 2, 3, 4, 255], np.uint8),
            "clock": np.array([2**62, -(2**62), 0, 1, 2, 3], np.int64),
            "q_0": rng.random(6).astype(np.float32),
            "q_1": rng.random(6).astype(np.float32),
            "id": range(6),
            "lone_0": rng.random(6),
        }
    )
    attrs = {
        "task": "odd",
        "seed": 3,
        "rate": 0.5,
        "levels": ["l", "r"],
        "fixed": True,
        "deep": {"a": [1, None]},
    }
    made = record.from_trials(table, attrs)
    blank = {str(name): record.PADDING[values.dtype.kind] for name, values in made.data_vars.items()}
    grown = made.reindex(subject=[*made["subject"].values, "nobody"], fill_value=blank)
    texts = {name: grown[name].astype(np.str_) for name in ("key", "number")}
    return record.validate(grown.assign(texts).assign_coords(subject=grown["subject"].astype(np.str_)))


def agents() -> xr.Dataset:
    """Two seeds with signals by time step, units, and episodes that end early."""
    rng = np.random.default_rng(1)
    shape = (2, 3, 4)
    present = np.ones(shape, bool)
    present[0, 1, 2:] = False
    arrays = {
        "action": rng.integers(0, 2, shape),
        "reward": rng.random(shape).astype(np.float32),
        "present": present,
        "valid": present,
        "p_reward": rng.random((*shape, 2)).astype(np.float32),
        "belief": rng.random((*shape, 3)),
        "nothing": np.zeros((*shape, 0)),
    }
    steps = {
        "step_trial": rng.integers(-1, 4, (2, 3, 8)).astype(np.int32),
        "step_value": rng.random((2, 3, 8)).astype(np.float32),
        "hidden": rng.random((2, 3, 8, 5)).astype(np.float32),
    }
    steps["hidden"][0, 1, 5:] = np.nan
    arrays["activity"] = rng.poisson(3, (*shape, 5)).astype(float)
    made = record.from_arrays(
        arrays, ["seed 0", "seed 1"], {"task": "Odd"}, steps, {"belief": "arm_believed"}
    )
    return made.assign_coords(unit=[11, 12, 13, 14, 20])


def lone() -> xr.Dataset:
    table = pd.DataFrame({"subject": ["a"], "trial": [0], "action": [0], "reward": [1.0]})
    return record.from_trials(table)


RECORDS = {"ragged": ragged, "agents": agents, "lone": lone}


def same(one: xr.Dataset, other: xr.Dataset) -> None:
    xr.testing.assert_identical(one, other)
    assert one.attrs == other.attrs
    for name in one.variables:
        a, b = one[name], other[name]
        assert a.dtype.kind == b.dtype.kind and (a.dtype.kind == "U" or a.dtype == b.dtype), name
        if a.dtype.kind == "f":
            np.testing.assert_array_equal(np.signbit(a), np.signbit(b))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", RECORDS)
def test_nothing_is_lost(kind, name, tmp_path):
    if name.endswith(".nwb"):
        pytest.importorskip("pynwb")
    made = RECORDS[kind]()
    left_out = write_record(made, tmp_path / name)
    tabled = name in TABLES
    assert left_out == (outside_table(made) if tabled else [])
    assert (set(left_out) == {"step_trial", "step_value", "hidden", "activity"}) == (
        tabled and kind == "agents"
    )
    kept = made.drop_vars([*left_out, *(["unit"] if left_out else [])])
    same(kept, read_record(tmp_path / name))
    table = record.trials(kept)
    pd.testing.assert_frame_equal(read_trials(tmp_path / name), table)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    write_record(read_record(tmp_path / name), tmp_path / name)
    if tabled:
        assert before == {file.name: file.read_bytes() for file in tmp_path.iterdir()}


def test_real_sessions_survive_every_format(data_folder, tmp_path):
    pytest.importorskip("pynwb")
    (path,) = sorted((data_folder / "mouse_foraging_nwb_aind").glob("689514_2024-02-01*.nwb"))
    mouse = read_record(path)
    for name in ("record.nwb", "sub-689514_task-foraging_beh.tsv"):
        assert write_record(mouse, tmp_path / name) == []
        same(mouse, read_record(tmp_path / name))


def test_any_float_is_written_shortest_and_read_exactly(tmp_path):
    bits = np.random.default_rng(0).integers(0, 2**32, 3000, dtype=np.uint32)
    numbers = bits.view(np.float32)
    numbers = numbers[np.isfinite(numbers)]
    table = pd.DataFrame(
        {"subject": "a", "trial": range(len(numbers)), "action": 0, "reward": 0.0, "x": numbers}
    )
    made = record.from_trials(table)
    write_record(made, tmp_path / "x.csv")
    same(made, read_record(tmp_path / "x.csv"))
    text = (tmp_path / "x.csv").read_text().splitlines()[1].split(",")
    assert str(numbers[0]) in text


def test_a_table_without_its_file_is_still_a_table(tmp_path):
    write_record(lone(), tmp_path / "trials.csv")
    (tmp_path / "trials.json").unlink()
    assert read_trials(tmp_path / "trials.csv")[["action", "reward"]].to_numpy().tolist() == [[0, 1]]


def test_a_file_beside_that_does_not_fit_is_refused(tmp_path):
    path, beside = tmp_path / "trials.csv", tmp_path / "trials.json"
    write_record(lone(), path)
    whole, text = path.read_text(), beside.read_text()
    for change, words in (
        (whole.replace("reward", "outcome"), r"has not the columns.*outcome, reward"),
        (whole.replace("1.0", "lots"), r"Row 2: column 'reward'.*'lots'"),
        (whole.replace("a,", "b,", 1), "has the subject 'b'"),
        (whole + whole.splitlines()[1] + "\n", "Row 3 repeats a trial"),
    ):
        path.write_text(change)
        with pytest.raises(UserError, match=words) as refusal:
            read_record(path)
        assert "\n" not in str(refusal.value)
    path.write_text(whole)
    for change, words in (("{", "not readable JSON"), (json.dumps({"fastslow": {"format": 1}}), "wholly")):
        beside.write_text(change)
        with pytest.raises(UserError, match=words):
            read_record(path)
    beside.write_text('{"temperature": 3}')
    assert len(read_trials(path)) == 1  # another program's file says nothing of ours
    with pytest.raises(UserError, match="would be overwritten"):
        write_record(lone(), path)
    assert text


def test_a_name_without_a_format_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"'record\.txt' names no format.*\.nwb, _beh\.tsv"):
        write_record(lone(), tmp_path / "record.txt")
    for name in ("trials_beh.tsv", "sub-0 1_task-x_beh.tsv", "sub-01_beh.tsv"):
        with pytest.raises(UserError, match="is no BIDS name"):
            write_record(lone(), tmp_path / name)
    with pytest.raises(UserError, match="cannot be written to"):
        write_record(lone(), tmp_path / "nowhere" / "trials.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_clash_of_columns_is_refused(tmp_path: Path):
    made = lone()
    made["x"] = (("subject", "episode", "trial", "x_part"), np.zeros((1, 1, 1, 2)))
    made["x_0"] = (("subject", "episode", "trial"), np.zeros((1, 1, 1)))
    with pytest.raises(UserError, match="same name in a table"):
        write_record(made, tmp_path / "trials.csv")


def test_a_flipped_bit_in_a_session_is_seen(tmp_path):
    pytest.importorskip("pynwb")
    import h5py

    noise = np.random.default_rng(0).random((2, 5, 200))
    made = record.from_arrays({"action": np.zeros(noise.shape, int), "reward": noise}, ["a", "b"])
    write_record(made, tmp_path / "whole.nwb")
    with h5py.File(tmp_path / "whole.nwb") as file:
        place = file["intervals/trials/reward"].id.get_chunk_info(0).byte_offset
    damaged = bytearray((tmp_path / "whole.nwb").read_bytes())
    damaged[place + 1000] ^= 0x10
    (tmp_path / "damaged.nwb").write_bytes(bytes(damaged))
    with pytest.raises(UserError, match=r"damaged\.nwb' cannot be read as NWB"):
        read_record(tmp_path / "damaged.nwb")
