"""Exact search for neighbours beside the bare product and selection over the same keys, and beside faiss; its cost by
what is used."""

import importlib
from importlib.util import find_spec

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from benchmarks.table import Row
from benchmarks.timing import race
from fastslow.cli.start import cores
from fastslow.memory.neighbours import BLOCK, nearest, squared_norms

TITLE = "Nearest neighbours: exact search beside a bare matrix product and top_k, 64 features, 50 neighbours"
FEATURES, NEIGHBOURS, BATCH = 64, 50, 32
CURVE = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)


def keys_of(slots: int) -> Array:
    return jax.random.normal(jax.random.key(0), (slots, FEATURES))


def measure(short: bool) -> list[Row]:
    slots, rounds = (20_000, 3) if short else (500_000, 12)
    return [*beside_the_bare(slots, rounds), *beside_faiss(slots, rounds), *by_use(short, rounds)]


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


def beside_faiss(slots: int, rounds: int) -> list[Row]:
    """A full memory searched by us and by faiss's Flat index, which is exact too; nothing without the extra `peers`."""
    if find_spec("faiss") is None:
        print("neighbours: faiss is left out; it comes with the extra `peers` (`pip install '.[peers]'`).")
        return []
    faiss = importlib.import_module("faiss")
    keys = keys_of(slots)
    norms, used = squared_norms(keys), jnp.int32(slots)
    index = faiss.IndexFlatL2(FEATURES)
    index.add(np.asarray(keys))

    def search(queries: Array) -> Array:
        return jax.vmap(lambda query: nearest(keys, norms, used, query, NEIGHBOURS).index)(queries)

    def theirs(queries: np.ndarray, threads: int) -> np.ndarray:
        faiss.omp_set_num_threads(threads)
        return index.search(queries, NEIGHBOURS)[1]

    rows = []
    for batch in (1, BATCH):
        queries = jax.random.normal(jax.random.key(1), (batch, FEATURES))
        program, plain = jax.jit(search).lower(queries).compile(), np.asarray(queries)
        # Small work may run faster on one thread: faiss gets the better of both.
        contestants = {
            f"faiss on {threads}": lambda threads=threads, plain=plain: theirs(plain, threads)
            for threads in sorted({1, cores()})
        }
        found = np.asarray(program(queries))
        agreeing = np.mean(
            [len({*a} & {*b}) / NEIGHBOURS for a, b in zip(found, theirs(plain, 1), strict=True)]
        )
        spent = race(
            contestants
            | {"search": lambda program=program, queries=queries: jax.block_until_ready(program(queries))},
            rounds,
        )
        best, median = (min(getattr(spent[name], of) for name in contestants) for of in ("best", "median"))
        rows.append(
            Row(
                f"faiss / search, {batch} at a time",
                best / spent["search"].best,
                "x",
                median / spent["search"].median,
                at_least=5 if batch == 1 else None,
                note=f"{1000 * best / batch:.2f} and {1000 * spent['search'].best / batch:.2f} ms a query; "
                f"{agreeing:.1%} of the neighbours agree",
                group=f"{slots:,} keys, all in use, beside faiss Flat",
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
    group = f"room for {curve[-1]:,} keys"
    rows = [
        Row(
            f"{used:,} keys in use",
            1e9 * spent[used].best / BATCH / used,
            "ns per query and key",
            1e9 * spent[used].median / BATCH / used,
            group=group,
        )
        for used in curve
    ]
    # Below one block what is compared at the least shows.
    linear = [row for row, used in zip(rows, curve, strict=True) if used >= BLOCK] or rows[-1:]
    most, least = max(linear, key=lambda row: row.value), min(linear, key=lambda row: row.value)
    name = "per key, the dearest over the cheapest of more than a block"
    return [
        *rows,
        Row(name, most.value / least.value, "x", most.median / least.median, at_most=2, group=group),
    ]
