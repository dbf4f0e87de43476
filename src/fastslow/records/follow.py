"""Teacher forcing: an agent sees another subject's choices and outcomes, and what it makes of them is kept.

Its values, prediction errors and choice probabilities, trial by trial, are what model-based analysis of behaviour
and of neural signals regresses on (Daw 2011, "Trial-by-trial data analysis using computational models").
"""

import equinox as eqx
import jax
import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, Key

from fastslow.agents.agent import Agent
from fastslow.records.record import trials as trials_of
from fastslow.records.script import Script, script
from fastslow.tasks.task import Task
from fastslow.timestep import Output, Percept

LEARNING = "delta_"
"""Probes with this prefix tell of the trial whose outcome has just arrived; all others of the step at hand."""


@eqx.filter_jit
def relive(agent: Agent, percepts: Percept, key: Key[Array, ""]) -> Output:
    """The agent's outputs to `percepts` `[lane time ...]`, each lane an episode that begins from birth.

    What the agent would have done does not matter: the next percept carries the recorded action. Only plain
    arrays are kept of the probes, and no units.
    """

    def episode(percepts: Percept, key: Key[Array, ""]) -> Output:
        birth_key, step_key = jax.random.split(key)

        def step(state, now):
            percept, key = now
            state, output = agent.step(state, percept, key)
            probes = {name: probe for name, probe in output.probes.items() if isinstance(probe, jax.Array)}
            return state, output._replace(units=output.units[:0], probes=probes)

        state = agent.begin_episode(agent.init_state(birth_key))
        return jax.lax.scan(step, state, (percepts, jax.random.split(step_key, percepts.time.shape[0])))[1]

    return jax.vmap(episode)(percepts, jax.random.split(key, percepts.time.shape[0]))


def follow(
    agent: Agent, task: Task, behaviour: pd.DataFrame | xr.Dataset, key: Key[Array, ""] | None = None
) -> pd.DataFrame:
    """What `agent` makes of the trials in `behaviour`, one row per trial, with the index of the table.

    **Arguments**: `task` says in what form the agent perceives the trials (a bandit or a two-step task; it may
    differ from the form in which they were made); `behaviour` a trial table or a record, see `script`; `key` for
    agents that draw (by default always the same).

    **Returns** columns: p_choice_0, ... the probability of each choice; log_likelihood of the one made, and
    log_likelihood2 of the second choice where a trial has two; value when choosing and, where it is a step of its
    own, value_stage2; every probe of the agent (q_0, q_1, ...) when choosing; and its prediction errors on the
    trial, as far as it has them: delta_stage2 = V(s2) - Q(a1), delta_reward = r - V(s2). Likelihoods and errors
    are NaN where the trial is not valid.
    """
    table = trials_of(behaviour) if isinstance(behaviour, xr.Dataset) else behaviour
    forced = script(table, task)
    outputs = jax.tree.map(
        np.asarray, relive(agent, forced.percepts, jax.random.key(0) if key is None else key)
    )
    return pd.DataFrame(columns_of(forced, outputs, table), index=table.index)


def columns_of(forced: Script, outputs: Output, table: pd.DataFrame) -> dict[str, np.ndarray]:
    start = forced.position * forced.stages
    choosing = (forced.lane, start + forced.choice_step)
    learning = (forced.lane, start + forced.stages)

    offered = slice(forced.first_choice, forced.first_choice + forced.choices)
    log_p = log_probabilities(outputs.logits[choosing][:, offered])
    columns = {f"p_choice_{i}": np.exp(log_p[:, i]) for i in range(forced.choices)}
    columns["log_likelihood"] = of_made(log_p, forced, table["action"])
    if forced.second_choice:
        second = log_probabilities(outputs.logits[forced.lane, start + forced.stages - 1])
        columns["log_likelihood2"] = of_made(second, forced, table["action2"])
    columns["value"] = outputs.value[choosing]
    if forced.stages > 1:
        columns["value_stage2"] = outputs.value[forced.lane, start + forced.stages - 1]
    for name, probe in outputs.probes.items():
        learned = name.startswith(LEARNING)
        values = probe[learning if learned else choosing]
        if learned:
            values = np.where(forced.valid, values, np.nan)
        if values.ndim == 1:
            columns[name] = values
        else:
            flat = values.reshape(len(values), -1)
            columns |= {f"{name}_{i}": flat[:, i] for i in range(flat.shape[1])}
    return columns


def log_probabilities(logits: np.ndarray) -> np.ndarray:
    """Of each option (last axis), in double precision."""
    logits = logits.astype(float) - logits.max(axis=-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def of_made(log_p: np.ndarray, forced: Script, choice: pd.Series) -> np.ndarray:
    """The log probability of each row's choice; NaN where the trial is not valid."""
    made = np.where(forced.valid, choice, 0).astype(int)
    return np.where(forced.valid, log_p[np.arange(len(made)), made], np.nan)


def predicted_errors(
    behaviour: pd.DataFrame | xr.Dataset, task: Task, model_based: Agent, model_free: Agent
) -> pd.DataFrame:
    """The reward-prediction errors that a planner and a model-free learner would have had in these trials.

    Both follow the same trials. V(s2) is what the planner holds of the state reached, for both, so that the two
    predictions differ only in what was expected of the choice: at the second stage V(s2) - Q(a1), with each
    one's own Q, and at the outcome r - V(s2) for both (Wang et al. 2018, Fig. 5f-g). Where a second choice follows,
    V(s2) is the value expected of the planner's own choice.

    **Returns** two rows per trial: subject, episode, trial, valid, event ("second_stage" or "outcome"),
    rpe_model_based, rpe_model_free; and rpe, the subject's own, if `behaviour` is a record that holds the
    prediction error of each step (`step_rpe`) in the form that `task` gives the trials.
    """
    table = trials_of(behaviour) if isinstance(behaviour, xr.Dataset) else behaviour
    table = table.reset_index(drop=True)
    based, free = follow(model_based, task, table), follow(model_free, task, table)
    forced = script(table, task)
    made = np.where(forced.valid, table["action"], 0).astype(int)
    rows = np.arange(len(table))
    q_based = based[["q_0", "q_1"]].to_numpy()[rows, made]
    q_free = free[["q_0", "q_1"]].to_numpy()[rows, made]
    onset, reward = based["delta_stage2"].to_numpy(), based["delta_reward"].to_numpy()
    if forced.second_choice:
        # Before the second choice is made, the state is worth what the planner expects of its own choice there.
        v = np.where(forced.valid, based["value_stage2"], np.nan)
        onset, reward = v - q_based, np.where(forced.valid, table["reward"], np.nan) - v
    names = [name for name in ("subject", "episode", "trial") if name in table]
    head = table[names].assign(valid=forced.valid)
    parts = [
        head.assign(event="second_stage", rpe_model_based=onset, rpe_model_free=onset + q_based - q_free),
        head.assign(event="outcome", rpe_model_based=reward, rpe_model_free=reward),
    ]
    if isinstance(behaviour, xr.Dataset) and "step_rpe" in behaviour and forced.stages > 1:
        place = np.nonzero(behaviour["present"].to_numpy())
        steps = behaviour["step_rpe"].to_numpy()
        start = forced.position * forced.stages
        parts[0]["rpe"] = steps[place[0], place[1], start + forced.choice_step]
        parts[1]["rpe"] = steps[place[0], place[1], start + forced.stages - 1]
    return pd.concat(parts, ignore_index=True)
