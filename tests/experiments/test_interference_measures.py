"""Interference by hand: what is kept, when the second list was known, and claims of made-up networks."""

import numpy as np
import pytest

from fastslow.experiments import interference_measures as measures
from fastslow.records.record import from_arrays

CHECKS = 4
LIVED = np.array([0, 100, 200, 300])


def record(first, second, sizes=measures.STEP_SIZES):
    """Of curves `[subject, step size, check]`."""
    first, second = np.asarray(first, float), np.asarray(second, float)
    columns = {
        "action": np.full(first.shape, -1),
        "valid": np.zeros(first.shape, bool),
        "reward": (first + second) / 2,
        "first": first,
        "second": second,
        "lived": np.broadcast_to(LIVED, first.shape),
        "step_size": np.broadcast_to(np.asarray(sizes)[:, None], first.shape),
    }
    return from_arrays(columns, [f"seed {i}" for i in range(len(first))], {"chance": 0.25})


def test_kept_is_one_where_nothing_is_lost_and_zero_at_chance():
    found = measures.kept(np.array([1.0, 0.25, 0.5, 0.1]), np.array([1.0, 1.0, 0.75, 0.25]), 0.25)
    np.testing.assert_allclose(found, [1, 0, 0.5, np.nan])


def test_a_list_is_known_where_all_of_it_is_right_for_the_first_time():
    second = np.array([[0.2, 1.0, 0.9, 1.0], [0.2, 0.9, 0.9, 0.99]])
    assert measures.first_known(second).tolist() == [1, -1]


def test_outcomes_by_hand():
    rows = measures.outcomes(record([[[1.0, 0.7, 0.55, 0.4]]], [[[0.25, 0.9, 1.0, 0.9]]], (0.1,)))
    row = rows.iloc[0]
    assert (row["before"], row["second"], row["trials"]) == (1.0, 0.9, 200)
    assert row["kept"] == pytest.approx(0.2) and row["kept_when_known"] == pytest.approx(0.4)
    never = measures.outcomes(record([[[1.0] * 4]], [[[0.25, 0.5, 0.5, 0.5]]], (0.1,))).iloc[0]
    assert np.isnan(never["trials"]) and np.isnan(never["kept_when_known"]) and never["kept"] == 1


def networks(ends, reached=3):
    """Three seeds of each step size: `ends` of the first list, up and down by .05; the second known at check 2."""
    shape = (3, len(ends), CHECKS)
    first, second = np.ones(shape), np.full(shape, 0.25)
    first[..., 2:] = np.asarray(ends)[:, None] + np.array([-0.05, 0, 0.05])[:, None, None]
    second[..., 2:] = 1.0
    second[reached:] = 0.25
    return record(first, second)


def claims_of(ends, reached=3):
    made = networks(ends, reached)
    stored = record(np.ones((3, 1, CHECKS)), np.tile([0.25, 1.0, 1.0, 1.0], (3, 1, 1)), (np.nan,))
    records = {f"network_{schedule}": made for schedule in ("sequential", "interleaved")}
    records |= {f"dictionary_{schedule}": stored for schedule in ("sequential", "interleaved")}
    tables = measures.measure(records)
    return tables, tables["claims"].set_index("measure")["value"]


def test_claims_of_networks_that_lose_more_with_larger_steps():
    tables, value = claims_of([0.95, 0.95, 0.85, 0.7, 0.55, 0.4])
    assert value["first list known before the second begins"] == 1
    assert value["sequential, step size 4: kept"] == pytest.approx(0.2)
    assert value["until known, step size 4: kept"] == pytest.approx(0.2)
    assert value["sequential: kept falls with the step size, within intervals"] == 1
    assert value[
        "sequential, smallest less largest step: kept when the second list is first known"
    ] == pytest.approx(0.55 / 0.75)
    assert value["sequential, smallest over largest step: trials until the second list is known"] == 1
    assert value["dictionary over network of the smallest step: trials until the second list is known"] == 0.5
    assert set(tables["kept"]["name"]) >= {"until_known", "dictionary_sequential", "network_interleaved"}
    assert set(tables["courses"]["lived"]) == {100, 200, 300}


def test_a_rise_beyond_the_interval_is_no_fall():
    _, value = claims_of([0.6, 0.95, 0.85, 0.7, 0.55, 0.4])
    assert value["sequential: kept falls with the step size, within intervals"] == 0


def test_what_a_seed_never_reached_is_no_claim_and_is_not_drawn():
    tables, value = claims_of([0.95, 0.95, 0.85, 0.7, 0.55, 0.4], reached=2)
    assert "until known, step size 4: kept" not in value
    assert value["sequential, step size 4: second list known"] == pytest.approx(0.75)
    assert not (tables["trials"]["name"] == "network_sequential").any()
    assert not (tables["kept"]["name"] == "until_known").any()
