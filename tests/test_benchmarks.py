"""What the benchmarks time is what they say: the same learning by two gradients, and the kernel's own derivative."""

import equinox as eqx
import jax
import numpy as np
from benchmarks import kernel, workload

from fastslow.loop import run


def test_the_kernel_has_the_gradient_of_the_textbook_lstm():
    kernel.check_gradient()


def test_the_plain_agent_learns_as_the_fused_one():
    ends = [
        jax.jit(lambda loop=loop: run(loop, jax.random.key(3), 2))()[0].agent
        for loop in (workload.make_loop(4, 3), workload.make_loop(4, 3, plain=True))
    ]
    fused, plain = (jax.tree.leaves(eqx.filter(end, eqx.is_inexact_array)) for end in ends)
    assert len(fused) == len(plain)
    for a, b in zip(fused, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
