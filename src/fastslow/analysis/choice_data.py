"""Choices as arrays: a trial table of anyone's, made ready for a model that learns trial by trial.

A model's likelihood is one pass over trials. All episodes of all subjects are walked side by side, one lane
each, so that the pass costs as many steps as the longest episode has trials.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from fastslow.analysis.columns import numbers
from fastslow.analysis.history import TABLE, in_order
from fastslow.errors import UserError, check

BANDIT, ONE_CHOICE, TWO_CHOICES, STIMULI = (
    "bandit",
    "one_choice",
    "two_choices",
    "stimuli"
    """Forms of a trial: one
choice and its reward; a two-step trial with one choice, or with one at each stage; a choice for
one of several stimuli that are learned at once, and its reward.""",
)

MANY = 50
"""Transitions from which on less than half of them common cannot be chance."""


class Lanes(NamedTuple):
    """Episodes side by side, time first; rows of a subject's episodes lie together."""

    choice: Int[np.ndarray, "trial lane"]
    """First (or only) choice; 0 where none was made."""
    state: Int[np.ndarray, "trial lane"]
    """Second-stage state, counted so that choice 0 commonly leads to state 0; the stimulus, counted within the episode;
    0 in a bandit."""
    size: Int[np.ndarray, "trial lane"]
    """Stimuli to be learned at once; 0 where there are none."""
    response: Int[np.ndarray, "trial lane"]
    """Choice at the second stage; 0 where there is none."""
    reward: Float[np.ndarray, "trial lane"]
    made: Bool[np.ndarray, "trial lane"]
    """Whether the trial counts: a choice was made and led to an outcome. Others teach and tell nothing."""
    subject: Int[np.ndarray, " lane"]
    """Number of the lane's subject in `names`, ascending."""

    @property
    def starts(self) -> Int[np.ndarray, " subject"]:
        """Each subject's first lane."""
        return np.searchsorted(self.subject, np.arange(self.subject[-1] + 1))

    def of(self, subjects: Int[np.ndarray, " problem"]) -> "Lanes":
        """The lanes of these subjects, one after another; a subject may come more than once."""
        ends = np.append(self.starts[1:], len(self.subject))
        sizes = (ends - self.starts)[subjects]
        number = np.repeat(np.arange(len(subjects)), sizes)
        first = np.cumsum(sizes) - sizes
        lane = self.starts[subjects][number] + np.arange(len(number)) - first[number]
        return Lanes(*(part[:, lane] for part in self[:-1]), number)


class Choices(NamedTuple):
    """Everyone's choices, and the form of the trials."""

    lanes: Lanes
    names: list
    """The subjects, as they first appear."""
    form: str
    """`BANDIT`, `ONE_CHOICE`, `TWO_CHOICES` or `STIMULI`."""
    arms: int
    """Options of the first choice."""
    transition: float
    """Probability of the common transition; 1 in a bandit."""

    @property
    def n(self) -> Int[np.ndarray, " subject"]:
        """Choices of each subject that count, both stages together."""
        made = np.add.reduceat(self.lanes.made.sum(axis=0), self.lanes.starts)
        return made * (2 if self.form == TWO_CHOICES else 1)


