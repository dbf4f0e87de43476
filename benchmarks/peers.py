"""Training beside RecurrentPPO of sb3-contrib on the same bandit: 64 environments, 48 units."""

import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import jax

from benchmarks.table import Row
from benchmarks.timing import race
from benchmarks.workload import STEPS, all_cores, make_loop, training
from fastslow.cli.start import cores
from fastslow.errors import UserError

TITLE = "Training beside RecurrentPPO of sb3-contrib (64 environments, 48 units, 100-step episodes)"
LANES = 64
SETTINGS = {
    "defaults": "its defaults (10 passes, batches of 128)",
    "ten passes": "10 passes, one batch each",
    "one pass": "1 pass in one batch",
}
"""Of `peer_ppo`, in words."""
NEEDS = ("sb3_contrib", "gymnasium", "torch")


def check_extra(python: str) -> None:
    """`UserError` naming the extra where that Python lacks it."""
    found = subprocess.run([python, "-c", f"import {', '.join(NEEDS)}"], capture_output=True, text=True)
    if found.returncode:
        reason = found.stderr.strip().splitlines()[-1]
        raise UserError(
            f"This part needs the extra `peers` ({reason}); install it with `pip install torch` first and then "
            "`pip install '.[peers]'`, or name a Python that has it with --peers-python."
        )


class Peer:
    """The peer's process, told what to do line by line."""

    def __init__(self, python: str) -> None:
        script = Path(__file__).with_name("peer_ppo.py")
        self.process = subprocess.Popen(
            [python, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clean()
        )
        self.answer()

    def answer(self) -> str:
        line = self.process.stdout.readline()
        if not line:
            raise UserError(
                f"The peer stopped with exit code {self.process.wait()}; its reason stands above."
            )
        return line.strip()

    def train(self, setting: str, threads: int) -> float:
        """Seconds of one rollout and what it learns from it."""
        self.process.stdin.write(f"{setting},{threads}\n")
        self.process.stdin.flush()
        return float(self.answer())

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def clean() -> dict[str, str]:
    """The environment without what is set for JAX."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("JAX_", "XLA_"))}


def measure(short: bool) -> list[Row]:
    python = os.environ.get("PEERS_PYTHON", sys.executable)
    check_extra(python)
    updates, rounds = (8, 1) if short else (32, 5)
    # Small networks often run faster on one thread: the peer gets the better of both.
    threads = {1} if short else {1, cores()}
    loop, seeds = make_loop(lanes=LANES), all_cores()
    ours = {"one": training(loop, updates), "all": training(loop, updates, seeds)}
    rates: dict[str, list[float]] = {name: [] for name in (*ours, *SETTINGS)}
    copies = {"one": 1, "all": len(seeds)}
    steps = LANES * STEPS
    peer = Peer(python)
    try:
        for _ in range(rounds):
            for name in SETTINGS:
                rates[name].append(steps / min(peer.train(name, number) for number in threads))
            for name, times in race(ours, 3).items():
                rates[name].append(copies[name] * updates * steps / times.best)
    finally:
        peer.stop()

    def rate(what: str, name: str) -> Row:
        return Row(what, max(rates[name]), "steps/s", median(rates[name]))

    def ratio(what: str, name: str, **target) -> Row:
        best, middle = (of(rates["all"]) / of(rates[name]) for of in (max, median))
        return Row(f"fastslow on all cores / {what}", best, "x", middle, **target)

    return [
        *(rate(f"RecurrentPPO, {what}", name) for name, what in SETTINGS.items()),
        rate(f"fastslow, {len(seeds)} seeds on {jax.device_count()} devices", "all"),
        rate("fastslow, one seed on one device", "one"),
        ratio("RecurrentPPO, " + SETTINGS["defaults"], "defaults", at_least=100),
        ratio("RecurrentPPO, " + SETTINGS["ten passes"], "ten passes"),
        ratio("RecurrentPPO, " + SETTINGS["one pass"], "one pass"),
    ]
