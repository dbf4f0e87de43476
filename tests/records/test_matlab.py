"""Matrices of MATLAB become the one trial table, and what is none is refused in a sentence."""

import numpy as np
import pytest
from scipy.io import savemat

from fastslow.errors import UserError
from fastslow.records.presets import PRESETS
from fastslow.records.record import from_trials, trials
from fastslow.records.tables import read_record, read_trials, write_record

NAMES = ["subject", "episode", "trial", "action", "reward", "rt"]
TABLE = np.array([[3, 1, 1, 0, 1, 0.1], [3, 1, 2, 1, 0, np.nan], [12, 1, 1, 1, 0.25, 1.5e-7]])


def written(path, names=NAMES, table=TABLE, **more):
    cells = np.empty((1, len(names)), object)
    cells[0, :] = names
    savemat(path, {"columns": cells, "data": table} | more)
    return path


def test_a_matrix_and_its_names_are_a_trial_table(tmp_path):
    table = read_trials(written(tmp_path / "some.mat"))
    assert table["subject"].tolist() == ["3", "3", "12"] and table["trial"].tolist() == [0, 1, 0]
    assert table["action"].tolist() == [0, 1, 1] and table["reward"].tolist() == [1.0, 0.0, 0.25]
    np.testing.assert_array_equal(table["rt"], TABLE[:, 5])
    renamed = written(tmp_path / "other.mat", ["who", *NAMES[1:3], "key", *NAMES[4:]])
    again = read_trials(renamed, columns={"subject": "who", "action": "key"})
    assert again["action"].tolist() == [0, 1, 1]
    write_record(from_trials(table), tmp_path / "copy.csv")
    assert trials(read_record(tmp_path / "copy.csv"))["rt"].tolist()[2] == 1.5e-7


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"names": NAMES[:-1]}, "holds 0 such pairs among columns, data"),
        ({"more": TABLE + 1}, "holds 2 such pairs"),
        ({"table": np.zeros((0, 6))}, "holds 0 such pairs"),
        ({"names": [*NAMES[:-1], "reward"]}, "has the column 'reward' twice"),
        ({"table": TABLE + 0.5}, "Row 1 of '.*odd.mat': column 'action' holds '0.5'"),
        ({"table": np.full((3, 6), np.inf)}, "column"),
    ],
)
def test_what_is_no_table_of_trials_is_refused(tmp_path, change, said):
    with pytest.raises(UserError, match=said) as refused:
        read_trials(written(tmp_path / "odd.mat", **change))
    assert "\n" not in str(refused.value)


def test_damaged_files_are_refused_in_one_sentence(tmp_path):
    whole = written(tmp_path / "whole.mat").read_bytes()
    rng = np.random.default_rng(0)
    for i in range(40):
        broken = bytearray(whole[: rng.integers(0, len(whole))] if i % 2 else whole)
        for place in rng.integers(0, max(len(broken), 1), 3 * (len(broken) > 0)):
            broken[place] = rng.integers(256)
        (tmp_path / "broken.mat").write_bytes(bytes(broken))
        try:
            read_trials(tmp_path / "broken.mat")
        except UserError as error:
            assert "broken.mat" in str(error) and "\n" not in str(error)
    (tmp_path / "text.mat").write_text("subject,trial,action,reward\na,0,1,1\n")
    with pytest.raises(UserError, match=r"'.*text\.mat' cannot be read as a MATLAB file"):
        read_trials(tmp_path / "text.mat")
    with pytest.raises(UserError, match="There is no file"):
        read_trials(tmp_path / "none.mat")


def test_people_at_the_set_size_task_are_read_whole(data_folder):
    table = read_trials(data_folder / "human_rlwm_collins" / "Expe1.mat")
    assert table.attrs["preset"] == "human_rlwm_collins" and table.attrs["cite"] == ["collins2012"]
    assert len(table) == 53_573 and table["subject"].nunique() == 79
    assert (table.groupby("subject")["episode"].nunique() == 18).all()
    missed = table[~table["valid"]]
    assert len(missed) == 484 and (missed["action"] == -1).all() and (missed["reward"] == 0).all()
    valid = table[table["valid"]]
    assert ((valid["action"] + 1 == valid["corAseq"]) == valid["correct"]).all()
    assert (valid["reward"] == valid["correct"]).all() and set(valid["action"]) == {0, 1, 2}
    assert missed["rt"].isna().all() and 0.5 < valid["rt"].median() < 0.8
    assert set(PRESETS["human_rlwm_collins"].renamed.values()) <= set(table.columns)
