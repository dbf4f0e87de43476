"""How much experience it takes to become this good: frames to a threshold, where some runs never get there.

A run that ends below the threshold says that it takes longer than it lasted: it is censored. Leaving such runs out, or
counting their length as if they had arrived, makes slow learners look fast. The Kaplan-Meier estimate uses them for
what they say (Kaplan & Meier 1958):

    S(t) = product over arrivals at t_i <= t of (1 - d_i / n_i)

with d_i runs arriving at t_i and n_i still on their way just before; a run censored at t_i counts among these. The
median is the least t at which S(t) <= 1/2, and is not reached where more than half of the runs are still on their way
when the last is given up.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from fastslow.analysis.columns import need_columns
from fastslow.analysis.human_normalised import RAW, normalised
from fastslow.analysis.scores import ONE
from fastslow.analysis.statistics import RESAMPLES, check_bootstrap
from fastslow.errors import check

THRESHOLDS = (0.1, 0.25, 0.5, 1.0)
"""Of scores on a scale from 0 to 1."""
ALL_GAMES = "all games"
SLACK = 1e-9
"""What a product of fractions may miss a half by."""


def frames_to_threshold(
    scores: pd.DataFrame,
    thresholds: Sequence[float | int] = THRESHOLDS,
    normalisation: str = RAW,
    smooth: int = 1,
) -> pd.DataFrame:
    """Frames after which each run first scores the threshold or more.

    **Arguments**: `scores` with columns subject (the run), frames, score and, where there are several, agent and game;
    `thresholds` in units of the score; `normalisation` none, standard or nec2017; `smooth` checkpoints over which the
    score is averaged, the present one and those before it, so that one lucky evaluation is not an arrival.

    **Returns**: one row per run and threshold: agent, game, subject, threshold, frames (of the first checkpoint at or
    above it; of the last checkpoint there is, where none is), reached, score (at that checkpoint).

    **Errors**: `UserError` for thresholds that are no finite numbers, or a run shorter than `smooth` checkpoints.
    """
    need_columns(scores, ["subject", "frames", "score"], "table of scores")
    levels = np.asarray(thresholds, float)
    check(
        levels.size > 0 and bool(np.isfinite(levels).all()),
        f"thresholds are {list(thresholds)}, but must be one or more finite scores.",
    )
    check(smooth >= 1, f"smooth is {smooth}, but it must be at least 1 checkpoint.")
    table = normalised(scores, normalisation)
    made = []
    for (agent, game, subject), rows in table.groupby(["agent", "game", "subject"], sort=False):
        run = rows.sort_values("frames")
        check(
            len(run) >= smooth,
            f"Run '{subject}' of '{agent}' has {len(run)} checkpoints of '{game}', fewer than smooth = {smooth}; "
            "take less.",
        )
        frames = run["frames"].to_numpy()[smooth - 1 :]
        curve = np.convolve(run["score"].to_numpy(), np.full(smooth, 1 / smooth), mode="valid")
        for level in levels:
            # An average of what is just at the threshold may miss it by rounding.
            above = (curve >= level) | np.isclose(curve, level, rtol=1e-12, atol=0)
            at = int(above.argmax()) if above.any() else len(curve) - 1
            place = {"agent": agent, "game": game, "subject": subject, "threshold": float(level)}
            made.append(place | {"frames": frames[at], "reached": bool(above[at]), "score": float(curve[at])})
    return pd.DataFrame(made)


def still_on_their_way(
    frames: Float[np.ndarray, "*stack runs"], reached: Bool[np.ndarray, "*stack runs"]
) -> tuple[Float[np.ndarray, "*stack runs"], Float[np.ndarray, "*stack runs"]]:
    """The Kaplan-Meier estimate: frames in increasing order, and the share of runs S that needs more than these.

    Arrivals come before runs given up at the same time; of equal times the last S counts.
    """
    order = np.lexsort((~reached, frames), axis=-1)
    frames = np.take_along_axis(frames, order, axis=-1)
    arrived = np.take_along_axis(reached, order, axis=-1)
    on_their_way = np.arange(frames.shape[-1], 0, -1)
    return frames, np.cumprod(1 - arrived / on_their_way, axis=-1)


def median_frames(
    frames: Float[np.ndarray, "*stack runs"], reached: Bool[np.ndarray, "*stack runs"]
) -> Float[np.ndarray, "*stack"] | np.floating:
    """Kaplan-Meier median of frames to the threshold; infinite where it lies beyond the runs."""
    ordered, share = still_on_their_way(frames, reached)
    half = share <= 0.5 + SLACK
    # In increasing order, so the first is the least.
    return np.where(half, ordered, np.inf).min(axis=-1)


def efficiency_summary(
    table: pd.DataFrame, seed: int = 0, level: float = 0.95, resamples: int = RESAMPLES
) -> pd.DataFrame:
    """Median frames to each threshold, with an interval by bootstrap over runs, and the share of runs that got there.

    **Arguments**: `table` from `frames_to_threshold`.

    **Returns**: one row per agent, game and threshold, and one over all games where there are several (runs resampled
    within each): agent, game, threshold, median (frames), low, high, reached (share of runs that arrived before they
    ended), runs, note. Infinite is a median, or a bound of it, that lies beyond the runs; the note says so.
    """
    names = ["agent", "game", "subject", "threshold", "frames", "reached"]
    need_columns(table, names, "table of frames to a threshold")
    check_bootstrap(level, resamples)
    made = []
    for agent, own in table.groupby("agent", sort=False):
        games = list(own.groupby("game", sort=False))
        for game, part in [*games, *([(ALL_GAMES, own)] if len(games) > 1 else [])]:
            for threshold, rows in part.groupby("threshold", sort=False):
                place = {"agent": agent, "game": game, "threshold": threshold}
                made.append(place | median_row(rows, seed, level, resamples))
    return pd.DataFrame(made)


def median_row(rows: pd.DataFrame, seed: int, level: float, resamples: int) -> dict[str, float | int | str]:
    """Median, interval, share reached and what is to be said of them, of the runs of one or more games."""
    # In one order, whatever that of the rows.
    rows = rows.sort_values(["game", "frames", "reached"], kind="stable")
    frames, reached = rows["frames"].to_numpy(float), rows["reached"].to_numpy(bool)
    middle = float(median_frames(frames, reached))
    sizes = rows.groupby("game").size()
    notes = [f"the median lies beyond {frames.max():g} frames"] if np.isinf(middle) else []
    if sizes.max() == 1:
        low, high = middle, middle
        notes.append(ONE)
    else:
        drawn = draw_runs(sizes.to_numpy(), np.random.default_rng(seed), resamples)
        draws = np.sort(median_frames(frames[drawn], reached[drawn]))
        # Infinite draws allow no interpolation: bounds are draws themselves.
        tail = (1 - level) / 2
        low, high = (float(draws[round(share * (resamples - 1))]) for share in (tail, 1 - tail))
        if sizes.min() == 1:
            notes.append("a game has one run: the interval is too narrow")
        if np.isinf(high) and not np.isinf(middle):
            notes.append(f"the upper bound lies beyond {frames.max():g} frames")
    numbers = {"median": middle, "low": low, "high": high, "reached": float(reached.mean())}
    return numbers | {"runs": len(rows), "note": "; ".join(notes)}


def draw_runs(sizes: np.ndarray, generator: np.random.Generator, resamples: int) -> np.ndarray:
    """Places of runs drawn anew within each game: [resample, run], the games' runs one after the other."""
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    drawn = [
        start + generator.integers(0, size, (resamples, size))
        for start, size in zip(starts, sizes, strict=True)
    ]
    return np.concatenate(drawn, axis=1)
