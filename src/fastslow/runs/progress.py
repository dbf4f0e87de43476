"""What long work shows: rate, time left, the metric that matters; a bar on a terminal, plain lines elsewhere.

Everything goes to standard error, so that standard output stays for results.
"""

import sys
import time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

PLAIN_EVERY = 10.0
"""Seconds between two plain lines."""
MATTERS = ("reward", "return", "fitness", "loss")
"""The metric that matters is the first of these that there is, else the first of all."""


def headline(metrics: dict[str, float]) -> str:
    """`reward 0.612`; empty where nothing was measured yet."""
    name = next((name for name in MATTERS if name in metrics), next(iter(metrics), None))
    return "" if name is None else f"{name} {metrics[name]:.3f}"


def short(rate: float) -> str:
    """12.3k, 1.2M: a rate in three digits."""
    for unit in ("", "k", "M"):
        if rate < 1000:
            return f"{rate:.3g}{unit}"
        rate /= 1000
    return f"{rate:.3g}G"


class Silent:
    """Shows nothing; the base of those that show something."""

    def __init__(self, title: str = "", total: int = 0, done: int = 0, steps_per_unit: int = 1) -> None:
        """`total` units of work, `done` of them earlier; a unit (an update) is `steps_per_unit` steps."""
        self.title, self.total, self.done, self.steps = title, total, done, steps_per_unit

    def __enter__(self) -> "Silent":
        return self

    def __exit__(self, *problem: Any) -> None:
        pass

    def update(self, done: int, metrics: dict[str, float]) -> None:
        """`done` units are done in all; `metrics` are the latest, by name."""

    def say(self, text: str) -> None:
        """A line about the work as a whole."""


class Timed(Silent):
    """Knows the rate: steps per second since its first update, so that compilation does not count."""

    since: tuple[float, int] | None = None

    def rate(self, done: int) -> float | None:
        now = time.monotonic()
        if self.since is None:
            self.since = (now, done)
            return None

        seconds = now - self.since[0]
        return (done - self.since[1]) * self.steps / seconds if seconds > 0 else None

    @staticmethod
    def text(rate: float | None) -> str:
        return "compiling" if rate is None else f"{short(rate)} steps/s"


class Bar(Timed):
    """A bar that redraws itself on a terminal."""

    def __enter__(self) -> "Silent":
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
        shown = (
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[metric]}"),
        )
        self.bar = Progress(*columns, *shown, console=Console(stderr=True))
        self.bar.start()
        self.task = self.bar.add_task(
            self.title, total=self.total, completed=self.done, rate="compiling", metric=""
        )
        return self

    def __exit__(self, *problem: Any) -> None:
        self.bar.stop()

    def say(self, text: str) -> None:
        self.bar.console.print(f"{self.title}: {text}", highlight=False)

    def update(self, done: int, metrics: dict[str, float]) -> None:
        self.bar.update(self.task, completed=done, rate=self.text(self.rate(done)), metric=headline(metrics))


class Lines(Timed):
    """A line now and then, for logs."""

    last = -PLAIN_EVERY

    def say(self, text: str) -> None:
        print(f"{self.title}: {text}", file=sys.stderr, flush=True)

    def update(self, done: int, metrics: dict[str, float]) -> None:
        rate, now = self.rate(done), time.monotonic()
        if now - self.last < PLAIN_EVERY and done < self.total:
            return
        self.last = now
        left = f", {(self.total - done) * self.steps / rate:.0f} s left" if rate and done < self.total else ""
        shown = headline(metrics)
        print(
            f"{self.title}: {done}/{self.total}, {self.text(rate)}{left}{', ' if shown else ''}{shown}",
            file=sys.stderr,
            flush=True,
        )


def reporter(title: str, total: int, done: int = 0, steps_per_unit: int = 1) -> Silent:
    """A bar where standard error is a terminal, plain lines where it is not."""
    return (Bar if sys.stderr.isatty() else Lines)(title, total, done, steps_per_unit)
