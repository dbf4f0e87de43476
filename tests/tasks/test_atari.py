"""Atari inside the compiled loop: the emulator's own games, step for step, with lives and ends as they should be."""

import sys
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ale_py.vector_env import AtariVectorEnv

from fastslow.agents import episodic_value, q_network, recurrent
from fastslow.agents.interaction import interaction
from fastslow.agents.q_network import QNetworkConfig
from fastslow.agents.recurrent import RecurrentConfig
from fastslow.agents.uniform import uniform
from fastslow.errors import UserError
from fastslow.loop import run, run_seeds
from fastslow.memory import replay
from fastslow.records.lifetime import lifetime
from fastslow.runs import driver
from fastslow.runs.progress import Silent
from fastslow.tasks import emulator
from fastslow.tasks.atari import Atari
from fastslow.tasks.check import check_facts, check_structure
from fastslow.training.actor_critic import A2CConfig, a2c
from fastslow.training.living import LivingConfig, living
from fastslow.training.q_learning import QLearningConfig, q_learning
from fastslow.training.vae import VaeConfig, vae

KEY = jax.random.key(0)
GAME = Atari("breakout")


def lived(task, steps=200, lanes=2, key=KEY):
    trace = jax.jit(lambda key: run(interaction(uniform(task), task, lanes), key, steps)[1])(key)
    return jax.tree.map(np.asarray, trace)


@pytest.fixture(scope="module")
def games():
    return lived(GAME)


@pytest.fixture(scope="module")
def lives():
    return lived(Atari("breakout", lives=True))


def test_every_frame_reward_and_end_is_the_emulators():
    steps, keys = 260, jax.random.split(KEY, 2)
    actions = np.random.default_rng(0).integers(0, 4, (steps, 2), dtype=np.int32)

    @jax.jit
    def play(actions):
        worlds = GAME.worlds(2)
        state, opening = worlds.start(keys)
        state, outcomes = jax.lax.scan(lambda state, a: worlds.step(state, a, keys), state, actions)
        return opening, outcomes

    opening, ours = play(actions)
    theirs = AtariVectorEnv(
        "breakout", 2, stack_num=1, noop_max=31, reward_clipping=False, use_fire_reset=False, num_threads=1
    )
    seen, _ = theirs.reset(seed=np.asarray(emulator.seeds_of(keys)))
    np.testing.assert_array_equal(opening.observation, seen[:, 0])
    assert opening.observation.dtype == jnp.uint8 and opening.observation.shape == (2, 84, 84)
    going = np.ones(2, bool)
    for t in range(steps):
        seen, reward, terminated, truncated, _ = theirs.step(actions[t])
        np.testing.assert_array_equal(np.asarray(ours.observation)[t, going], seen[going, 0])
        np.testing.assert_array_equal(np.asarray(ours.reward)[t, going], reward[going])
        np.testing.assert_array_equal(np.asarray(ours.last)[t, going], (terminated | truncated)[going])
        # From its end on the lane would need the reset that an interaction gives it.
        going &= ~terminated
    assert not going.all()


def test_a_game_ends_begins_anew_and_no_other_lane_minds(games):
    last = games.last
    assert last.any() and not last.all(axis=1).any()
    np.testing.assert_array_equal(games.percept.first[1:], last[:-1])
    np.testing.assert_array_equal(games.discount, 1.0 - games.trial["terminated"])
    np.testing.assert_array_equal(games.trial["trial_end"], last)
    # Counted anew from each end, on and on in between.
    steps = games.trial["steps"]
    np.testing.assert_array_equal(steps[1:], np.where(last[:-1], 1, steps[:-1] + 1))
    # The wall of bricks is whole again at each opening.
    bricks = games.percept.observation[:, :, 28:45, 4:80].astype(int).sum(axis=(2, 3))
    again = games.percept.first & (np.arange(len(last)) > 0)[:, None]
    assert (bricks[again] == bricks[0, 0]).all()


def test_the_same_key_is_the_same_life_and_another_key_is_not(games):
    for a, b in zip(jax.tree.leaves(games), jax.tree.leaves(lived(GAME)), strict=True):
        np.testing.assert_array_equal(a, b)
    assert (
        lived(GAME, 20, key=jax.random.key(1)).percept.observation != games.percept.observation[:20]
    ).any()
    assert (games.percept.observation[:20, 0] != games.percept.observation[:20, 1]).any()


