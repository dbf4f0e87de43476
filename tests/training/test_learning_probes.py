"""A2C on the seven probe worlds: the first that fails names the part that is broken."""

import jax
import numpy as np
import pytest

from fastslow.agents.recurrent import RecurrentConfig, make
from fastslow.loop import run
from fastslow.tasks.probes import PROBES, ConstantReward, ObservedReward
from fastslow.training.actor_critic import A2CConfig, a2c

CONFIG = A2CConfig(
    updates=250,
    lanes=32,
    gamma=0.9,
    value_weight=0.5,
    learning_rate=1e-2,
    entropy_weight=0.02,
    final_entropy_weight=0.0,
)


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.__name__)
def test_each_probe_is_solved(probe):
    task = probe()
    loop = a2c(task, lambda task, key: make(task, RecurrentConfig(units=8), key), CONFIG)
    _, metrics = jax.jit(lambda key: run(loop, key, CONFIG.updates))(jax.random.key(1))
    returns = np.asarray(metrics["reward"]) * task.trials
    span = task.best - task.chance
    if span > 0:
        assert returns[:3].mean() < task.chance + 0.5 * span  # untrained, it fails
        assert returns[-20:].mean() > task.chance + 0.85 * span
    if probe in (ConstantReward, ObservedReward):  # where all that is paid can be foreseen
        errors = np.asarray(metrics["value_loss"])
        assert errors[-20:].mean() < 0.05 * errors[0]
