"""Stay probabilities: counted by hand, by brute force, and against what was published of rats and people."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fastslow.analysis.stay import CONDITIONS, stay_effects, stay_probability, stay_summary
from fastslow.errors import UserError
from fastslow.records.presets import PRESETS
from fastslow.records.tables import read_trials


def table(
    rows: list[tuple], columns: str = "subject episode trial action reward transition valid"
) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns.split())


def noise(subjects: int = 3, episodes: int = 4, trials: int = 50, seed: int = 0) -> pd.DataFrame:
    """Random behaviour with gaps, void trials and rows in random order."""
    generator = np.random.default_rng(seed)
    n = subjects * episodes * trials
    frame = pd.DataFrame(
        {
            "subject": np.repeat([f"seed {i}" for i in range(subjects)], episodes * trials),
            "episode": np.tile(np.repeat(np.arange(episodes), trials), subjects),
            "trial": np.tile(np.arange(trials), subjects * episodes),
            "action": generator.integers(0, 2, n),
            "reward": generator.integers(0, 2, n).astype(float),
            "transition": generator.integers(-1, 2, n),
            "valid": generator.random(n) < 0.9,
        }
    )
    return frame[generator.random(n) < 0.95].sample(frac=1, random_state=seed)


def test_pairs_are_counted_as_by_hand():
    trials = table(
        [
            ("a", 0, 0, 1, 1.0, 1, True),  # common-rewarded, then
            ("a", 0, 1, 1, 1.0, 0, True),  # stay; rare-rewarded, then
            ("a", 0, 2, 0, 0.0, 1, True),  # leave; common-unrewarded, then
            ("a", 0, 3, 0, 0.0, 0, True),  # stay; rare-unrewarded, then
            ("a", 0, 4, 1, 1.0, 1, True),  # leave; common-rewarded, then
            ("a", 0, 5, 0, 1.0, 1, True),  # leave
        ]
    )
    counted = stay_probability(trials)
    assert counted["condition"].tolist() == list(CONDITIONS)
    assert counted["transition"].tolist() == [1, 0, 1, 0] and counted["reward"].tolist() == [1, 1, 0, 0]
    assert counted["stay"].tolist() == [0.5, 0.0, 1.0, 0.0] and counted["n"].tolist() == [2, 1, 1, 1]
    effects = stay_effects(counted).iloc[0]
    assert effects["interaction"] == (0.5 - 1.0) - (0.0 - 0.0)
    assert effects["reward_effect"] == ((0.5 - 1.0) + (0.0 - 0.0)) / 2
    assert effects["transition_effect"] == ((0.5 - 0.0) + (1.0 - 0.0)) / 2


def test_only_valid_neighbours_of_one_episode_make_a_pair():
    trials = table(
        [
            ("a", 0, 0, 1, 1.0, 1, True),  # followed by a gap
            ("a", 0, 2, 1, 1.0, 0, True),  # followed by another episode
            ("a", 1, 3, 1, 1.0, 1, False),  # void itself
            ("a", 1, 4, 1, 1.0, 1, True),  # followed by a void choice
            ("a", 1, 5, 1, 1.0, 1, False),
            ("a", 1, 6, 1, 1.0, -1, True),  # transition unknown, followed by
            ("a", 1, 7, 1, 0.0, 0, True),  # the last of this subject
            ("b", 1, 8, 1, 0.0, 0, True),  # the first pair that counts
            ("b", 1, 9, 1, 0.0, 1, True),  # the second
            ("b", 1, 10, 0, 0.0, 1, True),
        ]
    )
    counted = stay_probability(trials)
    assert counted[["subject", "condition", "stay", "n"]].to_numpy().tolist() == [
        ["b", "common-unrewarded", 0.0, 1],
        ["b", "rare-unrewarded", 1.0, 1],
    ]


@pytest.mark.parametrize("seed", [0, 1])
def test_agrees_with_a_loop_over_trials(seed: int):
    trials = noise(seed=seed)
    stays: dict[tuple, list[bool]] = {}
    rows = {(r.subject, r.episode, r.trial): r for r in trials.itertuples()}
    for (subject, episode, trial), now in rows.items():
        last = rows.get((subject, episode, trial - 1))
        if last and last.valid and now.valid and last.transition >= 0:
            stays.setdefault((subject, last.transition, int(last.reward)), []).append(
                last.action == now.action
            )
    counted = stay_probability(trials)
    assert len(counted) == 12 == len(stays)
    for row in counted.itertuples():
        expected = stays[row.subject, row.transition, row.reward]
        assert row.n == len(expected) and row.stay == pytest.approx(np.mean(expected), abs=1e-12)


def test_the_order_of_rows_and_the_names_of_actions_do_not_matter():
    trials = noise()
    ordered = trials.sort_index().assign(action=lambda table: 7 - 4 * table["action"])
    key = ["subject", "condition"]
    first, second = (stay_probability(t).sort_values(key, ignore_index=True) for t in (trials, ordered))
    pd.testing.assert_frame_equal(first, second)


def test_a_table_without_valid_column_counts_all():
    trials = noise()
    pd.testing.assert_frame_equal(
        stay_probability(trials.drop(columns="valid")), stay_probability(trials.assign(valid=True))
    )


def test_rare_transitions_missing_altogether_are_said_in_one_sentence():
    with pytest.raises(UserError, match=r"no rare transition \(0 in column 'transition'\)") as refusal:
        stay_probability(noise().assign(transition=1))
    assert str(refusal.value).count(". ") == 0
    with pytest.raises(UserError, match="no common transition"):
        stay_probability(noise().assign(transition=0))


def test_a_subject_without_one_condition_has_no_effects():
    trials = noise()
    trials.loc[(trials["subject"] == "seed 1") & (trials["transition"] == 0), "reward"] = 0.0
    assert len(stay_probability(trials)) == 11
    with pytest.raises(UserError, match="'seed 1' has no rare-rewarded trial"):
        stay_effects(trials)


def test_a_missing_column_is_named():
    with pytest.raises(UserError, match="no column 'transition'"):
        stay_probability(noise().drop(columns="transition"))


def test_the_summary_is_over_subjects():
    trials = noise()
    summary = stay_summary(trials)
    assert summary["measure"].tolist() == [*CONDITIONS, "interaction", "reward_effect", "transition_effect"]
    effects = stay_effects(trials)
    row = summary.set_index("measure").loc["interaction"]
    assert row["mean"] == pytest.approx(effects["interaction"].mean()) and row["n"] == 3
    assert (
        effects["interaction"].min() <= row["low"] < row["mean"] < row["high"] <= effects["interaction"].max()
    )
    pd.testing.assert_frame_equal(summary, stay_summary(stay_probability(trials)))


@pytest.mark.parametrize(("name", "subjects"), [("rat_two_step_miller", 6), ("human_two_step_zorowitz", 400)])
def test_rats_and_people_give_the_published_numbers(data_folder: Path, name: str, subjects: int):
    summary = stay_summary(read_trials(data_folder / name / "trials.csv.gz")).set_index("measure")
    for measure, published in PRESETS[name].signature.items():
        assert summary.loc[measure, "mean"] == pytest.approx(published, abs=0.01), measure
        assert summary.loc[measure, "n"] == subjects
