"""check_task passes what is shipped and what is honest, and catches every fault planted in a small world."""

import random
from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float

from fastslow.catalog import TASKS, load
from fastslow.errors import UserError
from fastslow.tasks import task as task_module
from fastslow.tasks.check import check_task
from fastslow.tasks.task import Task, Variable, opening, outcome, parameter

KEY = jax.random.key(7)
REMEMBERED = []


@pytest.mark.usefixtures("forgotten")
@pytest.mark.parametrize(
    "name", [name for name in TASKS if name != "atari"]
)  # which is outside JAX: test_atari.py
def test_every_registered_task_passes(name):
    alone = name in ("corridor", "gymnax", "minatar")  # one problem alone, whose episodes may be cut off
    table = check_task(load("task", name)(), KEY, 200 if not alone else 20, varied=not alone, truncates=alone)
    assert len(table["trial"]) >= (20 if alone else 200)


class WorldState(NamedTuple):
    side: Array
    time: Array


class World(Task):
    """A hidden side, eight guesses: what the faults are planted in. `adjust` is where."""

    p: Float[Array, "..."] = eqx.field(converter=parameter, default=0.9)

    variant: ClassVar[str] = "made for these tests"
    cite: ClassVar[tuple[str, ...]] = ()
    trial_variables: ClassVar[tuple[Variable, ...]] = (
        task_module.TRIAL,
        task_module.TRIAL_END,
        task_module.ACTION,
        task_module.REWARD,
        Variable("p_reward", "p of each side", "0 to 1"),
        task_module.VALID,
        task_module.REGRET,
    )
    observation_shape: ClassVar[tuple[int, ...]] = (1,)
    actions: ClassVar[int] = 2
    episode_steps: ClassVar[int] = 8

    def sample(self, key):
        return jax.random.bernoulli(key).astype(jnp.int32)

    def start(self, problem, key):
        state = WorldState(problem, jnp.int32(0))
        return state, opening(jnp.zeros(1), self.trial(state, jnp.int32(0), jnp.float32(0)))

    def trial(self, state, action, reward):
        p = jnp.where(jnp.arange(2) == state.side, self.p, 0.0)
        valid = (action == 0) | (action == 1)
        return {
            "trial": state.time,
            "trial_end": jnp.bool_(True),
            "action": jnp.where(valid, action, -1),
            "reward": reward,
            "p_reward": p,
            "valid": valid,
            "regret": jnp.where(action == state.side, 0.0, self.p),
        }

    def step(self, state, action, key):
        reward = ((action == state.side) & (jax.random.uniform(key) < self.p)).astype(jnp.float32)
        trial = self.trial(state, action, reward)
        state = WorldState(state.side, state.time + 1)
        return self.adjust(state, outcome(jnp.ones(1) * reward, reward, state.time >= 8, trial))

    def adjust(self, state, timestep):
        return state, timestep


