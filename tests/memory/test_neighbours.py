"""The search finds what a plain one over all distances finds, in the part in use and nowhere else."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.errors import UserError
from fastslow.memory import neighbours as module
from fastslow.memory.neighbours import nearest, nearest_and_newest, nearest_approximately, squared_norms

SLOTS, SIZE = 50, 3
KEYS = np.random.default_rng(0).normal(size=(SLOTS, SIZE)).astype(np.float32)
QUERIES = np.random.default_rng(1).normal(size=(7, SIZE)).astype(np.float32)


def plain(used: int, query: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    distance = ((KEYS[:used].astype(np.float64) - query) ** 2).sum(1)
    order = np.argsort(distance, kind="stable")[:k]
    index, nearest = np.full(k, -1), np.full(k, np.inf)
    index[: len(order)], nearest[: len(order)] = order, distance[order]
    return index, nearest


@pytest.fixture(params=[nearest, nearest_approximately], ids=["exact", "approximate"])
def search(request, monkeypatch):
    # On a CPU the approximate search is exact too. Blocks of 8 do not divide the 50 slots.
    monkeypatch.setattr(module, "BLOCK", 8)
    keys = jnp.asarray(KEYS)

    def run(used: int, queries: np.ndarray, k: int):
        batch = jax.vmap(lambda query: request.param(keys, squared_norms(keys), jnp.int32(used), query, k))
        return jax.jit(batch)(jnp.asarray(queries))

    return run


@pytest.mark.parametrize("k", [1, 5, 50])
@pytest.mark.parametrize("used", [0, 1, 4, 8, 17, 49, 50])
def test_it_finds_what_a_plain_search_finds(search, used, k):
    found = search(used, QUERIES, k)
    for i, query in enumerate(QUERIES):
        index, distance = plain(used, query, k)
        np.testing.assert_array_equal(found.index[i], index)
        np.testing.assert_allclose(found.distance[i], distance, rtol=1e-5)


def test_distances_of_far_away_neighbours_are_exact():
    keys = jnp.asarray([[1000.0, 0.0], [1000.25, 0.0], [-1000.0, 0.0]])
    found = nearest(keys, squared_norms(keys), jnp.int32(3), jnp.asarray([1000.25, 0.5]), 2)
    np.testing.assert_array_equal(found.distance, [0.25, 0.3125])


def test_of_equals_the_first_comes_first():
    keys = jnp.zeros((20, 2))
    found = nearest(keys, squared_norms(keys), jnp.int32(9), jnp.ones(2), 4)
    np.testing.assert_array_equal(found.index, [0, 1, 2, 3])


@pytest.mark.parametrize("k", [0, 51])
def test_more_neighbours_than_slots_are_refused(search, k):
    with pytest.raises(UserError, match=f"{k} neighbours are asked for.*1 to 50"):
        search(3, QUERIES, k)


@pytest.mark.parametrize("k", [1, 3, 11])
def test_the_greatest_of_many_are_those_of_all(k):
    x = np.random.default_rng(2).integers(0, 40, 16 * 24).astype(np.float32)
    x[5:300] = -np.inf
    rare = np.random.default_rng(3).normal(size=16 * 24).astype(np.float32)
    for numbers in (rare, x, x[:-1]):
        best, place = jax.jit(lambda x: module.greatest(x, k))(numbers)
        np.testing.assert_array_equal(best, np.sort(numbers)[::-1][:k])
        np.testing.assert_array_equal(numbers[np.asarray(place)], best)
        assert len(np.unique(place)) == k
    np.testing.assert_array_equal(module.greatest(jnp.asarray(rare), k)[1], np.argsort(-rare)[:k])


@pytest.mark.parametrize("far", [1, 1000])
def test_each_of_many_queries_is_searched_for_in_its_own_buffer(far, monkeypatch):
    monkeypatch.setattr(module, "FAR", far)
    monkeypatch.setattr(module, "TOGETHER", 2)
    draw = np.random.default_rng(4)
    keys = jnp.asarray(draw.normal(size=(3, SLOTS, SIZE)).astype(np.float32))
    used, of = jnp.asarray([50, 4, 20]), draw.permutation([0] * 5 + [1] * 4 + [2] * 2)
    queries = jnp.asarray(draw.normal(size=(11, SIZE)).astype(np.float32))
    norms = squared_norms(keys)
    found = jax.jit(lambda queries: module.nearest_of_each(keys, norms, used, queries, 5, jnp.asarray(of)))(
        queries
    )
    for i, one in enumerate(of):
        alone = nearest(keys[one], norms[one], used[one], queries[i], 5)
        np.testing.assert_array_equal(found[i], alone.index)


@pytest.mark.parametrize("used", [0, 1, 4, 50])
def test_of_keys_as_near_the_newest_comes_first(used):
    """Keys of few values, so that many are equal, some but for their last bits; stamps as in a ring that went round."""
    keys = np.round(KEYS).clip(-1, 1)
    keys[::3] *= np.float32(1 + 1e-7)
    stamp = 1 + (np.arange(SLOTS) - 20) % SLOTS
    query, k = np.array([1.0, -1.0, 0.0], np.float32), 9
    distance = ((keys[:used].astype(np.float64) - query) ** 2).sum(1).round(4)
    wanted = np.full(k, -1)
    order = np.lexsort((-stamp[:used], distance))[:k]
    wanted[: len(order)] = order
    given = (
        jnp.asarray(keys),
        squared_norms(jnp.asarray(keys)),
        jnp.asarray(stamp),
        jnp.int32(used),
        jnp.asarray(query),
    )
    found = nearest_and_newest(*given, k)
    np.testing.assert_array_equal(found.index, wanted)
    np.testing.assert_allclose(found.distance[: len(order)], distance[order], atol=1e-4)
    assert np.isinf(found.distance[len(order) :]).all()
    np.testing.assert_array_equal(nearest_and_newest(*given, 1).index, wanted[:1])
