"""From names and options to the objects they stand for; the manifest of a run keeps exactly these."""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

from fastslow import catalog
from fastslow.cli import options
from fastslow.errors import UserError

LIVING = ("living", "vae")
"""Trainers of agents that need no training."""


class Choice(NamedTuple):
    """Something from the catalog with its options, as a manifest keeps it."""

    name: str
    options: dict[str, Any]


def read_choice(kept: dict[str, Any]) -> Choice:
    """A choice from a manifest, whose lists were tuples."""
    values = {name: tuple(v) if isinstance(v, list) else v for name, v in kept["options"].items()}
    return Choice(kept["name"], values)


def task_of(choice: Choice) -> Any:
    """The task that is chosen; `UserError` where it is none, or an option is out of range."""
    from fastslow.tasks.task import Task

    task = options.call(catalog.load("task", choice.name), choice.options)
    if not isinstance(task, Task):
        raise UserError(f"'{choice.name}' gives a {type(task).__name__}, but a task must be a fastslow Task.")
    return task


def trainable(name: str) -> bool:
    """An agent with slow weights is one whose maker takes a configuration."""
    return options.config_type(catalog.load("agent", name)) is not None


def agent_maker(choice: Choice) -> Callable[..., Any]:
    """`(task, key) -> Agent` for the agent that is chosen; its options are checked at once."""
    maker = catalog.load("agent", choice.name)
    kind = options.config_type(maker)
    if kind is not None:
        kind(**choice.options)
    return lambda task, key: options.call(maker, choice.options, task=task, key=key)


class Training(NamedTuple):
    """A training run, ready to be driven."""

    task: Any
    loop: Any
    config: Any

    @property
    def steps_per_update(self) -> int:
        """Steps of the world per update of one seed, for the rate that is shown."""
        lanes = getattr(self.config, "lanes", 1)
        return lanes * (getattr(self.config, "unroll", 0) or self.task.episode_steps)


def training_of(task: Choice, agent: Choice, trainer: Choice) -> Training:
    """The loop of a training run; `UserError` for whatever does not fit, before anything is compiled."""
    if trainer.name not in LIVING and not trainable(agent.name):
        raise UserError(
            f"The agent '{agent.name}' is not trained; `fastslow behave --agent {agent.name}` records it, and "
            "`--trainer living` lets it live on."
        )
    world = task_of(task)
    make = catalog.load("trainer", trainer.name)
    kind = options.config_type(make)
    if kind is None or not dataclasses.is_dataclass(kind):
        raise UserError(f"'{trainer.name}' is no trainer: it must take task, make_agent and a typed config.")
    config = kind(**trainer.options)
    return Training(world, make(world, agent_maker(agent), config), config)
