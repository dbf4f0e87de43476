"""Experiments whose trainings are the behaviour: scores out of curves, and claims, by known answers."""

import json
from dataclasses import replace

import numpy as np
import pytest

from fastslow import catalog
from fastslow.errors import UserError
from fastslow.experiments import curves, episodic_atari, episodic_minatar
from fastslow.experiments.experiment import Condition
from fastslow.records.record import from_arrays
from fastslow.tasks.corridor import Corridor
from fastslow.training.living import LivingConfig


def lived(scores, games=1, steps=100):
    """The curve of lives `[seed round]`: the mean score of the games that ended in each round, and how many did."""
    scores = np.asarray(scores, float)[:, None]
    games = np.broadcast_to(games, scores.shape)
    blank = {"action": np.full(scores.shape, -1), "valid": np.zeros(scores.shape, bool)}
    ends = np.broadcast_to(steps * (1 + np.arange(scores.shape[-1])), scores.shape)
    columns = blank | {"reward": scores * games, "games": games.astype(np.int32), "steps": ends}
    return from_arrays(columns, [f"seed {i}" for i in range(len(scores))], {"task": "Gymnax"})


def experiment(name):
    return catalog.load("experiment", name)


def test_scores_are_means_over_games_and_the_last_known_stands_where_none_ended():
    games = np.asarray([[0, 1, 3, 0, 0, 2]])[:, None]
    record = lived([[9.0, 2.0, 6.0, 9.0, 9.0, 1.0]], games)
    table = curves.scores(record, 3)
    assert table["frames"].tolist() == [200, 400, 600]
    assert table["score"].tolist() == [2.0, 6.0, 1.0]
    assert curves.scores(record, 6)["score"].tolist() == [2, 2, 6, 6, 6, 1]
    with pytest.raises(UserError, match="Not one game ended"):
        curves.scores(lived([[1.0, 2.0]], 0), 2)


def test_a_curve_is_read_from_the_training_that_was_kept(tmp_path):
    rows = [{"update": i + 1, "score": [2.0 * i, 1.0], "episodes": [2.0, 0.0]} for i in range(3)]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    condition = Condition(Corridor(), None, LivingConfig(updates=3, lanes=2, unroll=25))
    record = curves.curve_record(condition, tmp_path)
    np.testing.assert_array_equal(record["reward"][:, 0], [[0, 2, 4], [1, 1, 1]])
    np.testing.assert_array_equal(record["games"][:, 0], [[2, 2, 2], [0, 0, 0]])
    np.testing.assert_array_equal(record["steps"][0, 0], [50, 100, 150])
    with pytest.raises(UserError, match="5000 rounds"):
        curves.curve_record(replace(condition, trainer=LivingConfig(updates=5000)), tmp_path)


def test_memory_is_judged_between_chance_and_the_best():
    level = {"random": 1.0, "mfec": 3.0, "dqn": 6.0, "nec": 11.0}
    records = {
        f"curve_{agent}-{game}": lived(np.tile(np.linspace(1, top, 20), (4, 1)) + seed)
        for game in episodic_minatar.GAMES
        for agent, top in level.items()
        for seed in [np.linspace(-0.1, 0.1, 4)[:, None]]
    }
    for game in episodic_minatar.GAMES:
        records[f"curve_random-{game}"] = lived(np.ones((4, 20)))
    tables = experiment("episodic_minatar").measure(records)
    claims = tables["claims"].set_index("measure")
    assert claims.loc["nec: IQM", "value"] == pytest.approx(1.0, abs=0.01)
    # Each agent's last tenth lies half a round before its top.
    dqn = (1 + 5 * 18.5 / 19 - 1) / (1 + 10 * 18.5 / 19 - 1)
    assert claims.loc["dqn: IQM", "value"] == pytest.approx(dqn, abs=0.01)
    assert claims.loc["nec over dqn: IQM", "value"] == pytest.approx(2.0, abs=0.03)
    assert claims.loc["nec less dqn: IQM, lower end of the interval", "value"] > 0.4
    assert claims.loc["freeway: nec less mfec, points", "value"] == pytest.approx(8 * 18.5 / 19, abs=1e-6)
    # NEC is half way at the sixth of ten checkpoints, two of DQN's four seeds at the last, MFEC never.
    halfway, life = claims["value"].filter(like="median steps"), tables["efficiency"]["frames"].max()
    assert [name.split(":")[0] for name in halfway.index] == ["dqn", "nec"]
    assert halfway.tolist() == [life, 0.6 * life]
    assert claims.loc["breakout: random, points", "value"] == pytest.approx(1.0)
    figures = experiment("episodic_minatar").draw(tables)
    assert set(figures) == {"games", "all_games", "efficiency"}
    # MFEC ends at a fifth of the way, and so never scores a quarter; NEC goes all of it.
    reached = tables["efficiency"].groupby(["agent", "threshold"])["reached"].mean()
    assert (reached["mfec"] == 0).all() and (reached["nec"] == 1).all() and reached["dqn", 0.5] == 0.5
    shown = figures["all_games"].data["iqm"]
    assert shown[shown["name"] == "random"]["mean"].abs().max() < 1e-9


