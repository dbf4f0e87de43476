"""Panels of what was seen: the screen of a task, step by step, as a film strip."""

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from fastslow.figures import marks
from fastslow.figures.style import GREY, INK, panel

GAP, HEAD = 0.12, 0.5
"""Between frames, in widths of one; above each, for its caption, in heights of one."""


@panel
def film(
    axes: Axes, pixels: pd.DataFrame, captions: pd.DataFrame, columns: int = 8
) -> dict[int, list[Artist]]:
    """Frames side by side, row by row, each with its step and what happened after it.

    **Arguments**: `pixels` with columns step, row, column (0, 1, ... from the top left), red, green, blue (0 to 1);
    `captions` with columns step and caption; `columns` frames in a row.

    **Returns**: picture and caption of each step.
    """
    marks.need(pixels, "step", "row", "column", "red", "green", "blue")
    marks.need(captions, "step", "caption")
    height, width = int(pixels["row"].max()) + 1, int(pixels["column"].max()) + 1
    words = dict(zip(captions["step"], captions["caption"], strict=True))
    made: dict[int, list[Artist]] = {}
    for place, (step, rows) in enumerate(pixels.groupby("step", sort=True)):
        screen = np.zeros((height, width, 3))
        screen[rows["row"], rows["column"]] = rows[["red", "green", "blue"]]
        left = place % columns * width * (1 + GAP)
        top = -(place // columns) * height * (1 + HEAD)
        image = axes.imshow(
            np.clip(screen, 0, 1), extent=(left, left + width, top - height, top), interpolation="nearest"
        )
        label = axes.text(
            left, top + 0.06 * height, f"{int(step)}", va="bottom", ha="left", fontsize=5.5, color=GREY
        )
        caption = axes.text(
            *(left + width, top + 0.06 * height, words.get(step, "")),
            va="bottom", ha="right", fontsize=5.5, color=INK,
        )  # fmt: skip
        made[int(step)] = [image, label, caption]
    across, down = min(len(made), columns), -(-len(made) // columns)
    axes.set_xlim(-0.5, across * width * (1 + GAP) - GAP * width + 0.5)
    axes.set_ylim(-down * height * (1 + HEAD) + HEAD * height - 0.5, HEAD * height)
    axes.set_aspect("equal")
    axes.set_axis_off()
    return made
