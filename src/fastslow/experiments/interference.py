"""Catastrophic interference: why what is learned by small adjustments must be learned slowly.

A value network learns which action pays at each pattern of a first list, then goes on with a second list. However large
its step, it learns the second; what is left of the first depends on the step. Large steps overwrite it; small ones,
which average over many trials, hardly touch it, and need many more trials. A dictionary of single memories has neither
trouble. The review's first source of slowness (Botvinick et al. 2019), after McCloskey & Cohen 1989, McClelland et al.
1995 and French 1999.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, Float, Key, PyTree

from fastslow.agents import episodic_value
from fastslow.agents.agent import Agent
from fastslow.agents.episodic_value import EpisodicConfig
from fastslow.agents.interaction import first_percept, interaction
from fastslow.agents.observer import best
from fastslow.agents.value_network import value_network
from fastslow.experiments.experiment import Condition, Drawing, Expectation, Experiment
from fastslow.experiments.interference_measures import FASTEST, LARGEST, SMALLEST, STEP_SIZES, at, measure
from fastslow.figures import panels_interference, style
from fastslow.loop import map_seeds, run
from fastslow.records.record import from_arrays
from fastslow.tasks.associations import Associations
from fastslow.tasks.task import opening

TASK = Associations()
EPSILON = 0.3
"""Probability of a uniform action while learning, so that small steps too meet what pays; lists are tested without."""
FIRST_STEP = 0.3
"""Step size at which every network learns the first list, whatever its own for the second."""
SCHEDULES = {"sequential": 1.0, "interleaved": 0.5}
"""Probability of the second list after the first was learned."""
DICTIONARY = EpisodicConfig(scale=1e-6, capacity=2 * TASK.patterns, merge="mean", epsilon=EPSILON)
"""Patterns are alike where they are the same; of each, and each action, the mean reward is kept."""


@dataclass(frozen=True)
class InterferenceConfig:
    """How much of it."""

    seeds: int = 16
    """Networks, each with lists of its own; and as many dictionaries."""
    first: int = 4000
    """Trials of the first list."""
    then: int = 24_000
    """Trials that follow, of the second list or of both."""
    checks: int = 200
    """Times within these at which both lists are tested."""


class Tested(NamedTuple):
    """Shares of the patterns of each list at which the greatest value is that of the right action."""

    first: Float[Array, "*check"]
    second: Float[Array, "*check"]


def conditions(config: InterferenceConfig) -> dict[str, Condition]:
    """Whoever learns here learns in life; see `simulate`."""
    return {}


def tested(agent: Agent, task: Associations, state: PyTree, key: Key[Array, ""]) -> Tested:
    """What `agent` would choose at every pattern without exploring; where values tie, the chance of the right one."""
    lists = task.lists()

    def chosen(pattern: Array, right: Array) -> Array:
        percept = first_percept(opening(pattern, {}))
        q = agent.step(state, percept, key)[1].probes["q"]
        return jnp.where(jnp.arange(q.size) == right, jnp.exp(best(q)), 0.0).sum()

    shares = jax.vmap(chosen)(lists.patterns, lists.right).reshape(2, -1).mean(-1)
    return Tested(shares[0], shares[1])


def learn_first(agent: Agent, task: Associations, trials: int, key: Key[Array, ""]) -> PyTree:
    """One lane of `agent` and task, after so many trials of the first list."""
    return run(interaction(agent, task, 1), key, trials)[0]


def go_on(
    agent: Agent, task: Associations, batch: PyTree, config: InterferenceConfig, key: Key[Array, ""]
) -> Tested:
    """What the lane's agent knows of both lists before it goes on as `agent` in `task`, and at every check."""
    loop = interaction(agent, task, 1)

    def now(batch: PyTree) -> Tested:
        return tested(agent, task, alone(batch.agent_state, agent.state_axes), key)

    def stretch(batch: PyTree, key: Key[Array, ""]) -> tuple[PyTree, Tested]:
        batch = run(loop, key, config.then // config.checks, batch)[0]
        return batch, now(batch)

    after = jax.lax.scan(stretch, batch, jax.random.split(key, config.checks))[1]
    return jax.tree.map(lambda one, rest: jnp.concatenate([one[None], rest]), now(batch), after)


def alone(state: PyTree, axes: PyTree) -> PyTree:
    """The state of the only lane, where `axes` says what is a lane's own (0) and what is shared (None)."""

    def each(axis: int | None, part: PyTree) -> PyTree:
        return part if axis is None else jax.tree.map(lambda x: x[0], part)

    return jax.tree.map(each, axes, state, is_leaf=lambda axis: axis is None)


def lives(config: InterferenceConfig, key: Key[Array, ""]) -> dict[str, Tested]:
    """One network, by schedule and step size, and one dictionary, by schedule, with lists of their own."""
    list_key, first_key, then_key = jax.random.split(key, 3)
    number = jax.random.randint(list_key, (), 0, 2**24)
    task = eqx.tree_at(lambda task: task.number, TASK, number.astype(jnp.float32))
    shares = jnp.asarray(list(SCHEDULES.values()))

    def mixed(share: Array) -> Associations:
        return eqx.tree_at(lambda task: task.share, task, share)

    network = value_network(TASK, FIRST_STEP, epsilon=EPSILON)
    learned = learn_first(network, task, config.first, first_key)

    def network_on(share: Array, alpha: Array) -> Tested:
        slower = eqx.tree_at(lambda agent: agent.alpha, network, alpha)
        return go_on(slower, mixed(share), learned, config, then_key)

    dictionary = episodic_value.make(TASK, DICTIONARY, first_key)
    stored = learn_first(dictionary, task, config.first, first_key)
    alphas = jnp.asarray(STEP_SIZES)
    return {
        "network": jax.vmap(lambda share: jax.vmap(lambda alpha: network_on(share, alpha))(alphas))(shares),
        "dictionary": jax.vmap(lambda share: go_on(dictionary, mixed(share), stored, config, then_key))(
            shares
        ),
    }


def simulate(
    config: InterferenceConfig, trained: dict[str, list[Agent]], key: Key[Array, ""]
) -> dict[str, xr.Dataset]:
    """A record for each learner and schedule: an episode is a step size, a trial a check of both lists."""
    seeds = jnp.arange(config.seeds, dtype=jnp.uint32)

    def one(seed: Array) -> dict[str, Tested]:
        return lives(config, jax.random.fold_in(key, seed))

    found = jax.jit(lambda seeds: map_seeds(one, seeds, config.seeds))(seeds)
    trials = np.arange(config.checks + 1) * (config.then // config.checks)
    records = {}
    for i, schedule in enumerate(SCHEDULES):
        network, dictionary = (
            jax.tree.map(lambda x, i=i: np.asarray(x)[:, i], found[name])
            for name in ("network", "dictionary")
        )
        dictionary = jax.tree.map(lambda x: x[:, None], dictionary)
        records[f"network_{schedule}"] = as_record(network, trials, STEP_SIZES)
        records[f"dictionary_{schedule}"] = as_record(dictionary, trials, (np.nan,))
    return records


def as_record(shares: Tested, trials: np.ndarray, step_sizes: tuple[float, ...]) -> xr.Dataset:
    """Checks as trials: `first` and `second`, what is known of each list, `lived`, trials since the second began."""
    shape = shares.first.shape
    columns = {
        "action": np.full(shape, -1),
        "valid": np.zeros(shape, bool),
        "reward": (shares.first + shares.second).astype(float) / 2,
        "first": shares.first.astype(float),
        "second": shares.second.astype(float),
        "lived": np.broadcast_to(trials, shape),
        "step_size": np.broadcast_to(np.asarray(step_sizes)[:, None], shape),
    }
    names = [f"seed {i}" for i in range(shape[0])]
    return from_arrays(columns, names, {"task": "Associations", "chance": 1 / TASK.answers})


@style.panel
def draw(tables: Mapping[str, pd.DataFrame]) -> dict[str, Drawing]:
    figure, axes = style.figure(3, 1, height=64)
    kept, learned = tables["kept"], tables["learned"]
    panels_interference.by_step_size(axes[0, 0], kept, "kept of the first list")
    panels_interference.by_step_size(axes[0, 1], learned, "known of the second list")
    panels_interference.by_step_size(
        axes[0, 2], tables["trials"], "trials until the second is known", log=True
    )
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    drawings = {
        "interference": Drawing(figure, {"kept": kept, "learned": learned, "trials": tables["trials"]})
    }
    courses = tables["courses"]
    figure, axes = style.figure(2, 1, height=66)
    for axis, list_ in zip(axes[0], ("first", "second"), strict=True):
        panels_interference.courses(axis, courses[courses["list"] == list_])
        axis.set_title(f"{list_} list")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right")
    drawings["courses"] = Drawing(figure, courses)
    return drawings


MCCLELLAND = "McClelland et al. 1995; French 1999; Botvinick et al. 2019"
TARGET = {"where": MCCLELLAND, "confidence": "target"}
EXPERIMENT = Experiment(
    name="interference",
    claim=(
        "A network that goes from a first list to a second learns the second at every step size, and keeps the first "
        "only where its steps are small; small steps are slow, and a memory of single cases is neither slow nor "
        "overwritten."
    ),
    cite=("mccloskey1989", "mcclelland1995", "french1999", "botvinick2019"),
    presets={
        "smoke": InterferenceConfig(2, 300, 300, 4),
        "quick": InterferenceConfig(8),
        "laptop": InterferenceConfig(),
        "full": InterferenceConfig(100, 4000, 48_000, 400),
    },
    conditions=conditions,
    simulate=simulate,
    measure=measure,
    draw=draw,
    expectations=(
        Expectation("first list known before the second begins", "learned", low=0.99, **TARGET),
        *(
            Expectation(f"{at('sequential', size)}: second list known", "learned", low=0.9, **TARGET)
            for size in STEP_SIZES
        ),
        Expectation(f"{at('sequential', SMALLEST)}: kept", "kept", low=0.9, **TARGET),
        Expectation(f"{at('sequential', LARGEST)}: kept", "lost", high=0.5, **TARGET),
        *(
            Expectation(f"{at(schedule, size)}: kept", "not published", where="ours", note="reported")
            for schedule in ("sequential", "until known")
            for size in STEP_SIZES[1:-1]
        ),
        Expectation(
            "sequential: kept falls with the step size, within intervals",
            1.0,
            1.0,
            1.0,
            **TARGET,
        ),
        Expectation(
            "sequential, smallest less largest step: kept when the second list is first known",
            "above 0",
            low=0.0,
            **TARGET,
            note="as much learned, not as many trials",
        ),
        Expectation(f"{at('until known', SMALLEST)}: kept", "kept", low=0.9, **TARGET),
        Expectation(f"{at('until known', LARGEST)}: kept", "lost", **TARGET, note="reported"),
        Expectation(f"{at('interleaved', SMALLEST)}: kept", "kept", low=0.9, **TARGET),
        Expectation(f"{at('interleaved', SMALLEST)}: second list known", "learned", low=0.9, **TARGET),
        Expectation(
            f"{at('interleaved', LARGEST)}: kept",
            "not published",
            where="ours",
            note="reported",
        ),
        Expectation(
            "sequential, smallest over largest step: trials until the second list is known",
            "slower",
            low=1.0,
            **TARGET,
        ),
        Expectation("dictionary, sequential: kept", 1.0, 0.99, 1.0, where="by construction"),
        Expectation("dictionary, sequential: second list known", "learned", low=0.99, where="ours"),
        Expectation(
            "dictionary over network of the smallest step: trials until the second list is known",
            "below 1",
            high=1.0,
            **TARGET,
        ),
        Expectation(
            f"{FASTEST}: trials until the second list is known",
            "not published",
            where="ours",
            note="reported",
        ),
    ),
    departures=(
        "Answers are learned from reward, by trial and error; the networks of McCloskey & Cohen were told the answers.",
        "All networks learn the first list at one step size, so that they differ in nothing when the second begins.",
        "Every answer is right equally often in both lists. Where answers were drawn without balance, small steps kept "
        "less (.85 of the first list, on other lists than are reported): what two lists share, no step keeps apart.",
    ),
)
