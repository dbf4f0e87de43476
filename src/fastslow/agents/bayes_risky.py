"""The ideal gambler: press the risky lever as long as what is still to be learned and won is worth it.

The certain lever teaches nothing, so this is a problem of optimal stopping: once the certain lever is the better
one it stays so (Bradt, Johnson & Karlin 1956, one arm known). Exact by dynamic programming over the wins and losses
of the risky lever.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key
from scipy.special import expit, xlog1py, xlogy

from fastslow.agents.observer import LOG_NEVER, Observer, assume, best, sampled
from fastslow.tasks.risky_choice import RiskyChoice
from fastslow.tasks.task import Task
from fastslow.timestep import Output, Percept


class Gambles(NamedTuple):
    """What is known of the two levers."""

    p_certain: Float[Array, "2"]
    """Probability that each lever is the certain one."""
    wins: Int[Array, ""]
    losses: Int[Array, ""]


class BayesRisky(Observer):
    """Presses the lever of greater worth by `advantage`; ties at random. Probe: `advantage` of the risky lever."""

    small: Float[Array, ""]
    fixation: bool = eqx.field(static=True)
    advantage: Float[Array, "wins losses"]
    """Expected gain of one more risky press over stopping, after so many wins and losses."""

    cite: ClassVar[tuple[str, ...]] = ("wang2018", "bradt1956")

    def blank(self) -> Gambles:
        return Gambles(jnp.full(2, 0.5), jnp.int32(0), jnp.int32(0))

    def take_in(self, state: Gambles, percept: Percept) -> tuple[Gambles, dict[str, Array]]:
        lever = percept.last_action - self.fixation
        paid, pressed = percept.last_reward, jnp.arange(2) == lever
        # A void press pays -1 and tells nothing; nor does a fixation.
        told = ~percept.first & (lever >= 0) & (paid >= 0)
        certain = jnp.abs(paid - self.small) < 1e-3
        is_certain = jnp.where(certain, pressed, ~pressed).astype(jnp.float32)
        gambled = told & ~certain
        return Gambles(
            jnp.where(told, is_certain, state.p_certain),
            state.wins + (gambled & (paid > 0)),
            state.losses + (gambled & (paid <= 0)),
        ), {}

    def choose(self, state: Gambles, percept: Percept, key: Key[Array, ""]) -> Output:
        advantage = self.advantage[state.wins, state.losses]
        # While it is not known which lever is which, both are worth the same.
        worth = advantage * (state.p_certain[::-1] - state.p_certain)
        asked = jnp.concatenate([jnp.zeros(int(self.fixation)), worth])
        there = percept.observation > 0
        logits = jnp.where(there, best(jnp.where(there, asked, -jnp.inf)), LOG_NEVER)
        return sampled(key, logits, jnp.float32(0), advantage=advantage)


def advantages(task: RiskyChoice) -> Float[np.ndarray, "wins losses"]:
    """Gain of one more risky press over pressing the certain lever to the end, for every number of wins and losses.

    With n risky presses so far, half of the forced trials among them, `trials - forced / 2 - n` are left.
    """
    small, large = float(task.small), float(task.large)
    size = task.trials + 2
    wins, losses = np.arange(size)[:, None], np.arange(size)[None, :]
    p_high, p_low = float(task.p_high), float(task.p_low)
    evidence = [xlogy(wins, p) + xlog1py(losses, -p) for p in (p_high, p_low)]
    with np.errstate(invalid="ignore"):
        # Where both odds rule the history out (inf - inf) it never happens, and any number does.
        high = np.nan_to_num(expit(evidence[0] - evidence[1]), nan=0.5)
    p_win = high * p_high + (1 - high) * p_low
    left = np.maximum(task.trials - task.forced // 2 - (wins + losses), 0)
    value, advantage = small * left.astype(float), np.zeros((size, size))
    for n in range(task.trials - task.forced // 2 - 1, -1, -1):
        w = np.arange(n + 1)
        l = n - w
        go = p_win[w, l] * (large + value[w + 1, l]) + (1 - p_win[w, l]) * value[w, l + 1]
        advantage[w, l] = go - small * left[w, l]
        value[w, l] += np.maximum(advantage[w, l], 0.0)
    return advantage


def bayes_risky(task: Task) -> BayesRisky:
    """The observer that knows what the levers of `task` pay, both odds, and how long the episode is."""
    assume("bayes_risky", task, RiskyChoice)
    return BayesRisky(task.small, task.fixation, jnp.asarray(advantages(task), jnp.float32))
