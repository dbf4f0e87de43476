"""Random MDPs: how they are drawn, that they pay and lead on by it, and what a life is."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from rolls import roll, within
from scipy import stats

from fastslow.errors import UserError
from fastslow.rules.planning import backward_induction, expected_backup
from fastslow.tasks.tabular_mdp import TabularMDP


@pytest.fixture(scope="module")
def rolled():
    return roll(TabularMDP(lives=2), 1000)


def test_problems_are_drawn_as_published(rolled):
    transition, reward = rolled.problem
    np.testing.assert_allclose(transition.sum(-1), 1, rtol=1e-5)
    # Dirichlet(1, ..., 1) in ten states: each probability is Beta(1, 9).
    assert stats.kstest(transition[:, 0, 0, 3], stats.beta(1, 9).cdf).pvalue > 1e-4
    assert within(reward[:, 2, 1], 1.0) and within((reward[:, 2, 1] - 1) ** 2, 1.0)


def test_it_pays_and_leads_on_by_the_problem(rolled):
    transition, reward = rolled.problem
    state, action = rolled.by_episode("state"), rolled.by_episode("action")
    mean = reward[np.arange(1000)[:, None], state, action]
    np.testing.assert_allclose(rolled.by_episode("expected_reward"), mean, rtol=1e-6)
    noise = rolled.by_episode("reward") - mean
    assert within(noise, 0.0) and within(noise**2, 1.0)
    # The probability of what happened exceeds that of any fixed next state: E sum p^2 = 2/11 for Beta(1, 9).
    first = transition[np.arange(1000), state[:, 0], action[:, 0], state[:, 1]]
    assert within(first, 2 / 11)


def test_a_life_begins_in_the_first_state_and_its_end_is_shown(rolled):
    observation = rolled.outcomes.observation
    assert (observation[..., :-1].sum(-1) == 1).all()
    ended = observation[..., -1]
    np.testing.assert_array_equal(np.flatnonzero(ended[0]), [9, 19])
    assert (observation[:, [9, 19], 0] == 1).all() and (rolled.opening.observation[:, 0] == 1).all()
    assert (rolled.opening.observation[:, -1] == 0).all()
    np.testing.assert_array_equal(rolled.by_episode("life")[0], np.repeat([0, 1], 10))
    np.testing.assert_array_equal(rolled.by_episode("state")[:, 1:], observation[:, :-1, :-1].argmax(-1))
    np.testing.assert_array_equal(rolled.outcomes.discount[0], [1.0] * 19 + [0.0])


def test_a_missed_choice_pays_nothing_and_leads_nowhere():
    missed = roll(TabularMDP(3, 2, 3, 1), 8, actions=[0, -1, 2])
    np.testing.assert_array_equal(missed.by_episode("action"), [[0, -1, -1]] * 8)
    assert (missed.outcomes.reward[:, 1:] == 0).all() and (
        missed.by_episode("expected_reward")[:, 1:] == 0
    ).all()
    state = missed.by_episode("state")
    np.testing.assert_array_equal(state[:, 1], state[:, 2])


def test_who_knows_the_mdp_earns_21_83_a_life():
    problems = jax.vmap(TabularMDP().sample)(jax.random.split(jax.random.key(0), 2000))
    plan = jax.jit(jax.vmap(lambda mdp: backward_induction(expected_backup(*mdp), 10, 10)[0, 0].max()))
    assert within(np.asarray(plan(problems)), 21.83)


def test_refuses_a_size_of_nought():
    with pytest.raises(UserError, match="lives is 0"):
        TabularMDP(lives=0)
    assert jnp.shape(
        TabularMDP(4, 2).start(TabularMDP(4, 2).sample(jax.random.key(0)), jax.random.key(1))[1].observation
    ) == (5,)
