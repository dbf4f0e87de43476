"""Matching lines and win-stay by hand, planted sensitivities found, and the mice as published."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fastslow.analysis.income_regression import income_regression, income_summary
from fastslow.analysis.matching import (
    choices_and_income,
    line_differences,
    matching,
    matching_lines,
    matching_summary,
    win_stay,
    win_stay_summary,
)
from fastslow.errors import UserError
from fastslow.records.presets import PRESETS
from fastslow.records.tables import read_trials


def table(actions, rewards, **more):
    rows = {
        "subject": "a",
        "episode": 0,
        "trial": np.arange(len(actions)),
        "action": actions,
        "reward": rewards,
    }
    return pd.DataFrame(rows | {"valid": np.array(actions) >= 0} | more)


def test_a_block_by_hand():
    # The first third is left out: what remains is R R L R L L(missed) and so on.
    actions = [0, 0, 0, 1, 1, 0, 1, 0, -1]
    rewards = [1, 1, 1, 1, 0, 1, 1, 0, 0]
    (row,) = choices_and_income(table(actions, rewards), skip=1 / 3, least=5).to_dict("records")
    counts = [row[name] for name in ("n", "choices_left", "choices_right", "income_left", "income_right")]
    assert counts == [5, 2, 3, 1, 2]
    assert (row["choice_fraction"], row["income_fraction"]) == pytest.approx((3 / 5, 2 / 3))
    assert (row["log_choice"], row["log_income"]) == pytest.approx((np.log2(1.5), 1.0))


def test_blocks_within_an_episode_and_short_ones():
    trials = table([0, 1] * 10, [1.0] * 20, block=[5] * 12 + [6] * 8)
    assert choices_and_income(trials, "block", least=1)["n"].tolist() == [12, 8]
    assert choices_and_income(trials, "block", least=10)["block"].tolist() == [5]
    with pytest.raises(UserError, match="No block has 13 valid trials"):
        choices_and_income(trials, "block", least=13)


def many(sensitivity, bias, subjects=3, blocks=40, seed=0):
    """Blocks of 200 trials whose choices follow a generalised matching law, with some noise of counting."""
    generator = np.random.default_rng(seed)
    rows = []
    for subject in range(subjects):
        for block in range(blocks):
            ratio = generator.uniform(-2, 2)
            pays = 2.0 ** np.array([-ratio, ratio]) / 8
            odds = 2 ** (sensitivity * 2 * ratio + bias)
            side = (generator.random(200) < odds / (1 + odds)).astype(int)
            # Income at the wanted ratio whatever the choices: baits wait.
            reward = (
                generator.random(200)
                < np.minimum(pays / np.array([1 / (1 + odds), odds / (1 + odds)]), 1)[side]
            )
            one = table(side, reward.astype(float), held_out=block % 2 == 0)
            rows.append(one.assign(subject=f"s{subject}", episode=block))
    return pd.concat(rows, ignore_index=True)


def test_a_planted_sensitivity_and_bias_are_found():
    blocks = choices_and_income(many(0.7, 0.3), keep=["held_out"])
    lines = matching_lines(blocks)
    assert lines["sensitivity"].mean() == pytest.approx(0.7, abs=0.06)
    assert lines["bias"].mean() == pytest.approx(0.3, abs=0.15)
    assert ((lines["blocks"] == 40) & (lines["note"] == "")).all() and lines["left_out"].max() < 10
    pooled = matching_lines(blocks, [])
    finite = blocks.dropna(subset=["log_income"])
    slope, bias = np.polyfit(finite["log_income"], finite["log_choice"], 1)
    assert (pooled["sensitivity"][0], pooled["bias"][0]) == pytest.approx((slope, bias))
    assert pooled["r"][0] == pytest.approx(
        np.corrcoef(blocks["income_fraction"], blocks["choice_fraction"])[0, 1]
    )
    differences = line_differences(blocks, "held_out")
    assert differences["sensitivity"].abs().max() < 0.2
    summary = matching_summary(lines).set_index("measure")
    assert summary.loc["sensitivity", "mean"] == pytest.approx(lines["sensitivity"].mean())


def test_infinite_ratios_are_left_out_and_counted():
    trials = pd.concat(
        [
            table([0] * 10, [1.0] * 10),
            table([0, 1] * 5, [1.0, 0.0] * 5).assign(episode=1),
            table([0, 1] * 5, [0.0, 0.0] * 5).assign(episode=2),
            *(table([0] * k + [1] * (10 - k), [1.0] * 10).assign(episode=k) for k in (3, 5, 7)),
        ]
    )
    blocks = choices_and_income(trials, least=10)
    assert (
        blocks["log_income"].isna().tolist()
        == blocks["log_choice"].isna().tolist()
        == [True] * 3 + [False] * 3
    )
    assert np.isnan(blocks["income_fraction"].iloc[2]) and blocks["income_fraction"].iloc[0] == 0
    (row,) = matching_lines(blocks).to_dict("records")
    assert (
        row["left_out"] == 3
        and row["sensitivity"] == pytest.approx(1.0)
        and row["bias"] == pytest.approx(0.0)
    )


def test_what_has_no_line_says_so():
    one = matching(table([0, 1] * 10, [1.0] * 20))
    assert one["note"][0] == "fractions: 1 blocks that count; log ratios: 1 blocks that count"
    assert one[["slope", "sensitivity"]].isna().all(axis=None)
    alike = pd.concat([table([0, 1] * 10, [1.0] * 20).assign(episode=i) for i in range(4)])
    assert "all blocks are alike" in matching(alike)["note"][0]
    with pytest.raises(UserError, match="No subject has both lines"):
        matching_summary(one)
    with pytest.raises(UserError, match="two sides, but an action is 2"):
        matching(table([0, 2] * 10, [1.0] * 20))
    with pytest.raises(UserError, match="a reward is below 0"):
        matching(table([0, 1] * 10, [-1.0] * 20))
    with pytest.raises(UserError, match="too few blocks for a line each"):
        line_differences(choices_and_income(many(0.7, 0, 1, 3), keep=["held_out"]), "held_out")


def test_win_stay_and_lose_shift_by_hand():
    # Pairs: 0 won, stays; 0 lost, shifts; 1 won, shifts; then a missed trial that nobody counts; 0 lost, stays.
    trials = table([0, 0, 1, 0, -1, 0, 0, 0], [1, 0, 1, 0, 0, 0, 1, 1])
    (row,) = win_stay(trials).to_dict("records")
    assert (row["win_stay"], row["lose_shift"]) == (2 / 3, 0.5) and (row["wins"], row["losses"]) == (3, 2)
    with pytest.raises(UserError, match="'a' has no unrewarded trial"):
        win_stay(table([0, 1], [1.0, 1.0]))
    with pytest.raises(UserError, match="'a' has no rewarded trial"):
        win_stay(table([0], [1.0]))
    with pytest.raises(UserError, match=r"'trial' of the trial table holds 0\.5"):
        win_stay(trials.assign(trial=trials["trial"] / 2))


def test_weights_of_rewards_and_choices_are_recovered_jointly():
    generator = np.random.default_rng(1)
    weights = {"reward": np.array([1.5, 0.8]), "choice": np.array([-0.6, 0.4])}
    episodes, actions, rewards = 40, [], []
    for _ in range(episodes):
        c, r = [], []
        for t in range(100):
            logit = 0.2
            for lag in (1, 2):
                if t >= lag:
                    sign = 2 * c[-lag] - 1
                    logit += sign * (weights["reward"][lag - 1] * r[-lag] + weights["choice"][lag - 1])
            c.append(int(generator.random() < 1 / (1 + np.exp(-logit))))
            r.append(float(generator.random() < 0.4))
        actions += c
        rewards += r
    place = {"episode": np.repeat(np.arange(episodes), 100), "trial": np.tile(np.arange(100), episodes)}
    trials = table(actions, rewards).assign(**place)
    fit = income_regression(trials, lags=3)
    found = fit.pivot(index="lag", columns="history", values="weight")
    np.testing.assert_allclose(found.loc[[1, 2], "reward"], weights["reward"], atol=0.25)
    np.testing.assert_allclose(found.loc[[1, 2], "choice"], weights["choice"], atol=0.25)
    assert abs(found.loc[3]).max() < 0.25 and found.loc[0, "bias"] == pytest.approx(0.2, abs=0.15)
    assert (fit["n"] == 40 * 97).all() and len(income_summary(fit)) == 7
    with pytest.raises(UserError, match="'a' makes only one choice in the 0 trials"):
        income_regression(trials[:10], lags=15)


def test_mice_give_the_published_numbers(data_folder: Path):
    mice = read_trials(data_folder / "mouse_dynamic_foraging" / "trials.csv.gz")
    published = PRESETS["mouse_dynamic_foraging"].signature
    blocks = choices_and_income(mice, "block")
    (pooled,) = matching_lines(blocks, []).to_dict("records")
    assert mice["subject"].nunique() == 16 and pooled["blocks"] == 3068
    over_mice = matching_summary(matching_lines(blocks)).set_index("measure")["mean"]
    repeats = win_stay_summary(win_stay(mice)).set_index("measure")["mean"]
    measured = {
        "choice fraction on income fraction, slope": pooled["slope"],
        "choice fraction on income fraction, r": pooled["r"],
        "log-ratio sensitivity": over_mice["sensitivity"],
        "win-stay": repeats["win_stay"],
        "lose-shift": repeats["lose_shift"],
    }
    assert measured == pytest.approx(dict(published), abs=0.01)
