"""Does an agent suit a trainer? Said in a sentence, before anything is compiled."""

from collections.abc import Callable
from typing import Any

import jax
from jaxtyping import Array, Key

from fastslow.agents.agent import Agent
from fastslow.errors import check
from fastslow.tasks.task import Task


def fitting(
    make_agent: Callable[[Task, Key[Array, ""]], Agent], task: Task, trainer: str, method: str, such_as: str
) -> Any:
    """The agent's form (shapes and static fields), refused unless it has `method`, which the trainer calls."""
    agent = jax.eval_shape(lambda: make_agent(task, jax.random.key(0)))
    check(
        hasattr(agent, method),
        f"The trainer '{trainer}' cannot train a {type(agent).__name__}, which has no '{method}'; take an agent "
        f"such as {such_as}.",
    )
    return agent
