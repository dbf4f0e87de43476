"""Every agent in the catalog keeps the promises of `Agent`, and `check_agent` catches those who do not."""

import inspect

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

from fastslow.agents.check import check_agent
from fastslow.agents.observer import Observer, sampled
from fastslow.agents.rescorla_wagner import RescorlaWagner
from fastslow.agents.uniform import Uniform
from fastslow.catalog import CATALOG, load
from fastslow.errors import UserError
from fastslow.tasks.bandit import CorrelatedBandit, IndependentBandit
from fastslow.tasks.barcode_bandits import barcode_bandits
from fastslow.tasks.compositional_bandits import CompositionalBandits
from fastslow.tasks.contextual_choice import ContextualChoice
from fastslow.tasks.episodic_two_step import EpisodicTwoStep
from fastslow.tasks.foraging import Foraging
from fastslow.tasks.harlow import Harlow
from fastslow.tasks.harlow_pixels import HarlowPixels
from fastslow.tasks.harlow_ring import HarlowRing
from fastslow.tasks.inferred_value import InferredValue
from fastslow.tasks.informative_arm import InformativeArm
from fastslow.tasks.restless import RestlessBandit
from fastslow.tasks.reversal import Reversal
from fastslow.tasks.risky_choice import RiskyChoice
from fastslow.tasks.set_size import SetSize
from fastslow.tasks.tabular_mdp import TabularMDP
from fastslow.tasks.two_step import TwoStep, TwoStepInOne
from fastslow.tasks.two_step_daw import TwoStepDaw
from fastslow.tasks.volatility import VolatileBandit
from fastslow.tasks.water_maze import WaterMaze, contextual_water_maze

SMALL = {
    "bayes_compositional": [CompositionalBandits(levels=3, codes=2, pulls=2, bits=2)],
    "bayes_correlated": [CorrelatedBandit(pulls=8)],
    "bayes_episodic": [EpisodicTwoStep(trials=4)],
    "bayes_forager": [Foraging(least_trials=3, trials=4)],
    "bayes_greedy": [TwoStepInOne(trials=6)],
    "bayes_recurring": [barcode_bandits(arms=3, pulls=2, contexts=2, exposures=2, bits=2)],
    "bayes_reversal": [Reversal(trials=8)],
    "bayes_risky": [RiskyChoice(forced=2, trials=4)],
    "informed": [InformativeArm()],
    "searcher": [InformativeArm()],
    "local_matcher": [Foraging(fixation=False, least_trials=6, trials=6)],
    "learning_set": [Harlow(features=3), HarlowRing(limit=30), HarlowPixels(limit=30)],
    "restless_thompson": [RestlessBandit(pulls=8)],
    "side_belief": [InferredValue(trials=3)],
    "cue_td": [InferredValue(trials=3)],
    "bayes_volatility": [VolatileBandit(pulls=8)],
    **{
        name: [TabularMDP(3, 2, 3, 2)]
        for name in ("psrl", "opsrl", "ucrl2", "beb", "mdp_greedy", "mdp_epsilon_greedy")
    },
    "accumulator": [ContextualChoice(examples=2, steps=3, noise=1, size=2)],
    "swimmer": [WaterMaze(3, 6)],
    "recalling": [contextual_water_maze(3, 6, contexts=2, exposures=2, bits=3)],
    "rl_wm": [SetSize(least=2, most=2, presentations=3)],
    "rl_alone": [SetSize(least=2, most=2, presentations=3)],
    "perfect_memory": [SetSize(least=2, most=2, presentations=3)],
    "model_free": [TwoStepInOne(trials=6)],
    "model_based": [TwoStepDaw(trials=4)],
    "hybrid": [TwoStep(trials=4)],
}
SAME_CLASS = {
    "greedy": "epsilon_greedy",
    "searcher": "informed",
    "optimistic_thompson": "thompson",
    "opsrl": "psrl",
    "mdp_greedy": "mdp_epsilon_greedy",
    "model_free": "hybrid",
    "model_based": "hybrid",
    "rl_alone": "rl_wm",
}
REMEMBER = ("box2", "mfec", "q_table", "value_network")
"""What they learn outlives the episode: tests/agents/test_episodic_value.py, tests/agents/test_value_network.py."""
OBSERVERS = sorted(
    name
    for name in CATALOG["agent"]
    if "config" not in inspect.signature(load("agent", name)).parameters and name not in REMEMBER
)


