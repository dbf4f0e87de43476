"""Frames to a threshold: by hand, by statsmodels, and runs that never arrive count for what they say."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from fastslow.analysis.sample_efficiency import (
    efficiency_summary,
    frames_to_threshold,
    median_frames,
    median_row,
    still_on_their_way,
)
from fastslow.errors import UserError


def curves(**runs):
    """A table of one agent's runs, a score per 10 frames."""
    return pd.DataFrame(
        [(name, 10.0 * (i + 1), score) for name, run in runs.items() for i, score in enumerate(run)],
        columns=["subject", "frames", "score"],
    )


def test_the_first_checkpoint_at_or_above_counts():
    table = curves(a=[0.0, 0.5, 0.4, 1.0], b=[0.6, 0.0, 0.0, 0.0], c=[0.0, 0.1, 0.2])
    found = frames_to_threshold(table, [0.5, 1.0])
    assert found["agent"].eq("all").all() and found["game"].eq("game").all()
    wide = found.set_index(["subject", "threshold"])
    assert wide["frames"].tolist() == [20, 40, 10, 40, 30, 30]
    assert wide["reached"].tolist() == [True, True, True, False, False, False]
    assert wide["score"].tolist() == [0.5, 1.0, 0.6, 0.0, 0.2, 0.2]
    shuffled = frames_to_threshold(table.sample(frac=1, random_state=0), [0.5, 1.0])
    pd.testing.assert_frame_equal(shuffled.set_index(["subject", "threshold"]).loc[wide.index], wide)


def test_smoothing_asks_for_more_than_one_lucky_evaluation():
    table = curves(lucky=[0.0, 1.0, 0.0, 0.0, 0.6, 0.6], steady=[0.5, 0.5, 0.5, 0.5, 0.5, 0.5])
    found = frames_to_threshold(table, [0.5], smooth=2).set_index("subject")
    # Averages over two: .5 at 20 frames already, and later 0 and .3 and .6.
    assert found["frames"].tolist() == [20, 20]
    found = frames_to_threshold(table, [0.5], smooth=3).set_index("subject")
    assert found.loc["lucky", "reached"] == False  # noqa: E712
    assert found.loc["lucky", "frames"] == 60 and found.loc["steady", "frames"] == 30


def test_an_average_at_the_threshold_is_not_missed_by_rounding():
    found = frames_to_threshold(curves(a=[0.7, 0.7, 0.7, 0.0]), [0.7], smooth=3)
    assert np.mean([0.7, 0.7, 0.7]) < 0.7 and found["frames"].tolist() == [30] and found["reached"].all()


def test_kaplan_meier_by_hand():
    """Six runs: arrivals at 1, 2, 2 and 5, given up at 2 and 4.

    S = 5/6 after 1; of five left two arrive at 2 (the one given up then counts among the five): 5/6 * 3/5 = 1/2; of one
    left one arrives at 5: 0. Leaving out who was given up would give 3/4, 1/4, 0 and the same median by luck.
    """
    frames = np.array([2.0, 1.0, 5.0, 2.0, 4.0, 2.0])
    reached = np.array([True, True, True, False, False, True])
    ordered, share = still_on_their_way(frames, reached)
    assert ordered.tolist() == [1, 2, 2, 2, 4, 5]
    assert share == pytest.approx([5 / 6, 4 / 6, 3 / 6, 3 / 6, 3 / 6, 0])
    assert median_frames(frames, reached) == 2
    assert median_frames(frames, np.array([True, True, True, False, False, False])) == 5
    assert median_frames(np.array([1.0, 9.0, 9.0]), np.array([True, False, False])) == np.inf
    assert median_frames(np.array([3.0]), np.array([True])) == 3


def test_statsmodels_says_the_same():
    generator = np.random.default_rng(0)
    for _ in range(60):
        size = int(generator.integers(1, 25))
        frames = generator.integers(1, 9, size).astype(float)
        reached = generator.random(size) < generator.random()
        ordered, share = still_on_their_way(frames, reached)
        theirs = SurvfuncRight(frames, reached.astype(int))
        for time, survival in zip(theirs.surv_times, theirs.surv_prob, strict=True):
            assert share[np.flatnonzero(ordered == time)[-1]] == pytest.approx(survival)
        halfway = theirs.surv_times[theirs.surv_prob <= 0.5 + 1e-9]
        assert median_frames(frames, reached) == (halfway[0] if len(halfway) else np.inf)


def test_a_stack_is_its_rows_one_by_one():
    generator = np.random.default_rng(1)
    frames, reached = generator.integers(1, 6, (50, 7)).astype(float), generator.random((50, 7)) < 0.6
    assert median_frames(frames, reached).tolist() == [
        float(median_frames(*row)) for row in zip(frames, reached, strict=True)
    ]


