"""Tables of scores: what is aggregated is what it says, and what would mislead is refused."""

import numpy as np
import pandas as pd
import pytest

from fastslow.analysis import aggregates
from fastslow.analysis.score_table import at_checkpoint, score_table
from fastslow.analysis.scores import aggregate_scores, compare_scores, performance_profiles
from fastslow.errors import UserError

FEW = {"resamples": 200}


def healthy(
    runs=3, games=("breakout", "pong"), agents=("nec", "dqn"), frames=(100, 200, 400)
) -> pd.DataFrame:
    """Scores that grow with experience, faster for the first agent, in games that people know."""
    rng = np.random.default_rng(0)
    keys = [(a, g, f"seed {r}", float(f)) for a in agents for g in games for r in range(runs) for f in frames]
    table = pd.DataFrame(keys, columns=["agent", "game", "subject", "frames"])
    pace = table["agent"].map({agent: 1.0 / (1 + i) for i, agent in enumerate(agents)})
    return table.assign(score=pace * table["frames"] / max(frames) + rng.normal(0, 0.05, len(table)))


def test_aggregates_are_of_the_matrix_at_each_checkpoint():
    table = healthy()
    found = aggregate_scores(table, **FEW)
    assert list(found) == ["agent", "frames", "measure", "value", "low", "high", "runs", "games", "note"]
    assert found["agent"].tolist() == ["nec"] * 12 + ["dqn"] * 12
    assert found["frames"].tolist() == [f for _ in range(2) for f in (100, 200, 400) for _ in range(4)]
    cell = found[(found["agent"] == "dqn") & (found["frames"] == 200)].set_index("measure")
    rows = table[(table["agent"] == "dqn") & (table["frames"] == 200)]
    matrix = rows.pivot(index="subject", columns="game", values="score").to_numpy()
    for name, statistic in aggregates.aggregates().items():
        assert cell.loc[name, "value"] == pytest.approx(statistic(matrix))
        assert [cell.loc[name, "low"], cell.loc[name, "high"]] == pytest.approx(
            aggregates.stratified_interval(statistic, matrix, **FEW)
        )
    assert set(found["runs"]) == {3} and set(found["games"]) == {2} and set(found["note"]) == {""}
    assert (found["low"] <= found["value"]).all() and (found["value"] <= found["high"]).all()


def test_only_what_there_is_needs_a_column():
    found = aggregate_scores(pd.DataFrame({"subject": list("abcd"), "score": [0.0, 1.0, 2.0, 9.0]}), **FEW)
    assert found["agent"].tolist() == ["all"] * 4 and "frames" not in found
    assert found["value"].tolist() == [1.5, 3.0, 3.0, 0.25]


def test_the_order_and_index_of_rows_do_not_matter():
    table = healthy()
    ours, theirs = (table[table["agent"] == agent].sample(frac=1, random_state=1) for agent in ("nec", "dqn"))
    shuffled = pd.concat([ours, theirs])
    for analysis in (aggregate_scores, performance_profiles, compare_scores):
        pd.testing.assert_frame_equal(analysis(table, **FEW), analysis(shuffled, **FEW))


def test_one_run_has_no_interval_and_says_so():
    for analysis in (aggregate_scores, performance_profiles, compare_scores):
        found = analysis(healthy(runs=1), **FEW)
        assert (found["low"] == found["value"]).all() and (found["high"] == found["value"]).all()
        assert set(found["note"]) == {"one run: no interval"} and set(found["runs"]) == {1}
    uneven = pd.concat([healthy(agents=("nec",)), healthy(runs=1, agents=("dqn",))])
    assert set(compare_scores(uneven, **FEW)["note"]) == {"one run: no interval"}


def test_profiles_fall_from_all_to_none():
    table = healthy()
    found = performance_profiles(table, **FEW)
    assert len(found) == 2 * 101 and set(found["frames"]) == {400.0}
    for _, rows in found.groupby("agent"):
        assert (np.diff(rows["value"]) <= 0).all()
        assert (rows["low"] <= rows["value"]).all() and (rows["value"] <= rows["high"]).all()
    assert found["threshold"].max() == table.loc[table["frames"] == 400, "score"].max()
    assert found.loc[found["threshold"] == found["threshold"].max(), "value"].eq(0).all()
    some = performance_profiles(table, thresholds=[0.0, 0.75], frames=200, of="games", **FEW)
    assert some["value"].tolist() == [1.0, 0.0, 1.0, 0.0] and set(some["frames"]) == {200.0}


def test_each_pair_is_compared_once():
    table = healthy(agents=("nec", "dqn", "a3c"))
    found = compare_scores(table, frames=400, **FEW)
    pairs = found.drop_duplicates(["agent", "over"])
    assert list(zip(pairs["agent"], pairs["over"], strict=True)) == [
        ("nec", "dqn"),
        ("nec", "a3c"),
        ("dqn", "a3c"),
    ]
    measures = found[(found["agent"] == "nec") & (found["over"] == "a3c")].set_index("measure")["value"]
    assert list(measures.index) == ["improvement", "iqm", "median", "mean", "optimality_gap"]
    assert measures["improvement"] == 1.0 and measures["iqm"] == pytest.approx(2 / 3, abs=0.05)
    single = aggregate_scores(table, **FEW).query("frames == 400").set_index(["agent", "measure"])["value"]
    for name in measures.index[1:]:
        assert measures[name] == pytest.approx(single["nec", name] - single["a3c", name])


