"""Hand-made foragers through the measures: known lines, values in their cells, shuffles that keep time or break it."""

import numpy as np
import pandas as pd
import pytest

from fastslow.errors import UserError
from fastslow.experiments import foraging_measures as measures
from fastslow.experiments.experiment import CLAIMS
from fastslow.experiments.foraging import EXPERIMENT
from fastslow.experiments.reproduce import reproduce
from fastslow.records.record import from_arrays, from_trials

EVEN, TWICE, FOURFOLD = (15, 15), (20, 10), (24, 6)
"""Choices of right and left in 30 trials."""


def session(choices, income, wasted=0):
    """Actions and rewards with these counts of right and left; `wasted` unpaid choices of right come first."""
    sides = [np.arange(count) < paid for count, paid in zip(choices, income, strict=True)]
    actions = np.repeat([1, 0], choices)
    order = np.random.default_rng(0).permutation(len(actions))
    rewards = np.concatenate(sides)[order].astype(float)
    return np.r_[np.ones(wasted, int), actions[order]], np.r_[np.zeros(wasted), rewards]


def forager(sessions, subject="a", held_out=None, wasted=0):
    """A trial table of sessions given as (choices, income)."""
    rows = []
    for episode, (choices, income) in enumerate(sessions):
        action, reward = session(choices, income, wasted)
        table = {"subject": subject, "episode": episode, "trial": np.arange(len(action))}
        table |= {"action": action, "reward": reward}
        if held_out is not None:
            table["held_out"] = held_out[episode]
        rows.append(pd.DataFrame(table))
    return pd.concat(rows, ignore_index=True)


HALF = [(EVEN, (4, 4)), (TWICE, (8, 2)), (FOURFOLD, (16, 1))]
"""Choices as the square root of income: sensitivity 1/2."""
MATCHED = [(EVEN, (4, 4)), (TWICE, (8, 4)), (FOURFOLD, (16, 4))]
"""Choices as income: sensitivity 1."""


def player(trained, held_out):
    """The record of two subjects whose first, uncounted third is spent on the right side unpaid."""
    flags = [False] * len(trained) + [True] * len(held_out)
    tables = [forager([*trained, *held_out], name, flags, wasted=15) for name in ("seed 0", "seed 1")]
    return from_trials(pd.concat(tables, ignore_index=True))


SUBJECTS, EPISODES, TRIALS = 2, 12, 30


def units(follows, seed=0):
    """A record whose value rises within each episode and whose two units follow the value and the last action.

    `follows` says whether they do; else they are noise.
    """
    generator = np.random.default_rng(seed)
    shape = (SUBJECTS, EPISODES, TRIALS)
    action, reward = (generator.integers(0, 2, shape) for _ in range(2))
    value = np.broadcast_to(np.arange(TRIALS) / TRIALS, shape) + 0.02 * generator.standard_normal(shape)
    before = np.concatenate([np.zeros_like(action[..., :1]), action[..., :-1]], axis=2)
    activity = np.stack([value, before], axis=3) + 0.02 * generator.standard_normal((*shape, 2))
    if not follows:
        activity = generator.standard_normal((*shape, 2))
    return from_arrays(
        {
            "action": action,
            "reward": reward,
            "relative_value": value,
            "expected_reward": generator.standard_normal(shape),
        },
        ["seed 0", "seed 1"],
        time_arrays={"hidden": activity, "step_trial": np.broadcast_to(np.arange(TRIALS), shape).copy()},
    )


@pytest.fixture(scope="module")
def value():
    """The claims of foragers by hand; the twin that lives the agent's trials has the agent's units."""
    records = {
        "agent": player(HALF, MATCHED),
        "bayes_forager": player(MATCHED, MATCHED),
        "local_matcher": player(MATCHED, HALF),
        "random": player(HALF, HALF),
        measures.UNITS + "agent": units(True),
        measures.UNITS + "untrained": units(False),
        measures.UNITS + "yoked": units(True),
        "rats": from_trials(
            pd.concat(
                [
                    forager(MATCHED, "three sessions"),
                    forager(MATCHED[1:], "two sessions"),
                    forager([((10, 8), (5, 4))] * 9, "short sessions"),
                ]
            )
        ),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measures, "SHUFFLES", 20)
        return measures.measure(records)[CLAIMS].set_index("measure")["value"]


def test_lines_leave_out_the_first_third_and_tell_held_out_from_trained(value):
    assert value["agent: sensitivity, held out less trained"] == pytest.approx(0.5)
    assert value["bayes_forager: log-ratio sensitivity"] == pytest.approx(1)
    assert value["bayes_forager: log-ratio bias"] == pytest.approx(0, abs=1e-9)
    assert value["bayes_forager: log-ratio r2"] == pytest.approx(1)
    assert value["bayes_forager: choice fraction on income fraction, slope, blocks pooled"] == pytest.approx(
        1
    )
    assert value["local_matcher: sensitivity, held out less trained"] == pytest.approx(-0.5)
    assert value["random: log-ratio sensitivity"] == pytest.approx(0.5)
    assert value["agent: reward per trial"] == pytest.approx((8 + 10 + 17 + 8 + 12 + 20) / (6 * 45))
    assert value["agent: interval of held out less trained within .15"] == 0


