"""Value learners on a picture of which one pixel tells what pays: every switch learns it, the untrained network does
not; and each piece of the loop against what it is to do."""

from dataclasses import replace
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from fastslow.agents import episodic_value, q_network
from fastslow.agents.check import check_agent
from fastslow.agents.episodic_value import EpisodicConfig, NECConfig, nec
from fastslow.agents.q_network import QNetworkConfig
from fastslow.errors import UserError
from fastslow.loop import run
from fastslow.memory import dictionary
from fastslow.memory.identity import fingerprint
from fastslow.memory.replay import draw_uniformly
from fastslow.tasks.task import TRIAL, TRIAL_END, Task, opening, outcome
from fastslow.training.actor_critic import A2CConfig, a2c
from fastslow.training.living import LivingConfig, living
from fastslow.training.neural_episodic import NeuralEpisodicConfig, neural_episodic
from fastslow.training.q_learning import SMALLEST, QLearningConfig, q_learning
from fastslow.training.replayed import epsilon_at

KEY = jax.random.key(0)


class Pixel(Task):
    """Three steps of a picture of noise; one pixel tells which of two actions pays 1."""

    variant: ClassVar[str] = "a test"
    cite: ClassVar[tuple[str, ...]] = ()
    trial_variables: ClassVar[tuple] = (TRIAL, TRIAL_END)
    observation_shape: ClassVar[tuple[int, ...]] = (4, 4, 1)
    actions: ClassVar[int] = 2
    episode_steps: ClassVar[int] = 3

    def sample(self, key):
        return ()

    def shown(self, key):
        return jax.random.bernoulli(key, 0.5, (4, 4, 1))

    def start(self, problem, key):
        seen = self.shown(key)
        return (seen, jnp.int32(0), jnp.float32(0)), opening(
            seen, self.trial(jnp.bool_(False), jnp.float32(0))
        )

    def trial(self, last, score):
        return {"trial": jnp.int32(0), "trial_end": last, "score": score}

    def step(self, state, action, key):
        seen, time, score = state
        reward = (action == seen[1, 2, 0]).astype(jnp.float32)
        last, score, seen = time == 2, score + reward, self.shown(key)
        return (seen, time + 1, score), outcome(seen, reward, last, self.trial(last, score))


TASK = Pixel()
SHORT = QLearningConfig(
    updates=60, unroll=10, lanes=4, slots=1000, learn_from=100, epsilon_steps=400, gamma=0.5, target_period=20,
    learning_rate=3e-3,
)  # fmt: skip
NETWORK = QNetworkConfig(encoder="minatar", features=32, limit=3.0)
SWITCHES = {
    "plain": ({}, {}),
    "double, n steps": ({"double": True, "horizon": 2}, {}),
    "prioritised": ({"prioritised": True}, {}),
    "dueling": ({}, {"dueling": True}),
    "distributional, all": (
        {"double": True, "prioritised": True, "horizon": 2, "clip_reward": True},
        {"dueling": True, "atoms": 11},
    ),
}


def scores(rows) -> tuple[float, float]:
    """Score of an episode in the first and in the last tenth of a training."""
    tenth = len(rows["score"]) // 10
    parts = slice(0, tenth), slice(-tenth, None)
    first, last = (float(rows["score"][p].sum() / rows["episodes"][p].sum()) for p in parts)
    return first, last


@pytest.mark.parametrize("name", SWITCHES)
def test_every_switch_learns_which_pixel_tells(name):
    training, network = SWITCHES[name]
    loop = q_learning(
        TASK,
        lambda task, key: q_network.make(task, replace(NETWORK, **network), key),
        replace(SHORT, **training),
    )
    state, rows = run(loop, KEY, SHORT.updates)
    first, last = scores(rows)
    assert first < 2.0, "at first it chooses by chance (1.5 of 3)"
    assert last > 2.7
    learned = int(state.learned)
    assert learned == (60 * 10 * 4 - 100) // 4 + 1
    assert float(rows["epsilon"][-1]) == pytest.approx(SHORT.last_epsilon)


