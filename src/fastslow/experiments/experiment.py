"""What a published result is made of: conditions that train, a simulation, measures, figures, expectations.

Each part is a plain function that can be called alone, so that a figure is redrawn and a claim re-checked
without retraining, and so that `measure` takes a rat's record as well as an agent's.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import pandas as pd
import xarray as xr
from jaxtyping import Array, Key

from fastslow.agents import recurrent
from fastslow.agents.agent import Agent
from fastslow.agents.interaction import shares
from fastslow.errors import UserError, check, nearest
from fastslow.figures.style import Drawing
from fastslow.loop import Loop
from fastslow.tasks.task import Task
from fastslow.training.actor_critic import a2c
from fastslow.training.stages import keep_stages

PRESETS = ("smoke", "quick", "laptop", "full")
"""Seconds, for tests (claims are not expected to hold); minutes; the claims must hold; the paper's scale."""
CLAIMS = "claims"
"""The table of `measure` that is held against the expectations: measure, value, low, high."""


@dataclass(frozen=True)
class Condition:
    """One training run over all seeds: who is trained, on what, and how."""

    task: Task
    agent: Any
    """Configuration of the agent, such as RecurrentConfig."""
    trainer: Any
    """Configuration of the trainer, such as A2CConfig; its field `updates` says how long."""

    make_agent: Callable[..., Agent] = recurrent.make
    """`(task, agent, key) -> Agent`, `agent` being the configuration above."""
    make_trainer: Callable[..., Loop] = a2c
    """`(task, make_agent, trainer) -> Loop`, its state having the field `agent`."""
    stages: tuple[int, ...] = ()
    """Updates after which the agents are kept as they then are; see `stage_name`."""
    curve: bool = False
    """The training is itself behaviour that is measured: `simulate` gets no agents of it, `measure` its curve
    (`experiments.curves`)."""

    def loop(self) -> Loop:
        """The training loop of one seed."""

        def newborn(task: Task, key: Key[Array, ""]) -> Agent:
            return self.make_agent(task, self.agent, key)

        loop = self.make_trainer(self.task, newborn, self.trainer)
        if not self.stages:
            return loop
        agent = jax.eval_shape(lambda key: newborn(self.task, key), jax.random.key(0))
        check(
            not shares(agent),
            f"Stages keep the weights of an agent, but a {type(agent).__name__} decides from a memory, which they do "
            "not keep; leave the stages out.",
        )
        return keep_stages(loop, self.stages)

    @property
    def steps_per_update(self) -> int:
        """Steps of the world per update of one seed."""
        return self.trainer.lanes * (getattr(self.trainer, "unroll", 0) or self.task.episode_steps)


def newborns(
    task: Task,
    config: Any,
    key: Key[Array, ""],
    count: int,
    make_agent: Callable[..., Agent] = recurrent.make,
) -> list[Agent]:
    """`count` agents as they are before any training, each of its own draw: the untrained twins of trained ones."""
    return [make_agent(task, config, jax.random.fold_in(key, i)) for i in range(count)]


def stage_name(condition: str, stage: int) -> str:
    """What the agents of a condition at one of its stages (0, 1, ...) are called among those that are trained."""
    return f"{condition}, stage {stage}"


