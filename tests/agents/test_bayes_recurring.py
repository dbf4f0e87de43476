"""The ideal player of bandits that come back: its posterior by hand, and how well it does."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.agents.bayes_recurring import bayes_recurring
from fastslow.agents.interaction import interaction
from fastslow.errors import UserError
from fastslow.loop import run
from fastslow.tasks.bandit import IndependentBandit
from fastslow.tasks.barcode_bandits import barcode_bandits
from fastslow.tasks.recurring import Recurring
from fastslow.timestep import Cue, Percept


def percept(code, action, reward, begins=False):
    cue = Cue(jnp.asarray([code], jnp.float32), jnp.bool_(True), jnp.bool_(False), jnp.bool_(begins))
    zero = jnp.float32(0)
    return Percept(
        jnp.zeros(2), jnp.int32(action), jnp.float32(reward), jnp.bool_(False), jnp.int32(1), zero, cue
    )


def test_posteriors_are_kept_apart_by_barcode():
    agent = bayes_recurring(barcode_bandits(arms=3, contexts=2, bits=2))
    state = agent.blank()
    here, there = (1.0, -1.0), (1.0, 1.0)
    for now in (
        percept(here, -1, 0, True),
        percept(here, 0, 0),
        percept(here, 1, 1),
        percept(there, 2, 0, True),  # the action at a closing step: of no account
        percept(there, 2, 1),
        percept(here, 2, 0, True),
    ):
        state, _ = agent.take_in(state, now)
    log_p = np.asarray(state.log_p, float)
    p = np.exp(log_p) / np.exp(log_p).sum(1, keepdims=True)
    # Arm 0 failed, arm 1 paid: likelihoods .1 x .1, .9 x .9, .9 x .1; under the other barcode arm 2 paid.
    np.testing.assert_allclose(
        p, [np.array([0.01, 0.81, 0.09]) / 0.91, np.array([0.1, 0.1, 0.9]) / 1.1], atol=1e-5
    )


def test_it_is_nearly_always_right_from_the_third_exposure_on():
    task = barcode_bandits()
    loop = interaction(bayes_recurring(task), task, 100)
    trial = jax.jit(
        lambda: run(loop, jax.random.key(1), task.episode_steps)[1].trial,
        compiler_options={"xla_backend_optimization_level": 0},
    )()
    trial = jax.tree.map(np.asarray, trial)
    first = trial["trial_end"] & (trial["exposure_trial"] == 0)
    rate = [trial["correct"][first & (trial["exposure"] == n)].mean() for n in range(1, 11)]
    # Four standard errors of 1,000 first pulls.
    np.testing.assert_allclose(rate[:4], [0.1, 0.79, 0.96, 0.99], atol=0.05)
    assert np.mean(rate[1:]) == pytest.approx(0.97, abs=0.01)


def test_what_it_does_not_know_is_refused():
    with pytest.raises(UserError, match=r"noise is 0.1, but bayes_recurring"):
        bayes_recurring(barcode_bandits(noise=0.1))
    with pytest.raises(UserError, match="assumes a task of kind Recurring"):
        bayes_recurring(IndependentBandit())
    with pytest.raises(UserError, match="assumes a task of kind OneGoodArm"):
        bayes_recurring(Recurring(IndependentBandit()))