def test_shuffled_trials_lose_their_time_and_lent_episodes_keep_it(value):
    """A value that only follows the time within an episode stands out of the first, not of the second."""
    about = "units, relative_value: mean less"
    # The value is one unit's, the last action the other's: means over both.
    assert value[f"{about} shuffled 99 %"] > 0.35
    assert value[f"{about} shuffled episodes 99 %"] == pytest.approx(0, abs=0.06)
    assert value["units, last_action: mean less shuffled 99 %"] > 0.35
    assert value["units, last_action: mean less shuffled episodes 99 %"] > 0.35


def test_units_are_held_against_each_twin(value):
    for variable in ("relative_value", "last_action"):
        about = f"units, {variable}"
        assert value[f"{about}: strongest, least over seeds"] > 0.95
        assert value[f"{about}: proportion, p < .001 corrected"] == 0.5
        assert value[f"{about}: mean less untrained twin"] > 0.35
        assert value[f"{about}: mean less untrained twin in the agent's trials"] == 0
    assert value["units, expected_reward: strongest, least over seeds"] < 0.3  # no unit holds it


def test_subjects_without_a_line_are_counted(value):
    assert value["rats: log-ratio sensitivity"] == pytest.approx(1)
    assert value["rats: subjects without a log-ratio line, left out"] == 2
    assert value["agent: subjects without a log-ratio line, left out"] == 0


def numbered(unit, absent):
    """A record whose trials bear the numbers unit, unit + 1, ... in every cell; `absent` ones are not there."""
    shape = (2, 2, 3)
    present = np.ones(shape, bool)
    present[absent] = False
    return from_arrays(
        {
            "action": np.zeros(shape, int),
            "reward": np.zeros(shape),
            "number": unit + np.arange(12.0).reshape(shape),
            "present": present,
            "valid": present,
        },
        ["a", "b"],
    )


def test_values_stand_in_the_cells_of_their_trials(monkeypatch):
    """Also behind a trial that is not there, and with the same subjects in either record."""

    def followed(agent, task, rows):
        assert not rows.duplicated(["subject", "episode", "trial"]).any()
        return pd.DataFrame({"value": rows["number"], "q_0": rows["number"], "q_1": 3 * rows["number"]})

    monkeypatch.setattr(measures, "follow", followed)
    records = {"agent": numbered(0, (0, 0, 1)), "untrained": numbered(100, (1, 1, 0))}
    for name, record in measures.with_values(records).items():
        number = records[name]["number"].to_numpy()  # NaN where no trial is
        assert np.isnan(number).sum() == 1
        np.testing.assert_array_equal(record["expected_reward"], number)
        np.testing.assert_array_equal(record["relative_value"], 2 * number)


def test_value_is_of_right_less_left():
    action = np.array([[[0, 0, 0, 0], [1, 1, 1, 1]]])
    record = from_arrays({"action": action, "reward": np.ones(action.shape)}, ["a"])
    left, right = measures.with_values({"agent": record})["agent"]["relative_value"].to_numpy()[0]
    assert left[0] == pytest.approx(0, abs=1e-6)  # nothing is known yet
    np.testing.assert_allclose(left, -right, atol=1e-5)
    assert (right[1:] > 0).all()


def known_tables():
    """What `claims` is given, by hand: two agents, one of ours that has no line in one subject."""
    lines = pd.DataFrame(
        {
            "name": ["agent", "agent", "mice", "mice"],
            "sensitivity": [0.7, 0.9, 0.5, np.nan],
            "bias": [0.1, -0.3, 0.2, np.nan],
            "r_log": [0.5, -1.0, 0.8, np.nan],
            "blocks": [10, 30, 10, 2],
            "left_out": [1, 3, 4, 2],
        }
    )
    pooled = pd.DataFrame({"name": ["agent", "mice"], "slope": [0.6, 0.4], "r": [0.9, 0.8]})
    who = ["agent", "agent", "mice", "mice"]
    repeats = pd.DataFrame({"name": who, "win_stay": [0.8, 0.6, 0.5, 0.5], "lose_shift": [0.1, 0.3, 0, 1]})
    reward = pd.DataFrame({"name": who, "reward": [0.4, 0.5, 0.2, 0.4]})
    ours = np.repeat(measures.OURS, 2)
    held_out = pd.DataFrame(
        {"name": ours, "sensitivity": [0.1, -0.1] + [0.5] * 6, "bias": [0.2, 0.4] + [0.0] * 6}
    )
    weights = [
        ("agent", lag, history, weight)
        for lag, history, pair in ((1, "reward", (1, 2)), (1, "choice", (-1, -3)), (10, "reward", (0, 0.5)))
        for weight in pair
    ]
    coding = [
        (name, variable, mean, mean + 0.2, mean - 0.1, 0.25)
        for variable in (*measures.VARIABLES, "expected_reward")
        for name, means in (("agent", (0.4, 0.6)), ("untrained", (0.2, 0.3)), ("yoked", (0.5, 0.6)))
        for mean in means
    ]
    columns = ["name", "variable", "mean", "strongest", "shuffled_p99", "proportion"]
    coded = pd.DataFrame(coding, columns=columns)
    expected = coded["variable"] == "expected_reward"
    return {
        "lines": lines,
        "lines_pooled": pooled,
        "repeats": repeats,
        "reward": reward,
        "held_out": held_out,
        "weights_by_subject": pd.DataFrame(weights, columns=["name", "lag", "history", "weight"]),
        "coding": coded[~expected],
        "coding_expected": coded[expected].assign(strongest=0.9),
        "coding_episodes": coded[~expected].query("name == 'agent'").assign(shuffled_p99=0.45),
    }


