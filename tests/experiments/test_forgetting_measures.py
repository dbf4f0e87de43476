"""What is measured of tasks that return, from behaviour that is made by hand."""

from pathlib import Path

import numpy as np
import pytest

from fastslow import catalog
from fastslow.experiments.experiment import judge
from fastslow.experiments.forgetting import EXPERIMENT, RETURN

lived = catalog.import_file(Path(__file__).with_name("test_episodic_bandits_measures.py")).lived


@pytest.fixture(scope="module")
def tables():
    known = {"lstm": 0.2, "ep_lstm": 0.9, "untrained": 0.1, "observer_no_memory": 0.1, "observer": 1.0}
    return EXPERIMENT.measure({name: lived(p) for name, p in known.items()})


def test_claims_are_regrets_of_returns_over_those_of_first_exposures(tables):
    claims = tables["claims"].set_index("measure")["value"]
    for name, p in {"lstm": 0.2, "ep_lstm": 0.9, "untrained": 0.1, "observer": 1.0}.items():
        assert claims[f"{name}: {RETURN}"] == pytest.approx((1 - p) / 0.9)
    assert claims["lstm: regret per pull of first exposures"] == pytest.approx(0.8 * 0.9)
    # Whoever was right at an exposure is right at all later ones of the same episode, as they are made here.
    assert claims["lstm: the same, of bandits mastered before"] == 0
    # Of the returns one follows at once, and two, one, one, one after 1, 2, 3 and 4 others: none after more.
    lags = tables["by_lag_by_seed"].query("name == 'lstm' and subject == 'seed 0'").set_index("between")
    assert lags["returns"].to_dict() == {0: 20, 1: 20, 2: 80}
    told = {claim.measure: claim for claim in judge(EXPERIMENT, tables["claims"])}
    assert {what for what, claim in told.items() if claim.measured is None} == {
        f"{name}: the same, 20 and more in between" for name in ("lstm", "ep_lstm", "observer")
    }
    assert all(claim.accepted is not False for claim in told.values())


def test_figures_show_returns_by_lag_and_by_exposure(tables):
    axes = EXPERIMENT.draw(tables)["forgetting"].figure.axes
    by_name = [{line.get_label(): line.get_ydata() for line in axis.get_lines()} for axis in axes]
    np.testing.assert_allclose(by_name[0]["episodic LSTM"], [1 / 9] * 3)
    np.testing.assert_allclose(by_name[1]["LSTM"], [8 / 9] * 2)


def test_agents_are_those_of_the_bandits_that_come_back():
    made = EXPERIMENT.conditions(EXPERIMENT.config("laptop"))
    assert {name: (each.agent.recall, each.agent.restart) for name, each in made.items()} == {
        "ep_lstm": ("gate", True),
        "lstm": ("none", False),
    }
