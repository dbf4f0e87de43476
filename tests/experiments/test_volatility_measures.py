"""Hand-made choices and units through the measures: rates in their phases, and what is read out of the units."""

import numpy as np
import pandas as pd
import pytest

from fastslow.experiments import volatility_measures as measures
from fastslow.records.record import from_arrays
from fastslow.tasks.volatility import PHASE

RATES = {"stable 1": 0.1, "volatile 1": 0.7, "volatile 2": 0.5, "stable 2": 0.2}


def learner(rates, seed, half=100):
    """Choices of a Rescorla-Wagner learner with another rate in either half of an episode."""
    generator = np.random.default_rng(seed)
    values, good, rows = np.full(2, 0.5), 0, []
    for trial in range(2 * half):
        good = 1 - good if trial % 20 == 0 else good
        action = int(generator.random() < 1 / (1 + np.exp(-6 * (values[1] - values[0]))))
        reward = float(generator.random() < (0.8 if action == good else 0.2))
        values[action] += rates[trial >= half] * (reward - values[action])
        rows.append((trial, action, reward))
    return pd.DataFrame(rows, columns=["trial", "action", "reward"])


def test_each_half_of_each_order_has_its_phase():
    """The order and the half tell the phase, as the task numbers them; planted rates come back in their own."""
    orders = [("stable 1", "volatile 1"), ("volatile 2", "stable 2")]
    tables = []
    for first, (one, two) in enumerate(orders):
        for episode in range(12):
            own = learner((RATES[one], RATES[two]), 100 * first + episode)
            phase = 2 * first + (own["trial"] >= 100)
            tables.append(own.assign(subject="a", episode=20 * first + episode, phase=phase))
    rates = measures.phase_rates(measures.ordered(pd.concat(tables, ignore_index=True)))
    assert rates["n"].tolist() == [1200] * 4
    found = rates.set_index("phase")["alpha"].to_dict()
    assert found == pytest.approx(RATES, rel=0.3)
    for number, name in measures.PHASES.items():
        assert f"{number} {name}" in PHASE.levels


def test_the_difference_is_volatile_less_stable():
    alphas = {"stable 1": 0.1, "volatile 1": 0.4, "volatile 2": 0.6, "stable 2": 0.3}
    rates = pd.DataFrame({"subject": "a", "phase": alphas.keys(), "alpha": alphas.values()})
    row = measures.rate_differences(rates).iloc[0]
    assert row[["stable", "volatile", "difference"]].tolist() == pytest.approx([0.2, 0.5, 0.3])


def test_the_mean_is_over_the_last_trials_and_at_first_over_fewer():
    values = np.array([[1.0, 3.0, 2.0, 6.0, 0.0], [0.0, 0.0, 3.0, 0.0, 0.0]])
    by_hand = [[1, 2, 2, 11 / 3, 8 / 3], [0, 0, 1, 1, 1]]
    np.testing.assert_allclose(measures.running_mean(values, 3), by_hand)


EPISODES, TRIALS = 10, 30


def watched(target, units, **more):
    """A record of two subjects with these units at each trial, and `target`; the first episode lacks its last trial."""
    present = np.ones(target.shape, bool)
    present[:, 0, -1] = False
    steps = np.where(present, np.arange(target.shape[2]), -1)
    hidden = np.where(present[..., None], units, np.nan)
    variables = {"action": np.zeros(target.shape, int), "reward": np.zeros(target.shape)} | more
    return from_arrays(
        variables | {"target": target, "present": present, "valid": present},
        ["a", "b"],
        time_arrays={"step_trial": steps, "hidden": hidden},
    )


def noise(seed, *more):
    return np.random.default_rng(seed).standard_normal((2, EPISODES, TRIALS, *more))


def test_what_units_hold_is_read_out_and_noise_is_not():
    """Either subject holds the target in its own way; each trial's number is read out of that trial."""
    target = noise(0)
    held = np.stack([target, noise(1)], axis=-1)
    held[1] = np.stack([noise(2)[1], 5 - 2 * target[1]], axis=-1)
    scores, predicted = measures.read_out(watched(target, held), "target")
    assert scores["subject"].tolist() == ["a", "b"]
    assert (scores["r"] > 0.999).all()
    assert len(predicted) == 2 * (EPISODES * TRIALS - 1)
    np.testing.assert_allclose(predicted["predicted"], predicted["target"], atol=0.05)
    scores, _ = measures.read_out(watched(target, noise(3, 2)), "target")
    assert (scores["r"].abs() < 0.2).all()


def test_no_episode_is_learned_from_and_read():
    """Units that tell the episode, and so the target's mean in those that are known, say nothing of new ones."""
    generator = np.random.default_rng(4)
    codes, levels = generator.standard_normal((50, 60)), generator.standard_normal(50)
    target = np.repeat(levels, 2 * 6).reshape(50, 2, 6).swapaxes(0, 1)
    units = np.broadcast_to(codes[None, :, None, :], (2, 50, 6, 60))
    scores, _ = measures.read_out(watched(target, units), "target")
    assert (scores["r"].abs() < 0.4).all()


def bandit(seed, volatile):
    """Variables of a bandit's record, all by chance."""
    generator = np.random.default_rng(seed)
    shape = volatile.shape
    p = np.where(generator.random(shape) < 0.5, 0.8, 0.2)
    return {
        "action": generator.integers(0, 2, shape),
        "reward": generator.integers(0, 2, shape).astype(float),
        "p_reward": np.stack([p, 1 - p], axis=-1),
        "smooth_hazard": volatile,
    }


