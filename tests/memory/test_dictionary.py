"""The dictionary against a plain one of lists, in all of its settings, and where it runs full."""

import dataclasses
import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.errors import UserError
from fastslow.memory import dictionary
from fastslow.memory.dictionary import BOX2, BOX2_LITERAL, MFEC, NEC, Rules

STATES, SIZE = 6, 2
EMBEDDED = np.random.default_rng(0).normal(size=(STATES, SIZE)).astype(np.float32)
NAMES = np.arange(2 * STATES, dtype=np.uint32).reshape(STATES, 2)


class Plain:
    """Entries are lists: key, value, state, writes, stamp."""

    def __init__(self, capacity: int, rules: Rules):
        self.entries, self.capacity, self.rules, self.clock = [], capacity, rules, 0

    def write(self, state: int, value: float) -> None:
        rules, self.clock = self.rules, self.clock + 1
        same = [entry for entry in self.entries if entry[2] == state and rules.merge != "append"]
        if same:
            (entry,) = same
            entry[3] += 1
            entry[1] = {
                "max": max(entry[1], value),
                "average": (1 - rules.rate) * entry[1] + rules.rate * value,
                "mean": entry[1] + (value - entry[1]) / entry[3],
            }[rules.merge]
            entry[4] = self.clock
            return
        new = [EMBEDDED[state], value, state, 1, self.clock]
        if len(self.entries) < self.capacity:
            self.entries.append(new)
        else:
            out = min(range(len(self.entries)), key=lambda i: self.entries[i][4])
            self.entries[out] = new

    def read(self, state: int, rules: Rules) -> tuple[float, list[int]]:
        distance = [float(((e[0].astype(float) - EMBEDDED[state]) ** 2).sum()) for e in self.entries]
        order = sorted(range(len(distance)), key=lambda i: distance[i])
        if 0 < rules.neighbours < self.capacity:
            order = order[: rules.neighbours]
        weights = {
            i: {
                "inverse": rules.scale / (distance[i] + rules.scale),
                "gaussian": math.exp(-distance[i] / rules.scale),
                "uniform": 1.0,
            }[rules.kernel]
            for i in order
        }
        value = sum(w * self.entries[i][1] for i, w in weights.items())
        if rules.normalise and weights:
            value /= sum(weights.values())
        same = [e[1] for e in self.entries if e[2] == state]
        return (same[0] if rules.exact and same else value), order

    def touch(self, slots: list[int]) -> None:
        if self.rules.evict == "least_used" and 0 < self.rules.neighbours < self.capacity:
            self.clock += 1
            for i in slots:
                self.entries[i][4] = self.clock


WRITING = [
    Rules(neighbours=n, merge=m, evict=e)
    for n, m, e in itertools.product((0, 1), dictionary.MERGES, dictionary.EVICTIONS)
]
READING = [
    Rules(neighbours=n, kernel=kernel, scale=0.5, normalise=normalise, exact=exact)
    for n, kernel, normalise, exact in itertools.product(
        (0, 1, 3), ("inverse", "gaussian", "uniform"), (True, False), (True, False)
    )
]


@pytest.fixture(scope="module")
def reads():
    """Every way of reading as a program of its own."""
    return {
        rules: jax.jit(lambda m, q, name, rules=rules: dictionary.read(m, q, rules, name))
        for rules in READING
    }


