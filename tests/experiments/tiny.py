"""An experiment of seconds, as one's own: `fastslow reproduce tests/experiments/tiny.py:TINY`."""

from dataclasses import dataclass
from typing import NamedTuple

import equinox as eqx
import pandas as pd

from fastslow.agents.greedy import EpsilonGreedy, epsilon_greedy
from fastslow.agents.recurrent import RecurrentConfig
from fastslow.agents.uniform import uniform
from fastslow.experiments.experiment import Condition, Drawing, Expectation, Experiment
from fastslow.figures import style
from fastslow.loop import Loop
from fastslow.records.collect import collect
from fastslow.records.record import trials
from fastslow.tasks.bandit import CorrelatedBandit
from fastslow.training.actor_critic import A2CConfig


@dataclass(frozen=True)
class Config:
    seeds: int = 2
    updates: int = 4
    episodes: int = 20


class OwnState(NamedTuple):
    agent: EpsilonGreedy


def own_trainer(task, make_agent, config):
    """A search without gradients: lapses become rarer by a tenth at each update."""

    def step(state, key):
        epsilon = 0.9 * state.agent.epsilon
        return OwnState(eqx.tree_at(lambda agent: agent.epsilon, state.agent, epsilon)), {"epsilon": epsilon}

    return Loop(lambda key: OwnState(make_agent(task, key)), step)


def conditions(config):
    task, trainer = CorrelatedBandit(pulls=6), A2CConfig(updates=config.updates, lanes=4)
    return {
        "patient": Condition(task, RecurrentConfig(units=4), trainer),
        "hasty": Condition(
            task, 0.5, trainer, lambda task, start, key: epsilon_greedy(task, start), own_trainer
        ),
    }


def simulate(config, trained, key):
    task = CorrelatedBandit(pulls=6)
    behaved = {name: collect(agents, task, key, config.episodes) for name, agents in trained.items()}
    return behaved | {"chance": collect([uniform(task)], task, key, config.episodes, ["chance"])}


def measure(records):
    rewards = pd.concat([trials(record).assign(who=name) for name, record in records.items()])
    table = rewards.groupby(["who", "subject"])["reward"].mean().reset_index()
    means = table.groupby("who")["reward"].mean()
    claims = [(f"reward of {who}", mean, mean - 0.1, mean + 0.1) for who, mean in means.items()]
    return {"rewards": table, "claims": pd.DataFrame(claims, columns=["measure", "value", "low", "high"])}


def draw(tables):
    made, axes = style.figure(1, 1, "single")
    axes[0, 0].bar(tables["rewards"]["who"], tables["rewards"]["reward"])
    return {"rewards": Drawing(made, tables["rewards"])}


CHANCE = Expectation("reward of chance", 0.5, 0.3, 0.7, "arithmetic", "certain", "two arms, p2 = 1 - p1")
BOAST = Expectation("reward of patient", "perfect <b>", 0.99, where="nowhere")
RATS = Expectation("reward of rats", 0.6, 0.0, 1.0, needs="rats")
ABSENT = Expectation("reward of ghosts", 0.6, 0.0, 1.0)

TINY = Experiment(
    name="tiny",
    claim="Two arms are worth a half & more.",
    cite=("wang2016",),
    presets={"smoke": Config(), "quick": Config(3), "laptop": Config(8), "full": Config(8)},
    conditions=conditions,
    simulate=simulate,
    measure=measure,
    measure_other=lambda name, record: None,
    draw=draw,
    expectations=(CHANCE, BOAST, RATS, ABSENT),
    departures=("Everything is <small>er.",),
)