def test_neural_episodic_control_learns_it_through_its_memory():
    memory = EpisodicConfig(
        neighbours=10, kernel="inverse", scale=1e-3, merge="average", rate=0.5, capacity=500, gamma=0.5,
        horizon=2, bootstrap=True, encoder="minatar", features=8,
    )  # fmt: skip
    config = NeuralEpisodicConfig(
        updates=120, unroll=10, lanes=4, slots=1000, learn_from=100, epsilon_steps=400, gamma=0.5, horizon=2,
        learning_rate=3e-3,
    )  # fmt: skip

    def newborn(task, key):
        return episodic_value.make(task, memory, key)

    state, rows = run(neural_episodic(TASK, newborn, config), KEY, config.updates)
    frozen, still = run(
        neural_episodic(TASK, newborn, replace(config, learning_rate=0.0)), KEY, config.updates
    )
    assert scores(rows)[1] > 2.6
    assert scores(still)[1] < scores(rows)[1] - 0.2, "an embedding at random is no such help"
    before, after = (jax.tree.leaves(s.agent.embedding) for s in (frozen, state))
    assert all(float(jnp.abs(a - b).max()) > 0 for a, b in zip(before, after, strict=True))
    assert int(state.lanes.agent_state.dictionaries.used.sum()) == 1000


class CutOff(Pixel):
    """The same, but what was to follow the third step would have counted."""

    def step(self, state, action, key):
        state, timestep = super().step(state, action, key)
        return state, timestep._replace(discount=jnp.float32(1))


@pytest.mark.parametrize("trainer", ["q_learning", "neural_episodic"])
def test_of_episodes_that_were_cut_off_nothing_is_learned(trainer):
    replayed = {"updates": 1, "unroll": 30, "act": 30, "lanes": 2, "slots": 600, "learn_from": 10}
    memory = NECConfig(neighbours=3, capacity=50, gamma=0.5, horizon=3, features=4)

    def lesson(task):
        if trainer == "q_learning":
            config = QLearningConfig(**replayed, horizon=3, gamma=0.5)
            return q_learning(task, lambda task, key: q_network.make(task, NETWORK, key), config)
        config = NeuralEpisodicConfig(**replayed, horizon=3, gamma=0.5)
        return neural_episodic(task, lambda task, key: nec(task, memory, key), config)

    (_, whole), (_, cut) = (run(lesson(task), KEY, 1) for task in (TASK, CutOff()))
    assert float(whole["loss"][0]) > 0 and float(cut["loss"][0]) == 0


def test_what_was_cut_off_is_hardly_drawn_again():
    config = replace(SHORT, prioritised=True, updates=10)
    loop = q_learning(CutOff(), lambda task, key: q_network.make(task, NETWORK, key), config)
    kept = run(loop, KEY, config.updates)[0].replay
    lived = np.arange(kept.last.shape[0]) < int(kept.added)
    least = SMALLEST**config.alpha
    cut, others = (
        np.asarray(kept.priority)[lived][np.asarray(kept.last)[lived] == which] for which in (1, 0)
    )
    assert np.isclose(cut, least).mean() > 0.5 and np.isclose(others, least).mean() < 0.1


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        ({"gamma": 0.9}, "gamma is 0.5, but the agent stores returns with gamma 0.9"),
        ({"horizon": 2}, "horizon is 3, but the agent stores returns with horizon 2"),
        ({"bootstrap": False}, "set bootstrap"),
    ],
)
def test_an_embedding_that_would_learn_other_returns_than_are_stored_is_refused(agent, said):
    memory = replace(NECConfig(neighbours=3, capacity=50, gamma=0.5, horizon=3, features=4), **agent)
    with pytest.raises(UserError, match=said):
        neural_episodic(
            TASK, lambda task, key: nec(task, memory, key), NeuralEpisodicConfig(gamma=0.5, horizon=3)
        )


def test_the_memory_follows_the_gradient_of_what_was_read():
    memory = NECConfig(neighbours=3, capacity=50, gamma=0.5, horizon=2, features=4)
    config = NeuralEpisodicConfig(
        updates=1,
        unroll=30,
        act=30,
        lanes=2,
        slots=200,
        learn_from=10,
        gamma=0.5,
        horizon=2,
        learning_rate=0.0,
    )

    def newborn(task, key):
        return nec(task, memory, key)

    still, told = run(neural_episodic(TASK, newborn, config), KEY, 1)
    moved, same = run(neural_episodic(TASK, newborn, replace(config, memory_rate=0.01)), KEY, 1)
    assert float(told["loss"][0]) == pytest.approx(float(same["loss"][0])) and float(told["loss"][0]) > 0
    before, after = (s.lanes.agent_state.dictionaries for s in (still, moved))
    assert float(jnp.abs(after.values - before.values).max()) > 1e-5
    assert float(jnp.abs(after.keys - before.keys).max()) > 1e-7
    np.testing.assert_allclose(after.norms, (after.keys**2).sum(-1), rtol=1e-5)
    np.testing.assert_array_equal(after.used, before.used)


