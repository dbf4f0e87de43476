"""Arms that reverse, seldom or often: the rates of the training distribution, and the test schedule by the trial."""

import numpy as np
import pytest
from rolls import roll, within

from fastslow.errors import UserError
from fastslow.tasks.volatility import VolatileBandit, VolatilitySchedule


def test_hazards_and_reversals_come_as_often_as_stated():
    rolled = roll(VolatileBandit(hazard_low=0.02), 512)
    good, volatile = rolled.by_episode("p_reward").argmax(2), rolled.by_episode("volatile")
    hazard = rolled.by_episode("hazard")
    np.testing.assert_allclose(hazard, np.where(volatile == 1, 0.1, 0.02), rtol=1e-6)
    np.testing.assert_array_equal(good[:, 0], rolled.problem.good)
    np.testing.assert_array_equal(volatile[:, 0], rolled.problem.volatile)
    reverses, changes = good[:, 1:] != good[:, :-1], volatile[:, 1:] != volatile[:, :-1]
    assert within(reverses[volatile[:, 1:] == 1], 0.1) and within(reverses[volatile[:, 1:] == 0], 0.02)
    assert within(changes, 0.005)  # half of the hazards drawn anew are as before
    assert within(good[:, 0], 0.5) and within(volatile[:, 0], 0.5)


def test_the_good_arm_pays_with_p():
    trials = roll(VolatileBandit(p=0.7), 256).trials()
    np.testing.assert_array_equal(trials["correct"], trials["action"] == trials["p_reward"].argmax(1))
    assert within(trials["reward"][trials["correct"]], 0.7) and within(
        trials["reward"][~trials["correct"]], 0.3
    )
    np.testing.assert_allclose(trials["regret"], np.where(trials["correct"], 0.0, 0.4), atol=1e-6)


def test_the_schedule_trial_by_trial():
    rolled = roll(VolatilitySchedule(), 64)
    good, phase = rolled.by_episode("p_reward").argmax(2), rolled.by_episode("phase")
    calm_first = np.asarray(rolled.problem.calm_first)
    assert 0 < calm_first.sum() < 64
    for calm, order in ((True, (0, 1)), (False, (2, 3))):
        mine = calm_first == calm
        np.testing.assert_array_equal(phase[mine], np.broadcast_to(np.repeat(order, 100), (mine.sum(), 200)))
        reversals = 100 * calm + np.array([25, 50, 75])
        turns = np.isin(np.arange(200), reversals).cumsum() % 2
        np.testing.assert_array_equal(good[mine], (good[mine][:, :1] + turns) % 2)
    volatile = np.isin(phase, (1, 2))
    np.testing.assert_array_equal(rolled.by_episode("volatile"), volatile)
    np.testing.assert_allclose(rolled.by_episode("hazard"), np.where(volatile, 1 / 25, 0), rtol=1e-6)
    np.testing.assert_allclose(rolled.by_episode("p_reward").max(2), np.where(volatile, 0.8, 0.75), rtol=1e-6)


def test_a_period_of_ones_own():
    good = roll(VolatilitySchedule(period=1, half=4), 16).by_episode("p_reward").argmax(2)
    turns = (good[:, 1:] != good[:, :-1]).sum(1)
    assert (turns == 3).all()  # at 1, 2, 3 of the volatile half


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (VolatileBandit, "p", 0.4),
        (VolatileBandit, "hazard_high", 1.2),
        (VolatileBandit, "hazard_low", 0.2),
        (VolatileBandit, "pulls", 0),
        (VolatilitySchedule, "period", 0),
        (VolatilitySchedule, "period", 2.5),
        (VolatilitySchedule, "period", float("nan")),
        (VolatilitySchedule, "p_stable", 2),
    ],
)
def test_a_parameter_out_of_range_is_refused(make, name, value):
    with pytest.raises(UserError, match=f"{name} is"):
        make(**{name: value})
