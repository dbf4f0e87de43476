"""One-shot or little by little: people, networks and classic models learn two to six pictures at a time.

How fast people learn a picture's answer depends on how many others they learn with it: working memory, fast and small,
beside reinforcement learning, slow and sure (Collins & Frank 2012). Two networks trained by the same model-free rule
are held beside them: an LSTM, which must hold all pictures in one activity, and the episodic LSTM (Ritter et al. 2018),
which stores its activity under each picture and gets it back when that is shown again. It does so in two ways: let into
a cell that goes on holding everything, or as an input to a network that begins anew with each picture.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import jax
import pandas as pd
import xarray as xr
from jaxtyping import Array, Key

from fastslow.agents import ep_recurrent
from fastslow.agents.agent import Agent
from fastslow.agents.ep_recurrent import EpRecurrentConfig, ablated
from fastslow.agents.recurrent import RecurrentConfig
from fastslow.agents.rl_wm import perfect_memory, rl_alone, rl_wm
from fastslow.analysis.set_size import load_effects, set_size, set_size_summary
from fastslow.errors import check
from fastslow.experiments import set_size_measures as measures
from fastslow.experiments.experiment import Condition, Drawing, Expectation, Experiment, newborns
from fastslow.experiments.set_size_measures import (
    BEST,
    DISTANCE,
    EFFECT,
    HALVES,
    LARGE,
    NEAR,
    PEOPLE,
    SIGNATURE,
    SMALL,
    cell,
    measure,
)
from fastslow.figures import panels_set_size, style
from fastslow.records.collect import collect
from fastslow.records.record import trials
from fastslow.tasks.set_size import ANSWERS, SetSize
from fastslow.training.ppo import PPOConfig, ppo

TASK = SetSize()
PLAIN = RecurrentConfig(see_time=False, see_pay=True, span=20)
EPISODIC = EpRecurrentConfig(see_pay=True, span=20, capacity=20, restart=False)
UNGATED = EpRecurrentConfig(see_pay=True, recall="input", capacity=20)
"""Nearly all pictures come back within 2 * 6 - 1 trials: 20 states are more than the last of each."""
TRAINER = PPOConfig(gamma=0.0, entropy_weight=0.03, learning_rate=5e-3)
"""Tuned on seed 100. An answer is paid at once and changes nothing that comes: there is no later reward to count in."""
NETWORKS = ("lstm", "ep_lstm", "ungated", "ablated")
CLASSIC = ("rl_wm", "rl_alone", "perfect_memory")
PLAYERS = (*NETWORKS, *CLASSIC, "untrained")
SHORT = {"ungated": "memory, no gate", "rl_wm": "RL + memory"}
"""Names that have room above a panel."""


@dataclass(frozen=True)
class SetSizeConfig:
    """How much of it."""

    seeds: int = 8
    """Agents per network."""
    updates: int = 240
    """PPO updates of the LSTM and of the episodic LSTM, 64 of the longest blocks' steps each."""
    ungated_updates: int = 120
    """PPO updates of the network that begins anew with each picture."""
    episodes: int = 500
    """Test blocks per agent."""


def conditions(config: SetSizeConfig) -> dict[str, Condition]:
    longer, shorter = (replace(TRAINER, updates=n) for n in (config.updates, config.ungated_updates))
    return {
        "lstm": Condition(TASK, PLAIN, longer, make_trainer=ppo),
        "ep_lstm": Condition(TASK, EPISODIC, longer, ep_recurrent.make, ppo),
        "ungated": Condition(TASK, UNGATED, shorter, ep_recurrent.make, ppo),
    }


def simulate(
    config: SetSizeConfig, trained: dict[str, list[Agent]], key: Key[Array, ""]
) -> dict[str, xr.Dataset]:
    """Networks, the episodic ones with their recall lesioned, classic models, newborns; all on the same blocks."""
    test_key, birth_key = jax.random.split(key)
    players = {
        "lstm": trained["lstm"],
        "ep_lstm": trained["ep_lstm"],
        "ungated": trained["ungated"],
        "ablated": [ablated(agent) for agent in trained["ep_lstm"]],
        **{make.__name__: [make(TASK)] * config.seeds for make in (rl_wm, rl_alone, perfect_memory)},
        "untrained": newborns(TASK, PLAIN, birth_key, config.seeds),
    }
    return {name: collect(agents, TASK, test_key, config.episodes) for name, agents in players.items()}


def measure_other(name: str, record: xr.Dataset) -> None:
    """Refuse whom the measures cannot take, or who bears the name of one of ours."""
    check(
        name not in (*PLAYERS, "people"),
        f"'{name}' is the name of a record of set_size; rename the file to compare.",
    )
    rows = trials(record)
    sizes = set(set_size(rows)["set_size"])
    for needed in (SMALL, LARGE):
        check(
            needed in sizes,
            f"'{name}' has no valid trial of set size {needed}, at which everyone is compared; leave it out.",
        )
    load_effects(rows)


