"""Where a population's state goes, by condition: mean paths through its principal components, for any record.

Over the steps of a trial (fixation, cue, action, outcome: Wang et al. 2018, Fig. 4c) or over the trials of an
episode, as what has been learned is taken up (Fig. 1e). Components are a subject's own: two subjects' axes have
nothing in common but their share of variance.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from fastslow.analysis.regressors import regressors
from fastslow.analysis.similarity import label_of
from fastslow.analysis.trajectories import named_scores, principal_components, project
from fastslow.analysis.unit_coding import recorded
from fastslow.errors import check
from fastslow.records.activity import activity_rows
from fastslow.records.record import trials


def state_paths(
    record: xr.Dataset,
    conditions: Sequence[str] = ("last_action", "last_reward"),
    places: Sequence[int] = (0, -1),
    components: int = 2,
) -> pd.DataFrame:
    """Mean path of each condition through each subject's principal components.

    **Arguments**: `record` with the activity of units; `conditions` variables of the trial (names of
    `analysis.regressors`) whose combinations make the conditions; `places` the steps of the trial that the path
    passes, in order; with one place the path is over the trials of the episode instead.

    **Returns**: one row per subject, condition and point: condition (in words), trial (place in the path, from 0),
    pc1, pc2, ..., n (trials averaged), explained1, explained2, ... (part of variance).

    **Errors**: `UserError` where a subject's activity does not vary or has fewer units than `components`.
    """
    check(len(places) > 0, "No step of the trial is named; give at least one place.")
    table = trials(record)
    values = regressors(table, conditions)
    known = np.isfinite(values.to_numpy(float)).all(axis=1)
    activity = np.stack([activity_rows(record, place)[0] for place in places], axis=1).astype(float)
    parts = []
    for subject in dict.fromkeys(table["subject"]):
        here = known & (table["subject"] == subject).to_numpy()
        check(
            bool(here.any()),
            f"Subject '{subject}' has no valid trial whose condition is known; leave it out.",
        )
        own = activity[here]
        # A trial that is too short for one of the places is left out whole.
        own_rows = np.isfinite(own).any(axis=2).all(axis=1)
        own, labels = own[own_rows], label_of(values[here][own_rows])
        check(
            len(own) > 0, f"No trial of subject '{subject}' has all of the steps {list(places)}; name others."
        )
        whole = [units for there, units in recorded(own.reshape(-1, own.shape[2])) if there.all()]
        check(bool(whole), f"No unit of subject '{subject}' was recorded in all its trials; leave it out.")
        own = own[:, :, whole[0]]
        axes = principal_components(own.reshape(-1, own.shape[2]), components)
        scores = project(own, axes)
        point = np.tile(np.arange(len(places)), len(own))
        if len(places) == 1:
            point = table.loc[here, "trial"].to_numpy()[own_rows]
        rows = pd.DataFrame(
            {"condition": np.repeat(labels, len(places)), "trial": point}
            | named_scores(scores.reshape(-1, components))
        )
        grouped = rows.groupby(["condition", "trial"])
        path = grouped.mean().assign(n=grouped.size()).reset_index()
        shares = {f"explained{i + 1}": share for i, share in enumerate(axes.explained)}
        parts.append(path.assign(subject=subject, **shares))
    joined = pd.concat(parts, ignore_index=True)
    return joined[["subject", *(name for name in joined.columns if name != "subject")]]
