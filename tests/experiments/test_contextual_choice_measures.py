"""Measures, claims and figure of the contextual choice, from responses that are made by hand."""

import numpy as np
import pandas as pd
import pytest

from fastslow.experiments.contextual_choice import AT_FIRST, AT_LAST, AT_ONCE, EXPERIMENT
from fastslow.experiments.experiment import judge
from fastslow.records.record import from_trials

NAMES = ("ep_lstm", "lstm", "ablated", "untrained", "observer", "observer_no_memory")
STEPS = 3
CONTEXT = [0, 1, 2, 3, 3, 0, 2, 1]
"""Four examples, and once more in another order."""
GATE = np.array([[0.8, 0.5, 0.1]] * 4 + [[0.8, 0.6, 0.3]] * 4)
RECALLED = [-1, 0, 0, 1, 3, 0, 2, 0]
"""What is recalled at the first step; of the second presentations, the last is of the wrong example."""


def lived(right_at_once, gated):
    """Two subjects who guess evenly at first steps of first presentations, and are right at the last ones."""
    rows = pd.DataFrame(
        [
            {"subject": f"seed {subject}", "episode": 0, "trial": trial, "context": context}
            | {"action": 0, "reward": 1.0, "exposure": 1 + (trial >= 4)}
            | {
                "right_0": trial % 2 if trial < 4 else int(trial - 4 < right_at_once),
                "right_1": 1,
                "right_2": 1,
            }
            for subject in range(2)
            for trial, context in enumerate(CONTEXT)
        ]
    )
    record = from_trials(rows)
    if not gated:
        return record
    # Only at the first step is what was recalled as told above.
    recalled = np.stack([np.array(RECALLED), np.full(8, -1), np.full(8, -1)], axis=1)
    steps = {
        "step_trial": np.repeat(np.arange(8), STEPS),
        "step_gate": GATE.ravel(),
        "step_recalled": recalled.ravel(),
        "step_recalled_similarity": np.ones(8 * STEPS),
    }
    dims = ("subject", "episode", "time")
    return record.assign({name: (dims, np.tile(values, (2, 1, 1))) for name, values in steps.items()})


@pytest.fixture(scope="module")
def tables():
    at_once = dict(zip(NAMES, (4, 2, 2, 2, 4, 2), strict=True))
    return EXPERIMENT.measure(
        {name: lived(count, name in ("ep_lstm", "untrained")) for name, count in at_once.items()}
    )


def test_claims_are_the_first_steps(tables):
    found = tables["claims"].set_index("measure")["value"]
    assert found[f"ep_lstm: {AT_ONCE}"] == 1 and found[f"lstm: {AT_ONCE}"] == 0.5
    assert found[f"lstm: {AT_ONCE}, lower end"] == 0.5
    assert found[f"ep_lstm: {AT_FIRST}"] == 0.5 and found[f"ep_lstm: {AT_LAST}"] == 1
    told = {each.measure: each for each in judge(EXPERIMENT, tables["claims"])}
    assert set(told) == {each.measure for each in EXPERIMENT.expectations}
    assert all(each.measured is not None for each in told.values())
    missed = {each.measure for each in told.values() if each.accepted is False}
    assert missed == {"ep_lstm: recalled what was stored under this context"}


def test_gates_and_what_is_recalled_are_those_of_the_first_step(tables):
    found = tables["claims"].set_index("measure")["value"]
    assert found["ep_lstm: gate at the first step, second less first"] == 0
    assert found["ep_lstm: recalled what was stored under this context"] == 0.75
    gate = tables["gate"].query("name == 'ep_lstm'").set_index(["exposure", "step"])["mean"]
    assert gate.to_dict() == pytest.approx(
        {(e, t): GATE[4 * (e - 1), t] for e in (1, 2) for t in range(STEPS)}
    )


def test_the_figure_has_a_curve_for_everyone(tables):
    drawing = EXPERIMENT.draw(tables)["contextual_choice"]
    first, second, gate = drawing.figure.axes
    curves = [
        [line for line in axes.get_lines() if len(line.get_xdata()) == STEPS] for axes in drawing.figure.axes
    ]
    assert list(map(len, curves)) == [len(NAMES), len(NAMES), 2]
    assert first.get_title() == "first presentation" and second.get_title() == "second presentation"
    heights = {line.get_label(): line.get_ydata().tolist() for line in curves[1]}
    assert heights["episodic LSTM"] == [1, 1, 1] and heights["LSTM"] == [0.5, 1, 1]
    assert curves[2][1].get_ydata().tolist() == pytest.approx(GATE[4]) and "gate" in gate.get_ylabel()


def test_conditions_differ_in_what_is_recalled_alone():
    made = EXPERIMENT.conditions(EXPERIMENT.config("laptop"))
    assert [(name, each.agent.recall) for name, each in made.items()] == [
        ("ep_lstm", "gate"),
        ("lstm", "none"),
    ]
    assert made["ep_lstm"].trainer == made["lstm"].trainer and made["ep_lstm"].task == made["lstm"].task
    assert not any(each.agent.see_action or each.agent.see_reward for each in made.values())
