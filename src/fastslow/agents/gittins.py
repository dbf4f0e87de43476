"""The finite-horizon Gittins index of Bernoulli arms (Gittins 1979; the reference player of Wang 2016, Duan 2016).

Index of an arm with s successes and f failures when h pulls remain: the sure reward per pull, lambda, at which
it is indifferent whether to retire to lambda for all h pulls or to pull the arm at least once and retire when
one likes. Playing the arm of greatest index is not exactly optimal over a finite horizon, but very nearly.
"""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from fastslow.agents.counts import CountingObserver, Counts
from fastslow.agents.observer import best, sampled
from fastslow.errors import check
from fastslow.tasks.task import Task
from fastslow.timestep import Output, Percept

MOST_PULLS = 200


def index_table(pulls: int, grid: int = 129) -> np.ndarray:
    """Indices `[h, s, f]` (float32) for 1 <= h <= pulls and s + f <= pulls - h; 0 elsewhere.

    How: calibration. For every lambda of an even grid over [0, 1] at once, backward induction over the value
    of going on, less h lambda,

        G_h(s, f) = m - lambda + m G+_{h-1}(s+1, f) + (1-m) G+_{h-1}(s, f+1),   G+ = max(G, 0), m the mean,

    which falls with lambda; the index is where it crosses 0, interpolated on a line between grid points
    (error below 1e-4 with 129 points).
    """
    table = np.zeros((pulls + 1, pulls, pulls), np.float32)
    sure = np.linspace(0, 1, grid)[:, None, None]
    later = np.zeros((grid, pulls + 1, pulls + 1))
    for h in range(1, pulls + 1):
        count = np.arange(pulls - h + 1)
        mean = (count[:, None] + 1) / (count[:, None] + count + 2)
        ahead = later[:, : pulls - h + 2, : pulls - h + 2]
        gain = mean - sure + mean * ahead[:, 1:, :-1] + (1 - mean) * ahead[:, :-1, 1:]
        last = (gain > 0).sum(axis=0) - 1
        above = np.take_along_axis(gain, last[None], 0)[0]
        below = np.take_along_axis(gain, last[None] + 1, 0)[0]
        table[h, : len(count), : len(count)] = (last + above / (above - below)) / (grid - 1)
        later = np.maximum(gain, 0)
    return table


class Gittins(CountingObserver):
    """Pulls the arm of greatest finite-horizon index; ties at random. Beta(1, 1) priors."""

    index: Float[Array, "left s f"]
    """`index_table`, by pulls left, successes and failures."""
    pulls: int = eqx.field(static=True)
    """The horizon assumed."""
    arms: int = eqx.field(static=True, default=2)

    cite: ClassVar[tuple[str, ...]] = ("gittins1979", "wang2016", "duan2016")

    def choose(self, state: Counts, percept: Percept, key: Key[Array, ""]) -> Output:
        left = jnp.clip(self.pulls - state.pulls.sum().astype(jnp.int32), 1, self.pulls)
        s = jnp.minimum(state.successes.astype(jnp.int32), self.pulls - 1)
        f = jnp.minimum(state.failures.astype(jnp.int32), self.pulls - 1)
        index = self.index[left, s, f]
        return sampled(key, best(index), state.mean.max(), q=state.mean, index=index)


def gittins(task: Task) -> Gittins:
    """The index player of `task.actions` arms for `task.episode_steps` pulls (at most 200), tabulated here."""
    check(
        task.episode_steps <= MOST_PULLS,
        f"gittins tabulates at most {MOST_PULLS} pulls, but the task has {task.episode_steps}; shorten the task.",
    )
    return Gittins(jnp.asarray(index_table(task.episode_steps)), task.episode_steps, task.actions)
