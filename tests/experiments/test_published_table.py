"""The published table beside the measured one: totals, sampling errors, what is accepted."""

import numpy as np
import pandas as pd
import pytest

from fastslow.errors import UserError
from fastslow.experiments import published_table as pt
from fastslow.experiments.experiment import CLAIMS
from fastslow.records.record import from_arrays

TABLE = pt.Published(("random", "agent"), {"short": (1.0, 2.0)}, {"short": 0.1}, "made for this test")


def record(reward, regret, p):
    shape = np.shape(reward)
    return from_arrays(
        {
            "action": np.zeros(shape, int),
            "reward": np.asarray(reward, float),
            "regret": np.asarray(regret, float),
            "p_reward": np.broadcast_to(np.asarray(p), (*shape, 2)),
        },
        ["seed 0", "seed 1"],
    )


@pytest.fixture
def records():
    reward = [[[1, 1], [0, 0]], [[1, 0], [0, 1]]]
    regret = [[[0, 0], [0.4, 0.4]], [[0, 0.4], [0, 0.4]]]
    return {"random_on_short": record(reward, regret, [0.3, 0.7])}


def test_totals_are_paid_by_draw_and_expected_by_true_means(records):
    totals = pt.totals(records["random_on_short"], "short", "random")
    np.testing.assert_allclose(totals["paid"], [2, 0, 1, 1])
    np.testing.assert_allclose(totals["expected"], [1.4, 0.6, 1.0, 1.0])
    np.testing.assert_allclose(pt.by_subject(totals)["total"], [1.0, 1.0])


def test_sampling_errors_by_hand(records):
    tables = pt.measure_table(records, TABLE)
    (row,) = tables["total"].to_dict("records")
    assert row["error"] == pytest.approx(np.std([1.4, 0.6, 1, 1]) / 2)
    assert row["published_error"] == pytest.approx(np.std([2, 0, 1, 1]) / 1000**0.5)
    assert (row["published"], row["apart"], row["n"]) == (1.0, 0.0, 2)
    assert tables["beside"].to_dict("list") == {"player": ["random"], "short": ["1.00 (1)"]}
    assert list(tables[CLAIMS]["measure"]) == ["random, short: total reward"]
    far = pt.compare(
        pt.totals(records["random_on_short"], "short", "random"), TABLE._replace(rows={"short": (1.55, 2.0)})
    )
    error = np.hypot(row["error"], row["published_error"])
    assert far["apart"].iloc[0] == pytest.approx(0.5 / error)


def test_one_subject_one_episode_is_told_as_such(records):
    alone = records["random_on_short"].isel(subject=[0], episode=[0])
    (row,) = pt.measure_table({"random_on_short": alone}, TABLE)["total"].to_dict("records")
    assert row["note"] == "one subject: no interval" and row["apart"] == 0.0


def test_who_is_not_in_the_table_stands_without_a_published_number(records):
    twin = {"untrained_on_short": records["random_on_short"]}
    assert np.isnan(pt.measure_table(twin, TABLE)["total"]["apart"]).all()
    with pytest.raises(UserError, match="no record of a player"):
        pt.measure_table({"somebody": records["random_on_short"]}, TABLE)


def test_accepted_are_two_standard_errors_of_the_difference():
    agent, random = pt.expect(
        TABLE, {"short": ("smoke", "full")}, {"short": 1.9}, {"random": "luck"}, (), 1000
    )
    assert (agent.low, agent.high, agent.published) == (1.9, float("inf"), 2.0)
    assert (random.low, random.high) == pytest.approx((1 - 0.33, 1 + 0.33), abs=0.006)
    assert (agent.presets, random.presets) == (("smoke", "full"), ("full",))
    assert (agent.note, random.note) == ("", "luck")


def test_learning_curves_run_from_random_to_the_best():
    total = pd.DataFrame({"row": "short", "player": ["random", "top"], "mean": [1.0, 3.0]})
    assert pt.training_scale({"total": total}, {"short": 2}, "top") == {"short": (0.5, 1.5)}
    assert pt.training_scale({"total": total[:1]}, {"short": 2}, "top") == {}
