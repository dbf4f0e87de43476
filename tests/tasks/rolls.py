"""Rolls of a task for the tests of this folder: random or scripted actions, as NumPy arrays."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from fastslow.tasks.check_episodes import QUICK, play

PROGRAM = jax.jit(jax.vmap(play, in_axes=(None, 0, 0)), compiler_options=QUICK)  # once per task and size


class Rolled(NamedTuple):
    problem: object
    opening: object
    outcomes: object
    """`[episode step ...]`."""

    def trials(self) -> dict[str, np.ndarray]:
        """Completed trials, one row each, `[row ...]`."""
        ends = self.outcomes.trial["trial_end"]
        return {name: value[ends] for name, value in self.outcomes.trial.items()}

    def by_episode(self, name: str) -> np.ndarray:
        """A column of completed trials, `[episode trial ...]`."""
        rows = self.trials()[name]
        return rows.reshape(len(self.outcomes.last), -1, *rows.shape[1:])


def roll(task, episodes, seed=0, actions=None) -> Rolled:
    """`episodes` episodes with random actions, or all with the given ones `[step]`."""
    shape = (episodes, task.episode_steps)
    if actions is None:
        actions = np.random.default_rng(seed).integers(0, task.actions, shape, dtype=np.int32)
    else:
        actions = np.broadcast_to(np.asarray(actions, np.int32), shape)
    keys = jax.random.split(jax.random.key(seed), episodes)
    rolled = PROGRAM(task, keys, jnp.asarray(actions))
    return Rolled(*jax.tree.map(np.asarray, rolled))


def within(measured, expected, errors=4.0) -> bool:
    """The mean of `measured` lies within `errors` standard errors of `expected`."""
    measured = np.asarray(measured, float)
    return abs(measured.mean() - expected) <= errors * measured.std() / measured.size**0.5
