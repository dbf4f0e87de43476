"""Hand-made errors and units through the measures: how much is inferred, and the side that is read out."""

import numpy as np
import pytest

from fastslow.experiments import inferred_value as measures
from fastslow.experiments.experiment import CLAIMS
from fastslow.records.record import from_arrays

EPISODES, TRIALS = 12, 40
WORTH = 0.3
"""Error at the cue that pays; less it is that at the cue that does not."""
VOID = (0, 0, 7)
"""A trial without an answer, whose cue was not shown."""


def world():
    """Cues, rewards, the side revealed last before each trial, and whether a reversal just before changed the cue.

    Changed is 0 where nothing did, 1 where it was with this very cue, 2 where it was with the other.
    """
    generator = np.random.default_rng(0)
    shape = (2, EPISODES, TRIALS)
    cue, reward = generator.integers(0, 2, shape), np.zeros(shape)
    known, changed = np.full(shape, -1), np.zeros(shape, int)
    for subject, episode in np.ndindex(shape[:2]):
        side, told, turned = generator.integers(2), -1, -1
        for trial in range(TRIALS):
            at = (subject, episode, trial)
            side = 1 - side if generator.random() < 0.15 else side
            known[at] = told
            changed[at] = 0 if turned < 0 else 1 if cue[at] == turned else 2
            if at == VOID:
                cue[at] = -1
                continue
            turned = cue[at] if told >= 0 and told != side else -1
            reward[at], told = cue[at] == side, side
    return cue, reward, known, changed


CUE, REWARD, KNOWN, CHANGED = world()
REVEALED = np.where(CUE < 0, -1, np.where(REWARD > 0, CUE, 1 - CUE))


def by_step(*steps):
    """Step by step what is given for fixation, cue and outcome."""
    joined = np.stack(steps, axis=3)
    return joined.reshape(2, EPISODES, 3 * TRIALS, *joined.shape[4:])


