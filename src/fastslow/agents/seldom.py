"""Work that an agent does now and then, such as planning, done only when it is due, in lanes too.

In lanes, `jax.lax.cond` on each lane's own condition becomes a choice between two results that are both computed, so
that a plan made once in ten steps would be paid for in each.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, PyTree


def seldom(due: Bool[Array, ""], work: Callable[..., PyTree], before: PyTree, *arguments: PyTree) -> PyTree:
    """`work(*arguments)` where `due`, else `before`; in lanes computed if, and only if, it is due in some lane.

    `work` may depend on nothing but its arguments, and returns what has the form of `before`.
    """

    @jax.custom_batching.custom_vmap
    def one(due, before, *arguments):
        return jax.lax.cond(due, lambda: work(*arguments), lambda: before)

    @one.def_vmap
    def lanes(count, batched, due, before, *arguments):
        def spread(x, is_batched):
            return x if is_batched else jnp.broadcast_to(x, (count, *x.shape))

        due, before = jax.tree.map(spread, (due, before), (batched[0], batched[1]))
        axes = jax.tree.map(lambda is_batched: 0 if is_batched else None, tuple(batched[2:]))

        def chosen():
            # At least one argument must be batched for vmap; `before` always is.
            after = jax.vmap(lambda _, given: work(*given), (0, axes))(before, arguments)
            return jax.tree.map(lambda new, old: jax.vmap(jnp.where)(due, new, old), after, before)

        after = jax.lax.cond(due.any(), chosen, lambda: before)
        return after, jax.tree.map(lambda _: True, before)

    return one(due, before, *arguments)
