"""Observers of the inferred-value task: values by hand, what a surprise changes; one that lives another's choices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.agents import recurrent
from fastslow.agents.cue_values import cue_td, side_belief
from fastslow.agents.interaction import interaction
from fastslow.agents.recurrent import RecurrentConfig
from fastslow.agents.yoked import Yoked
from fastslow.errors import UserError
from fastslow.loop import run
from fastslow.tasks.bandit import IndependentBandit
from fastslow.tasks.inferred_value import InferredValue
from fastslow.timestep import Percept

TASK = InferredValue()
FIXATION, LEFT, RIGHT, BLANK = 0, 1, 2, 3
SCREENS = np.vstack([np.eye(3), np.zeros(3)]).astype(np.float32)


def percept(screen, action, reward, first):
    zero = jnp.float32(0)
    return Percept(
        jnp.asarray(SCREENS[screen]), jnp.int32(action), zero + reward, jnp.bool_(first), jnp.int32(0), zero
    )


def live(agent, events):
    """Values, one after each (screen, last action, last reward); the first opens the episode."""
    state, values = agent.blank(), []
    for i, (screen, action, reward) in enumerate(events):
        state, output = agent.step(state, percept(screen, action, reward, i == 0), jax.random.key(0))
        values.append(float(output.value))
    return values


# A left target, rewarded though either may pay, then the next fixation and a right target.
EVENTS = [(FIXATION, -1, 0.0), (LEFT, 0, 0.0), (BLANK, 1, 1.0), (FIXATION, 0, 0.0), (RIGHT, 0, 0.0)]


def test_the_ideal_observer_infers_the_other_side():
    """gamma .5: an endless session is worth .5 / (1 - .125) = 4/7 at a target; of which 1/14 is the future's."""
    values = live(side_belief(TASK, 0.5), EVENTS)
    np.testing.assert_allclose(values, [2 / 7, 4 / 7, 1 / 7, 2 / 7, 0.05 + 1 / 14], rtol=1e-6)


def test_td_learns_only_what_it_met():
    """alpha .5: V(left) moves half way by 1 + .5 V(blank) - V(left) = .5, V(right) not at all."""
    agent = cue_td(TASK, 0.5, 0.5)
    values = live(agent, [*EVENTS[:4], (LEFT, 0, 0.0)])
    np.testing.assert_allclose(values, [2 / 7, 4 / 7, 1 / 7, 2 / 7, 4 / 7 + 0.25], rtol=1e-6)
    assert live(agent, EVENTS)[-1] == pytest.approx(4 / 7)


def test_a_trial_that_was_not_answered_teaches_the_ideal_observer_nothing():
    void = [(FIXATION, -1, 0.0), (LEFT, 0, 0.0), (BLANK, 2, -1.0), (FIXATION, 0, 0.0), (RIGHT, 0, 0.0)]
    assert live(side_belief(TASK, 0.5), void)[-1] == pytest.approx(4 / 7)


def test_yoked_to_the_observer_a_newborn_answers_right_and_expects_on_its_own():
    task = InferredValue(trials=4)
    newborn = recurrent.make(task, RecurrentConfig(units=4), jax.random.key(0))
    yoked = Yoked(newborn, side_belief(task))
    _, trace = run(interaction(yoked, task, 2), jax.random.key(1), task.episode_steps)
    assert yoked.cite == newborn.cite and trace.output.units.shape[-1] == 4
    ends = np.asarray(trace.trial["trial_end"])
    assert np.asarray(trace.trial["valid"])[ends].all()
    # On the very same percepts its values are those of the newborn alone.
    start = jax.tree.map(lambda x: jnp.stack([x, x]), newborn.init_state(jax.random.key(0)))
    np.testing.assert_allclose(newborn.unroll(start, trace.percept)[1], trace.output.value, atol=1e-5)


@pytest.mark.parametrize("make", [cue_td, side_belief])
def test_another_task_is_refused(make):
    with pytest.raises(UserError, match="InferredValue"):
        make(IndependentBandit())


def test_a_parameter_out_of_range_is_refused():
    with pytest.raises(UserError, match="alpha is"):
        cue_td(TASK, 1.5)
    with pytest.raises(UserError, match="gamma is 1"):
        side_belief(TASK, 1.0)
