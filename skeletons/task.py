"""A task to copy and fill in: one sentence of what it is, one of why, one of where it was published.

As it stands: two levers, of which one pays and the other does not, and they swap without notice. Use yours by
its place, `fastslow train --task my_task.py:MyTask`, and hold it to the rules first:

    check_task(MyTask(), jax.random.key(0))
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from fastslow.tasks import task
from fastslow.tasks.task import Task, Variable, check_count, check_range, opening, outcome, parameter
from fastslow.timestep import TimeStep


class MyState(NamedTuple):
    """All that the next step needs, the hidden truth included."""

    good: Int[Array, ""]
    trial: Int[Array, ""]


class MyTask(Task):
    """What is seen, what the actions mean, what is paid."""

    # Numbers are array fields, each with its meaning, unit and source: they can be swept by vmap.
    p_reward: Float[Array, "..."] = eqx.field(converter=parameter, default=0.8)
    """Probability that the good lever pays."""
    swap: Float[Array, "..."] = eqx.field(converter=parameter, default=0.05)
    """Probability, after each trial, that the levers swap."""
    # Sizes and forms are static fields.
    trials: int = eqx.field(static=True, default=50)
    """Trials in an episode."""

    variant: ClassVar[str] = "which published variant this is, and what it is not"
    cite: ClassVar[tuple[str, ...]] = ()  # keys in references.bib
    trial_variables: ClassVar[tuple[Variable, ...]] = (
        task.TRIAL,
        task.TRIAL_END,
        task.ACTION,
        task.REWARD,
        task.VALID,
        task.CORRECT,
        Variable("good", "the lever that pays", "0 or 1"),
    )
    observation_shape: ClassVar[tuple[int, ...]] = (1,)
    actions: ClassVar[int] = 2

    def __check_init__(self) -> None:
        check_range("p_reward", self.p_reward, 0, 1)
        check_range("swap", self.swap, 0, 1)
        check_count("trials", self.trials, 1)

    @property
    def episode_steps(self) -> int:
        return self.trials

    def sample(self, key: Key[Array, ""]) -> Int[Array, ""]:
        """This episode's hidden truth: the lever that is good first."""
        return jax.random.bernoulli(key).astype(jnp.int32)

    def start(self, problem: Int[Array, ""], key: Key[Array, ""]) -> tuple[MyState, TimeStep]:
        state = MyState(problem, jnp.int32(0))
        return state, opening(jnp.ones(1), self.row(state, jnp.int32(0), jnp.float32(0)))

    def step(self, state: MyState, action: Int[Array, ""], key: Key[Array, ""]) -> tuple[MyState, TimeStep]:
        # One lane, no Python `if` on values; one draw of several numbers is cheaper than several draws.
        draws = jax.random.uniform(key, (2,))
        pays = (action == state.good) & (draws[0] < self.p_reward)
        reward = pays.astype(jnp.float32)
        row = self.row(state, action, reward)
        good = jnp.where(draws[1] < self.swap, 1 - state.good, state.good)
        after = MyState(good, state.trial + 1)
        return after, outcome(jnp.ones(1), reward, after.trial >= self.trials, row)

    def row(self, state: MyState, action: Array, reward: Array) -> dict[str, Array]:
        """The trial variables; an action out of range is a missed trial, -1."""
        valid = (action == 0) | (action == 1)
        return {
            "trial": state.trial,
            "trial_end": jnp.bool_(True),  # here every step completes a trial
            "action": jnp.where(valid, action, -1),
            "reward": reward,
            "valid": valid,
            "correct": action == state.good,
            "good": state.good,
        }
