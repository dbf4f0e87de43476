"""The figure of any analysis of the catalog, from its table alone, whoever behaved.

    draw("stay_probability", stay_probability(trials), whose(trials.attrs)).save("stay.pdf")

Over subjects: mean and bootstrap interval; beside them every subject, as a dot or, where they are few, as a thin line.
What the table flags (its column `note`) is left out and said so.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from fastslow import catalog
from fastslow.errors import check, nearest
from fastslow.figures.sheets import SUBJECTS
from fastslow.figures.style import LOOKS, Drawing, styled

SPECIES = {"rat": "rats", "mouse": "mice", "human": "people", "monkey": "monkeys"}


def draw(name: str, table: pd.DataFrame, who: str = SUBJECTS) -> Drawing:
    """The figure of an analysis.

    **Arguments**: `name` of the analysis; `table` as it returns it; `who` behaved, a name of `style.LOOKS` (rats, mice,
    people, agent, ...) or any other, for colour and label.

    **Returns**: the figure, and as its data the numbers over subjects (under "") and those of each (`subjects`).

    **Errors**: `UserError` for a table that is empty or lacks what is drawn.
    """
    target = target_of(name)
    check(len(table) > 0, f"The table of '{name}' is empty, so there is nothing to draw.")
    with styled():
        return catalog.load_target(target)(table.reset_index(drop=True), who)


def target_of(name: str) -> str:
    """Where the function is that draws an analysis; `UserError` where there is none."""
    known = catalog.ANALYSES
    check(
        name in known,
        f"'{name}' has no figure{nearest(name, known)}"
        if ":" not in name
        else f"'{name}' is your own and has no figure; draw its table with the panels of fastslow.figures.",
    )
    return known[name].draw


def whose(attrs: Mapping[Any, Any]) -> str:
    """Who behaved, by the attrs of a record or a trial table: a name of `style.LOOKS`."""
    if attrs.get("species") in SPECIES:
        return SPECIES[attrs["species"]]
    if "trainer" in attrs or "condition" in attrs:
        return "agent"
    return attrs["agent"] if attrs.get("agent") in LOOKS else SUBJECTS
