"""The contextual choice task: what is seen, what comes back, what pays, and what its observers reach."""

import jax
import numpy as np
import pytest
from rolls import roll, within
from scipy.stats import norm

from fastslow.agents.accumulator import accumulator
from fastslow.agents.recalling import recalling
from fastslow.errors import UserError
from fastslow.records.collect import collect
from fastslow.records.record import trials
from fastslow.tasks.contextual_choice import ContextualChoice

EPISODES = 100
TASK = ContextualChoice(drift=0.5, examples=6, steps=8, noise=3, size=4)


@pytest.fixture(scope="module")
def rolled():
    return roll(TASK, EPISODES)


@pytest.fixture(scope="module")
def seen(rolled):
    """Observations `[episode presentation step number]`."""
    first, later = rolled.opening.observation, rolled.outcomes.observation
    return np.concatenate([first[:, None], later[:, :-1]], axis=1).reshape(EPISODES, 12, 8, 8)


def test_every_example_is_seen_twice_and_just_as_before(rolled, seen):
    context, exposure = rolled.by_episode("context"), rolled.by_episode("exposure")
    assert (exposure == np.repeat([1, 2], 6)).all() and (context[:, :6] == np.arange(6)).all()
    assert (np.sort(context[:, 6:]) == np.arange(6)).all() and len(np.unique(context[:, 6:], axis=0)) > 80
    again = np.take_along_axis(seen[:, :6], context[:, 6:, None, None], axis=1)
    np.testing.assert_allclose(seen[:, 6:], again, atol=1e-5)
    np.testing.assert_array_equal(seen[:, 6:, :, 4:], again[..., 4:])
    np.testing.assert_array_equal(
        rolled.by_episode("side")[:, 6:], np.take_along_axis(rolled.problem.sides, context[:, 6:], 1)
    )


def test_readings_tell_the_side_late_and_contexts_tell_nothing(rolled, seen):
    readings, contexts = seen[:, :6, :, :4], seen[:, :6, :, 4:]
    signs = 2.0 * rolled.problem.sides - 1
    assert within(rolled.problem.sides, 0.5)
    toward = readings * signs[:, :, None, None]
    assert within(toward[:, :, :3], 0) and within(toward[:, :, 3:], 0.5)
    assert within((toward[:, :, 3:] - 0.5) ** 2, 1) and within(readings[:, :, :3] ** 2, 1)
    # Fresh noise at every step and in every example: neighbours in time are not alike.
    noise = readings[:, :, :3]
    assert within(noise[:, :, 1:] * noise[:, :, :-1], 0) and within(noise[:, 1:] * noise[:, :-1], 0)
    assert (contexts == contexts[:, :, :1]).all() and within(contexts[:, :, 0] ** 2, 1)
    assert within(contexts[:, :, 0] * signs[:, :, None], 0)
    assert within(contexts[:, 1:, 0] * contexts[:, :-1, 0], 0)


def test_right_responses_pay_and_are_put_down(rolled):
    actions = np.random.default_rng(0).integers(0, 2, (EPISODES, 96), dtype=np.int32).reshape(EPISODES, 12, 8)
    right = actions == rolled.by_episode("side")[..., None]
    np.testing.assert_array_equal(rolled.outcomes.reward.reshape(right.shape), right)
    np.testing.assert_array_equal(rolled.by_episode("right"), right)
    np.testing.assert_array_equal(rolled.by_episode("reward"), right.sum(-1))
    np.testing.assert_array_equal(rolled.by_episode("correct"), right[..., -1])
    np.testing.assert_array_equal(rolled.by_episode("action"), actions[..., -1])


def test_cues_begin_with_trials_and_store_at_the_end_of_first_ones(rolled, seen):
    opening, later = rolled.opening.cue, rolled.outcomes.cue
    at = np.arange(1, 96)
    assert opening.begins.all() and not opening.store.any()
    assert (later.begins[:, :-1] == (at % 8 == 0)).all() and later.recall.all()
    assert (later.store[:, :-1] == ((at % 8 == 7) & (at < 48))).all()
    assert (later.context[:, :-1, 0] == seen.reshape(EPISODES, 96, 8)[:, 1:, 4:]).all()
    assert (rolled.outcomes.discount == (np.arange(96) % 8 != 7)).all()


def test_observers_reach_what_theory_says():
    """Without memory half at chance, then Phi(drift sqrt(readings so far)); with it, at once what was reached."""
    agents = [accumulator(TASK), recalling(TASK), recalling(TASK, remembers=False)]
    names = ["alone", "memory", "none"]
    tables = [
        trials(collect([agent], TASK, jax.random.key(0), 300, [name]))
        for agent, name in zip(agents, names, strict=True)
    ]
    told = np.maximum(np.arange(8) - 2, 0)
    theory = norm.cdf(0.5 * np.sqrt(4 * told))
    for name, table in zip(names, tables, strict=True):
        columns = table[[f"right_{t}" for t in range(8)]]
        for exposure in (1, 2):
            reached = columns[table["exposure"] == exposure].mean().to_numpy()
            expected = np.full(8, theory[-1]) if (name, exposure) == ("memory", 2) else theory
            few = slice(0, 4) if (name, exposure) == ("memory", 2) else slice(None)
            np.testing.assert_allclose(reached[few], expected[few], atol=4 * 0.5 / 1800**0.5)


@pytest.mark.parametrize(
    ("name", "value"), [("examples", 0), ("noise", 10), ("size", 0), ("drift", -1), ("noise", -1)]
)
def test_a_parameter_out_of_range_is_refused(name, value):
    with pytest.raises(UserError, match=f"{name} is {value}, but"):
        ContextualChoice(**{name: value})
