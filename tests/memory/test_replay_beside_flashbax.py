"""Replay beside flashbax: the same life gives the same transitions, and each is drawn as often."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.memory import replay

flashbax = pytest.importorskip("flashbax", reason="the extra `peers` is not installed")

KEY = jax.random.key(0)
SLOTS, LANES, GAMMA, AT_A_TIME = 12, 2, 0.9, 2
DRAWS = 20_000


def life(steps: int) -> dict[str, np.ndarray]:
    """Steps of two lanes, numbered in what is seen, without ends: flashbax knows of none."""
    rng = np.random.default_rng(steps)
    nothing = np.zeros((steps, LANES), bool)
    return {
        "observation": (10.0 * np.arange(steps)[:, None] + np.arange(LANES)).astype(np.float32)[..., None],
        "action": rng.integers(3, size=(steps, LANES)).astype(np.int32),
        "reward": rng.normal(size=(steps, LANES)).astype(np.float32),
        "discount": np.ones((steps, LANES), np.float32),
        "last": nothing,
        "value": rng.normal(size=(steps, LANES)).astype(np.float32),
    }


def both(lived: dict[str, np.ndarray], n: int, prioritised: bool):
    """Our replay and flashbax's buffer with the same life in them."""
    make = flashbax.make_prioritised_trajectory_buffer if prioritised else flashbax.make_trajectory_buffer
    exponent = {"priority_exponent": 1.0} if prioritised else {}
    buffer = make(
        add_batch_size=LANES, sample_batch_size=DRAWS, sample_sequence_length=n + 1, period=1,
        min_length_time_axis=n + 1, max_length_time_axis=SLOTS, **exponent,
    )  # fmt: skip
    theirs = buffer.init({name: jnp.asarray(rows[0, 0]) for name, rows in lived.items()})
    ours = replay.empty(SLOTS, LANES, jax.ShapeDtypeStruct((1,), np.float32))
    put, add = jax.jit(lambda memory, rows: replay.add(memory, **rows)), jax.jit(buffer.add)
    for start in range(0, len(lived["action"]), AT_A_TIME):
        rows = {name: jnp.asarray(row[start : start + AT_A_TIME]) for name, row in lived.items()}
        ours = put(ours, rows)
        theirs = add(theirs, {name: jnp.swapaxes(row, 0, 1) for name, row in rows.items()})
    return ours, theirs, buffer


def share(seen: np.ndarray) -> dict[int, float]:
    """How often each transition was drawn, by the number of its first step and lane."""
    numbers, counts = np.unique(np.asarray(seen).astype(int), return_counts=True)
    return dict(zip(numbers.tolist(), (counts / counts.sum()).tolist(), strict=True))


def same_shares(ours: dict[int, float], theirs: dict[int, float]) -> None:
    assert set(ours) == set(theirs)
    for number, mine in ours.items():
        # Five standard errors of the difference of two shares.
        assert abs(mine - theirs[number]) < 5 * (2 * mine / DRAWS) ** 0.5, number


@pytest.mark.parametrize(("steps", "n"), [(8, 1), (30, 3)])
@pytest.mark.parametrize("prioritised", [False, True])
def test_transitions_and_how_often_each_is_drawn_agree(steps, n, prioritised):
    with jax.numpy_rank_promotion("allow"):
        ours, theirs, buffer = both(life(steps), n, prioritised)
        if prioritised:
            # The same priorities by what is seen first; newly added ones are alike in both.
            found = jax.jit(buffer.sample)(theirs, KEY)
            first = np.asarray(found.experience["observation"])[:, 0, 0].astype(int)
            assert np.ptp(np.asarray(found.probabilities)) < 1e-6
            index = dict(zip(first.tolist(), np.asarray(found.indices).tolist(), strict=True))
            weight = {number: 0.1 + (7 * number % 11) / 11 for number in index}
            theirs = buffer.set_priorities(
                theirs,
                jnp.asarray(list(index.values())),
                jnp.asarray([weight[number] for number in index], jnp.float32),
            )
            numbers = np.asarray(ours.observation)[..., 0].astype(int)
            ours = ours._replace(
                priority=jnp.asarray(
                    np.vectorize(lambda number: weight.get(number, 3.0))(numbers), jnp.float32
                )
            )
        found = jax.jit(buffer.sample)(theirs, jax.random.key(1))
    draw = replay.draw_by_priority if prioritised else replay.draw_uniformly
    batch = jax.jit(lambda memory: draw(memory, jax.random.key(2), DRAWS, n, GAMMA))(ours)
    experience = jax.tree.map(np.asarray, found.experience)
    first = experience["observation"][:, 0, 0].astype(int)
    same_shares(share(batch.observation[:, 0]), share(first))
    # Contents: n rewards discounted, what is seen n steps later and what was expected of it.
    told = {
        number: (
            experience["action"][i, 0],
            (GAMMA ** np.arange(n) * experience["reward"][i, :n]).sum(),
            experience["observation"][i, n, 0],
            experience["value"][i, n],
        )
        for i, number in enumerate(first.tolist())
    }
    chances = {}
    for i in range(400):
        number = int(batch.observation[i, 0])
        mine = (batch.action[i], batch.reward[i], batch.following[i, 0], batch.value[i])
        np.testing.assert_allclose([float(x) for x in mine], [float(x) for x in told[number]], rtol=1e-5)
        chances[number] = float(batch.chance[i])
    if prioritised:
        theirs = dict(zip(first.tolist(), np.asarray(found.probabilities).tolist(), strict=True))
        assert chances == pytest.approx({number: theirs[number] for number in chances}, rel=1e-4)
