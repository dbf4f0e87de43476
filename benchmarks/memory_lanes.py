"""Training with a memory in every lane beside training without: barcode bandits, A2C, 128 lanes.

What a step costs more where there is room for more is held against one bare pass over the keys at every step, which no
search of all of them can do without.
"""

from collections.abc import Callable, Sequence
from functools import partial

import jax

from benchmarks.table import Row
from benchmarks.timing import race
from benchmarks.workload import LANES, all_cores, training
from fastslow.agents import ep_recurrent
from fastslow.agents.ep_recurrent import EpRecurrentConfig
from fastslow.loop import Loop, map_seeds
from fastslow.tasks.barcode_bandits import barcode_bandits
from fastslow.training.actor_critic import A2CConfig, a2c

TITLE = "A memory in every lane: training the episodic LSTM beside the plain one, 128 lanes"
TASK = barcode_bandits()
UNROLL = 110
"""Steps between updates: ten exposures."""
UNITS, CAPACITY = (24, 48), 100
CURVE = (16, 64, 256, 1024, 4096)
PUBLIC = 1270
"""Trials per second of a public epLSTM in PyTorch (24 units, one environment) on a core of the same kind."""


def make_loop(units: int, recall: str, capacity: int = CAPACITY) -> Loop:
    config = EpRecurrentConfig(units=units, recall=recall, capacity=capacity)

    def make_agent(task, key):
        return ep_recurrent.make(task, config, key)

    return a2c(TASK, make_agent, A2CConfig(lanes=LANES, unroll=UNROLL))


def keys_read(capacity: int, updates: int, seeds: Sequence[int]) -> Callable[[], None]:
    """A function that compares a context with all keys of every lane, as often as `updates` updates do, and no more."""
    code = TASK.bits
    lane = (len(seeds), LANES)
    keys = jax.random.normal(jax.random.key(0), (*lane, capacity, code))
    contexts = jax.random.normal(jax.random.key(1), (len(seeds), updates * UNROLL, LANES, code))

    def one(seed):
        keys, contexts = seed
        return jax.lax.scan(lambda none, x: (none, (keys @ x[..., None]).max((1, 2))), (), contexts)[1]

    read = jax.jit(lambda lanes: map_seeds(one, lanes, len(seeds)))
    return lambda: jax.block_until_ready(read((keys, contexts)))


def measure(short: bool) -> list[Row]:
    updates, rounds, seeds = (1, 2, (0,)) if short else (4, 10, all_cores())
    trials = len(seeds) * updates * LANES * UNROLL * TASK.task.pulls / (TASK.task.pulls + 1)
    run = partial(training, updates=updates, seeds=seeds)
    rows = []
    for units in UNITS[:1] if short else UNITS:
        spent = race({name: run(make_loop(units, name)) for name in ("none", "gate")}, rounds)
        rows.append(
            Row(
                f"with memory / without, rate at {units} units",
                spent["none"].best / spent["gate"].best,
                "x",
                spent["none"].median / spent["gate"].median,
                at_least=0.4,
                note=f"room for {CAPACITY} states a lane; {spent['gate'].cores:.1f} cores busy",
            )
        )
        rate = trials / spent["gate"].best
        rows.append(
            Row(
                f"{units} units, with memory",
                rate,
                "trials/s",
                trials / spent["gate"].median,
                at_least=50 * PUBLIC if units == UNITS[0] else None,
                note=f"{rate / PUBLIC:.0f} times the public {PUBLIC} trials/s",
            )
        )
    for capacity in CURVE[:2] if short else CURVE:
        bare = keys_read(capacity, updates, seeds)
        both = race({"": run(make_loop(UNITS[-1], "gate", capacity)), "bare": bare}, rounds)
        spent, passes = both[""], both[""].best / both["bare"].best
        rows.append(
            Row(
                f"room for {capacity} states a lane",
                trials / spent.best,
                "trials/s",
                trials / spent.median,
                note=f"{passes:.1f} times a bare pass over the keys; {spent.cores:.1f} cores busy",
                group=f"{UNITS[-1]} units, {len(seeds)} seeds on {jax.device_count()} devices",
            )
        )
    return rows
