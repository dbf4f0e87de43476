"""Worlds of gymnax as tasks: they keep the rules, and play the game that gymnax plays, up to its end and not beyond."""

import sys

import gymnax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.agents.interaction import interaction
from fastslow.agents.uniform import uniform
from fastslow.errors import UserError
from fastslow.loop import run
from fastslow.tasks import gymnax_bridge
from fastslow.tasks.gymnax_bridge import Gymnax, minatar

KEY = jax.random.key(4)
STEPS = 300


def both(task, seed):
    """`STEPS` random actions in the task and, from the same keys, in gymnax's own resetting `step`."""
    environment, parameters = gymnax.make(task.name)
    reset_key, play_key = jax.random.split(jax.random.key(seed))
    actions = np.random.default_rng(seed).integers(0, task.actions, STEPS, dtype=np.int32)

    @jax.jit
    def play(reset_key, keys, actions):
        def step(states, at):
            key, action = at
            # What gymnax's step draws with, and resets with.
            step_key, begin_key = jax.random.split(key)
            ours, timestep = task.step(states[0], action, step_key)
            seen, theirs, reward, *ended, info = environment.step(key, states[1], action, parameters)
            fresh, opening = task.start((), begin_key)
            ours = jax.tree.map(lambda new, old: jnp.where(timestep.last, new, old), fresh, ours)
            after = jnp.where(timestep.last, opening.observation, timestep.observation)
            return (ours, theirs), (timestep, after, reward, *ended, info["final_observation"], seen)

        states = task.start((), reset_key)[0], environment.reset(reset_key, parameters)[1]
        return jax.lax.scan(step, states, (keys, actions))[1]

    return jax.tree.map(np.asarray, play(reset_key, jax.random.split(play_key, STEPS), actions))


LONG_TO_COMPILE = [pytest.param(game, marks=pytest.mark.slow) for game in ("freeway", "seaquest")]


@pytest.mark.parametrize("game", ["asterix", "breakout", "space_invaders", *LONG_TO_COMPILE])
def test_every_step_and_every_end_is_gymnaxs(game):
    ours, after, reward, terminated, truncated, seen, next_seen = both(minatar(game), seed=1)
    np.testing.assert_array_equal(ours.observation, seen)
    np.testing.assert_array_equal(after, next_seen)
    np.testing.assert_array_equal(ours.reward, reward)
    np.testing.assert_array_equal(ours.last, terminated | truncated)
    np.testing.assert_array_equal(ours.discount, 1.0 - terminated)
    total, before = np.cumsum(reward), np.concatenate([[0], np.cumsum(ours.last)[:-1]])
    for game_number in np.unique(before):
        scores, sums = ours.trial["score"][before == game_number], total[before == game_number]
        np.testing.assert_allclose(scores - scores[0], sums - sums[0], atol=1e-5)
    # So many actions at random bring an end and a reward, except where a game lasts 2,500 and crossing takes skill.
    assert game == "freeway" or ours.last.any()
    assert game in ("freeway", "seaquest") or reward.any()


def test_a_game_cut_off_is_no_true_end_and_lasts_as_long_as_it_may():
    task = Gymnax(limit=12)
    _, trace = jax.jit(lambda key: run(interaction(uniform(task), task, 8), key, 200))(KEY)
    steps, last = np.asarray(trace.trial["steps"]), np.asarray(trace.last)
    cut = last & ~np.asarray(trace.trial["terminated"])
    assert (steps <= 12).all() and (steps[cut] == 12).all() and cut.any() and (last & ~cut).any()
    np.testing.assert_array_equal(trace.discount, np.where(last & ~cut, 0.0, 1.0))
    np.testing.assert_array_equal(np.asarray(trace.percept.first)[1:], last[:-1])
    np.testing.assert_array_equal(trace.trial["score"], steps)  # a point for each step that the pole stands


