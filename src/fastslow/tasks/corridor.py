"""A corridor with a reward at its end: what it takes to learn a path from having walked it once.

The plainest test of credit over many steps. Episodic control (Lengyel & Dayan 2008; Blundell et al. 2016) repeats on
the next walk what paid on this one; one-step bootstrapping carries the reward back by a place a walk (Sutton & Barto
2018, section 6.1).
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from fastslow.tasks import task
from fastslow.tasks.task import Task, Variable, check_count, check_range, opening, outcome, parameter
from fastslow.timestep import TimeStep

BACK, FORWARD = range(2)


class CorridorState(NamedTuple):
    place: Int[Array, ""]
    steps: Int[Array, ""]
    action: Int[Array, ""]
    """The last valid action of the walk, -1 before any."""


class Corridor(Task):
    """Places in a row: from the first, step forward or back until the last is reached, where the reward is.

    Stepping back from the first place leads nowhere; a missed response takes its time. The observation is the place,
    one-hot. One walk is an episode, and a trial. There is one problem alone, the same in every episode: it is learned
    over episodes, by whoever remembers them.
    """

    reward: Float[Array, "..."] = eqx.field(converter=parameter, default=1.0)
    """Reward at the last place."""
    length: int = eqx.field(static=True, default=10)
    """Places; `length` - 1 steps lead from the first to the last."""
    limit: int = eqx.field(static=True, default=1000)
    """Most actions in a walk; then it is cut off (discount 1)."""

    variant: ClassVar[str] = "a deterministic corridor with one reward, ours; no published form"
    cite: ClassVar[tuple[str, ...]] = ("lengyel2008", "blundell2016", "sutton2018")
    trial_variables: ClassVar[tuple[Variable, ...]] = (
        task.TRIAL,
        task.TRIAL_END,
        Variable("action", "the last action of the walk; -1 where it is missing", "0 back, 1 forward"),
        task.REWARD,
        Variable("steps", "actions taken in the walk", "1 to limit"),
        Variable("found", "the last place was reached within the limit", "0 or 1"),
        Variable("place", "place reached", "0, 1, ..."),
        task.VALID,
    )
    actions: ClassVar[int] = 2

    def __check_init__(self) -> None:
        check_range("reward", self.reward, -1e6, 1e6)
        check_count("length", self.length, 2)
        check_count("limit", self.limit, 1)

    @property
    def observation_shape(self) -> tuple[int, ...]:
        return (self.length,)

    @property
    def episode_steps(self) -> int:
        return self.limit

    def sample(self, key: Key[Array, ""]) -> tuple[()]:
        """Nothing is hidden."""
        return ()

    def start(self, problem: tuple[()], key: Key[Array, ""]) -> tuple[CorridorState, TimeStep]:
        zero, no = jnp.int32(0), jnp.bool_(False)
        state = CorridorState(zero, zero, jnp.int32(-1))
        return state, opening(self.seen(zero), trial_of(state, jnp.float32(0), no, no, no))

    def seen(self, place: Int[Array, ""]) -> Float[Array, " place"]:
        return jax.nn.one_hot(place, self.length)

    def step(
        self, state: CorridorState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[CorridorState, TimeStep]:
        valid = (action == BACK) | (action == FORWARD)
        move = jnp.where(valid, 2 * (action == FORWARD) - 1, 0)
        place = jnp.maximum(state.place + move, 0)
        found = place == self.length - 1
        reached = CorridorState(place, state.steps + 1, jnp.where(valid, action, -1))
        last = found | (reached.steps >= self.limit)
        reward = jnp.where(found, self.reward, 0.0)
        timestep = outcome(self.seen(place), reward, last, trial_of(reached, reward, found, last, valid))
        return reached, timestep._replace(discount=1.0 - found.astype(jnp.float32))


def trial_of(
    state: CorridorState, reward: Array, found: Array, last: Array, valid: Array
) -> dict[str, Array]:
    return {
        "trial": jnp.int32(0),
        "trial_end": last,
        "action": state.action,
        "reward": reward,
        "steps": state.steps,
        "found": found,
        "place": state.place,
        "valid": valid,
    }
