"""What a user waits for before training begins, and the memory it needs: the real command in fresh processes."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.table import Row
from fastslow.cli.start import cores

TITLE = "Start and memory: `fastslow train --task bandit --trainer.lanes 128`"


def train(updates: int, home: Path, seeds: int = 1) -> tuple[float, float]:
    """Seconds from calling the command to its end, and the peak of its memory in GB."""
    words = ["--task", "bandit", "--trainer.lanes", "128", "--trainer.updates", str(updates), "--quiet"]
    words += ["--seeds", str(seeds)]
    environment = {
        k: v for k, v in os.environ.items() if k not in ("JAX_COMPILATION_CACHE_DIR", "FASTSLOW_NO_CACHE")
    }
    with tempfile.TemporaryDirectory() as out:
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "fastslow", "train", *words, "--out", f"{out}/run"],
            env=environment | {"XDG_CACHE_HOME": str(home)},
            stdout=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - began
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    # Kilobytes on Linux, bytes on macOS.
    return seconds, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e9


def measure(short: bool) -> list[Row]:
    fresh, again, peaks = [], [], {}
    for _ in range(1 if short else 3):
        with tempfile.TemporaryDirectory() as home:
            fresh.append(train(1, Path(home))[0])
            again += [train(1, Path(home))[0] for _ in range(1 if short else 2)]
            for seeds in {1} if short else {1, cores()}:
                peaks[seeds] = max(peaks.get(seeds, 0.0), train(20 if short else 200, Path(home), seeds)[1])
    note = "interpreter, imports, compiling, one update, checkpoint"
    return [
        Row("first start, cache empty", min(fresh), "s", median(fresh), at_most=10, note=note),
        Row("second start, cache kept", min(again), "s", median(again), at_most=3, note=note),
        *(Row(f"peak memory, seeds: {seeds}", gb, "GB", at_most=1) for seeds, gb in sorted(peaks.items())),
    ]
