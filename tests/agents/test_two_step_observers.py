"""Observers and classic learners of the two-step task: published stay probabilities, hand-computed steps, controls."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from fastslow.agents.bayes_greedy import bayes_greedy
from fastslow.agents.interaction import interaction
from fastslow.agents.tabular import hybrid, model_based, model_free
from fastslow.analysis.choice_regression import choice_coefficients, choice_indices
from fastslow.errors import UserError
from fastslow.loop import run
from fastslow.tasks.bandit import IndependentBandit
from fastslow.tasks.two_step import TwoStep, TwoStepInOne, wang2016
from fastslow.tasks.two_step_daw import TwoStepDaw
from fastslow.timestep import Percept

EPISODES = 1000


@eqx.filter_jit
def play(agent, task, episodes=EPISODES):
    return run(interaction(agent, task, episodes), jax.random.key(0), task.episode_steps)[1]


def by_trial(trace):
    """Trial variables `[trial episode]`."""
    ends = np.asarray(trace.trial["trial_end"])[:, 0]
    return {name: np.asarray(values)[ends] for name, values in trace.trial.items()}


def stay(trials):
    """P(stay) after common-rewarded, rare-rewarded, common-unrewarded, rare-unrewarded trials."""
    stays = trials["action"][1:] == trials["action"][:-1]
    rewarded, common = trials["reward"][:-1] > 0, trials["transition"][:-1] == 1
    kinds = (common & rewarded, ~common & rewarded, common & ~rewarded, ~common & ~rewarded)
    return np.array([stays[kind].mean() for kind in kinds])


def interplay(p):
    return (p[0] - p[2]) - (p[1] - p[3])


@pytest.mark.parametrize(
    "task", [TwoStepInOne(), TwoStep(), TwoStep(fixation=False)], ids=["one", "three", "two"]
)
def test_ideal_observer_stays_and_earns_as_computed(task):
    trials = by_trial(play(bayes_greedy(task), task))
    assert trials["valid"].all()
    np.testing.assert_allclose(stay(trials), [1, 0.666, 0.665, 1], atol=0.02)
    assert trials["reward"].mean() == pytest.approx(0.706, abs=0.004)


def test_ideal_observer_of_a_world_without_swaps():
    task = wang2016()
    trials = by_trial(play(bayes_greedy(task), task, 2000))
    np.testing.assert_allclose(stay(trials), [1, 0.93, 0.93, 1], atol=0.01)
    assert trials["reward"].mean() == pytest.approx(0.697, abs=0.004)


def step(agent, state, observation, action, reward, first=False):
    percept = Percept(
        jnp.array(observation, jnp.float32),
        jnp.int32(action),
        jnp.float32(reward),
        jnp.bool_(first),
        jnp.int32(0 if first else 1),
        jnp.float32(0),
    )
    return agent.step(state, percept, jax.random.key(0))


def test_belief_by_hand():
    """One rewarded visit of state 1: b = .1 / (.1 + .9) = .1, then the hazard: .1 x .975 + .9 x .025 = .12."""
    agent = bayes_greedy(TwoStepInOne())
    state, output = step(agent, agent.blank(), [0, 0], -1, 0, first=True)
    np.testing.assert_allclose(output.probes["q"], [0.5, 0.5])
    _, output = step(agent, state, [0, 1], 0, 1)
    assert float(output.probes["belief"]) == pytest.approx(0.12, abs=1e-6)
    v = np.array([0.1 + 0.8 * 0.12, 0.1 + 0.8 * 0.88])
    np.testing.assert_allclose(
        output.probes["q"], [0.8 * v[0] + 0.2 * v[1], 0.2 * v[0] + 0.8 * v[1]], rtol=1e-5
    )
    assert int(output.action) == 1
    assert float(output.probes["delta_stage2"]) == pytest.approx(0, abs=1e-6)
    assert float(output.probes["delta_reward"]) == pytest.approx(0.5)


@pytest.mark.parametrize("form", ["one", "two", "three"])
def test_hybrid_by_hand_in_every_form(form):
    """Choice 0, rare, state 1, reward 1 with alpha1 .5, alpha2 .4, lambda .6, w .25, from values of .5:
    delta_1 = 0, delta_2 = .5, Q_MF(0) = .5 + .5 (.6 x .5) = .65, Q2(1) = .7, Q_MB = (.8 x .5 + .2 x .7, ...).
    A second trial, choice 0, common, no reward: delta_stage2 = .5 - Q(0)."""
    task = {"one": TwoStepInOne(), "two": TwoStep(fixation=False), "three": TwoStep()}[form]
    agent = hybrid(task, alpha1=0.5, alpha2=0.4, beta1=2.0, lambda_=0.6, w=0.25, p=0.1)
    start = {"one": [0, 0], "two": [1, 0, 0], "three": [1, 0, 0, 0]}[form]
    state, _ = step(agent, agent.blank(), start, -1, 0, first=True)

    def trial(state, reached, reward):
        if form == "one":
            return step(agent, state, [1 - reached, reached], 0, reward)
        if form == "two":
            state, _ = step(agent, state, [0, 1 - reached, reached], 0, 0)
            return step(agent, state, [1, 0, 0], 1, reward)
        state, _ = step(agent, state, [0, 1, 0, 0], 0, 0)
        state, _ = step(agent, state, [0, 0, 1 - reached, reached], 1, 0)
        return step(agent, state, [1, 0, 0, 0], 2, reward)

    state, output = trial(state, 1, 1.0)
    np.testing.assert_allclose(output.probes["q_model_free"], [0.65, 0.5], rtol=1e-6)
    np.testing.assert_allclose(output.probes["q_model_based"], [0.54, 0.66], rtol=1e-6)
    q = np.array([0.25 * 0.54 + 0.75 * 0.65, 0.25 * 0.66 + 0.75 * 0.5])
    np.testing.assert_allclose(output.probes["q"], q, rtol=1e-6)
    assert float(output.probes["delta_stage2"]) == 0 and float(output.probes["delta_reward"]) == 0.5
    if form == "one":
        expected = np.exp(2 * (q + np.array([0.1, 0.0])))
        np.testing.assert_allclose(jax.nn.softmax(output.logits), expected / expected.sum(), rtol=1e-5)
    _, output = trial(state, 0, 0.0)
    assert float(output.probes["delta_stage2"]) == pytest.approx(0.5 - q[0], abs=1e-6)
    assert float(output.probes["delta_reward"]) == pytest.approx(-0.5)
    # delta_1 = .5 - .65, delta_2 = -.5
    assert float(output.probes["q_model_free"][0]) == pytest.approx(
        0.65 + 0.5 * (-0.15 - 0.6 * 0.5), abs=1e-6
    )


def test_second_stage_choices_are_learnt_apart_in_the_daw_form():
    agent = model_based(TwoStepDaw(), alpha=0.5)
    state, _ = step(agent, agent.blank(), [1, 0, 0], -1, 0, first=True)
    state, _ = step(agent, state, [0, 0, 1], 0, 0)
    state, _ = step(agent, state, [1, 0, 0], 1, 1)
    np.testing.assert_allclose(state.q2, [[0.5, 0.5], [0.5, 0.75]])
    _, output = step(agent, state, [0, 0, 1], 0, 0)
    expected = np.exp(5 * np.array([0.5, 0.75]))
    np.testing.assert_allclose(jax.nn.softmax(output.logits), expected / expected.sum(), rtol=1e-5)


def test_a_void_trial_teaches_nothing_but_the_hazard():
    """Wrong answer to fixation: -1, zeros twice, then a new trial."""
    task = TwoStep()
    for make in (bayes_greedy, hybrid):
        agent = make(task)
        state, _ = step(agent, agent.blank(), [1, 0, 0, 0], -1, 0, first=True)
        state, _ = step(agent, state, [0, 1, 0, 0], 0, 0)
        state, _ = step(agent, state, [0, 0, 1, 0], 1, 0)
        state, before = step(agent, state, [1, 0, 0, 0], 1, 1)
        state, _ = step(agent, state, [0, 0, 0, 0], 1, -1)
        state, output = step(agent, state, [0, 0, 0, 0], 1, 0)
        assert float(output.value) == 0
        state, after = step(agent, state, [1, 0, 0, 0], 1, 0)
        assert float(after.probes["delta_reward"]) == 0
        if make is hybrid:
            np.testing.assert_array_equal(before.probes["q"], after.probes["q"])
        else:
            b = float(before.probes["belief"])
            assert float(after.probes["belief"]) == pytest.approx(0.975 * b + 0.025 * (1 - b), rel=1e-5)


def test_an_invalid_second_response_voids_the_trial():
    agent = hybrid(TwoStep())
    state, _ = step(agent, agent.blank(), [1, 0, 0, 0], -1, 0, first=True)
    state, _ = step(agent, state, [0, 1, 0, 0], 0, 0)
    state, _ = step(agent, state, [0, 0, 1, 0], 1, 0)
    state, output = step(agent, state, [1, 0, 0, 0], 0, -1)
    np.testing.assert_array_equal(output.probes["q"], [0.5, 0.5])


def test_model_free_control_has_no_interaction_on_the_daw_form():
    task = TwoStepDaw()
    trials = by_trial(play(model_free(task), task))
    p = stay(trials)
    assert abs(interplay(p)) < 0.05
    assert (p[0] - p[2] + p[1] - p[3]) / 2 > 0.25


@pytest.mark.parametrize("task", [TwoStepDaw(), TwoStepInOne()], ids=["daw", "wang"])
def test_planner_has_an_interaction_on_both_forms(task):
    p = stay(by_trial(play(model_based(task), task)))
    assert interplay(p) > 0.3
    assert abs(p[0] - p[2] + p[1] - p[3]) / 2 < 0.05


def test_indices_of_planning_and_of_repeating_reward_on_the_wang_form():
    """Where reward follows a state that seldom swaps, repeating what pays shows an interaction too, so stay
    probabilities mislead; the regression on five past trials tells the two learners apart."""
    task = TwoStepInOne()
    indices = {}
    for make in (model_free, model_based):
        trials = by_trial(play(make(task), task, 300))
        length, episodes = trials["action"].shape
        episode, trial = np.meshgrid(np.arange(episodes), np.arange(length))
        table = pd.DataFrame({"subject": "one", "episode": episode.ravel(), "trial": trial.ravel()})
        for name in ("action", "reward", "transition", "valid"):
            table[name] = trials[name].ravel()
        indices[make.__name__] = choice_indices(choice_coefficients(table)).iloc[0]
    free, based = indices["model_free"], indices["model_based"]
    assert free["model_free_index"] > 5 * abs(free["planning_index"])
    assert based["planning_index"] > 5 * abs(based["model_free_index"])


def test_published_shape_of_the_model_free_control():
    """A main effect of reward (Wang 2018's TD(1) control: about .95/.85/.50/.69)."""
    task = TwoStepInOne()
    np.testing.assert_allclose(
        stay(by_trial(play(model_free(task), task))), [0.95, 0.85, 0.49, 0.69], atol=0.02
    )


def test_refuses_what_it_cannot_assume():
    with pytest.raises(UserError, match="assumes a two-step task, but was given IndependentBandit"):
        hybrid(IndependentBandit())
    with pytest.raises(
        UserError, match=r"bayes_greedy assumes .* TwoStepInOne or TwoStep, but was given TwoStepDaw"
    ):
        bayes_greedy(TwoStepDaw())
    with pytest.raises(UserError, match=r"w is 1\.2"):
        hybrid(TwoStepDaw(), w=1.2)
