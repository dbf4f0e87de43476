"""Subjects whose parameters are known: agents of the catalog with parameters drawn from ranges, who behave.

So what is checked is what is used: the same agents that follow people's and rats' trials. The models are those of Daw
et al. 2011.
"""

from collections.abc import Mapping, Sequence

import jax
import numpy as np
import xarray as xr
from jaxtyping import Array, Key

from fastslow import catalog
from fastslow.agents.agent import Agent
from fastslow.analysis.choice_data import BANDIT, ONE_CHOICE, STIMULI, TWO_CHOICES
from fastslow.analysis.choice_models import MODELS, find
from fastslow.analysis.fit_models import check_prior
from fastslow.records.collect import collect
from fastslow.tasks.set_size import SetSize
from fastslow.tasks.task import Task

RANGES: dict[str, tuple[float, float]] = {
    "alpha": (0.1, 1.0),
    "alpha1": (0.1, 1.0),
    "alpha2": (0.1, 1.0),
    "lambda": (0.0, 1.0),
    "beta": (2.0, 10.0),
    "beta1": (3.0, 30.0),
    "beta2": (1.0, 10.0),
    "w": (0.0, 0.85),
    "p": (-0.1, 0.1),
    "epsilon": (0.05, 0.5),
}
"""Between which values the simulated subjects' parameters are drawn, uniformly and independently.

What leaves no trace in choices cannot come back from them: a planner's alpha1 and lambda (w near 1), a learning rate
in choices that are nearly random (beta1 small) or nearly all repeated (p large), a temperature of values that hardly
move (alpha near 0). Hence these bounds; chosen on other keys than are reported.
"""
LEARNS = {"alpha": (0.1, 1.0), "beta": (3.0, 12.0)}
APART: dict[str, dict[str, tuple[float, float]]] = {
    "rescorla_wagner": LEARNS,
    "model_free": LEARNS | {"lambda": (0.0, 0.6), "p": (0.05, 0.25)},
    "model_based": LEARNS | {"p": (0.05, 0.25)},
    "hybrid": {"beta1": (5.0, 25.0), "beta2": (2.0, 12.0), "w": (0.3, 0.7), "lambda": (0.3, 1.0)},
}
"""Ranges, in place of `RANGES`, in which what sets each model apart is there to be found.

SARSA(lambda) is Rescorla-Wagner learning at lambda = 1 and p = 0, the hybrid a planner or SARSA(lambda) at the ends of
w: near these the smaller model is the right answer, and no score could tell. Both matrices are reported.
"""
ANSWERS = {"alpha": (0.02, 0.15), "epsilon": (0.005, 0.1), "pers": (0.2, 0.9)}
ANSWERS |= {"rho": (0.5, 1.0), "K": (2.0, 5.0), "phi": (0.05, 0.4)}
"""Ranges of the models of answers to stimuli: about those of people (docs/fitting.md)."""
CALLED = {"lambda": "lambda_", "K": "capacity"}
"""What agents call parameters, where they do not call them as models do."""
AS_PEOPLE = RANGES | {"beta1": (2.0, 8.0), "beta2": (2.0, 8.0), "w": (0.0, 1.0), "p": (-0.1, 0.3)}
"""Around the medians of people in Daw 2011 (beta1 5.19, beta2 3.69, w .39, p .11)."""
SUFFIX = "_apart"
"""Of the names of records whose parameters are drawn from `APART`."""


def draw_agents(
    name: str, task: Task, ranges: Mapping[str, tuple[float, float]], count: int, key: Key[Array, ""]
) -> tuple[list[Agent], dict[str, list[float]]]:
    """Agents of one model with parameters drawn from `ranges`, and these parameters."""
    form = form_of_trials(task)[0]
    # SARSA(1) without perseveration is Rescorla-Wagner learning in a task of two steps, whatever its steps.
    delta_rule = name == "rescorla_wagner" and form != BANDIT
    make = catalog.load("agent", "model_free" if delta_rule else name)
    names = find(name, form).parameters(form)
    unit = np.asarray(jax.random.uniform(key, (len(names), count)), float)
    low, high = np.array([ranges[each] for each in names]).T[..., None]
    true = dict(zip(names, (low + (high - low) * unit).tolist(), strict=True))
    agents = []
    for i in range(count):
        given = {CALLED.get(each, each): values[i] for each, values in true.items()}
        agents.append(make(task, **given))
    return agents, true


def simulated(
    models: Sequence[str],
    task: Task,
    subjects: int,
    key: Key[Array, ""],
    prior: str = "none",
    ranges: Mapping[str, tuple[float, float]] | None = None,
    apart: bool = False,
    episodes: int = 1,
) -> dict[str, xr.Dataset]:
    """A record per model: `subjects` agents live one episode of `task` each, or several.

    Parameters are drawn from `ranges` (`RANGES`, or for answers to stimuli `ANSWERS`), or, where `apart`, from what
    `APART` has in their place. The records' attrs hold the true parameters, and with what prior and transition they are
    to be fitted.
    """
    records = {}
    form, transition = form_of_trials(task)
    check_prior(prior)
    for name in models:
        find(name, form)
    for number, name in enumerate(models):
        draw_key, live_key = jax.random.split(jax.random.fold_in(key, number))
        own = {
            **(ranges or (ANSWERS if form == STIMULI else RANGES)),
            **(APART.get(name, {}) if apart else {}),
        }
        agents, true = draw_agents(name, task, own, subjects, draw_key)
        attrs = {"model": name, "true": true, "prior": prior}
        attrs |= {} if transition is None else {"transition": transition}
        names = [f"{name} {i}" for i in range(subjects)]
        records[name] = collect(agents, task, live_key, episodes, names, attrs=attrs)
    return records


def form_of_trials(task: Task) -> tuple[str, float | None]:
    """The form that the trials of a task have for the fits, and its common transition where it has one."""
    columns = {variable.name for variable in task.trial_variables}
    if "transition" not in columns:
        return STIMULI if {"stimulus", "set_size"} <= columns else BANDIT, None
    return TWO_CHOICES if "action2" in columns else ONE_CHOICE, float(task.transition)


def episodes_for(task: Task, trials: int) -> int:
    """Episodes with about so many trials in all, where the length of a block is not for the asking; else one."""
    if not isinstance(task, SetSize):
        return 1
    return max(1, round(trials / (task.presentations * (task.least + task.most) / 2)))


def models_for(task: Task) -> tuple[str, ...]:
    """The models that the trials of a task allow."""
    form = form_of_trials(task)[0]
    return tuple(name for name, model in MODELS.items() if form in model.forms)
