"""Daw's two-step task: rates, the walk and its bounds, both regrets by hand, missed responses."""

import jax.numpy as jnp
import numpy as np
import pytest
from rolls import roll, within

from fastslow.errors import UserError
from fastslow.tasks.two_step_daw import TwoStepDaw


def test_published_rates_and_walk():
    rolled = roll(TwoStepDaw(), 128)
    trials, p = rolled.trials(), rolled.by_episode("p_reward")
    assert p.shape == (128, 201, 4) and trials["valid"].all()
    assert within(trials["transition"], 0.7)
    assert p.min() >= 0.25 and p.max() <= 0.75
    np.testing.assert_array_equal(p[:, 0], rolled.problem)
    assert within(p[:, 0], 0.5)
    assert abs(p[:, 0].std() - 0.5 / 12**0.5) < 0.01  # uniform between the bounds
    chosen = p.reshape(-1, 4)[np.arange(128 * 201), 2 * trials["state"] + trials["action2"]]
    assert within(trials["reward"] - chosen, 0.0)

    steps, inside = np.diff(p, axis=1), np.abs(p[:, :-1] - 0.5) < 0.1  # six s.d. from the bounds
    walk = steps[inside]
    assert within(walk, 0.0) and abs(walk.std() - 0.025) < 4 * 0.025 / (2 * walk.size) ** 0.5


def test_the_state_is_shown_between_two_choices():
    rolled = roll(TwoStepDaw(trials=5), 32)
    seen = rolled.outcomes.observation.reshape(32, 5, 2, 3)
    np.testing.assert_array_equal(seen[:, :, 0], np.eye(3)[1 + rolled.by_episode("state")])
    assert (seen[:, :, 1] == np.eye(3)[0]).all() and (rolled.opening.observation == np.eye(3)[0]).all()


def test_regret_adds_up_over_both_choices():
    task = TwoStepDaw(drift=0.0, trials=1)
    trials = roll(task, 256).trials()
    p, state = trials["p_reward"].reshape(-1, 2, 2), trials["state"]
    best = p.max(2)
    expected = 0.7 * best + 0.3 * best[:, ::-1]
    rows = np.arange(len(p))
    first = expected.max(1) - expected[rows, trials["action"]]
    second = best[rows, state] - p[rows, state, trials["action2"]]
    np.testing.assert_allclose(trials["regret"], first + second, atol=1e-6)
    np.testing.assert_array_equal(trials["correct"], trials["action"] == expected.argmax(1))


@pytest.mark.parametrize(("responses", "shown"), [([-1, 0], 0), ([0, 2], 1)])
def test_a_missed_response_voids_the_trial_unpaid(responses, shown):
    task = TwoStepDaw(low=1.0, high=1.0, drift=0.0, trials=2)
    rolled = roll(task, 8, actions=[*responses, 1, 1])
    np.testing.assert_array_equal(rolled.outcomes.reward, [[0, 0, 0, 1]] * 8)
    assert (rolled.outcomes.observation[:, 0].sum(1) == shown).all()
    for column in ("action", "action2", "state", "transition"):
        assert (rolled.by_episode(column)[:, 0] == -1).all()
    np.testing.assert_array_equal(rolled.by_episode("valid"), [[False, True]] * 8)
    np.testing.assert_allclose(rolled.by_episode("regret"), [[1.0, 0.0]] * 8)


def test_bounds_must_be_in_order():
    with pytest.raises(UserError, match=r"low is 0.8.* and high is 0.75.*, but low must not exceed high"):
        TwoStepDaw(low=0.8)
    with pytest.raises(UserError, match="transition is"):
        TwoStepDaw(transition=jnp.array([0.7, 1.1]))
