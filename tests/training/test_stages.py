"""Agents kept at stages of training are those of a training that stopped there, however the run was cut."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.agents.episodic_value import box2
from fastslow.agents.uniform import Uniform
from fastslow.errors import UserError
from fastslow.experiments.experiment import Condition
from fastslow.loop import Loop, run
from fastslow.runs import checkpoint, driver
from fastslow.runs.progress import Silent
from fastslow.tasks.corridor import Corridor
from fastslow.training.living import LivingConfig, living
from fastslow.training.rollout import TrainState
from fastslow.training.stages import keep_stages, stages_at

STAGES = (0, 3, 3, 8, 20)
KEY = jax.random.key(0)


class Weighted(Uniform):
    """An agent with something to learn."""

    weight: jax.Array = None


def init(key):
    return TrainState(Weighted(2, jax.random.normal(key, (3,))), (), (), jnp.int32(0))


def step(state, key):
    agent = Weighted(2, state.agent.weight + jax.random.normal(key, (3,)))
    return state._replace(agent=agent, update=state.update + 1), {"size": jnp.abs(agent.weight).sum()}


PLAIN, KEPT = Loop(init, step), keep_stages(Loop(init, step), STAGES)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The state after 20 updates of three seeds, trained without a pause."""
    return train(tmp_path_factory.mktemp("whole"), chunk=20)


def train(folder, **options):
    return driver.train(KEPT, KEY, 20, folder, [4, 5, 6], **({"report": Silent} | options))


class Impatient(Silent):
    """Stands for whatever ends a process at an update."""

    at = 0

    def update(self, done, measured):
        if done >= self.at:
            raise RuntimeError("killed")


def test_what_is_kept_is_the_agent_of_a_training_that_long(whole):
    for seed, number in enumerate((4, 5, 6)):
        for stage, updates in enumerate(STAGES):
            alone, _ = run(PLAIN, jax.random.fold_in(KEY, number), updates)
            np.testing.assert_allclose(whole.kept.weight[seed, stage], alone.agent.weight, rtol=1e-6)
    np.testing.assert_array_equal(whole.kept.weight[:, -1], whole.agent.weight)
    assert whole.update.tolist() == [20] * 3


@pytest.mark.parametrize("at", [2, 5, 11])
def test_killed_and_resumed_the_same_agents_are_kept(tmp_path, whole, at):
    class Here(Impatient):
        pass

    Here.at = at
    with pytest.raises(RuntimeError, match="killed"):
        train(tmp_path, chunk=1, save_seconds=0.0, report=lambda *about: Here())
    assert 0 < checkpoint.steps(tmp_path / "ckpt")[-1] < 20
    resumed = train(tmp_path, chunk=6)
    assert checkpoint.to_bytes(resumed)[0] == checkpoint.to_bytes(whole)[0]


def test_stages_not_reached_hold_the_newborn():
    state, _ = run(KEPT, KEY, 2)
    np.testing.assert_array_equal(state.kept.weight, np.tile(state.kept.weight[0], (5, 1)))
    assert not np.array_equal(state.agent.weight, state.kept.weight[0])


def test_who_decides_from_a_memory_cannot_be_kept_by_its_weights():
    def newborn(task, config, key):
        return box2(task, key)

    lives = Condition(Corridor(length=4), None, LivingConfig(lanes=1), newborn, living, stages=(0, 1))
    with pytest.raises(UserError, match="Stages keep the weights of an agent, but a EpisodicValue decides"):
        lives.loop()


def test_fractions_of_a_training_are_whole_updates():
    assert stages_at(700, (0, 0.1, 0.5, 1)) == (0, 70, 350, 700)
    assert stages_at(4, (0, 0.01, 0.5, 1)) == (0, 1, 2, 4)
    with pytest.raises(UserError, match="between 0 and 1"):
        stages_at(4, (0.5, 1.2))


@pytest.mark.parametrize("stages", [(), (-1, 3)])
def test_stages_that_are_none_are_refused(stages):
    with pytest.raises(UserError, match="stage"):
        keep_stages(PLAIN, stages)