def rows(**columns):
    given = {"agent": "nec", "game": "pong", "threshold": 0.5} | columns
    return pd.DataFrame(given).assign(subject=range(len(columns["frames"])))


def test_the_summary_tells_what_is_not_known():
    summary = efficiency_summary(rows(frames=[10.0, 20.0, 30.0, 40.0, 50.0], reached=True))
    assert summary.loc[0, ["median", "reached", "runs", "note"]].tolist() == [30, 1.0, 5, ""]
    assert 10 <= summary["low"][0] < 30 < summary["high"][0] <= 50
    half = efficiency_summary(
        rows(frames=[10.0, 20.0, 50.0, 50.0, 50.0], reached=[True, True, True, False, False])
    )
    assert half["median"][0] == 50 and half["high"][0] == np.inf and half["reached"][0] == 0.6
    assert half["note"][0] == "the upper bound lies beyond 50 frames"
    few = efficiency_summary(rows(frames=[10.0, 50.0, 50.0], reached=[True, False, False]))
    assert few["median"][0] == np.inf and few["note"][0] == "the median lies beyond 50 frames"
    none = efficiency_summary(rows(frames=[50.0] * 3, reached=False))
    assert none.loc[0, ["median", "low", "high"]].tolist() == [np.inf] * 3 and none["reached"][0] == 0
    one = efficiency_summary(rows(frames=[20.0], reached=[True]))
    assert one.loc[0, ["median", "low", "high", "note"]].tolist() == [20, 20, 20, "one run: no interval"]


def test_games_are_told_apart_and_put_together():
    table = pd.concat(
        [
            rows(frames=[10.0, 10.0, 10.0], reached=True),
            rows(frames=[90.0, 90.0, 90.0], reached=[False] * 3, game="qbert"),
        ]
    )
    summary = efficiency_summary(table).set_index("game")
    assert list(summary.index) == ["pong", "qbert", "all games"]
    # Half of all runs arrive at 10, whatever runs are drawn within each game.
    assert summary.loc["all games", ["median", "low", "high", "reached"]].tolist() == [10, 10, 10, 0.5]
    assert summary["runs"].tolist() == [3, 3, 6]
    uneven = efficiency_summary(table.iloc[2:]).set_index("game")
    assert uneven.loc["pong", "note"] == "one run: no interval"
    assert uneven.loc["all games", "note"].endswith("a game has one run: the interval is too narrow")
    pd.testing.assert_frame_equal(
        efficiency_summary(table.sample(frac=1, random_state=0)).set_index("game").loc[summary.index], summary
    )


def test_the_interval_of_the_median_covers_as_it_says():
    """Exponential times, runs given up at twice the median: 95 % intervals of 25 runs cover .93 of 2,000 times.

    Here of 400, so four standard errors of that count either way.
    """
    generator, covered = np.random.default_rng(5), 0
    for _ in range(400):
        frames = generator.exponential(10 / np.log(2), 25)
        table = rows(frames=np.minimum(frames, 20.0), reached=frames < 20)
        found = median_row(table, seed=0, level=0.95, resamples=300)
        covered += found["low"] <= 10 <= found["high"]
    assert covered / 400 == pytest.approx(0.93, abs=4 * np.sqrt(0.93 * 0.07 / 400))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"thresholds": []}, "must be one or more finite scores"),
        ({"thresholds": [np.nan]}, "must be one or more finite scores"),
        ({"smooth": 0}, "smooth is 0"),
        ({"smooth": 4}, "Run 'b' of 'all' has 3 checkpoints of 'game', fewer than smooth = 4; take less"),
        ({"normalisation": "standard"}, "has no column 'game'"),
    ],
)
def test_settings_without_sense_are_refused(options, message):
    with pytest.raises(UserError, match=message):
        frames_to_threshold(curves(a=[0.0, 1.0, 1.0, 1.0], b=[0.0, 1.0, 1.0]), **options)


def test_tables_without_frames_or_with_holes_are_refused():
    table = curves(a=[0.0, 1.0])
    with pytest.raises(UserError, match="has no column 'frames'"):
        frames_to_threshold(table.drop(columns="frames"))
    with pytest.raises(UserError, match="not finite"):
        frames_to_threshold(table.assign(score=np.nan))
    with pytest.raises(UserError, match="more than one score"):
        frames_to_threshold(pd.concat([table, table]))
    with pytest.raises(UserError, match="no column 'reached'"):
        efficiency_summary(table.assign(agent="a", game="b", threshold=1.0))