def test_each_decoding_is_of_its_network_and_its_target():
    hazard, belief = noise(6), noise(7)
    both = {"smooth_hazard": hazard, "belief": belief}
    scores = measures.decodings(
        {
            "units_agent": watched(hazard, hazard[..., None], **both),
            "units_untrained": watched(hazard, belief[..., None], **both),
        }
    )
    r = scores.groupby(["name", "target"])["r"].mean()
    assert r["agent", "hazard"] > 0.99 and r["untrained", "belief"] > 0.99
    assert abs(r["agent", "belief"]) < 0.2 and abs(r["untrained", "hazard"]) < 0.2
    assert abs(r["observer", "hazard"]) < 0.2
    opposed = watched(hazard, hazard[..., None], smooth_hazard=hazard, belief=-hazard)
    assert measures.known_to_observer(opposed)["r"].tolist() == pytest.approx([-1, -1])


def test_half_of_the_units_track_volatility_where_half_hold_it(monkeypatch):
    monkeypatch.setattr(measures, "SHUFFLES", 20)
    hazard = noise(8)
    half = np.concatenate([hazard[..., None] + 0.1 * noise(9, 1), noise(10, 1)], axis=-1)
    records = {"units_agent": half, "units_untrained": noise(11, 2)}
    records = {name: watched(hazard, units, **bandit(12, hazard)) for name, units in records.items()}
    units, fractions = measures.tracking_units(records)
    own = units[units["name"] == "agent"]
    assert own["beyond"].tolist() == (own["unit"] == 0).tolist()
    share = fractions.set_index("name")
    for criterion in ("bonferroni", "beyond_shuffles"):
        assert share.loc["agent", criterion].tolist() == [0.5, 0.5]
    assert share.loc["untrained", "bonferroni"].tolist() == [0, 0]


@pytest.mark.parametrize(("name", "task"), [("hazard", measures.TRAINING), ("volatile", measures.SCHEDULE)])
def test_beliefs_stand_in_the_cells_of_their_trials(name, task, monkeypatch):
    """Two observers follow the very trials; the last of episode 0 is not there."""
    lived = []

    def followed(agent, task, rows):
        lived.append(task)
        return pd.DataFrame({"volatility": len(lived) * rows["target"]})

    monkeypatch.setattr(measures, "follow", followed)
    monkeypatch.setattr(measures, "WINDOW", 2)
    level = np.broadcast_to(np.arange(TRIALS) % 2, (2, EPISODES, TRIALS)).astype(float)
    more = {name: level} | ({"phase": np.zeros(level.shape, int)} if name == "volatile" else {})
    number = np.arange(level.size, dtype=float).reshape(level.shape)
    record = measures.with_beliefs(watched(number, number[..., None], **more))
    kept = record["target"].to_numpy()
    np.testing.assert_array_equal(record["belief"], kept)
    assert lived == [task] * len(lived)
    assert ("drift" in record) == (name == "volatile")
    if name == "volatile":
        np.testing.assert_array_equal(record["drift"], 2 * kept)
    assert record["smooth_hazard"].to_numpy()[1, 0, :4].tolist() == [0, 0.5, 0.5, 0.5]


def known(agent):
    """The claims of an agent whose seeds have these differences of rates."""
    differences = pd.DataFrame(
        {"name": "agent", "subject": range(len(agent)), "stable": 0.2, "volatile": 0.2 + np.array(agent)}
    )
    differences["difference"] = differences["volatile"] - differences["stable"]
    control = differences.assign(name="observer", stable=0.1, volatile=0.5, difference=0.4)
    names = {"name": ["agent", "agent", "untrained", "untrained"], "subject": ["a", "b", "a", "b"]}
    decoding = pd.DataFrame(names | {"target": "hazard", "r": [0.8, np.nan, 0.5, 0.1]})
    fractions = pd.DataFrame({"name": "agent", "bonferroni": [0.5, 0.7], "beyond_shuffles": [0.1, 0.3]})
    earned = pd.DataFrame({"name": "agent", "correct": [0.7, 0.8]})
    table = measures.claims(pd.concat([differences, control]), decoding, fractions, earned)
    return table.set_index("measure")["value"]


def test_claims_by_hand():
    value = known([0.1, 0.3])
    step = measures.TRAINER.learning_rate
    by_hand = {
        "agent: learning rate, stable blocks": 0.2,
        "agent: learning rate, volatile blocks": 0.4,
        "agent: learning rate, volatile less stable": 0.2,
        "observer: learning rate, volatile less stable": 0.4,
        "agent: seeds with the higher rate in volatile blocks": 1,
        "agent: learning rate over the trainer's step size": 0.3 / step,
        "agent: volatility read out, hazard": 0.4,  # what has no score counts as 0
        "agent less untrained: volatility read out, hazard": 0.1,
        "agent: units that track volatility": 0.6,
        "agent: units that track volatility, against shuffled episodes": 0.2,
        "agent: correct choices on the schedule": 0.75,
    }
    assert value[list(by_hand)].to_dict() == pytest.approx(by_hand)


@pytest.mark.parametrize(
    ("differences", "share", "higher"),
    [
        ([0.1, 0.3], 1, 1),
        ([0.001, 0.002], 1, 1),
        ([0.3, -0.001] + [0.3] * 6, 7 / 8, 1),  # one seed below, the interval above
        ([0.3, -0.1], 0.5, 0),  # above in the mean alone
        ([-0.1, -0.3], 0, 0),
    ],
)
def test_the_rate_is_higher_in_every_seed_or_by_its_interval(differences, share, higher):
    value = known(differences)
    assert value["agent: seeds with the higher rate in volatile blocks"] == share
    assert value["agent: rate higher in volatile blocks, every seed or its interval"] == higher
