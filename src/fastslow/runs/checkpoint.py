"""A training state on the disk: named tensors, no code, whole or not there, and every bit accounted for.

`ckpt/<step>/` holds `state.safetensors` (tensors named by their path in the tree), `index.json` (which of
them are random keys, and anything the caller adds) and `COMMIT`, the SHA-256 of both. It is written aside,
flushed and renamed; safetensors has no checksum of its own, so a load trusts COMMIT alone. The newest
damaged: the one before it is taken, with a warning.
"""

import json
import os
import shutil
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import safetensors.numpy
from jaxtyping import PyTree

from fastslow.errors import UserError
from fastslow.runs.files import cannot_write, flush_folder, make_folder, sha256, write_flushed

STATE, INDEX, COMMIT = "state.safetensors", "index.json", "COMMIT"
KEEP = 2
"""Checkpoints kept: the newest and, should it be damaged, the one before."""


class Checkpoint(NamedTuple):
    step: int
    """Updates done when it was saved."""
    state: PyTree
    extra: dict[str, Any]
    """What the caller saved beside the state."""


class Damaged(Exception):
    """A checkpoint that is not what was saved; says which file and how."""


def is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def names(tree: PyTree) -> list[str]:
    """The path of every leaf, such as `.agent.core.bias` or `.lanes[0].time`; no two are equal."""
    return [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(tree)]


def to_bytes(state: PyTree) -> tuple[bytes, dict[str, str]]:
    """The safetensors bytes of a pytree of arrays, and which of its tensors are keys of which generator."""
    tensors, keys = {}, {}
    for name, leaf in zip(names(state), jax.tree.leaves(state), strict=True):
        if isinstance(leaf, jax.Array) and is_key(leaf):
            keys[name] = str(jax.random.key_impl(leaf))
            leaf = jax.random.key_data(leaf)
        tensors[name] = np.asarray(leaf, order="C")
    return safetensors.numpy.save(tensors), keys


def from_bytes(data: bytes, keys: dict[str, str], like: PyTree) -> PyTree:
    """The inverse of `to_bytes`; `like` (arrays or their shapes) says what the tree must look like."""
    tensors = safetensors.numpy.load(data)
    expected = names(like)
    missing, spare = sorted(set(expected) - set(tensors)), sorted(set(tensors) - set(expected))
    if missing or spare:
        what = f"lacks {missing[0]}" if missing else f"has the unknown tensor {spare[0]}"
        raise UserError(
            f"The saved state {what}: it belongs to another configuration or release; start anew."
        )
    leaves = []
    for name, leaf in zip(expected, jax.tree.leaves(like), strict=True):
        value = jnp.asarray(tensors[name])
        if name in keys:
            value = jax.random.wrap_key_data(value, impl=keys[name])
        if value.shape != jnp.shape(leaf) or value.dtype != leaf.dtype:
            raise UserError(
                f"The saved tensor {name} is {value.dtype}{list(value.shape)}, but {leaf.dtype}"
                f"{list(jnp.shape(leaf))} is needed: it belongs to another configuration; start anew."
            )
        leaves.append(value)
    return jax.tree.unflatten(jax.tree.structure(like), leaves)


def save(folder: Path, step: int, state: PyTree, extra: dict[str, Any] | None = None) -> Path:
    """Save a state as `folder/<step>`, then prune; atomic against a kill at any point.

    **Raises** `UserError` where the disk refuses; the checkpoints already there are not touched.
    """
    tensors, keys = to_bytes(state)
    index = json.dumps({"step": step, "keys": keys, "extra": extra or {}}, indent=1).encode()
    final, aside = folder / f"{step:09d}", folder / f".{step:09d}.partial"
    make_folder(folder)
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        write_flushed(aside / STATE, tensors)
        write_flushed(aside / INDEX, index)
        write_flushed(aside / COMMIT, json.dumps({STATE: sha256(tensors), INDEX: sha256(index)}).encode())
        flush_folder(aside)
        if final.exists():  # a damaged one that was passed over
            os.rename(final, folder / f".{step:09d}.replaced")
        os.rename(aside, final)
        flush_folder(folder)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise cannot_write(final, error) from error
    prune(folder, step)
    return final


def prune(folder: Path, newest: int) -> None:
    """Drop all but `KEEP` checkpoints up to `newest`, just saved; later ones were damaged and passed over."""
    kept = [step for step in steps(folder) if step <= newest][-KEEP:]
    for step in set(steps(folder)) - set(kept):
        shutil.rmtree(folder / f"{step:09d}", ignore_errors=True)
    for spare in (*folder.glob(".*.partial"), *folder.glob(".*.replaced")):
        shutil.rmtree(spare, ignore_errors=True)


def steps(folder: Path) -> list[int]:
    """The steps of the checkpoints in a folder, oldest first; those being written are not counted."""
    if not folder.is_dir():
        return []
    return sorted(int(entry.name) for entry in folder.iterdir() if entry.name.isdigit())


def read(folder: Path, step: int, like: PyTree) -> Checkpoint:
    """Read one checkpoint and verify every byte; raises `Damaged`."""
    place = folder / f"{step:09d}"
    try:
        commit = json.loads((place / COMMIT).read_bytes())
        data = {name: (place / name).read_bytes() for name in (STATE, INDEX)}
    except (OSError, ValueError, RecursionError) as error:
        raise Damaged(f"{place} is incomplete ({error})") from error
    for name, content in data.items():
        if not isinstance(commit, dict) or commit.get(name) != sha256(content):
            raise Damaged(f"{place / name} is not what was saved (its SHA-256 differs)")
    index = json.loads(data[INDEX])
    if index["step"] != step:
        raise Damaged(f"{place} is named for another step than the {index['step']} that it holds")
    return Checkpoint(step, from_bytes(data[STATE], index["keys"], like), index["extra"])


def load(folder: Path, like: PyTree) -> Checkpoint | None:
    """The newest checkpoint that is whole, or None where there is none at all.

    **Raises** `UserError` where there are some and all are damaged.
    """
    damaged = None
    for step in reversed(steps(folder)):
        try:
            checkpoint = read(folder, step, like)
        except Damaged as error:
            damaged = damaged or error
            continue
        if damaged is not None:
            warnings.warn(f"{damaged}; going on from step {step} instead.", stacklevel=2)
        return checkpoint
    if damaged is not None:
        raise UserError(f"No checkpoint in '{folder}' is whole ({damaged}); delete the run and start anew.")
    return None
