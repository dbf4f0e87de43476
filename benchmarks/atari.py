"""Atari's emulator inside our compiled loop beside the emulator alone; frames/s over lanes."""

import os

import jax
import numpy as np

from benchmarks.table import Row
from benchmarks.timing import race
from fastslow.agents.interaction import interaction
from fastslow.agents.uniform import uniform
from fastslow.loop import run
from fastslow.tasks import emulator
from fastslow.tasks.atari import Atari
from fastslow.tasks.emulator import REPEAT

TITLE = "Atari: chance plays Pong in the compiled loop, beside the emulator alone"
LANES = (1, 8, 16)


def measure(short: bool) -> list[Row]:
    rounds, actions = (2, 160) if short else (8, 3200)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    task = Atari("pong", threads=cores)
    return [row for lanes in LANES for row in beside_the_emulator(task, lanes, actions // lanes, rounds)]


def beside_the_emulator(task: Atari, lanes: int, steps: int, rounds: int) -> list[Row]:
    """`steps` steps of `lanes` games: ours compiled, the emulator's from Python; both by chance."""
    loop = interaction(uniform(task), task, lanes)
    program = jax.jit(lambda state, key: run(loop, key, steps, state)[0])
    lived = jax.jit(loop.init)(jax.random.key(0))
    alone = emulator.build(task.worlds(lanes).setup)
    alone.reset(seed=0)
    draw = np.random.default_rng(0)

    def ours() -> None:
        nonlocal lived
        lived = jax.block_until_ready(program(lived, jax.random.key(int(draw.integers(1 << 31)))))

    def theirs() -> None:
        for actions in draw.integers(0, task.actions, (steps, lanes), dtype=np.int32):
            alone.step(actions)

    spent = race({"loop": ours, "emulator": theirs}, rounds)
    frames, group = REPEAT * steps * lanes, f"{lanes} lanes, {task.threads} threads"
    rows = [
        Row(
            "compiled loop / emulator alone",
            spent["loop"].best / spent["emulator"].best,
            "x",
            spent["loop"].median / spent["emulator"].median,
            at_most=1.2,
            note=f"{spent['loop'].cores:.1f} cores busy",
            group=group,
        )
    ]
    for name in ("loop", "emulator"):
        rows.append(
            Row(name, frames / spent[name].best, "frames/s", frames / spent[name].median, group=group)
        )
    return rows