def test_a_life_lost_ends_an_episode_and_the_game_goes_on(games, lives):
    # The same keys and actions: the same games, cut into more episodes.
    np.testing.assert_array_equal(lives.trial["trial_end"], games.last)
    np.testing.assert_array_equal(lives.trial["score"], games.trial["score"])
    lost = lives.last & ~lives.trial["trial_end"]
    assert lost.any() and (lives.discount[lost] == 0).all()
    # The next step's percept is the very frame at which the life was lost.
    time, lane = np.nonzero(lost[:-1])
    assert lives.percept.first[time + 1, lane].all()
    np.testing.assert_array_equal(
        lives.percept.observation[time + 1, lane], games.percept.observation[time + 1, lane]
    )


def test_a_game_cut_off_is_no_true_end():
    trace = lived(Atari("pong", frames=40), 21)
    assert (np.flatnonzero(trace.last[:, 0]) == [9, 19]).all()
    assert (trace.discount == 1).all() and (trace.trial["steps"][trace.last] == 10).all()
    assert Atari("pong", frames=41).episode_steps == 11


def test_every_seed_has_an_emulator_of_its_own_and_is_the_same_alone(games):
    loop = interaction(uniform(GAME), GAME, 2)
    together = jax.jit(lambda: run_seeds(loop, KEY, [4, 1, 3], 30))()
    alone = jax.jit(lambda: run_seeds(loop, KEY, [3], 30))()
    handles = np.asarray(together[0].task_state.emulator_handle)
    assert len(np.unique(handles, axis=0)) == 3
    for a, b in zip(jax.tree.leaves(together[1]), jax.tree.leaves(alone[1]), strict=True):
        np.testing.assert_array_equal(np.asarray(a)[2], np.asarray(b)[0])


def test_a_run_goes_on_where_it_was_in_another_call():
    loop = interaction(uniform(GAME), GAME, 2)
    go_on = jax.jit(lambda state: run(loop, KEY, 20, state, 10), donate_argnums=0)
    state, first = jax.jit(lambda: run(loop, KEY, 10))()
    _, second = go_on(state)
    whole = lived(GAME, 30).reward
    np.testing.assert_array_equal(np.concatenate([first.reward, second.reward]), whole)


def test_lives_are_recorded_one_after_the_other():
    task = Atari("pong", frames=40, side=12)
    record = lifetime(uniform(task), task, KEY, subjects=2, episodes=2)
    assert record.sizes["subject"] == record.sizes["episode"] == 2 and (record["steps"] == 10).all()


def test_a_run_that_was_saved_goes_on_in_new_games_that_follow_from_its_key(tmp_path):
    config = A2CConfig(updates=3, lanes=2, unroll=4)
    task = Atari("breakout", side=12, lives=True)
    loop = a2c(task, lambda task, key: recurrent.make(task, RecurrentConfig(units=4), key), config)

    def train(directory, updates):
        return driver.train(loop, KEY, updates, directory, seeds=[5], report=Titles)

    Titles.seen.clear()
    resumed = []
    for name in ("one", "another"):
        train(tmp_path / name, 2)
        resumed.append(train(tmp_path / name, 3))
    assert [title.endswith("in new episodes") for title in Titles.seen] == [False, True] * 2
    lanes = resumed[0].lanes
    # Of the third update's steps, and of no earlier ones.
    assert (lanes.task_state.steps == 4).all() and (lanes.percept.time == 4).all()
    weights = [jax.tree.leaves(state.agent) for state in resumed]
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(UserError, match="was with an emulator"):
        driver.train(loop._replace(resume=None), KEY, 4, tmp_path / "one", seeds=[5], report=Silent)