def test_an_honest_world_passes_and_its_table_is_complete():
    table = check_task(World(), KEY, 100)
    assert set(table) == {variable.name for variable in World.trial_variables}
    assert table["p_reward"].shape == (len(table["trial"]), 2) and len(table["trial"]) >= 100
    assert (np.bincount(table["trial"]) == len(table["trial"]) // 8).all()


# Each fault: what is changed of an honest TimeStep, and words that the sentence must hold.
def at(time, value, honest):
    """`value` at the action number `time`, counted from 0; else as it was."""
    return lambda state, x: jnp.where(state.time == time + 1, value, getattr(x, honest))


def replaced(**changes):
    return lambda state, x: x._replace(**{name: change(state, x) for name, change in changes.items()})


def retold(**changes):
    return lambda state, x: x._replace(
        trial=x.trial | {name: change(state, x.trial) for name, change in changes.items()}
    )


def without(column):
    return lambda state, x: x._replace(trial={name: v for name, v in x.trial.items() if name != column})


OUTCOME_FAULTS = {
    "NaN reward at step 5": (
        replaced(reward=at(5, jnp.nan, "reward")),
        "reward that is not finite at step 5",
    ),
    "infinite observation": (replaced(observation=at(2, jnp.inf, "observation")), "observation .* step 2"),
    "observation of another shape": (
        replaced(observation=lambda s, x: jnp.zeros(2)),
        r"observation of shape \(2,\)",
    ),
    "observation of whole numbers": (
        replaced(observation=lambda s, x: jnp.zeros(1, jnp.int32)),
        "observation .* type int32",
    ),
    "reward of whole numbers": (replaced(reward=lambda s, x: jnp.int32(1)), "reward .* type int32"),
    "reward as a vector": (replaced(reward=lambda s, x: x.reward[None]), r"reward of shape \(1,\)"),
    "last as a float": (replaced(last=lambda s, x: x.discount), "last .* float32"),
    "never ends": (
        replaced(last=lambda s, x: jnp.bool_(False), discount=lambda s, x: jnp.float32(1)),
        "not over after episode_steps = 8",
    ),
    "ends too late": (
        replaced(last=lambda s, x: s.time >= 9, discount=lambda s, x: x.discount * 0 + 1),
        "not over",
    ),
    "gamma in the discount": (replaced(discount=lambda s, x: 0.9 * x.discount), "discount of 0.9 at step 0"),
    "discount 0 before the end": (replaced(discount=at(3, 0.0, "discount")), "discount 0 at step 3"),
    "true end with discount 1": (replaced(discount=lambda s, x: jnp.float32(1)), "at step 7 with discount 1"),
    "column missing": (without("regret"), "lacks 'regret'"),
    "column not declared": (retold(mood=lambda s, t: t["reward"]), "has 'mood'"),
    "column of another type than at the start": (retold(valid=lambda s, t: t["reward"]), "valid"),
    "column that is a matrix": (retold(regret=lambda s, t: jnp.zeros((2, 2))), r"'regret' of shape \(2, 2\)"),
    "action as a float": (retold(action=lambda s, t: t["reward"]), "'action' .* float32"),
    "NaN in a column": (
        retold(regret=lambda s, t: t["regret"] * jnp.nan),
        "'regret' that is not finite at step 0",
    ),
    "negative regret": (retold(regret=lambda s, t: -t["regret"]), "tabulates regret -0.89"),
    "probability above 1": (retold(p_reward=lambda s, t: t["p_reward"] * 2), "tabulates p_reward .*1.79"),
    "action that does not exist": (retold(action=lambda s, t: t["action"] + 1), "tabulates action 2"),
    "trials not counted": (retold(trial=lambda s, t: t["trial"] * 0), "ends trial 0 at step 1 out of turn"),
    "no trial ever complete": (retold(trial_end=lambda s, t: t["reward"] > 1), "without a completed trial"),
    "action out of range taken for another": (
        retold(action=lambda s, t: jnp.where(t["valid"], t["action"], 1)),
        "takes the action -1, which is out of range, for action 1",
    ),
    "action out of range called valid": (
        retold(valid=lambda s, t: t["valid"] | True),
        "calls the action -1 valid",
    ),
    "Python's generator": (replaced(reward=lambda s, x: x.reward * random.random()), "for the same problem"),
    "NumPy's generator": (
        replaced(observation=lambda s, x: x.observation + np.float32(np.random.rand())),
        "for the same problem",
    ),
    "Python if on a value": (lambda s, x: x if s.time > 4 else x._replace(reward=x.reward * 2), "inside jit"),
    "compiled otherwise than not": (
        replaced(reward=lambda s, x: x.reward * (2 if isinstance(s.time, jax.core.Tracer) else 1)),
        "compiled than not compiled",
    ),
}


@pytest.mark.parametrize("fault", OUTCOME_FAULTS)
def test_a_fault_in_the_outcome_is_caught(fault):
    change, words = OUTCOME_FAULTS[fault]

    class Faulty(World):
        def adjust(self, state, timestep):
            return state, change(state, timestep)

    with pytest.raises(UserError, match=words):
        check_task(Faulty(), KEY, 100)


def test_an_episode_that_is_cut_off_passes_if_that_is_meant():
    class CutOff(World):
        def adjust(self, state, timestep):
            return state, timestep._replace(discount=jnp.float32(1))

    check_task(CutOff(), KEY, 100, truncates=True)


def start_with(change):
    def start(self, problem, key):
        state, timestep = World.start(self, problem, key)
        return change(state, timestep)

    return start


@jax.custom_batching.custom_vmap
def one_alone(x):
    return x


@one_alone.def_vmap
def _(axis_size, in_batched, x):
    return x + 1.0, True


def remembering(state, timestep):
    """A side that outlives its episode: how often anything was begun leaks into what is seen."""
    REMEMBERED.append(1)
    return state, timestep._replace(observation=timestep.observation + float(len(REMEMBERED)))


CLASS_FAULTS = {
    "reward before any action": (
        {"start": start_with(lambda s, x: (s, x._replace(reward=jnp.float32(1))))},
        "start must give reward 0",
    ),
    "NaN before any action": (
        {"start": start_with(lambda s, x: (s, x._replace(observation=x.observation / 0)))},
        "start gives an observation that is not finite",
    ),
    "state of another type after a step": (
        {"adjust": lambda self, s, x: (s._replace(time=s.time * 1.0), x)},
        "time of shape .* float32",
    ),
    "state of another build": ({"adjust": lambda self, s, x: (tuple(s), x)}, "built otherwise"),
    "step returns three": ({"adjust": lambda self, s, x: (s, x, x)}, "must return a pair"),
    "start returns one": ({"start": start_with(lambda s, x: x)}, "must return a pair"),
    "state leaks over the reset": ({"start": start_with(remembering)}, "when an episode came between"),
    "batched otherwise than alone": (
        {"adjust": lambda self, s, x: (s, x._replace(reward=one_alone(x.reward)))},
        "in a batch than alone",
    ),
    "Python if on a field": (
        {"adjust": lambda self, s, x: (s, x) if self.p > 0.5 else (s, x._replace(reward=x.discount))},
        "inside jit, vmap or scan",
    ),
    "one problem for all keys": ({"sample": lambda self, key: jnp.int32(1)}, "same problem for 32 different"),
    "observation_shape as a number": ({"observation_shape": 1}, "observation_shape is 1"),
    "no actions": ({"actions": 0}, "actions is 0"),
    "fraction of a step": ({"episode_steps": 8.5}, "episode_steps is 8.5"),
    "a required column not declared": (
        {"trial_variables": World.trial_variables[1:]},
        "trial_variables lacks 'trial'",
    ),
    "a column declared twice": (
        {"trial_variables": (*World.trial_variables, task_module.REWARD)},
        "names a column twice",
    ),
    "a column declared by its bare name": ({"trial_variables": ("trial",)}, "not a Variable"),
}


@pytest.mark.parametrize("fault", CLASS_FAULTS)
def test_a_fault_in_the_class_is_caught(fault):
    members, words = CLASS_FAULTS[fault]
    faulty = type("Faulty", (World,), {"__module__": __name__} | members)()
    with pytest.raises(UserError, match=words):
        check_task(faulty, KEY, 100)


def test_one_problem_passes_if_that_is_meant():
    class Lone(World):
        def sample(self, key):
            return jnp.int32(1)

    check_task(Lone(), KEY, 100, varied=False)


def test_a_callback_with_a_memory_is_caught():
    calls = []

    def count(reward):
        calls.append(1)
        return np.float32(reward + len(calls))

    class Counting(World):
        def adjust(self, state, timestep):
            shape = jax.ShapeDtypeStruct((), jnp.float32)
            reward = jax.pure_callback(count, shape, timestep.reward, vmap_method="sequential")
            return state, timestep._replace(reward=reward)

    with pytest.raises(UserError, match="for the same problem"):
        check_task(Counting(), KEY, 100)


def test_a_field_that_is_no_array_is_caught():
    class Loose(World):
        rate: object = 0.5

    with pytest.raises(UserError, match="rate is a float, not an array"):
        check_task(Loose(), KEY, 100)


def test_a_static_field_that_cannot_be_hashed_is_caught():
    class Listed(World):
        sides: object = eqx.field(static=True, default_factory=list)

    with pytest.raises(UserError, match="cannot be hashed"):
        check_task(Listed(), KEY, 100)


def test_what_is_no_task_is_refused():
    with pytest.raises(UserError, match="given a dict, not a Task"):
        check_task({}, KEY)
