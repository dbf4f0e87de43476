"""Harlow's task as codes and on the ring: by hand, by rates, unfinished trials, held-out objects."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from rolls import roll, within

from fastslow.agents.observer import Observer
from fastslow.agents.uniform import uniform
from fastslow.errors import UserError
from fastslow.records.collect import collect
from fastslow.records.record import trials as trials_of
from fastslow.tasks.harlow import Harlow, one_recurs
from fastslow.tasks.harlow_ring import CELLS, HarlowRing, wrap

LEFT, RIGHT = 0, 1


@pytest.fixture(scope="module")
def codes():
    return roll(Harlow(features=4), 2048)


@pytest.fixture(scope="module")
def recurs():
    return roll(Harlow(features=4, one_recurs=True), 2048)


@pytest.fixture(scope="module")
def ring():
    return roll(HarlowRing(), 512)


def test_the_pair_stays_and_the_sides_are_fair_and_independent(codes):
    for name in ("rewarded_object", "other_object"):
        numbers = codes.by_episode(name)
        assert (numbers == numbers[:, :1]).all() and numbers.min() >= 0 and numbers.max() < 1000
    rows = codes.trials()
    assert (rows["rewarded_object"] != rows["other_object"]).all()
    side = codes.by_episode("rewarded_side")
    assert within(side, 0.5) and within(side[:, 1:] == side[:, :-1], 0.5)
    right = rows["action"] == rows["rewarded_side"]
    np.testing.assert_array_equal(rows["correct"], right)
    np.testing.assert_array_equal(rows["reward"], np.where(right, 1.0, -1.0))
    np.testing.assert_array_equal(rows["regret"], np.where(right, 0.0, 2.0))


def test_what_is_seen_are_the_codes_of_the_two_sides(codes):
    task = Harlow(features=4)
    seen = np.concatenate([codes.opening.observation[:, None], codes.outcomes.observation], axis=1)[:, :6]
    side = codes.by_episode("rewarded_side")
    for episode in range(5):
        rewarded, other = (
            np.asarray(task.code(jnp.int32(codes.by_episode(name)[episode, 0])))
            for name in ("rewarded_object", "other_object")
        )
        for trial in range(6):
            expected = [rewarded, other] if side[episode, trial] == LEFT else [other, rewarded]
            np.testing.assert_allclose(seen[episode, trial], np.concatenate(expected), atol=1e-5)
    all_codes = np.asarray(jax.vmap(task.code)(jnp.arange(2000)))
    assert within(all_codes, 0.0) and within(all_codes**2, 1.0)
    assert len(np.unique(all_codes, axis=0)) == 2000


@pytest.mark.parametrize("make", [Harlow, HarlowRing])
def test_objects_held_out_are_none_of_training(make):
    def numbers(task):
        pairs = jax.vmap(task.sample)(jax.random.split(jax.random.key(0), 2000))
        return np.concatenate([pairs.rewarded, pairs.other])

    seen, new = numbers(make(objects=50)), numbers(make(objects=50, held_out=True))
    assert set(seen.tolist()) == set(range(50)) and set(new.tolist()) == set(range(50, 100))


def test_one_of_the_two_recurs_and_its_companion_never_does(recurs):
    rewarded, other = recurs.by_episode("rewarded_object"), recurs.by_episode("other_object")
    stays = (rewarded == rewarded[:, :1]).all(1), (other == other[:, :1]).all(1)
    np.testing.assert_array_equal(stays[0], recurs.problem.recurring)
    np.testing.assert_array_equal(stays[1], ~recurs.problem.recurring)
    assert within(stays[0], 0.5) and (rewarded != other).all()
    changing = np.where(stays[0][:, None], other, rewarded)
    assert (changing[:, 1:] != changing[:, :-1]).mean() > 0.99 and changing.max() < 1000
    # What is seen of the object that recurs is always the same code, whatever its side.
    seen = np.concatenate([recurs.opening.observation[:, None], recurs.outcomes.observation], axis=1)[:, :6]
    side = recurs.by_episode("rewarded_side")
    where = np.where(stays[0][:, None], side, 1 - side)
    kept = np.take_along_axis(seen.reshape(-1, 6, 2, 4), where[..., None, None], axis=2)
    np.testing.assert_array_equal(kept, np.broadcast_to(kept[:, :1], kept.shape))
    assert one_recurs() == Harlow(one_recurs=True)


def test_the_ring_by_hand():
    """Fixate, choose, come back: every cell, reward and column of two trials."""
    task = HarlowRing(objects=2, spread=3.0, trials=2)
    # Places of objects 0 and 1 of training are 0 and 2 of 0 to 3, so they look like -3 and 1.
    assert [float(task.look(jnp.int32(i))) for i in range(4)] == pytest.approx([-3, 1, -1, 3])
    state, _ = task.start(task.sample(jax.random.key(0)), jax.random.key(1))
    state = state._replace(gaze=jnp.int32(2), side=jnp.int32(LEFT))
    look = {int(n): float(task.look(n)) for n in (state.pair.rewarded, state.pair.other)}
    rewarded, other = look[int(state.pair.rewarded)], look[int(state.pair.other)]
    np.testing.assert_array_equal(task.show(state), np.eye(9)[2])

    step = jax.jit(lambda *inputs: task.step(*inputs))
    paid, ended, seen = [], [], []
    for action in (LEFT, LEFT, LEFT, LEFT, LEFT, RIGHT, RIGHT, RIGHT):
        state, outcome = step(state, jnp.int32(action), jax.random.key(2))
        paid.append(float(outcome.reward))
        ended.append(bool(outcome.trial["trial_end"]))
        seen.append(outcome.observation)
        assert not outcome.last
    np.testing.assert_allclose(paid, [0, 0.2, 0, 0, 1, 0, 0, 0.2], atol=1e-6)
    assert ended == [False] * 4 + [True] + [False] * 3
    np.testing.assert_allclose(seen[1], [0, rewarded, 0, 0, 0, 0, 0, other, 0], atol=1e-6)
    np.testing.assert_allclose(seen[2], [0, 0, rewarded, 0, 0, 0, 0, 0, other], atol=1e-6)
    np.testing.assert_array_equal(seen[4], np.eye(9)[7])  # the mark is back, three cells to the right
    assert int(state.trial) == 1

    state = state._replace(side=jnp.int32(LEFT))
    for _ in range(3):
        state, outcome = step(state, jnp.int32(RIGHT), jax.random.key(3))
    assert float(outcome.reward) == -1 and bool(outcome.last) and float(outcome.discount) == 0
    row = {name: np.asarray(value).item() for name, value in outcome.trial.items()}
    assert row["action"] == RIGHT and row["valid"] and not row["correct"] and row["regret"] == 2


def test_the_ring_closes():
    np.testing.assert_array_equal(wrap(jnp.arange(-10, 11)), [7, 8, *range(-8, 9), -8, -7])
    task = HarlowRing()
    state, _ = task.start(task.sample(jax.random.key(0)), jax.random.key(1))
    state = state._replace(gaze=jnp.int32(1))
    for _ in range(CELLS - 1):
        state, outcome = task.step(state, jnp.int32(RIGHT), jax.random.key(2))
    assert int(state.gaze) == 0 and float(outcome.reward) == pytest.approx(0.2)


def test_wandering_leaves_trials_unfinished(ring):
    rows = ring.trials()
    last = np.arange(250) == ring.outcomes.last.argmax(1)[:, None]
    alive = np.cumsum(ring.outcomes.last, 1) - ring.outcomes.last == 0
    ends = ring.outcomes.trial["trial_end"] & alive
    unfinished = ends & ~ring.outcomes.trial["valid"]
    assert 0 < unfinished.any(1).mean() < 1
    assert (unfinished <= last).all() and (ends.sum(1) <= 6).all()
    assert (ends.sum(1)[ring.outcomes.last.argmax(1) < 249] == 6).all()
    missed = ~rows["valid"]
    assert (rows["action"][missed] == -1).all() and (rows["reward"][missed] == 0).all()
    assert not rows["correct"][missed].any() and (rows["regret"][missed] == 1).all()
    paid = np.where(ring.outcomes.trial["valid"], ring.outcomes.trial["reward"], 0)
    fixated = np.isclose(ring.outcomes.reward, 0.2)
    np.testing.assert_allclose(ring.outcomes.reward, paid + 0.2 * fixated, atol=1e-6)
    assert within(rows["correct"][rows["valid"]], 0.5)


class Rightwards(Observer):
    """Turns the gaze to the right, for ever."""

    def blank(self):
        return ()

    def take_in(self, state, percept):
        return (), {}

    def choose(self, state, percept, key):
        output = uniform(HarlowRing()).choose((), percept, key)
        return output._replace(action=jnp.int32(1))


def test_trials_never_come_to_are_in_the_record_as_missed():
    """Fixate within 16 steps, choose after 3, then 14 round to the mark and 3: 17 for each further trial."""
    task = HarlowRing(limit=40)
    record = collect([Rightwards()], task, jax.random.key(0), 20)
    rows = trials_of(record)
    assert dict(record.sizes)["trial"] == 6 and len(rows) == 20 * 6
    assert record["present"].all()
    finished = rows.groupby("episode")["valid"].sum()
    assert set(finished) == {2, 3}
    valid = rows[rows["valid"]]
    assert (valid["action"] == 1).all() and (valid["correct"] == (valid["rewarded_side"] == 1)).all()
    missed = rows[~rows["valid"]]
    assert (missed["action"] == -1).all() and (missed["reward"] == 0).all() and not missed["correct"].any()
    # The first missed trial was begun, unless the one before it was finished with the very last step.
    begun = missed[missed["rewarded_object"] >= 0]
    assert (begun["trial"] == begun["episode"].map(finished)).all() and (begun["regret"] == 1).all()
    assert 15 < len(begun) <= 20
    never = missed.drop(begun.index)
    assert (never["rewarded_object"] == -1).all() and never["regret"].isna().all()


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (Harlow, "objects", 1),
        (Harlow, "trials", 0),
        (Harlow, "features", 0),
        (Harlow, "reward_wrong", 2.0),
        (HarlowRing, "limit", 0),
        (HarlowRing, "spread", 0.0),
        (HarlowRing, "reward_fixation", float("nan")),
    ],
)
def test_a_parameter_out_of_range_is_refused(make, name, value):
    with pytest.raises(UserError, match=f"{name} is"):
        make(**{name: value})
