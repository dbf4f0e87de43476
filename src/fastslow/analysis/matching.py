"""The matching law: are choices divided as the income that they brought?

Herrnstein's law says that the share of choices equals the share of income; animals match, or a little less. Baum
1974 put it as a line in log ratios, whose slope, the sensitivity a, is below 1 in undermatching, and whose intercept
is a bias towards a side:

    log2(C_R / C_L) = a log2(R_R / R_L) + log2 b

C counts choices of right and left, R rewards earned there, block by block (an agent's episode is one block). In
a block where one side was never chosen or never paid a log ratio is infinite: such blocks are left out of the line in
log ratios, as is usual, and counted; they stay in the line of fractions. Tsutsui et al. 2016; Wang et al. 2018, Fig. 2.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fastslow.analysis.columns import need_columns
from fastslow.analysis.history import earlier, in_order
from fastslow.analysis.statistics import summarise
from fastslow.errors import UserError, check

SIDES = (0, 1)
FITS = ("slope", "intercept", "r", "sensitivity", "bias", "r_log")


def choices_and_income(
    trials: pd.DataFrame, block: str = "", skip: float = 0.0, least: int = 20, keep: Sequence[str] = ()
) -> pd.DataFrame:
    """Choices and income of both sides in each block.

    **Arguments**: `trials` with columns subject, episode, trial, action (0 left, 1 right), reward; only valid trials
    count. `block` the column that numbers the blocks within an episode (none: the episode is one); `skip` the first
    part of each block to leave out, in which the subject still finds out (0 to 1; Wang 2018's replications: 1/3);
    `least` trials, else the block is left out; `keep` further columns, which must be constant within a block.

    **Returns**: one row per block: subject, episode, block, n, choices_left, choices_right, income_left,
    income_right (rewards), choice_fraction and income_fraction (of the right side; the latter NaN where nothing was
    earned), log_choice and log_income (log2 right over left; both NaN where one is infinite), and `keep`.

    **Errors**: `UserError` for a choice that is neither side, a reward below 0, or where no block is left.
    """
    check(0 <= skip < 1, f"skip is {skip}, but it must be at least 0 and below 1.")
    check(least >= 1, f"least is {least}, but it must be at least 1.")
    named = [block] if block else []
    ordered = in_order(trials, ["action", "reward", *named, *keep])
    ordered["block"] = ordered[block] if block else 0
    key = ["subject", "episode", "block"]
    grouped = ordered.groupby(key, sort=False)
    place, size = grouped.cumcount(), grouped["trial"].transform("size")
    rows = ordered[ordered["valid"] & (place >= skip * size)]
    check(len(rows) > 0, "The trial table has no valid trial to count; check its column 'valid'.")
    strange = ~rows["action"].isin(SIDES)
    if strange.any():
        raise UserError(
            f"Matching is about two sides, but an action is {rows.loc[strange, 'action'].iloc[0]}; map it."
        )
    check(
        bool((rows["reward"] >= 0).all()),
        "Matching is about income, but a reward is below 0; use another measure.",
    )
    right, reward = rows["action"] == 1, rows["reward"].astype(float)
    counts = {
        "n": np.ones(len(rows), int),
        "choices_left": (~right).astype(int),
        "choices_right": right.astype(int),
        "income_left": reward.where(~right, 0.0),
        "income_right": reward.where(right, 0.0),
    }
    grouped = rows[key].assign(**counts).groupby(key, sort=False).sum()
    for name in keep:
        grouped[name] = rows.groupby(key, sort=False)[name].first()
    table = grouped[grouped["n"] >= least].reset_index()
    check(
        len(table) > 0,
        f"No block has {least} valid trials that count; give longer blocks, or (in Python) a lower `least`.",
    )
    c, r = (
        [table[f"{what}_{side}"].to_numpy(float) for side in ("right", "left")]
        for what in ("choices", "income")
    )
    finite = (np.minimum(*c) > 0) & (np.minimum(*r) > 0)
    table["choice_fraction"] = c[0] / (c[0] + c[1])
    table["income_fraction"] = np.divide(
        r[0], r[0] + r[1], out=np.full(len(table), np.nan), where=r[0] + r[1] > 0
    )
    for name, (over, under) in (("log_choice", c), ("log_income", r)):
        table[name] = np.log2(np.where(finite, over, np.nan) / np.where(finite, under, 1.0))
    order = [*key, *counts, "choice_fraction", "income_fraction", "log_choice", "log_income", *keep]
    return table[order]


def matching_lines(blocks: pd.DataFrame, by: Sequence[str] = ("subject",)) -> pd.DataFrame:
    """Lines through blocks: choice on income, in fractions and in log ratios.

    **Arguments**: `blocks` from `choices_and_income`; `by` the columns that make the groups (none: all blocks
    pooled, which weighs subjects by their blocks).

    **Returns**: one row per group: slope, intercept and r of choice_fraction on income_fraction; sensitivity, bias
    (log2 right over left) and r_log of log_choice on log_income; blocks, and left_out (of the line in log ratios);
    note where a line cannot be drawn (its numbers are NaN).
    """
    by = list(by)
    need_columns(
        blocks, [*by, "choice_fraction", "income_fraction", "log_choice", "log_income"], "table of blocks"
    )
    rows = []
    for key, group in blocks.groupby(by, sort=False) if by else [((), blocks)]:
        plain = line(group["income_fraction"], group["choice_fraction"])
        logs = line(group["log_income"], group["log_choice"])
        notes = [
            f"{what}: {found[3]}" for what, found in (("fractions", plain), ("log ratios", logs)) if found[3]
        ]
        numbers = dict(zip(FITS, (*plain[:3], *logs[:3]), strict=True))
        counts = {"blocks": len(group), "left_out": int(group["log_income"].isna().sum())}
        rows.append(dict(zip(by, key, strict=True)) | numbers | counts | {"note": "; ".join(notes)})
    return pd.DataFrame(rows)


def line(x: pd.Series, y: pd.Series) -> tuple[float, float, float, str]:
    """Least-squares slope, intercept and correlation over finite pairs, or NaN and why."""
    there = np.isfinite(x.to_numpy(float)) & np.isfinite(y.to_numpy(float))
    x_, y_ = x.to_numpy(float)[there], y.to_numpy(float)[there]
    if len(x_) < 3:
        return np.nan, np.nan, np.nan, f"{len(x_)} blocks that count"
    if np.ptp(x_) < 1e-9 or np.ptp(y_) < 1e-9:
        return np.nan, np.nan, np.nan, "all blocks are alike"
    slope = float(np.cov(x_, y_)[0, 1] / x_.var(ddof=1))
    return slope, float(y_.mean() - slope * x_.mean()), float(np.corrcoef(x_, y_)[0, 1]), ""


def matching(trials: pd.DataFrame, block: str = "", skip: float = 0.0, least: int = 20) -> pd.DataFrame:
    """Each subject's matching lines: `matching_lines` of `choices_and_income`, with its arguments."""
    return matching_lines(choices_and_income(trials, block, skip, least))


def matching_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Mean over subjects of slope, sensitivity and the rest, with bootstrap intervals."""
    known = table.dropna(subset=list(FITS))
    check(len(known) > 0, f"No subject has both lines: {table['note'].iloc[0]}.")
    return summarise(known.melt("subject", list(FITS), "measure", "value"), ["measure"], "value")


def line_differences(blocks: pd.DataFrame, column: str) -> pd.DataFrame:
    """How the lines of a subject's blocks with `column` true differ from those of its other blocks.

    **Returns**: subject, and true less false of sensitivity and bias.

    **Errors**: `UserError` where a subject has not both lines.
    """
    lines = matching_lines(blocks, ["subject", column])
    rows = []
    for subject, pair in lines.groupby("subject", sort=False):
        wide = pair.set_index(column)[["sensitivity", "bias"]].dropna()
        check(
            len(wide) == 2,
            f"Subject '{subject}' has too few blocks for a line each with and without '{column}'; give more.",
        )
        rows.append({"subject": subject} | (wide.loc[True] - wide.loc[False]).to_dict())
    return pd.DataFrame(rows)


def win_stay(trials: pd.DataFrame) -> pd.DataFrame:
    """How often each subject repeats a choice that was rewarded, and leaves one that was not.

    Two trials count where both are valid and follow each other in one episode; a reward above 0 is a win.

    **Returns**: one row per subject: win_stay, lose_shift (0 to 1), wins, losses (pairs); a subject that never won,
    or never lost, is refused, since no number would be honest.
    """
    ordered = in_order(trials, ["action", "reward"])
    before, valid = earlier(ordered, 1), ordered["valid"].to_numpy()
    now = np.flatnonzero((before >= 0) & valid & valid[before])
    action, won = ordered["action"].to_numpy(), ordered["reward"].to_numpy(float)[before[now]] > 0
    pairs = pd.DataFrame(
        {
            "subject": ordered["subject"].to_numpy()[now],
            "won": won,
            "stay": action[now] == action[before[now]],
        }
    )
    rows = []
    for subject in dict.fromkeys(ordered["subject"]):
        own = pairs[pairs["subject"] == subject]
        wins, losses = own.loc[own["won"], "stay"], own.loc[~own["won"], "stay"]
        for word, part in (("rewarded", wins), ("unrewarded", losses)):
            check(
                len(part) > 0,
                f"Subject '{subject}' has no {word} trial that is followed by a choice; leave it out.",
            )
        shares = {"win_stay": float(wins.mean()), "lose_shift": 1 - float(losses.mean())}
        rows.append({"subject": subject} | shares | {"wins": len(wins), "losses": len(losses)})
    return pd.DataFrame(rows)


def win_stay_summary(table: pd.DataFrame) -> pd.DataFrame:
    """Mean over subjects with bootstrap intervals."""
    return summarise(
        table.melt("subject", ["win_stay", "lose_shift"], "measure", "value"), ["measure"], "value"
    )
