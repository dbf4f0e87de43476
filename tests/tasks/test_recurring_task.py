"""Tasks that come back: order, barcodes, closing steps, and the inner task as it was."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.errors import UserError
from fastslow.tasks.bandit import IndependentBandit, OneGoodArm
from fastslow.tasks.barcode_bandits import barcode_bandits
from fastslow.tasks.check import check_task
from fastslow.tasks.check_episodes import play
from fastslow.tasks.corridor import Corridor
from fastslow.tasks.harlow_pixels import HarlowPixels
from fastslow.tasks.recurring import Recurring, barcodes, recurring

EPISODES = 200
quick_jit = partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
TASK = barcode_bandits(arms=3, pulls=2, contexts=3, exposures=4, bits=4, noise=0.25)


@pytest.fixture(scope="module")
def episodes():
    keys = jax.random.split(jax.random.key(2), EPISODES)
    actions = jax.random.randint(jax.random.key(3), (EPISODES, TASK.episode_steps), 0, 3)
    return jax.tree.map(np.asarray, quick_jit(jax.vmap(play, (None, 0, 0)))(TASK, keys, actions))


def test_every_problem_comes_back_as_often_and_in_random_order(episodes):
    trial = episodes.outcomes.trial
    ends = trial["trial_end"][0]
    assert (trial["trial_end"] == ends).all() and ends.sum() == 24
    context, exposure, place = (
        trial[name][:, ends][:, ::2] for name in ("context", "exposure", "exposure_order")
    )
    assert (place == np.arange(12)).all()
    for number in range(3):
        assert ((context == number).sum(1) == 4).all()
        assert (exposure[context == number].reshape(EPISODES, 4) == np.arange(1, 5)).all()
    assert len(np.unique(context, axis=0)) > 150
    np.testing.assert_allclose((context[:, 0] == context[:, 1]).mean(), 3 / 11, atol=4 * 0.032)
    assert (trial["exposure_trial"][:, ends].reshape(EPISODES, 12, 2) == [0, 1]).all()


def test_the_hidden_problem_stays_and_new_ones_come_with_each_episode(episodes):
    trial = episodes.outcomes.trial
    ends = trial["trial_end"][0]
    p, context = trial["p_reward"][:, ends], trial["context"][:, ends]
    assert (p == np.take_along_axis(episodes.problem.inner, context[..., None], 1)).all()
    assert (p.max(-1) == np.float32(0.9)).all() and ((p > 0.5).sum(-1) == 1).all()
    assert len(np.unique(episodes.problem.inner.argmax(-1), axis=0)) > 20
    paid, chosen = trial["reward"][:, ends], trial["action"][:, ends]
    odds = np.take_along_axis(p, chosen[..., None], -1)[..., 0]
    for each in (0.9, 0.1):
        rate = paid[np.isclose(odds, each)]
        assert abs(rate.mean() - each) < 4 * 0.3 / len(rate) ** 0.5


def test_closing_steps_show_the_last_outcome_and_pay_nothing(episodes):
    seen, outcomes = episodes.opening, episodes.outcomes
    cue = outcomes.cue
    steps = np.arange(TASK.episode_steps)
    closing, opening = steps % 3 == 1, (steps % 3 == 2) & (steps < steps[-1])
    assert (cue.store == closing).all() and (cue.begins == opening).all() and cue.recall.all()
    assert seen.cue.begins.all() and not seen.cue.store.any()
    assert not outcomes.reward[:, ~(closing | (steps % 3 == 0))].any()
    assert (outcomes.reward[:, closing] == outcomes.trial["reward"][:, closing]).all()
    assert (outcomes.last == (steps == steps[-1])).all()
    assert (outcomes.discount == (steps % 3 == 0)).all()
    assert (outcomes.observation == cue.context[:, :, 0]).all()
    shown = np.concatenate([seen.cue.context[:, None], cue.context], axis=1)[:, :-1, 0].reshape(
        EPISODES, 12, 3, 4
    )
    assert (shown == shown[:, :, :1]).all() and (shown[:, :, 0] == episodes.problem.shown).all()


def test_barcodes_differ_within_an_episode_and_are_shown_flipped_now_and_then(episodes):
    shown, order = episodes.problem.shown, episodes.problem.order
    flipped = episodes.problem.flipped
    assert abs(flipped.mean() / 4 - 0.25) < 4 * 0.43 / flipped.size**0.5 / 2
    unflipped = flipped == 0
    for code, context, right in zip(shown, order, unflipped, strict=True):
        clean = {tuple(one) for one, at in zip(code[right], context[right], strict=True)}
        assert len(clean) == len({int(at) for at in context[right]})
    codes = quick_jit(jax.vmap(lambda key: barcodes(key, 4, 2)))(jax.random.split(jax.random.key(0), 300))
    assert set(np.unique(codes)) == {-1.0, 1.0}
    assert all(len(np.unique(one, axis=0)) == 4 for one in np.asarray(codes))
    one = quick_jit(jax.vmap(lambda key: barcodes(key, 1, 2)))(jax.random.split(jax.random.key(0), 400))
    assert (np.unique(np.asarray(one).reshape(400, 2), axis=0, return_counts=True)[1] > 60).all()


def test_a_task_of_unknown_length_comes_back_too():
    """A corridor ends where its end is reached."""
    inner = Corridor()
    table = check_task(Recurring(inner, contexts=2, exposures=2, bits=3), jax.random.key(1), 60)
    assert set(np.unique(table["exposure"])) == {1, 2}
    assert len(np.unique(table["steps"])) > 1


def test_the_future_can_count_over_the_whole_episode():
    task = barcode_bandits(contexts=2, exposures=1, pulls=2, whole=True)
    outcomes = play(task, jax.random.key(0), jnp.zeros(task.episode_steps, jnp.int32)).outcomes
    np.testing.assert_array_equal(outcomes.discount, [1, 1, 1, 1, 1, 0])


def test_a_task_of_the_catalog_comes_back_by_name():
    assert recurring("bandit_one_good", contexts=3).task == OneGoodArm()


def test_what_cannot_come_back_is_refused_in_a_sentence():
    bandit = IndependentBandit()
    for make, words in (
        (
            lambda: Recurring(bandit, bits=3),
            "bits is 3, but barcodes that tell 10 contexts apart need 4 to 30",
        ),
        (lambda: Recurring(bandit, noise=1.5), "noise is 1.5"),
        (lambda: Recurring(HarlowPixels()), "HarlowPixels shows .* flat observation"),
        (lambda: Recurring(Recurring(bandit)), "has a trial variable 'context and exposure"),
    ):
        with pytest.raises(UserError, match=words):
            make()
