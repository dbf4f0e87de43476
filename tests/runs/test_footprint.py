"""What a training takes is told before it is taken, by part and tensor, and refused where there is not so much."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import pytest
from jaxtyping import Array

from fastslow.errors import UserError
from fastslow.loop import Loop
from fastslow.memory import dictionary
from fastslow.runs import driver, footprint
from fastslow.runs.progress import Lines, Silent
from fastslow.training.stages import StagedState

KEY = jax.random.key(0)


class State(NamedTuple):
    ring: Array
    weights: tuple[Array, Array]
    key: Array


def init(key: Array) -> State:
    return State(jnp.zeros((1000, 50), jnp.uint8), (jnp.zeros(100), jnp.zeros((30, 100))), key)


def never(state: State, key: Array) -> tuple[State, dict[str, Array]]:
    return state, {"loss": jnp.float32(0)}


def shapes(seeds: int | None = None) -> State:
    return jax.eval_shape(driver.program(Loop(init, never), seeds and tuple(range(seeds))).start, KEY)


def train(folder, seeds=None, report=Silent) -> State:
    return driver.train(Loop(init, never), KEY, 3, folder, seeds, report=report)


def test_bytes_are_those_of_the_arrays_by_part_and_by_tensor():
    needs = footprint.footprint(shapes())
    assert needs.state == sum(leaf.nbytes for leaf in jax.tree.leaves(init(KEY)._replace(key=()))) + 8
    assert needs.parts == {"ring": 50_000, "weights": 12_400, "key": 8}
    assert list(needs.tensors.items())[:2] == [(".ring", 50_000), (".weights[1]", 12_000)]
    assert needs.most == 3 * needs.state


def test_a_wrapper_is_looked_into():
    staged = StagedState(shapes(), jnp.zeros(2), jnp.int32(0))
    assert list(footprint.footprint(staged).parts) == ["ring", "weights", "key"]


def test_what_a_dictionary_will_take_is_what_it_takes():
    taken = sum(leaf.nbytes for leaf in jax.tree.leaves(dictionary.empty(100, 7)))
    assert footprint.footprint(jax.eval_shape(lambda: dictionary.empty(100, 7))).state == taken


@pytest.mark.parametrize("seeds", [1, 3])
def test_what_is_copied_while_seeds_share_a_device_is_what_the_compiler_plans(seeds, monkeypatch):
    """Three seeds on one device: the state, and the seed in work."""
    monkeypatch.setattr(jax, "device_count", lambda: 1)
    monkeypatch.setattr(jax, "devices", lambda *_: jax.local_devices()[:1])

    def step(state: State, key: Array) -> tuple[State, dict[str, Array]]:
        row = jax.random.randint(key, (), 0, 1000)
        ring, (bias, weights) = state.ring.at[row].add(jnp.uint8(1)), state.weights
        return State(ring, (bias + 1, jnp.tanh(weights)), key), {"loss": bias[0]}

    compiled = driver.program.__wrapped__(Loop(init, step, watched=lambda state: ()), tuple(range(seeds)))
    like = jax.eval_shape(compiled.start, KEY)
    planned = compiled.chunk.lower(like, KEY, jnp.int32(0), jnp.int32(1)).compile().memory_analysis()
    state = footprint.footprint(like, seeds).state
    predicted = state + footprint.copies(state, seeds)
    real = planned.argument_size_in_bytes + planned.temp_size_in_bytes
    assert predicted <= real <= 1.2 * predicted


def test_what_is_too_much_is_refused_with_the_numbers_before_anything_is_made(tmp_path, monkeypatch):
    monkeypatch.setenv(footprint.LIMIT, "0.0001")

    def fail(*_):
        raise AssertionError("it began")

    monkeypatch.setattr(driver.checkpoint, "save", fail)
    said = (
        r"would take 0\.00019 GB of memory, but FASTSLOW_MEMORY allows 0\.0001 GB; its largest tensors are "
        r"ring 5e-05 GB, weights\[1\] 1\.2e-05 GB: take a smaller capacity, fewer slots, lanes or seeds"
    )
    with pytest.raises(UserError, match=said):
        train(tmp_path)
    monkeypatch.setenv(footprint.LIMIT, "0.00019")
    with pytest.raises(AssertionError, match="it began"):
        train(tmp_path)
    with pytest.raises(UserError, match=r"would take 0\.00037 GB"):
        train(tmp_path, [0, 1])


def test_without_a_limit_most_of_what_is_available_may_be_taken(tmp_path, monkeypatch):
    monkeypatch.delenv(footprint.LIMIT, raising=False)
    monkeypatch.setattr(footprint, "TOLD", 1000)
    monkeypatch.setattr(footprint, "available", lambda: 2e5)
    with pytest.raises(UserError, match=r"but 80% of the memory available are 0\.00016 GB"):
        train(tmp_path)
    monkeypatch.setattr(footprint, "available", lambda: None)
    train(tmp_path)


@pytest.mark.parametrize("given", ["much", "0", "-3", "nan"])
def test_a_limit_that_is_none_is_refused(tmp_path, monkeypatch, given):
    monkeypatch.setenv(footprint.LIMIT, given)
    with pytest.raises(
        UserError, match=f"FASTSLOW_MEMORY is '{given}', but it must be a number of gigabytes"
    ):
        train(tmp_path)


def test_one_line_tells_it_where_it_is_much(tmp_path, monkeypatch, capsys):
    train(tmp_path / "small", report=Lines)
    assert "GB" not in capsys.readouterr().err
    monkeypatch.setattr(driver, "TOLD", 1000)
    train(tmp_path / "large", report=Lines)
    assert capsys.readouterr().err.splitlines()[0] == (
        "train: 6.2e-05 GB of state (ring 5e-05 GB, weights 1.2e-05 GB), at most 0.00019 GB with its copies"
    )


def test_the_least_of_machine_and_container_is_available(tmp_path, monkeypatch):
    monkeypatch.setattr(footprint, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(footprint, "CGROUP", tmp_path)
    (tmp_path / "meminfo").write_text("MemTotal: 4000 kB\nMemAvailable: 2000 kB\n")
    assert footprint.available() == 2_048_000
    (tmp_path / "memory.max").write_text("1500000\n")
    (tmp_path / "memory.stat").write_text("anon 500000\nfile 900000\n")
    assert footprint.available() == 1_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert footprint.available() == 2_048_000
    (tmp_path / "meminfo").unlink()
    assert footprint.available() > 1e8
