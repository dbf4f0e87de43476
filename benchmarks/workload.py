"""The work that is timed: A2C over whole episodes of the two-armed bandit, exactly as `fastslow train` runs it."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array

from fastslow.agents import recurrent
from fastslow.agents.agent import Agent
from fastslow.agents.recurrent import RecurrentAgent, RecurrentConfig
from fastslow.loop import Loop, seed_keys
from fastslow.networks import lstm
from fastslow.runs import driver
from fastslow.tasks.bandit import IndependentBandit
from fastslow.tasks.task import Task
from fastslow.timestep import Output, Percept
from fastslow.training.actor_critic import A2CConfig, a2c

TASK = IndependentBandit()
STEPS = TASK.episode_steps
UNITS, LANES = 48, 128


class PlainAgent(RecurrentAgent):
    """The same agent, learning by JAX's derivative of a plain scan: the baseline of the fused gradient."""

    def relive(self, percepts: Percept, output: Output) -> tuple[Array, Array]:
        lanes = percepts.first.shape[1]
        start = jax.tree.map(lambda x: jnp.broadcast_to(x, (lanes, *x.shape)), self.core.initial)
        activity = lstm.forward(self.core, start, self.inputs(percepts), percepts.first)
        return self.read_out(activity.h)


def make_agent(task: Task, key: Array, units: int = UNITS, plain: bool = False) -> Agent:
    agent = recurrent.make(task, RecurrentConfig(units=units), key)
    if not plain:
        return agent
    return PlainAgent(**{field.name: getattr(agent, field.name) for field in fields(agent)})


def make_loop(units: int = UNITS, lanes: int = LANES, plain: bool = False) -> Loop:
    """The training loop; all else as the defaults of A2C."""
    return a2c(TASK, partial(make_agent, units=units, plain=plain), A2CConfig(lanes=lanes))


def all_cores() -> tuple[int, ...]:
    """As many seeds as JAX has CPU devices: one a core."""
    return tuple(range(jax.device_count()))


def training(
    loop: Loop, updates: int, seeds: Sequence[int] | None = None, one_device: bool = False
) -> Callable[[], None]:
    """A function that trains on for `updates` updates, as the driver does it.

    `seeds`: `None` one seed on one device; else shared out over the devices, or with `one_device` all on one.
    """
    compiled = (
        in_turn(loop, tuple(seeds or (0,))) if one_device else driver.program(loop, seeds and tuple(seeds))
    )
    key, now = jax.random.key(0), {"state": None, "done": 0}
    now["state"] = compiled.start(key)

    def go_on() -> None:
        chunk = compiled.chunk(now["state"], key, jnp.int32(now["done"]), jnp.int32(updates))
        now["state"], now["done"] = jax.block_until_ready(chunk).state, now["done"] + updates

    return go_on


def in_turn(loop: Loop, seeds: tuple[int, ...]) -> driver.Program:
    """Like `driver.program`, with all seeds on one device, one after the other."""

    def keys(key: Array) -> Array:
        return seed_keys(key, jnp.asarray(seeds, jnp.uint32))

    def chunk(state, key, first, count):
        def one(lane):
            return driver.take_updates(loop, *lane, first, count)

        return jax.lax.map(one, (state, keys(key)))

    start = jax.jit(lambda key: jax.lax.map(partial(driver.start, loop), keys(key)))
    return driver.Program(start, jax.jit(chunk, donate_argnums=0))
