"""The finite-horizon Gittins index of Bernoulli arms (Gittins 1979; the reference player of Wang 2016, Duan 2016).

Index of an arm with s successes and f failures when h pulls remain: the sure reward per pull, lambda, at which
it is indifferent whether to retire to lambda for all h pulls or to pull the arm at least once and retire when
one likes. Playing the arm of greatest index is not exactly optimal over a finite horizon, but very nearly.
"""

from collections.abc import Iterator
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from fastslow.agents.counts import CountingObserver, Counts
from fastslow.agents.observer import best, sampled
from fastslow.errors import check
from fastslow.tasks.task import Task
from fastslow.timestep import Output, Percept

MOST_PULLS = 500
"""More would take gigabytes: the table has pulls^3 / 6 entries."""


def index_layers(pulls: int, grid: int = 129) -> Iterator[np.ndarray]:
    """Indices `[s, f]` with h = 1, 2, ..., `pulls` pulls left, for s and f of 0 to pulls - h each.

    How: calibration. For every lambda of an even grid over [0, 1] at once, backward induction over the value
    of going on, less h lambda,

        G_h(s, f) = m - lambda + m G+_{h-1}(s+1, f) + (1-m) G+_{h-1}(s, f+1),   G+ = max(G, 0), m the mean,

    which falls with lambda; the index is where it crosses 0, interpolated on a line between grid points
    (error below 1e-4 with 129 points).
    """
    # Single precision halves the memory of long horizons; what is rounded off is far below the grid's error.
    exact = np.float64 if pulls <= 200 else np.float32
    sure = np.linspace(0, 1, grid, dtype=exact)[:, None, None]
    later = np.zeros((grid, pulls + 1, pulls + 1), exact)
    for h in range(1, pulls + 1):
        count = np.arange(pulls - h + 1, dtype=exact)
        mean = (count[:, None] + 1) / (count[:, None] + count + 2)
        ahead = later[:, : pulls - h + 2, : pulls - h + 2]
        gain = mean - sure + mean * ahead[:, 1:, :-1] + (1 - mean) * ahead[:, :-1, 1:]
        last = (gain > 0).sum(axis=0) - 1
        above = np.take_along_axis(gain, last[None], 0)[0]
        below = np.take_along_axis(gain, last[None] + 1, 0)[0]
        yield (last + above / (above - below)) / (grid - 1)
        later = np.maximum(gain, 0, out=gain)


def index_table(pulls: int) -> np.ndarray:
    """All indices that can be met, float32 in one row: by pulls left, then pulls made of the arm, then successes."""
    rows = []
    for h, index in enumerate(index_layers(pulls), 1):
        made = np.arange(pulls - h + 1).repeat(np.arange(pulls - h + 1) + 1)
        s = np.arange(made.size) - made * (made + 1) // 2
        rows.append(index[s, made - s].astype(np.float32))
    return np.concatenate(rows)


def place(pulls: int, left: Int[Array, "..."], s: Int[Array, "*n"], f: Int[Array, "*n"]) -> Int[Array, "*n"]:
    """Where in the `index_table` of `pulls` the index stands for an arm of s + f <= pulls - left."""
    later = pulls - left + 1  # entries of shorter horizons fill tetrahedra that are cut off the whole
    before = pulls * (pulls + 1) * (pulls + 2) // 6 - later * (later + 1) * (later + 2) // 6
    return before + (s + f) * (s + f + 1) // 2 + s


class Gittins(CountingObserver):
    """Pulls the arm of greatest finite-horizon index; ties at random. Beta(1, 1) priors."""

    index: Float[Array, " cell"]
    """`index_table` of the horizon."""
    pulls: int = eqx.field(static=True)
    """The horizon assumed."""
    arms: int = eqx.field(static=True, default=2)

    cite: ClassVar[tuple[str, ...]] = ("gittins1979", "wang2016", "duan2016")

    def choose(self, state: Counts, percept: Percept, key: Key[Array, ""]) -> Output:
        left = jnp.clip(self.pulls - state.pulls.sum().astype(jnp.int32), 1, self.pulls)
        most = self.pulls - left
        s = jnp.minimum(state.successes.astype(jnp.int32), most)
        f = jnp.minimum(state.failures.astype(jnp.int32), most - s)
        index = self.index[place(self.pulls, left, s, f)]
        return sampled(key, best(index), state.mean.max(), q=state.mean, index=index)


def gittins(task: Task) -> Gittins:
    """The index player of `task.actions` arms for `task.episode_steps` pulls (at most 500), tabulated here."""
    check(
        task.episode_steps <= MOST_PULLS,
        f"gittins tabulates at most {MOST_PULLS} pulls, but the task has {task.episode_steps}; shorten the task.",
    )
    return Gittins(jnp.asarray(index_table(task.episode_steps)), task.episode_steps, task.actions)
