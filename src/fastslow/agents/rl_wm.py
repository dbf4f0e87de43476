"""Reinforcement learning and working memory side by side: slow and sure, fast and small (Collins & Frank 2012).

A working memory keeps each answer's outcome as it was, but fades from trial to trial and holds only so many pictures;
values learned by prediction error do neither. People's learning curves by set size are those of both together. Collins
& Frank 2012; Collins et al. 2014; here in the form of the model that Collins 2024 compares others with.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from fastslow.agents.observer import Observer, assume, best, sampled
from fastslow.agents.set_size_view import Look, Seen, look, nothing_seen
from fastslow.tasks.set_size import ANSWERS, MOST, SetSize
from fastslow.tasks.task import Task, check_range, parameter
from fastslow.timestep import Output, Percept


class Stores(NamedTuple):
    q: Float[Array, "picture action"]
    w: Float[Array, "picture action"]
    seen: Seen
    now: Look


class RLWM(Observer):
    """After answering picture s with a, for the reward r (1 or 0):

    W <- W + phi (1/3 - W) everywhere; then W(s, a) <- W(s, a) + c (r - W(s, a)) and
    Q(s, a) <- Q(s, a) + c alpha (r - Q(s, a)), with c = 1 for a reward and 1 - pers without one.

    P(a) = eta P_W(a) + (1 - eta) P_Q(a), with eta = rho min(1, K / n) for n pictures in the block, and each of the two
    (1 - epsilon) softmax(beta X(s, .)) + epsilon / 3. All values are 1/3 at first.

    An answer that was missed changes nothing. `value` is the probability that the answer, as it will be drawn, is
    right by the agent's own values; probes: `q` and `w` of the picture shown, and `weight`, eta.
    """

    alpha: Float[Array, ""] = eqx.field(converter=parameter)
    """Learning rate of the values, 0 to 1."""
    rho: Float[Array, ""] = eqx.field(converter=parameter)
    """Reliance on working memory, 0 to 1; 0: reinforcement learning alone."""
    capacity: Float[Array, ""] = eqx.field(converter=parameter)
    """K: pictures that working memory holds."""
    phi: Float[Array, ""] = eqx.field(converter=parameter)
    """Share of working memory that fades in each trial, 0 to 1."""
    epsilon: Float[Array, ""] = eqx.field(converter=parameter)
    """Probability of an answer at random (undirected noise)."""
    pers: Float[Array, ""] = eqx.field(converter=parameter)
    """Neglect of answers that did not pay, 0 to 1 (perseveration)."""
    beta: Float[Array, ""] = eqx.field(converter=parameter)
    """Inverse temperature, per unit of reward."""

    cite: ClassVar[tuple[str, ...]] = ("collins2012", "collins2014", "collins2024")

    def __check_init__(self) -> None:
        for name in ("alpha", "rho", "phi", "epsilon", "pers"):
            check_range(name, getattr(self, name), 0, 1)
        check_range("capacity", self.capacity, 0, 1e6)
        check_range("beta", self.beta, 0, 1e6)

    def blank(self) -> Stores:
        flat = jnp.full((MOST, ANSWERS), 1 / ANSWERS)
        return Stores(flat, flat, *nothing_seen())

    def take_in(self, state: Stores, percept: Percept) -> tuple[Stores, dict[str, Array]]:
        seen, now = look(state.seen, percept)
        here = now.picture[:, None] & now.answer[None]
        heed = jnp.where(now.reward > 0, 1.0, 1 - self.pers)
        faded = jnp.where(now.answer.any(), state.w + self.phi * (1 / ANSWERS - state.w), state.w)
        w = faded + jnp.where(here, heed * (now.reward - faded), 0.0)
        delta = jnp.where(here, now.reward - state.q, 0.0)
        return Stores(state.q + heed * self.alpha * delta, w, seen, now), {"delta_reward": delta.sum()}

    def choose(self, state: Stores, percept: Percept, key: Key[Array, ""]) -> Output:
        here = state.now.picture.astype(jnp.float32)
        q, w = here @ state.q, here @ state.w
        weight = self.rho * jnp.minimum(1.0, self.capacity / state.now.size)
        by_q, by_w = jax.nn.softmax(self.beta * q), jax.nn.softmax(self.beta * w)
        p = weight * by_w + (1 - weight) * by_q
        p = (1 - self.epsilon) * p + self.epsilon / ANSWERS
        value = jnp.where(state.now.told, 0.0, (p * (weight * w + (1 - weight) * q)).sum())
        return sampled(key, jnp.log(p + 1e-30), value, q=q, w=w, weight=weight)


def rl_wm(
    task: Task,
    alpha: float = 0.047,
    rho: float = 0.965,
    capacity: float = 3.36,
    phi: float = 0.173,
    epsilon: float = 0.018,
    pers: float = 0.69,
    beta: float = 25.0,
) -> RLWM:
    """Reinforcement learning with a working memory, for `task`, a SetSize.

    Defaults are the medians of our fits to the 79 people of Collins & Frank 2012 (analysis.rl_wm), beta as there.
    """
    assume("rl_wm", task, SetSize)
    return RLWM(alpha, rho, capacity, phi, epsilon, pers, beta)


def rl_alone(
    task: Task, alpha: float = 0.121, epsilon: float = 0.057, pers: float = 0.555, beta: float = 25.0
) -> RLWM:
    """The same without working memory, to which set size means nothing; defaults are the medians of its own fits."""
    assume("rl_alone", task, SetSize)
    return RLWM(alpha, 0.0, 1.0, 0.0, epsilon, pers, beta)


class Kept(NamedTuple):
    told: Float[Array, "picture action"]
    """1 for the right answer, -1 for wrong ones, 0 for what was not tried."""
    seen: Seen
    now: Look


class PerfectMemory(Observer):
    """Forgets nothing: gives the right answer once it knows it, and none again that was wrong; otherwise it guesses.

    It does not know in what shares a block's answers come, so that it is right with 1/3, 2/3 and 1 at the first, second
    and third presentation of a picture, whatever the set size. `value` is that probability.
    """

    cite: ClassVar[tuple[str, ...]] = ("collins2012",)

    def blank(self) -> Kept:
        return Kept(jnp.zeros((MOST, ANSWERS)), *nothing_seen())

    def take_in(self, state: Kept, percept: Percept) -> tuple[Kept, dict[str, Array]]:
        seen, now = look(state.seen, percept)
        here = now.picture[:, None] & now.answer[None]
        return Kept(jnp.where(here, jnp.where(now.reward > 0, 1.0, -1.0), state.told), seen, now), {}

    def choose(self, state: Kept, percept: Percept, key: Key[Array, ""]) -> Output:
        told = state.now.picture.astype(jnp.float32) @ state.told
        likely = jnp.where((told > 0).any(), told > 0, told == 0)
        value = jnp.where(state.now.told, 0.0, 1 / jnp.maximum(likely.sum(), 1))
        return sampled(key, best(told), value, told=told)


def perfect_memory(task: Task) -> PerfectMemory:
    """Who forgets nothing, at `task`, a SetSize."""
    assume("perfect_memory", task, SetSize)
    return PerfectMemory()
