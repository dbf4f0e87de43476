"""Thompson sampling for restless arms: the posterior wanders with the world, at one assumed volatility.

The comparator of Wang et al. 2016 for restless bandits. Arms pay with p and 1 - p; p takes Gaussian steps
reflected at 0 and 1. The posterior over p is kept on a grid.
"""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key
from scipy.stats import norm

from fastslow.agents.observer import Observer, assume, best, sampled
from fastslow.tasks.restless import RestlessBandit
from fastslow.tasks.task import Task, check_range
from fastslow.timestep import Output, Percept

BINS = 101
REFLECTIONS = 8


def walk(sigma: float, bins: int = BINS) -> np.ndarray:
    """Probability `[from, to]` that a Gaussian step, reflected at 0 and 1, leads from a bin's centre to a bin."""
    edges = np.linspace(0, 1, bins + 1)
    centres = (edges[1:] + edges[:-1]) / 2
    matrix = np.zeros((bins, bins))
    for k in range(-REFLECTIONS, REFLECTIONS + 1):
        # The images of [0, 1] in the two walls: x + 2k as it is, 2k - x turned round.
        for image in (edges + 2 * k, 2 * k - edges):
            matrix += np.abs(np.diff(norm.cdf(image[None, :], centres[:, None], max(sigma, 1e-6)), axis=1))
    return matrix / matrix.sum(axis=1, keepdims=True)


class RestlessThompson(Observer):
    """Draws p from its posterior and pulls the first arm if p > 1/2, the second if not.

    After a pull: Bayes' rule, then one step of the walk. `value` and the probe `q` are posterior means.
    """

    walk: Float[Array, "bin bin"]
    """`walk` of the assumed volatility."""

    cite: ClassVar[tuple[str, ...]] = ("wang2016", "thompson1933")

    @property
    def centres(self) -> Float[Array, " bin"]:
        bins = self.walk.shape[0]
        return (jnp.arange(bins) + 0.5) / bins

    def blank(self) -> Float[Array, " bin"]:
        bins = self.walk.shape[0]
        return jnp.full(bins, 1 / bins)

    def take_in(
        self, state: Float[Array, " bin"], percept: Percept
    ) -> tuple[Float[Array, " bin"], dict[str, Array]]:
        action = percept.last_action
        pulled = jnp.where(action == 0, self.centres, 1 - self.centres)
        likelihood = percept.last_reward * pulled + (1 - percept.last_reward) * (1 - pulled)
        posterior = jnp.where((action == 0) | (action == 1), state * likelihood, state)
        moved = (posterior / posterior.sum()) @ self.walk
        return jnp.where(percept.first, state, moved), {}

    def choose(self, state: Float[Array, " bin"], percept: Percept, key: Key[Array, ""]) -> Output:
        draw_key, jitter_key, choice_key = jax.random.split(key, 3)
        bin = jax.random.categorical(draw_key, jnp.log(jnp.maximum(state, 1e-30)))
        # Anywhere within the bin, so that the middle one does not favour an arm.
        p = (bin + jax.random.uniform(jitter_key)) / state.shape[0]
        mean = (state * self.centres).sum()
        q = jnp.stack([mean, 1 - mean])
        return sampled(choice_key, best(jnp.stack([p, 1 - p])), q.max(), q=q)


def restless_thompson(task: Task, volatility: float = 0.05) -> RestlessThompson:
    """A sampler that assumes the one `volatility` (s.d. of a step) in all episodes.

    By default between .02 and .2, the two of the restless bandit, and about the best there for both together.
    """
    assume("restless_thompson", task, RestlessBandit)
    check_range("volatility", volatility, 0.0, 1.0)
    return RestlessThompson(jnp.asarray(walk(volatility), jnp.float32))
