"""Random trees: a few choices, each with several possible successors, and a reward at every state.

The setting in which Lengyel & Dayan 2008 hold episodic control against a planner that has to learn the tree and errs
in searching it. Each state has four actions, each of which leads to one of three states; the tree grows twelvefold a
level, so that what was met once is most of what is known of it.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from fastslow.tasks import task
from fastslow.tasks.task import Task, Variable, check_count, opening, outcome
from fastslow.timestep import TimeStep


class Level(NamedTuple):
    """What lies below the states of one level. State n's branches are numbers `actions * successors * n` and on."""

    odds: Float[Array, "state action successor"]
    """Probability of each successor of each action."""
    reward: Float[Array, "state action successor"]
    """Reward of arriving there."""


class TreeState(NamedTuple):
    tree: tuple[Level, ...]
    level: Int[Array, ""]
    node: Int[Array, ""]
    """Number of the state within its level."""
    path: Int[Array, " level"]
    """Branches taken, 1, 2, ...; 0 where none yet."""


class Tree(Task):
    """A tree drawn per episode: rewards N(0, 1), probabilities of successors flat (Dirichlet with all ones).

    The observation is the path from the root, a number per level: the branch taken (action and successor), over the
    number of branches; 0 where none was taken yet. A missed response ends the episode.
    """

    depth: int = eqx.field(static=True, default=3)
    """Choices in an episode (Lengyel & Dayan 2008: 2 to 4)."""
    choices: int = eqx.field(static=True, default=4)
    """Actions in each state."""
    successors: int = eqx.field(static=True, default=3)
    """States that an action may lead to."""

    variant: ClassVar[str] = (
        "Lengyel & Dayan 2008: random trees of 4 actions and 3 successors; sizes from memory, rewards and odds ours"
    )
    cite: ClassVar[tuple[str, ...]] = ("lengyel2008",)
    trial_variables: ClassVar[tuple[Variable, ...]] = (
        task.TRIAL,
        task.TRIAL_END,
        task.ACTION,
        task.REWARD,
        Variable("level", "choices made before", "0, 1, ..."),
        Variable("node", "state in which the choice was made, within its level", "0, 1, ..."),
        Variable(
            "successor", "which of the action's successors came; -1 where the choice is missing", "0, 1, ..."
        ),
        task.VALID,
    )

    def __check_init__(self) -> None:
        for name in ("depth", "choices", "successors"):
            check_count(name, getattr(self, name), 1)

    @property
    def observation_shape(self) -> tuple[int, ...]:
        return (self.depth,)

    @property
    def actions(self) -> int:
        return self.choices

    @property
    def episode_steps(self) -> int:
        return self.depth

    @property
    def branches(self) -> int:
        """States below each state."""
        return self.choices * self.successors

    def sample(self, key: Key[Array, ""]) -> tuple[Level, ...]:
        def level(number: int) -> Level:
            odds_key, reward_key = jax.random.split(jax.random.fold_in(key, number))
            shape = (self.branches**number, self.choices, self.successors)
            # Exponential draws over their sum are flat on the simplex.
            draws = jax.random.exponential(odds_key, shape)
            return Level(draws / draws.sum(-1, keepdims=True), jax.random.normal(reward_key, shape))

        return tuple(level(number) for number in range(self.depth))

    def start(self, problem: tuple[Level, ...], key: Key[Array, ""]) -> tuple[TreeState, TimeStep]:
        zero = jnp.int32(0)
        state = TreeState(problem, zero, zero, jnp.zeros(self.depth, jnp.int32))
        no = jnp.bool_(False)
        return state, opening(self.seen(state), trial_of(state, zero, zero, jnp.float32(0), no))

    def seen(self, state: TreeState) -> Float[Array, " level"]:
        return state.path / jnp.float32(self.branches)

    def step(
        self, state: TreeState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[TreeState, TimeStep]:
        valid = (action >= 0) & (action < self.choices)
        taken = jnp.where(valid, action, 0)
        luck = jax.random.uniform(key)

        def below(level: Level) -> tuple[Array, Array]:
            """The successor that comes, and its reward, were the state on this level."""
            node = jnp.minimum(state.node, level.odds.shape[0] - 1)
            successor = (luck >= jnp.cumsum(level.odds[node, taken])[:-1]).sum().astype(jnp.int32)
            return successor, level.reward[node, taken, successor]

        successors, rewards = (jnp.stack(one) for one in zip(*map(below, state.tree), strict=True))
        here = jnp.minimum(state.level, self.depth - 1)
        successor, reward = successors[here], jnp.where(valid, rewards[here], 0.0)
        branch = self.successors * taken + successor
        following = TreeState(
            state.tree,
            state.level + 1,
            self.branches * state.node + branch,
            state.path.at[here].set(branch + 1),
        )
        last = ~valid | (following.level >= self.depth)
        trial = trial_of(state, jnp.where(valid, action, -1), jnp.where(valid, successor, -1), reward, valid)
        return following, outcome(self.seen(following), reward, last, trial)


def trial_of(
    state: TreeState, action: Array, successor: Array, reward: Array, valid: Array
) -> dict[str, Array]:
    return {
        "trial": state.level,
        "trial_end": jnp.bool_(True),
        "action": action,
        "reward": reward,
        "level": state.level,
        "node": state.node,
        "successor": successor,
        "valid": valid,
    }
