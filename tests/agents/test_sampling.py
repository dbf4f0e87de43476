"""The sampler of single trials has the delta rule's values on average, recalls by age, and hears reminders."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.agents.rescorla_wagner import RescorlaWagner
from fastslow.agents.sampling import Sampling, recall_odds
from fastslow.timestep import Percept

ACTIONS, REWARDS = [0, 1, 0, 0, -1, 1], [0.9, 0.2, 0.4, 0.7, 0.0, 0.6]


def percept(time, action=-1, reward=0.0, shown=-1):
    return Percept(
        jnp.array([shown], jnp.float32),
        jnp.int32(action),
        jnp.float32(reward),
        jnp.bool_(time == 0),
        jnp.int32(time),
        jnp.float32(0),
    )


def lived(agent, steps=6):
    state = agent.blank()
    for time, (action, reward) in enumerate(zip(ACTIONS[:steps], REWARDS[:steps], strict=True)):
        state, _ = agent.take_in(state, percept(time + 1, action, reward))
    return state


def drawn(agent, state, shown=-1, count=4000):
    """Outputs of many choices in one state."""
    keys = jax.random.split(jax.random.key(0), count)
    return jax.vmap(lambda key: agent.choose(state, percept(len(ACTIONS), shown=shown), key))(keys)


def test_odds_fall_with_age_and_sum_to_one():
    odds = recall_odds(jnp.array([*ACTIONS, -1]), jnp.float32(0.25), 2)
    np.testing.assert_allclose(odds[0], [0.25 * 0.75**2, 0, 0.25 * 0.75, 0.25, 0, 0, 0, 0.75**3], rtol=1e-6)
    np.testing.assert_allclose(odds[1], [0, 0.25 * 0.75, 0, 0, 0, 0.25, 0, 0.75**2], rtol=1e-6)
    np.testing.assert_allclose(odds.sum(-1), 1, rtol=1e-6)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_values_are_those_of_the_delta_rule_on_average(alpha):
    sampler, rule = Sampling(alpha, initial=0.5, memory=6), RescorlaWagner(alpha, initial=0.5)
    for steps in range(len(ACTIONS) + 1):
        output = sampler.choose(lived(sampler, steps), percept(steps), jax.random.key(0))
        np.testing.assert_allclose(output.probes["expected"], lived(rule, steps), rtol=1e-5)
    recalled = drawn(sampler, lived(sampler)).probes["q"]
    error = np.asarray(recalled.std(0)) / len(recalled) ** 0.5
    assert (abs(recalled.mean(0) - lived(rule)) <= 4 * error + 1e-6).all()


def test_each_value_is_one_trials_reward():
    sampler = Sampling(0.3, initial=-1.0, memory=6)
    probes = drawn(sampler, lived(sampler)).probes
    worth = np.append(REWARDS, -1.0)
    np.testing.assert_allclose(probes["q"], worth[np.asarray(probes["recalled"], int)], rtol=1e-6)
    assert set(np.asarray(probes["recalled"][:, 0], int)) == {-1, 0, 2, 3}
    assert set(np.asarray(probes["recalled"][:, 1], int)) == {-1, 1, 5}


def test_a_reminder_brings_its_trial_to_mind_for_its_own_arm():
    sampler = Sampling(0.3, reminded=0.6, memory=6, shown=True)
    state = lived(sampler)
    plain, reminded = (drawn(sampler, state, shown).probes["recalled"] for shown in (-1, 0))
    odds = recall_odds(state.actions, sampler.alpha, 2)
    share = float((reminded[:, 0] == 0).mean())
    assert share == pytest.approx(0.6 + 0.4 * float(odds[0, 0]), abs=0.03)
    np.testing.assert_array_equal(plain[:, 1], reminded[:, 1])
    # A trial without a choice is nobody's; and who is not shown trials takes no number for one.
    np.testing.assert_array_equal(plain, drawn(sampler, state, 4).probes["recalled"])
    deaf = Sampling(0.3, reminded=0.6, memory=6)
    np.testing.assert_array_equal(plain, drawn(deaf, state, 0).probes["recalled"])
