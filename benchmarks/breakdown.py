"""Where the time of an update goes: nested parts, each timed whole, so that their differences are the shares.

One device, one seed. From the core alone to all that the driver does, every part holds the one before it.
"""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
from jax import Array

from benchmarks import kernel
from benchmarks.table import Row
from benchmarks.timing import race
from benchmarks.workload import LANES, STEPS, TASK, UNITS, make_agent, make_loop, training
from fastslow.agents.agent import Agent
from fastslow.agents.interaction import interaction
from fastslow.agents.recurrent import RecurrentAgent
from fastslow.agents.uniform import uniform
from fastslow.loop import run
from fastslow.networks import lstm
from fastslow.tasks.task import Task, Variable, opening, outcome
from fastslow.timestep import TimeStep
from fastslow.training.actor_critic import A2CConfig, a2c_loss
from fastslow.training.rollout import bootstrap_values, return_targets

TITLE = f"Where the time of an update goes ({UNITS} units, {LANES} lanes, {STEPS} steps, one device)"
CONFIG = A2CConfig(lanes=LANES)


class Idle(Task):
    """The bandit's shapes without a world behind them: what acting costs by itself."""

    variant: ClassVar[str] = "no world"
    cite: ClassVar[tuple[str, ...]] = ()
    trial_variables: ClassVar[tuple[Variable, ...]] = ()

    observation_shape: ClassVar[tuple[int, ...]] = (0,)
    actions: ClassVar[int] = TASK.actions
    episode_steps: ClassVar[int] = STEPS

    def sample(self, key: Array) -> tuple[()]:
        return ()

    def start(self, problem: tuple[()], key: Array) -> tuple[Array, TimeStep]:
        return jnp.int32(0), opening(jnp.zeros(0), {})

    def step(self, state: Array, action: Array, key: Array) -> tuple[Array, TimeStep]:
        return state + 1, outcome(jnp.zeros(0), jnp.float32(0), state + 1 >= STEPS, {})


def repeated(step: Callable, state, times: int) -> Callable[[], None]:
    """`step(state, key) -> (state, output)` `times` over; the output is carried, so that it must be computed.

    Like the driver's, the loop's length is an input: XLA compiles the body otherwise where it knows the length.
    """

    def many(state, output, times):
        def again(i, carry):
            return step(carry[0], jax.random.fold_in(jax.random.key(1), i))

        return jax.lax.fori_loop(0, times, again, (state, output))

    shapes = jax.eval_shape(step, state, jax.random.key(0))[1]
    blank = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), shapes)
    compiled = jax.jit(many)
    return lambda: jax.block_until_ready(compiled(state, blank, jnp.int32(times)))


def core_forward(agent: RecurrentAgent, inputs: Array, first: Array) -> Callable:
    """The core over given inputs, its activity recorded."""

    def step(state: lstm.LSTMState, key: Array):
        activity = lstm.forward(agent.core, state, inputs, first)
        return lstm.LSTMState(activity.h[-1], activity.c_before[-1]), activity

    return step


def acting(agent: Agent, task: Task) -> Callable:
    """An episode of all lanes; the trace is the output."""

    def step(lanes, key: Array):
        return run(interaction(agent, task, LANES), key, STEPS, lanes)

    return step


def learning(agent: RecurrentAgent, gradient: bool) -> Callable:
    """Acting, the returns, and with `gradient` that of the loss."""

    def step(lanes, key: Array):
        act_key, bootstrap_key = jax.random.split(key)
        lanes, trace = acting(agent, TASK)(lanes, act_key)
        goal = return_targets(
            trace, bootstrap_values(agent, lanes, bootstrap_key), CONFIG.gamma, CONFIG.lambda_
        )
        if not gradient:
            return lanes, (trace, goal)
        loss = partial(a2c_loss, value_weight=CONFIG.value_weight, entropy_weight=CONFIG.entropy_weight)
        return lanes, (trace.reward, jax.grad(lambda agent: loss(agent, trace, goal)[0])(agent))

    return step


def measure(short: bool) -> list[Row]:
    times, rounds = (2, 3) if short else (8, 20)
    key = jax.random.key(0)
    agent = make_agent(TASK, key)
    given = kernel.problem(key, UNITS, LANES, STEPS)
    inputs, first = given.drives[..., :-1], jnp.zeros((STEPS, LANES), bool).at[0].set(True)
    start = jax.tree.map(lambda x: jnp.broadcast_to(x, (LANES, *x.shape)), agent.core.initial)
    lanes = interaction(agent, TASK, LANES).init(key)
    idle = Idle()
    chance = uniform(TASK)
    loop = make_loop()
    nested = {
        "core forward, activity kept": repeated(core_forward(agent, inputs, first), start, times),
        "heads, choice, keys of lanes": repeated(
            acting(agent, idle), interaction(agent, idle, LANES).init(key), times
        ),
        "world": repeated(acting(agent, TASK), lanes, times),
        "returns": repeated(learning(agent, gradient=False), lanes, times),
        "gradient": repeated(learning(agent, gradient=True), lanes, times),
        "optimiser, metrics": repeated(loop.step, loop.init(key), times),
        "driver: finite check, rows": training(loop, times),
    }
    beside = {
        "world, choices by chance": repeated(
            acting(chance, TASK), interaction(chance, TASK, LANES).init(key), times
        ),
    } | {
        f"kernel, {name}": repeated(
            lambda weights, _, variant=variant: (
                weights - 1e-3 * kernel.gradient(given._replace(weights=weights), variant),
                (),
            ),
            given.weights,
            times,
        )
        for name, variant in kernel.VARIANTS.items()
    }
    spent = race(nested | beside, rounds)
    whole = spent["driver: finite check, rows"].best
    rows, before = [], (0.0, 0.0)
    for name in nested:
        best, middle = spent[name].best, spent[name].median
        share, note = (
            best - before[0],
            f"{(best - before[0]) / whole:.0%}; all so far {1e3 * best / times:.3g} ms",
        )
        rows.append(
            Row(
                name,
                1e3 * share / times,
                "ms",
                1e3 * (middle - before[1]) / times,
                note=note,
                group="an update",
            )
        )
        before = (best, middle)
    rows += [
        Row(
            name,
            1e3 * spent[name].best / times,
            "ms",
            1e3 * spent[name].median / times,
            group="for comparison",
        )
        for name in beside
    ]
    acted = spent["world"]
    steps = times * LANES * STEPS
    return [
        *rows,
        Row("acting alone", steps / acted.best, "steps/s", steps / acted.median, group="for comparison"),
    ]
