"""Ideal observers of tasks that come back: those of the task itself, who take up their beliefs where they left them.

What an observer believes at the end of an exposure is kept under its context, and is what it believes when the context
is met again: that is all that a perfect episodic memory can add (Ritter et al. 2018, whose agent learns to do the
same with its activity). Without it every exposure is met as the first, which is the best that can be done by whoever
learns each task anew.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from fastslow import catalog
from fastslow.agents.observer import Observer, assume
from fastslow.errors import UserError, check
from fastslow.tasks.contextual_choice import ContextualChoice
from fastslow.tasks.recurring import Recurring
from fastslow.tasks.task import Task
from fastslow.tasks.water_maze import WaterMaze
from fastslow.timestep import Output, Percept

IDEAL = {ContextualChoice: "accumulator", WaterMaze: "swimmer"}
"""Who is ideal in what comes back, by catalog name."""


class Kept(NamedTuple):
    """What is known in an episode."""

    codes: Float[Array, "slot code"]
    """The contexts met, in the order in which they first were."""
    beliefs: PyTree
    """What was believed when each was left, `[slot ...]`."""
    met: Int[Array, ""]
    """Contexts met, the first slots."""
    here: Int[Array, ""]
    """The slot of the present one."""
    back: Bool[Array, ""]
    """It has been met before."""
    now: PyTree
    """What is believed of it."""


class Recalling(Observer):
    """An observer of the inner task with its beliefs by context, which are told apart exactly.

    `value` and probes are the inner observer's; `recalled` is 1 where the context has been met before.
    """

    inner: Observer
    """Who observes each of the tasks."""
    remembers: Bool[Array, ""]
    """Beliefs are taken up again; else each exposure is met with none."""
    contexts: int = eqx.field(static=True)
    """Contexts of an episode."""
    code: int = eqx.field(static=True)
    """Length of a context, which is what comes last in the observation."""

    cite: ClassVar[tuple[str, ...]] = ("ritter2018",)

    def blank(self) -> Kept:
        nothing = self.inner.blank()
        beliefs = jax.tree.map(lambda x: jnp.broadcast_to(x, (self.contexts, *jnp.shape(x))), nothing)
        codes = jnp.zeros((self.contexts, self.code))
        return Kept(codes, beliefs, jnp.int32(0), jnp.int32(-1), jnp.bool_(False), nothing)

    def take_in(self, state: Kept, percept: Percept) -> tuple[Kept, dict[str, Array]]:
        begins, context = percept.first | percept.cue.begins, percept.cue.context.reshape(-1)
        slots = jnp.arange(self.contexts)
        known = (state.codes == context[None]).all(axis=1) & (slots < state.met)
        new = ~known.any()
        here = jnp.where(begins, jnp.where(new, state.met, known.argmax()), state.here)
        at = slots == here
        codes = jnp.where((at & begins)[:, None], context, state.codes)
        met = state.met + (begins & new)

        left = jax.tree.map(lambda kept: kept[jnp.minimum(here, self.contexts - 1)], state.beliefs)
        fresh = jax.tree.map(lambda a, b: jnp.where(new | ~self.remembers, a, b), self.inner.blank(), left)
        now = jax.tree.map(lambda a, b: jnp.where(begins, a, b), fresh, state.now)
        now, signals = self.inner.take_in(now, self.within(percept))
        keep = at & percept.cue.store

        def stored(kept: Array, believed: Array) -> Array:
            return jnp.where(keep.reshape(-1, *(1,) * believed.ndim), believed, kept)

        beliefs = jax.tree.map(stored, state.beliefs, now)
        back = jnp.where(begins, ~new, state.back)
        recalled = (back & self.remembers).astype(jnp.float32)
        return Kept(codes, beliefs, met, here, back, now), signals | {"recalled": recalled}

    def choose(self, state: Kept, percept: Percept, key: Key[Array, ""]) -> Output:
        return self.inner.choose(state.now, self.within(percept), key)

    def within(self, percept: Percept) -> Percept:
        """The percept as the inner task alone gives it."""
        first = percept.first | percept.cue.begins
        return percept._replace(
            observation=percept.observation[: percept.observation.shape[0] - self.code],
            last_action=jnp.where(first, -1, percept.last_action),
            last_reward=jnp.where(first, 0.0, percept.last_reward),
            first=first,
            cue=None,
        )


def recalling(task: Task, remembers: bool = True, observer: str = "") -> Recalling:
    """The observer of `task`, whose problems come back; `observer` names that of the inner task (else the ideal)."""
    assume("recalling", task, Recurring, ContextualChoice)
    if isinstance(task, Recurring):
        check(
            not np.any(np.asarray(task.noise)),
            f"noise is {np.asarray(task.noise).item():g}, but recalling knows contexts as they are; give it 0.",
        )
        inner, contexts, code = task.task, task.contexts, task.bits
    else:
        inner, contexts, code = task, task.examples, task.size
    known = observer or next((name for kind, name in IDEAL.items() if isinstance(inner, kind)), "")
    if not known:
        raise UserError(
            f"recalling knows no ideal observer of {type(inner).__name__}; name one with observer, such as 'thompson'."
        )
    one = catalog.load("agent", known)(inner)
    check(
        isinstance(one, Observer), f"observer is '{known}', but recalling needs an ideal or classic observer."
    )
    return Recalling(one, jnp.bool_(remembers), contexts, code)
