"""Critic and actor apart: the error by hand, who learns from what, and what stimulation reaches."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.agents.check import check_agent
from fastslow.agents.dopamine import DopamineConfig, make
from fastslow.agents.interaction import interaction
from fastslow.agents.stimulated import Replayed, Stimulated
from fastslow.loop import run
from fastslow.tasks.risky_choice import RiskyChoice

TASK = RiskyChoice(forced=2, trials=6)
LANES, STEPS = 3, 25


@pytest.fixture(scope="module")
def agent():
    newborn = make(TASK, DopamineConfig(units=5, gamma=0.7), jax.random.key(2))
    return jax.tree.map(lambda x: x * 2 + 0.1, newborn)  # away from the small initial heads


@pytest.fixture(scope="module")
def life(agent):
    loop = interaction(agent, TASK, LANES)
    lanes = loop.init(jax.random.key(1))
    return lanes, run(loop, jax.random.key(5), STEPS, lanes)[1]


def test_it_keeps_the_promises_of_an_agent(agent):
    check_agent(Stimulated(agent, 4.0, -4.0, (1, 2)), TASK, jax.random.key(0), steps=20)


def test_dopamine_is_the_error_of_the_critics_values(life):
    _, trace = life
    value, first = np.asarray(trace.output.value), np.asarray(trace.percept.first)
    error = trace.percept.last_reward[1:] + 0.7 * value[1:] - value[:-1]
    expected = np.where(first[1:], 0, error)
    np.testing.assert_allclose(trace.output.probes["delta_dopamine"][1:], expected, atol=1e-5)
    assert first[1:].any() and np.abs(expected).max() > 0.5


def test_relive_and_unroll_agree_in_value_and_gradient(agent, life):
    lanes, trace = life

    def loss(agent, route):
        if route == "relive":
            logits, values = agent.relive(trace.percept, trace.output)
        else:
            logits, values = agent.unroll(lanes.agent_state, trace.percept)
        return (logits**2).sum() + (values**2).sum(), (logits, values)

    (_, relived), gradient = jax.value_and_grad(loss, has_aux=True)(agent, "relive")
    (_, unrolled), other = jax.value_and_grad(loss, has_aux=True)(agent, "unroll")
    np.testing.assert_allclose(relived[0], trace.output.logits, atol=1e-5)
    for a, b in zip(jax.tree.leaves((relived, gradient)), jax.tree.leaves((unrolled, other)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("output", "learns"), [(0, "actor"), (1, "critic")])
def test_policy_teaches_the_actor_alone_and_value_the_critic_alone(agent, life, output, learns):
    """The error is data to the actor: what the actor wants of it must not bend the critic's values."""
    lanes, trace = life
    gradient = jax.grad(lambda agent: (agent.unroll(lanes.agent_state, trace.percept)[output] ** 2).sum())(
        agent
    )
    sizes = {
        name: max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(getattr(gradient, name)))
        for name in ("actor", "critic")
    }
    other = {"actor": "critic", "critic": "actor"}[learns]
    assert sizes[learns] > 1e-3 and sizes[other] == 0


def test_stimulation_reaches_the_actor_but_not_the_critic(agent, life):
    _, trace = life
    percept = jax.tree.map(lambda x: x[3, 0], trace.percept)
    state = agent.init_state(jax.random.key(0))
    _, plain = agent.step(state, percept, jax.random.key(1))
    _, moved = agent.step(state, percept._replace(perturbation=jnp.float32(2)), jax.random.key(1))
    assert float(plain.value) == float(moved.value)
    assert float(jnp.abs(plain.logits - moved.logits).max()) > 1e-4
    assert float(moved.probes["delta_dopamine"] - plain.probes["delta_dopamine"]) == pytest.approx(
        2, abs=1e-5
    )


def test_the_rig_delivers_at_the_outcome_it_is_set_to(agent):
    rig = Stimulated(agent, 0.0, 1.0, (1, 2))
    _, trace = run(interaction(rig, TASK, LANES), jax.random.key(5), STEPS)
    percept = jax.tree.map(np.asarray, trace.percept)
    unrewarded = (percept.last_action > 0) & (np.abs(percept.last_reward) < 1e-3)
    np.testing.assert_array_equal(trace.output.probes["delivered"], unrewarded.astype(np.float32))
    assert 0 < unrewarded.mean() < 0.5


def test_the_yoked_rig_replays_a_whole_sequence_whatever_happens(agent):
    sequences = jnp.arange(2 * TASK.episode_steps, dtype=jnp.float32).reshape(2, -1)
    _, trace = run(interaction(Replayed(agent, sequences), TASK, 8), jax.random.key(5), TASK.episode_steps)
    delivered = np.asarray(trace.output.probes["delivered"]).T
    assert all(any((one == row).all() for row in np.asarray(sequences)) for one in delivered)
    assert len(np.unique(delivered[:, 0])) == 2