@pytest.mark.parametrize("frames", [1, 3])
def test_a_state_left_out_of_its_own_value_is_valued_by_the_others_alone(frames):
    memory = NECConfig(neighbours=3, capacity=200, gamma=0.5, horizon=2, features=4, frames=frames)
    config = NeuralEpisodicConfig(
        updates=1, unroll=30, act=30, lanes=2, slots=200, learn_from=10, gamma=0.5, horizon=2, learning_rate=0.0,
        batch=256,
    )  # fmt: skip

    def newborn(task, key):
        return nec(task, memory, key)

    _, own = run(neural_episodic(TASK, newborn, config), KEY, 1)
    state, others = run(neural_episodic(TASK, newborn, replace(config, leave_out=True)), KEY, 1)
    assert float(own["loss"][0]) < 0.02 < 0.1 < float(others["loss"][0])

    agent, stored = state.agent, state.lanes.agent_state.dictionaries
    batch = draw_uniformly(state.replay, KEY, 64, 2, 0.5, frames)
    index = agent.neighbours(stored, batch.observation, batch.action)
    left = agent.without_own(stored, index, batch.observation, batch.action)
    # What the agent stored as it acted is what the replay shows again; the latest two steps are not stored yet.
    assert ((index >= 0) & (left < 0)).any(axis=1).mean() > 0.9
    of = batch.action[:, None]
    keys = np.asarray(stored.keys[of, left]) - np.asarray(agent.embedded(batch.observation))[:, None]
    weights = np.where(left >= 0, 1 / ((keys**2).sum(-1) + 1e-3), 0)
    by_hand = (weights * stored.values[of, left, 0]).sum(1) / weights.sum(1)
    found = jax.vmap(lambda index, action: dictionary.recall(stored, index, (action,)))(left, batch.action)
    np.testing.assert_allclose(
        agent.values(found, left >= 0, batch.observation), by_hand, rtol=1e-3, atol=1e-5
    )


def test_without_its_own_entry_a_single_neighbour_leaves_nothing():
    config = NeuralEpisodicConfig(leave_out=True)
    with pytest.raises(UserError, match="and leaves nothing: give neighbours and capacity"):
        neural_episodic(TASK, lambda task, key: nec(task, NECConfig(neighbours=1), key), config)


def test_only_the_very_state_is_left_out():
    agent = nec(TASK, NECConfig(neighbours=4, capacity=8, features=4), KEY)
    seen = jax.random.bernoulli(KEY, 0.5, (5, 4, 4, 1))
    keys, identities = agent.embedded(seen), jax.vmap(fingerprint)(seen)
    stored = agent.init_state(KEY).dictionaries
    for i in range(4):
        at = jnp.int32(i % 2)
        goal, yes = jnp.ones(1), jnp.bool_(True)
        stored = dictionary.write(stored, keys[i], goal, identities[i], yes, agent.config, (at,))
    actions = jnp.asarray([0, 1, 1, 1, 0])
    index = agent.neighbours(stored, seen, actions)
    left = agent.without_own(stored, index, seen, actions)
    # Of each action two are stored: 0 and 2, 1 and 3; the third was seen with the other one, the fifth is new.
    assert [(row >= 0).sum() for row in index] == [2] * 5
    assert [(row >= 0).sum() for row in left] == [1, 1, 2, 1, 2]
    np.testing.assert_array_equal(left[0][left[0] >= 0], [1])


def test_agents_that_do_not_suit_a_trainer_are_refused_in_a_sentence():
    with pytest.raises(UserError, match="'q_learning' cannot train a EpisodicValue, which has no 'logits'"):
        q_learning(TASK, lambda task, key: nec(task, NECConfig(), key), SHORT)
    with pytest.raises(UserError, match="'a2c' cannot train a QNetwork"):
        a2c(TASK, lambda task, key: q_network.make(task, NETWORK, key), A2CConfig())


