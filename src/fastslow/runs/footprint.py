"""How much memory a training will take: told, and refused where there is not so much, before any of it is taken.

What is predicted is exact but for what passes within an update (activity, gradients): the state of all seeds, and
the copies that are made of it while it is stepped and saved. A process that asks for more than there is may not be
refused but killed, hours later.
"""

import math
import os
from pathlib import Path
from typing import NamedTuple

import jax
from jaxtyping import PyTree

from fastslow.errors import UserError

LIMIT = "FASTSLOW_MEMORY"
"""Environment variable: most gigabytes that a training may take; without it, this share of what is available."""
SHARE = 0.8
TOLD = 0.5e9
"""Bytes from which on the prediction is shown."""
SAVED = 3
"""A state that is loaded is there as the bytes of the file, as its tensors' bytes and as it is; saved, likewise."""
CGROUP = Path("/sys/fs/cgroup")
MEMINFO = Path("/proc/meminfo")


class Footprint(NamedTuple):
    """Bytes that a training takes."""

    state: int
    """The state of all seeds."""
    most: int
    """And at most, with the copies made of it."""
    parts: dict[str, int]
    """Of the state's parts, the largest first."""
    tensors: dict[str, int]
    """Of its tensors, the largest first."""


def footprint(state: PyTree, seeds: int | None = None) -> Footprint:
    """What a training with this state (arrays, or their shapes) takes.

    **Arguments**: `seeds` how many lanes the state has along its first axis; `None`: it has no such axis.
    """
    tensors: dict[str, int] = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(state):
        tensors[jax.tree_util.keystr(path)] = bytes_of(leaf)
    total = sum(tensors.values())
    stepped = total + copies(total, seeds)
    most = max(stepped, SAVED * total) if jax.default_backend() == "cpu" else stepped
    return Footprint(total, most, largest_first(parts_of(state)), largest_first(tensors))


def bytes_of(leaf: jax.Array | jax.ShapeDtypeStruct) -> int:
    """Of an array, or of a batch of random keys."""
    if jax.numpy.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        leaf = jax.eval_shape(jax.random.key_data, leaf)
    return math.prod(leaf.shape) * leaf.dtype.itemsize


def copies(total: int, seeds: int | None) -> int:
    """What is copied while seeds are stepped that share a device: the one whose turn it is. A state alone on its device
    is stepped in place."""
    if seeds is None:
        return 0
    if jax.default_backend() != "cpu":
        return total if seeds == 1 else 0  # a batch of one is stepped as two
    devices = min(seeds, jax.device_count())
    return 0 if seeds <= devices else devices * total // seeds


def parts_of(state: PyTree) -> dict[str, int]:
    """Bytes by the fields of the state; where one of them is nearly all of it, as in a wrapper, by that one's."""
    parts: dict[str, int] = {}
    inside: dict[str, PyTree] = {}
    children = jax.tree.leaves_with_path(state, is_leaf=lambda part: part is not state)
    for path, part in children:
        name = jax.tree_util.keystr(path).strip(".[]'") or "state"
        parts[name], inside[name] = sum(map(bytes_of, jax.tree.leaves(part))), part
    most = max(parts, key=parts.__getitem__, default="")
    if len(parts) > 1 and parts[most] > 0.99 * sum(parts.values()) and jax.tree.leaves(inside[most])[1:]:
        return parts_of(inside[most])
    return parts


def largest_first(sizes: dict[str, int]) -> dict[str, int]:
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))


def gigabytes(size: int | float) -> str:
    return f"{size / 1e9:.2g} GB" if size < 10e9 else f"{size / 1e9:,.0f} GB"


def listed(sizes: dict[str, int], number: int = 3) -> str:
    """`replay 0.7 GB, lanes 0.5 GB`: the largest, down to a hundredth of all."""
    least = sum(sizes.values()) / 100
    shown = [(name, size) for name, size in sizes.items() if size >= least][:number]
    return ", ".join(f"{name.strip('.')} {gigabytes(size)}" for name, size in shown)


def told(needs: Footprint) -> str:
    """One line for the person who waits."""
    return f"{gigabytes(needs.state)} of state ({listed(needs.parts)}), at most {gigabytes(needs.most)} with its copies"


def available() -> float | None:
    """Bytes that this process could still have; `None` where the system does not say."""
    device = jax.local_devices()[0]
    if device.platform != "cpu":
        stats = device.memory_stats() or {}
        return stats["bytes_limit"] - stats.get("bytes_in_use", 0) if "bytes_limit" in stats else None
    sizes = [size for size in (of_machine(), of_container()) if size is not None]
    return min(sizes) if sizes else None


def of_machine() -> float | None:
    """Linux tells what is available; elsewhere what there is at all must do."""
    if MEMINFO.exists():
        lines = dict(line.split(":") for line in MEMINFO.read_text().splitlines() if ":" in line)
        if "MemAvailable" in lines:
            return 1024.0 * float(lines["MemAvailable"].split()[0])
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):
        return None


def of_container() -> float | None:
    """What a control group (a container, a job of a cluster) leaves, where there is a limit."""
    try:
        limit = (CGROUP / "memory.max").read_text().strip()
        used = dict(line.split() for line in (CGROUP / "memory.stat").read_text().splitlines())
        return None if limit == "max" else float(limit) - float(used["anon"])
    except (OSError, ValueError, KeyError):
        return None


def limit() -> float | None:
    """Most bytes that a training may take; `None`: nobody knows."""
    given = os.environ.get(LIMIT)
    if given:
        try:
            number = float(given)
        except ValueError:
            number = math.nan
        if not number > 0:
            raise UserError(f"{LIMIT} is '{given}', but it must be a number of gigabytes above 0.")
        return 1e9 * number
    there = available()
    return None if there is None else SHARE * there


def check_room(needs: Footprint) -> None:
    """`UserError` with the numbers where a training would take more than it may; small ones are never asked."""
    if needs.most < TOLD and not os.environ.get(LIMIT):
        return
    most = limit()
    if most is None or needs.most <= most:
        return
    why = f"{LIMIT} allows" if os.environ.get(LIMIT) else f"{SHARE:.0%} of the memory available are"
    raise UserError(
        f"This training would take {gigabytes(needs.most)} of memory, but {why} {gigabytes(most)}; its largest tensors "
        f"are {listed(needs.tensors)}: take a smaller capacity, fewer slots, lanes or seeds, or set {LIMIT} to the "
        "gigabytes it may take."
    )
