"""Panels of learning sets: the numbers given are the numbers drawn, later stages darker, every curve named."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from fastslow.errors import UserError
from fastslow.figures import panels_learning_set, style

STAGES = pd.DataFrame(
    {
        "stage": np.repeat(["newborn", "1", "2"], 6),
        "trial": np.tile(np.arange(1, 7), 3),
        "mean": [*[45.0] * 6, 50, 70, 75, 80, 85, 90, 50, 97, 98, 98, 99, 99],
    }
)


def test_stages_are_drawn_as_given_and_darken():
    figure, axes = style.figure(width="single")
    made = panels_learning_set.stage_curves(axes[0, 0], STAGES, markers=True)
    assert list(made) == ["newborn", "1", "2"]
    for stage, (line,) in made.items():
        rows = STAGES[STAGES["stage"] == stage]
        np.testing.assert_array_equal(line.get_ydata(), rows["mean"])
        np.testing.assert_array_equal(line.get_xdata(), rows["trial"])
    brightness = [sum(to_rgb(line.get_color())) for (line,) in made.values()]
    assert brightness == sorted(brightness, reverse=True) and len(set(brightness)) == 3
    texts = {text.get_text() for text in axes[0, 0].texts}
    assert {"newborn", "1", "2"} <= texts
    figure.canvas.draw()
    low, high = axes[0, 0].get_ylim()
    assert low <= 45 and high >= 100


def test_groups_and_seeds_are_drawn():
    table = pd.DataFrame(
        {
            "name": np.repeat(["agent", "observer"], 2),
            "trial": [1, 2] * 2,
            "mean": [50.0, 97, 50, 100],
            "low": [48.0, 96, 50, 100],
            "high": [52.0, 98, 50, 100],
        }
    )
    seeds = pd.DataFrame(
        {"subject": ["a", "a", "b", "b"], "trial": [1, 2] * 2, "correct": [49.0, 96, 51, 98]}
    )
    _, axes = style.figure(width="single")
    made = panels_learning_set.final_curves(axes[0, 0], table, seeds)
    assert made["agent"][0].get_ydata().tolist() == [50, 97] and len(made["agent"]) == 2
    assert len(axes[0, 0].lines) == 1 + 2 + 2  # the ideal, two seeds, two groups
    labels = [text.get_text() for text in axes[0, 0].get_legend().get_texts()]
    assert labels == [style.look("agent").label, style.look("observer").label]


def test_a_table_without_stages_is_refused():
    _, axes = style.figure(width="single")
    with pytest.raises(UserError, match="no column 'stage'"):
        panels_learning_set.stage_curves(axes[0, 0], STAGES.drop(columns="stage"))