@pytest.mark.parametrize(
    "rules", WRITING, ids=lambda rules: f"{rules.neighbours}-{rules.merge}-{rules.evict}"
)
def test_all_settings_against_lists(rules, reads):
    capacity, rng = 4, np.random.default_rng(3)
    memory, plain = dictionary.empty(capacity, SIZE), Plain(capacity, rules)
    write = jax.jit(lambda m, k, v, name, when: dictionary.write(m, k, v, name, when, rules))
    touch = jax.jit(lambda m, index: dictionary.touch(m, index, rules))
    looked_at = READING[4 * 3]
    for step in range(25):
        state, value = int(rng.integers(STATES)), float(rng.normal())
        when = bool(rng.random() < 0.8)
        memory = write(memory, EMBEDDED[state], np.float32([value]), NAMES[state], when)
        if when:
            plain.write(state, value)
        seen = int(rng.integers(STATES))
        _, slots = plain.read(seen, looked_at)
        memory = touch(memory, reads[looked_at](memory, EMBEDDED[seen], NAMES[seen]).index)
        plain.touch(slots)
        assert int(memory.used) == len(plain.entries)
        np.testing.assert_allclose(memory.values[: memory.used, 0], [e[1] for e in plain.entries], rtol=1e-5)
        np.testing.assert_array_equal(memory.stamp[: memory.used], [e[4] for e in plain.entries])
        if step % 6 == 0:
            for reading, read in reads.items():
                # Of a state that is stored twice, "exactly" would have no meaning.
                if reading.exact and rules.merge == "append":
                    continue
                got = read(memory, EMBEDDED[seen], NAMES[seen])
                value, slots = plain.read(seen, reading)
                assert float(got.value[0]) == pytest.approx(value, rel=2e-5, abs=1e-6), reading
                assert sorted(int(i) for i in got.index if i >= 0) == sorted(slots), reading
                assert bool(got.known) == any(e[2] == seen for e in plain.entries)


def fill(capacity: int, count: int, rules: Rules) -> dictionary.Dictionary:
    """`count` different states with values 0, 1, ..., on a line."""
    keys = jnp.arange(float(count))[:, None]
    names = jnp.stack([jnp.arange(count, dtype=jnp.uint32)] * 2, axis=1)
    return dictionary.write_all(
        dictionary.empty(capacity, 1), keys, keys, names, jnp.ones(count, bool), rules
    )


@pytest.mark.parametrize("capacity", [1, 2, 3, 30])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 300])
def test_sizes_around_the_number_of_neighbours(capacity, count):
    rules = Rules(neighbours=3, kernel="uniform")
    memory = fill(capacity, count, rules)
    kept = list(range(count))[-capacity:]
    assert int(memory.used) == len(kept)
    assert sorted(np.asarray(memory.values[: memory.used, 0])) == kept
    got = dictionary.read(memory, jnp.asarray([-1.0]), rules)
    assert float(got.value[0]) == pytest.approx(np.mean(kept[:3]) if kept else 0.0)
    assert np.isclose(float(got.weights.sum()), 1.0 if kept else 0.0)


def test_the_narrowest_kernel_is_the_nearest_neighbour_and_the_widest_the_mean():
    memory = fill(10, 10, BOX2)
    query = jnp.asarray([6.4])
    narrow = Rules(kernel="gaussian", scale=1e-2)
    assert float(dictionary.read(memory, query, narrow).value[0]) == pytest.approx(6.0, abs=1e-5)
    # Where nothing is alike at all, nothing is known.
    assert float(dictionary.read(memory, query, Rules(scale=1e-12)).value[0]) == 0.0
    for kernel in ("gaussian", "inverse"):
        wide = Rules(kernel=kernel, scale=1e12)
        assert float(dictionary.read(memory, query, wide).value[0]) == pytest.approx(4.5, abs=1e-5)
    # However narrow, inverse distances still compare neighbours; of the state itself nothing else counts.
    inverse = Rules(kernel="inverse", scale=1e-12)
    assert float(dictionary.read(memory, jnp.asarray([6.0]), inverse).value[0]) == pytest.approx(
        6.0, abs=1e-5
    )


def test_the_sum_of_box_2_is_its_mean_where_one_memory_alone_is_alike():
    memory = fill(10, 10, BOX2)
    alone = [dataclasses.replace(rules, scale=1e-3) for rules in (BOX2, BOX2_LITERAL)]
    values = [float(dictionary.read(memory, jnp.asarray([7.0]), rules).value[0]) for rules in alone]
    assert values == pytest.approx([7.0, 7.0])


