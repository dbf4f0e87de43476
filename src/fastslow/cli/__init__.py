"""The command line: a thin shell that starts without JAX and answers mistakes in one sentence."""

import importlib
import os
import sys
from collections.abc import Sequence

from fastslow.cli.start import prepare
from fastslow.errors import UserError, nearest

COMMANDS = {
    "list": ("catalogue", "what there is: tasks, agents, trainers, experiments, analyses"),
    "cite": ("cite", "the sources of any of these, as BibTeX"),
    "reproduce": ("reproduce", "a published result, from training to the report"),
    "train": ("train", "any agent on any task, by any trainer"),
    "behave": ("behave", "record a trained agent, its weights frozen"),
    "analyse": ("analyse", "any subject's trials, by any analysis"),
    "export": ("export", "trials in another format: NWB, BIDS, CSV, NetCDF"),
    "recover": ("recover", "whether fitted parameters and models can be believed"),
    "report": ("report", "rebuild a run's figures and report without retraining"),
}
WRONG = 2
"""Exit code where something outside the program is not as it must be: a word, a file, a disk, a number."""


def overview() -> str:
    """What `fastslow --help` prints."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {about}" for name, (_, about) in COMMANDS.items()]
    return "\n".join(
        [
            "fastslow: a laboratory for fast and slow reinforcement learning",
            "",
            "usage: fastslow COMMAND [--help] ...",
            "",
            *lines,
            "",
            "Begin with: fastslow reproduce bandits",
        ]
    )


def run(words: Sequence[str]) -> int:
    """Carry out a command line and return its exit code."""
    if not words or words[0] in ("-h", "--help", "help"):
        print(overview())
        return 0
    if words[0] == "--version":
        from fastslow import __version__

        print(__version__)
        return 0
    if words[0] not in COMMANDS:
        raise UserError(f"There is no command '{words[0]}'{nearest(words[0], COMMANDS)}")
    prepare()
    module = importlib.import_module(f"fastslow.cli.{COMMANDS[words[0]][0]}")
    return module.main(list(words[1:]))


def main(words: Sequence[str] | None = None) -> int:
    """The `fastslow` command: 0 done, 2 something wrong (named), 3 claims not met, 130 or 143 stopped."""
    try:
        return run(sys.argv[1:] if words is None else words)
    except UserError as error:
        print(f"fastslow: {error}", file=sys.stderr)
        return WRONG
    except KeyboardInterrupt as stop:
        print(f"fastslow: {stop or 'Stopped.'}", file=sys.stderr)
        return getattr(stop, "code", 130)
    except BrokenPipeError:
        # `fastslow list | head`: the reader has gone, which is no mistake.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