def test_claims_by_hand():
    tables = known_tables()
    value = measures.claims(tables).set_index("measure")["value"]
    by_hand = {
        "agent: log-ratio sensitivity": 0.8,
        "agent: log-ratio bias": -0.1,
        "agent: log-ratio r2": (0.25 + 1) / 2,
        "agent: part of blocks with an infinite log ratio, left out": 0.1,
        "agent: win-stay": 0.7,
        "agent: lose-shift": 0.2,
        "agent: reward per trial": 0.45,
        "agent: choice fraction on income fraction, r, blocks pooled": 0.9,
        "agent: subjects without a log-ratio line, left out": 0,
        "mice: log-ratio sensitivity": 0.5,
        "mice: part of blocks with an infinite log ratio, left out": 0.5,
        "mice: choice fraction on income fraction, slope, blocks pooled": 0.4,
        "mice: subjects without a log-ratio line, left out": 1,
        "agent: sensitivity, held out less trained": 0,
        "agent: bias, held out less trained": 0.3,
        "random: sensitivity, held out less trained": 0.5,
        "agent: interval of held out less trained within .15": 1,
        "agent: weight of the last reward": 1.5,
        "agent: weight of the last choice": -2,
        "agent: weight of the reward ten trials back": 0.25,
        "units, last_reward: strongest, least over seeds": 0.6,
        "units, last_reward: mean": 0.5,
        "units, last_reward: mean less shuffled 99 %": 0.1,
        "units, last_reward: mean less shuffled episodes 99 %": 0.05,
        "units, last_reward: mean less untrained twin": 0.25,
        "units, last_reward: mean less untrained twin in the agent's trials": -0.05,
        "units, last_reward: proportion, p < .001 corrected": 0.25,
        "units, expected_reward: strongest, least over seeds": 0.9,
    }
    assert value[list(by_hand)].to_dict() == pytest.approx(by_hand, abs=1e-12)


@pytest.mark.parametrize(("seeds", "within"), [((0.1, 0.1), 1), ((0.2, 0.0), 0), ((-0.2, 0.0), 0)])
def test_the_whole_interval_must_be_within(seeds, within):
    tables = known_tables()
    tables["held_out"].loc[tables["held_out"]["name"] == "agent", "sensitivity"] = seeds
    value = measures.claims(tables).set_index("measure")["value"]
    assert value["agent: interval of held out less trained within .15"] == within


def test_whoever_has_no_line_is_refused_with_the_remedy():
    """Two sessions, or sessions that are all alike, make no line; three that differ make one."""
    with pytest.raises(UserError, match=r"No subject of 'rats' .*'a': .*2 blocks that count.*three sessions"):
        measures.measure_other("rats", from_trials(forager(MATCHED[1:])))
    with pytest.raises(UserError, match="all blocks are alike"):
        measures.measure_other("rats", from_trials(forager(MATCHED[:1] * 3)))
    one_sided = [(TWICE, (8, 0)), (FOURFOLD, (9, 0)), (EVEN, (7, 0))]
    with pytest.raises(UserError, match="log ratios: 0 blocks that count"):
        measures.measure_other("rats", from_trials(forager(one_sided)))
    measures.measure_other("rats", from_trials(forager(MATCHED)))
    both = pd.concat([forager(MATCHED[1:]), forager(MATCHED, "b")])
    measures.measure_other("rats", from_trials(both))  # one subject's line is enough


def test_the_refusal_comes_before_the_training(tmp_path):
    forager(MATCHED[1:]).to_csv(tmp_path / "rats.csv", index=False)
    with pytest.raises(UserError, match="No subject of 'rats'"):
        reproduce(EXPERIMENT, "smoke", tmp_path / "run", compare=[tmp_path / "rats.csv"], quiet=True)
    assert not (tmp_path / "run").exists()


def test_numbered_blocks_of_one_session_make_a_line():
    rows = forager(MATCHED)
    rows["block"] = rows["episode"]
    rows["trial"] += 30 * rows["episode"]
    measures.measure_other("rats", from_trials(rows.assign(episode=0)))


@pytest.mark.parametrize("name", ["agent", "mice", "units_mine"])
def test_names_of_ours_are_refused(name):
    with pytest.raises(UserError, match="rename the file"):
        measures.measure_other(name, from_trials(forager(MATCHED)))