def test_no_transition_that_is_drawn_crosses_a_cut():
    task = Atari("breakout", side=12)
    network = QNetworkConfig("conv_small", frames=2)
    config = QLearningConfig(lanes=2, unroll=4, slots=40, learn_from=1000)
    loop = q_learning(task, lambda task, key: q_network.make(task, network, key), config)

    @jax.jit
    def cut():
        before, _ = loop.step(loop.init(KEY), KEY)
        state, _ = loop.step(loop.resume(before, KEY), KEY)
        return before.replay, state

    before, state = cut()
    kept = state.replay
    assert int(kept.added) == 8 and not before.last.any()
    np.testing.assert_array_equal(np.flatnonzero(kept.last[:8, 0]), [3])
    assert kept.last[3].all() and (kept.discount[3] == 1).all()
    assert (state.lanes.percept.time == 4).all()
    lanes = jnp.arange(2)
    crossing = replay.gather(kept, jnp.full(2, 2), lanes, jnp.ones(2), 3, 0.9, 2)
    assert crossing.cut.all() and (crossing.discount == 0).all()
    first = replay.stacked(kept, jnp.full(2, 4), lanes, 2)
    assert first[..., 1].any() and not first[..., 0].any()


def test_pictures_of_two_games_are_never_put_together():
    config = VaeConfig(updates=2, lanes=2, unroll=4, random_steps=8, slots=40)

    def newborn(task, key):
        return episodic_value.mfec(task, key, encoder="vae_small", frames=2)

    loop = vae(Atari("pong", side=12), newborn, config)
    kept = jax.jit(lambda: loop.resume(loop.init(KEY), KEY).replay)()
    np.testing.assert_array_equal(np.flatnonzero(kept.last[:, 0]), [len(kept.last) - 1])


def test_whoever_only_lives_goes_on_in_new_games_too():
    task = Atari("pong", frames=400, side=12)
    loop = living(task, episodic_value.mfec, LivingConfig(lanes=2, unroll=4))

    @jax.jit
    def cut():
        return loop.resume(loop.step(loop.init(KEY), KEY)[0], KEY)

    state = cut()
    assert (state.lanes.percept.time == 0).all() and state.lanes.percept.first.all()
    # What was lived is remembered.
    assert int(state.lanes.agent_state.dictionaries.used.sum()) > 0


class Titles(Silent):
    seen: ClassVar[list[str]] = []

    def __init__(self, title="", *numbers):
        super().__init__(title, *numbers)
        self.seen.append(title)


def test_a_missed_response_does_nothing_and_rewards_are_clipped_on_demand():
    worlds, keys = Atari("breakout").worlds(2), jax.random.split(KEY, 2)

    @jax.jit
    def after(actions):
        state, _ = worlds.start(keys)
        return jax.lax.scan(lambda state, a: worlds.step(state, a, keys), state, actions)[1]

    missed, none = after(jnp.full((5, 2), 99)), after(jnp.zeros((5, 2), jnp.int32))
    np.testing.assert_array_equal(missed.observation, none.observation)
    assert (missed.trial["action"] == -1).all() and not missed.trial["valid"].any()
    # Q*bert pays 25 for a new cube.
    raw, clipped = (lived(Atari("qbert", clip=clip), 60) for clip in (False, True))
    assert raw.reward.max() >= 25 and clipped.reward.max() == 1
    np.testing.assert_array_equal(clipped.trial["score"], raw.trial["score"])
    np.testing.assert_array_equal(np.sign(raw.reward), clipped.reward)


def test_actions_stick_where_they_should():
    free, stuck = (lived(Atari("breakout", sticky=p), 40).percept.observation for p in (0.0, 1.0))
    assert (free != stuck).any()


def test_it_states_what_a_task_must_and_shows_what_it_states():
    check_facts(GAME, "Atari")
    check_structure(GAME, "Atari")
    assert Atari("breakout") == GAME and hash(Atari("breakout")) == hash(GAME) and Atari() != GAME
    assert (GAME.actions, Atari("breakout", full=True).actions) == (4, 18)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Atari("ms_pacmn"), "Atari has no game 'ms_pacmn'; did you mean 'ms_pacman'"),
        (lambda: Atari(noops=-1), "noops is -1"),
        (lambda: Atari(sticky=1.5), "sticky is 1.5"),
        (lambda: Atari().worlds(0), "lanes is 0"),
    ],
)
def test_what_cannot_be_played_is_said(make, said):
    with pytest.raises(UserError, match=said):
        make()


def test_without_the_package_its_extra_is_named(monkeypatch):
    emulator.actions_of.cache_clear()
    monkeypatch.setitem(sys.modules, "ale_py", None)
    with pytest.raises(UserError, match=r"pip install 'fastslow\[atari\]'"):
        Atari()
