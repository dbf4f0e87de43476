"""A listener changes nothing of what its actor does, and its own units are what is recorded."""

import jax
import numpy as np

from fastslow.agents.listening import Listening
from fastslow.agents.recurrent import RecurrentConfig, make
from fastslow.records.collect import collect
from fastslow.tasks.foraging import Foraging

KEY = jax.random.key(0)


def test_the_actor_acts_and_the_listener_is_recorded():
    task = Foraging(least_trials=3, trials=4)
    actor, listener = (make(task, RecurrentConfig(units=units), KEY) for units in (3, 5))
    both = Listening(actor, listener)
    alone, together = (collect([agent], task, KEY, 4, units=True) for agent in (actor, both))
    for name in ("action", "reward", "valid", "step_reward"):
        np.testing.assert_array_equal(alone[name], together[name])
    assert together.sizes["unit"] == 5
