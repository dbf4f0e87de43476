"""Stay probabilities with a past trial that is cued: by hand, by brute force, and of choosers who are known."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from fastslow.analysis.episodic_stay import (
    coefficient_summary,
    episodic_coefficients,
    episodic_effects,
    episodic_stay,
    episodic_summary,
)
from fastslow.analysis.history import earlier, in_order, row_of
from fastslow.analysis.stay import CONDITIONS
from fastslow.errors import UserError

COLUMNS = ["subject", "episode", "trial", "action", "reward", "transition", "recalled_trial", "valid"]


def noise(subjects=3, episodes=6, trials=60, seed=0) -> pd.DataFrame:
    """Random behaviour with gaps and void trials, in random order; past trials of the first half cued in the second."""
    rng = np.random.default_rng(seed)
    n = subjects * episodes * trials
    trial = np.tile(np.arange(trials), subjects * episodes)
    frame = pd.DataFrame(
        {
            "subject": np.repeat([f"seed {i}" for i in range(subjects)], episodes * trials),
            "episode": np.tile(np.repeat(np.arange(episodes), trials), subjects),
            "trial": trial,
            "action": rng.integers(0, 2, n),
            "reward": rng.integers(0, 2, n).astype(float),
            "transition": rng.integers(0, 2, n),
            "recalled_trial": np.where(trial >= trials // 2, rng.integers(0, trials // 2, n), -1),
            "valid": rng.random(n) < 0.9,
        }
    )
    return frame[rng.random(n) < 0.95].sample(frac=1, random_state=seed)


def choosing(rule, subjects=2, episodes=30, seed=1) -> pd.DataFrame:
    """Choices by `rule(previous, recalled)`, log odds of repeating each one's choice; rows (action, R, T) or None."""
    rng = np.random.default_rng(seed)
    rows = []
    for subject in range(subjects):
        for episode in range(episodes):
            past: list[tuple] = []
            for trial in range(40):
                recalled = int(rng.integers(0, 20)) if trial >= 20 else -1
                before = past[-1] if past else None
                odds = rule(before, past[recalled] if recalled >= 0 else None)
                action = int(rng.random() < expit(odds))
                reward, common = int(rng.random() < 0.6), int(rng.random() < 0.8)
                past.append((action, reward, common))
                rows.append((subject, episode, trial, action, float(reward), common, recalled, True))
    return pd.DataFrame(rows, columns=COLUMNS)


def sign(trial):
    """Of a choice, and of its reward x transition."""
    action, reward, common = trial
    return 2 * action - 1, (2 * reward - 1) * (2 * common - 1)


def test_three_panels_by_hand():
    rows = [
        ("a", 0, 0, 1, 1.0, 1, -1, True),  # uncued, first: nothing before it
        ("a", 0, 1, 1, 0.0, 0, -1, True),  # uncued: stays after common-rewarded
        ("a", 0, 2, 0, 1.0, 1, 0, True),  # cued: leaves after rare-unrewarded; not as in 0 (common-rewarded)
        ("a", 0, 3, 1, 0.0, 1, 1, True),  # cued: leaves after common-rewarded; as in 1 (rare-unrewarded)
        ("a", 0, 4, 1, 0.0, 1, 0, False),  # void
        ("a", 0, 5, 1, 0.0, 1, 4, True),  # cued by a void trial, after a void one: counts nowhere
        ("a", 0, 6, 0, 0.0, 1, 0, True),  # cued: leaves after common-unrewarded; not as in 0
    ]
    table = episodic_stay(pd.DataFrame(rows, columns=COLUMNS).assign(subject="a"))
    found = [tuple(row) for row in table[["panel", "condition", "stay", "n"]].to_numpy()]
    assert found == [
        ("uncued", "common-rewarded", 1.0, 1),
        ("cued", "common-rewarded", 0.0, 1),
        ("cued", "common-unrewarded", 0.0, 1),
        ("cued", "rare-unrewarded", 0.0, 1),
        ("episodic", "common-rewarded", 0.0, 2),
        ("episodic", "rare-unrewarded", 1.0, 1),
        (
            "next",
            "rare-unrewarded",
            0.0,
            1,
        ),  # trial 2, whose next cue is trial 1; after trial 3 the next is void
    ]


def test_three_panels_by_brute_force():
    trials = noise()
    known = {(row.subject, row.episode, row.trial): row for row in trials.itertuples() if row.valid}
    counts: dict[tuple, list[bool]] = {}
    names = {levels: name for name, levels in CONDITIONS.items()}
    for (subject, episode, trial), row in known.items():
        cued = row.recalled_trial >= 0
        after = known.get((subject, episode, trial + 1))
        upcoming = after.recalled_trial if after is not None else -1
        remembered = cued and (subject, episode, row.recalled_trial) in known
        for panel, number, counts_here in (
            ("cued" if cued else "uncued", trial - 1, True),
            ("episodic", row.recalled_trial, cued),
            ("next", upcoming, remembered and upcoming >= 0),
        ):
            then = known.get((subject, episode, number))
            if then is not None and counts_here:
                key = (panel, subject, names[then.transition, int(then.reward)])
                counts.setdefault(key, []).append(row.action == then.action)
    table = episodic_stay(trials).set_index(["panel", "subject", "condition"])
    assert len(table) == len(counts) == 48
    for key, repeats in counts.items():
        assert table.loc[key, "stay"] == pytest.approx(np.mean(repeats)) and table.loc[key, "n"] == len(
            repeats
        )


