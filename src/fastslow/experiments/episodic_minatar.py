"""Deciding from memory and learning slowly, on games: who scores what after how much experience.

Neural Episodic Control (Pritzel et al. 2017) and Model-Free Episodic Control (Blundell et al. 2016) beside the deep
Q-network (Mnih et al. 2015) on MinAtar (Young & Tian 2019). The papers play Atari; the claim is theirs: with little
experience, who remembers is ahead.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from fastslow.analysis.aggregates import pooled_iqm, stratified_interval
from fastslow.analysis.human_normalised import scaled
from fastslow.analysis.sample_efficiency import ALL_GAMES, efficiency_summary, frames_to_threshold
from fastslow.analysis.score_table import at_checkpoint, games_of, matrices
from fastslow.analysis.scores import aggregate_scores, compare_scores
from fastslow.analysis.statistics import summarise
from fastslow.experiments import curves
from fastslow.experiments.claims import claim, exact, table
from fastslow.experiments.experiment import CLAIMS, PRESETS, Condition, Drawing, Expectation, Experiment
from fastslow.experiments.minatar import CAPACITY, GAMES, played
from fastslow.figures import of_scores, panels_scores, style

CHECKPOINTS = 10
JUDGED = 100_000
"""Steps of a life after which agents are compared."""
LONG = ("laptop", "full")
PLAYERS = ("random", "mfec", "dqn", "nec")
HALF = 0.5
THRESHOLDS = (0.25, HALF, 0.75)
"""Of the way from chance to the best agent's last score: how many steps it takes to get there."""
HALFWAY = "median steps to half of the way from chance to best"
FEW_PIXELS = ("breakout", "freeway")
"""Games in which one place among a hundred decides: the ball's, the chicken's."""


@dataclass(frozen=True)
class MinAtarConfig:
    """How much of it."""

    seeds: int = 8
    """Lives of each agent in each game."""
    steps: int = 100_000
    """Steps of a life."""
    games: tuple[str, ...] = GAMES
    players: tuple[str, ...] = PLAYERS
    capacity: int = CAPACITY
    """Entries per action that `nec` holds."""


def conditions(config: MinAtarConfig) -> dict[str, Condition]:
    """A life of every player in every game."""
    return {
        f"{player}-{game}": played(player, game, config.steps, config.capacity)
        for game in config.games
        for player in config.players
    }


def score_rows(records: Mapping[str, xr.Dataset]) -> pd.DataFrame:
    """Scores at every checkpoint: columns agent, game, subject, frames, score."""
    parts = [
        curves.scores(record, CHECKPOINTS).assign(agent=agent, game=game)
        for agent, game, record in curves.players(records)
    ]
    return pd.concat(parts, ignore_index=True)


def between_chance_and_best(raw: pd.DataFrame) -> pd.DataFrame:
    """Scores with the random policy's mean as 0 and the best agent's mean at the last checkpoint as 1, game by game."""
    last = at_checkpoint(raw).groupby(["agent", "game"])["score"].mean().unstack("game")
    chance = raw[raw["agent"] == "random"].groupby("game")["score"].mean()
    return scaled(raw, chance.to_dict(), last.max().to_dict())


def measure(records: Mapping[str, xr.Dataset]) -> dict[str, pd.DataFrame]:
    raw = score_rows(records)
    scores = between_chance_and_best(raw)
    learners = scores[scores["agent"] != "random"]
    reached = frames_to_threshold(learners, THRESHOLDS)
    return {
        "scores": raw,
        "curves": summarise(raw, ["agent", "game", "frames"], "score"),
        "aggregates": aggregate_scores(scores),
        "comparisons": compare_scores(learners),
        "efficiency": reached,
        CLAIMS: claims(raw, learners, reached),
    }


def claims(raw: pd.DataFrame, learners: pd.DataFrame, reached: pd.DataFrame) -> pd.DataFrame:
    # Little experience is what the claim is about; who lives longer is judged at the same age.
    when = min(JUDGED, raw["frames"].max())
    judged = at_checkpoint(learners, when)
    by_agent = matrices(judged, games_of(judged))
    rows = []
    for name, scores in by_agent.items():
        low, high = stratified_interval(pooled_iqm, scores)
        rows.append({"measure": f"{name}: IQM", "value": float(pooled_iqm(scores)), "low": low, "high": high})
    nec, dqn = by_agent["nec"], by_agent["dqn"]
    for word, between in (("over", np.divide), ("less", np.subtract)):
        low, high = stratified_interval(lambda a, b, f=between: f(pooled_iqm(a), pooled_iqm(b)), nec, dqn)
        value = float(between(pooled_iqm(nec), pooled_iqm(dqn)))
        rows.append({"measure": f"nec {word} dqn: IQM", "value": value, "low": low, "high": high})
    rows.append(exact("nec less dqn: IQM, lower end of the interval", float(rows[-1]["low"])))
    halfway = efficiency_summary(reached[reached["threshold"] == HALF])
    for row in halfway[(halfway["game"] == ALL_GAMES) & np.isfinite(halfway["median"])].itertuples():
        about = {"measure": f"{row.agent}: {HALFWAY}", "value": row.median, "low": row.low}
        rows.append(about | {"high": row.high if np.isfinite(row.high) else None})
    games = at_checkpoint(raw, when).pivot(index=["game", "subject"], columns="agent", values="score")
    for game, part in games.groupby("game"):
        rows.append(claim(f"{game}: random, points", part["random"]))
        rows.append(claim(f"{game}: nec less dqn, points", part["nec"] - part["dqn"]))
        rows.append(claim(f"{game}: nec less mfec, points", part["nec"] - part["mfec"]))
    return table(rows)


