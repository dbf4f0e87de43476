"""NaN in what a world shows or pays, or in the weights, stops neural episodic control with one sentence.

Most of its state is memory, which is not looked through after every update; what is looked at must tell.
"""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.agents import episodic_value
from fastslow.agents.episodic_value import EpisodicConfig
from fastslow.errors import UserError
from fastslow.loop import Loop
from fastslow.memory import dictionary, replay
from fastslow.memory.dictionary import NEC
from fastslow.runs import checkpoint, driver
from fastslow.runs.progress import Silent
from fastslow.tasks.task import TRIAL, TRIAL_END, Task, opening, outcome
from fastslow.training.neural_episodic import NeuralEpisodicConfig, neural_episodic
from fastslow.training.stages import keep_stages

KEY = jax.random.key(0)
STEPS, UNROLL = 5, 5
WELL, SHOWS, PAYS, DIVERGES = range(4)


class Broken(Task):
    """Episodes of five steps of noise; in a few of them the world shows or pays NaN at the third step."""

    variant: ClassVar[str] = "a test"
    cite: ClassVar[tuple[str, ...]] = ()
    trial_variables: ClassVar[tuple] = (TRIAL, TRIAL_END)
    observation_shape: ClassVar[tuple[int, ...]] = (3, 3, 1)
    actions: ClassVar[int] = 2
    episode_steps: ClassVar[int] = STEPS

    def sample(self, key):
        return jax.random.choice(key, 4, p=jnp.asarray([0.91, 0.03, 0.03, 0.03]))

    def seen(self, bad, key):
        return jax.random.normal(key, (3, 3, 1)) + jnp.where(bad, jnp.nan, 0.0)

    def trial(self, last):
        return {"trial": jnp.int32(0), "trial_end": last}

    def start(self, problem, key):
        return (problem, jnp.int32(0)), opening(
            self.seen(jnp.bool_(False), key), self.trial(jnp.bool_(False))
        )

    def step(self, state, action, key):
        problem, time = state
        last = time == STEPS - 1
        shows, pays = ((problem == what) & (time == 2) for what in (SHOWS, PAYS))
        reward = jnp.where(pays, jnp.nan, 1.0)
        return (problem, time + 1), outcome(self.seen(shows, key), reward, last, self.trial(last))


def loop_of() -> Loop:
    """Training whose weights overflow in a few of the episodes, in the wrapper that keeps agents."""
    memory = EpisodicConfig(
        neighbours=3, kernel="inverse", scale=1e-3, merge="average", capacity=50, gamma=0.5, horizon=2, bootstrap=True,
        features=4,
    )  # fmt: skip
    brief = NeuralEpisodicConfig(
        unroll=UNROLL, lanes=2, slots=200, learn_from=20, batch=4, gamma=0.5, horizon=2, learning_rate=1e-3
    )
    loop = neural_episodic(Broken(), lambda task, key: episodic_value.make(task, memory, key), brief)

    def step(state, key):
        over = (state.lanes.task_state[0] == DIVERGES).any()
        state, rows = loop.step(state, key)
        matrix = jnp.where(over, jnp.inf, state.agent.embedding.matrix)
        return state._replace(
            agent=eqx.tree_at(lambda agent: agent.embedding.matrix, state.agent, matrix)
        ), rows

    return keep_stages(loop._replace(step=step), [0, 40])


LOOP = loop_of()


@pytest.mark.parametrize(
    ("seed", "said"),
    [
        (3, "The task gave what no one can learn from: state.training.lanes.agent_state.walk.rewards"),
        (5, "The task gave what no one can learn from: state.training.replay.observation"),
        (0, "Training diverged: state.training.agent.embedding.matrix"),
    ],
)
def test_it_stops_with_tensor_and_update_and_what_is_saved_is_finite(tmp_path, seed, said):
    with pytest.raises(UserError) as error:
        driver.train(LOOP, jax.random.key(seed), 60, tmp_path, chunk=1, save_seconds=0.0, report=Silent)
    saved = checkpoint.load(tmp_path / "ckpt", jax.eval_shape(driver.program(LOOP, None).start, KEY))
    # All of it, what is not watched too: nothing came by unseen.
    assert bool(driver.all_finite(saved.state))
    assert str(error.value).startswith(f"{said} is not finite after update {saved.step + 1} ")
    assert f"(the checkpoint of update {saved.step} is kept)" in str(error.value)
    assert saved.step >= 3, "it lived, and learned, before"


@pytest.mark.parametrize("bad", [jnp.nan, jnp.inf, -jnp.inf, 1e30])
def test_a_key_that_is_not_finite_shows_in_what_is_watched_of_a_dictionary(bad):
    """1e30 is, but its distance to any other is not."""
    memory = dictionary.stack(dictionary.empty(9, 3), 2)

    def stored(memory, key, value):
        asked = jnp.zeros(2, jnp.uint32), jnp.bool_(True), NEC, (jnp.int32(1),)
        return dictionary.write(
            memory, jnp.asarray(key, jnp.float32), jnp.asarray([value], jnp.float32), *asked
        )

    good = stored(memory, [1, 2, 3], 4)
    assert driver.all_finite(dictionary.watched(good))
    assert not driver.all_finite(dictionary.watched(stored(good, [1, bad, 3], 4)))
    if abs(bad) > 1e38:
        assert not driver.all_finite(dictionary.watched(stored(good, [1, 2, 3], bad)))
    assert sum(x.size for x in dictionary.watched(good)) < good.keys.size


def test_of_a_replay_the_newest_rows_are_watched():
    memory = replay.empty(6, 1, jax.ShapeDtypeStruct((2,), np.float32))
    for number in (1.0, 2.0, 3.0, 4.0):
        column = jnp.full((2, 1), number)
        seen = jnp.broadcast_to(column[..., None], (2, 1, 2))
        memory = replay.add(memory, seen, jnp.zeros((2, 1), int), column, column, column > 0, column)
    assert replay.watched(memory, 3).observation[:, 0, 0].tolist() == [4.0, 4.0, 3.0]
    assert replay.watched(memory, 9).observation.shape == (6, 1, 2)