def test_the_row_of_a_trial_is_found_in_its_own_episode_alone():
    ordered = in_order(noise(), ["action"])
    number = ordered["trial"].to_numpy()
    for wanted in (number - 3, np.full(len(number), 7), number + 40, np.full(len(number), -2)):
        found = row_of(ordered, wanted)
        keys = {
            key: row for row, key in enumerate(zip(ordered.subject, ordered.episode, number, strict=True))
        }
        each = zip(ordered.subject, ordered.episode, wanted, strict=True)
        assert found.tolist() == [keys.get(key, -1) for key in each]
    np.testing.assert_array_equal(earlier(ordered, 3), row_of(ordered, number - 3))


def test_a_planner_from_memory_and_one_who_repeats_what_paid_are_told_apart():
    def plan(before, recalled):
        choice, match = sign(recalled or before or (1, 1, 1))
        return 2.0 * choice * match

    def repeat(before, recalled):
        action, reward, _ = recalled or before or (1, 1, 1)
        return 2.0 * (2 * action - 1) * (2 * reward - 1)

    effects = {
        rule: episodic_effects(choosing(rule, episodes=100)).groupby("panel").mean(numeric_only=True)
        for rule in (plan, repeat)
    }
    planned, repeated = effects[plan], effects[repeat]
    # P(repeat) is expit(2) or expit(-2), .88 or .12.
    assert planned.loc["episodic", "interaction"] == pytest.approx(4 * (expit(2) - 0.5), abs=0.1)
    assert abs(planned.loc["episodic", "reward_effect"]) < 0.06
    assert repeated.loc["episodic", "reward_effect"] == pytest.approx(2 * (expit(2) - 0.5), abs=0.06)
    assert abs(repeated.loc["episodic", "interaction"]) < 0.12
    # With a cue, neither heeds the trial before it.
    assert abs(planned.loc["cued", "interaction"]) < 0.15 and planned.loc["uncued", "interaction"] > 1.4


def test_the_regression_gives_back_both_trials_weights():
    """Choices made by known weights of both trials: the fit finds them, and nothing else."""

    def rule(before, recalled):
        (last, match), (then, worth) = (sign(each or (1, 1, 1)) for each in (before, recalled))
        return 0.3 * last + 0.6 * last * match + 1.2 * then * worth

    fitted = episodic_coefficients(choosing(rule, subjects=4, episodes=100), penalty=1e-6)
    means = coefficient_summary(fitted).set_index(["source", "term"])["mean"]
    wanted = {("previous", "choice"): 0.3, ("previous", "reward x transition"): 0.6}
    wanted |= {("recalled", "reward x transition"): 1.2}
    for key, mean in means.items():
        assert mean == pytest.approx(wanted.get(key, 0.0), abs=0.12), key
    assert set(fitted["n"]) == {2000} and len(fitted) == 4 * 9


def test_the_summary_is_over_subjects():
    table = episodic_stay(noise())
    summary = episodic_summary(table).set_index(["panel", "measure"])
    assert len(summary) == 4 * 7 and (summary["n"] == 3).all()
    for (panel, condition), rows in table.groupby(["panel", "condition"]):
        assert summary.loc[(panel, condition), "mean"] == pytest.approx(rows["stay"].mean())
    effects = episodic_effects(table)
    assert summary.loc[("episodic", "interaction"), "mean"] == pytest.approx(
        effects[effects["panel"] == "episodic"]["interaction"].mean()
    )


def test_a_subject_who_did_not_meet_all_has_no_effects():
    table = episodic_stay(noise())
    some = table[~((table["subject"] == "seed 1") & (table["condition"] == "rare-rewarded"))]
    assert "seed 1" not in set(episodic_effects(some)["subject"])
    none = table[table["condition"] != "rare-rewarded"]
    assert len(episodic_effects(none)) == 0 and len(episodic_summary(none)) == 4 * 3


def test_what_stands_in_void_trials_does_not_matter():
    trials = noise()
    for value in (np.nan, 999, "gone"):
        odd = trials["recalled_trial"].astype(object).where(trials["valid"], value)
        pd.testing.assert_frame_equal(episodic_stay(trials.assign(recalled_trial=odd)), episodic_stay(trials))


def test_mistakes_are_one_sentence_each():
    trials = noise()
    with pytest.raises(UserError, match="no column 'recalled_trial'"):
        episodic_stay(trials.drop(columns="recalled_trial"))
    with pytest.raises(UserError, match="no choice that is cued by a valid past trial"):
        episodic_stay(trials.assign(recalled_trial=-1))
    ahead = trials.assign(recalled_trial=np.where(trials["trial"] == 30, 31, trials["recalled_trial"]))
    with pytest.raises(
        UserError, match="holds 31 at trial 30, but it must be the number of an earlier trial"
    ):
        episodic_stay(ahead)
    with pytest.raises(UserError, match="makes only one choice in its"):
        episodic_coefficients(trials.assign(action=np.where(trials["trial"] < 30, trials["action"], 1)))
    with pytest.raises(UserError, match="no cued choice whose recalled trial was common-unrewarded"):
        episodic_coefficients(trials.assign(reward=1.0))
    with pytest.raises(UserError, match=r"penalty is 0\.0, but it must be above 0"):
        episodic_coefficients(trials, penalty=0.0)
