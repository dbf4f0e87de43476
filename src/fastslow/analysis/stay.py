"""Stay probabilities in the two-step task: is a first choice repeated, given how the last trial went?

A model-free learner repeats what was rewarded, whatever the transition; a planner repeats what was rewarded
after a common transition and leaves what was rewarded after a rare one. Daw et al. 2011 (Fig. 2); Miller,
Botvinick & Brody 2017; Wang et al. 2018 (Fig. 5c).

    interaction       = (CR - CU) - (RR - RU)              planning
    reward effect     = ((CR - CU) + (RR - RU)) / 2        model-free learning
    transition effect = ((CR - RR) + (CU - RU)) / 2

with C and R for common and rare transitions, R and U for rewarded and unrewarded ones. All that is counted is
counted within a subject first.
"""

import numpy as np
import pandas as pd

from fastslow.analysis.columns import need_columns
from fastslow.analysis.history import earlier, in_order
from fastslow.analysis.statistics import summarise
from fastslow.errors import UserError, check

CONDITIONS = {
    "common-rewarded": (1, 1),
    "rare-rewarded": (0, 1),
    "common-unrewarded": (1, 0),
    "rare-unrewarded": (0, 0),
}
"""The four kinds of last trial, in the order of all tables and figures: (transition, reward)."""
EFFECTS = ("interaction", "reward_effect", "transition_effect")


def condition_of(trials: pd.DataFrame) -> np.ndarray:
    """Each trial's place in `CONDITIONS`; -1 where it is not valid or its transition unknown.

    A reward above 0 counts as rewarded.
    """
    transition = trials["transition"].to_numpy()
    rewarded = trials["reward"].to_numpy(float) > 0
    known = trials["valid"].to_numpy(bool) & np.isin(transition, (0, 1))
    return np.where(known, 2 * ~rewarded + (transition == 0), -1)


def stay_probability(trials: pd.DataFrame) -> pd.DataFrame:
    """How often each subject repeats its choice after each kind of trial.

    Two trials count where both are valid and follow each other (trial numbers differ by 1) in one episode.

    **Arguments**: `trials` with columns subject, episode, trial, action, reward, transition (1 common, 0
    rare) and valid.

    **Returns**: one row per subject and condition: subject, condition, transition, reward (1 rewarded, 0
    not), stay (0 to 1) and n (pairs); a condition that a subject never met has no row.

    **Errors**: `UserError` where a column is missing, or the table has no common or no rare transition that
    counts.
    """
    ordered = in_order(trials, ["action", "reward", "transition"])
    condition, before = condition_of(ordered), earlier(ordered, 1)
    counts = (before >= 0) & ordered["valid"].to_numpy() & (condition[before] >= 0)
    last, now = before[counts], np.flatnonzero(counts)
    action = ordered["action"].to_numpy()
    pairs = pd.DataFrame(
        {
            "subject": ordered["subject"].to_numpy()[now],
            "condition": condition[last],
            "stay": (action[now] == action[last]).astype(float),
        }
    )
    for word, places in {"common": (0, 2), "rare": (1, 3)}.items():
        check(
            bool(pairs["condition"].isin(places).any()),
            f"The trial table has no {word} transition ({int(word == 'common')} in column 'transition') that "
            "is followed by a valid choice, so stay probabilities do not exist; check its coding.",
        )
    return by_condition(pairs)


def by_condition(pairs: pd.DataFrame) -> pd.DataFrame:
    """How often each subject stays under each condition, as `stay_probability` gives it.

    **Arguments**: `pairs` with columns subject, condition (its place in `CONDITIONS`) and stay, a row for each choice.
    """
    table = pairs.groupby(["subject", "condition"], sort=False)["stay"].agg(["mean", "size"]).reset_index()
    table = table.iloc[np.lexsort((table["condition"], pd.factorize(table["subject"])[0]))]
    names, levels = list(CONDITIONS), np.array(list(CONDITIONS.values()))
    place = table["condition"].to_numpy()
    return pd.DataFrame(
        {
            "subject": table["subject"].to_numpy(),
            "condition": [names[i] for i in place],
            "transition": levels[place, 0],
            "reward": levels[place, 1],
            "stay": table["mean"].to_numpy(),
            "n": table["size"].to_numpy(),
        }
    )


def stay_effects(table: pd.DataFrame) -> pd.DataFrame:
    """Each subject's effects: columns subject, interaction, reward_effect, transition_effect.

    **Arguments**: `table` from `stay_probability`, or the trials themselves.

    **Errors**: `UserError` where a subject never met one of the four conditions: no number would be honest.
    """
    if "stay" not in table:
        table = stay_probability(table)
    need_columns(table, ["subject", "condition", "stay"], "table of stay probabilities")
    wide = table.pivot(index="subject", columns="condition", values="stay")
    wide = wide.reindex(index=pd.unique(table["subject"]), columns=list(CONDITIONS))
    lacking = wide.isna().to_numpy()
    if lacking.any():
        row, column = np.argwhere(lacking)[0]
        raise UserError(
            f"Subject '{wide.index[row]}' has no {wide.columns[column]} trial that is followed by a valid "
            "choice, so its effects cannot be computed; leave it out or give more of its trials."
        )
    after_common = wide["common-rewarded"] - wide["common-unrewarded"]
    after_rare = wide["rare-rewarded"] - wide["rare-unrewarded"]
    effects = {
        "interaction": after_common - after_rare,
        "reward_effect": (after_common + after_rare) / 2,
        "transition_effect": (wide["common-rewarded"] + wide["common-unrewarded"]) / 2
        - (wide["rare-rewarded"] + wide["rare-unrewarded"]) / 2,
    }
    return pd.DataFrame(
        {"subject": wide.index.to_numpy()} | {name: v.to_numpy() for name, v in effects.items()}
    )


def stay_summary(table: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Mean over subjects with a bootstrap interval, the four conditions and then the three effects.

    **Arguments**: `table` from `stay_probability`, or the trials themselves.

    **Returns**: columns measure (a condition or an effect), mean, low, high, n (subjects), note.
    """
    if "stay" not in table:
        table = stay_probability(table)
    conditions = table.rename(columns={"condition": "measure", "stay": "value"})
    effects = stay_effects(table).melt("subject", list(EFFECTS), "measure", "value")
    both = pd.concat([conditions[["subject", "measure", "value"]], effects], ignore_index=True)
    summary = summarise(both, ["measure"], "value", seed=seed)
    order = [*CONDITIONS, *EFFECTS]
    return summary.set_index("measure").loc[order].reset_index()
