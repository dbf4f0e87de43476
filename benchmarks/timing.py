"""Contestants timed in turn, so that a busy moment of the machine falls on all of them alike."""

import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import NamedTuple


class Times(NamedTuple):
    """Seconds per call over the rounds of a race."""

    best: float
    median: float
    cores: float
    """Processors kept busy, on average over all rounds."""


def race(contestants: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Times]:
    """Call each contestant once unmeasured (it may compile), then once per round, in turn.

    Every call must have finished its work when it returns.
    """
    walls: dict[str, list[float]] = {name: [] for name in contestants}
    busy = dict.fromkeys(contestants, 0.0)
    for call in contestants.values():
        call()
    for _ in range(rounds):
        for name, call in contestants.items():
            began, began_busy = time.perf_counter(), time.process_time()
            call()
            walls[name].append(time.perf_counter() - began)
            busy[name] += time.process_time() - began_busy
    return {name: Times(min(wall), median(wall), busy[name] / sum(wall)) for name, wall in walls.items()}
