"""Replay against plain lists: what is drawn, how often, and what is put together of it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.errors import UserError
from fastslow.memory import replay

KEY = jax.random.key(0)
SLOTS, LANES, GAMMA = 12, 2, 0.9


def life(steps: int, seed: int = 0) -> dict[str, np.ndarray]:
    """`steps` steps of two lanes whose observations tell step and lane; episodes end or are cut off by chance."""
    rng = np.random.default_rng(seed)
    last = rng.random((steps, LANES)) < 0.2
    return {
        "observation": (10 * np.arange(steps)[:, None] + np.arange(LANES)).astype(np.uint16)[..., None],
        "action": rng.integers(3, size=(steps, LANES)).astype(np.int32),
        "reward": rng.normal(size=(steps, LANES)).astype(np.float32),
        # Now and then what follows counts for nothing, though the episode goes on.
        "discount": np.where(rng.random((steps, LANES)) < np.where(last, 0.7, 0.05), 0, 1).astype(np.float32),
        "last": last,
        "value": rng.normal(size=(steps, LANES)).astype(np.float32),
    }


def kept(lived: dict[str, np.ndarray], at_a_time: int = 2) -> replay.Replay:
    memory = replay.empty(SLOTS, LANES, jax.ShapeDtypeStruct((1,), np.uint16))
    put = jax.jit(lambda memory, rows: replay.add(memory, **rows))
    for start in range(0, len(lived["action"]), at_a_time):
        memory = put(memory, {name: rows[start : start + at_a_time] for name, rows in lived.items()})
    return memory


def by_hand(lived: dict[str, np.ndarray], t: int, lane: int, n: int, frames: int) -> dict[str, object]:
    """A transition of n steps, one step after the other."""
    reward, discount, cut = 0.0, GAMMA**n, False
    for k in range(n):
        reward += GAMMA**k * lived["reward"][t + k, lane]
        last, counts = bool(lived["last"][t + k, lane]), bool(lived["discount"][t + k, lane] > 0)
        if last or not counts:
            discount, cut = 0.0, counts
            break
    seen = [lived["observation"][t, lane]]
    for back in range(1, frames):
        if t - back < 0 or lived["last"][t - back, lane]:
            seen = [np.zeros_like(seen[0])] * (frames - len(seen)) + seen
            break
        seen.insert(0, lived["observation"][t - back, lane])
    return {"reward": reward, "discount": discount, "cut": cut, "observation": np.stack(seen[-frames:], -1)}


@pytest.mark.parametrize("steps", [8, 12, 30])
@pytest.mark.parametrize(("n", "frames"), [(1, 1), (3, 1), (4, 3)])
@pytest.mark.parametrize("draw", [replay.draw_uniformly, replay.draw_by_priority])
def test_transitions_are_those_put_together_by_hand(steps, n, frames, draw):
    lived = life(steps)
    batch = jax.jit(lambda memory: draw(memory, KEY, 400, n, GAMMA, frames))(kept(lived))
    oldest = max(steps - SLOTS, 0) + (frames - 1 if steps > SLOTS else 0)
    drawn = set()
    for i in range(400):
        newest = int(np.asarray(batch.observation[i]).ravel()[-1])
        t, lane = divmod(newest, 10)
        drawn.add((t, lane))
        expected = by_hand(lived, t, lane, n, frames)
        assert batch.action[i] == lived["action"][t, lane]
        assert float(batch.reward[i]) == pytest.approx(expected["reward"], abs=1e-5)
        assert float(batch.discount[i]) == pytest.approx(expected["discount"])
        assert bool(batch.cut[i]) == expected["cut"]
        shown = expected["observation"] if frames > 1 else expected["observation"][..., 0]
        np.testing.assert_array_equal(batch.observation[i], shown)
        if expected["discount"]:
            assert float(batch.value[i]) == pytest.approx(lived["value"][t + n, lane])
            assert int(np.asarray(batch.following[i]).ravel()[-1]) == 10 * (t + n) + lane
    # All that can be drawn was drawn, and nothing else: no row whose n steps or frames are not all there.
    assert drawn == {(t, lane) for t in range(oldest, steps - n) for lane in range(LANES)}


def test_frames_before_the_episode_are_blank():
    lived = life(12)
    lived["last"][:] = False
    lived["last"][5] = True
    batch = replay.gather(kept(lived), jnp.asarray([5, 6, 7, 1]), jnp.zeros(4, int), jnp.ones(4), 1, GAMMA, 3)
    shown = np.asarray(batch.observation)[:, 0]
    np.testing.assert_array_equal(shown, [[30, 40, 50], [0, 0, 60], [0, 60, 70], [0, 0, 10]])


def test_each_is_drawn_in_proportion_to_its_priority():
    memory = kept(life(12))
    n = 2
    first = replay.draw_uniformly(memory, KEY, 1, n, GAMMA)
    weights = np.random.default_rng(1).random((SLOTS, LANES)).astype(np.float32)
    weights[3, 1] = 0.0
    memory = memory._replace(priority=jnp.asarray(weights))
    weights[12 - n :] = 0.0
    expected = weights / weights.sum()
    draw = jax.jit(lambda memory, key: replay.draw_by_priority(memory, key, 64, n, GAMMA))
    counts, chance = np.zeros((SLOTS, LANES)), {}
    for i in range(200):
        batch = draw(memory, jax.random.fold_in(KEY, i))
        for slot, lane, p in zip(*map(np.asarray, (*batch.index, batch.chance)), strict=True):
            counts[slot, lane] += 1
            chance[slot, lane] = p
    np.testing.assert_allclose(counts / counts.sum(), expected, atol=0.006)
    for place, p in chance.items():
        assert p == pytest.approx(expected[place], rel=1e-4)
    assert float(first.chance[0]) == pytest.approx(1 / ((12 - n) * LANES))


def test_a_draw_that_rounds_up_to_the_sum_is_of_what_is_stored(monkeypatch):
    memory = kept(life(6))
    monkeypatch.setattr(
        jax.random, "uniform", lambda key, shape: jnp.full(shape, np.nextafter(np.float32(1), 0))
    )
    batch = replay.draw_by_priority(memory, KEY, 32, 1, GAMMA)
    assert (batch.chance > 0).all() and (batch.index[0] < 5).all()


def test_what_is_new_has_the_greatest_priority_and_what_was_drawn_its_own():
    lived = life(14)
    memory = kept({name: rows[:12] for name, rows in lived.items()})
    assert (np.asarray(memory.priority) == 1).all()
    batch = replay.draw_by_priority(memory, KEY, 3, 1, GAMMA)
    memory = replay.with_priorities(memory, batch, jnp.full(3, 5.0))
    for slot, lane in zip(*map(np.asarray, batch.index), strict=True):
        assert memory.priority[slot, lane] == 5
    memory = replay.add(memory, **{name: jnp.asarray(rows[12:14]) for name, rows in lived.items()})
    assert (np.asarray(memory.priority)[:2] == 5).all()


def test_weights_undo_how_often_each_is_drawn():
    memory = kept(life(12))._replace(
        priority=jnp.asarray(np.random.default_rng(2).random((SLOTS, LANES)), jnp.float32)
    )
    batch = replay.draw_by_priority(memory, KEY, 8, 1, GAMMA)
    count = replay.drawable(memory, 1)[1] * LANES
    full = np.asarray(replay.importance(batch, count, 1.0))
    np.testing.assert_allclose(full * np.asarray(batch.chance), full[0] * batch.chance[0], rtol=1e-5)
    assert full.max() == pytest.approx(1.0)
    assert (np.asarray(replay.importance(batch, count, 0.0)) == 1).all()


def test_sizes_that_do_not_fit_are_refused():
    lived = life(5)
    memory = replay.empty(SLOTS, LANES, jax.ShapeDtypeStruct((1,), np.uint16))
    with pytest.raises(UserError, match="5 steps are added at a time"):
        replay.add(memory, **{name: jnp.asarray(rows) for name, rows in lived.items()})
    with pytest.raises(UserError, match="slots is 1"):
        replay.empty(1, 1, jax.ShapeDtypeStruct((1,), np.uint16))
