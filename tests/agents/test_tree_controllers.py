"""Controllers of trees against enumeration and simulation, and at their limits."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.agents import tree_controllers as controllers
from fastslow.agents.tree_controllers import Walks
from fastslow.tasks.check import check_task
from fastslow.tasks.tree import Tree

KEY = jax.random.key(0)
TASK = Tree(depth=2, choices=2, successors=2)
TREE = TASK.sample(jax.random.key(3))
CHANCE = tuple(jnp.full((TASK.branches**level, TASK.choices), 0.5) for level in range(TASK.depth))


def by_enumeration(policy):
    """The sum over all paths of probability times reward."""
    total = 0.0
    for a, s, b, t in itertools.product(range(2), repeat=4):
        node = 2 * a + s
        p = policy[0][0, a] * TREE[0].odds[0, a, s] * policy[1][node, b] * TREE[1].odds[node, b, t]
        total += float(p * (TREE[0].reward[0, a, s] + TREE[1].reward[node, b, t]))
    return total


def test_the_tree_keeps_the_rules_and_its_statistics():
    table = check_task(Tree(depth=3), KEY, 3000)
    assert set(np.unique(table["level"])) == {0, 1, 2} and (table["node"] < 12 ** table["level"]).all()
    reward = table["reward"][table["valid"]]
    assert abs(reward.mean()) < 4 / len(reward) ** 0.5 and reward.std() == pytest.approx(1, abs=0.06)


def test_an_expected_return_is_the_sum_over_paths():
    assert float(controllers.expected_return(TREE, CHANCE)) == pytest.approx(by_enumeration(CHANCE), abs=1e-5)
    best = controllers.best_policy(TASK, TREE)
    highest = max(
        by_enumeration((np.eye(2)[[a]], np.eye(2)[list(second)]))
        for a, *second in itertools.product(range(2), repeat=5)
    )
    assert float(controllers.expected_return(TREE, best)) == pytest.approx(highest, abs=1e-5)


def test_walks_earn_on_average_what_is_expected_of_chance():
    walks = controllers.random_walks(TASK, TREE, KEY, 4000)
    earned = np.asarray(walks.reward.sum(axis=1))
    expected = float(controllers.expected_return(TREE, CHANCE))
    assert earned.mean() == pytest.approx(expected, abs=float(4 * earned.std() / 4000**0.5))
    np.testing.assert_array_equal(walks.node[:, 1], 2 * walks.action[:, 0] + walks.successor[:, 0])


def test_without_noise_and_with_much_experience_the_planner_is_the_best():
    walks = controllers.random_walks(TASK, TREE, KEY, 4000)
    planned = controllers.planner(TASK, walks, jnp.int32(4000), 0.0, KEY)
    best = controllers.best_policy(TASK, TREE)
    value = float(controllers.expected_return(TREE, planned))
    assert value == pytest.approx(float(controllers.expected_return(TREE, best)), abs=0.02)


def test_the_planner_counts_by_hand():
    # One walk: action 1, successor 0, earning 2; then in state 2 action 0, successor 1, earning -3.
    walks = Walks(*(jnp.asarray([row]) for row in ([0, 2], [1, 0], [0, 1])), jnp.asarray([[2.0, -3.0]]))
    policy = controllers.planner(TASK, walks, jnp.int32(1), 0.0, KEY)
    # In state 2 the tried action is worth 2/3 of -3, the other 0; at the root 2/3 (2 + 0) against 0.
    assert policy[1][2].tolist() == [0.0, 1.0] and policy[0][0].tolist() == [0.0, 1.0]
    nothing = controllers.planner(TASK, walks, jnp.int32(0), 0.0, KEY)
    assert nothing[0][0].tolist() == [1.0, 0.0]


def test_the_episodic_controller_does_again_what_paid_most():
    # Two walks through state 2, the second by another action; a third elsewhere that lost.
    walks = Walks(
        jnp.asarray([[0, 2], [0, 2], [0, 1]]),
        jnp.asarray([[1, 0], [1, 1], [0, 0]]),
        jnp.asarray([[0, 1], [0, 0], [1, 0]]),
        jnp.asarray([[2.0, -3.0], [2.0, 1.0], [-1.0, -1.0]]),
    )
    after_one, after_all = (controllers.episodic(TASK, walks, jnp.int32(n)) for n in (1, 3))
    # After one: the rewards from the root on were -1, less than the 0 of the action not tried.
    assert after_one[0][0].tolist() == [1.0, 0.0] and after_one[1][2].tolist() == [0.0, 1.0]
    assert after_all[0][0].tolist() == [0.0, 1.0] and after_all[1][2].tolist() == [0.0, 1.0]
    # Where nobody has been, chance decides; where one action lost, the other is taken.
    assert after_all[1][3].tolist() == [0.5, 0.5] and after_all[1][1].tolist() == [0.0, 1.0]


def test_noise_makes_the_planner_worse():
    def earned(key, sigma):
        tree_key, walk_key, noise_key = jax.random.split(key, 3)
        tree = TASK.sample(tree_key)
        walks = controllers.random_walks(TASK, tree, walk_key, 200)
        policy = controllers.planner(TASK, walks, jnp.int32(200), sigma, noise_key)
        return controllers.expected_return(tree, policy)

    keys = jax.random.split(KEY, 200)
    means = [float(jax.vmap(lambda key, s=s: earned(key, s))(keys).mean()) for s in (0.0, 1.0, 4.0)]
    assert means[0] > means[1] > means[2]
