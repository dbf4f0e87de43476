"""Upper confidence bounds (Auer, Cesa-Bianchi & Fischer 2002): an arm's mean plus a bonus for what is unknown.

Index: mean_i + sqrt(c log t / n_i), with t pulls made and n_i of them on arm i. c = 2 is UCB1; c = 1 the bonus
of Wang et al. 2016; Duan et al. 2016 write c' sqrt(2 log t / n_i) with c' about .2, that is c = 2 c'^2.
"""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from fastslow.agents.counts import CountingObserver, Counts
from fastslow.agents.observer import best, sampled
from fastslow.tasks.task import Task, check_count, check_range, parameter
from fastslow.timestep import Output, Percept

UNTRIED = 1e6


class UCB(CountingObserver):
    """Each arm is pulled once first, in random order, unless `pseudo` counts stand in for those pulls."""

    c: Float[Array, ""] = eqx.field(converter=parameter, default=2.0)
    """Width of the bonus."""
    pseudo: Float[Array, ""] = eqx.field(converter=parameter, default=0.0)
    """Imagined successes, and as many failures, of each arm before the first pull (Duan 2016: 1)."""
    arms: int = eqx.field(static=True, default=2)

    cite: ClassVar[tuple[str, ...]] = ("auer2002", "wang2016", "duan2016")

    def __check_init__(self) -> None:
        check_range("c", self.c, 0, 1e6)
        check_range("pseudo", self.pseudo, 0, 1e6)
        check_count("arms", self.arms, 1)

    def choose(self, state: Counts, percept: Percept, key: Key[Array, ""]) -> Output:
        n = state.pulls + 2 * self.pseudo
        mean = (state.successes + self.pseudo) / jnp.maximum(n, 1e-6)
        bonus = jnp.sqrt(self.c * jnp.log(jnp.maximum(n.sum(), 1.0)) / jnp.maximum(n, 1e-6))
        index = jnp.where(n > 0, mean + bonus, UNTRIED)
        return sampled(key, best(index), state.mean.max(), q=state.mean, index=index)


def ucb(task: Task, c: float = 2.0, pseudo: float = 0.0) -> UCB:
    """UCB over the arms of `task`; UCB1 by default."""
    return UCB(c, pseudo, task.actions)
