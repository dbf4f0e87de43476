"""Panels of values around reversals and of volatility: what is drawn, how it is told apart, what is refused."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from fastslow.analysis.reversal_errors import KINDS
from fastslow.errors import UserError
from fastslow.figures import panels_reversal_errors, panels_volatility, style


@pytest.fixture
def axes():
    return style.figure(width="single")[1][0, 0]


def test_flip_bars_fill_the_cue_that_pays(axes):
    rows = [
        (name, kind, pays) for name in ("agent", "model_free") for kind in KINDS for pays in (True, False)
    ]
    table = pd.DataFrame(rows, columns=["name", "kind", "pays"]).assign(mean=np.arange(12) / 12)
    bars = panels_reversal_errors.flip_bars(axes, table.iloc[:-1], table.assign(rpe=0.5))
    assert list(bars) == rows[:-1]
    assert [bar.get_height() for bar in bars.values()] == pytest.approx(table["mean"][:-1])
    assert bars["agent", "before", False].get_hatch() and not bars["agent", "before", True].get_hatch()
    with pytest.raises(UserError, match="no column 'pays'"):
        panels_reversal_errors.flip_bars(axes, table.drop(columns="pays"))


def test_lines_around_a_reversal(axes):
    rows = [
        (o, c, k, 0.1 * o)
        for o in (-1, 0, 1)
        for c in ("begins", "ceases")
        for k in ("experienced", "inferred")
    ]
    table = pd.DataFrame(rows, columns=["offset", "change", "known", "mean"])
    lines = panels_reversal_errors.around(axes, table)
    assert set(lines) == {(c, k) for c in ("begins", "ceases") for k in ("experienced", "inferred")}
    assert lines["ceases", "inferred"][0].get_linestyle() == "--"
    assert lines["begins", "experienced"][0].get_color() == style.look("agent").colour


def test_states_are_coloured_by_side(axes):
    table = pd.DataFrame({"side": [0, 1], "pc1": [0.0, 1.0], "pc2": [2.0, 3.0]})
    clouds = panels_reversal_errors.states(axes, table, np.array([0.7, 0.2]))
    assert clouds[0].get_xydata().tolist() == [[0.0, 2.0]] and clouds[1].get_xydata().tolist() == [[1.0, 3.0]]
    assert to_hex(clouds[0].get_color()) != to_hex(clouds[1].get_color())
    assert "70 %" in axes.get_xlabel()


def test_traces_tell_the_orders_apart(axes):
    table = pd.DataFrame(
        {"name": "agent", "order": ["calm first"] * 2 + ["volatile first"] * 2, "trial": [0, 1] * 2}
    )
    traces = panels_volatility.traces(axes, table.assign(mean=[0.1, 0.2, 0.4, 0.3]), 0.5, "rate")
    calm, volatile = traces["agent", "calm first"][0], traces["agent", "volatile first"][0]
    assert calm.get_linestyle() == "-" and volatile.get_linestyle() == "--"
    assert volatile.get_ydata().tolist() == [0.4, 0.3]
    with pytest.raises(UserError, match="empty"):
        panels_volatility.traces(axes, table.iloc[:0].assign(mean=[]), 0.5, "rate")