@style.panel
def draw(tables: Mapping[str, pd.DataFrame]) -> dict[str, Drawing]:
    """Curves by set size, a panel each, people first; and how often one right answer is followed by another."""
    curves = tables["curves"]
    present = set(curves["name"])
    others = sorted(present - {*PLAYERS, "people"})
    if "people" not in present:
        published = set_size_summary(measures.signature_curves()).assign(name="people")
        curves = pd.concat([published, curves], ignore_index=True)
    wanted = ("people", *NETWORKS[:3], *CLASSIC[:2], *(others[:1] or CLASSIC[2:]))
    shown = [name for name in wanted if name in {*curves["name"]}]
    figure, axes = style.figure(4, 2, height=118)
    for axis, name in zip(axes.flat, shown, strict=False):
        panels_set_size.size_curves(axis, curves[curves["name"] == name], 1 / ANSWERS, name == "people")
        axis.set_title(SHORT.get(name, style.look(name).label))
        if axis not in axes[:, 0]:
            axis.set_ylabel("")
    once = tables["after_one"]
    once = once[once["name"].isin(shown)].set_index("name")
    once = once.loc[[name for name in shown if name in once.index]].reset_index()
    for axis in axes.flat[len(shown) :]:
        axis.set_visible(False)
    last = axes.flat[len(shown)]
    last.set_visible(True)
    panels_set_size.after_one(last, once, 1 / ANSWERS, SHORT)
    last.set_title("after one success")
    return {"set_size": Drawing(figure, {"curves": curves[curves["name"].isin(shown)], "after_one": once})}


def expectations() -> tuple[Expectation, ...]:
    data = {"where": "the data set of Collins & Frank 2012", "confidence": "computed"}
    known = {"where": "the task", "confidence": "exact"}
    ours = {"where": "Collins & Frank 2012, people", "confidence": "ordering"}
    people = [
        Expectation(f"people: {name}", value, value - 0.01, value + 0.01, **data, needs=PEOPLE)
        for name, value in SIGNATURE.items()
    ]
    perfect = [
        Expectation(f"perfect_memory: {cell(size, i)}", value, value - slack, value + slack, **known)
        for size in (SMALL, LARGE)
        for i, value, slack in ((1, 1 / 3, 0.03), (2, 2 / 3, 0.03), (3, 1.0, 0.0))
    ]
    reported = [
        Expectation(f"{name}: {what}", "not published", note="reported", where=data["where"], needs=needs)
        for what, needs in ((NEAR, ""), (DISTANCE, PEOPLE))
        for name in PLAYERS
    ]
    curves = [
        Expectation(f"{name}: {one}", value, note="reported", **data)
        for name in ("lstm", "ep_lstm", "ungated", "rl_wm")
        for one, value in SIGNATURE.items()
    ]
    effects = [
        Expectation(f"people: {EFFECT}", 0.24, 0.23, 0.25, **data, needs=PEOPLE),
        Expectation(f"rl_wm: {EFFECT}", 0.24, low=0.1, **ours, note="as people"),
        Expectation(
            f"rl_alone: {EFFECT}", 0.0, -0.03, 0.03, where="control", note="load means nothing to it"
        ),
        Expectation(f"perfect_memory: {EFFECT}", 0.0, -0.03, 0.03, where="control"),
        Expectation(f"lstm: {EFFECT}, lower end of the interval", "above 0", low=0.0, **ours),
        Expectation(f"lstm: {EFFECT}", 0.24, **ours, note="reported"),
        Expectation(f"ep_lstm: {EFFECT}", 0.24, **ours, note="reported"),
        Expectation(
            f"ungated: {EFFECT}", 0.0, -0.05, 0.05, where="perfect memory", note="one shot, any number"
        ),
        Expectation(
            f"ungated less lstm: {EFFECT}", "below 0", high=0.0, where="perfect memory", note="ordering"
        ),
        Expectation(f"ep_lstm less lstm: {EFFECT}", "below 0", where="perfect memory", note="reported"),
    ]
    once = [
        Expectation(
            f"{name}: right again after one right answer, set size {size}", value, **data, note="reported"
        )
        for name in ("lstm", "ep_lstm", "ungated", "ablated", "rl_wm")
        for size, value in ((SMALL, 0.98), (LARGE, 0.73))
    ]
    return (
        *people,
        *perfect,
        *effects,
        *once,
        *curves,
        *reported,
        Expectation(HALVES, "chance alone", note="reported", **data, needs=PEOPLE),
        Expectation(BEST, "most", low=0.5, where="Collins & Frank 2012", confidence="text", needs=PEOPLE),
        Expectation(f"untrained: {cell(LARGE, 9)}", 1 / 3, 0.28, 0.39, where="chance", confidence="exact"),
    )


EXPERIMENT = Experiment(
    name="set_size",
    claim=(
        "The more pictures there are to learn at once, the more slowly people learn each, and so does an LSTM, whose "
        "one activity must hold them all; one that recalls what it was told of each picture learns any number alike."
    ),
    cite=("collins2012", "collins2014", "collins2024", "ritter2018", "wang2016"),
    presets={
        "smoke": SetSizeConfig(2, 2, 2, 80),
        "quick": SetSizeConfig(2, 200, 100, 200),
        "laptop": SetSizeConfig(),
        "full": SetSizeConfig(16, 3000, 1500, 1000),
    },
    conditions=conditions,
    simulate=simulate,
    measure=measure,
    measure_other=measure_other,
    draw=draw,
    expectations=expectations(),
    printed=("load",),
    departures=(
        "No network has been published for this task: they stand beside people and classic models.",
        "Pictures are codes, shown nine times each; no block is prolonged for who learns slowly.",
        "The episodic LSTM also without gates: what it recalls is one more input, its activity begins anew each trial.",
        "A network's set size effect wanes with training: how much is left depends on how long it was trained.",
    ),
)