def choices_of(trials: pd.DataFrame, transition: float | None = None, arms: int | None = None) -> Choices:
    """Read a trial table.

    **Arguments**: `trials` with columns subject, episode, trial, action, reward and, where some are missing, valid.
    With a column transition (1 common, 0 rare) they are two-step trials; with action2 besides (0, 1), trials with two
    choices; without transition but with columns stimulus and set_size, choices for stimuli. `transition` the
    probability of the common transition that learners assume (by default the share of common ones in the table);
    `arms` the number of options (by default the greatest action and one more, at least 2).

    **Errors**: `UserError` where a column is missing, a valid trial is not whole, or no trial is valid.
    """
    ordered = in_order(trials, ["action", "reward"])
    made = ordered["valid"].to_numpy(bool) & (numbers(ordered, "action", TABLE) >= 0)
    two_step = "transition" in ordered and bool((ordered["transition"] >= 0).any())
    form = TWO_CHOICES if "action2" in ordered else ONE_CHOICE
    if not two_step:
        form = STIMULI if {"stimulus", "set_size"} <= set(ordered.columns) else BANDIT
    check(bool(made.any()), "The trial table has no valid choice, so there is nothing to fit.")
    counted = ordered[made]
    highest = int(whole(counted, "action", None).max())
    arms = max(highest + 1, 2) if arms is None else arms
    check(highest < arms, f"Action {highest} is outside 0 to {arms - 1}; give arms = {highest + 1} or more.")
    columns = {"choice": whole(counted, "action", arms), "reward": numbers(counted, "reward", TABLE)}
    columns |= {name: np.zeros(len(counted), int) for name in ("state", "size", "response")}
    if two_step:
        check(arms == 2, f"A two-step trial has two first choices, but the table holds action {highest}.")
        common = whole(counted, "transition", 2)
        # The side where a choice commonly leads may differ between subjects; the transition tells it for all.
        columns["state"] = np.where(common == 1, columns["choice"], 1 - columns["choice"])
        transition = share_of_common(common) if transition is None else transition
        check(0.5 <= transition <= 1, f"transition is {transition:g}, but it must lie between 0.5 and 1.")
    if form == STIMULI:
        shown = counted.assign(stimulus=numbers(counted, "stimulus", TABLE))
        of_episode = shown.groupby(["subject", "episode"], sort=False)["stimulus"]
        columns["state"] = of_episode.rank(method="dense").to_numpy(int) - 1
        columns["size"] = whole(counted, "set_size", None)
    if form == TWO_CHOICES:
        columns["response"] = whole(counted, "action2", 2)
    episode = ordered.groupby(["subject", "episode"], sort=False).ngroup().to_numpy()
    place = np.arange(len(ordered)) - np.searchsorted(episode, episode)
    shape = (int(place.max()) + 1, int(episode.max()) + 1)
    dense = {name: np.zeros(shape, values.dtype) for name, values in columns.items()}
    for name, values in columns.items():
        dense[name][place[made], episode[made]] = values
    grid = np.zeros(shape, bool)
    grid[place[made], episode[made]] = True
    number, names = pd.factorize(ordered["subject"])
    subject = number[np.searchsorted(episode, np.arange(shape[1]))]
    silent = np.setdiff1d(np.arange(len(names)), subject[grid.any(axis=0)])
    if silent.size:
        raise UserError(f"Subject '{names[silent[0]]}' has no valid choice; leave it out or give its trials.")
    lanes = Lanes(*(dense[name] for name in ("choice", "state", "size", "response", "reward")), grid, subject)
    return Choices(lanes, list(names), form, arms, 1.0 if transition is None else transition)


def share_of_common(common: Int[np.ndarray, " row"]) -> float:
    """The share of common transitions, at least one half; `UserError` where the column must be coded otherwise."""
    share = float(common.mean())
    check(
        share >= 0.5 or len(common) < MANY,
        f"Only {share:.0%} of the transitions are common (1 in column 'transition'); is 1 common there, 0 rare?",
    )
    return max(share, 0.5)


def whole(counted: pd.DataFrame, name: str, levels: int | None) -> Int[np.ndarray, " row"]:
    """A column of valid trials as whole numbers from 0 to `levels` - 1."""
    values = numbers(counted, name, TABLE)
    bad = (values != np.round(values)) | (values < 0) | (values >= (np.inf if levels is None else levels))
    if bad.any():
        wanted = "whole numbers from 0" if levels is None else f"whole numbers from 0 to {levels - 1}"
        row = counted.iloc[int(bad.argmax())]
        raise UserError(
            f"Column '{name}' of the {TABLE} holds {row[name]} in a valid trial (subject '{row['subject']}', "
            f"trial {row['trial']}), but a model needs {wanted}; mend it or flag the trial with valid = False."
        )
    return values.astype(int)
