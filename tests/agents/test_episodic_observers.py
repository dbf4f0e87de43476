"""Observers of the episodic two-step task: known stay probabilities and rewards, steps by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.agents.bayes_episodic import bayes_episodic
from fastslow.errors import UserError
from fastslow.records.collect import collect
from fastslow.records.record import trials
from fastslow.tasks.episodic_two_step import EpisodicTwoStep
from fastslow.tasks.two_step import TwoStep
from fastslow.timestep import Cue, Percept

TASK = EpisodicTwoStep()
EPISODES = 200


@pytest.fixture(scope="module")
def lived():
    """The trial table of each observer."""
    key = jax.random.key(0)
    return {
        use: trials(collect([bayes_episodic(TASK, use)], TASK, key, EPISODES))
        for use in ("plan", "repeat", "none")
    }


def repeated(rows, action, reward, transition):
    """P(the action is repeated) by common-rewarded, rare-rewarded, common-unrewarded, rare-unrewarded."""
    kinds = ((1, 1), (0, 1), (1, 0), (0, 0))
    same = rows["action"] == action
    return [same[(transition == common) & (reward == paid)].mean() for common, paid in kinds]


def panels(rows):
    """Staying on uncued trials, on cued ones, and repeating the action of the past trial that is cued."""
    last = rows.shift(1)
    going_on = rows["trial"] > 0
    staying = [
        repeated(
            rows[chosen],
            *(last.loc[chosen, name] for name in ("action", "reward", "transition")),
        )
        for chosen in (going_on & ~rows["cued"], rows["cued"])
    ]
    cued = rows[rows["cued"]]
    past = [cued[f"recalled_{name}"] for name in ("action", "reward", "transition")]
    return [*staying, repeated(cued, *past)]


@pytest.mark.parametrize("use", ["plan", "repeat", "none"])
def test_uncued_trials_are_filtered_exactly(lived, use):
    """Ritter 2018's own numbers of the task: staying 1/0/0/1, .702 reward per trial."""
    rows = lived[use]
    np.testing.assert_allclose(panels(rows)[0], [1, 0, 0, 1], atol=0.001)
    uncued = rows[~rows["cued"]].groupby("episode")["reward"].mean()
    assert uncued.mean() == pytest.approx(0.702, abs=4 * uncued.std() / EPISODES**0.5)


def test_what_a_past_trial_is_used_for(lived):
    np.testing.assert_array_equal(panels(lived["plan"])[2], [1, 0, 0, 1])
    np.testing.assert_array_equal(panels(lived["repeat"])[2], [1, 1, 0, 0])
    np.testing.assert_allclose(panels(lived["none"])[2], [0.5] * 4, atol=0.05)


def test_a_memory_pays(lived):
    """On cued trials the planner earns .9 + .1 v where the past trial was rewarded (seven in ten) and .9 v where not,
    v being what the other state pays, about a half."""
    cued = {use: rows.loc[rows["cued"], "reward"].mean() for use, rows in lived.items()}
    rewarded = lived["plan"].query("~cued")["reward"].mean()
    expected = rewarded * (0.9 + 0.1 * 0.5) + (1 - rewarded) * 0.9 * 0.5
    assert cued["plan"] == pytest.approx(expected, abs=0.02)
    assert cued["plan"] > cued["repeat"] + 0.02 and cued["repeat"] > cued["none"] + 0.02


def see(stage, context, action=-1, reward=0.0, recall=False, store=False, time=0):
    """A percept with the stage 0 choice, 1 state 0, 2 state 1, and a context of 3 signs."""
    context = jnp.array(context, jnp.float32)
    observation = jnp.concatenate([(jnp.arange(3) == stage).astype(jnp.float32), context])
    cue = Cue(context[None], jnp.bool_(recall), jnp.bool_(store), jnp.bool_(time == 0))
    rest = (jnp.bool_(time == 0), jnp.int32(time), jnp.float32(0))
    return Percept(observation, jnp.int32(action), jnp.float32(reward), *rest, cue)


def test_belief_and_recollection_by_hand():
    """Choice 0, rare, state 1, no reward: b = .9 (state 0 is good); one hazard of .1: .82. The same trial, cued: V(1) =
    0, so Q = (.9 v, .1 v) with v = .1 + .8 x .82. Its outcome in state 1 teaches nothing; one in state 0 does."""
    task = EpisodicTwoStep(trials=4, bits=3)
    agent, key = bayes_episodic(task), jax.random.key(0)
    nothing, code, other = [0, 0, 0], [1, -1, 1], [1, 1, 1]
    state, first = agent.step(agent.blank(), see(0, nothing), key)
    np.testing.assert_allclose(first.probes["q"], [0.5, 0.5])
    state, at_outcome = agent.step(state, see(2, code, 0, 0.0, store=True, time=1), key)
    assert float(at_outcome.probes["belief"]) == pytest.approx(0.9) and float(at_outcome.value) == 0
    state, cued = agent.step(state, see(0, code, 1, 0.0, recall=True, time=2), key)
    v = 0.1 + 0.8 * 0.82
    assert float(cued.probes["belief"]) == pytest.approx(0.82) and float(cued.probes["recalled"]) == 1
    np.testing.assert_allclose(cued.probes["q"], [0.9 * v, 0.1 * v], rtol=1e-6)
    assert int(cued.action) == 0 and float(cued.value) == pytest.approx(0.9 * v)
    repeated, _ = agent.step(state, see(2, code, 0, 0.0, time=3), key)
    assert float(repeated.good0) == pytest.approx(0.82)
    new, _ = agent.step(state, see(1, other, 0, 1.0, time=3), key)
    assert float(new.good0) == pytest.approx(0.82 * 0.9 / (0.82 * 0.9 + 0.18 * 0.1))
    _, unknown = agent.step(repeated, see(0, other, 0, 0.0, recall=True, time=4), key)
    assert float(unknown.probes["recalled"]) == 0


def test_refuses_what_it_cannot_assume():
    with pytest.raises(UserError, match="bayes_episodic assumes a task of kind EpisodicTwoStep"):
        bayes_episodic(TwoStep())
    with pytest.raises(UserError, match="use is 'all', but it must be one of: plan, repeat, none"):
        bayes_episodic(TASK, "all")
