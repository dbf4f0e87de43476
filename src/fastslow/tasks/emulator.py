"""Atari's emulator called from inside the compiled loop.

ale-py's vector environment steps its games in threads of its own, and offers itself to XLA as two foreign functions,
"reset" and "step". Their state is a handle, eight bytes that are an address: they hold within this process alone, and
whoever steps by a stale one brings the process down. So a handle must never be saved.
"""

import importlib
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import io_callback
from jaxtyping import Array, Bool, Int, Key, UInt8

from fastslow.errors import UserError, check, nearest


class Setup(NamedTuple):
    """What an emulator is built from."""

    game: str
    lanes: int
    side: int
    frames: int
    """Most frames in a game."""
    sticky: float
    noops: int
    full: bool
    """All 18 actions."""
    threads: int


class Shown(NamedTuple):
    """What the emulator gives back, lane by lane."""

    frame: UInt8[Array, "lane height width"]
    reward: Int[Array, " lane"]
    terminated: Bool[Array, " lane"]
    truncated: Bool[Array, " lane"]
    lives: Int[Array, " lane"]
    frames: Int[Array, " lane"]
    """Frames since the game was reset, no-ops included."""


HANDLE = jax.ShapeDtypeStruct((8,), jnp.uint8)
REPEAT = 4
"""Frames for which an action is repeated; what is shown is the brighter of the last two at each place."""
KEPT: list[Any] = []
"""Emulators that are running: a handle does not keep its own alive."""


def forms(setup: Setup) -> tuple[jax.ShapeDtypeStruct, ...]:
    """Of the frames, of a number per lane, and of a yes or no per lane."""
    lanes = (setup.lanes,)
    return (
        jax.ShapeDtypeStruct((*lanes, 1, setup.side, setup.side), jnp.uint8),
        jax.ShapeDtypeStruct(lanes, jnp.int32),
        jax.ShapeDtypeStruct(lanes, jnp.bool_),
    )


def created(setup: Setup) -> UInt8[Array, " 8"]:
    """The handle of a new emulator, which lives as long as the process; each time that this is computed, another one.

    So every seed of a sweep has its own, whichever device runs it.
    """
    check(
        jax.default_backend() == "cpu",
        f"Atari's emulator runs on the CPU, but JAX computes on '{jax.default_backend()}'; set JAX_PLATFORMS=cpu.",
    )
    register()

    def create() -> np.ndarray:
        emulator = build(setup)
        KEPT.append(emulator)
        return np.frombuffer(emulator.ale.handle(), np.uint8).copy()

    return io_callback(create, HANDLE)


def build(setup: Setup) -> Any:
    """The vector environment; its end of an episode leaves a lane to be reset by us."""
    vector = importlib.import_module("ale_py.vector_env")
    return vector.AtariVectorEnv(
        setup.game,
        setup.lanes,
        num_threads=setup.threads,
        max_num_frames_per_episode=setup.frames,
        repeat_action_probability=setup.sticky,
        full_action_space=setup.full,
        img_height=setup.side,
        img_width=setup.side,
        stack_num=1,
        frameskip=REPEAT,
        # It draws from 0 up to one less.
        noop_max=setup.noops + 1,
        # Its episodic life resets the game at each life lost; ours does not.
        episodic_life=False,
        reward_clipping=False,
        use_fire_reset=False,
    )


@lru_cache
def register() -> None:
    """Make the foreign functions known to XLA."""
    build(Setup("pong", 1, 84, 108_000, 0.0, 0, False, 1)).xla()


def reset(
    handle: UInt8[Array, " 8"], setup: Setup, lanes: Int[Array, " some"], seeds: Int[Array, " some"]
) -> tuple[UInt8[Array, " 8"], Shown]:
    """Begin new games in some lanes, by seeds (-1: its chance goes on from where it was); the others stay as they are.

    To seed costs a load of the cartridge, ten times what a reset does.
    """
    frame, number, truth = forms(setup)
    call = jax.ffi.ffi_call(
        "atari_vector_xla_reset", (HANDLE, frame, number, number, number, number), has_side_effect=True
    )
    handle, seen, _, lives, _, frames = call(handle, lanes, seeds)
    no = jnp.zeros(truth.shape, truth.dtype)
    return handle, Shown(seen[:, 0], jnp.zeros(number.shape, jnp.int32), no, no, lives, frames)


def step(
    handle: UInt8[Array, " 8"], setup: Setup, actions: Int[Array, " lane"]
) -> tuple[UInt8[Array, " 8"], Shown]:
    """Take an action in every lane; a lane whose game is over must have been reset."""
    frame, number, truth = forms(setup)
    outputs = (HANDLE, frame, number, truth, truth, number, number, number, number)
    call = jax.ffi.ffi_call("atari_vector_xla_step", outputs, has_side_effect=True)
    handle, seen, reward, terminated, truncated, _, lives, _, frames = call(
        handle, actions, jnp.ones(setup.lanes, jnp.float32)
    )
    return handle, Shown(seen[:, 0], reward, terminated, truncated, lives, frames)


def reset_where(
    handle: UInt8[Array, " 8"], setup: Setup, over: Bool[Array, " lane"], shown: Shown
) -> tuple[UInt8[Array, " 8"], Shown]:
    """Begin new games in the lanes that are `over`, one after the other; where none is, nothing is called."""

    def one(carry: tuple[Array, Array, Shown]) -> tuple[Array, Array, Shown]:
        left, handle, _ = carry
        lane = jnp.argmax(left).astype(jnp.int32)
        handle, shown = reset(handle, setup, lane[None], jnp.full(1, -1, jnp.int32))
        return left.at[lane].set(False), handle, shown

    return jax.lax.while_loop(lambda carry: carry[0].any(), one, (over, handle, shown))[1:]


def seeds_of(keys: Key[Array, " lane"]) -> Int[Array, " lane"]:
    """A seed of the emulator's own generators for each key."""
    return jax.vmap(lambda key: jax.random.randint(key, (), 0, np.iinfo(np.int32).max))(keys)


@lru_cache(maxsize=256)
def actions_of(game: str, full: bool) -> int:
    """How many actions a game has; `UserError` where there is no such game."""
    try:
        ale, roms = (importlib.import_module(name) for name in ("ale_py", "ale_py.roms"))
        importlib.import_module("ale_py.vector_env")
    except ImportError:
        raise UserError("Atari needs the package ale-py; pip install 'fastslow[atari]'.") from None
    known = roms.get_all_rom_ids()
    check(game in known, f"Atari has no game '{game}'{nearest(game, known)}")
    ale.ALEInterface.setLoggerMode(ale.LoggerMode.Error)
    emulator = ale.ALEInterface()
    emulator.loadROM(roms.get_rom_path(game))
    return len(emulator.getLegalActionSet() if full else emulator.getMinimalActionSet())
