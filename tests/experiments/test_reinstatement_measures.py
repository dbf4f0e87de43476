"""What is measured of gates and of what is recalled, from behaviour that is made by hand."""

from pathlib import Path

import numpy as np
import pytest

from fastslow import catalog
from fastslow.experiments.episodic_bandits import NOISES
from fastslow.experiments.experiment import judge
from fastslow.experiments.reinstatement import EXPERIMENT
from fastslow.records.record import from_trials, trials

lived = catalog.import_file(Path(__file__).with_name("test_episodic_bandits_measures.py")).lived


def gated(told, recalls):
    """Who ends right in one first exposure of ten and in nine returns of ten; after the first pull the gate is .4 wider
    where what is recalled of this context was right (`told`), and .1 wider at the third exposure."""
    rows = trials(lived(0.9, recalls=recalls))
    episode, exposure = rows["episode"] % 10, rows["exposure"]
    right = ((exposure == 2) & (episode < 1)) | ((exposure == 3) & (episode < 9))
    wide = 0.3 + 0.4 * right + 0.1 * (exposure == 3)
    return from_trials(rows.assign(gate=np.where(told & (rows["exposure_trial"] > 0), wide, 0.5)))


@pytest.fixture(scope="module")
def tables():
    own = {name: gated(name != "untrained", "own") for name in ("ep_lstm", "ep_lstm_noisy", "untrained")}
    last = gated(True, "last")
    records = {f"noise_{n:g}_{name}": record for name, record in own.items() for n in NOISES if n < 0.2}
    return EXPERIMENT.measure(records | {f"noise_0.2_{name}": last for name in own})


def test_claims_compare_gates_raw_and_within_cells(tables):
    told = {claim.measure: claim for claim in judge(EXPERIMENT, tables["claims"])}
    assert all(claim.measured is not None for what, claim in told.items() if "exposure 10" not in what)
    for name in ("ep_lstm", "ep_lstm_noisy"):
        gate = {
            what.partition("gate, ")[2]: c.measured for what, c in told.items() if what.startswith(f"{name}:")
        }
        # After the first pull .7 or .8 where right, mostly at the third exposure, and .3 or .4 where not.
        assert gate["right less not, all pulls"] == pytest.approx((0.79 - 0.31) / 2)
        assert gate["right less not, same exposure and pull"] == pytest.approx(0.2)
        # Three cells have both: two of first pulls, and second exposures after a reward, one right to eight not.
        weights = np.array([0.9, 0.9, 8 / 9])
        wanted = 0.4 * weights[2] / weights.sum()
        assert gate["right less not, same exposure, pull and rewards so far"] == pytest.approx(wanted)
        assert gate["right less not, first pulls"] == pytest.approx(0)
        correct, wrong = ((0.7 + 8 * 0.3) / 9 + 0.8) / 2, (0.3 + 0.4) / 2
        assert gate["right less not, later pulls"] == pytest.approx(0.79 - 0.31)
        assert gate["first pulls less later ones"] == pytest.approx(0.5 - (0.79 + 0.31) / 2)
        assert gate["best choice less others"] == pytest.approx((correct - wrong) / 2)
        # Four cells of nine to one: .7, .3 eight times, less .3; .8 less .4; first pulls alike.
        assert gate["best choice less others, same exposure and pull"] == pytest.approx((0.4 / 9 + 0.4) / 4)
        assert told[f"{name}: gate, right less not, all pulls, lower end"].accepted
        assert told[f"{name}: gate at first pulls, exposure 2"].measured == 0.5
    assert told["untrained: gate, right less not, all pulls"].accepted


def test_what_is_recalled_is_counted_on_first_pulls_of_returns(tables):
    claims = tables["claims"].set_index("measure")["value"]
    assert claims["ep_lstm_noisy: recalled what is of this barcode, 10 % of bits flipped"] == 1
    # Half of the six returns follow on first exposures, right once in ten, the others nine times.
    assert claims["ep_lstm_noisy: recalled what is right, 10 % of bits flipped"] == pytest.approx(0.5)
    # Who recalls the exposure before: once of six times the same context follows on itself, a third time on a second.
    assert claims["ep_lstm_noisy: recalled what is of this barcode, 20 % of bits flipped"] == pytest.approx(
        1 / 6
    )
    assert claims["ep_lstm_noisy: recalled what is right, 20 % of bits flipped"] == pytest.approx(0.9 / 6)


def test_figures_show_gates_and_what_is_recalled(tables):
    drawing = EXPERIMENT.draw(tables)["reinstatement"]
    by_pull, later, noisy = (
        [line.get_ydata() for line in axes.get_lines()] for axes in drawing.figure.axes[:3]
    )
    np.testing.assert_allclose(by_pull, [[0.5, 0.79], [0.5, 0.31]])
    np.testing.assert_allclose(later, [[0.79], [0.31]])
    np.testing.assert_allclose(noisy, later)
    by_exposure = (
        tables["gate_by_exposure"].query("name == 'ep_lstm'").set_index(["exposure", "right"])["mean"]
    )
    assert by_exposure.to_dict() == pytest.approx({(2, 0): 0.3, (2, 1): 0.7, (3, 0): 0.4, (3, 1): 0.8})
    shares = {line.get_label(): line.get_ydata() for line in drawing.figure.axes[5].get_lines()}
    np.testing.assert_allclose(shares["what is of this context"], [1, 1, 1, 1, 1 / 6])


def test_agents_are_those_of_the_bandits_that_come_back():
    made = EXPERIMENT.conditions(EXPERIMENT.config("laptop"))
    assert {name: float(each.task.noise) for name, each in made.items()} == pytest.approx(
        {"ep_lstm": 0, "ep_lstm_noisy": 0.1}
    )
    assert all(each.agent.recall == "gate" and each.trainer.updates == 1500 for each in made.values())
