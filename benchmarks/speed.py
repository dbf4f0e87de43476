"""`python -m benchmarks.speed`: how fast fastslow is, as ratios measured in one run.

Prints a table per part and writes it to `benchmarks/results/PART.json`. Let nothing else run meanwhile.
"""

import argparse
import importlib
import os
import sys
import time
from collections.abc import Sequence

from benchmarks.table import Row, save, show
from fastslow.cli.start import prepare
from fastslow.errors import UserError

PARTS = {
    "startup": "from the command to the first update, and peak memory",
    "learning": "training beside the bare kernel and beside a plain scan",
    "breakdown": "where the time of an update goes",
    "lanes": "seeds as lanes; steps/s over units and lanes",
    "battery": "every experiment's training beside the bare kernel of its shapes",
    "neighbours": "exact nearest neighbours beside a bare product and top_k; cost by what is used",
    "memory_lanes": "the episodic LSTM beside the plain one; cost by what the memory has room for",
    "atari": "the emulator inside the compiled loop beside the emulator alone (extra: atari)",
    "atari_learning": "NEC and DQN learning Pong, beside the bare products of their network (extra: atari)",
    "peers": "beside RecurrentPPO of sb3-contrib (extra: peers)",
}
# `startup` goes first: Linux counts the peak memory of a process also to the processes that it starts.


def main(words: Sequence[str] | None = None) -> int:
    """Exit code 0 where all targets are met, 1 where one is missed."""
    parts = "\n".join(f"  {name:<14} {about}" for name, about in PARTS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed",
        description=f"Measure speed. Parts:\n{parts}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="parts to run (default: all)")
    parser.add_argument("--short", action="store_true", help="few rounds and sizes: to see that it works")
    parser.add_argument(
        "--peers-python", default=sys.executable, help="Python that has the extra `peers` (default: this one)"
    )
    given = parser.parse_args(words)
    unknown = set(given.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part '{min(unknown)}'; there are: {', '.join(PARTS)}")
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.environ["PEERS_PYTHON"] = given.peers_python
    prepare()
    missed, left_out = 0, []
    for name in PARTS:
        if given.parts and name not in given.parts:
            continue
        began = time.perf_counter()
        part = importlib.import_module(f"benchmarks.{name}")
        try:
            rows: list[Row] = part.measure(given.short)
        except UserError as error:
            left_out.append(f"{name}: {error}")
            continue
        show(f"{part.TITLE} ({time.perf_counter() - began:.0f} s)", rows)
        save(name, part.TITLE, rows)
        missed += sum(row.passed is False for row in rows)
    for reason in left_out:
        print(f"Not measured: {reason}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
