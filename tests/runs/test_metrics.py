"""The curve: whole lines only, each update once, whatever the kill left behind."""

import pytest

from fastslow.runs import metrics


def test_every_torn_tail_is_dropped_and_every_whole_line_kept(tmp_path):
    path = tmp_path / metrics.NAME
    rows = [{"update": n, "reward": [n / 3, n / 7]} for n in range(1, 6)]
    metrics.append(path, rows)
    whole = path.read_bytes()
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        assert metrics.read(path) == rows[: whole[:length].count(b"\n")]


def test_cut_leaves_the_updates_that_a_checkpoint_covers(tmp_path):
    path = tmp_path / metrics.NAME
    metrics.cut(path, 3)
    assert not path.exists()
    metrics.append(path, [{"update": n, "loss": 0.5} for n in range(1, 6)])
    with open(path, "ab") as file:
        file.write(b'{"upda')
    metrics.cut(path, 3)
    metrics.append(path, [{"update": 4, "loss": 0.25}])
    assert [row["update"] for row in metrics.read(path)] == [1, 2, 3, 4]


def test_nan_is_never_written(tmp_path):
    with pytest.raises(ValueError):
        metrics.append(tmp_path / metrics.NAME, [{"update": 1, "loss": float("nan")}])
