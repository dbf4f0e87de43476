"""Measures, claims and figure of the contextual water maze, from swims that are made by hand."""

import pandas as pd
import pytest

from fastslow.experiments.episodic_water_maze import EXPERIMENT, SECOND
from fastslow.experiments.experiment import judge
from fastslow.records.record import from_trials

NAMES = ("ep_lstm", "lstm", "ablated", "untrained", "observer", "observer_no_memory")
ORDER = (0, 1, 0, 1)


def lived(detour, recalls=False, subjects=2):
    """Pool 0 is found at its first exposure and returned to with a path of `detour` times the direct one, and once more
    straight; pool 1 never is."""
    rows = []
    for subject in range(subjects):
        trial = 0
        for order, context in enumerate(ORDER):
            exposure = 1 + ORDER[:order].count(context)
            swims = [(round(4 * detour), 4, 1), (3, 3, 1)] if context == 0 and exposure == 2 else [(9, 4, 1)]
            for within, (steps, shortest, found) in enumerate(swims if context == 0 else [(20, 5, 0)]):
                rows.append(
                    {
                        "subject": f"seed {subject}",
                        "episode": 0,
                        "trial": trial,
                        "action": 0,
                        "reward": float(found),
                        "context": context,
                        "exposure": 10 if exposure == 2 and order == 3 else exposure,
                        "exposure_trial": within,
                        "exposure_order": order,
                        "steps": steps,
                        "found": found,
                        "shortest": shortest,
                    }
                    | (
                        {"recalled": order - 2 if order > 1 else -1, "recalled_similarity": 1.0}
                        if recalls
                        else {}
                    )
                )
                trial += 1
    return from_trials(pd.DataFrame(rows))


@pytest.fixture(scope="module")
def tables():
    detours = dict(zip(NAMES, (1.0, 3.0, 3.0, 4.0, 1.0, 3.0), strict=True))
    return EXPERIMENT.measure({name: lived(detour, name == "ep_lstm") for name, detour in detours.items()})


def test_claims_are_the_paths_of_returns(tables):
    found = tables["claims"].set_index("measure")["value"]
    assert found[f"ep_lstm: {SECOND}"] == 1 and found[f"lstm: {SECOND}"] == 3
    assert found["lstm: platforms reached at exposure 1"] == 0.5
    assert found["ep_lstm: recalled what was stored under this barcode"] == 1
    told = {each.measure: each for each in judge(EXPERIMENT, tables["claims"])}
    assert told[f"ep_lstm: {SECOND}"].accepted and told[f"lstm: {SECOND}"].accepted
    assert tables["platforms"].query("name == 'lstm' and exposure == 2")["mean"].item() == 2


def test_the_figure_has_a_curve_for_everyone(tables):
    drawing = EXPERIMENT.draw(tables)["episodic_water_maze"]
    left, right = drawing.figure.axes
    assert len(left.get_lines()) == len(NAMES) + 1 and len(right.get_lines()) == len(NAMES)
    assert set(drawing.data) == {"paths", "platforms"}


def test_conditions_differ_in_what_is_recalled_alone():
    made = EXPERIMENT.conditions(EXPERIMENT.config("laptop"))
    assert [(name, each.agent.recall) for name, each in made.items()] == [
        ("ep_lstm", "gate"),
        ("lstm", "none"),
    ]
    assert made["ep_lstm"].trainer == made["lstm"].trainer and made["ep_lstm"].task == made["lstm"].task