def test_sticky_actions_repeat_what_was_carried_out():
    always = Gymnax("Breakout-MinAtar", sticky=1.0)
    state, timestep = always.start((), KEY)
    paddle = int(timestep.observation[9, :, 0].argmax())
    for action in (1, 2, 1):  # 0, the first "action before", is carried out again and again
        state, timestep = always.step(state, jnp.int32(action), KEY)
    assert int(timestep.observation[9, :, 0].argmax()) == paddle and int(timestep.trial["action"]) == 1
    half, fresh = Gymnax("Breakout-MinAtar", sticky=0.5), always.start((), KEY)[0]
    after = jax.vmap(lambda key: half.step(fresh, jnp.int32(1), key)[1])(jax.random.split(KEY, 1000))
    moved = after.observation[:, 9, :, 0].argmax(axis=1) != paddle
    assert np.mean(moved) == pytest.approx(0.5, abs=0.06)


def test_noise_is_one_channel_more_drawn_at_every_step_anew_and_changes_nothing_else():
    plain, noisy = minatar("breakout"), minatar("breakout", noise=0.1)
    assert noisy.observation_shape == (10, 10, plain.observation_shape[-1] + 1)
    keys = jax.random.split(KEY, STEPS)

    def play(task):
        def step(state, key):
            state, timestep = task.step(state, jnp.int32(1), key)
            return state, timestep

        return jax.lax.scan(step, task.start((), KEY)[0], keys)[1]

    without, within = play(plain), play(noisy)
    np.testing.assert_array_equal(within.observation[..., :-1], without.observation)
    np.testing.assert_array_equal(within.reward, without.reward)
    lit = np.asarray(within.observation[..., -1], float)
    assert within.observation.dtype == without.observation.dtype
    # 30,000 draws: a standard error of .0017; of 299 pairs of steps at 100 places one of .0058.
    assert lit.mean() == pytest.approx(0.1, abs=0.007)
    assert np.corrcoef(lit[1:].ravel(), lit[:-1].ravel())[0, 1] == pytest.approx(0, abs=0.025)
    assert noisy.start((), KEY)[1].observation[..., -1].any()


def test_chances_of_our_own_are_not_those_that_a_game_splits_off():
    def data(keys):
        return {tuple(row) for row in np.asarray(jax.random.key_data(keys)).reshape(-1, 2).tolist()}

    ours = [data(jax.random.fold_in(KEY, of)) for of in (gymnax_bridge.STICKS, gymnax_bridge.NOISE)]
    games = [data(jax.random.split(KEY, count)) for count in range(2, 20)]
    assert len(set.union(*ours)) == 2 and not set.union(*ours) & set.union(*games)


def test_tasks_are_equal_by_value_and_cite_whose_they_are():
    assert minatar("breakout") == Gymnax("Breakout-MinAtar") != minatar("asterix")
    assert hash(minatar("breakout")) == hash(Gymnax("Breakout-MinAtar"))
    assert "young2019" in minatar().cite and "young2019" not in Gymnax().cite


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: minatar("brekout"), "MinAtar has no game 'brekout'; did you mean 'breakout'"),
        (lambda: Gymnax("CartPole"), "gymnax has no environment 'CartPole'; did you mean 'CartPole-v1'"),
        (lambda: Gymnax("Pendulum-v1"), "'Pendulum-v1' acts in a Box"),
        (lambda: Gymnax("FrozenLake-misc"), "'FrozenLake-misc' sees a Discrete"),
        (lambda: minatar(limit=-1), "limit is -1"),
        (lambda: minatar(sticky=2.0), "sticky is 2"),
        (lambda: minatar(noise=2.0), "noise is 2"),
        (lambda: Gymnax(noise=0.1), "only MinAtar's games have channels"),
    ],
)
def test_what_cannot_be_played_is_said(make, said):
    with pytest.raises(UserError, match=said):
        make()


def test_without_the_package_its_extra_is_named(monkeypatch):
    gymnax_bridge.environment_of.cache_clear()
    monkeypatch.setitem(sys.modules, "gymnax", None)
    with pytest.raises(UserError, match=r"pip install 'fastslow\[gym\]'"):
        Gymnax()
