"""Worlds of gymnax as tasks: MinAtar's games, classic control and any other that sees a box and acts by number.

gymnax (Lange 2022) is JAX too, so its worlds run inside our compiled loops like our own. What is its business stays
its own (dynamics, rewards, limits); what is the interaction's is taken from it: no world resets itself here.
"""

import importlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, PyTree

from fastslow.errors import UserError, check, nearest
from fastslow.tasks import task
from fastslow.tasks.task import Task, Variable, check_count, check_range, opening, outcome
from fastslow.timestep import TimeStep

MINATAR = {
    "asterix": "Asterix-MinAtar",
    "breakout": "Breakout-MinAtar",
    "freeway": "Freeway-MinAtar",
    "seaquest": "Seaquest-MinAtar",
    "space_invaders": "SpaceInvaders-MinAtar",
}
"""MinAtar's five games (gymnax completed Seaquest in 1.0)."""

STICKS, NOISE = 0x57494B59, 0x4E4F4953
"""What chances of our own are drawn from. Small numbers would not do: `fold_in(key, i)` may be the i-th key that the
game itself splits off."""

GAME_VARIABLES = (
    task.TRIAL,
    task.TRIAL_END,
    Variable("action", "the last action of the game; -1 where it is missing", "0, 1, ..."),
    Variable("reward", "sum of the rewards of the game so far", "real"),
    Variable("score", "the game's own score so far: undiscounted, never clipped", "real"),
    Variable("steps", "actions taken in the game", "1 to limit"),
    Variable("terminated", "the game was over, not cut off at its limit", "0 or 1"),
    task.VALID,
)
"""One game is an episode, and a trial."""


class GymnaxState(NamedTuple):
    world: PyTree
    """The environment's own state."""
    score: Float[Array, ""]
    steps: Int[Array, ""]
    action: Int[Array, ""]
    """The action last carried out."""


