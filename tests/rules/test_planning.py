"""Backward induction against plain recursion, and the most optimistic transition against a linear programme."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import linprog

from fastslow.rules.planning import backward_induction, expected_backup, optimistic_transition

RANDOM = np.random.default_rng(0)


def brute_force(transition, reward, state, left):
    """Values of the actions of `state` with so many steps left, by plain recursion."""
    if left == 0:
        return [0.0]
    return [
        reward[state, a]
        + sum(
            transition[state, a, s] * max(brute_force(transition, reward, s, left - 1))
            for s in range(len(reward))
        )
        for a in range(reward.shape[1])
    ]


def test_backward_induction_agrees_with_plain_recursion():
    transition, reward = RANDOM.dirichlet(np.ones(3), (3, 2)), RANDOM.normal(size=(3, 2))
    q = backward_induction(expected_backup(jnp.asarray(transition), jnp.asarray(reward)), 3, 4)
    for made in range(4):
        for state in range(3):
            expected = brute_force(transition, reward, state, 4 - made)
            np.testing.assert_allclose(q[made, state], expected, rtol=1e-5)


def test_the_most_optimistic_transition_is_the_linear_programmes():
    p = RANDOM.dirichlet(np.ones(4), 6)
    width = np.array([0.0, 0.1, 0.5, 1.0, 1.9, 5.0])
    later = np.array([0.3, 2.0, -1.0, 1.5])
    found = np.asarray(optimistic_transition(*(jnp.asarray(x, jnp.float32) for x in (p, width, later))))
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-5)
    for row, wide, mine in zip(p, width, found, strict=True):
        # Over (q, |q - p|): greatest q . later, q a distribution, sum |q - p| <= width.
        eye = np.eye(4)
        best = linprog(
            np.r_[-later, np.zeros(4)],
            np.block([[eye, -eye], [-eye, -eye], [np.zeros(4), np.ones(4)]]),
            np.r_[row, -row, wide],
            np.r_[np.ones(4), np.zeros(4)][None],
            [1.0],
        )
        assert mine.min() >= -1e-6 and abs(mine - row).sum() <= wide + 1e-5
        np.testing.assert_allclose(mine @ later, -best.fun, atol=1e-5)


def test_nothing_to_gain_leaves_the_transition_as_it_is():
    p = jnp.asarray(RANDOM.dirichlet(np.ones(3)), jnp.float32)
    np.testing.assert_allclose(
        jax.jit(optimistic_transition)(p, jnp.float32(0), jnp.arange(3.0)), p, rtol=1e-5
    )
