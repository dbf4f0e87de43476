"""Figures set no globals, are written with the same bytes, and their colours differ for every eye."""

import itertools

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from fastslow.errors import UserError
from fastslow.figures import style
from fastslow.figures.panels_learning import learning_curves

DEUTAN = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
PROTAN = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
"""What deuteranopes and protanopes see of linear RGB: Machado et al. 2009, severity 1."""
TOGETHER = [
    ("agent", "observer", "rats", "people", "monkeys"),
    ("agent", "observer", "model_based", "model_free", "rats", "people"),
    ("independent", "correlated", "bayes_optimal", "thompson", "ucb"),
    ("agent", "untrained"),
    ("agent", "untrained", "yoked"),
    ("agent", "rescorla_wagner"),
    ("agent", "bayes_forager", "local_matcher", "mice"),
    ("episodic_max", "episodic_mean", "q_table"),
    ("episodic", "planner_0.8", "planner_1", "planner_1.3", "best"),
]


def table():
    steps = np.tile(np.linspace(0, 1e6, 5), 2)
    return pd.DataFrame({"subject": ["a"] * 5 + ["b"] * 5, "steps": steps, "value": np.arange(10.0)})


def drawn():
    made, axes = style.figure(2, 1)
    learning_curves(axes[0, 0], table(), "reward", anchors={"chance": 2.0})
    return made, axes


def lab(colour, seen=None):
    """CIE L*a*b* of a colour as it is seen."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = linear if seen is None else np.clip(np.array(seen) @ linear, 0, 1)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    ratio = (np.array(to_xyz) @ linear) / [0.9505, 1.0, 1.089]
    root = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


@pytest.mark.parametrize("seen", [None, DEUTAN, PROTAN])
def test_colours_drawn_together_differ_for_every_eye(seen):
    pairs = [pair for names in TOGETHER for pair in itertools.combinations(names, 2)]
    colours = [(style.look(one).colour, style.look(other).colour) for one, other in pairs]
    for one, other in [*colours, (style.FAST, style.SLOW), style.ARMS]:
        assert np.linalg.norm(lab(one, seen) - lab(other, seen)) > 15, (one, other)


def test_drawing_and_saving_leave_the_readers_settings_alone(tmp_path):
    with matplotlib.rc_context():
        matplotlib.rcParams["font.size"] = 31.0
        matplotlib.rcParams["axes.facecolor"] = "black"
        before = dict(matplotlib.rcParams)
        made, axes = drawn()
        style.save(made, tmp_path / "one", table())
        assert dict(matplotlib.rcParams) == before
        assert axes[0, 0].xaxis.label.get_fontsize() == 7.0  # and the figure does not follow them
        assert axes[0, 0].get_facecolor() == (1.0, 1.0, 1.0, 1.0)


def test_the_same_drawing_is_the_same_bytes(tmp_path):
    files = [style.save(drawn()[0], tmp_path / name / "curve", {"seeds": table()}) for name in "ab"]
    assert [file.name for file in files[0]] == ["curve.png", "curve.svg", "curve.seeds.csv"]
    for one, other in zip(*files, strict=True):
        assert one.read_bytes() == other.read_bytes()
    made, _ = drawn()
    again = [style.save(made, tmp_path / name / "twice", table()) for name in "cd"]
    assert [file.read_bytes() for file in again[0]] == [file.read_bytes() for file in again[1]]
    text = (tmp_path / "a" / "curve.svg").read_text()
    assert "<dc:date>" not in text and "matplotlib" not in text.split("<metadata>")[1].split("</metadata>")[0]


def test_a_suffix_names_the_only_format(tmp_path):
    pages = [
        style.Drawing(drawn()[0], {"": table(), "two": table()}).save(tmp_path / f"{n}.pdf") for n in "ab"
    ]
    assert [file.name for file in pages[0]] == ["a.pdf", "a.csv", "a.two.csv"]
    assert pages[0][0].read_bytes() == pages[1][0].read_bytes() and pages[0][0].read_bytes()[:4] == b"%PDF"
    assert [file.name for file in style.save(drawn()[0], tmp_path / "p=0.5", table())] == [
        "p=0.5.png",
        "p=0.5.svg",
        "p=0.5.csv",
    ]


def test_the_table_beside_the_figure_reads_back(tmp_path):
    style.save(drawn()[0], tmp_path / "fig.1", table())
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "fig.1.csv"), table(), check_dtype=False)


def test_png_is_300_dpi_of_the_asked_millimetres(tmp_path):
    made, _ = style.figure(1, 1, width="single", height=50)
    png = style.save(made, tmp_path / "size", table())[0].read_bytes()
    width, height = (int.from_bytes(png[i : i + 4], "big") for i in (16, 20))
    assert (width, height) == pytest.approx((89 / 25.4 * 300, 50 / 25.4 * 300), abs=1)


def test_panels_are_lettered_by_rows_and_a_single_one_is_not():
    _, axes = style.figure(2, 2)
    assert [one.get_title(loc="left") for one in axes.flat] == ["a", "b", "c", "d"]
    assert style.figure()[1][0, 0].get_title(loc="left") == ""


def test_looks_of_unknown_names_stay_and_known_ones_are_unique_enough():
    assert style.look("my_agent") == style.look("my_agent")
    assert style.look("my_agent").label == "my agent"
    assert style.tint("#000000", 0.5) == "#808080"


def test_bad_input_is_answered_in_a_sentence(tmp_path):
    with pytest.raises(UserError, match="did you mean 'double'"):
        style.figure(width="duble")
    with pytest.raises(UserError, match="0 x 1 panels"):
        style.figure(1, 0)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="cannot be written"):
        style.save(drawn()[0], tmp_path / "file" / "figure", table())
