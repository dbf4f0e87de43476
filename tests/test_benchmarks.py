"""What the benchmarks time is what they say: the same learning by two gradients, and the kernel's own derivative."""

import equinox as eqx
import jax
import numpy as np
from benchmarks import battery, kernel, workload

from fastslow.loop import run


def test_the_kernel_has_the_gradient_of_the_textbook_lstm():
    kernel.check_gradient()


def test_the_battery_finds_the_kernel_of_every_training_that_has_one():
    known = battery.conditions()
    first, *_ = known
    assert first.startswith("bandits, ")
    of = {name.split(", ")[0] for name in known}
    assert {"bandits", "two_step", "harlow", "mazes", "episodic_bandits"} <= of
    assert not of & {"episodic_minatar", "episodic_atari", "fast_needs_slow"}
    shape = battery.shape_of(known[first])
    assert shape.units == known[first].agent.units and shape.passes >= 1


def test_the_plain_agent_learns_as_the_fused_one():
    ends = [
        jax.jit(lambda loop=loop: run(loop, jax.random.key(3), 2))()[0].agent
        for loop in (workload.make_loop(4, 3), workload.make_loop(4, 3, plain=True))
    ]
    fused, plain = (jax.tree.leaves(eqx.filter(end, eqx.is_inexact_array)) for end in ends)
    assert len(fused) == len(plain)
    for a, b in zip(fused, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
