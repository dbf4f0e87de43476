"""Planners of small MDPs: what they come to believe, what they plan with, and what they earn."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.agents.mdp_planners import (
    Beliefs,
    beb,
    mdp_epsilon_greedy,
    mdp_greedy,
    psrl,
    sample_model,
    ucrl2,
)
from fastslow.agents.seldom import seldom
from fastslow.errors import UserError
from fastslow.rules.planning import backward_induction, expected_backup
from fastslow.tasks.bandit import IndependentBandit
from fastslow.tasks.tabular_mdp import TabularMDP
from fastslow.timestep import Percept

SMALL = TabularMDP(3, 2, 2, 4)
KEY = jax.random.key(0)


def percept(time, state, ended=False, action=-1, reward=0.0):
    seen = jnp.append(jnp.eye(3)[state], float(ended))
    return Percept(
        seen, jnp.int32(action), jnp.float32(reward), jnp.bool_(time == 0), jnp.int32(time), jnp.float32(0)
    )


HISTORY = (
    percept(0, 0),
    percept(1, 2, action=1, reward=3.0),
    percept(2, 0, ended=True, action=0, reward=-1.0),
    percept(3, 1, action=1, reward=0.0),
)


def lived(agent):
    state = agent.init_state(KEY)
    for one in HISTORY:
        state, output = agent.step(state, one, KEY)
    return state, output


def test_beliefs_by_hand():
    state, _ = lived(mdp_greedy(SMALL))
    beliefs = state.beliefs
    moves = np.zeros((3, 2, 3))
    moves[0, 1, 2] = moves[0, 1, 1] = 1  # what followed the life's last choice, in state 2, was not seen
    np.testing.assert_array_equal(beliefs.moves, moves)
    np.testing.assert_allclose(beliefs.reward, [[0, 3 / 3], [0, 0], [-1 / 2, 0]])
    np.testing.assert_allclose(beliefs.transition[0, 1], [1 / 5, 2 / 5, 2 / 5])
    assert int(state.step) == 1 and int(state.here) == 1


def test_a_plan_is_made_at_the_start_of_a_life_and_kept_through_it():
    agent = mdp_greedy(SMALL)
    state, output = lived(agent)
    shown = agent.init_state(KEY)
    for one in HISTORY[:3]:
        shown, _ = agent.step(shown, one, KEY)
    known = shown.beliefs  # at the start of the second life
    wanted = backward_induction(expected_backup(known.transition, known.reward), 3, 2)
    np.testing.assert_allclose(state.plan, wanted, rtol=1e-6)
    np.testing.assert_allclose(output.probes["q"], wanted[1, 1], rtol=1e-6)
    assert float(state.plan[0, 0, 1]) != float(state.beliefs.reward[0, 1])


def test_bonus_and_confidence_sets_by_hand():
    beliefs = lived(mdp_greedy(SMALL))[0].beliefs
    last = beb(SMALL, 2.0).plan(beliefs, jnp.int32(4), KEY)[-1]
    np.testing.assert_allclose(
        last, beliefs.reward + 2.0 / (1 + np.array([[0, 2], [0, 0], [1, 0]])), rtol=1e-6
    )
    last = ucrl2(SMALL, 0.5).plan(beliefs, jnp.int32(4), KEY)[-1]
    log = np.log(2 * 3 * 2 * 5 / 0.05)
    width = 0.5 * np.sqrt(7 * log / (2 * np.array([[1, 2], [1, 1], [1, 1]])))
    np.testing.assert_allclose(last, beliefs.reward + width, rtol=1e-5)


def test_models_are_drawn_from_the_posterior():
    beliefs = Beliefs(jnp.zeros((1, 1, 2)).at[0, 0, 0].set(3.0), jnp.full((1, 1), 3.0), jnp.full((1, 1), 8.0))
    transition, reward = jax.vmap(sample_model, (None, 0))(beliefs, jax.random.split(KEY, 4000))
    # Beta(4, 1) and N(2, 1/4).
    assert abs(float(transition[:, 0, 0, 0].mean()) - 0.8) < 4 * (0.8 * 0.2 / 6 / 4000) ** 0.5
    assert abs(float(reward.mean()) - 2.0) < 4 * 0.5 / 4000**0.5 and abs(float(reward.std()) - 0.5) < 0.03


def test_seldom_does_what_where_does_and_nothing_where_it_is_not_due():
    due = jnp.array([True, False, True])
    values = jnp.arange(3.0)
    found = jax.vmap(lambda d, x: seldom(d, lambda x, y: x + y, -x, x, 10.0))(due, values)
    np.testing.assert_allclose(found, [10, -1, 12])
    assert float(seldom(jnp.bool_(False), jnp.exp, jnp.float32(1), jnp.float32(2))) == 1.0
    calls = []

    def work(x):
        jax.debug.callback(lambda: calls.append(1))
        return x

    jax.block_until_ready(jax.vmap(lambda d, x: seldom(d, work, x, x))(due & False, values))
    jax.effects_barrier()
    assert not calls


def test_refuses_what_it_cannot_plan():
    with pytest.raises(
        UserError, match="psrl assumes a task of kind TabularMDP, but was given IndependentBandit"
    ):
        psrl(IndependentBandit())
    with pytest.raises(UserError, match=r"epsilon is 1\.5"):
        mdp_epsilon_greedy(SMALL, 1.5)
    with pytest.raises(UserError, match="beta is -1"):
        beb(SMALL, -1.0)
