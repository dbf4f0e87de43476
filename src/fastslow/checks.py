"""What the conformance checks of tasks and of agents have in common."""

import dataclasses
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax

from fastslow.errors import UserError


def attempt(what: str, function: Callable[[], Any]) -> Any:
    """The function's result; its failure becomes a sentence."""
    try:
        return function()
    except UserError:
        raise
    except Exception as error:
        reason = str(error).strip().split("\n")[0].rstrip(".")
        raise UserError(
            f"{what} does not work inside jit, vmap or scan ({type(error).__name__}: {reason}); "
            "write it in jax.numpy, with jnp.where in place of if and no Python state."
        ) from error


def check_pytree(module: eqx.Module, name: str) -> None:
    """Refuse a module with a leaf that is no array, or a static field that cannot be hashed."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(module):
        if not isinstance(leaf, jax.Array):
            raise UserError(
                f"{name}{jax.tree_util.keystr(path)} is a {type(leaf).__name__}, not an array; give the "
                "field eqx.field(converter=parameter) if it is a number, eqx.field(static=True) if a size."
            )
    for field in dataclasses.fields(module):
        if field.metadata.get("static"):
            try:
                hash(getattr(module, field.name))
            except TypeError as error:
                raise UserError(
                    f"{name}.{field.name} is static but cannot be hashed ({error}); make it a tuple, or an "
                    "array field."
                ) from error
