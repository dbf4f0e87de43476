"""Working memory and values: steps by hand, what the parameters do, and who forgets nothing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.agents.rl_wm import perfect_memory, rl_alone, rl_wm
from fastslow.errors import UserError
from fastslow.records.collect import collect
from fastslow.records.record import trials
from fastslow.tasks.bandit import IndependentBandit
from fastslow.tasks.set_size import SetSize
from fastslow.timestep import Percept

TASK = SetSize()
CODES = np.eye(3, 8, dtype=np.float32) * 2 - 1


def percept(picture, asks, size, action=-1, reward=0.0, time=0):
    seen = jnp.asarray([*CODES[picture], float(asks), size / 6], jnp.float32)
    return Percept(
        seen, jnp.int32(action), jnp.float32(reward), jnp.bool_(time == 0), jnp.int32(time), jnp.float32(0)
    )


def lived(agent, script, size):
    """The outputs at each picture of `script` `[(picture, answer, reward)]`, and at one more of picture 0."""
    state, outputs, key = agent.begin_episode(agent.init_state(jax.random.key(0))), [], jax.random.key(1)
    for i, (picture, answer, reward) in enumerate([*script, (0, None, None)]):
        state, output = agent.step(state, percept(picture, True, size, time=2 * i), key)
        outputs.append(output)
        if answer is not None:
            told = percept(picture, False, size, answer, reward, 2 * i + 1)
            state, _ = agent.step(state, told, key)
    return outputs


def softmax(values, beta):
    weights = np.exp(beta * (values - values.max()))
    return weights / weights.sum()


def test_two_trials_by_hand():
    alpha, rho, capacity, phi, epsilon, pers, beta = 0.2, 0.8, 2.0, 0.1, 0.05, 0.25, 4.0
    agent = rl_wm(TASK, alpha, rho, capacity, phi, epsilon, pers, beta)
    # Picture 0: answer 1 is wrong; picture 1: answer 2 is right; then picture 0 again.
    last = lived(agent, [(0, 1, 0.0), (1, 2, 1.0)], size=5)[-1]
    third = 1 / 3
    w = np.array([third, third - 0.75 * third, third])
    w += phi * (third - w)
    q = np.array([third, third - 0.75 * alpha * third, third])
    eta = rho * capacity / 5
    p = (1 - epsilon) * (eta * softmax(w, beta) + (1 - eta) * softmax(q, beta)) + epsilon / 3
    np.testing.assert_allclose(last.probes["w"], w, rtol=1e-6)
    np.testing.assert_allclose(last.probes["q"], q, rtol=1e-6)
    np.testing.assert_allclose(last.probes["weight"], eta, rtol=1e-6)
    np.testing.assert_allclose(np.exp(last.logits), p, rtol=1e-5)


def test_a_missed_answer_changes_nothing():
    script = [(0, 1, 0.0), (1, 2, 1.0)]
    missed = [(0, 1, 0.0), (2, -1, 0.0), (1, 2, 1.0), (1, 7, 0.0)]
    for agent in (rl_wm(TASK), perfect_memory(TASK)):
        a, b = lived(agent, script, 3)[-1], lived(agent, missed, 3)[-1]
        np.testing.assert_array_equal(a.logits, b.logits)


def test_one_answer_is_enough_for_who_forgets_nothing():
    wrong, right = lived(perfect_memory(TASK), [(0, 1, 0.0), (1, 2, 1.0), (0, 2, 1.0)], 6)[2:]
    np.testing.assert_allclose(np.exp(wrong.logits), [0.5, 0, 0.5], atol=1e-6)
    np.testing.assert_allclose(np.exp(right.logits), [0, 0, 1], atol=1e-6)
    assert float(wrong.value) == 0.5 and float(right.value) == 1.0


@pytest.fixture(scope="module")
def behaved():
    """Accuracy at presentations 1 to 4 by set size, for each of them."""
    players = {"perfect": perfect_memory(TASK), "both": rl_wm(TASK), "alone": rl_alone(TASK)}
    accuracy = {}
    for name, agent in players.items():
        rows = trials(collect([agent], TASK, jax.random.key(2), 400))
        rows = rows[rows["iteration"] <= 4]
        accuracy[name] = rows.groupby(["set_size", "iteration"])["correct"].mean().unstack()
    return accuracy


def test_who_forgets_nothing_knows_all_at_the_third_time_whatever_the_set_size(behaved):
    table = behaved["perfect"]
    assert (table[[3, 4]] == 1).all(axis=None)
    # About 80 blocks of each set size: at least 160 pictures.
    assert table[1].to_numpy() == pytest.approx(np.full(5, 1 / 3), abs=0.13)
    assert table[2].to_numpy() == pytest.approx(np.full(5, 2 / 3), abs=0.13)


def test_the_set_size_matters_to_working_memory_alone(behaved):
    late = {name: table[[3, 4]].mean(axis=1) for name, table in behaved.items()}
    assert late["both"][2] - late["both"][6] > 0.2
    assert abs(late["alone"][2] - late["alone"][6]) < 0.1
    assert (late["both"] < late["perfect"]).all()


def test_parameters_and_tasks_are_checked():
    with pytest.raises(UserError, match="phi is 2"):
        rl_wm(TASK, phi=2.0)
    for make in (rl_wm, rl_alone, perfect_memory):
        with pytest.raises(UserError, match="assumes a task of kind SetSize"):
            make(IndependentBandit())
