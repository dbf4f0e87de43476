"""What an agent sees of Harlow's task on a screen: the frames of its first trials, from the record to the figure."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, Key

from fastslow.agents.agent import Agent
from fastslow.experiments.experiment import Drawing
from fastslow.figures import panels_screen, style
from fastslow.records.collect import collect
from fastslow.tasks.harlow_pixels import HarlowPixels

FILM = "film"
"""Name of the record, the table and the figure."""
COLUMNS, ROWS = 8, 3
"""Frames beside and below each other."""


def film(agent: Agent, task: HarlowPixels, key: Key[Array, ""]) -> xr.Dataset:
    """One episode with all that was seen in it."""
    height, width, _ = task.observation_shape
    screen = {"screen_height": height, "screen_width": width}
    return collect([agent], task, key, 1, attrs=screen, observations=True)


def frames(record: xr.Dataset) -> pd.DataFrame:
    """The first frames, a row for each pixel: step, reward (paid after it), row, column, red, green, blue."""
    height, width = record.attrs["screen_height"], record.attrs["screen_width"]
    reward = record["step_reward"].to_numpy()[0, 0]
    steps = min(int(np.isfinite(reward).sum()), COLUMNS * ROWS)
    screens = record["observation"].to_numpy()[0, 0, :steps].reshape(steps, height, width, 3)
    step, row, column = np.indices(screens.shape[:3]).reshape(3, -1)
    places = {"step": step, "reward": reward[step], "row": row, "column": column}
    colours = dict(zip(("red", "green", "blue"), screens.reshape(-1, 3).T, strict=True))
    return pd.DataFrame(places | colours)


def draw_film(tables: Mapping[str, pd.DataFrame]) -> Drawing:
    """The frames with what was paid after each."""
    pixels = tables[FILM]
    paid = pixels.groupby("step", as_index=False)["reward"].first()
    captions = paid.assign(caption=[f"{reward:+.3g}" if reward else "" for reward in paid["reward"]])
    figure, axes = style.figure(1, 1, height=16.0 * ROWS)
    panels_screen.film(axes[0, 0], pixels, captions, COLUMNS)
    return Drawing(figure, pixels)