def test_the_target_is_an_earlier_network_and_the_rate_falls_from_when_learning_begins():
    config = replace(SHORT, updates=13, target_period=1000)
    loop = q_learning(TASK, lambda task, key: q_network.make(task, NETWORK, key), config)
    state, _ = run(loop, KEY, config.updates)
    newborn = loop.init(jax.random.fold_in(KEY, 0)).agent
    np.testing.assert_array_equal(state.target.heads, newborn.heads)
    assert float(jnp.abs(state.agent.heads - newborn.heads).max()) > 0
    steps = jnp.asarray([0, 100, 300, 500, 5000])
    np.testing.assert_allclose(
        jax.vmap(lambda s: epsilon_at(s, SHORT, 100))(steps), [1, 1, 0.505, 0.01, 0.01], atol=1e-6
    )


def test_centred_rmsprop_on_a_mean_is_the_published_one_on_a_sum():
    config = replace(SHORT, optimizer="centred_rmsprop", learning_rate=1e-3, max_gradient=1e9)
    mean, published = config.optimizer_of, optax.rmsprop(1e-3, 0.95, 0.01, centered=True, eps_in_sqrt=True)
    slopes = jax.random.normal(KEY, (5, 3)) * 1e-3
    state, state_of_sum = mean.init(slopes[0]), published.init(slopes[0])
    for slope in slopes:
        step, state = mean.update(slope, state)
        expected, state_of_sum = published.update(config.batch * slope, state_of_sum)
        np.testing.assert_allclose(step, expected, rtol=1e-3)
    # The other rule moves far less where gradients are small.
    plain = replace(config, optimizer="rmsprop").optimizer_of
    assert float(jnp.abs(plain.update(slopes[0], plain.init(slopes[0]))[0]).max()) < 0.2 * float(
        jnp.abs(step).max()
    )


def test_a_replay_too_small_for_a_stack_of_frames_is_refused():
    config = replace(SHORT, lanes=2, slots=10, horizon=3, act=1, unroll=5)
    said = "slots is 10, 5 for each of 2 lanes, but transitions of 3 steps between stacks of 4 frames need 7 for each"
    network = replace(NETWORK, frames=4)
    with pytest.raises(UserError, match=said):
        q_learning(TASK, lambda task, key: q_network.make(task, network, key), config)


def test_a_life_without_slow_learning_is_the_interaction_alone():
    config = LivingConfig(updates=5, lanes=2, unroll=6)

    def newborn(task, key):
        return q_network.make(task, replace(NETWORK, epsilon=1.0), key)

    state, rows = run(living(TASK, newborn, config), KEY, 5)
    assert rows["episodes"].tolist() == [4.0] * 5
    assert 0.5 < float(rows["score"].sum() / 20) < 2.5
    assert state.lanes.percept.observation.dtype == jnp.bool_


@pytest.mark.parametrize("frames", [1, 3])
def test_networks_keep_their_promises(frames):
    class Grey(Pixel):
        observation_shape: ClassVar[tuple[int, ...]] = (4, 4)

        def shown(self, key):
            return jax.random.randint(key, (4, 4), 0, 255).astype(jnp.uint8)

        def step(self, state, action, key):
            state, timestep = super().step((state[0][..., None], *state[1:]), action, key)
            return state, timestep

    task = TASK if frames == 1 else Grey()
    agent = q_network.make(task, replace(NETWORK, frames=frames, dueling=True, atoms=5), KEY)
    trace = check_agent(agent, task, KEY)
    if frames == 3:
        # What the network saw when it acted is what the replay puts together of single frames.
        assert float(agent.means(agent.logits(jnp.zeros((4, 4, 3), jnp.uint8))).std()) >= 0
        assert trace.percept.observation.dtype == jnp.uint8


@pytest.mark.parametrize(
    ("make", "wrong", "said"),
    [
        (QLearningConfig, {"unroll": 10, "act": 3}, "act is 3, but it must divide unroll, 10"),
        (QLearningConfig, {"slots": 10, "horizon": 5}, "slots is 10, but 4 lanes"),
        (QLearningConfig, {"batch": 0}, "batch is 0"),
        (QLearningConfig, {"target_period": 0}, "target_period is 0"),
        (QNetworkConfig, {"encoder": "resnet"}, "encoder is 'resnet'"),
        (QNetworkConfig, {"atoms": 0}, "atoms is 0"),
        (EpisodicConfig, {"encoder": "resnet", "features": 2}, "encoder is 'resnet'"),
        (LivingConfig, {"lanes": 0}, "lanes is 0"),
    ],
)
def test_bad_settings_are_refused(make, wrong, said):
    with pytest.raises(UserError, match=said):
        make(**wrong)
