"""Collecting behaviour: what is in the record is what happened, trial by trial and step by step."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.agents.bayes_greedy import bayes_greedy
from fastslow.agents.ep_recurrent import EpRecurrentConfig
from fastslow.agents.ep_recurrent import make as make_episodic
from fastslow.agents.episodic_value import box2
from fastslow.agents.recurrent import RecurrentConfig, make
from fastslow.agents.uniform import uniform
from fastslow.errors import UserError
from fastslow.loop import map_seeds, run
from fastslow.records.collect import collect, live, trained_agents
from fastslow.records.lifetime import lifetime
from fastslow.records.record import trials
from fastslow.tasks.bandit import IndependentBandit
from fastslow.tasks.barcode_bandits import barcode_bandits
from fastslow.tasks.corridor import Corridor
from fastslow.tasks.two_step import TwoStep, TwoStepInOne
from fastslow.training.living import LivingConfig, living
from fastslow.training.rollout import trained_of

KEY = jax.random.key(0)


def test_separate_steps_become_one_row_a_trial():
    task = TwoStep(trials=7)
    record = collect([bayes_greedy(task)], task, KEY, 40)
    rows = trials(record)
    assert record.sizes["trial"] == 7 and record.sizes["time"] == 21
    assert rows["valid"].all() and set(rows["action"]) == {0, 1}
    np.testing.assert_array_equal(rows["transition"] == 1, rows["action"] == rows["state"])
    steps = record["step_reward"].to_numpy().reshape(1, 40, 7, 3)
    np.testing.assert_array_equal(steps[..., 2], record["reward"].to_numpy())
    assert not steps[..., :2].any()


def test_missed_trials_are_kept_and_flagged():
    task = TwoStep(trials=7)
    rows = trials(collect([uniform(task)], task, KEY, 40))
    assert len(rows) == 280
    void = ~rows["valid"]
    # Valid with probability 1/3 (fixation) x 2/3 x 2/3.
    assert abs(void.mean() - (1 - 4 / 27)) < 4 * (4 / 27 * 23 / 27 / 280) ** 0.5
    assert (rows.loc[void, "action"] == -1).all() and (rows.loc[void, "reward"] == 0).all()


def test_prediction_errors_are_formed_from_successive_values():
    task = IndependentBandit(pulls=6)
    agent = jax.tree.map(lambda x: x * 3 + 0.1, make(task, RecurrentConfig(units=5), KEY))
    record = collect([agent], task, KEY, 3, gamma=0.7, units=True)
    value, reward = record["step_value"].to_numpy(), record["step_reward"].to_numpy()
    following = np.concatenate([value[..., 1:], np.zeros((1, 3, 1))], axis=-1)  # nothing follows the end
    np.testing.assert_allclose(record["step_rpe"], reward + 0.7 * following - value, atol=1e-6)
    assert np.abs(value).max() > 0.01
    assert record["hidden"].dims == ("subject", "episode", "time", "unit") and record.sizes["unit"] == 5


def test_trial_variables_can_be_kept_at_every_step():
    task = TwoStep(trials=4)
    record = collect([bayes_greedy(task)], task, KEY, 3, keep=("state",))
    assert record["step_state"].dims == ("subject", "episode", "time")
    by_trial = record["step_state"].to_numpy().reshape(1, 3, 4, 3)
    np.testing.assert_array_equal(by_trial[..., 2], record["state"])
    with pytest.raises(UserError, match="no trial variable 'stat' to keep by step; did you mean 'state'"):
        collect([bayes_greedy(task)], task, KEY, 3, keep=("stat",))


def test_subjects_differ_by_their_keys_and_repeat_by_the_same_key():
    task = TwoStepInOne(trials=20)
    agent = bayes_greedy(task)
    one, two = collect([agent, agent], task, KEY, 5), collect([agent, agent], task, KEY, 5)
    np.testing.assert_array_equal(one["action"], two["action"])
    assert (one["action"].to_numpy()[0] != one["action"].to_numpy()[1]).any()


def test_nothing_to_collect_is_refused():
    task = IndependentBandit(pulls=2)
    with pytest.raises(UserError, match="episodes is 0"):
        collect([uniform(task)], task, KEY, 0)
    with pytest.raises(UserError, match="no agents"):
        collect([], task, KEY, 1)


def test_what_was_seen_is_kept_if_asked():
    task = TwoStep(trials=3)
    plain, record = (
        collect([bayes_greedy(task)], task, KEY, 5, observations=asked) for asked in (False, True)
    )
    assert "observation" not in plain
    seen = record["observation"]
    assert seen.dims == ("subject", "episode", "time", "feature") and seen.shape == (1, 5, 9, 4)
    np.testing.assert_array_equal(seen.to_numpy()[0, 0, 0], [1, 0, 0, 0])  # the fixation cue
    np.testing.assert_array_equal(seen.to_numpy()[0, :, 2::3, 2:].argmax(-1), record["state"].to_numpy()[0])


def test_signals_of_the_agent_are_kept_by_step_and_at_the_choice_that_ends_a_trial():
    task = barcode_bandits(arms=2, pulls=2, contexts=2, exposures=2, bits=2)
    agent = make_episodic(task, EpRecurrentConfig(units=3), KEY)
    record = collect([agent], task, KEY, 4, signals=("gate", "recalled"))
    rows = trials(record)
    # Two pulls, then a closing step that belongs to no trial.
    by_step = record["step_gate"].to_numpy().reshape(1, 4, 4, 3)
    np.testing.assert_array_equal(by_step[..., :2].reshape(1, 4, 8), record["gate"])
    assert ((rows["gate"] > 0) & (rows["gate"] < 1)).all()
    again = rows["exposure"] == 2
    assert (rows.loc[again, "recalled"] >= 0).all() and (
        rows.loc[rows["exposure_order"] == 0, "recalled"] == -1
    ).all()
    with pytest.raises(UserError, match="no signal 'gates'; did you mean 'gate'"):
        collect([agent], task, KEY, 4, signals=("gates",))


def test_a_memory_of_training_is_inborn_and_episodes_learn_nothing_from_each_other():
    task = Corridor(length=5, limit=100)
    few = partial(box2, capacity=30)
    loop = living(task, few, LivingConfig(lanes=2, unroll=150))
    state = jax.jit(lambda: run(loop, KEY, 1)[0])()
    stored = state.lanes.agent_state.dictionaries
    one_seed = jax.tree.map(lambda x: x[None], state)
    (trained,) = trained_agents(trained_of(one_seed), 1)
    jax.tree.map(np.testing.assert_array_equal, trained.init_state(KEY).dictionaries, stored)
    newborn = few(task, KEY)
    assert int(stored.used.sum()) > 0 and not newborn.init_state(KEY).dictionaries.used.any()
    walks = {
        name: trials(collect([agent], task, KEY, 20))["steps"]
        for name, agent in (("trained", trained), ("newborn", newborn))
    }
    first = trials(lifetime(newborn, task, KEY, 20, 1))["steps"]
    assert (walks["trained"] == task.length - 1).all()
    spread = (walks["newborn"].var() / 20 + first.var() / 20) ** 0.5
    assert abs(walks["newborn"].mean() - first.mean()) < 4 * spread and walks["newborn"].min() < first.mean()
    assert walks["newborn"].mean() > 2 * (task.length - 1)


def test_who_was_trained_lives_by_the_program_of_the_newborn(caplog):
    task, config = IndependentBandit(pulls=2), RecurrentConfig(units=2)

    def born(seed):
        return make(task, config, jax.random.fold_in(KEY, seed))

    trained = jax.jit(lambda: map_seeds(born, jnp.arange(2), 2))()
    members = trained_agents(trained, 2)
    for i, member in enumerate(members):
        for one, all_ in zip(jax.tree.leaves(member), jax.tree.leaves(trained), strict=True):
            np.testing.assert_array_equal(one, all_[i])
    newborn = born(0)
    with jax.log_compiles(), caplog.at_level("WARNING"):
        for agent in (newborn, *members):
            live(agent, task, KEY, 3, False)
    assert sum("Compiling jit(live)" in record.getMessage() for record in caplog.records) == 1
