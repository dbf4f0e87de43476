"""Two lists of patterns: drawn by number, shown by share, paid by odds."""

import numpy as np
import pytest
from rolls import roll, within

from fastslow.errors import UserError
from fastslow.tasks.associations import Associations

TASK = Associations(share=0.25, p_right=0.8, p_wrong=0.3, number=7)


def test_patterns_are_shown_by_share_and_answers_paid_by_odds():
    rolled = roll(TASK, 8000)
    trials, lists = rolled.trials(), TASK.lists()
    assert within(trials["second"], 0.25)
    assert set(trials["pattern"]) == set(range(16))
    np.testing.assert_array_equal(rolled.opening.observation, np.asarray(lists.patterns)[trials["pattern"]])
    right = trials["action"] == np.asarray(lists.right)[trials["pattern"]]
    np.testing.assert_array_equal(trials["correct"], right)
    assert within(trials["reward"][right], 0.8) and within(trials["reward"][~right], 0.3)
    np.testing.assert_allclose(trials["regret"], np.where(right, 0, 0.5), atol=1e-6)


def test_a_number_stands_for_the_same_lists_and_answers_are_balanced():
    lists, again, others = (Associations(number=number).lists() for number in (7, 7, 8))
    np.testing.assert_array_equal(lists.patterns, again.patterns)
    assert (lists.patterns != others.patterns).mean() == pytest.approx(0.5, abs=0.1)
    for half in np.asarray(lists.right).reshape(2, -1):
        assert np.bincount(half).tolist() == [2, 2, 2, 2]


@pytest.mark.parametrize(
    ("wrong", "said"), [({"share": 1.5}, "share is 1.5"), ({"patterns": 0}, "patterns is 0")]
)
def test_parameters_are_checked(wrong, said):
    with pytest.raises(UserError, match=said):
        Associations(**wrong)
