"""Every experiment's training beside the bare kernel of its own shapes: where does time go that no network explains?

The kernel stands for the network: as many inputs, units, lanes and steps, once per network and per pass over the
data (PPO passes over them several times, a share of the lanes at a time). What it leaves out is the world, acting,
heads and optimiser. The measure of all is `bandits`, the work that the other parts of the benchmark look into: nobody
may fall below half of its ratio. Agents that learn from replay or decide from a memory have their own parts,
`atari_learning` and `memory_lanes`.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax

from benchmarks import kernel
from benchmarks.learning import repeated
from benchmarks.table import Row
from benchmarks.timing import race
from benchmarks.workload import training
from fastslow import catalog
from fastslow.errors import UserError
from fastslow.experiments.experiment import Condition
from fastslow.networks import fast_weights, feedforward, gru, lstm

TITLE = "Training in each experiment (laptop preset) beside the bare kernel of its shapes, one device"
CORES = (lstm.LSTM, gru.GRU, feedforward.Feedforward, fast_weights.FastWeights)
MEASURE = "bandits"
NO_RECURRENCE = "one layer without memory, of less work than the kernel"
PICTURES = "pictures pass a convolution first, which is most of the work"


class Shape(NamedTuple):
    """What the kernel of a condition needs to know."""

    inputs: int
    units: int
    lanes: int
    """Lanes that go through the network at once."""
    steps: int
    passes: int
    """Times per update that so many lanes go forward and backward through a network."""


def shape_of(condition: Condition) -> Shape | None:
    """`None` where there is no such network as the kernel stands for."""
    agent = jax.eval_shape(
        lambda key: condition.make_agent(condition.task, condition.agent, key), jax.random.key(0)
    )
    leaves = jax.tree.leaves(agent, is_leaf=lambda part: isinstance(part, CORES))
    cores = [part for part in leaves if isinstance(part, CORES)]
    if not cores:
        return None
    trainer = condition.trainer
    shares = getattr(trainer, "minibatches", 1)
    return Shape(
        max(core.input.shape[0] for core in cores),
        condition.agent.units,
        trainer.lanes // shares,
        getattr(trainer, "unroll", 0) or condition.task.episode_steps,
        len(cores) * getattr(trainer, "epochs", 1) * shares,
    )


def conditions() -> dict[str, Condition]:
    """All conditions of the laptop presets with a kernel of their shapes that differ in more than the names or numbers
    of what they train on; those of `MEASURE` first. Experiments whose extra is not installed are left out."""
    kinds = {}
    for experiment in sorted(catalog.EXPERIMENTS, key=lambda name: name != MEASURE):
        whole = catalog.load("experiment", experiment)
        try:
            found = whole.conditions(whole.config("laptop"))
        except UserError as error:
            print(f"battery, without {experiment}: {error}")
            continue
        for name, condition in found.items():
            shape = shape_of(condition)
            if shape is not None:
                kind = (experiment, type(condition.task), condition.make_trainer, shape)
                kinds.setdefault(kind, (f"{experiment}, {name}", condition))
    return dict(kinds.values())


def note(condition: Condition) -> str:
    """Why a condition is not held to the bound, if it is not."""
    if getattr(condition.agent, "encoder", "none") != "none":
        return PICTURES
    return NO_RECURRENCE if getattr(condition.agent, "core", "") == "feedforward" else ""


def kernel_of(shape: Shape) -> Callable[[], None]:
    """One update's share of the kernel."""
    given = kernel.problem(jax.random.key(0), shape.units, shape.lanes, shape.steps, shape.inputs)
    return repeated(partial(kernel.descend, variant=kernel.Variant()), given, shape.passes, cores=1)


def measure(short: bool) -> list[Row]:
    rows: list[Row] = []
    least = None
    for name, condition in conditions().items():
        shape = shape_of(condition)
        contestants = {"kernel": kernel_of(shape), "training": training(condition.loop(), 1)}
        spent = race(contestants, rounds=3 if short else 10)
        value = spent["kernel"].best / spent["training"].best
        if least is None:
            least = value / 2
        told = f"{condition.steps_per_update / spent['training'].best:,.0f} steps/s; {shape.inputs} inputs, "
        told += f"{shape.units} units, {shape.passes} x {shape.lanes} lanes"
        why = note(condition)
        rows.append(
            Row(
                name,
                value,
                "x",
                spent["kernel"].median / spent["training"].median,
                at_least=None if why else round(least, 3),
                note="; ".join(part for part in (told, why) if part),
            )
        )
        jax.clear_caches()
    return rows
