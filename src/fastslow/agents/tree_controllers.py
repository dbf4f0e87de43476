"""Who decides in a tree that was walked a few times: a planner that errs, or the memory of what was best so far.

Lengyel & Dayan 2008: a model of the tree, learned from the walks, is searched to its leaves, and every value that the
search comes by is read with noise; the episodic controller knows nothing but walks, and does again, wherever it has
been before, what led to most. Policies are judged by their exact expected return in the true tree.

All is by level, and per tree; batch over trees by `vmap`.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from fastslow.tasks.tree import Level, Tree

Policy = tuple[Float[Array, "_ action"], ...]
"""Probability of each action in each state, level by level."""


class Walks(NamedTuple):
    """Episodes in one tree, `[walk level]`."""

    node: Int[Array, "walk level"]
    action: Int[Array, "walk level"]
    successor: Int[Array, "walk level"]
    reward: Float[Array, "walk level"]


def random_walks(task: Tree, tree: tuple[Level, ...], key: Key[Array, ""], walks: int) -> Walks:
    """Walks of somebody who chooses by chance."""

    def walk(key: Key[Array, ""]) -> Walks:
        state, _ = task.start(tree, key)
        steps = []
        for level in range(task.depth):
            choose_key, step_key = jax.random.split(jax.random.fold_in(key, level))
            action = jax.random.randint(choose_key, (), 0, task.choices)
            state, timestep = task.step(state, action, step_key)
            steps.append(Walks(*(timestep.trial[name] for name in Walks._fields)))
        return jax.tree.map(lambda *x: jnp.stack(x), *steps)

    return jax.vmap(walk)(jax.random.split(key, walks))


def expected_return(tree: tuple[Level, ...], policy: Policy) -> Float[Array, ""]:
    """J(n) = sum_a pi(a | n) sum_s P(s | n, a) (r + J(s)), of the root."""
    later = jnp.zeros(tree[-1].odds.size)
    for level, chosen in zip(reversed(tree), reversed(policy), strict=True):
        worth = level.reward + later.reshape(level.reward.shape)
        later = (chosen * (level.odds * worth).sum(-1)).sum(-1)
    return later[0]


def planner(
    task: Tree, walks: Walks, seen: Int[Array, ""], sigma: float | Float[Array, ""], key: Key[Array, ""]
) -> Policy:
    """Tree search in the model learned from the first `seen` walks.

    P(s | n, a) = (1 + c(n, a, s)) / (S + c(n, a)), the mean under a flat prior; rewards are known of the states that
    were met, and 0, their mean, of others. Q(n, a) = sum_s P (r + V(s)), V(n) = max_a Q(n, a) + sigma N(0, 1): the
    noise of every evaluation is searched over on the level above, and adds up with depth.
    """
    known = jnp.arange(walks.node.shape[0]) < seen
    policy, later = [], jnp.zeros(task.branches**task.depth)
    for level in reversed(range(task.depth)):
        shape = (task.branches**level, task.choices, task.successors)
        at = (walks.node[:, level], walks.action[:, level], walks.successor[:, level])
        count = jnp.zeros(shape).at[at].add(known)
        reward = jnp.zeros(shape).at[at].add(known * walks.reward[:, level]) / jnp.maximum(count, 1)
        odds = (1 + count) / (task.successors + count.sum(-1, keepdims=True))
        q = (odds * (reward + later.reshape(shape))).sum(-1)
        policy.append(jax.nn.one_hot(q.argmax(-1), task.choices))
        later = q.max(-1) + sigma * jax.random.normal(jax.random.fold_in(key, level), shape[:1])
    return tuple(reversed(policy))


def episodic(task: Tree, walks: Walks, seen: Int[Array, ""]) -> Policy:
    """The action after which most was earned in one of the first `seen` walks; one not tried is worth 0, the mean.

    Q(n, a) = max over walks of the rewards from n on: the rule of Blundell et al. 2016, eq. 1, in a table. Where
    several are worth most, chance decides.
    """
    known = jnp.arange(walks.node.shape[0]) < seen
    to_go = jnp.cumsum(walks.reward[:, ::-1], axis=1)[:, ::-1]
    policy = []
    for level in range(task.depth):
        at = (walks.node[:, level], walks.action[:, level])
        best = jnp.full((task.branches**level, task.choices), -jnp.inf)
        best = best.at[at].max(jnp.where(known, to_go[:, level], -jnp.inf))
        q = jnp.where(jnp.isfinite(best), best, 0.0)
        most = (q == q.max(-1, keepdims=True)).astype(jnp.float32)
        policy.append(most / most.sum(-1, keepdims=True))
    return tuple(policy)


def best_policy(task: Tree, tree: tuple[Level, ...]) -> Policy:
    """That of whoever knows the tree."""
    policy, later = [], jnp.zeros(tree[-1].odds.size)
    for level in reversed(tree):
        q = (level.odds * (level.reward + later.reshape(level.reward.shape))).sum(-1)
        policy.append(jax.nn.one_hot(q.argmax(-1), task.choices))
        later = q.max(-1)
    return tuple(reversed(policy))
