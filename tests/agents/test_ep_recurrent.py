"""The episodic agent: its memory against a plain Python one, its unrolls against how it acted, and what it refuses."""

import re
from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.agents import ep_recurrent
from fastslow.agents.ep_recurrent import EpRecurrentConfig, ablated, without
from fastslow.agents.interaction import interaction
from fastslow.errors import UserError
from fastslow.loop import run
from fastslow.networks.lstm import LSTMState
from fastslow.tasks.bandit import IndependentBandit
from fastslow.tasks.barcode_bandits import barcode_bandits
from fastslow.tasks.compositional_bandits import CompositionalBandits
from fastslow.timestep import Cue

TASK = barcode_bandits(arms=3, pulls=2, contexts=4, exposures=3, bits=3)
# So few steps are lived that compiling is what takes time.
quick_jit = partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
STEPS = TASK.episode_steps
LANES = 3


def lived(config, episodes=2, task=TASK):
    """An agent, and how it lived `[step lane ...]`."""
    agent = ep_recurrent.make(task, config, jax.random.key(1))
    # An initial state that is not zero: it must be started from.
    agent = jax.tree.map(lambda x: x + 0.05, agent)
    return agent, live(agent, task, episodes)


def live(agent, task=TASK, episodes=2):
    loop = interaction(agent, task, LANES)
    return quick_jit(lambda: run(loop, jax.random.key(5), episodes * task.episode_steps))()[1]


@pytest.fixture(scope="module")
def few():
    """A memory with room for two states, of which two are weighed."""
    return lived(EpRecurrentConfig(units=4, capacity=2, neighbours=2))


@pytest.fixture(scope="module")
def gated():
    return lived(EpRecurrentConfig(units=4))


def of_lane(trace, lane):
    return jax.tree.map(lambda x: np.asarray(x[:, lane]), (trace.percept, trace.output, trace.last))


def remembered(config, percepts, cells):
    """What a list of (number, key, cell state) gives at each step: state, number and cosine of the nearest."""
    memory, count, given = [], 0, []
    for time, first in enumerate(percepts.first):
        if first:
            memory, count = [], 0
        cue = jax.tree.map(lambda x, time=time: x[time], percepts.cue)
        key = cue.context[0] / np.linalg.norm(cue.context[0])
        ranked = sorted(memory, key=lambda one: (round(-float(one[1] @ key), 5), -one[0]))
        near = ranked[: config.neighbours]
        distance = np.array([((key - k) ** 2).sum() for _, k, _ in near])
        weights = 1 / (1 + distance / config.scale) if config.neighbours > 1 else np.ones(len(near))
        state = sum(w * c for w, (_, _, c) in zip(weights / max(weights.sum(), 1e-9), near, strict=True))
        which, cosine = (near[0][0], near[0][1] @ key) if near else (-1, 0.0)
        given.append((np.zeros(len(cells[0])) + state, which, cosine))
        if cue.store:
            memory = [*memory, (count, key, cells[time])][-config.capacity :]
            count += 1
    return [np.stack(one) for one in zip(*given, strict=True)]


@pytest.mark.parametrize("which", ["few", "gated"])
def test_what_is_recalled_is_what_a_plain_list_gives(which, request):
    agent, trace = request.getfixturevalue(which)
    for lane in range(LANES):
        percepts, output, _ = of_lane(trace, lane)
        activity = output.probes["activity"]
        i, f, _, r, candidate = np.split(activity.gates, 5, axis=-1)
        recollection = output.probes["recollection"]
        cells = f * activity.c_before + i * candidate + r * np.tanh(recollection.state[:, 0])
        state, number, cosine = remembered(agent.config, percepts, cells)
        np.testing.assert_array_equal(output.probes["recalled"], number)
        np.testing.assert_allclose(output.probes["recalled_similarity"], cosine, atol=1e-5)
        np.testing.assert_allclose(recollection.state[:, 0], state, atol=1e-5)
        assert number.max() > agent.config.capacity or which == "gated"


