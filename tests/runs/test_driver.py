"""A run that is cut, resumed, chunked or watched is the same run; one that diverges or is stopped says so."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from fastslow.errors import UserError
from fastslow.loop import Loop, run, run_seeds
from fastslow.runs import checkpoint, driver, metrics
from fastslow.runs.progress import Silent

UPDATES = 60
KEY = jax.random.key(3)


class State(NamedTuple):
    weights: Array
    key: Array
    update: Array


def init(key: Array) -> State:
    return State(0.3 * jax.random.normal(key, (8, 8)), key, jnp.int32(0))


def step(state: State, key: Array) -> tuple[State, dict[str, Array]]:
    """A small regression by gradient descent, with noise from the step's key and from the state's own."""
    own, spent = jax.random.split(state.key)
    x = jax.random.normal(key, (4, 8)) + 0.1 * jax.random.normal(spent, (4, 8))

    def loss(weights: Array) -> Array:
        return jnp.mean((jnp.tanh(x @ weights) - jnp.sin(x)) ** 2)

    value, gradient = jax.value_and_grad(loss)(state.weights)
    return State(state.weights - 0.3 * gradient, own, state.update + 1), {"loss": value}


LOOP = Loop(init, step)


def poisoned(at: int) -> Loop:
    def bad_step(state: State, key: Array) -> tuple[State, dict[str, Array]]:
        after, measured = step(state, key)
        return after._replace(weights=jnp.where(state.update + 1 == at, jnp.nan, after.weights)), measured

    return Loop(init, bad_step)


class StopAt(Silent):
    """Stands for a person who presses Ctrl-C (or a queue that sends SIGTERM) at an update."""

    def __init__(self, at: int, number: int) -> None:
        super().__init__()
        self.at, self.number = at, number

    def update(self, done: int, measured: dict[str, float]) -> None:
        if done >= self.at:
            os.kill(os.getpid(), self.number)


def train(loop: Loop, folder: Path, **options) -> State:
    folder.mkdir(exist_ok=True)
    return driver.train(loop, KEY, UPDATES, folder, **({"report": Silent} | options))


def bits(state: State) -> bytes:
    return checkpoint.to_bytes(state)[0]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> tuple[bytes, bytes]:
    """The state and the curve of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("whole")
    return bits(train(LOOP, folder, chunk=25)), (folder / metrics.NAME).read_bytes()


def test_the_driver_gives_the_bits_of_a_plain_scan(whole):
    assert bits(jax.jit(lambda key: run(LOOP, key, UPDATES)[0])(KEY)) == whole[0]


@pytest.mark.parametrize("chunk", [1, 7, 60])
def test_chunks_do_not_change_a_bit(tmp_path, whole, chunk):
    assert bits(train(LOOP, tmp_path, chunk=chunk)) == whole[0]
    assert (tmp_path / metrics.NAME).read_bytes() == whole[1]


def test_the_curve_holds_every_update_once_in_order(whole):
    lines = whole[1].decode().splitlines()
    assert len(lines) == UPDATES and [line.split(",")[0] for line in lines[:2]] == [
        '{"update": 1',
        '{"update": 2',
    ]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_anywhere_and_started_again_gives_the_same_bits(tmp_path, whole, number, code):
    before = signal.getsignal(number)
    for at in (1, 17, 44):
        with pytest.raises(driver.Stopped) as stopped:
            train(LOOP, tmp_path, chunk=4, report=lambda *about, at=at: StopAt(at, number))
        assert stopped.value.code == code and at <= stopped.value.update < at + 4
        assert checkpoint.steps(tmp_path / "ckpt")[-1] == stopped.value.update
        assert signal.getsignal(number) is before
    assert bits(train(LOOP, tmp_path, chunk=9)) == whole[0]
    assert (tmp_path / metrics.NAME).read_bytes() == whole[1]


def test_a_torn_curve_and_a_lost_checkpoint_are_mended_on_resume(tmp_path, whole):
    with pytest.raises(driver.Stopped):
        train(LOOP, tmp_path, chunk=5, save_seconds=0.0, report=lambda *about: StopAt(30, signal.SIGINT))
    with open(tmp_path / metrics.NAME, "ab") as file:
        file.write(b'{"update": 31, "loss": 0.1')
    newest = tmp_path / "ckpt" / f"{checkpoint.steps(tmp_path / 'ckpt')[-1]:09d}"
    (newest / checkpoint.STATE).write_bytes(b"torn")
    with pytest.warns(UserWarning, match="going on from step 25"):
        assert bits(train(LOOP, tmp_path, chunk=5)) == whole[0]
    assert (tmp_path / metrics.NAME).read_bytes() == whole[1]


