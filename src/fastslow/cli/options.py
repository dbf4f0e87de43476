"""The options of a task, agent, trainer or analysis, read off its signature: nothing is written down twice.

A function with a parameter `config` has that dataclass's fields as options; any other has its own parameters.
The help of an option is the string under the field of that name, so `--help` reads like a methods section.
"""

import ast
import dataclasses
import inspect
import textwrap
import types
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import tyro

WIRING = ("task", "make_agent", "config", "key")
"""Parameters that fastslow fills in, so they are no options."""
PLAIN = (int, float, bool, str, type(None))


@lru_cache
def field_docs(owner: type) -> dict[str, str]:
    """The string under each field of a class and of those it inherits from."""
    docs: dict[str, str] = {}
    for each in reversed(owner.__mro__):
        if each.__module__ == "builtins":
            continue
        try:
            body = ast.parse(textwrap.dedent(inspect.getsource(each))).body[0].body
        except (OSError, TypeError, SyntaxError):
            continue
        for field, text in pairwise(body):
            value = getattr(getattr(text, "value", None), "value", None)
            if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(value, str):
                docs[ast.unparse(field.target)] = " ".join(value.split())
    return docs


def config_type(maker: Callable[..., Any]) -> type | None:
    """The dataclass that a maker's parameter `config` is annotated with, or None where it has no such."""
    if inspect.isclass(maker) or "config" not in inspect.signature(maker).parameters:
        return None
    return hints(maker).get("config")


def hints(maker: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(maker.__init__ if inspect.isclass(maker) else maker)
    except (NameError, TypeError):
        return {}


def option_type(annotation: Any, default: Any) -> Any:
    """The type to read: plain ones as annotated, an array field as its default is; None if it is neither."""
    if get_origin(annotation) is Literal:
        return annotation
    if get_origin(annotation) in (Union, types.UnionType):
        kinds = set(get_args(annotation))
        if kinds <= {int, float}:
            return float
        return annotation if kinds <= set(PLAIN) else None
    if get_origin(annotation) is Sequence and get_args(annotation)[0] in PLAIN:
        return tuple[get_args(annotation)[0], ...]
    if get_origin(annotation) is tuple and set(get_args(annotation)) <= {*PLAIN, ...}:
        return annotation
    if annotation in PLAIN:
        return annotation
    if isinstance(default, (bool, int, float, str)):
        return float if isinstance(default, int) and not isinstance(default, bool) else type(default)
    if isinstance(default, (list, tuple)):
        return tuple[float, ...]
    return None


def options_of(maker: Callable[..., Any]) -> type:
    """A dataclass whose fields are the options, with types, defaults and help, for tyro to read."""
    source = config_type(maker) or maker
    docs_owner = source if inspect.isclass(source) else hints(source).get("return")
    docs = field_docs(docs_owner) if inspect.isclass(docs_owner) else {}
    annotations = hints(source)
    fields = []
    for name, parameter in inspect.signature(source).parameters.items():
        if name in WIRING or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        kind = option_type(annotations.get(name), parameter.default)
        if kind is None:
            continue
        kind = Annotated[kind, tyro.conf.arg(help=docs.get(name, ""))]
        default = dataclasses.MISSING if parameter.default is parameter.empty else parameter.default
        fields.append((name, kind, dataclasses.field(default=default)))
    return dataclasses.make_dataclass("Options", fields, frozen=True, kw_only=True)


def values_of(options: Any) -> dict[str, Any]:
    """The options as keyword arguments (and as the manifest keeps them)."""
    return {field.name: getattr(options, field.name) for field in dataclasses.fields(options)}


def call(maker: Callable[..., Any], values: dict[str, Any], **wiring: Any) -> Any:
    """Call a maker with options and whatever of the wiring it takes."""

    kind = config_type(maker)
    if kind is not None:
        wiring, values = wiring | {"config": kind(**values)}, {}
    taken = inspect.signature(maker).parameters
    return maker(**values, **{name: value for name, value in wiring.items() if name in taken})
