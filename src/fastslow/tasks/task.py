"""The interface of every world: a distribution of problems, one of which is faced per episode.

Meta-RL needs the distribution, not the problem: `sample` draws this episode's hidden truth, `start` and
`step` play it. A task is an Equinox module whose numeric parameters are array fields, so that one can be
swept by `vmap` or changed without recompiling; sizes and forms are static fields.
"""

from abc import abstractmethod
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key, Num, PyTree, Shaped

from fastslow.errors import UserError
from fastslow.tasks.worlds import Lifted, Worlds
from fastslow.timestep import TimeStep


class Variable(NamedTuple):
    """One column that a psychologist would tabulate."""

    name: str
    meaning: str
    levels: str
    unit: str = ""


class Task(eqx.Module):
    """A distribution of problems; written for one lane, batched from outside by `vmap`.

    Every episode of a task ends after at most `episode_steps` actions, on a TimeStep with `last`.
    """

    variant: ClassVar[str]
    """Which published variant this is, and what it is not."""
    cite: ClassVar[tuple[str, ...]]
    """Keys in references.bib."""
    trial_variables: ClassVar[tuple[Variable, ...]]
    """The columns of the trial table; each names an entry of `TimeStep.trial`."""

    @property
    @abstractmethod
    def observation_shape(self) -> tuple[int, ...]:
        """Shape of `TimeStep.observation`; `(0,)` where nothing is seen."""

    @property
    @abstractmethod
    def actions(self) -> int:
        """Number of discrete actions."""

    @property
    @abstractmethod
    def episode_steps(self) -> int:
        """Actions in the longest episode."""

    @property
    def scheduled_trials(self) -> int:
        """Trials that every episode is to have, where it may end before them: a record then holds the rest as missed
        (not valid, not correct). 0 where an episode just has the trials that are completed."""
        return 0

    @abstractmethod
    def sample(self, key: Key[Array, ""]) -> PyTree:
        """Draw an episode's hidden truth."""

    @abstractmethod
    def start(self, problem: PyTree, key: Key[Array, ""]) -> tuple[PyTree, TimeStep]:
        """Begin an episode on `problem`: the state holds all that later steps need, the problem included."""

    @abstractmethod
    def step(self, state: PyTree, action: Int[Array, ""], key: Key[Array, ""]) -> tuple[PyTree, TimeStep]:
        """Take `action` (0 to `actions - 1`); any other is a missed response, tabulated as -1."""

    def worlds(self, lanes: int) -> Worlds:
        """So many of these worlds side by side, as an interaction steps them."""
        return Lifted(self)


# The columns that mean the same in every task.
TRIAL = Variable("trial", "trial number within the episode", "0, 1, ...")
TRIAL_END = Variable("trial_end", "the trial is complete at this step", "0 or 1")
ACTION = Variable("action", "the choice of the trial; -1 where it is missing", "0, 1, ...")
REWARD = Variable("reward", "reward of the trial", "real")
VALID = Variable("valid", "the trial holds a valid choice", "0 or 1")
CORRECT = Variable("correct", "the choice was the best that the hidden truth allows", "0 or 1")
REGRET = Variable("regret", "expected reward of the best choice less that of the choice made", ">= 0")


def parameter(value: Any) -> Float[Array, "..."]:
    """Field converter: a number becomes a float32 array leaf; tracers and arrays pass."""
    return jnp.asarray(value, jnp.float32)


def check_range(name: str, value: Any, low: float | int, high: float | int) -> None:
    """Refuse a parameter outside `[low, high]` in one sentence; traced values (inside `vmap`, `jit`) pass."""
    if isinstance(value, jax.core.Tracer):
        return
    numbers = np.asarray(value)
    if not bool(np.all(np.isfinite(numbers) & (numbers >= low) & (numbers <= high))):
        shown = f"{numbers.item():g}" if numbers.ndim == 0 else numbers.tolist()
        raise UserError(f"{name} is {shown}, but it must lie between {low:g} and {high:g}.")


def check_order(low_name: str, low: Any, high_name: str, high: Any) -> None:
    """Refuse a lower bound above the upper one; traced values pass."""
    if isinstance(low, jax.core.Tracer) or isinstance(high, jax.core.Tracer):
        return
    if not bool(np.all(np.asarray(low) <= np.asarray(high))):
        raise UserError(
            f"{low_name} is {np.asarray(low).tolist()} and {high_name} is {np.asarray(high).tolist()}, "
            f"but {low_name} must not exceed {high_name}."
        )


def check_count(name: str, value: int, least: int) -> None:
    """Refuse a size below `least`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise UserError(f"{name} is {value}, but it must be a whole number of at least {least}.")


def pick(values: Num[Array, " n"], index: Int[Array, ""]) -> Num[Array, ""]:
    """`values[index]`, and 0 where the index is out of range; in lanes cheaper than a gather."""
    return jnp.where(jnp.arange(values.shape[0]) == index, values, 0).sum()


def reflect(x: Float[Array, "..."], low: Array, high: Array) -> Float[Array, "..."]:
    """Fold `x` back into `[low, high]` at both bounds, however far it overshoots."""
    width = jnp.maximum(high - low, 1e-6)
    return jnp.clip(high - jnp.abs(jnp.mod(x - low, 2 * width) - width), low, high)


def opening(observation: Shaped[Array, "..."], trial: dict[str, Array]) -> TimeStep:
    """The TimeStep that starts an episode; `trial` only lends its names and shapes."""
    blank = jax.tree.map(jnp.zeros_like, trial)
    return TimeStep(observation, jnp.float32(0), jnp.float32(1), jnp.bool_(False), blank)


def outcome(
    observation: Shaped[Array, "..."], reward: Float[Array, ""], last: Array, trial: dict[str, Array]
) -> TimeStep:
    """The TimeStep after an action; the episode's end is a true end (discount 0)."""
    return TimeStep(observation, reward, 1.0 - last.astype(jnp.float32), last, trial)
