"""Foragers: Bayes' rule on a grid by hand, income by hand, and the best of them beats the rest."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.agents.foragers import bayes_forager, local_matcher
from fastslow.agents.interaction import first_percept
from fastslow.errors import UserError
from fastslow.records.collect import collect
from fastslow.records.follow import follow
from fastslow.records.record import trials
from fastslow.tasks.bandit import IndependentBandit
from fastslow.tasks.foraging import Foraging

KEY = jax.random.key(0)
PLAIN = Foraging(whole=True, fixation=False, least_trials=60, trials=60)
FIXED = Foraging(whole=True, least_trials=60, trials=60)


def lived(agent, history):
    """The agent's output after choices and rewards in the form without fixation."""
    state = agent.begin_episode(agent.init_state(KEY))
    step = eqx.filter_jit(agent.step)
    percept = first_percept(PLAIN.start(PLAIN.sample(KEY), KEY)[1])
    state, output = step(state, percept, KEY)
    for action, reward in history:
        percept = percept._replace(
            last_action=jnp.int32(action), last_reward=jnp.float32(reward), first=jnp.bool_(False)
        )
        state, output = step(state, percept, KEY)
    return output


def test_bayes_by_hand():
    left = np.linspace(0, 0.5, 41)
    right = 0.5 - left
    # Left unpaid; right, left alone once, paid; a missed trial; left, after two trials away, paid.
    weight = (1 - left) * (1 - (1 - right) ** 2) * (1 - (1 - left) ** 3)
    posterior = weight / weight.sum()
    q = [posterior @ left, posterior @ (1 - (1 - right) ** 3)]  # left has just been fetched
    output = lived(bayes_forager(PLAIN), [(0, 0), (1, 1), (-1, 0), (0, 1)])
    np.testing.assert_allclose(output.probes["q"], q, rtol=1e-4)
    assert float(output.value) == pytest.approx(max(q), rel=1e-4)
    assert int(output.action) == 1 and float(output.probes["p_left"]) == pytest.approx(
        posterior @ left, rel=1e-4
    )


def test_income_by_hand():
    output = lived(local_matcher(PLAIN, tau=4.0, floor=0.5), [(0, 1), (1, 0), (-1, 0), (0, 1)])
    income = 0.75**3 + 1
    np.testing.assert_allclose(
        output.probes["q"], [(income + 0.5) / (income + 1), 0.5 / (income + 1)], rtol=1e-5
    )
    np.testing.assert_allclose(jax.nn.softmax(output.logits), output.probes["q"], rtol=1e-5)


def earned(make, task):
    record = collect([make(task)], task, KEY, 150)
    assert bool(record["valid"].all())
    return record, float(record["reward"].mean())


def test_who_knows_more_earns_more_and_fixation_changes_nothing():
    record, bayes = earned(bayes_forager, FIXED)
    assert bayes == pytest.approx(0.443, abs=0.02)
    assert bayes > earned(local_matcher, FIXED)[1] + 0.01 > 0.39
    # Lent its own choices in the form without fixation, it would have chosen the same.
    followed = follow(bayes_forager(PLAIN), PLAIN, record)
    made = trials(record)["action"].to_numpy()
    q = followed[["q_0", "q_1"]].to_numpy()
    assert (q[np.arange(len(q)), made] >= q.max(axis=1) - 1e-5).all()


def test_other_tasks_are_refused():
    for make in (bayes_forager, local_matcher):
        with pytest.raises(UserError, match="assumes a task of kind Foraging"):
            make(IndependentBandit())
    with pytest.raises(UserError, match=r"tau is 0\.5"):
        local_matcher(PLAIN, tau=0.5)
