"""What is measured in compositional bandits, of agents and observers alike.

An exposure counts by how often the rarer of its two codes has been met, itself included: at 1 one code is new, from 2
on both are known, in other company.
"""

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Int

from fastslow.analysis.decoding import decode_each
from fastslow.tasks.compositional_bandits import CompositionalBandits


def by_rarer_code(rows: pd.DataFrame) -> pd.DataFrame:
    """The trials, with `exposure`: how often the rarer of the two codes has been met, this time included."""
    return rows.assign(exposure=np.minimum(rows["first_exposure"], rows["second_exposure"]))


def halves(rows: pd.DataFrame, levels: int) -> pd.DataFrame:
    """Share of first pulls in the good arm's row, and in its column, where both codes are known: columns subject, half
    (row, column) and right.

    **Arguments**: `rows` trials of the form grid, whose arms are numbered row by row, `levels` in each.
    """
    kept = by_rarer_code(rows)
    kept = kept[(kept["exposure_trial"] == 0) & (kept["exposure"] > 1) & kept["valid"]]
    good = kept[[f"p_reward_{arm}" for arm in range(levels**2)]].to_numpy().argmax(axis=1)
    pulled = kept["action"].to_numpy()
    right = {"row": pulled // levels == good // levels, "column": pulled % levels == good % levels}
    shares = kept[["subject"]].assign(**right).groupby("subject", sort=False).mean().reset_index()
    return shares.melt("subject", var_name="half", value_name="right")


def meanings(
    good: Int[np.ndarray, "subject episode exposure"],
    pair: Int[np.ndarray, "subject episode exposure"],
    task: CompositionalBandits,
) -> tuple[np.ndarray, np.ndarray]:
    """What first and second codes stand for at each exposure. Of sums only differences are told: the first code of an
    episode's first pair is taken to stand for 0, and -1 is given in its place, for nobody need learn that.

    **Arguments**: `good` arm and number of the `pair` (`context`), of whole episodes, in which all are met.
    """
    if task.combine == "grid":
        return good // task.levels, good % task.levels
    arms = np.empty_like(good)
    np.put_along_axis(arms, pair, good, axis=2)
    first, second = np.divmod(pair, task.codes)
    beside_origin = np.take_along_axis(arms, first[..., :1] * task.codes + second, axis=2)
    told = (good - beside_origin) % task.levels
    return np.where(first == first[..., :1], -1, told), beside_origin


def held(record: xr.Dataset, task: CompositionalBandits) -> pd.DataFrame:
    """What can be read out of the states that are recalled as a pair of known codes begins: columns subject, what and
    right (share; linear decoder, episodes held out; mean over the two parts).

    Asked is what the code that a state was recalled by stands for (`meaning`) and, of sums, which arm was good when it
    was stored (`arm`).

    **Arguments**: `record` of the first pulls of all exposures, with `recalled` and `recalled_state`.
    """
    names = ("context", "first_exposure", "second_exposure", "recalled", "recalled_state")
    pair, met_first, met_second, recalled, states = (record[name].to_numpy() for name in names)
    good = record["p_reward"].to_numpy().argmax(axis=-1)
    states = states.reshape(*pair.shape, 2, -1)
    parts = []
    for part, meaning in enumerate(meanings(good, pair, task)):
        asked = {"meaning": meaning}
        if task.combine == "sum":
            asked["arm"] = np.take_along_axis(good, np.maximum(recalled[..., part], 0), axis=2)
        there = (np.minimum(met_first, met_second) > 1) & (meaning >= 0)
        subject, episode, _ = np.nonzero(there)
        rows = pd.DataFrame({"subject": record["subject"].to_numpy()[subject], "episode": episode})
        for what, target in asked.items():
            rows["target"] = target[there]
            scores, _ = decode_each(states[there][:, part], rows, "target", "category")
            parts.append(scores.assign(what=what, right=scores["score"].fillna(scores["chance"])))
    return pd.concat(parts).groupby(["subject", "what"], sort=False)["right"].mean().reset_index()