def test_gradients_reach_keys_and_values_only_where_they_are_learned():
    memory = fill(8, 6, NEC)
    rules = Rules(neighbours=3, kernel="inverse", scale=0.5)

    def value(keys, values, query, rules):
        return dictionary.read(memory._replace(keys=keys, values=values), query, rules).value[0]

    at = (memory.keys + 0.1, memory.values, jnp.asarray([2.3]))
    frozen = jax.grad(value, (0, 1, 2))(*at, rules)
    assert not np.any(frozen[0]) and not np.any(frozen[1]) and np.any(frozen[2])
    learned = jax.grad(value, (0, 1, 2))(*at, dataclasses.replace(rules, learned=True))
    h = 1e-2
    for part in range(3):
        for place in np.ndindex(at[part].shape):
            up, down = (
                value(*(x.at[place].add(s) if i == part else x for i, x in enumerate(at)), rules)
                for s in (h, -h)
            )
            assert float(learned[part][place]) == pytest.approx(float(up - down) / (2 * h), abs=3e-3)


def test_a_read_of_nothing_has_finite_gradients():
    rules = dataclasses.replace(NEC, learned=True)
    memory = dictionary.empty(60, 2)
    gradient = jax.grad(lambda q: dictionary.read(memory, q, rules).value[0])(jnp.ones(2))
    assert np.isfinite(gradient).all()


def test_the_largest_stays_in_mfec_and_the_mean_is_fair():
    state, names = jnp.zeros((400, 1)), jnp.zeros((400, 2), jnp.uint32)
    paid = jax.random.bernoulli(jax.random.key(0), 0.3, (400, 1)).astype(jnp.float32)
    kept = {}
    for merge in ("max", "mean", "average"):
        memory = dictionary.write_all(
            dictionary.empty(5, 1), state, paid, names, jnp.ones(400, bool), Rules(merge=merge)
        )
        assert int(memory.used) == 1 and int(memory.writes[0]) == 400
        kept[merge] = float(memory.values[0, 0])
    assert kept["max"] == 1.0
    assert kept["mean"] == pytest.approx(float(paid.mean()), abs=1e-5)
    assert 0 < kept["average"] < 1


def test_a_batch_of_queries_is_its_queries():
    memory = fill(30, 20, NEC)
    queries = jnp.linspace(-3.0, 25.0, 9)[:, None]
    batch = jax.vmap(lambda q: dictionary.read(memory, q, dataclasses.replace(NEC, neighbours=4)).value)(
        queries
    )
    for query, value in zip(queries, batch, strict=True):
        alone = dictionary.read(memory, query, dataclasses.replace(NEC, neighbours=4)).value
        np.testing.assert_allclose(alone, value, rtol=1e-5)


