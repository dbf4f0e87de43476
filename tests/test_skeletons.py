"""The files that users copy work as they are: found by place, held to the rules, reproduced into a report."""

import json
from pathlib import Path

import jax
import numpy as np
import pytest

from fastslow import catalog
from fastslow.agents.check import check_agent
from fastslow.experiments.reproduce import reproduce
from fastslow.records.collect import collect
from fastslow.records.record import trials
from fastslow.tasks.bandit import IndependentBandit
from fastslow.tasks.check import check_task

SKELETONS = Path(__file__).parents[1] / "skeletons"


def skeleton(kind: str, name: str):
    return catalog.load(kind, f"{SKELETONS / kind}.py:{name}")


def test_the_task_keeps_the_promises():
    table = check_task(skeleton("task", "MyTask")(), jax.random.key(0))
    swaps = table["good"][1:] != table["good"][:-1]
    within_episode = table["trial"][1:] > 0
    rate = swaps[within_episode].mean()
    assert abs(rate - 0.05) < 4 * (0.05 * 0.95 / within_episode.sum()) ** 0.5
    paid = table["reward"][table["correct"]]
    assert abs(paid.mean() - 0.8) < 4 * (0.8 * 0.2 / paid.size) ** 0.5
    assert not table["reward"][~table["correct"]].any()


@pytest.mark.parametrize("arms", [2, 3])
def test_the_agent_keeps_the_promises(arms):
    task = IndependentBandit(arms=arms, pulls=10)
    check_agent(skeleton("agent", "my_agent")(task), task, jax.random.key(0))


def test_the_agent_faces_the_task_and_stays_after_a_win():
    task = skeleton("task", "MyTask")()
    rows = trials(collect([skeleton("agent", "my_agent")(task)], task, jax.random.key(0), 40))
    action, reward = (rows[name].to_numpy().reshape(40, task.trials) for name in ("action", "reward"))
    stays = action[:, 1:] == action[:, :-1]
    expected = np.where(reward[:, :-1] > 0, 0.95, 0.05)  # a lapse of .1, half of which happens to stay
    assert abs((stays - expected).mean()) < 4 * (0.05 * 0.95 / stays.size) ** 0.5
    assert reward.mean() > 0.5  # chance earns .4


def test_the_experiment_makes_its_report(tmp_path):
    result = reproduce(skeleton("experiment", "EXPERIMENT"), "smoke", tmp_path / "run", quiet=True)
    claims = {claim.measure: claim for claim in result.claims}
    assert claims["chance: regret"].measured == pytest.approx(8.0, abs=4 * 0.4 * 20**0.5 / 40**0.5)
    assert claims["agent: regret"].measured is not None
    assert result.report.is_file() and json.loads((tmp_path / "run" / "claims.json").read_text())["claims"]
