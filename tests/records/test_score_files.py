"""Tables of scores are read as strictly as tables of trials."""

import gzip

import pandas as pd
import pytest

from fastslow.errors import UserError
from fastslow.records.scores import read_scores

TEXT = "game;seed;score;note\nPong;1;-3.5;x\nPong;2;4e1;y\n"


@pytest.fixture
def file(tmp_path):
    (tmp_path / "scores.csv").write_text(TEXT)
    return tmp_path / "scores.csv"


def test_columns_are_mapped_and_others_left(file):
    table = read_scores(file, {"subject": "seed"})
    wanted = pd.DataFrame({"game": ["Pong", "Pong"], "subject": ["1", "2"], "score": [-3.5, 40.0]})
    pd.testing.assert_frame_equal(table, wanted, check_dtype=False)
    packed = file.with_suffix(".tsv.gz")
    packed.write_bytes(gzip.compress(TEXT.replace(";", "\t").encode()))
    pd.testing.assert_frame_equal(read_scores(packed, {"subject": "seed"}), table)


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        (
            TEXT,
            {},
            "no column 'subject'; name the one that holds the run, such as its seed with --map subject=COLUMN",
        ),
        (TEXT, {"run": "seed"}, "no column 'run' to map to"),
        (TEXT, {"subject": "sed"}, r"no column 'sed' \(for subject\); did you mean 'seed'"),
        (
            TEXT.replace("4e1", ""),
            {"subject": "seed"},
            "Row 3 of .*: column 'score' holds '', which is missing",
        ),
        (TEXT.replace("4e1", "nan"), {"subject": "seed"}, "column 'score' holds 'nan', which is missing"),
        (TEXT.replace("4e1", "inf"), {"subject": "seed"}, "which is not finite"),
        (
            TEXT.replace("4e1", "high"),
            {"subject": "seed"},
            "column 'score' holds 'high', which is not a number",
        ),
        (TEXT.replace("Pong;2", ";2"), {"subject": "seed"}, "column 'game' holds '', which is empty"),
        ("subject,score\n", {}, "has a header but no scores"),
        ("", {}, "is empty; give a CSV file with a header and one row per score"),
    ],
)
def test_what_is_no_score_is_refused_with_its_place(tmp_path, text, columns, message):
    (tmp_path / "scores.csv").write_text(text)
    with pytest.raises(UserError, match=message) as refusal:
        read_scores(tmp_path / "scores.csv", columns)
    assert "\n" not in str(refusal.value)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "record.nc").write_text("x")
    with pytest.raises(
        UserError, match=r"'record\.nc' is no table of scores; its name must end in one of: \.csv"
    ):
        read_scores(tmp_path / "record.nc")
