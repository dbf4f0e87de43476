"""Harlow's task on a screen: its geometry by hand, its picture by an oracle, its rules by a steered gaze."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from rolls import within

from fastslow.errors import UserError
from fastslow.tasks.harlow_pixels import CHOICE, FIXATION, PAUSE, RED, HarlowPixels, wang2018
from fastslow.tasks.object_images import picture
from fastslow.tasks.panorama import plus, wrap

LEFT, RIGHT, STAY = 0, 1, 2
PITCH = 65 / 16  # degrees per pixel
SIZES = {"width": 16, "height": 8, "image": 6, "cross": 3}
EXACT = HarlowPixels(turn=2 * PITCH, momentum=0.0, **SIZES)
"""A step of turning moves the scene by two pixels, at once."""


class Steered(NamedTuple):
    """`[episode step ...]`."""

    stage: np.ndarray
    heading: np.ndarray
    outcomes: object


@jax.jit
def steer(task, keys):
    """Episodes of one who brakes at the cross, and at the pictures always turns to the left."""

    def episode(key):
        state, _ = task.start(task.sample(key), jax.random.fold_in(key, 1))

        def step(state, now):
            rest = task.turned(state.gaze, jnp.int32(STAY)).heading
            home = jnp.where(rest > 3, LEFT, jnp.where(rest < -3, RIGHT, STAY))
            action = jnp.where(state.gaze.stage == CHOICE, LEFT, home)
            after, outcome = task.step(state, action, now)
            return after, (after.gaze.stage, after.gaze.heading, outcome)

        return jax.lax.scan(step, state, jax.random.split(jax.random.fold_in(key, 2), task.episode_steps))[1]

    return jax.vmap(episode)(keys)


@pytest.fixture(scope="module")
def steered():
    keys = jax.random.split(jax.random.key(0), 512)
    return Steered(*jax.tree.map(np.asarray, steer(HarlowPixels(**SIZES), keys)))


@jax.jit
def start(task):
    return task.start(task.sample(jax.random.key(3)), jax.random.key(1))[0]


@jax.jit
def step(task, state, action):
    return task.step(state, action, jax.random.key(0))


@jax.jit
def show(task, state):
    return task.show(state)


def begin(task, **changes):
    """A state with numbers of our own, of the types that it had."""
    state = start(task)
    side = np.int32(changes.pop("side", state.side))
    gaze = {name: np.asarray(value, getattr(state.gaze, name).dtype) for name, value in changes.items()}
    return state._replace(side=side, gaze=state.gaze._replace(**gaze))


def test_a_turn_to_the_left_moves_what_is_seen_to_the_right():
    state = begin(EXACT, heading=0.5 * PITCH, stage=FIXATION)
    screens = [np.asarray(show(EXACT, state))]
    for way, shift in ((LEFT, 2), (RIGHT, 0), (RIGHT, -2), (STAY, -2)):
        state, outcome = step(EXACT, state, way)
        screens.append(np.asarray(outcome.observation))
        np.testing.assert_allclose(screens[-1], np.roll(screens[0], shift, axis=1), atol=1e-4)
    np.testing.assert_allclose(
        screens[0][2:5, 6:9], plus(3, RED), atol=1e-5
    )  # an edge of the middle pixel, at pixel 7
    assert screens[0].sum() == pytest.approx(5, abs=1e-4)


def test_the_turn_eases_in_and_out_with_momentum():
    task = HarlowPixels(turn=8.0, momentum=0.5, **SIZES)
    state = begin(task, heading=0.0)
    # Speed, in degrees per frame: 1, 1.5, 1.75, 1.875; then down again, then towards -2.
    state, _ = step(task, state, RIGHT)
    assert (float(state.gaze.heading), float(state.gaze.speed)) == pytest.approx((6.125, 1.875))
    state, _ = step(task, state, STAY)
    assert (float(state.gaze.heading), float(state.gaze.speed)) == pytest.approx(
        (6.125 + 1.875 * (1 - 1 / 16), 1.875 / 16)
    )
    for _ in range(8):
        state, _ = step(task, state, LEFT)
    assert float(state.gaze.speed) == pytest.approx(-2.0)
    np.testing.assert_allclose(wrap(jnp.array([-190.0, 180.0, 370.0])), [170, -180, 10], atol=1e-4)


def oracle(task, state):
    """The screen pixel by pixel, reading each picture at the fraction of a column that lies there."""
    pitch, heading, images = (
        float(task.field) / task.width,
        float(state.gaze.heading),
        np.asarray(state.images),
    )
    left, right = images if int(state.side) == 0 else images[::-1]
    parts = (
        [(-float(task.offset), left), (float(task.offset), right)] if int(state.gaze.stage) == CHOICE else []
    )
    parts += [(0.0, plus(task.cross, RED))] if int(state.gaze.stage) == FIXATION else []
    screen = np.zeros((task.height, task.width, 3))
    for middle, part in parts:
        top, columns = (task.height - len(part)) // 2, np.arange(len(part))
        for x in range(task.width):
            angle = heading + (x - (task.width - 1) / 2) * pitch - middle
            column = ((angle + 180) % 360 - 180) / pitch + (len(part) - 1) / 2
            for y in range(len(part)):
                for colour in range(3):
                    screen[top + y, x, colour] += np.interp(
                        column, [-1, *columns, len(part)], [0, *part[y, :, colour], 0]
                    )
    return screen


@pytest.mark.parametrize("stage", [FIXATION, CHOICE, PAUSE])
def test_the_screen_is_what_an_oracle_reads_off_pixel_by_pixel(stage):
    task = HarlowPixels(width=20, height=9, image=7, cross=5)
    for heading in (0.0, 7.3, -23.1, 179.0):
        for side in (LEFT, RIGHT):
            state = begin(task, heading=heading, stage=stage, side=side)
            np.testing.assert_allclose(show(task, state), oracle(task, state), atol=1e-4)
    if stage == PAUSE:
        assert not np.asarray(show(task, state)).any()


def test_a_trial_by_hand():
    """Three steps on the cross and one off it earn nothing; four do; two turns choose; the pause; the cross again."""
    state = begin(EXACT, heading=0.0, side=RIGHT)
    actions = [STAY, STAY, STAY, RIGHT, LEFT, STAY, STAY, STAY, RIGHT, RIGHT, STAY, STAY, LEFT]
    stages, paid, counts = [], [], []
    for action in actions:
        state, outcome = step(EXACT, state, action)
        stages.append(int(state.gaze.stage))
        counts.append(int(state.gaze.count))
        paid.append(float(outcome.reward))
        if outcome.trial["trial_end"]:
            ended = {name: np.asarray(value).item() for name, value in outcome.trial.items()}
    assert stages == [FIXATION] * 7 + [CHOICE] * 2 + [PAUSE] * 2 + [FIXATION] * 2
    assert counts[:8] == [1, 2, 3, 0, 1, 2, 3, 0]
    np.testing.assert_allclose(paid, [0] * 7 + [0.2, 0, 1] + [0] * 3, atol=1e-6)
    assert ended["action"] == RIGHT and ended["correct"] and ended["trial"] == 0 and int(state.trial) == 1
    assert float(state.gaze.heading) == pytest.approx(2 * PITCH, abs=1e-4)


def test_a_picture_is_chosen_within_its_tolerance_and_the_cross_held_within_its_own():
    still = HarlowPixels(turn=0.0, **SIZES)
    for heading, chosen in ((-26.1, False), (-25.9, True), (-12.1, True), (-11.9, False), (12.1, True)):
        state = begin(still, heading=heading, stage=CHOICE, side=LEFT)
        _, outcome = step(still, state, STAY)
        assert bool(outcome.trial["trial_end"]) == chosen
        assert float(outcome.reward) == (0 if not chosen else 1 if heading < 0 else -1)
    for heading, held in ((3.4, 1), (-3.4, 1), (3.6, 0)):
        state, _ = step(still, begin(still, heading=heading), STAY)
        assert int(state.gaze.count) == held


def test_one_who_steers_finishes_every_trial_and_sides_are_fair(steered):
    alive = np.cumsum(steered.outcomes.last, 1) - steered.outcomes.last == 0
    ends = steered.outcomes.trial["trial_end"] & alive
    assert (ends.sum(1) == 6).all() and steered.outcomes.trial["valid"][ends].all()
    rows = {name: value[ends].reshape(512, 6) for name, value in steered.outcomes.trial.items()}
    assert (rows["action"] == LEFT).all()
    np.testing.assert_array_equal(rows["correct"], rows["rewarded_side"] == LEFT)
    np.testing.assert_array_equal(rows["reward"], np.where(rows["correct"], 1, -1))
    side = rows["rewarded_side"]
    assert within(side, 0.5) and within(side[:, 1:] == side[:, :-1], 0.5)
    assert (rows["rewarded_object"] != rows["other_object"]).all()
    fixated = np.isclose(steered.outcomes.reward, 0.2) & alive
    assert (fixated.sum(1) == 6).all()
    # Six trials of ten steps or so: the small form is short.
    assert alive.sum(1).mean() < 66


def test_objects_look_the_same_for_ever_and_unlike_each_other():
    pictures = jax.jit(jax.vmap(picture, (0, None)), static_argnums=1)
    numbers = np.arange(0, 2000, 4)
    small = np.asarray(pictures(numbers, 6)).reshape(500, -1)
    assert small.min() >= 0 and small.max() <= 1
    np.testing.assert_array_equal(small[::-1], np.asarray(pictures(numbers[::-1], 6)).reshape(500, -1))
    squares = (small**2).sum(1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares[None] - 2 * small @ small.T, 0) / small.shape[1])
    others = apart[np.triu_indices(500, 1)]
    # Root mean square over pixels and colours, of 1: never below one part in thirty, mostly far above.
    assert others.min() > 1 / 30 and np.median(others) > 0.2
    # The same object at another resolution: blocks of 3 x 3 pixels average to about the small picture.
    fine = np.asarray(pictures(numbers, 18)).reshape(500, 6, 3, 6, 3, 3).mean((2, 4))
    assert np.abs(fine.reshape(500, -1) - small).mean() < 0.06


def test_objects_held_out_are_none_of_training():
    @jax.jit
    def draw(task):
        return jax.vmap(task.sample)(jax.random.split(jax.random.key(0), 2000))

    def numbers(task):
        pairs = draw(task)
        return set(np.concatenate([pairs.rewarded, pairs.other]).tolist())

    assert numbers(HarlowPixels(objects=50)) == set(range(50))
    assert numbers(HarlowPixels(objects=50, held_out=True)) == set(range(50, 100))


def test_the_published_screen_has_its_sizes():
    task = wang2018()
    assert task.observation_shape == (84, 84, 3) and task.episode_steps == 900 and task.scheduled_trials == 6
    screen = np.asarray(show(task, begin(task, heading=0.0, stage=CHOICE)))
    rows, columns = np.nonzero(screen.sum(2) > 1e-3)
    assert rows.min() >= 25 and rows.max() < 84 - 25 and columns.min() < 10 and columns.max() > 74
    assert not screen[:, 36:48].any()


@pytest.mark.parametrize(
    ("name", "value"),
    [("field", 0.0), ("momentum", 1.0), ("width", 0), ("pause", -1), ("height", 9), ("offset", float("nan"))],
)
def test_a_parameter_out_of_range_is_refused(name, value):
    with pytest.raises(UserError, match=f"{name} is"):
        HarlowPixels(**{name: value})


def test_pictures_within_reach_of_the_cross_are_refused():
    with pytest.raises(
        UserError, match=r"fixation_tolerance \+ selection_tolerance is 10\.5 and offset is 9\.0"
    ):
        HarlowPixels(offset=9.0)