def player(experienced=1.0, inferred=1.0, spread=0.0, units=None):
    """A record whose error at a cue has gone so far of the way after a reversal, by how its worth is known.

    Seeds differ by `spread` in what they infer. Units hold the side that is known, at fixation and at the outcome.
    """
    worth = np.where(KNOWN < 0, 0.0, np.where(CUE == KNOWN, WORTH, -WORTH))
    seed = np.array([-spread, spread])[:, None, None]
    part = np.choose(CHANGED, [np.ones(CUE.shape), np.full(CUE.shape, experienced), inferred + seed])
    trial = np.broadcast_to(np.arange(3 * TRIALS) // 3, (2, EPISODES, 3 * TRIALS))
    if units is None:
        held = [np.where(known < 0, 0.5, known) for known in (KNOWN, 0.5 + 0 * KNOWN, REVEALED)]
        units = np.stack([by_step(*held), 0.01 * noise(1)], axis=3)
    valid = CUE >= 0
    return from_arrays(
        {
            "action": np.where(valid, CUE, -1),
            "reward": REWARD,
            "cue": CUE,
            "valid": valid,
        },
        ["seed 0", "seed 1"],
        {"alpha": 0.7},
        {
            "step_trial": trial.copy(),
            "step_rpe": by_step(worth * (2 * part - 1), 10 + REWARD, 20 + REWARD),
            "hidden": units,
        },
    )


def noise(seed, *more):
    return np.random.default_rng(seed).standard_normal((2, EPISODES, 3 * TRIALS, *more))


@pytest.fixture(scope="module")
def tables():
    """An agent that infers half; a newborn whose units are noise; one that infers all, and one nothing."""
    return measures.measure(
        {
            "agent": player(inferred=0.5, spread=0.25),
            "untrained": player(units=noise(2, 2)),
            "observer": player(),
            "model_free": player(inferred=0.0),
            measures.OWN: player(),
        }
    )


def test_flips_are_those_that_were_planted(tables):
    value = tables[CLAIMS].set_index("measure")["value"]
    by_hand = {
        "agent: inferred over experienced flip": 0.5,
        "agent: flip of the cue, experienced": 2 * WORTH,
        "agent: flip of the cue, inferred": WORTH,
        "observer: inferred over experienced flip": 1,
        "model_free: inferred over experienced flip": 0,
        "model_free: flip of the cue, inferred": 0,
        "untrained: flip of the cue, inferred": 2 * WORTH,
        "agent: error at the cue that pays": WORTH,
        "agent: error at the cue that does not pay": -WORTH,
        "agent: valid trials, by its own answers": 1 - 1 / (2 * EPISODES * TRIALS),
    }
    assert value[list(by_hand)].to_dict() == pytest.approx(by_hand, abs=1e-6)
    assert "untrained: inferred over experienced flip" not in value.index  # near 0 over near 0
    ratios = tables["flips"].query("name == 'agent'").set_index("subject")["ratio"]
    assert ratios.to_dict() == pytest.approx({"seed 0": 0.25, "seed 1": 0.75}, abs=1e-6)


def test_the_ratio_is_inferred_over_experienced():
    rows = measures.with_errors(player(experienced=0.5, inferred=0.25))
    found = measures.flips(measures.reversal_errors(rows))
    assert found["flip_experienced"].tolist() == pytest.approx([WORTH] * 2)
    assert found["ratio"].tolist() == pytest.approx([0.5] * 2)


def test_errors_around_a_reversal_are_known_from_the_cue_itself_or_from_the_other(tables):
    after = tables["around"].query("offset == 1").set_index(["name", "change", "known"])["mean"]
    for name, inferred in (("agent", 0.0), ("observer", WORTH), ("model_free", -WORTH)):
        assert after[name, "begins", "experienced"] == pytest.approx(WORTH, abs=1e-6)
        assert after[name, "begins", "inferred"] == pytest.approx(inferred, abs=1e-6)
        assert after[name, "ceases", "inferred"] == pytest.approx(-inferred, abs=1e-6)


def test_each_event_has_its_own_error():
    rows = measures.with_errors(player())
    reward = rows["reward"].to_numpy()
    np.testing.assert_allclose(rows["rpe_cue"].abs(), np.where(KNOWN.ravel() < 0, 0, WORTH), atol=1e-6)
    np.testing.assert_allclose(rows["rpe_outcome"], 10 + reward)
    np.testing.assert_allclose(rows["rpe_fixation"], 20 + reward)


def test_the_side_is_read_out_where_it_is_held(tables):
    value = tables[CLAIMS].set_index("measure")["value"]
    assert value["agent: side decoded at fixation"] == 1
    assert value["untrained: side decoded at fixation"] == pytest.approx(0.5, abs=0.1)
    assert (tables["decoding"]["chance"] < 0.65).all()


def test_the_side_is_read_out_at_fixation():
    """Not at the cue or the outcome, which tell more; nor is it the side of the cue to come."""
    side = np.where(KNOWN < 0, 0.5, KNOWN)
    late = by_step(0 * side, side, side)[..., None] + 0.01 * noise(3, 1)
    assert (measures.decoded_side(player(units=late))["accuracy"] < 0.65).all()
    cue = by_step(CUE, CUE, CUE)[..., None].astype(float)
    assert (measures.decoded_side(player(units=cue))["accuracy"] < 0.65).all()


def test_no_episode_is_learned_from_and_read():
    """Units that tell one stretch between reversals from all others, new ones of no episode that is known."""
    turns = np.diff(KNOWN, axis=2, prepend=-2) != 0
    stretch = np.cumsum(turns).reshape(KNOWN.shape)
    codes = np.random.default_rng(4).standard_normal((stretch.max() + 1, 200))
    units = np.repeat(codes[stretch], 3, axis=2)
    assert (measures.decoded_side(player(units=units))["accuracy"] < 0.7).all()


def test_states_come_with_the_side_that_is_known_by_then():
    """At fixation and at the cue by the trial before, at the outcome by the trial itself."""
    places = by_step(0 * CUE, 1 + 0 * CUE, 2 + 0 * CUE)[..., None].astype(float)
    states = measures.event_states(player(units=places))
    for number, (event, known) in enumerate((("fixation", KNOWN), ("cue", KNOWN), ("outcome", REVEALED))):
        activity, side = states[event]
        assert (activity == number).all()
        np.testing.assert_array_equal(side, known.ravel())


def test_the_side_explains_the_states_that_hold_it(tables):
    value = tables[CLAIMS].set_index("measure")["value"]
    about = "variance of the state that the side explains"
    for event in ("fixation", "outcome"):
        assert value[f"agent: {about}, {event}"] == pytest.approx(1, abs=0.001)
        assert value[f"untrained: {about}, {event}"] < 0.02
    assert value[f"agent: {about}, cue"] < 0.02  # only the small noise is left there
    explained = tables["explained"].set_index("event")["pc1"]
    assert explained["fixation"] > 0.99 and explained["outcome"] > 0.99
    for event in ("fixation", "outcome"):
        shown = tables["states"][tables["states"]["event"] == event]
        assert abs(np.corrcoef(shown["pc1"], shown["side"])[0, 1]) > 0.99
        assert set(shown["side"]) == {0, 1}
