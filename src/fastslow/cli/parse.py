"""From words on a command line to a dataclass; whatever is wrong with them becomes one sentence."""

import dataclasses
import io
import re
from collections.abc import Sequence
from contextlib import redirect_stderr
from typing import Annotated, TypeVar, get_args, get_origin

import tyro

from fastslow.errors import UserError, nearest

T = TypeVar("T")
STYLE = re.compile(r"\x1b\[[0-9;]*m")
FRAME = re.compile(r"[─│╭╮╰╯┌┐└┘━┃]+")


def parse(kind: type[T], words: Sequence[str], command: str, about: str) -> T:
    """Read `words` into the dataclass `kind`; `--help` prints and exits.

    **Raises** `UserError` naming the unknown option and the nearest right one, or the value that does not
    fit.
    """
    heard = io.StringIO()
    program = f"fastslow {command}"
    try:
        with redirect_stderr(heard):
            value, unknown = tyro.cli(
                kind, args=list(words), prog=program, description=about, return_unknown_args=True
            )
    except SystemExit as stop:
        if not stop.code:
            raise
        raise UserError(one_sentence(heard.getvalue(), program)) from None
    if unknown:
        refuse(unknown[0], kind, program)
    return value


def refuse(word: str, kind: type, program: str) -> None:
    """Raise the sentence for a word that no option takes."""
    name = word.partition("=")[0]
    if not name.startswith("-"):
        raise UserError(f"'{word}' belongs to no option of `{program}`; `{program} --help` lists them.")
    raise UserError(f"`{program}` has no option '{name}'{nearest(dashed(name), option_names(kind))}")


def dashed(name: str) -> str:
    return name.replace("_", "-")


def option_names(kind: type) -> list[str]:
    """All options of a dataclass as they are typed."""
    names = ["--help"]
    for field in dataclasses.fields(kind):
        group, named = get_args(field.type)[:2] if get_origin(field.type) is Annotated else (field.type, None)
        if dataclasses.is_dataclass(group):
            inner = option_names(group)[1:]
            names += [name.replace("--", f"--{named.name}.", 1) for name in inner]
        else:
            names.append(f"--{dashed(field.name)}")
    return names


def one_sentence(box: str, program: str) -> str:
    """The content of an error box in one line."""
    lines = [FRAME.sub(" ", STYLE.sub("", line)).strip() for line in box.splitlines()]
    lines = [line for line in lines if line and "--help" not in line]
    text = " ".join(" ".join(lines).split()).partition(" Argument helptext")[0]
    text = re.sub(r"^(Value error|Parsing error|Invalid choice)\W+", "", text).rstrip(".")
    return f"{text[:1].upper()}{text[1:]}; `{program} --help` tells what it takes."