def test_the_interval_of_a_difference_tells_equal_agents_from_unequal_ones():
    rng = np.random.default_rng(0)
    keys = [(a, g, r) for a in ("x", "same", "better") for g in "pqr" for r in range(10)]
    table = pd.DataFrame(keys, columns=["agent", "game", "subject"])
    table["score"] = rng.normal(0, 1, len(table)) + 1.5 * (table["agent"] == "better")
    found = compare_scores(table, resamples=1_000).set_index("measure")
    even, uneven = (found[(found["agent"] == "x") & (found["over"] == over)] for over in ("same", "better"))
    assert even.loc["improvement", "low"] < 0.5 < even.loc["improvement", "high"]
    assert even.loc["iqm", "low"] < 0 < even.loc["iqm", "high"]
    assert uneven.loc["improvement", "high"] < 0.5 and uneven.loc["iqm", "high"] < 0


def test_the_last_checkpoint_is_the_last_that_all_have():
    table = score_table(healthy())
    longer = pd.concat(
        [table, table[(table["agent"] == "nec") & (table["frames"] == 400)].assign(frames=800.0)]
    )
    assert at_checkpoint(longer)["frames"].unique().tolist() == [400.0]
    assert set(compare_scores(longer, **FEW)["frames"]) == {400.0}
    alone = aggregate_scores(longer, **FEW).query("frames == 800")
    assert set(alone["agent"]) == {"nec"}
    with pytest.raises(
        UserError, match="Not all agents have a score after 800 frames; the nearest they have is 400"
    ):
        compare_scores(longer, frames=800)


def drop(table, **where):
    gone = np.logical_and.reduce([table[name] == value for name, value in where.items()])
    return table[~gone]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda t: t.drop(columns="score"), "has no column 'score'"),
        (lambda t: t.rename(columns={"subject": "subjct"}), "has no column 'subject'; did you mean 'subjct'"),
        (lambda t: t.iloc[:0], "is empty"),
        (
            lambda t: t.assign(score=t["score"].where(t.index != 4)),
            "1 values that are not finite .first in row 4",
        ),
        (lambda t: t.assign(score=np.inf), "not finite"),
        (lambda t: t.assign(score="high"), "holds text"),
        (lambda t: t.assign(frames=-1.0), "'frames' of the table of scores has numbers below 0"),
        (
            lambda t: t.assign(game=t["game"].where(t.index != 2)),
            "'game' of the table of scores is empty in row 2",
        ),
        (lambda t: t.assign(agent=[None] * len(t)), "'agent' of the table of scores is empty in row 0"),
        (
            lambda t: pd.concat([t, t.tail(1)]),
            "Run 'seed 2' of 'dqn' has more than one score of 'pong' after 400 frames; keep one",
        ),
        (
            lambda t: t.drop(columns="frames"),
            "more than one score of 'breakout'; keep one, or tell checkpoints",
        ),
        (
            lambda t: drop(t, agent="dqn", game="pong"),
            "Agent 'dqn' has no score of 'pong' after 100 frames; every agent needs every game",
        ),
        (
            lambda t: drop(t, game="pong", frames=200.0),
            "Agent 'nec' has no score of 'pong' after 200 frames; every agent needs every game, at each checkpoint",
        ),
        (
            lambda t: drop(t, agent="dqn", game="pong", subject="seed 1"),
            "Agent 'dqn' has 3 runs of 'breakout' but 2 of 'pong' after 100 frames; an aggregate needs as many",
        ),
    ],
)
def test_what_would_mislead_is_refused_in_one_sentence(spoil, message):
    with pytest.raises(UserError, match=message) as refusal:
        aggregate_scores(spoil(healthy()), **FEW)
    assert "\n" not in str(refusal.value) and str(refusal.value).endswith((".", "?"))


def test_settings_without_sense_are_refused():
    table = healthy()
    for analysis, options, message in [
        (aggregate_scores, {"gamma": np.nan}, "gamma is nan"),
        (aggregate_scores, {"level": 2.0}, "level is 2"),
        (aggregate_scores, {"resamples": 0}, "resamples is 0"),
        (aggregate_scores, {"normalisation": "standrd"}, "did you mean 'standard'"),
        (performance_profiles, {"thresholds": [1.0, 0.0]}, "increasing order"),
        (performance_profiles, {"frames": 300.0}, "after 300 frames; the nearest they have is"),
        (compare_scores, {"gamma": np.inf}, "gamma is inf"),
    ]:
        with pytest.raises(UserError, match=message):
            analysis(table, **options)
    with pytest.raises(UserError, match="nobody to compare 'nec' with"):
        compare_scores(healthy(agents=("nec",)))
    with pytest.raises(UserError, match="no column 'frames', so leave out frames=100"):
        compare_scores(table[table["frames"] == 100].drop(columns="frames"), frames=100.0)
    apart = pd.concat([healthy(agents=("nec",)), healthy(agents=("dqn",), frames=(150,))])
    with pytest.raises(UserError, match="no checkpoint in common"):
        compare_scores(apart)