def test_the_embeddings_are_compared_in_the_second_half_of_life():
    tops = {"slow": 9.0, "frozen": 5.0, "too_fast": 3.0, "no_memory": 4.0, "random": 1.0}
    records = {
        f"curve_{name}": lived(np.r_[np.zeros(10), np.full(10, top)] + np.linspace(-1, 1, 8)[:, None])
        for name, top in tops.items()
    }
    tables = experiment("fast_needs_slow").measure(records)
    claims = tables["claims"].set_index("measure")["value"]
    for name, top in tops.items():
        assert claims[f"{name}: score"] == pytest.approx(top)
        assert claims[f"{name}: score in the first fifth of life"] == pytest.approx(0, abs=1e-9)
    assert claims["slow less frozen: score"] == pytest.approx(4.0)
    assert claims["slow less frozen: lower end of the interval"] == pytest.approx(4.0)
    figure = experiment("fast_needs_slow").draw(tables)["fast_needs_slow"]
    assert set(figure.data["late"]["name"]) == set(tops)


def test_how_long_dopamines_agent_takes_to_score_as_much():
    # Ms Pac-Man: 386.7 after 1M frames, 932.8 after 2M; Frostbite: 335.2 after 20M, 620.4 after 40M, 367.1 in the end.
    assert episodic_atari.times_the_frames(900.0, "ms_pacman", 4e5) == pytest.approx(2.5)
    assert episodic_atari.times_the_frames(1000.0, "ms_pacman", 4e5) == pytest.approx(5.0)
    assert episodic_atari.times_the_frames(100.0, "ms_pacman", 4e5) == 0
    assert episodic_atari.times_the_frames(400.0, "frostbite", 4e5) == pytest.approx(50.0)
    assert episodic_atari.times_the_frames(1e6, "pong", 1e6) == pytest.approx(199.0)


def test_q_bert_is_told_by_its_first_and_its_last_stretch():
    # 25,000 steps to a stretch of 100,000 frames.
    records = {
        "curve_mfec-qbert": lived(np.asarray([[100.0, 200.0, 3000.0], [300.0, 400.0, 5000.0]]), 1, 25_000),
        "curve_random-qbert": lived(np.full((2, 1), 160.0), 1, 25_000),
    }
    whole = experiment("episodic_atari")
    tables = whole.measure(records)
    claims = tables["claims"].set_index("measure")["value"]
    assert claims["mfec, qbert: score of the last games"] == pytest.approx(4000.0)
    assert claims["mfec, qbert: score of the games of the first 100k frames"] == pytest.approx(200.0)
    hns = (4000 - 163.9) / (13455.0 - 163.9)
    assert claims["mfec, qbert: human-normalised"] == pytest.approx(hns)
    assert len(whole.draw(tables)) >= 1