def test_a_context_never_seen_recalls_the_nearest_and_a_known_one_its_own_latest(gated):
    _, trace = gated
    _, output, _ = of_lane(trace, 0)
    trial = jax.tree.map(lambda x: np.asarray(x[:STEPS, 0]), trace.trial)
    number, cosine = output.probes["recalled"][:STEPS], output.probes["recalled_similarity"][:STEPS]
    new, known = trial["exposure"] == 1, trial["exposure"] > 1
    later = trial["exposure_order"] > 0
    assert (number[new & ~later] == -1).all() and (number[new & later] >= 0).all()
    assert (cosine[new] < 1 - 1e-3).all()
    np.testing.assert_allclose(cosine[known], 1, atol=1e-6)
    order = trial["context"][:: TASK.task.pulls + 1]
    for place, given in zip(trial["exposure_order"][known], number[known], strict=True):
        assert given == max(at for at in range(place) if order[at] == order[place])


@pytest.mark.parametrize(
    "config",
    [
        EpRecurrentConfig(units=4),
        EpRecurrentConfig(units=4, core="gru", recall="input", restart=False),
        EpRecurrentConfig(units=4, recall="none"),
    ],
    ids=["gate", "input", "none"],
)
def test_unroll_and_relive_are_how_it_acted(config):
    """Over two episodes: what is stored in the first is gone in the second."""
    agent, trace = lived(config)
    start = jax.vmap(lambda key: agent.begin_episode(agent.init_state(key)))(
        jax.random.split(jax.random.key(0), LANES)
    )

    def total(way):
        logits, values = way
        return (logits**2).sum() + values.sum()

    ways = {
        "unroll": lambda agent: agent.unroll(start, trace.percept),
        "relive": lambda agent: agent.relive(trace.percept, trace.output),
    }
    for way in ways.values():
        logits, values = quick_jit(way)(agent)
        np.testing.assert_allclose(logits, trace.output.logits, atol=1e-5)
        np.testing.assert_allclose(values, trace.output.value, atol=1e-5)
    one, other = (
        quick_jit(jax.grad(lambda agent, way=way: total(way(agent))))(agent) for way in ways.values()
    )
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        assert float(jnp.abs(b).max()) > 0
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_a_task_begins_with_the_initial_activity_and_without_a_last_action(gated):
    agent, trace = gated
    begins = np.asarray(trace.percept.cue.begins)
    before = trace.output.probes["activity"].c_before[begins]
    np.testing.assert_allclose(before, np.broadcast_to(agent.core.initial.c, before.shape))
    seen = agent.inputs(trace.percept)[begins]
    assert not np.any(seen[:, TASK.observation_shape[0] :])
    agent, trace = lived(EpRecurrentConfig(units=4, restart=False, recall="none"), 1)
    later = begins[:STEPS] & (np.arange(STEPS) > 0)[:, None]
    before = trace.output.probes["activity"].c_before[later]
    assert float(np.abs(np.asarray(before) - np.asarray(agent.core.initial.c)).max()) > 1e-2


def test_a_lesion_is_a_memory_that_gives_nothing_and_can_be_undone(gated):
    agent, trace = gated
    lesioned = ablated(agent)
    without = live(lesioned)
    assert not np.any(without.output.probes["recollection"].state)
    assert not np.any(without.output.probes["gate"]) and np.all(without.output.probes["recalled"] == -1)
    assert ablated(lesioned, False).config == agent.config
    # The first task of an episode, when nothing is stored, is met alike.
    first = slice(0, TASK.task.pulls + 1)
    np.testing.assert_allclose(without.output.logits[first], trace.output.logits[first], atol=1e-6)
    assert float(np.abs(without.output.logits - trace.output.logits).max()) > 1e-3


