"""Patterns to be answered: each has one action that pays, and there are two lists of them.

Learning the second list after the first, as in experiments on verbal learning, is where networks whose patterns share
weights lose what they knew (McCloskey & Cohen 1989; French 1999), unless both are learned together (McClelland et al.
1995).
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from fastslow.tasks.bandit import BANDIT_VARIABLES, trial_of
from fastslow.tasks.task import Task, Variable, check_count, check_range, opening, outcome, parameter, pick
from fastslow.timestep import TimeStep


class Lists(NamedTuple):
    """All there is to learn: the first list's patterns, then the second's."""

    patterns: Float[Array, "pattern feature"]
    """1 and -1."""
    right: Int[Array, " pattern"]
    """The action that pays."""


class Associations(Task):
    """A pattern is shown; the right action pays 1 with `p_right`, any other with `p_wrong`. That is an episode.

    With probability `share` the pattern is of the second list, else of the first; within its list each is as likely.
    Patterns are random signs; within a list, every action is right for as many patterns (or one more). There is one
    problem alone for each `number`, the same in every episode: it is learned over episodes, by whoever remembers them.
    """

    share: Float[Array, "..."] = eqx.field(converter=parameter, default=0.0)
    """Probability of the second list; 0: only the first, 1: only the second."""
    p_right: Float[Array, "..."] = eqx.field(converter=parameter, default=0.9)
    """Probability that the right action pays."""
    p_wrong: Float[Array, "..."] = eqx.field(converter=parameter, default=0.1)
    """Probability that another pays."""
    number: Float[Array, "..."] = eqx.field(converter=parameter, default=0)
    """Which lists: another whole number draws others."""
    patterns: int = eqx.field(static=True, default=8)
    """Patterns in each list."""
    features: int = eqx.field(static=True, default=64)
    """Signs in a pattern."""
    answers: int = eqx.field(static=True, default=4)
    """Actions."""

    variant: ClassVar[str] = (
        "two lists of random patterns in the manner of McCloskey & Cohen 1989, answers learned from reward; ours"
    )
    cite: ClassVar[tuple[str, ...]] = ("mccloskey1989", "mcclelland1995", "french1999")
    trial_variables: ClassVar[tuple[Variable, ...]] = (
        *BANDIT_VARIABLES,
        Variable(
            "pattern", "number of the pattern; those of the second list follow on the first's", "0, 1, ..."
        ),
        Variable("second", "the pattern is of the second list", "0 or 1"),
    )
    episode_steps: ClassVar[int] = 1

    def __check_init__(self) -> None:
        for name in ("share", "p_right", "p_wrong"):
            check_range(name, getattr(self, name), 0, 1)
        check_range("number", self.number, 0, 2**24)
        check_count("patterns", self.patterns, 1)
        check_count("features", self.features, 1)
        check_count("answers", self.answers, 1)

    @property
    def observation_shape(self) -> tuple[int, ...]:
        return (self.features,)

    @property
    def actions(self) -> int:
        return self.answers

    def lists(self) -> Lists:
        """The lists of this `number`."""
        key = jax.random.fold_in(jax.random.key(0), self.number.astype(jnp.uint32))
        pattern_key, answer_key = jax.random.split(key)
        signs = jax.random.rademacher(pattern_key, (2 * self.patterns, self.features), jnp.float32)
        each = jnp.arange(self.patterns) % self.answers
        right = jax.vmap(lambda key: jax.random.permutation(key, each))(jax.random.split(answer_key))
        return Lists(signs, right.ravel())

    def sample(self, key: Key[Array, ""]) -> Int[Array, ""]:
        """The pattern that is shown."""
        list_key, pattern_key = jax.random.split(key)
        second = jax.random.uniform(list_key) < self.share
        return jax.random.randint(pattern_key, (), 0, self.patterns) + self.patterns * second

    def start(self, problem: Int[Array, ""], key: Key[Array, ""]) -> tuple[Int[Array, ""], TimeStep]:
        lists = self.lists()
        shown = jax.nn.one_hot(problem, 2 * self.patterns) @ lists.patterns
        return problem, opening(shown, self.trial_of(problem, lists, jnp.int32(0), jnp.float32(0)))

    def step(
        self, state: Int[Array, ""], action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[Int[Array, ""], TimeStep]:
        lists = self.lists()
        odds = self.odds(state, lists)
        reward = (jax.random.uniform(key) < pick(odds, action)).astype(jnp.float32)
        trial = self.trial_of(state, lists, action, reward)
        return state, outcome(jnp.zeros(self.features), reward, jnp.bool_(True), trial)

    def odds(self, pattern: Int[Array, ""], lists: Lists) -> Float[Array, " action"]:
        """Probability that each action pays."""
        return jnp.where(jnp.arange(self.answers) == pick(lists.right, pattern), self.p_right, self.p_wrong)

    def trial_of(
        self, pattern: Int[Array, ""], lists: Lists, action: Array, reward: Array
    ) -> dict[str, Array | Bool[Array, ""]]:
        own = {"pattern": pattern, "second": pattern >= self.patterns}
        return trial_of(self.odds(pattern, lists), jnp.int32(0), action, reward) | own
