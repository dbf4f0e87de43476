"""Seeds as lanes, and the rate over units and lanes: what the width of the work costs or saves."""

import jax

from benchmarks.table import Row
from benchmarks.timing import race
from benchmarks.workload import LANES, STEPS, UNITS, all_cores, make_loop, training

TITLE = "Seeds as lanes, and steps/s over units and lanes (training)"
SEEDS = 8
UNIT_CURVE = (16, 32, 48, 64, 128, 256, 512)
LANE_CURVE = (8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
WORK = 400_000
"""About so many steps at 48 units in one timed call, and fewer where a step costs more."""


def updates_for(lanes: int, units: int) -> int:
    """Updates that take some tenths of a second on a core."""
    cost = lanes * STEPS * max(1.0, (units / UNITS) ** 1.5)
    return max(1, min(200, round(WORK / cost)))


def measure(short: bool) -> list[Row]:
    return [*seeds_as_lanes(short), *curves(short)]


def seeds_as_lanes(short: bool) -> list[Row]:
    """Time per step of a seed, relative to one seed."""
    few = LANES // SEEDS
    shapes = {"one": (1, LANES), "as many lanes in all": (SEEDS, few), "as many lanes each": (SEEDS, LANES)}
    updates, rounds = (2, 3) if short else (16, 12)
    loops = {lanes: make_loop(lanes=lanes) for lanes in (LANES, few)}
    places = {"seeds shared out over the cores": False}
    if not short:
        places["all seeds on one device"] = True
    runs = {
        (place, shape): training(loops[lanes], updates, range(seeds), one_device)
        for place, one_device in places.items()
        for shape, (seeds, lanes) in shapes.items()
    }
    spent = race(runs, rounds)
    rows = []
    for place, one_device in places.items():
        one = spent[place, "one"]
        for shape, (seeds, lanes) in list(shapes.items())[1:]:
            many = spent[place, shape]
            per_step = LANES / (seeds * lanes)
            rows.append(
                Row(
                    f"{seeds} seeds x {lanes} lanes / 1 x {LANES}, time per seed-step",
                    per_step * many.best / one.best,
                    "x",
                    per_step * many.median / one.median,
                    at_most=1.3 if one_device else None,
                    note=f"{shape}; {many.cores:.1f} cores busy, one seed {one.cores:.1f}",
                    group=place,
                )
            )
    return rows


def curves(short: bool) -> list[Row]:
    """Steps per second, all cores at work on a seed each."""
    sizes = [(units, LANES) for units in (UNIT_CURVE[:3:2] if short else UNIT_CURVE)]
    sizes += [(UNITS, lanes) for lanes in (LANE_CURVE[:4:2] if short else LANE_CURVE) if lanes != LANES]
    seeds = all_cores()
    rows = []
    for units, lanes in sizes:
        updates = updates_for(lanes, units)
        run = {"": training(make_loop(units=units, lanes=lanes), updates, seeds)}
        # One size at a time: the widest needs gigabytes.
        spent = race(run, 1 if short else 8)[""]
        steps = len(seeds) * updates * lanes * STEPS
        rows.append(
            Row(
                f"{units} units, {lanes} lanes",
                steps / spent.best,
                "steps/s",
                steps / spent.median,
                note=f"{spent.cores:.1f} cores busy",
                group=f"{len(seeds)} seeds on {jax.device_count()} devices",
            )
        )
    return rows