@pytest.mark.usefixtures("forgotten")
@pytest.mark.parametrize("name", [name for name in OBSERVERS if name not in SAME_CLASS])
def test_every_observer_keeps_the_promises(name):
    for task in SMALL.get(name, [IndependentBandit(pulls=8)]):
        check_agent(load("agent", name)(task), task, jax.random.key(0), steps=10)


def test_those_left_out_are_of_a_class_that_is_not():
    for name, other in SAME_CLASS.items():
        task = SMALL.get(name, [IndependentBandit(pulls=8)])[0]
        assert type(load("agent", name)(task)) is type(load("agent", other)(task))


def test_the_recurrent_agent_keeps_the_promises():
    from fastslow.agents.recurrent import RecurrentConfig, make

    task = TwoStep(trials=4)
    check_agent(make(task, RecurrentConfig(units=4), jax.random.key(1)), task, jax.random.key(0), steps=10)


class Faulty(Observer):
    """A learner whose fault is chosen by name."""

    fault: str = eqx.field(static=True)
    gain: jax.Array = eqx.field(default_factory=lambda: jnp.float32(1))

    def blank(self):
        return jnp.zeros(2)

    def begin_episode(self, state):
        return state if self.fault == "remembers" else self.blank()

    def take_in(self, state, percept):
        state = state.at[0].add(percept.last_reward + 1)
        return (jnp.append(state, 0.0) if self.fault == "form" else state), {}

    def choose(self, state, percept, key):
        logits = state[:2] * self.gain
        if self.fault == "nan":
            logits = jnp.where(percept.time == 5, jnp.nan, logits)
        output = sampled(key, logits, state.sum())
        if self.fault == "range":
            output = output._replace(action=output.action + 1)
        if self.fault == "logits":
            output = output._replace(logits=jnp.zeros(3))
        if self.fault == "unlikely":
            output = output._replace(action=jnp.int32(1), logits=jnp.array([0.0, -50.0]))
        if self.fault == "python":
            output = output._replace(value=state.sum() if state.sum() > 1 else jnp.float32(0))
        return output


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("remembers", "does not forget at the start of an episode"),
        ("form", "step returns a state of another form"),
        ("nan", r"output.logits that is not finite at step 5"),
        ("range", "takes action 2, but the task has actions 0 to 1"),
        ("logits", r"gives logits of shape \(3,\)"),
        ("unlikely", "its own logits all but exclude"),
        ("python", "does not work inside jit"),
    ],
)
def test_catches(fault, sentence):
    with pytest.raises(UserError, match=sentence):
        check_agent(Faulty(fault), IndependentBandit(pulls=8), jax.random.key(0), steps=20)


def test_one_that_may_remember_passes_where_that_is_said():
    check_agent(Faulty("remembers"), IndependentBandit(pulls=8), jax.random.key(0), forgets=False, steps=20)


def test_catches_a_number_that_is_no_array():
    agent = eqx.tree_at(lambda a: a.alpha, RescorlaWagner(), 0.5)
    with pytest.raises(UserError, match=r"RescorlaWagner.alpha is a float, not an array"):
        check_agent(agent, IndependentBandit(pulls=8), jax.random.key(0))


def test_catches_actions_that_the_task_does_not_have():
    with pytest.raises(UserError, match=r"logits of shape \(3,\)"):
        check_agent(Uniform(3), IndependentBandit(pulls=8), jax.random.key(0))
