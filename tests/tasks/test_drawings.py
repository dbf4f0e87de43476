"""Drawings as contexts: classes stay, hands differ, and a trained eye tells them better than one that is not."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fastslow.errors import UserError
from fastslow.tasks import drawings
from fastslow.tasks.bandit import OneGoodArm
from fastslow.tasks.recurring import Recurring

EPISODES = 100


def told_apart(form, noise):
    """How often the nearest earlier exposure, by cosine, is of the right class: each of ten met twice."""
    task = Recurring(OneGoodArm(), noise, contexts=10, exposures=2, bits=16, form=form)
    keys = jax.random.split(jax.random.key(0), EPISODES)
    problems = jax.tree.map(np.asarray, jax.jit(jax.vmap(task.sample))(keys))
    assert problems.shown.shape == (EPISODES, 20, 16) and not problems.flipped.any()
    right = []
    for order, shown in zip(problems.order, problems.shown, strict=True):
        at = np.stack([np.flatnonzero(order == each) for each in range(10)])
        unit = shown / np.linalg.norm(shown, axis=1, keepdims=True)
        right.append((unit[at[:, 1]] @ unit[at[:, 0]].T).argmax(1) == np.arange(10))
    return np.mean(right)


def test_a_trained_eye_tells_drawings_better_than_one_that_is_not():
    """The numbers of the documentation, at noise .2: .97 and .84; ten classes at chance: .1."""
    assert told_apart("drawing", 0.2) == pytest.approx(0.97, abs=4 * 0.17 / 1000**0.5)
    assert told_apart("drawing_random", 0.2) == pytest.approx(0.84, abs=4 * 0.37 / 1000**0.5)
    assert told_apart("drawing", 0.0) == 1.0


def test_a_class_is_drawn_alike_and_no_two_times_the_same():
    draw = jax.jit(jax.vmap(drawings.drawing, (0, 0, None)))
    numbers = jnp.array([5, 5, 6], jnp.int32)
    one, two, other = np.asarray(draw(numbers, jax.random.split(jax.random.key(1), 3), 0.2))
    assert one.shape == (drawings.SIDE**2,) and one.min() >= 0 and one.max() <= 1
    assert (one > 0.5).sum() > 10 and (one < 0.1).sum() > 50
    assert 0 < np.abs(one - two).mean() < np.abs(one - other).mean()
    still = np.asarray(draw(numbers, jax.random.split(jax.random.key(1), 3), 0.0))
    np.testing.assert_allclose(still[0], still[1], atol=1e-6)


def test_an_eye_sees_numbers_of_unit_size_and_never_saw_what_is_shown():
    mean, weights = drawings.eye("learned", 16)
    assert mean.shape == (196,) and weights.shape == (196, 16)
    assert drawings.TRAINING_CLASSES < drawings.FIRST_SHOWN
    keys = jax.random.split(jax.random.key(3), 500)
    drawn = jax.jit(jax.vmap(drawings.drawing, (0, 0, None)))(
        drawings.FIRST_SHOWN + jnp.arange(500), keys, 0.3
    )
    seen = np.asarray(drawings.embedding(drawn, "learned", 16))
    assert 0.8 < seen.std(0).mean() < 1.2 and abs(seen.mean()) < 0.1


@pytest.mark.parametrize(
    ("change", "words"), [({"form": "letter"}, "form is 'letter'"), ({"bits": 31}, "bits is 31")]
)
def test_what_cannot_be_shown_is_refused(change, words):
    with pytest.raises(UserError, match=words):
        Recurring(OneGoodArm(), **{"form": "drawing", **change})
