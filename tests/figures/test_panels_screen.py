"""The film of a screen: each frame in its place, as it was seen, with its caption."""

import numpy as np
import pandas as pd
import pytest

from fastslow.errors import UserError
from fastslow.figures import panels_screen, style


def test_frames_stand_in_order_with_their_captions():
    screens = np.random.default_rng(0).uniform(size=(5, 2, 4, 3))
    places = np.indices((5, 2, 4)).reshape(3, -1)
    colours = dict(zip(("red", "green", "blue"), screens.reshape(-1, 3).T, strict=True))
    pixels = pd.DataFrame(dict(zip(("step", "row", "column"), places, strict=True)) | colours)
    captions = pd.DataFrame({"step": [1, 3], "caption": ["left", "+1"]})
    _, axes = style.figure()
    made = panels_screen.film(axes[0, 0], pixels.sample(frac=1, random_state=0), captions, columns=3)
    assert list(made) == [0, 1, 2, 3, 4]
    for step, (image, number, caption) in made.items():
        np.testing.assert_array_equal(image.get_array(), screens[step])
        assert number.get_text() == str(step)
        assert caption.get_text() == {1: "left", 3: "+1"}.get(step, "")
    extents = np.array([image.get_extent() for image, *_ in made.values()])
    assert (np.diff(extents[:3, 0]) > 4).all() and (np.diff(extents[3:, 0]) > 4).all()
    assert (extents[3:, 3] < extents[0, 2]).all()
    with pytest.raises(UserError, match="no column 'blue'"):
        panels_screen.film(axes[0, 0], pixels.drop(columns="blue"), captions)
