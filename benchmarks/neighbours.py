"""Exact search for neighbours beside the bare product and selection over the same keys; its cost by what is used."""

import jax
import jax.numpy as jnp
from jaxtyping import Array

from benchmarks.table import Row
from benchmarks.timing import race
from fastslow.memory.neighbours import nearest, squared_norms

TITLE = "Nearest neighbours: exact search beside a bare matrix product and top_k, 64 features, 50 neighbours"
FEATURES, NEIGHBOURS, BATCH = 64, 50, 32
CURVE = (1_000, 10_000, 100_000, 1_000_000)


def keys_of(slots: int) -> Array:
    return jax.random.normal(jax.random.key(0), (slots, FEATURES))


def measure(short: bool) -> list[Row]:
    slots, rounds = (20_000, 3) if short else (500_000, 12)
    return [*beside_the_bare(slots, rounds), *by_use(short, rounds)]


def beside_the_bare(slots: int, rounds: int) -> list[Row]:
    """A full memory, for a batch of queries and for one."""
    keys = keys_of(slots)
    norms = squared_norms(keys)
    used = jnp.int32(slots)

    def search(queries: Array) -> Array:
        return jax.vmap(lambda query: nearest(keys, norms, used, query, NEIGHBOURS).index)(queries)

    def bare(queries: Array) -> Array:
        return jax.lax.top_k(2 * queries @ keys.T - norms[None], NEIGHBOURS)[1]

    rows = []
    for batch in (BATCH, 1):
        queries = jax.random.normal(jax.random.key(1), (batch, FEATURES))
        contestants = {}
        for name, run in (("search", search), ("bare", bare)):
            program = jax.jit(run).lower(queries).compile()
            contestants[name] = lambda program=program, queries=queries: jax.block_until_ready(
                program(queries)
            )
        spent = race(contestants, rounds)
        rows.append(
            Row(
                f"search / bare, {batch} queries at a time",
                spent["search"].best / spent["bare"].best,
                "x",
                spent["search"].median / spent["bare"].median,
                at_most=1.3 if batch == BATCH else None,
                note=f"{1000 * spent['search'].best / batch:.2f} ms a query; {spent['search'].cores:.1f} cores busy",
                group=f"{slots:,} keys, all in use",
            )
        )
    return rows


def by_use(short: bool, rounds: int) -> list[Row]:
    """Time per query and stored key, in a memory with room for the most of the curve."""
    curve = CURVE[:2] if short else CURVE
    keys = keys_of(curve[-1])
    norms = squared_norms(keys)
    queries = jax.random.normal(jax.random.key(1), (BATCH, FEATURES))

    def search(used: Array) -> Array:
        return jax.vmap(lambda query: nearest(keys, norms, used, query, NEIGHBOURS).index)(queries)

    program = jax.jit(search).lower(jnp.int32(1)).compile()
    runs = {used: lambda used=used: jax.block_until_ready(program(jnp.int32(used))) for used in curve}
    spent = race(runs, rounds)
    return [
        Row(
            f"{used:,} keys in use",
            1e9 * spent[used].best / BATCH / used,
            "ns per query and key",
            1e9 * spent[used].median / BATCH / used,
            group=f"room for {curve[-1]:,} keys",
        )
        for used in curve
    ]
