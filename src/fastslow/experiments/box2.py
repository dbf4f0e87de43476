"""Box 2 of the review: to decide from single memories, and when that is better than to plan or to learn slowly.

Three parts. In a corridor, an episodic agent that follows the best return walks the path that paid on the very next
walk; one-step Q-learning carries the reward back by a place a walk. In random trees (Lengyel & Dayan 2008), following
the best walk so far beats searching a model learned from the same walks, as long as walks are few; the more so the
deeper the tree and the noisier the search. Between arms whose payoffs drift, recalling one past trial is a running
average on average, and neither from choice to choice nor after a reminder (`box2_bandit`).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, Float, Key

from fastslow.agents import episodic_value, tree_controllers
from fastslow.agents.agent import Agent
from fastslow.agents.episodic_value import EpisodicConfig
from fastslow.agents.q_table import q_table
from fastslow.experiments import box2_bandit
from fastslow.experiments.box2_measures import ALPHA, CORRIDOR, DEPTHS, LATER, LOWER, NOISES, WALKS, measure
from fastslow.experiments.experiment import Condition, Drawing, Expectation, Experiment
from fastslow.figures import panels_episodic, style
from fastslow.memory import dictionary
from fastslow.records.lifetime import lifetime
from fastslow.records.record import from_arrays
from fastslow.tasks.tree import Tree

GAMMA = 0.95
BEST = EpisodicConfig(**asdict(dictionary.LENGYEL_DAYAN), gamma=GAMMA, capacity=CORRIDOR.length)
"""States are alike where they are the same; the largest return decides."""
MEAN = replace(BEST, merge="mean")
"""The mean return decides: Box 2 with a memory of every visit comes to the same."""


@dataclass(frozen=True)
class Box2Config:
    """How much of it."""

    seeds: int = 32
    """Agents in the corridor."""
    walks: int = 40
    """Walks of each through the corridor."""
    trees: int = 800
    """Random trees of each depth."""
    depths: tuple[int, ...] = DEPTHS
    """Choices on a walk through a tree."""
    episodes: int = 20
    """Episodes of each of `seeds` agents with the drifting arms, 300 choices each."""


def conditions(config: Box2Config) -> dict[str, Condition]:
    """Nobody is trained."""
    return {}


def simulate(
    config: Box2Config, trained: dict[str, list[Agent]], key: Key[Array, ""]
) -> dict[str, xr.Dataset]:
    """Lives in the corridor, and expected returns of each controller in each tree after so many walks."""
    corridor_key, *tree_keys = jax.random.split(key, 1 + len(DEPTHS))
    players = {
        "episodic_max": episodic_value.make(CORRIDOR, BEST, key),
        "episodic_mean": episodic_value.make(CORRIDOR, MEAN, key),
        "q_table": q_table(CORRIDOR, ALPHA, GAMMA),
    }
    records = {
        f"corridor_{name}": lifetime(agent, CORRIDOR, corridor_key, config.seeds, config.walks)
        for name, agent in players.items()
    }
    for depth, tree_key in zip(DEPTHS, tree_keys, strict=True):
        if depth in config.depths:
            records |= in_trees(Tree(depth=depth), tree_key, config.trees)
    return records | box2_bandit.simulate(config.seeds, config.episodes, jax.random.fold_in(key, 1))


def in_trees(task: Tree, key: Key[Array, ""], trees: int) -> dict[str, xr.Dataset]:
    """A record per controller: a tree is a subject, and a trial what is expected after so many walks."""

    def one(key: Key[Array, ""]) -> dict[str, Float[Array, " known"]]:
        tree_key, walk_key, noise_key = jax.random.split(key, 3)
        tree = task.sample(tree_key)
        walks = tree_controllers.random_walks(task, tree, walk_key, WALKS[-1])

        def after(seen: Array) -> dict[str, Float[Array, ""]]:
            policies = {"episodic": tree_controllers.episodic(task, walks, seen)}
            for noise in NOISES:
                search_key = jax.random.fold_in(noise_key, seen)
                policies[f"planner_{noise:g}"] = tree_controllers.planner(
                    task, walks, seen, noise, search_key
                )
            return {name: tree_controllers.expected_return(tree, policy) for name, policy in policies.items()}

        known = jax.lax.map(after, jnp.asarray(WALKS))
        best = tree_controllers.expected_return(tree, tree_controllers.best_policy(task, tree))
        return known | {"best": jnp.full(len(WALKS), best)}

    found = jax.jit(lambda keys: jax.lax.map(one, keys))(jax.random.split(key, trees))
    names, shape = [f"tree {i}" for i in range(trees)], (trees, 1, len(WALKS))
    walks = np.broadcast_to(np.asarray(WALKS), shape)
    blank = {"action": np.full(shape, -1), "valid": np.zeros(shape, bool), "walks": walks}
    return {
        f"trees_{task.depth}_{name}": from_arrays(
            blank | {"reward": np.asarray(values, float).reshape(shape)},
            names,
            {"task": "Tree", "depth": task.depth},
        )
        for name, values in found.items()
    }


@style.panel
def draw(tables: Mapping[str, pd.DataFrame]) -> dict[str, Drawing]:
    figure, axes = style.figure(2, 1)
    panels_episodic.walks(axes[0, 0], tables["corridor"], CORRIDOR.length - 1)
    panels_episodic.cross_overs(axes[0, 1], tables["crossings"], np.log2(WALKS[-1]))
    drawings = {"box2": Drawing(figure, {name: tables[name] for name in ("corridor", "crossings")})}
    trees = tables["trees"]
    depths = sorted(trees["depth"].unique())
    figure, axes = style.figure(len(depths), 1, height=66)
    for axis, depth in zip(axes[0], depths, strict=True):
        panels_episodic.returns(axis, trees[trees["depth"] == depth])
        axis.set_title(f"trees of depth {depth}")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=5)
    drawings["trees"] = Drawing(figure, trees)
    figure, axes = style.figure(3, 1, column_ratios=(1.1, 1.1, 0.9))
    bandit = {name: tables[f"bandit_{name}"] for name in ("weights", "choices", "reminders")}
    expected = box2_bandit.BETA * box2_bandit.ALPHA * (1 - box2_bandit.ALPHA) ** np.arange(box2_bandit.LAGS)
    panels_episodic.reward_weights(axes[0, 0], bandit["weights"], expected)
    panels_episodic.choice_curves(axes[0, 1], bandit["choices"])
    panels_episodic.reminders(axes[0, 2], bandit["reminders"])
    drawings["bandit"] = Drawing(figure, bandit)
    return drawings


LONG = ("quick", "laptop", "full")
LENGYEL, OURS = "Lengyel & Dayan 2008", "the review's Box 2; the number is ours"
BORNSTEIN = "Bornstein et al. 2017; Gershman & Daw 2017"


def of_bandit() -> tuple[Expectation, ...]:
    """What is expected of choices between drifting arms."""
    same, rate, beta = "the same mean by construction", box2_bandit.ALPHA, box2_bandit.BETA
    of = {name: f"bandit, {name}" for name in box2_bandit.NAMES}
    rates, slope = "rate of the weights of past rewards", "slope of choice on the delta rule's values"
    spread = "slope's change with the spread of past rewards"
    reminded = "choice of the reminded arm, reward above less below its value"
    less = "bandit, sampling less rescorla_wagner"
    computed = {"where": BORNSTEIN, "confidence": "computed", "presets": LONG}
    text = {
        "where": BORNSTEIN,
        "confidence": "text",
        "presets": LONG,
        "note": "the direction; its size is ours",
    }
    return (
        *(
            Expectation(f"{each}: {rates}", rate, rate - 0.04, rate + 0.04, note=same, **computed)
            for each in of.values()
        ),
        Expectation(f"{less}: rate", 0.0, -0.04, 0.04, note=same, **computed),
        Expectation(
            f"{of['rescorla_wagner']}: {slope}", beta, beta - 0.4, beta + 0.4, note="its beta", **computed
        ),
        Expectation(
            f"{less}: slope of choice",
            "below 0",
            high=0.0,
            note="which trial comes to mind varies",
            **computed,
        ),
        Expectation(
            f"{of['sampling']}: {spread}",
            "below 0",
            high=0.0,
            note="unlike trials, unlike choices",
            **computed,
        ),
        Expectation(f"{of['rescorla_wagner']}: {spread}", 0.0, note="reported", **computed),
        Expectation(f"{of['sampling']}: {reminded}", "above 0", low=0.0, **text),
        Expectation(
            f"{of['rescorla_wagner']}: {reminded}",
            0.0,
            -0.02,
            0.02,
            note="no single trial is kept",
            **computed,
        ),
    )


EXPERIMENT = Experiment(
    name="box2",
    claim=(
        "Deciding from its best memories, an agent does again at once what paid once; with few memories that beats "
        "planning in a model learned from them, the longer the deeper the world and the noisier the plan."
    ),
    cite=("botvinick2019", "lengyel2008", "blundell2016", "gershman2017", "bornstein2017", "daw2006"),
    presets={
        "smoke": Box2Config(2, 8, 8, (2,), 2),
        "quick": Box2Config(16, 40, 60, episodes=10),
        "laptop": Box2Config(),
        "full": Box2Config(200, 100, 1000, episodes=100),
    },
    conditions=conditions,
    simulate=simulate,
    measure=measure,
    draw=draw,
    expectations=(
        Expectation("corridor, episodic_max: second walk is the shortest path", 1.0, 1.0, 1.0, OURS, "exact"),
        Expectation(
            "corridor, episodic_mean: second walk is the shortest path",
            "not published",
            where=OURS,
            note="reported",
        ),
        Expectation(
            "corridor, q_table: walks before the path is shortest",
            f"{CORRIDOR.length - 1} or more",
            low=CORRIDOR.length - 1.0,
            where="Sutton & Barto 2018, section 6.1",
            confidence="computed",
            note="the reward is carried back by a place a walk",
        ),
        *(
            Expectation(
                f"trees of depth {depth}, noise 1: episodic less planner, {when}",
                published,
                where=LENGYEL,
                confidence="text",
                presets=LONG,
                **bound,
            )
            for depth in DEPTHS
            for when, published, bound in (
                (f"early, {LOWER}", "above 0", {"low": 0.0}),
                (f"after {WALKS[-1]} walks", "below 0", {"high": 0.0}),
            )
        ),
        *(
            Expectation(
                f"trees of depth {depth}, noise {noise:g}: episodic less planner, early",
                "above 0, the more so the noisier",
                where=LENGYEL,
                confidence="text",
                presets=LONG,
                note="reported",
            )
            for noise in NOISES
            for depth in DEPTHS
        ),
        *(
            Expectation(
                f"cross-over, {what}: doublings of walks",
                "above 0",
                low=0.0,
                where=LENGYEL,
                confidence="text",
                presets=LONG,
            )
            for what in LATER
        ),
        *of_bandit(),
    ),
    departures=(
        "Sizes, rewards and odds of the trees are ours, as is the form of the noise; of the paper its claims alone are "
        "known to us.",
        "Experience is of random walks, the same for both controllers; their policies are judged exactly, not played.",
        "No number of people's choices between drifting arms is held against ours: rate, temperature and how often a "
        "reminder works are set by us, and with them the sizes of all effects.",
    ),
)
