"""Training beside the bare kernel (the limit) and beside JAX's derivative of a plain scan (the baseline)."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax import Array

from benchmarks import kernel
from benchmarks.table import Row
from benchmarks.timing import race
from benchmarks.workload import LANES, STEPS, UNITS, all_cores, make_loop, training
from fastslow.loop import map_seeds
from fastslow.networks import lstm

TITLE = f"Training, {UNITS} units, {LANES} lanes, {STEPS}-step episodes, learning included"
SIDE = 1024
"""Of the square matrices whose product stands for what the machine can do."""


def repeated(work: Callable, given, times: int, cores: int) -> Callable[[], None]:
    """`work(given, times)` on one device (`cores` 1), or a copy of it on each, as seeds are shared out.

    Like the driver's, the loop's length is an input: XLA compiles the body otherwise where it knows the length.
    """
    if cores == 1:
        compiled = jax.jit(work)
    else:
        compiled = jax.jit(lambda given, times: map_seeds(lambda each: work(each, times), given, cores))
        given = jax.tree.map(lambda x: jnp.stack([x] * cores), given)
    return lambda: jax.block_until_ready(compiled(given, jnp.int32(times)))


def products(matrix: Array, times: Array) -> Array:
    return jax.lax.fori_loop(0, times, lambda _, a: a @ matrix, matrix)


def unrolls(given: tuple, times: Array, unroll: Callable) -> lstm.LSTM:
    """Gradients of fastslow's own network over the kernel's inputs, `times` over."""
    network, inputs, first, dh = given
    start = jax.tree.map(lambda x: jnp.broadcast_to(x, (inputs.shape[1], *x.shape)), network.initial)

    def step(_, network):
        gradient = jax.grad(lambda network: (unroll(network, start, inputs, first) * dh).sum())(network)
        return jax.tree.map(lambda w, d: w - 1e-3 * d, network, gradient)

    return jax.lax.fori_loop(0, times, step, network)


def contestants(cores: int, times: int) -> dict[str, Callable[[], None]]:
    """Each does `times` updates of `cores` seeds."""
    given = kernel.problem(jax.random.key(0), UNITS, LANES, STEPS)
    network = lstm.LSTM(kernel.INPUTS, UNITS, jax.random.key(1))
    first = jnp.zeros((STEPS, LANES), bool).at[0].set(True)
    same = (network, given.drives[..., :-1], first, given.dh)
    matrix = jax.random.normal(jax.random.key(2), (SIDE, SIDE)) / SIDE**0.5
    seeds = None if cores == 1 else all_cores()
    runs = {
        name: repeated(partial(kernel.descend, variant=variant), given, times, cores)
        for name, variant in kernel.VARIANTS.items()
    }
    return runs | {
        "product": repeated(products, matrix, times, cores),
        "fused": repeated(partial(unrolls, unroll=lstm.unroll), same, times, cores),
        "plain": repeated(partial(unrolls, unroll=lambda *a: lstm.forward(*a).h), same, times, cores),
        "training": training(make_loop(), times, seeds),
        "plain training": training(make_loop(plain=True), times, seeds),
    }


def measure(short: bool) -> list[Row]:
    kernel.check_gradient()
    rows: list[Row] = []
    arrangements = [(1, "one device")]
    if jax.device_count() > 1 and not short:
        arrangements.append((jax.device_count(), "all cores"))
    for cores, name in arrangements:
        rows += compared(cores, name, times=4 if short else 8, rounds=5 if short else 20)
    return rows


def compared(cores: int, arrangement: str, times: int, rounds: int) -> list[Row]:
    """The rows of one arrangement."""
    times_of = race(contestants(cores, times), rounds)
    fastest = min(kernel.VARIANTS, key=lambda name: times_of[name].best)
    steps = cores * times * LANES * STEPS
    work = cores * times * kernel.operations(kernel.problem(jax.random.key(0), UNITS, LANES, STEPS))
    multiplied = cores * times * 2.0 * SIDE**3

    def rate(what: str, name: str, amount: float, unit: str, note: str = "") -> Row:
        spent = times_of[name]
        note = f"{note}{', ' * bool(note)}{spent.cores:.1f} cores busy"
        return Row(what, amount / spent.best, unit, amount / spent.median, note=note, group=arrangement)

    def ratio(what: str, name: str, to: str, scale: float = 1.0, **target) -> Row:
        a, b = times_of[name], times_of[to]
        return Row(
            what, scale * b.best / a.best, "x", scale * b.median / a.median, group=arrangement, **target
        )

    per_product = work / multiplied
    return [
        *(rate(f"kernel, {name}", name, steps, "steps/s") for name in kernel.VARIANTS),
        rate("kernel", fastest, work / 1e9, "GFLOP/s", fastest),
        rate(f"product of {SIDE} x {SIDE} matrices", "product", multiplied / 1e9, "GFLOP/s"),
        ratio("kernel / product, in GFLOP/s", fastest, "product", per_product, at_least=0.2),
        rate("training", "training", steps, "steps/s"),
        ratio("training / kernel", "training", fastest, at_least=0.45),
        rate("fused unroll", "fused", steps, "steps/s", "the network's own, on the kernel's inputs"),
        rate("plain unroll", "plain", steps, "steps/s", "a scan differentiated by JAX"),
        ratio("fused / plain unroll", "fused", "plain", at_least=1.0),
        rate("training, plain unroll", "plain training", steps, "steps/s"),
        ratio("training / training with the plain unroll", "training", "plain training", at_least=1.0),
    ]
