"""The corridor: it keeps the rules, and a walker by chance needs as long as the theory of random walks says."""

import jax
import numpy as np
import pytest

from fastslow.errors import UserError
from fastslow.tasks.check import check_task
from fastslow.tasks.corridor import BACK, FORWARD, Corridor

KEY = jax.random.key(0)


def walk(task, actions):
    state, timestep = task.start(task.sample(KEY), KEY)
    steps = [timestep]
    for action in actions:
        state, timestep = task.step(state, jax.numpy.int32(action), KEY)
        steps.append(timestep)
    return steps


def test_it_keeps_the_rules_and_chance_takes_as_long_as_it_must():
    table = check_task(Corridor(length=6, limit=2000), KEY, 1000, varied=False, truncates=True)
    # From a reflecting end (it stays with probability 1/2) n steps away: n (n + 1) on average.
    assert np.mean(table["steps"]) == pytest.approx(30, rel=0.1)
    assert table["found"].all() and (table["reward"] == 1).all()


def test_forward_leads_to_the_reward_and_back_to_the_start():
    steps = walk(Corridor(length=4), [FORWARD, BACK, BACK, 7, FORWARD, FORWARD, FORWARD])
    assert [int(s.observation.argmax()) for s in steps] == [0, 1, 0, 0, 0, 1, 2, 3]
    assert [bool(s.last) for s in steps] == [False] * 7 + [True]
    assert float(steps[-1].reward) == 1 and float(steps[-1].discount) == 0
    assert [bool(s.trial["valid"]) for s in steps[1:]] == [True, True, True, False, True, True, True]


def test_a_walk_that_is_cut_off_is_no_true_end():
    last = walk(Corridor(length=9, limit=2), [FORWARD, FORWARD])[-1]
    assert bool(last.last) and float(last.discount) == 1 and not bool(last.trial["found"])


@pytest.mark.parametrize(("wrong", "said"), [({"length": 1}, "length is 1"), ({"limit": 0}, "limit is 0")])
def test_sizes_are_checked(wrong, said):
    with pytest.raises(UserError, match=said):
        Corridor(**wrong)