def test_gradients_reach_no_stored_state(gated):
    """The gradient is that of a scan in which what was recalled is a constant."""
    agent, trace = gated
    recalled = trace.output.probes["recollection"].state[:STEPS]
    percepts = jax.tree.map(lambda x: x[:STEPS], trace.percept)
    output = jax.tree.map(lambda x: x[:STEPS], trace.output)

    def plainly(agent):
        start = jax.tree.map(lambda x: jnp.broadcast_to(x, (LANES, *x.shape)), agent.core.initial)
        rules, _ = ep_recurrent.EPISODIC["lstm"]
        x, begins = agent.inputs(percepts), agent.begins(percepts)
        return agent.read_out(rules.forward(agent.core, start, x, begins, recalled).h)[1].sum()

    ours = jax.grad(lambda agent: agent.relive(percepts, output)[1].sum())(agent)
    theirs = jax.grad(plainly)(agent)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


def test_what_cannot_be_is_refused_in_a_sentence():
    with pytest.raises(UserError, match=r"IndependentBandit gives no context .* wrap it in Recurring"):
        ep_recurrent.make(IndependentBandit(), EpRecurrentConfig(), jax.random.key(0))
    plain = EpRecurrentConfig(units=3, recall="none", restart=False)
    assert ep_recurrent.make(IndependentBandit(), plain, jax.random.key(0)).config == plain
    for fault, words in (
        ({"capacity": 0}, "capacity is 0"),
        ({"neighbours": 0}, "neighbours is 0"),
        ({"scale": 0.0}, "scale is 0"),
    ):
        with pytest.raises(UserError, match=words):
            replace(EpRecurrentConfig(), **fault)


def test_more_neighbours_than_slots_are_as_many_as_there_are():
    assert EpRecurrentConfig(neighbours=9, capacity=4).rules.neighbours == 4


def test_parts_of_a_context_can_be_lost_and_the_others_still_recall():
    task = CompositionalBandits(combine="grid", levels=2, codes=2, pulls=2, bits=2)
    agent = ep_recurrent.make(task, EpRecurrentConfig(units=4, capacity=4), jax.random.key(1))
    yes = jnp.bool_(True)
    cue = Cue(jnp.array([[1.0, 1.0], [1.0, -1.0]]), yes, yes, yes)

    @quick_jit
    def recalled(agent):
        memory = agent.init_state(jax.random.key(0)).memory
        return agent.recollect(agent.store(memory, cue, LSTMState(jnp.zeros(4), jnp.arange(4.0))), cue)

    for lost, which in (((), [0, 0]), ((0,), [-1, 0]), ((0, 1), [-1, -1])):
        given, there = recalled(without(agent, *lost)), np.array(which) + 1.0
        assert given.which.tolist() == which
        np.testing.assert_allclose(given.state, there[:, None] * np.arange(4.0))
        np.testing.assert_allclose(given.similarity, there, rtol=1e-6)
        assert without(agent, *lost).kept.tolist() == there.tolist()
    assert without(without(agent, 0)).config == agent.config
    with pytest.raises(UserError, match="lost has 2, but contexts of CompositionalBandits have 2 parts"):
        ep_recurrent.make(task, EpRecurrentConfig(lost=(2,)), jax.random.key(1))
    with pytest.raises(UserError, match="lost is -1"):
        EpRecurrentConfig(lost=(-1,))


def test_no_step_copies_the_memory():
    """What is read must be told to be read first, or the compiler keeps a copy of the keys from before the writing."""
    agent = ep_recurrent.make(TASK, EpRecurrentConfig(units=4, capacity=77), jax.random.key(1))
    loop = interaction(agent, TASK, LANES)
    program = quick_jit(lambda state: run(loop, jax.random.key(5), 4, state), donate_argnums=0)
    text = program.lower(jax.eval_shape(loop.init, jax.random.key(5))).compile().as_text()
    of_steps = text[: text.index("ENTRY")]
    assert re.search(rf"f32\[{LANES},1,77,\d+\]", of_steps)
    assert not re.findall(rf"= \w+\[{LANES},1,77,\d+\]\S* copy\(", of_steps)
