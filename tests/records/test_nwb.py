"""NWB sessions of other people: trials by a map or a preset, spikes counted by hand, and what can be wrong."""

import datetime
import sys

import numpy as np
import pandas as pd
import pytest

from fastslow.errors import UserError
from fastslow.records import record
from fastslow.records.spikes import Window, count_spikes
from fastslow.records.tables import read_record, read_trials, write_record

pynwb = pytest.importorskip("pynwb")

MAP = {"action": "choice", "reward": "left+right"}


def session(path, trials=3, units=True, observed=None, **columns):
    """A file with `trials` trials at 0, 10, 20 s (cue one second in; none in the last) and two units."""
    file = pynwb.NWBFile(
        "a session", "id-1", datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC), session_id="s1"
    )
    file.subject = pynwb.file.Subject(subject_id="m1", species="Mus musculus", age="P90D")
    default = {
        "choice": (["l", "r", ""] * trials)[:trials],
        "left": np.array(([1.0, 0.0, 0.0] * trials)[:trials], np.float32),
        "right": ([False] * trials)[:trials],
        "cue": np.where(np.arange(trials) < 2, np.arange(trials) * 10 + 1.0, np.nan),
    }
    for i in range(trials):
        file.add_trial(start_time=i * 10.0, stop_time=i * 10.0 + 9)
    for name, values in (default | columns).items():
        if trials:
            ragged = isinstance(values, list) and values and isinstance(values[0], list)
            data = [x for v in values for x in v] if ragged else values
            index = np.cumsum([len(v) for v in values]).tolist() if ragged else False
            file.add_trial_column(name, f"about {name}", data=data, **({"index": index} if ragged else {}))
    if units:
        more = {} if observed is None else {"obs_intervals": np.array(observed, float)}
        file.add_unit(spike_times=[1.0, 1.1, 1.5, 11.49, 11.5], id=7, **more)
        file.add_unit(
            spike_times=np.zeros(0), id=9, **({} if observed is None else {"obs_intervals": np.zeros((0, 2))})
        )
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(file)
    return path


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The default session."""
    return session(tmp_path_factory.mktemp("nwb") / "a.nwb")


def test_trials_by_a_map(tmp_path):
    path = session(tmp_path / "a.nwb", touches=[[1, 2], [], [3]], place=np.arange(6.0).reshape(3, 2))
    trials = read_trials(path, columns=MAP)
    assert trials["subject"].tolist() == ["m1"] * 3 and trials["trial"].tolist() == [0, 1, 2]
    assert trials["action"].tolist() == [0, 1, -1] and trials.attrs["action_levels"] == ["l", "r"]
    assert trials["valid"].tolist() == [True, True, False] and trials["reward"].tolist() == [1.0, 0.0, 0.0]
    # What the schema does not know keeps name and kind; what was summed up is still there.
    assert trials["left"].dtype == np.float32 and trials["right"].dtype == bool
    assert trials["touches"].tolist() == ["[1, 2]", "[]", "[3]"]
    assert trials[["place_0", "place_1"]].to_numpy().tolist() == [[0, 1], [2, 3], [4, 5]]
    np.testing.assert_array_equal(trials["cue"], [1.0, 11.0, np.nan])
    assert trials.attrs["variables"]["cue"] == {"meaning": "about cue"}
    assert trials.attrs["nwb"]["subject"]["age"] == "P90D" and trials.attrs["nwb"]["session_id"] == "s1"
    with pytest.raises(UserError, match=r"no column 'action'; .*--map action=COLUMN"):
        read_trials(path)
    with pytest.raises(UserError, match=r"no column 'lfet' \(for reward\).*'left'"):
        read_trials(path, columns=MAP | {"reward": "lfet+right"})


def test_spikes_are_counted_around_the_event_that_is_named(plain, tmp_path):
    kept = read_record(plain, columns=MAP, window=Window("cue", 0.0, 0.5))
    assert kept["activity"].dims == ("subject", "episode", "trial", "unit")
    # From the event to just before the end of the window; no event in the last trial; unit 9 never fires.
    np.testing.assert_array_equal(kept["activity"][0, 0], [[2, 0], [1, 0], [np.nan, np.nan]])
    assert kept["unit"].values.tolist() == [7, 9] and kept.attrs["activity"]["event"] == "cue"
    assert "activity" not in read_record(plain, columns=MAP)
    kept.attrs.pop("nwb")
    write_record(kept, tmp_path / "again.nwb")
    assert read_record(tmp_path / "again.nwb").identical(kept)
    with pytest.raises(UserError, match="keeps its units' activity as it is"):
        read_record(tmp_path / "again.nwb", window=Window("cue"))


def test_a_unit_that_was_not_observed_has_no_count(tmp_path):
    path = session(tmp_path / "a.nwb", observed=[[0, 11.2]])
    kept = read_record(path, columns=MAP, window=Window("cue", 0.0, 0.5))
    np.testing.assert_array_equal(kept["activity"][0, 0], [[2, np.nan], [np.nan, np.nan], [np.nan, np.nan]])


def test_counts_by_brute_force():
    rng = np.random.default_rng(0)
    spikes, events = rng.uniform(0, 100, 500), rng.uniform(-5, 105, 40)
    expected = [((spikes >= e - 0.5) & (spikes < e + 1.5)).sum() for e in events]
    np.testing.assert_array_equal(count_spikes(spikes, events, -0.5, 1.5), expected)


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (Window("queue"), r"no column 'queue' of events; did you mean 'cue'"),
        (Window("choice"), "holds no times"),
        (Window("cue", 1.0, 1.0), "window 1 to 1 s is empty"),
    ],
)
def test_windows_that_cannot_be_are_refused(plain, window, words):
    with pytest.raises(UserError, match=words):
        read_record(plain, columns=MAP, window=window)


def test_files_without_units_work_until_units_are_asked_for(tmp_path):
    path = session(tmp_path / "a.nwb", units=False)
    assert len(read_trials(path, columns=MAP)) == 3
    with pytest.raises(UserError, match="no spike times of units"):
        read_record(path, columns=MAP, window=Window("cue"))
    write_record(read_record(path, columns=MAP), tmp_path / "a.nc")
    with pytest.raises(
        UserError, match=r"Spikes around an event are counted in NWB files, but '.*a\.nc' is none"
    ):
        read_record(tmp_path / "a.nc", window=Window("cue"))


def test_a_session_of_one_trial_is_a_record(tmp_path):
    path = session(tmp_path / "a.nwb", trials=1)
    assert read_trials(path, columns=MAP)["valid"].tolist() == [True]


def test_what_is_no_session_is_refused_in_one_sentence(plain, tmp_path):
    import h5py

    whole = plain.read_bytes()
    text, cut, other = (tmp_path / f"{name}.nwb" for name in ("text", "cut", "other"))
    text.write_text("subject,action\n")
    cut.write_bytes(whole[: len(whole) // 2])
    with h5py.File(other, "w") as file:
        file["x"] = 1
    empty = session(tmp_path / "empty.nwb", trials=0)
    for path, words in (
        (text, r"text\.nwb' cannot be read as NWB"),
        (cut, r"cut\.nwb' cannot be read as NWB"),
        (other, r"other\.nwb' cannot be read as NWB"),
        (empty, r"empty\.nwb' has no table of trials"),
        (tmp_path / "absent.nwb", "There is no file"),
    ):
        with pytest.raises(UserError, match=words) as refusal:
            read_trials(path)
        assert "\n" not in str(refusal.value)
    with pytest.raises(UserError, match="is for tables of text"):
        read_trials(plain, preset="rat_two_step_miller")


def test_without_the_package_the_extra_is_named(plain, tmp_path, monkeypatch):
    made = record.from_trials(pd.DataFrame({"subject": ["a"], "trial": [0], "action": [0], "reward": [1.0]}))
    monkeypatch.setitem(sys.modules, "pynwb", None)
    for attempt in (
        lambda: read_trials(plain),
        lambda: write_record(made, tmp_path / "b.nwb"),
    ):
        with pytest.raises(UserError, match=r"pip install 'fastslow\[neuro\]'"):
            attempt()


def test_a_record_opens_as_an_ordinary_session(plain, tmp_path):
    """What another tool sees: trials with meanings, one subject, activity with times."""
    kept = read_record(plain, columns=MAP, window=Window("cue", 0.0, 0.5))
    write_record(kept, tmp_path / "b.nwb")
    with pynwb.NWBHDF5IO(tmp_path / "b.nwb", "r") as io:
        file = io.read()
        assert file.subject.subject_id == "m1" and file.subject.species == "Mus musculus"
        assert (
            file.trials["action"].description.startswith("the choice")
            and file.trials["cue"].description == "about cue"
        )
        assert file.trials["start_time"][:].tolist() == [0.0, 10.0, 20.0]
        series = file.processing["fastslow"]["activity"]
        assert series.data.shape == (3, 2) and series.timestamps[:].tolist() == [0.0, 10.0, 20.0]
    assert not pynwb.validate(path=str(tmp_path / "b.nwb"))


def test_mice_are_read_whole(data_folder):
    (path,) = sorted((data_folder / "mouse_foraging_nwb_aind").glob("689514_2024-02-01*.nwb"))
    trials = read_trials(path)
    assert trials.attrs["preset"] == "mouse_foraging_nwb_aind" and trials["subject"].unique() == ["689514"]
    assert len(trials) == 432 and int((~trials["valid"]).sum()) == 49
    assert trials["action"].value_counts().to_dict() == {0: 308, 1: 75, -1: 49}
    assert trials["reward"].sum() == (trials["rewarded_historyL"] | trials["rewarded_historyR"]).sum()
    assert trials["p_reward_0"].iloc[0] == 0.5 and trials["p_reward_1"].iloc[0] == 0.9
    assert trials["laser_on_trial"].dtype == np.int32