class Gymnax(Task):
    """A gymnax environment with a box to see and numbered actions, under its default parameters.

    An episode ends where the environment terminates (discount 0) or after `limit` actions (cut off, discount 1). A
    missed response carries out action 0, in MinAtar the one that does nothing. Nothing is hidden: every episode is the
    same problem, with chances of its own.
    """

    name: str = eqx.field(static=True, default="CartPole-v1")
    """The environment, as gymnax names it."""
    limit: int = eqx.field(static=True, default=0)
    """Most actions in an episode; 0: as many as the environment itself allows."""
    sticky: float = eqx.field(static=True, default=0.0)
    """Probability that the action carried out before is carried out again, whatever was chosen (MinAtar as first
    published: .1; gymnax: 0)."""
    noise: float = eqx.field(static=True, default=0.0)
    """Probability that a place is lit, at every step anew, in one channel more that tells nothing (MinAtar only; 0: no
    such channel)."""

    variant: ClassVar[str] = (
        "gymnax 1.0's version of each environment with its default parameters; MinAtar in it has the minimal action "
        "set, rising difficulty, and no sticky actions unless asked for (Young & Tian 2019: .1), nor noise (ours)"
    )
    trial_variables: ClassVar[tuple[Variable, ...]] = GAME_VARIABLES

    def __check_init__(self) -> None:
        check_count("limit", self.limit, 0)
        check_range("sticky", self.sticky, 0, 1)
        check_range("noise", self.noise, 0, 1)
        environment_of(self.name)
        check(
            not self.noise or self.name in MINATAR.values(),
            f"noise is {self.noise}, but only MinAtar's games have channels to add one to; leave it out.",
        )

    @property
    def cite(self) -> tuple[str, ...]:
        return ("lange2022", "young2019") if self.name.endswith("-MinAtar") else ("lange2022",)

    @property
    def observation_shape(self) -> tuple[int, ...]:
        shape = environment_of(self.name).observation_shape
        return (*shape[:-1], shape[-1] + 1) if self.noise else shape

    @property
    def actions(self) -> int:
        return environment_of(self.name).actions

    @property
    def episode_steps(self) -> int:
        return self.limit or environment_of(self.name).limit

    def sample(self, key: Key[Array, ""]) -> tuple[()]:
        """Nothing is hidden."""
        return ()

    def start(self, problem: tuple[()], key: Key[Array, ""]) -> tuple[GymnaxState, TimeStep]:
        known = environment_of(self.name)
        observation, world = known.reset(key)
        state = GymnaxState(world, jnp.float32(0), jnp.int32(0), jnp.int32(0))
        no = jnp.bool_(False)
        observation = self.with_noise(observation, key)
        return state, opening(observation, game_trial(state, jnp.int32(-1), no, no, no))

    def step(
        self, state: GymnaxState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[GymnaxState, TimeStep]:
        known = environment_of(self.name)
        valid = (action >= 0) & (action < known.actions)
        done = jnp.where(valid, action, 0)
        if self.sticky:
            again = jax.random.bernoulli(jax.random.fold_in(key, STICKS), self.sticky)
            done = jnp.where(again, state.action, done)
        observation, world, reward, terminated = known.step(key, state.world, done)
        observation = self.with_noise(observation, key)
        after = GymnaxState(world, state.score + reward, state.steps + 1, done)
        last = terminated | (after.steps >= self.episode_steps)
        trial = game_trial(after, jnp.where(valid, action, -1), terminated, last, valid)
        timestep = outcome(observation, reward, last, trial)
        return after, timestep._replace(discount=1.0 - terminated.astype(jnp.float32))

    def with_noise(self, observation: Array, key: Key[Array, ""]) -> Array:
        """The picture with the channel that tells nothing, if there is one."""
        if not self.noise:
            return observation
        lit = jax.random.bernoulli(jax.random.fold_in(key, NOISE), self.noise, (*observation.shape[:-1], 1))
        return jnp.concatenate([observation, lit], axis=-1)


def game_trial(
    state: GymnaxState, action: Array, terminated: Array, last: Array, valid: Array
) -> dict[str, Array]:
    return {
        "trial": jnp.int32(0),
        "trial_end": last,
        "action": action,
        "reward": state.score,
        "score": state.score,
        "steps": state.steps,
        "terminated": terminated,
        "valid": valid,
    }


def minatar(game: str = "breakout", limit: int = 0, sticky: float = 0.0, noise: float = 0.0) -> Gymnax:
    """A game of MinAtar: Atari's games in miniature, on 10 x 10 places with an object of each kind to a channel."""
    check(game in MINATAR, f"MinAtar has no game '{game}'{nearest(game, MINATAR)}")
    return Gymnax(MINATAR[game], limit, sticky, noise)


class Environment(NamedTuple):
    """What of a gymnax environment is asked again and again."""

    reset: Callable[[Array], tuple[Array, PyTree]]
    """`reset(key) -> (observation, state)`."""
    step: Callable[[Array, PyTree, Array], tuple[Array, PyTree, Array, Array]]
    """`step(key, state, action) -> (observation, state, reward, terminated)`; the time limit is the caller's."""
    observation_shape: tuple[int, ...]
    actions: int
    limit: int


def formed(world: PyTree, forms: PyTree) -> PyTree:
    return jax.tree.map(lambda leaf, form: jnp.asarray(leaf, form.dtype), world, forms)


@lru_cache(maxsize=64)
def environment_of(name: str) -> Environment:
    """The environment of this name; `UserError` where there is none, or it is none of ours to run."""
    gymnax = need_gymnax()
    check(
        name in gymnax.registered_envs,
        f"gymnax has no environment '{name}'{nearest(name, gymnax.registered_envs)}",
    )
    environment, parameters = gymnax.make(name)
    spaces = importlib.import_module("gymnax.environments.spaces")
    seen, acts = environment.observation_space(parameters), environment.action_space(parameters)
    for what, space, kind in (("sees", seen, "Box"), ("acts in", acts, "Discrete")):
        check(
            isinstance(space, getattr(spaces, kind)),
            f"gymnax's '{name}' {what} a {type(space).__name__}, but only environments that see a Box and act in a "
            "Discrete space can be tasks here; take another.",
        )

    kind = jnp.bool_ if name in MINATAR.values() else jnp.float32

    def reset(key: Array) -> tuple[Array, PyTree]:
        observation, world = environment.reset_env(key, parameters)
        return observation.astype(kind), formed(world, forms)

    def step(key: Array, world: PyTree, action: Array) -> tuple[Array, PyTree, Array, Array]:
        observation, world, reward, terminated, _ = environment.step_env(key, world, action, parameters)
        reward, terminated = jnp.asarray(reward, jnp.float32), jnp.asarray(terminated, bool)
        return observation.astype(kind), formed(world, forms), reward, terminated

    def stepped(key: Array) -> PyTree:
        _, world = environment.reset_env(key, parameters)
        return environment.step_env(key, world, jnp.int32(0), parameters)[1]

    # A reset gives Python's numbers where a step gives arrays, and a scan carries one form.
    forms = jax.eval_shape(stepped, jax.random.key(0))
    limit = int(parameters.max_steps_in_episode)
    # Compiled, so that a step by hand takes milliseconds, not a second; within a program they are part of it.
    compiled = [jax.jit(each, inline=True) for each in (reset, step)]
    return Environment(*compiled, tuple(seen.shape), int(acts.n), limit)


def need_gymnax() -> Any:
    """The package gymnax, or the one sentence that says how to get it."""
    try:
        return importlib.import_module("gymnax")
    except ImportError:
        raise UserError("This task needs the package gymnax; pip install 'fastslow[gym]'.") from None
