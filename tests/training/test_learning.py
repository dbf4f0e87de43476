"""Learners on worlds of known value, each of which corners one part; and the losses' gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.agents.bayes_greedy import bayes_greedy
from fastslow.agents.interaction import interaction
from fastslow.agents.recurrent import RecurrentConfig, make
from fastslow.errors import UserError
from fastslow.loop import run
from fastslow.tasks.bandit import IndependentBandit, easy
from fastslow.tasks.two_step import TwoStep
from fastslow.training.actor_critic import A2CConfig, a2c, a2c_loss
from fastslow.training.ppo import PPOConfig, ppo
from fastslow.training.rollout import bootstrap_values, return_targets, trial_metrics

TASK = IndependentBandit(pulls=6)


def newborn(task, key):
    return make(task, RecurrentConfig(units=8), key)


@pytest.fixture(scope="module")
def lived():
    """An agent, an episode that it lived in each of three lanes, and the returns."""
    agent = jax.tree.map(lambda x: x * 2 + 0.05, newborn(TASK, jax.random.key(0)))
    batch, trace = run(interaction(agent, TASK, 3), jax.random.key(1), 6)
    goal = return_targets(trace, bootstrap_values(agent, batch, jax.random.key(2)), 0.9, 1.0)
    return agent, trace, goal


def test_the_critic_receives_gradient_from_the_value_term_alone(lived):
    agent, trace, goal = lived

    def value_term(agent):
        return a2c_loss(agent, trace, goal, 1.0, 0.0)[1]["value_loss"]

    gradient = jax.grad(value_term)(agent)
    assert float(jnp.abs(gradient.heads[:, -1]).min()) > 1e-4  # the value column
    assert float(jnp.abs(gradient.core.recurrent).max()) > 1e-5  # and the core below it
    np.testing.assert_array_equal(gradient.heads[:, :-1], 0.0)  # but not the policy's columns


def test_the_loss_is_the_published_sum_of_three_terms(lived):
    agent, trace, goal = lived
    loss, parts = a2c_loss(agent, trace, goal, 0.05, 0.03)
    assert float(loss) == pytest.approx(
        float(parts["policy_loss"] + 0.05 * parts["value_loss"] - 0.03 * parts["entropy"]), rel=1e-5
    )
    logits, values = np.asarray(trace.output.logits, np.float64), np.asarray(trace.output.value, np.float64)
    log_pi = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    chosen = np.take_along_axis(log_pi, np.asarray(trace.output.action)[..., None], -1)[..., 0]
    delta = np.asarray(goal) - values
    assert float(parts["policy_loss"]) == pytest.approx(float(-(delta * chosen).mean()), abs=1e-5)
    assert float(parts["value_loss"]) == pytest.approx(float((delta**2).mean() / 2), rel=1e-4)
    assert float(parts["entropy"]) == pytest.approx(
        float(-(np.exp(log_pi) * log_pi).sum(-1).mean()), rel=1e-4
    )


def test_the_gradient_of_the_whole_update_agrees_with_finite_differences(lived):
    agent, trace, goal = lived
    start = jax.tree.map(lambda x: jnp.broadcast_to(x, (3, *x.shape)), agent.core.initial)
    value = trace.output.value

    def loss(agent):
        # The same loss through the forward pass, so that moving the weights moves the activity.
        logits, values = agent.unroll(start, trace.percept)
        log_pi = jax.nn.log_softmax(logits)
        chosen = (log_pi * jax.nn.one_hot(trace.output.action, 2)).sum(-1)
        entropy = -(jnp.exp(log_pi) * log_pi).sum(-1)
        return (-(goal - value) * chosen + 0.05 * 0.5 * (goal - values) ** 2 - 0.03 * entropy).mean()

    gradient = jax.grad(lambda a: a2c_loss(a, trace, goal, 0.05, 0.03)[0])(agent)
    leaves, structure = jax.tree.flatten(agent)
    for number in (0, 1, 3):  # recurrent, input weights and a learned initial state
        direction = [jnp.zeros_like(x) for x in leaves]
        direction[number] = jnp.sin(jnp.arange(leaves[number].size, dtype=jnp.float32)).reshape(
            leaves[number].shape
        )
        step = 1e-2
        ends = [
            loss(
                jax.tree.unflatten(
                    structure, [x + s * step * d for x, d in zip(leaves, direction, strict=True)]
                )
            )
            for s in (1, -1)
        ]
        along = float((jax.tree.leaves(gradient)[number] * direction[number]).sum())
        assert along == pytest.approx(float(ends[0] - ends[1]) / (2 * step), rel=0.02, abs=2e-5)


def test_returns_of_whole_episodes_are_discounted_sums_of_their_own_rewards(lived):
    _, trace, goal = lived
    rewards = np.asarray(trace.reward)
    by_hand = np.zeros(3)
    for t in range(5, -1, -1):
        by_hand = rewards[t] + 0.9 * by_hand
        np.testing.assert_allclose(goal[t], by_hand, rtol=1e-5)


@pytest.mark.parametrize(
    "trainer, config",
    [
        (a2c, A2CConfig(updates=200, lanes=32, gamma=0.8, entropy_weight=0.03, final_entropy_weight=0.0)),
        (ppo, PPOConfig(updates=30, lanes=32, gamma=0.8)),
    ],
)
def test_trained_on_easy_arms_an_agent_learns_within_the_episode(trainer, config):
    task = easy(pulls=20)
    loop = trainer(task, lambda task, key: make(task, RecurrentConfig(units=24), key), config)
    state, metrics = jax.jit(lambda key: run(loop, key, config.updates))(jax.random.key(0))
    first, last = metrics["regret"][:3].mean() * 20, metrics["regret"][-10:].mean() * 20
    assert first > 7.0  # chance is 8
    assert last < 8 / 3  # an agent that ignores its rewards cannot be below 8
    assert int(state.update) == config.updates


def test_the_schedules_end_where_they_should():
    config = A2CConfig(updates=5, lanes=2, learning_rate=1e-2, final_rate=0.0)
    loop = a2c(TASK, newborn, config)
    state, _ = jax.jit(lambda key: run(loop, key, 4))(jax.random.key(0))
    later, _ = jax.jit(loop.step)(state, jax.random.key(9))
    for a, b in zip(jax.tree.leaves(state.agent), jax.tree.leaves(later.agent), strict=True):
        np.testing.assert_array_equal(a, b)  # the last update has a step size of 0


@pytest.mark.parametrize(
    "settings, sentence",
    [
        ({"gamma": 2.0}, "gamma is 2, but it must lie between 0 and 1"),
        ({"lanes": 0}, "lanes is 0, but it must be a whole number of at least 1"),
        ({"learning_rate": float("nan")}, "learning_rate is nan, but it must lie between 0"),
        ({"entropy_weight": -0.1}, "entropy_weight is -0.1, but it must lie between 0"),
    ],
)
def test_settings_that_cannot_learn_are_refused(settings, sentence):
    for config in (A2CConfig, PPOConfig):
        with pytest.raises(UserError, match=sentence):
            config(**settings)


def test_lanes_that_cannot_be_dealt_are_refused():
    with pytest.raises(UserError, match="minibatches is 3, which does not divide the 64 lanes"):
        PPOConfig(minibatches=3)


def test_metrics_are_per_trial_whatever_the_steps_of_a_trial():
    task = TwoStep(trials=4)
    loop = interaction(bayes_greedy(task), task, 5)
    _, trace = jax.jit(lambda key: run(loop, key, 12))(jax.random.key(0))
    metrics = trial_metrics(trace)
    assert float(metrics["reward"]) == pytest.approx(float(trace.reward.sum()) / 20, rel=1e-6)
    ends = np.asarray(trace.trial["trial_end"])
    assert float(metrics["regret"]) == pytest.approx(
        float(np.asarray(trace.trial["regret"])[ends].mean()), rel=1e-5
    )
