"""Learning Pong from the screen: neural episodic control and the deep Q-network beside the bare products of their
network.

Bare is what a gradient step cannot do without: the matrix products of the convolutions and of the layer after them,
forward and backward, for a batch of 32 (for the Q-network forward once more, for the target), in a program of their
own. Frames are the emulator's, four to a step; a gradient step is taken every 16. Published implementations, each
measured once on such a machine: Kaixhin/EC's NEC 209-228 frames/s at 20,000 keys per action and 3.4 at 500,000 (acting
and a fourth of a gradient step), CleanRL's DQN 270 on one thread.
"""

import os
from collections.abc import Callable
from dataclasses import replace

import jax
import jax.numpy as jnp
from jaxtyping import Array

from benchmarks.table import Row
from benchmarks.timing import race
from fastslow.experiments.atari import played
from fastslow.experiments.experiment import Condition
from fastslow.tasks.emulator import REPEAT

TITLE = "Atari: learning Pong from the screen, beside the bare products of the network"
BATCH = 32
SHAPES = ((400, 256, 32), (81, 512, 64), (49, 576, 64))
"""Places, inputs and filters of the convolutions of Mnih et al. 2015."""
PIXELS = 3136
"""Inputs of the layer after them."""
UNROLL = 40


def measure(short: bool) -> list[Row]:
    rounds, few, many = (2, 2000, 4000) if short else (5, 20_000, 500_000)
    rows = learner("nec", few, 4, rounds, at_least=None if short else 400)
    rows += learner("nec", many, 8, rounds, at_least=None if short else 60)
    return rows + learner("dqn", 0, 4, rounds, at_least=None if short else 1.3 * 270)


def learner(name: str, keys: int, lanes: int, rounds: int, at_least: float | None) -> list[Row]:
    """Frames/s of one learner, all of its `keys` in use, and its time beside the bare products'."""
    condition = played(name, "pong", 4_000_000, learn_from=400)
    trainer = replace(condition.trainer, lanes=lanes, unroll=UNROLL, passes=lanes // 4)
    if keys:
        condition = replace(condition, agent=replace(condition.agent, capacity=keys))
    step = lived(replace(condition, trainer=trainer), keys)
    bare = products(condition.agent.features or 512, twice=name == "dqn", steps=UNROLL * lanes // 4)
    spent = race({"learner": step, "bare": bare}, rounds)
    frames, cores = REPEAT * UNROLL * lanes, len(os.sched_getaffinity(0))
    group = f"{name}, {f'{keys:,} keys per action, ' if keys else ''}{lanes} lanes, {cores} cores"
    busy = f"{spent['learner'].cores:.1f} cores busy, load {os.getloadavg()[0]:.1f}"
    times = spent["learner"]
    median = times.median / spent["bare"].median
    return [
        Row(
            "frames/s",
            frames / times.best,
            "",
            frames / times.median,
            at_least=at_least,
            note=busy,
            group=group,
        ),
        Row("learner / bare products", times.best / spent["bare"].best, "x", median, group=group),
    ]


def lived(condition: Condition, keys: int) -> Callable[[], None]:
    """A round of a training that learns already, its memory full of keys about as far apart as they become."""
    loop = condition.loop()
    step = jax.jit(loop.step, donate_argnums=0)
    state = jax.jit(loop.init)(jax.random.key(0))
    if keys:
        held = state.lanes.agent_state
        stored = held.dictionaries
        drawn = 0.1 * jax.random.normal(jax.random.key(1), stored.keys.shape)
        full = stored._replace(keys=drawn, norms=(drawn**2).sum(-1), used=jnp.full_like(stored.used, keys))
        state = state._replace(lanes=state.lanes._replace(agent_state=held._replace(dictionaries=full)))
    number = 0

    def once() -> None:
        nonlocal state, number
        number += 1
        state, told = step(state, jax.random.fold_in(jax.random.key(2), number))
        jax.block_until_ready(told)

    while not number or int(state.learned) == 0:
        once()
    return once


def products(features: int, twice: bool, steps: int) -> Callable[[], None]:
    """The matrix products of so many gradient steps."""
    layers = [
        *((BATCH * places, inputs, filters) for places, inputs, filters in SHAPES),
        (BATCH, PIXELS, features),
    ]
    rows = [jnp.ones((m, k)) for m, k, _ in layers]
    weights = [jnp.ones((k, n)) for _, k, n in layers]
    changes = [jnp.ones((m, n)) for m, _, n in layers]

    @jax.jit
    def one(rows: list[Array], weights: list[Array], changes: list[Array]) -> list[Array]:
        out = [x @ w for x, w in zip(rows, weights, strict=True)]
        if twice:
            out += [x @ (w + 1) for x, w in zip(rows, weights, strict=True)]
        # A picture needs no gradient.
        out += [d @ w.T for w, d in zip(weights[1:], changes[1:], strict=True)]
        return out + [(d.T @ x).T for x, d in zip(rows, changes, strict=True)]

    def all_steps() -> None:
        for _ in range(steps):
            jax.block_until_ready(one(rows, weights, changes))

    return all_steps