KILLED = """
    import sys
    sys.path.insert(0, sys.argv[2])
    from pathlib import Path
    import test_driver as here
    here.train(here.LOOP, Path(sys.argv[1]), chunk=1, save_seconds=0.0, report=here.Told)
"""


class Told(Silent):
    """Prints each update, so that a test knows where a process is; slow enough to be killed anywhere."""

    def update(self, done: int, measured: dict[str, float]) -> None:
        print(done, flush=True)
        time.sleep(0.01)


def test_killed_at_any_instant_and_started_again_gives_the_same_bits(tmp_path, whole):
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path), str(Path(__file__).parent)]
    draw = np.random.default_rng(2)
    for until in (15, 35):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        while int(process.stdout.readline()) < until:
            pass
        time.sleep(float(draw.uniform(0, 0.03)))
        process.kill()
        process.communicate()
        assert checkpoint.steps(tmp_path / "ckpt")[-1] >= until - 1
    assert bits(train(LOOP, tmp_path)) == whole[0]
    assert (tmp_path / metrics.NAME).read_bytes() == whole[1]


def test_a_finished_run_is_only_loaded(tmp_path, whole):
    train(LOOP, tmp_path)
    assert bits(train(poisoned(1), tmp_path)) == whole[0]


@pytest.mark.parametrize("at", [1, 2, 33])
def test_nan_is_named_at_its_update_and_never_saved(tmp_path, at):
    with pytest.raises(UserError, match=rf"state\.weights is not finite after update {at} "):
        train(poisoned(at), tmp_path, chunk=10, save_seconds=0.0)
    saved = checkpoint.load(tmp_path / "ckpt", jax.eval_shape(init, KEY))
    assert saved.step == (at - 1) // 10 * 10
    assert np.isfinite(np.asarray(saved.state.weights)).all()


def test_a_metric_that_is_not_finite_is_named_too(tmp_path):
    loop = Loop(init, lambda state, key: (step(state, key)[0], {"loss": jnp.log(3.0 - state.update - 1)}))
    with pytest.raises(UserError, match="metric 'loss' is not finite after update 3 "):
        train(loop, tmp_path)


def test_a_folder_that_cannot_be_written_is_named_before_the_work(tmp_path, monkeypatch):
    def refuse(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "write_flushed", refuse)
    with pytest.raises(UserError, match="the disk is full"):
        train(poisoned(1), tmp_path)


def test_seeds_are_lanes_and_a_seed_alone_is_the_seed_in_a_sweep(tmp_path, whole):
    sweep = train(LOOP, tmp_path / "sweep", seeds=[0, 5, 2], chunk=25)
    alone = train(LOOP, tmp_path / "alone", seeds=[5], chunk=7)
    assert bits(jax.tree.map(lambda x: x[1], sweep)) == bits(jax.tree.map(lambda x: x[0], alone))
    assert bits(sweep) == bits(jax.jit(lambda key: run_seeds(LOOP, key, [0, 5, 2], UPDATES)[0])(KEY))
    last = metrics.read(tmp_path / "sweep" / metrics.NAME)[-1]
    assert last["update"] == UPDATES and len(last["loss"]) == 3
    assert last["loss"][1] == metrics.read(tmp_path / "alone" / metrics.NAME)[-1]["loss"][0]


def test_the_seed_that_diverged_is_named(tmp_path):
    unlucky = jax.random.key_data(jax.random.fold_in(jax.random.fold_in(KEY, 5), 0))

    def bad_init(key: Array) -> State:
        hit = (jax.random.key_data(key) == unlucky).all()
        return init(key)._replace(update=jnp.where(hit, 100, 0))

    def bad_step(state: State, key: Array) -> tuple[State, dict[str, Array]]:
        after, measured = step(state, key)
        return after._replace(weights=jnp.where(after.update == 104, jnp.inf, after.weights)), measured

    with pytest.raises(UserError, match=r"state\.weights is not finite after update 4 of seed 5 "):
        train(Loop(bad_init, bad_step), tmp_path, seeds=[1, 5], chunk=10)