@pytest.mark.parametrize(
    "rules",
    [
        Rules(),
        Rules(neighbours=3),
        Rules(neighbours=3, evict="oldest", newest=True),
        Rules(neighbours=3, approximate=True),
    ],
    ids=["all", "nearest", "newest", "approximate"],
)
def test_many_reads_of_a_stack_weigh_what_single_reads_do(rules):
    stored, rng = dictionary.stack(dictionary.empty(20, SIZE), 2), np.random.default_rng(5)
    # States come again and are appended, so that equally near entries are the rule.
    states, of = rng.integers(STATES, size=30), jnp.asarray(rng.integers(2, size=30))
    keys, names = jnp.asarray(EMBEDDED[states]), jnp.asarray(NAMES[states])
    values = jnp.asarray(rng.normal(size=(30, 1)), jnp.float32)
    stored = dictionary.write_all(stored, keys, values, names, jnp.ones(30, bool), rules, of)
    queries, asked = jnp.asarray(EMBEDDED + 0.01), jnp.asarray([0, 1, 1, 0, 1, 0])
    index = dictionary.neighbours_of_each(stored, queries, rules, asked)
    for i in range(STATES):
        alone = jax.tree.map(lambda x, i=i: x[asked[i]], stored)
        single = dictionary.read(alone, queries[i], rules)
        np.testing.assert_array_equal(index[i], single.index)
        near = np.argsort(((np.asarray(alone.keys) - np.asarray(queries[i])) ** 2).sum(1)[: int(alone.used)])
        if rules.neighbours:
            nearest = EMBEDDED[states[np.asarray(of) == int(asked[i])]][near[:3]]
            np.testing.assert_allclose(np.asarray(alone.keys)[index[i]], nearest)
        if rules.newest:
            stamps = np.asarray(alone.stamp)[np.asarray(index[i])]
            same = (np.diff(np.asarray(alone.keys)[np.asarray(index[i])], axis=0) == 0).all(axis=1)
            assert (np.diff(stamps)[same] < 0).all()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"kernel": "cosine"}, "kernel is 'cosine'"),
        ({"merge": "sum"}, "merge is 'sum'"),
        ({"evict": "random"}, "evict is 'random'"),
        ({"rate": 1.5}, "rate is 1.5"),
        ({"scale": 0.0}, "scale is 0"),
        ({"neighbours": -1}, "neighbours is -1"),
        ({"approximate": True}, "neighbours is 0"),
        ({"newest": True}, "set evict to 'oldest'"),
        (
            {"newest": True, "evict": "oldest", "neighbours": 2, "approximate": True},
            "leave one of the two out",
        ),
    ],
)
def test_bad_rules_are_refused(wrong, said):
    # Past the types, which are checked in tests alone.
    rules = object.__new__(Rules)
    for name, value in (dataclasses.asdict(Rules()) | wrong).items():
        object.__setattr__(rules, name, value)
    with pytest.raises(UserError, match=said):
        rules.__post_init__()


def test_exact_rules_want_an_identity():
    with pytest.raises(UserError, match="pass their identity"):
        dictionary.read(dictionary.empty(20, 1), jnp.zeros(1), MFEC)


def test_what_is_recalled_reads_alike_and_is_revised_in_its_place():
    rules = Rules(neighbours=3, kernel="inverse", scale=0.5)
    stack = dictionary.stack(dictionary.empty(5, 1), 2)
    names = jnp.stack([jnp.arange(4, dtype=jnp.uint32)] * 2, axis=1)
    keys = jnp.asarray([[0.0], [1.0], [3.0], [2.0]])
    memory = dictionary.write_all(
        stack, keys, 10 * keys, names, jnp.ones(4, bool), rules, jnp.asarray([1, 1, 1, 0])
    )
    query, of = jnp.asarray([0.4]), (jnp.int32(1),)
    whole = dictionary.read(memory, query, rules, of=of)
    found = dictionary.recall(memory, whole.index, of)
    there = whole.index >= 0
    np.testing.assert_allclose(dictionary.value_of(found, query, there, rules), whole.value, rtol=1e-6)
    change = dictionary.Recalled(jnp.asarray([[0.5], [0.0], [-1.0]]), jnp.asarray([[1.0], [2.0], [3.0]]))
    revised = dictionary.revise(memory, whole.index, change, of)
    np.testing.assert_array_equal(whole.index, [0, 1, 2])
    np.testing.assert_allclose(revised.keys[1, :3, 0], [0.5, 1.0, 2.0])
    np.testing.assert_allclose(revised.values[1, :3, 0], [1.0, 12.0, 33.0])
    np.testing.assert_allclose(revised.norms[1, :3], [0.25, 1.0, 4.0])
    for part, before in zip(jax.tree.leaves(revised), jax.tree.leaves(memory), strict=True):
        np.testing.assert_array_equal(part[0], before[0])
    # Of the other dictionary one entry is there; what is not is neither weighed nor revised.
    few = dictionary.read(memory, query, rules, of=(jnp.int32(0),))
    assert few.index.tolist() == [0, -1, -1]
    again = dictionary.revise(memory, few.index, change, (jnp.int32(0),))
    np.testing.assert_allclose(again.values[0, :, 0], [21.0, 0, 0, 0, 0])
