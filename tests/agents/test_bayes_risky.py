"""The ideal gambler against brute force over every history, and against not learning."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.agents.bayes_risky import advantages, bayes_risky
from fastslow.agents.uniform import uniform
from fastslow.errors import UserError
from fastslow.records.collect import collect
from fastslow.tasks.bandit import IndependentBandit
from fastslow.tasks.risky_choice import RiskyChoice
from fastslow.timestep import Percept


def brute_force(task, wins, losses, left):
    """Value of a risky press, then of the best policy, over that of `left` certain presses: both levers free."""
    p_high, p_low = float(task.p_high), float(task.p_low)

    @functools.cache
    def value(wins, losses, left):
        return max(worth(wins, losses, left)) if left else 0.0

    def worth(wins, losses, left):
        high = p_high**wins * (1 - p_high) ** losses
        low = p_low**wins * (1 - p_low) ** losses
        p = (high * p_high + low * p_low) / (high + low)
        risky = p * (4 + value(wins + 1, losses, left - 1)) + (1 - p) * value(wins, losses + 1, left - 1)
        return 1 + value(wins, losses, left - 1), risky

    return worth(wins, losses, left)[1] - left


def test_advantages_are_those_of_brute_force():
    task = RiskyChoice(forced=4, trials=12)
    table = advantages(task)
    for wins, losses in ((0, 2), (1, 1), (2, 0), (1, 4), (0, 5), (3, 2)):
        left = task.trials - 2 - wins - losses
        assert math.isclose(table[wins, losses], brute_force(task, wins, losses, left), abs_tol=1e-9)


def test_odds_that_exclude_a_history_leave_finite_numbers():
    assert np.isfinite(advantages(RiskyChoice(p_high=1.0, p_low=0.0, forced=2, trials=6))).all()


def test_it_gambles_where_it_pays_and_beats_chance():
    task = RiskyChoice(trials=40)
    record = collect([bayes_risky(task), uniform(task)], task, jax.random.key(1), 100, ["ideal", "chance"])
    free = ~record["forced"].sel(subject="ideal").values.astype(bool)
    ideal = record.sel(subject="ideal")
    good = ideal["p_win"].values > 0.25
    risky = ideal["risky"].values
    assert ideal["valid"].values.all()
    assert risky[free & good].mean() > 0.75 and risky[free & ~good].mean() < 0.2
    regret = record["regret"].mean(("episode", "trial")).values
    assert regret[0] < 0.12 < 0.3 < regret[1]


def test_one_press_tells_which_lever_is_which():
    task = RiskyChoice(forced=0, trials=20)
    agent = bayes_risky(task)
    state = agent.blank()
    zero = jnp.float32(0)
    saw = Percept(jnp.zeros(3), jnp.int32(2), jnp.float32(1), jnp.bool_(False), jnp.int32(2), zero)
    state, _ = agent.take_in(state, saw)
    np.testing.assert_array_equal(state.p_certain, [0, 1])
    state, _ = agent.take_in(state, saw._replace(last_action=jnp.int32(1), last_reward=zero))
    np.testing.assert_array_equal(state.p_certain, [0, 1])
    assert (int(state.wins), int(state.losses)) == (0, 1)
    fixated, _ = agent.take_in(state, saw._replace(last_action=jnp.int32(0), last_reward=zero))
    assert (int(fixated.wins), int(fixated.losses)) == (0, 1)


def test_another_task_is_refused():
    with pytest.raises(UserError, match="bayes_risky assumes a task of kind RiskyChoice"):
        bayes_risky(IndependentBandit())