def label_of(agent: str) -> str:
    return style.look(agent).label


@style.panel
def draw(tables: Mapping[str, pd.DataFrame]) -> dict[str, Drawing]:
    shown = tables["curves"].rename(columns={"agent": "name"})
    games = list(dict.fromkeys(shown["game"]))
    figure, axes = style.figure(len(games), 1, height=62)
    for axis, game in zip(axes[0], games, strict=True):
        panels_scores.score_curves(axis, shown[shown["game"] == game], "score", legend=False)
        axis.set_title(game.replace("_", " "))
        axis.set_xlabel("steps")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=5)
    drawings = {"games": Drawing(figure, tables["curves"])}
    figure, axes = style.figure(2, 1, height=62)
    iqm = tables["aggregates"].query("measure == 'iqm'").rename(columns={"agent": "name", "value": "mean"})
    panels_scores.score_curves(axes[0, 0], iqm, "IQM of scaled scores")
    axes[0, 0].set_xlabel("steps")
    better = tables["comparisons"].query("measure == 'improvement'").rename(columns={"value": "mean"})
    better = better.assign(
        name=better["agent"] + better["over"],
        who=better["agent"],
        label=better["agent"].map(label_of) + " over " + better["over"].map(label_of),
    )
    panels_scores.interval_rows(axes[0, 1], better, "probability of improvement", line=0.5)
    drawings["all_games"] = Drawing(figure, {"iqm": iqm, "improvement": better})
    drawings["efficiency"] = of_scores.frames_to_threshold(tables["efficiency"], "agent", "steps")
    return drawings


NEC_2017, TARGET = "Pritzel 2017, Fig. 2, Table 2", "the number is ours"
EXPERIMENT = Experiment(
    name="episodic_minatar",
    claim=(
        "With little experience, an agent that decides from single memories, embedded by a network that learns slowly, "
        "scores more than one that learns values slowly alone, or whose embedding does not learn."
    ),
    cite=("pritzel2017", "blundell2016", "mnih2015", "young2019", "agarwal2021"),
    presets={
        "smoke": MinAtarConfig(2, 1600, ("breakout",), capacity=200),
        "quick": MinAtarConfig(2, 20_000, ("breakout",)),
        "laptop": MinAtarConfig(),
        "full": MinAtarConfig(10, 200_000, (*GAMES, "seaquest"), (*PLAYERS, "rainbow")),
    },
    conditions=conditions,
    simulate=curves.lived_already,
    measure=measure,
    draw=draw,
    expectations=(
        Expectation("nec over dqn: IQM", "above 1", low=1.5, where=NEC_2017, confidence="text", note=TARGET),
        Expectation(
            "nec less dqn: IQM, lower end of the interval",
            "above 0",
            low=0.0,
            where=NEC_2017,
            confidence="text",
        ),
        *(
            Expectation(
                f"{game}: nec less mfec, points",
                "above 0",
                low=0.0,
                where=NEC_2017,
                confidence="text",
                note="few pixels decide; Pong in the paper",
                presets=PRESETS if game == "breakout" else LONG,
            )
            for game in FEW_PIXELS
        ),
        *(
            Expectation(
                f"{game}: nec less dqn, points",
                "not published",
                where=NEC_2017,
                note="reported",
                presets=PRESETS if game == "breakout" else LONG,
            )
            for game in GAMES
        ),
        *(
            Expectation(f"{name}: IQM", "not published", where=NEC_2017, note="reported")
            for name in ("mfec", "dqn", "nec")
        ),
        *(
            Expectation(f"{name}: {HALFWAY}", "not published", where=NEC_2017, note="reported", presets=LONG)
            for name in ("mfec", "dqn", "nec")
        ),
        Expectation("breakout: random, points", "not published", where="chance", note="reported"),
    ),
    departures=(
        "MinAtar in place of Atari: five actions at most, 10 x 10 places, a network of one convolution.",
        "NEC and DQN play four games side by side; a gradient step every four steps, as in the papers.",
        "NEC: alpha .5, returns of 25 steps, Adam at 1e-3 instead of RMSProp, keys of 32, 8,192 entries per action, "
        "stored as soon as its rewards are known; MFEC: gamma .99; DQN: Adam at 1e-3, returns of 3 steps, double.",
        "Settings tried on other seeds, over the games: NEC about 25, DQN about 10, MFEC 3.",
        "To NEC a state met before is worth what is stored of it, as to MFEC; in the paper its neighbours count too.",
        "Scores are of the games played while learning, exploration included.",
    ),
)