@dataclass(frozen=True)
class Expectation:
    """A published number (or ordering, as 1 or 0) and the values that are accepted for it."""

    measure: str
    """The row of the claims table that it is about."""
    published: float | str
    low: float = -math.inf
    """Least value accepted."""
    high: float = math.inf
    """Greatest value accepted."""
    where: str = ""
    """Where it was published: paper and figure."""
    confidence: str = ""
    """How sure the published number is: text, digitised, computed."""
    note: str = ""
    needs: str = ""
    """The data set that it is about; it is judged only when that is compared (`--compare`)."""
    presets: tuple[str, ...] = PRESETS
    """The presets that measure it; it is judged in these alone."""

    @property
    def judged(self) -> bool:
        """Something is asked of it; else it is reported."""
        return not (math.isinf(self.low) and math.isinf(self.high))

    @property
    def accepts(self) -> str:
        """The accepted values as text."""
        if not self.judged:
            return "reported"
        if math.isinf(self.low):
            return f"<= {self.high:g}"
        if math.isinf(self.high):
            return f">= {self.low:g}"
        return f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Experiment:
    """A published result as functions and data."""

    name: str
    claim: str
    """What is claimed, in one sentence."""
    cite: tuple[str, ...]
    """Keys in references.bib."""
    presets: Mapping[str, Any]
    """Preset -> configuration: a frozen dataclass with the field `seeds` and whatever else is needed."""
    conditions: Callable[[Any], dict[str, Condition]]
    """`config -> conditions` by name."""
    simulate: Callable[[Any, dict[str, list[Agent]], Any], dict[str, xr.Dataset]]
    """`(config, trained, key) -> records` by name; `trained` holds each condition's agents, one per seed, and those of
    its stages by `stage_name`."""
    measure: Callable[[dict[str, xr.Dataset]], dict[str, pd.DataFrame]]
    """`records -> tidy tables`, one of them `CLAIMS`; data sets compared come as records by their names."""
    draw: Callable[[dict[str, pd.DataFrame]], dict[str, Drawing]]
    """`tables -> figures` by name."""
    expectations: tuple[Expectation, ...] = ()
    measure_other: Callable[[str, xr.Dataset], Any] | None = None
    """`(name, record)`: whatever `measure` does to the record of a subject that is compared (`--compare`), alone, so
    that one that cannot be measured is refused before the training; None where nobody can be compared."""
    printed: tuple[str, ...] = ()
    """Tables of `measure` that are printed with the claims."""
    training_scale: Callable[[dict[str, pd.DataFrame]], dict[str, tuple[float, float]]] | None = None
    """`tables -> (low, high)` by condition: the rewards per step that its learning curve shows as 0 and as 1."""
    departures: tuple[str, ...] = field(default=())
    """How it is done differently from the paper, a sentence each."""

    def __post_init__(self) -> None:
        check(set(self.presets) == set(PRESETS), f"Experiment '{self.name}' must have the presets {PRESETS}.")

    def config(self, preset: str) -> Any:
        """The configuration of a preset."""
        if preset not in self.presets:
            raise UserError(f"There is no preset '{preset}'{nearest(preset, self.presets)}")
        return self.presets[preset]


class Claim(NamedTuple):
    """What claims.json holds for each expectation."""

    measure: str
    published: float | str
    measured: float | None
    low: float | None
    """Lower end of the interval of what was measured."""
    high: float | None
    accepted: bool | None
    """None where nothing is asked of it: reported, not judged."""
    where: str
    confidence: str
    note: str


def judge(
    experiment: Experiment, claims: pd.DataFrame, compared: tuple[str, ...] = (), preset: str = "laptop"
) -> list[Claim]:
    """Hold the claims table (measure, value, low, high) against the expectations.

    Those that need a data set which is not compared, or that the preset does not measure, are left out; of those that
    are judged, what was not measured is not accepted.
    """
    rows = {str(row["measure"]): row for row in claims.to_dict("records")}
    judged = []
    for expected in experiment.expectations:
        if (expected.needs and expected.needs not in compared) or preset not in expected.presets:
            continue
        row = rows.get(expected.measure, {})
        measured, low, high = (number(row.get(name)) for name in ("value", "low", "high"))
        accepted = measured is not None and expected.low <= measured <= expected.high
        accepted = accepted if expected.judged else None
        note = expected.note if measured is not None else f"not measured. {expected.note}".strip()
        judged.append(
            Claim(
                *(expected.measure, expected.published, measured, low, high, accepted),
                *(expected.where, expected.confidence, note),
            )
        )
    return judged


def number(value: Any) -> float | None:
    """A finite number, or None: JSON has no NaN."""
    return float(value) if value is not None and math.isfinite(value) else None
