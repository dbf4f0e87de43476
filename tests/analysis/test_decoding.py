"""Decoding reads what was planted, nothing from shuffled labels, and never splits an episode."""

import numpy as np
import pytest

from fastslow.analysis.decoding import decode, decoding, decoding_summary, folds_of
from fastslow.errors import UserError
from fastslow.records.record import from_arrays

RANDOM = np.random.default_rng(0)
EPISODE = np.repeat(np.arange(10), 40)
NOISE = RANDOM.standard_normal((400, 8))


def test_folds_hold_whole_episodes_of_about_equal_size():
    groups = np.repeat(np.arange(7), [50, 10, 10, 10, 10, 30, 20])
    fold = folds_of(groups, 3)
    assert all(len(set(fold[groups == group])) == 1 for group in range(7))
    assert sorted(np.bincount(fold)) == [40, 50, 50]
    with pytest.raises(UserError, match="There are 7 episodes, too few"):
        folds_of(groups, 8)


def test_a_number_and_a_category_are_read_out():
    number = RANDOM.standard_normal(400)
    weights = RANDOM.standard_normal(8)
    found = decode(NOISE + np.outer(number, weights), number, EPISODE)
    assert found.kind == "number" and found.score > 0.9 and found.chance == 0.0
    category = RANDOM.integers(0, 3, 400).astype(float)
    means = 4 * RANDOM.standard_normal((3, 8))
    found = decode(NOISE + means[category.astype(int)], category, EPISODE)
    assert found.kind == "category" and found.score > 0.95 and found.chance < 0.45
    assert (found.predicted == category).mean() == found.score


def test_nothing_is_read_from_shuffled_labels():
    scores = [decode(NOISE, RANDOM.standard_normal(400), EPISODE).score for _ in range(20)]
    assert abs(np.mean(scores)) < 0.05
    labels = [decode(NOISE, RANDOM.permutation(400) % 2.0, EPISODE).score for _ in range(20)]
    assert np.mean(labels) == pytest.approx(0.5, abs=0.03)


def test_what_tells_episodes_apart_is_no_code():
    """A target that is constant within episodes, and units that each name one episode: nothing carries over."""
    episode = np.repeat(np.arange(40), 10)
    target = RANDOM.standard_normal(40)[episode]
    names = (np.arange(40) == episode[:, None]).astype(float) + 0.01 * RANDOM.standard_normal((400, 40))
    assert abs(decode(names, target, episode, folds=4).score) < 0.5
    # Were trials dealt out singly, each episode would be known from training.
    assert decode(names, target, np.arange(400), folds=4).score > 0.95


def planted():
    action = RANDOM.integers(0, 2, (2, 6, 30))
    activity = RANDOM.standard_normal((2, 6, 30, 4))
    activity[0, :, 1:, 0] += 5 * action[0, :, :-1]
    return from_arrays(
        {"action": action, "reward": np.ones((2, 6, 30)), "activity": activity}, ["coder", "noise"]
    )


def test_each_subject_has_its_row_and_its_control():
    table = decoding(planted(), ["last_action", "reward"], folds=3, shuffles=8)
    assert table["subject"].tolist() == ["coder", "noise"] * 2 and table["n"].tolist() == [174, 174, 180, 180]
    coder, noise = table.iloc[0], table.iloc[1]
    assert coder["score"] > 0.9 > coder["shuffled_high"] and abs(noise["score"] - 0.5) < 0.2
    assert coder["shuffled_mean"] == pytest.approx(0.5, abs=0.15)
    assert (table.loc[2:, "note"] == "the target is constant").all() and table.loc[2:, "score"].isna().all()
    summary = decoding_summary(table)
    assert summary["target"].tolist() == ["last_action"] and summary["n"].tolist() == [2]
    with pytest.raises(UserError, match="Nothing could be decoded: the target is constant"):
        decoding_summary(table[2:])


def test_units_that_never_fire_and_wrong_words_are_answered():
    assert decode(np.zeros((400, 3)), NOISE[:, 0], EPISODE).note == "all units are constant"
    assert decode(np.column_stack([NOISE, np.zeros(400)]), NOISE[:, 0], EPISODE).score > 0.9
    with pytest.raises(UserError, match="kind is 'words'"):
        decode(NOISE, NOISE[:, 0], EPISODE, kind="words")
    with pytest.raises(UserError, match="must be finite"):
        decode(np.full((400, 3), np.nan), NOISE[:, 0], EPISODE)
    with pytest.raises(UserError, match="400 rows of activity, 399 of the target"):
        decode(NOISE, NOISE[1:, 0], EPISODE)
    with pytest.raises(UserError, match="too few to hold out each of 9 folds"):
        decoding(planted(), ["last_action"], folds=9)
