"""Ideal observers of tasks that come back: the swimmer's search and its memory."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.agents.interaction import first_percept, interaction
from fastslow.agents.recalling import recalling
from fastslow.agents.swimmer import swimmer
from fastslow.errors import UserError
from fastslow.loop import run
from fastslow.records.collect import collect
from fastslow.records.record import trials
from fastslow.tasks.bandit import IndependentBandit
from fastslow.tasks.recurring import Recurring
from fastslow.tasks.tree import Tree
from fastslow.tasks.water_maze import WaterMaze, contextual_water_maze

SIDE, LIMIT, EPISODES = 5, 12, 60
TASK = contextual_water_maze(SIDE, LIMIT, contexts=6, exposures=4, bits=6)


@pytest.fixture(scope="module")
def lived():
    """First swims of each exposure, with and without memory, by episode and context."""
    agents = [recalling(TASK), recalling(TASK, remembers=False)]
    table = trials(collect(agents, TASK, jax.random.key(0), EPISODES, ["memory", "none"]))
    return table.sort_values(["subject", "episode", "trial"], kind="stable")


def test_a_search_sees_a_new_cell_with_nearly_every_move(lived):
    """The first swim at a first exposure: found within t moves with probability t / (cells - 1)."""
    first = lived[(lived["exposure"] == 1) & (lived["exposure_trial"] == 0)]
    for t in (3, 6, LIMIT):
        rate = (first["found"].astype(bool) & (first["steps"] <= t)).mean()
        p = t / (SIDE**2 - 1)
        assert abs(rate - p) < 4 * (p * (1 - p) / len(first)) ** 0.5


def test_once_found_the_platform_is_never_searched_for_again(lived):
    table = lived[lived["subject"] == "memory"]
    reached = table.groupby(["episode", "context"])["found"].cumsum() - table["found"]
    again = table[(reached > 0) & table["found"].astype(bool)]
    assert len(again) > 500 and (again["steps"] == again["shortest"]).all()
    # What is cut short was on its way as well.
    cut = table[(reached > 0) & ~table["found"].astype(bool)]
    assert (cut["steps"] < cut["shortest"]).all()


def test_what_was_searched_before_is_not_searched_again(lived):
    """A first swim finds the platform within 12 moves of 24 cells; one that goes on where the last stopped, in what
    is left of them for nearly sure; one that begins anew, as rarely as before."""
    first = lived[lived["exposure_trial"] == 0]
    missed = lived.groupby(["subject", "episode", "context", "exposure"])["found"].sum().reset_index()
    missed = missed[(missed["exposure"] == 1) & (missed["found"] == 0)][["subject", "episode", "context"]]
    second = first[first["exposure"] == 2].merge(missed)
    rate = second.groupby("subject")["found"].mean()
    assert rate["memory"] > 0.7 and abs(rate["none"] - 0.5) < 0.12


def test_without_memory_each_exposure_is_the_first(lived):
    table = lived[(lived["subject"] == "none") & (lived["exposure_trial"] == 0)]
    rates = table.groupby("exposure")["found"].mean()
    assert (abs(rates - LIMIT / (SIDE**2 - 1)) < 4 * 0.5 / (6 * EPISODES) ** 0.5).all()


def test_the_way_round_by_hand():
    """In a pool of 2 x 2, from cell 0: cells 1 and 2 are as near; once 1 and 2 are known, only 3 is left."""
    task = WaterMaze(2, 3)
    agent = swimmer(task)
    _, seen = jax.jit(task.start)(jnp.int32(3), jax.random.key(0))

    def see(cell, reward=0.0):
        observation = jnp.array([cell < 2, cell >= 2, cell % 2 == 0, cell % 2 == 1], jnp.float32)
        return percept._replace(observation=observation, last_reward=jnp.float32(reward))

    percept, step, key = first_percept(seen), jax.jit(agent.step), jax.random.key(0)
    state, output = step(agent.blank(), see(0), key)
    np.testing.assert_allclose(np.exp(output.logits), [0, 0.5, 0.5, 0], atol=1e-6)
    assert float(output.value) == pytest.approx(1 / 3)
    state, output = step(state, see(1), key)
    np.testing.assert_allclose(np.exp(output.logits), [0, 0, 1, 0], atol=1e-6)
    state, output = step(state, see(3, 1.0), key)
    assert int(state.target) == 3 and float(output.value) == 1
    _, output = step(state, see(0), key)
    np.testing.assert_allclose(np.exp(output.logits), [0, 0.5, 0.5, 0], atol=1e-6)


def test_it_says_where_it_recalls():
    """In every step of a return, and in none of a first exposure."""
    task = contextual_water_maze(3, 4, contexts=2, exposures=2, bits=3)
    loop = interaction(recalling(task), task, 20)
    trace = jax.jit(lambda: run(loop, jax.random.key(4), task.episode_steps))()[1]
    at_work = ~np.asarray(trace.percept.cue.store) & ~np.asarray(trace.last)
    exposure = np.asarray(trace.trial["exposure"])
    np.testing.assert_array_equal(np.asarray(trace.output.probes["recalled"])[at_work], exposure[at_work] - 1)


def test_others_come_back_when_they_are_named():
    task = Recurring(IndependentBandit(2, 20), contexts=2, exposures=3, bits=3)
    table = trials(collect([recalling(task, observer="greedy")], task, jax.random.key(1), 200))
    first = table[table["exposure_trial"] == 0].groupby("exposure")["correct"].mean()
    assert abs(first[1] - 0.5) < 0.1 and first[2] > 0.75 and first[3] > 0.75


def test_what_is_not_known_is_refused():
    with pytest.raises(
        UserError, match="recalling assumes a task of kind Recurring or ContextualChoice, but"
    ):
        recalling(WaterMaze())
    with pytest.raises(UserError, match="knows no ideal observer of Tree; name one with observer"):
        recalling(Recurring(Tree()))
    with pytest.raises(UserError, match=r"noise is 0\.1, but recalling knows contexts as they are"):
        recalling(contextual_water_maze(noise=0.1))
    with pytest.raises(UserError, match="swimmer assumes a task of kind WaterMaze"):
        swimmer(IndependentBandit())
