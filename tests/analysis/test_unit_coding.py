"""Partial correlations against residuals by hand, planted units found, and nothing found where there is nothing."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fastslow.analysis.partial_correlation import correlate_fast, partial_correlations
from fastslow.analysis.regressors import regressors
from fastslow.analysis.unit_coding import (
    code,
    coding_summary,
    correct,
    selectivity,
    shuffles,
    unit_coding,
)
from fastslow.errors import UserError
from fastslow.records.record import from_arrays

NAMES = ["last_action", "last_reward", "last_action*last_reward"]


def behaviour(subjects=2, episodes=6, trials=40, seed=0):
    generator = np.random.default_rng(seed)
    shape = (subjects, episodes, trials)
    return {
        "action": generator.integers(0, 2, shape),
        "reward": generator.integers(0, 2, shape).astype(float),
    }


def recording(activity, columns, **more):
    names = [f"animal {i}" for i in range(activity.shape[0])]
    return from_arrays(columns | {"activity": activity} | more, names)


def planted(seed=1, trials=40):
    """Unit 0 codes the last action, unit 1 the last reward, unit 2 their product, unit 3 nothing, unit 4 is silent."""
    columns = behaviour(trials=trials)
    generator = np.random.default_rng(seed)
    activity = generator.standard_normal((*columns["action"].shape, 5))
    action, reward = 2.0 * columns["action"] - 1, columns["reward"] - 0.5
    for unit, signal in enumerate((action, reward, action * reward)):
        activity[:, :, 1:, unit] += 2 * signal[:, :, :-1]
    activity[..., 4] = 0.0
    return recording(activity, columns)


def brute(y, x, others):
    """Correlation of the residuals of least squares, one pair at a time."""
    design = np.column_stack([np.ones(len(y)), others])
    left = [v - design @ np.linalg.lstsq(design, v, rcond=None)[0] for v in (y, x)]
    return np.corrcoef(*left)[0, 1]


def test_partial_correlations_are_those_of_residuals():
    generator = np.random.default_rng(2)
    x = generator.standard_normal((60, 3)) @ generator.standard_normal((3, 3)) + 5
    y = generator.standard_normal((60, 4)) + x @ generator.standard_normal((3, 4))
    given = pd.DataFrame({"side": np.array(["left", "middle", "right"])[generator.integers(0, 3, 60)]})
    found = partial_correlations(y, pd.DataFrame(x, columns=list("abc")), given)
    levels = np.column_stack([given["side"] == "middle", given["side"] == "right"]).astype(float)
    for unit in range(4):
        for j in range(3):
            expected = brute(y[:, unit], x[:, j], np.column_stack([np.delete(x, j, axis=1), levels]))
            assert found.r[unit, j] == pytest.approx(expected, abs=1e-10)
    # Without others it is Pearson's r with its p; with ranks, Spearman's.
    alone = partial_correlations(y, pd.DataFrame({"a": x[:, 0]}))
    assert (alone.r[0, 0], alone.p[0, 0]) == pytest.approx(tuple(stats.pearsonr(x[:, 0], y[:, 0])))
    by_rank = partial_correlations(y, pd.DataFrame({"a": x[:, 0]}), ranks=True)
    assert by_rank.r[0, 0] == pytest.approx(stats.spearmanr(x[:, 0], y[:, 0]).statistic)
    centred = y - y.mean(axis=0)
    fast = correlate_fast(centred, (centred**2).sum(axis=0), np.column_stack([x, levels]))
    np.testing.assert_allclose(fast[:, :3], found.r, atol=1e-10)


def test_planted_units_are_found_and_no_others():
    table = unit_coding(planted(), NAMES, shuffles=50)
    assert list(table.columns[:8]) == [
        "subject",
        "unit",
        "variable",
        "partial_r",
        "sign",
        "p",
        "q",
        "shuffled_mean",
    ]
    assert len(table) == 2 * 5 * 3
    wide = table.pivot_table(index=["subject", "unit"], columns="variable", values="partial_r")[
        NAMES
    ].to_numpy()
    for subject in range(2):
        np.testing.assert_array_equal(wide[4 * subject : 4 * subject + 3].argmax(axis=1), [0, 1, 2])
    coding = table[table["q"] < 0.001]
    assert set(zip(coding["unit"], coding["variable"], strict=True)) == {
        (i, name) for i, name in enumerate(NAMES)
    }
    assert (coding["sign"] == 1).all() and (coding["partial_r"] > 3 * coding["shuffled_p99"] / 2).all()
    share = selectivity(table, 0.001)
    assert (share["proportion"] == 0.2).all() and (share["silent"] == 1).all() and (share["units"] == 5).all()
    summary = coding_summary(table)
    assert list(summary["variable"]) == NAMES and (summary["n"] == 2).all()


def test_a_silent_unit_and_a_constant_variable_have_notes():
    columns = behaviour(1)
    columns["reward"][:] = 1.0
    activity = np.random.default_rng(0).standard_normal((*columns["action"].shape, 2))
    activity[..., 1] = 3.0
    table = unit_coding(recording(activity, columns), ["last_action", "last_reward"], shuffles=5)
    notes = table.set_index(["unit", "variable"])["note"]
    assert notes[0, "last_action"] == "" and notes[1, "last_action"] == "the unit is constant"
    assert notes[0, "last_reward"] == notes[1, "last_reward"] == "the variable is constant"
    numbers = ["partial_r", "p", "q", "shuffled_mean", "shuffled_p99"]
    assert (table[numbers].isna().all(axis=1) == (table["note"] != "")).all()
    assert table.loc[table["note"] == "", numbers].notna().all(axis=None)
    assert selectivity(table)["proportion"].tolist() == [0.0, 0.0]
    twice = partial_correlations(
        activity[0, 0], pd.DataFrame({"a": np.arange(40.0), "b": 2 * np.arange(40.0)})
    )
    assert (twice.note[0] == "the variable is a combination of the others").all()


@pytest.mark.parametrize("control", ["trials", "circular", "episodes"])
def test_without_any_coding_false_positives_are_nominal(control):
    generator = np.random.default_rng(3)
    activity = generator.standard_normal((120, 1000))
    variables = pd.DataFrame(generator.standard_normal((120, 2)), columns=["a", "b"])
    table = code(activity, variables, np.repeat(np.arange(24), 5), control, 200, correction="none")
    # Two variables' tests of 1000 units: .05 +- .005 each.
    assert (table["p"] < 0.05).mean() == pytest.approx(0.05, abs=0.015)
    assert (table["partial_r"] > table["shuffled_p99"]).mean() == pytest.approx(0.015, abs=0.01)
    assert table["partial_r"].mean() == pytest.approx(table["shuffled_mean"].mean(), rel=0.05)


def test_slow_drift_fools_shuffled_trials_but_not_shuffled_episodes():
    generator = np.random.default_rng(4)
    walk = generator.standard_normal((12, 60, 41)).cumsum(axis=1)
    variables = pd.DataFrame({"drift": walk[:, :, 0].ravel()})
    activity, episode = walk[:, :, 1:].reshape(-1, 40), np.repeat(np.arange(12), 60)
    above = {}
    for control in ("trials", "episodes"):
        table = code(activity, variables, episode, control, 100)
        above[control] = (table["partial_r"] > table["shuffled_p99"]).mean()
    assert above["trials"] > 0.4 and above["episodes"] < 0.15


def test_shuffles_keep_what_they_say():
    episode = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2])
    generator = np.random.default_rng(0)
    for order in shuffles(episode, 20, "circular", generator):
        assert (episode[order] == episode).all() and sorted(order) == list(range(9))
        assert set(np.diff(order[3:7])) <= {1, -3}
    for order in shuffles(episode, 20, "episodes", generator):
        assert [len(set(episode[order][episode == i])) for i in range(3)] == [1, 1, 1]
        assert order[0] in (0, 3, 7) and order[1] == order[0] + 1
    with pytest.raises(UserError, match="one episode only"):
        next(shuffles(np.zeros(4), 1, "episodes", generator))
    assert sorted(next(shuffles(episode, 1, "trials", generator))) == list(range(9))


def test_corrections():
    p = np.array([0.01, 0.02, 0.03, np.nan, 0.5])
    np.testing.assert_allclose(correct(p, "bonferroni"), [0.04, 0.08, 0.12, np.nan, 1.0])
    np.testing.assert_allclose(correct(p, "bh"), [0.04, 0.04, 0.04, np.nan, 0.5])
    with pytest.raises(UserError, match="correction is 'fdr'"):
        correct(p, "fdr")


def test_units_of_different_sessions_are_kept_apart():
    columns = behaviour(1, episodes=4)
    activity = np.random.default_rng(0).standard_normal((*columns["action"].shape, 3))
    activity[:, :2, :, 1] = np.nan  # recorded in the last two sessions only
    activity[..., 2] = np.nan  # never recorded
    table = unit_coding(recording(activity, columns), ["last_action"], shuffles=3)
    assert table["unit"].tolist() == [0, 1] and table["n"].tolist() == [4 * 39, 2 * 39]
    with pytest.raises(UserError, match="no finite number"):
        unit_coding(recording(np.full_like(activity, np.nan), columns), ["last_action"], shuffles=3)


def test_few_trials_and_wrong_words_are_answered():
    columns = behaviour(1, 1, 2)
    activity = np.ones((1, 1, 2, 1))
    table = unit_coding(recording(activity, columns), ["last_action"], shuffles=2)
    assert table["note"].tolist() == ["too few trials"]
    one = {name: values[:, :, :1] for name, values in columns.items()}
    with pytest.raises(UserError, match="'animal 0' has no valid trial of which last_action"):
        unit_coding(recording(activity[:, :, :1], one), ["last_action"], shuffles=2)
    with pytest.raises(UserError, match="no column 'rewrd'; did you mean 'reward'"):
        unit_coding(planted(), ["last_rewrd"])
    with pytest.raises(UserError, match="named twice"):
        unit_coding(planted(), ["reward", "reward"])
    with pytest.raises(UserError, match="control is 'none'"):
        unit_coding(planted(), ["reward"], control="none")


def test_regressors_by_hand():
    table = pd.DataFrame(
        {
            "subject": ["b", "a", "a", "a", "a"],
            "episode": [0, 0, 0, 0, 1],
            "trial": [0, 1, 0, 2, 0],
            "action": [1, 1, 0, -1, 1],
            "reward": [1.0, 0.0, 1.0, 0.0, 1.0],
            "valid": [True, True, True, False, True],
        },
        index=[7, 3, 5, 1, 1],
    )
    made = regressors(table, ["reward", "last_action", "last_reward"])
    nan = np.nan
    assert made.index.tolist() == table.index.tolist()
    np.testing.assert_array_equal(made["reward"], [1, 0, 1, nan, 1])
    np.testing.assert_array_equal(made["last_action"], [nan, 0, nan, 1, nan])
    np.testing.assert_array_equal(made["last_reward"], [nan, 1, nan, 0, nan])
    product = regressors(table, ["last_action*last_reward"]).iloc[:, 0].to_numpy()
    np.testing.assert_allclose(product, [nan, -0.25, nan, -0.25, nan])
