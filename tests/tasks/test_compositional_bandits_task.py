"""Compositional bandits: what pairs mean, in which order they come, how they are shown, and what the bounds are."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from rolls import roll

from fastslow.agents.bayes_compositional import bayes_compositional
from fastslow.errors import UserError
from fastslow.records.collect import collect
from fastslow.records.record import trials
from fastslow.tasks.bandit import IndependentBandit
from fastslow.tasks.compositional_bandits import CompositionalBandits
from fastslow.timestep import Cue, Percept

EPISODES, CODES, PULLS, BITS = 60, 4, 2, 3
SUM = CompositionalBandits(levels=5, codes=CODES, pulls=PULLS, bits=BITS)
GRID = CompositionalBandits(combine="grid", levels=3, codes=CODES, pulls=PULLS, bits=BITS)
TASKS = pytest.mark.parametrize("task", [SUM, GRID], ids=["sum", "grid"])


def pairs_of(rolled):
    """First and second code of each exposure `[episode exposure]`, and the good arm of every pair."""
    context = rolled.by_episode("context")[:, ::PULLS]
    good = rolled.by_episode("p_reward")[:, ::PULLS].argmax(-1)
    table = np.zeros((EPISODES, CODES**2), int)
    np.put_along_axis(table, context, good, axis=1)
    return *np.divmod(context, CODES), table.reshape(EPISODES, CODES, CODES)


@TASKS
def test_a_code_means_the_same_in_every_company(task):
    _, _, good = pairs_of(roll(task, EPISODES))
    if task.combine == "sum":
        other = good - good[:, :1] - good[:, :, :1] + good[:, :1, :1]
        assert (other % 5 == 0).all() and (good < 5).all() and len(np.unique(good)) == 5
    else:
        rows, columns = np.divmod(good, 3)
        assert (rows == rows[:, :, :1]).all() and (columns == columns[:, :1]).all()
        assert len(np.unique(good)) == 9
    assert len(np.unique(good.reshape(EPISODES, -1), axis=0)) > EPISODES * 0.9


def test_every_pair_comes_once_and_new_codes_come_beside_known_ones():
    rolled = roll(SUM, EPISODES)
    first, second, _ = pairs_of(rolled)
    assert (np.sort(first * CODES + second) == np.arange(CODES**2)).all()
    assert len(np.unique(first * CODES + second, axis=0)) > EPISODES * 0.9
    for one, other in zip(first, second, strict=True):
        for place in range(1, CODES**2):
            known = one[place] in one[:place], other[place] in other[:place]
            assert sum(known) == (1 if place < 2 * CODES - 1 else 2)
    for name, codes in (("first_exposure", first), ("second_exposure", second)):
        counted = [[(row[: i + 1] == row[i]).sum() for i in range(CODES**2)] for row in codes]
        np.testing.assert_array_equal(rolled.by_episode(name)[:, ::PULLS], counted)
    assert set(rolled.by_episode("exposure_trial").ravel()) == {0, 1}


def test_both_codes_are_shown_and_are_the_two_parts_of_the_cue():
    rolled = roll(GRID, EPISODES)
    first, second, _ = pairs_of(rolled)
    seen = np.concatenate([rolled.opening.observation[:, None], rolled.outcomes.observation], axis=1)[:, :-1]
    cues = np.concatenate([rolled.opening.cue.context[:, None], rolled.outcomes.cue.context], axis=1)[:, :-1]
    np.testing.assert_array_equal(seen, cues.reshape(seen.shape))
    shown = cues.reshape(EPISODES, CODES**2, PULLS + 1, 2, BITS)
    assert (shown == shown[:, :, :1]).all() and (abs(shown) == 1).all()
    for part, codes in ((0, first), (1, second)):
        same = (shown[:, :, None, 0, part] == shown[:, None, :, 0, part]).all(-1)
        np.testing.assert_array_equal(same, codes[:, :, None] == codes[:, None])


def accuracy(task, uses):
    """First pulls, correct: while codes are still new, and once both are known; and later pulls in new pairs."""
    table = trials(collect([bayes_compositional(task, uses)], task, jax.random.key(0), EPISODES))
    first = table[table["exposure_trial"] == 0]
    late = first["exposure_order"] >= 2 * CODES - 1
    return first[~late]["correct"].mean(), first[late]["correct"].mean()


@pytest.mark.parametrize("combine", ["sum", "grid"])
def test_one_code_is_not_enough(combine):
    """With outcomes that are sure and pulls enough to find the arm, both codes tell all; of a sum one tells nothing, of
    a grid it leaves one level in three (and both are known in full once each was met)."""
    arms = 5 if combine == "sum" else 9
    task = CompositionalBandits(1.0, 0.0, combine, 5 if combine == "sum" else 3, CODES, arms, BITS)
    error = 4 * 0.5 / (EPISODES * 9) ** 0.5
    expected = {"both": 1.0, "first": 1 / 5 if combine == "sum" else 1 / 3, "neither": 1 / arms}
    for uses, p in expected.items():
        early, late = accuracy(task, uses)
        assert abs(late - p) <= (0 if uses == "both" else error), uses
        if uses == "both":
            # The first pair tells nothing, each pair after it has one code that is known.
            new = 1 / 5 if combine == "sum" else (1 / 9 + 6 / 3) / 7
            assert abs(early - new) < error


def test_what_it_believes_by_hand():
    """Sums of two levels. Code A means 0 by definition, so when arm 0 pays beside it, B means 0 with .9. Then C comes
    with B: arm 1, unpaid there, leaves o = (0, 0), (0, 1), (1, 0), (1, 1) with .81, .01, .09, .09."""
    task = CompositionalBandits(levels=2, codes=2, pulls=1, bits=2)
    agent = bayes_compositional(task)
    take_in = jax.jit(lambda state, percept: agent.take_in(state, percept)[0])
    a, b, c = [1.0, 1.0], [1.0, -1.0], [-1.0, 1.0]

    def see(codes, action=-1, reward=0.0):
        """The beginning of a pair, or its one outcome, which is to be stored."""
        begins = action < 0
        context = jnp.array(codes)
        cue = Cue(context, jnp.bool_(True), jnp.bool_(not begins), jnp.bool_(begins))
        rest = (jnp.bool_(False), jnp.int32(1), jnp.float32(0))
        return Percept(context.ravel(), jnp.int32(action), jnp.float32(reward), *rest, cue)

    state = take_in(agent.blank(), see([a, b]))
    np.testing.assert_allclose(state.joint, [[0.5, 0.5], [0, 0]])
    state = take_in(state, see([a, b], 0, 1.0))
    np.testing.assert_allclose(state.p, [[[1, 0], [0.5, 0.5]], [[0.9, 0.1], [0.5, 0.5]]], rtol=1e-6)
    state = take_in(state, see([c, b]))
    np.testing.assert_allclose(state.joint, [[0.45, 0.05], [0.45, 0.05]], rtol=1e-6)
    state = take_in(state, see([c, b], 1, 0.0))
    np.testing.assert_allclose(state.joint, [[0.81, 0.01], [0.09, 0.09]], rtol=1e-5)
    np.testing.assert_allclose(state.p[0], [[1, 0], [0.82, 0.18]], rtol=1e-5)
    np.testing.assert_allclose(state.p[1, 0], [0.9, 0.1], rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"combine": "product"}, "combine is 'product', but it must be one of: sum, grid"),
        ({"bits": 3}, "bits is 3, but 10 codes need 4 to 15"),
        ({"bits": 16}, "bits is 16, but"),
        ({"levels": 0}, "levels is 0, but"),
        ({"p_good": 1.5}, "p_good is 1.5, but"),
    ],
)
def test_what_cannot_be_is_refused(change, words):
    with pytest.raises(UserError, match=words):
        CompositionalBandits(**change)


def test_the_observer_refuses_what_it_cannot_assume():
    with pytest.raises(UserError, match="bayes_compositional assumes a task of kind CompositionalBandits"):
        bayes_compositional(IndependentBandit())
    with pytest.raises(UserError, match="uses is 'one', but it must be one of: both, first, second, neither"):
        bayes_compositional(SUM, "one")
