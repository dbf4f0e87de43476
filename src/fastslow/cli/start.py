"""What must be in the environment before JAX is imported; each setting yields to one that is already there.

The concurrency-optimised CPU scheduler of jaxlib 0.10 can deadlock on few cores, so it is off. Every core is
a device of its own, so that seeds train side by side. Compiled programs are kept in the user's cache folder.

"""

import os
from pathlib import Path

SCHEDULER = "xla_cpu_enable_concurrency_optimized_scheduler"
DEVICES = "xla_force_host_platform_device_count"
NO_CACHE = "FASTSLOW_NO_CACHE"
"""Set it to anything to compile afresh each time."""


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cache_folder() -> Path:
    """Where compiled programs are kept: `fastslow/jax` in the user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fastslow" / "jax"


def prepare() -> None:
    """Set the environment; call it before anything imports JAX."""
    flags = os.environ.get("XLA_FLAGS", "")
    if SCHEDULER not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} --{SCHEDULER}=false".strip()
    if DEVICES not in flags:
        os.environ.setdefault("JAX_NUM_CPU_DEVICES", str(cores()))
    if not os.environ.get(NO_CACHE):
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache_folder()))
        # Small programs too: a start is many of them.
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
