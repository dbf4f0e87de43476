"""A checkpoint is whole or not there, every damaged bit is seen, and the previous good one is taken."""

import errno
import os
import signal
import subprocess
import sys
import textwrap
import time
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from fastslow.errors import UserError
from fastslow.runs import checkpoint, files


class State(NamedTuple):
    weights: dict[str, Array]
    key: Array
    count: Array
    nothing: Array
    flags: tuple[Array, Array]


def a_state(seed: int = 0) -> State:
    key = jax.random.key(seed)
    return State(
        {"w": jax.random.normal(key, (3, 5)), "b": jnp.zeros(5)},
        jax.random.split(key, 4),
        jnp.uint32(7 + seed),
        jnp.zeros((0, 2)),
        (jnp.bool_(True), jnp.int32(-3)),
    )


def same(a, b) -> bool:
    def raw(leaf):
        return np.asarray(jax.random.key_data(leaf) if checkpoint.is_key(leaf) else leaf)

    pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    return all(raw(x).dtype == raw(y).dtype and np.array_equal(raw(x), raw(y)) for x, y in pairs)


def test_every_leaf_comes_back_with_its_bits_dtype_and_name(tmp_path):
    state = a_state()
    checkpoint.save(tmp_path, 12, state, {"note": "x"})
    loaded = checkpoint.load(tmp_path, jax.eval_shape(a_state))
    assert loaded.step == 12 and loaded.extra == {"note": "x"}
    assert same(loaded.state, state)
    assert jax.random.key_impl(loaded.state.key) == jax.random.key_impl(state.key)
    assert ".weights['w']" in checkpoint.names(state)


def test_two_newest_are_kept_and_nothing_else(tmp_path):
    for step in (1, 2, 3, 4):
        checkpoint.save(tmp_path, step, a_state(step))
    assert checkpoint.steps(tmp_path) == [3, 4]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["000000003", "000000004"]


def test_a_flipped_bit_anywhere_is_seen_and_the_one_before_taken(tmp_path):
    checkpoint.save(tmp_path, 1, a_state(1))
    newest = checkpoint.save(tmp_path, 2, a_state(2))
    draw = np.random.default_rng(0)
    for name in (checkpoint.STATE, checkpoint.INDEX, checkpoint.COMMIT):
        whole = (newest / name).read_bytes()
        for offset in draw.integers(0, len(whole), 15):
            broken = bytearray(whole)
            broken[offset] ^= 1 << int(draw.integers(8))
            (newest / name).write_bytes(broken)
            with pytest.warns(UserWarning, match="going on from step 1"):
                assert same(checkpoint.load(tmp_path, a_state()).state, a_state(1))
        (newest / name).write_bytes(whole)
    assert checkpoint.load(tmp_path, a_state()).step == 2


@pytest.mark.parametrize("name", [checkpoint.STATE, checkpoint.INDEX, checkpoint.COMMIT])
def test_missing_and_truncated_files_are_seen(tmp_path, name):
    checkpoint.save(tmp_path, 1, a_state(1))
    newest = checkpoint.save(tmp_path, 2, a_state(2))
    whole = (newest / name).read_bytes()
    (newest / name).write_bytes(whole[: len(whole) // 2])
    with pytest.warns(UserWarning, match="going on"):
        assert checkpoint.load(tmp_path, a_state()).step == 1
    (newest / name).unlink()
    with pytest.warns(UserWarning, match="incomplete"):
        assert checkpoint.load(tmp_path, a_state()).step == 1


def test_all_damaged_is_an_error_and_none_is_none(tmp_path):
    assert checkpoint.load(tmp_path, a_state()) is None
    newest = checkpoint.save(tmp_path, 2, a_state())
    (newest / checkpoint.STATE).write_bytes(b"")
    with pytest.raises(UserError, match="is whole"):
        checkpoint.load(tmp_path, a_state())


def test_going_on_after_a_damaged_one_leaves_only_good_ones(tmp_path):
    checkpoint.save(tmp_path, 1, a_state(1))
    newest = checkpoint.save(tmp_path, 5, a_state(5))
    (newest / checkpoint.STATE).write_bytes(b"")
    checkpoint.save(tmp_path, 3, a_state(3))
    assert checkpoint.steps(tmp_path) == [1, 3]


def test_a_state_of_another_shape_or_name_is_refused(tmp_path):
    checkpoint.save(tmp_path, 1, a_state())
    wider = a_state()._replace(weights={"w": jnp.zeros((3, 6)), "b": jnp.zeros(5)})
    with pytest.raises(UserError, match=r"\.weights\['w'\] is float32\[3, 5\], but float32\[3, 6\]"):
        checkpoint.load(tmp_path, wider)
    renamed = a_state()._replace(weights={"w": jnp.zeros((3, 5)), "c": jnp.zeros(5)})
    with pytest.raises(UserError, match=r"lacks \.weights\['c'\]"):
        checkpoint.load(tmp_path, renamed)


@pytest.mark.parametrize("failing", range(4))
def test_a_full_disk_names_the_path_and_spares_what_is_saved(tmp_path, monkeypatch, failing):
    checkpoint.save(tmp_path, 1, a_state(1))
    calls, fsync = [], os.fsync

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) == failing + 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(UserError, match="000000002': the disk is full; free some space"):
        checkpoint.save(tmp_path, 2, a_state(2))
    monkeypatch.setattr(files.os, "fsync", fsync)
    assert [entry.name for entry in tmp_path.iterdir()] == ["000000001"]
    assert same(checkpoint.load(tmp_path, a_state()).state, a_state(1))


SAVER = """
    import sys
    from pathlib import Path
    import numpy as np
    from fastslow.runs import checkpoint
    folder = Path(sys.argv[1])
    for step in range(1, 10_000):
        checkpoint.save(folder, step, {"w": np.full((500, 1000), step, np.float32)})
        print(step, flush=True)
"""


def test_kill_at_any_instant_loses_nothing_that_was_acknowledged(tmp_path):
    draw, like = np.random.default_rng(1), {"w": np.zeros((500, 1000), np.float32)}
    for attempt in range(4):
        folder = tmp_path / str(attempt)
        saver = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(SAVER), str(folder)], stdout=subprocess.PIPE, text=True
        )
        saver.stdout.readline()
        time.sleep(float(draw.uniform(0, 0.1)))
        saver.send_signal(signal.SIGKILL)
        acknowledged = [1, *map(int, saver.communicate()[0].split())][-1]
        loaded = checkpoint.load(folder, like)
        assert loaded.step in (acknowledged, acknowledged + 1)
        assert np.all(np.asarray(loaded.state["w"]) == loaded.step)
