"""Measures, claims and figures of barcode bandits, from behaviour that is made by hand."""

import numpy as np
import pandas as pd
import pytest

from fastslow.experiments.episodic_bandits import EXPERIMENT, NOISES
from fastslow.experiments.experiment import judge
from fastslow.records.record import from_trials

ORDER = (0, 1, 2, 1, 0, 2, 2, 0, 1)
"""Contexts by exposure: three, each met three times."""


def lived(p_known, p_new=0.1, subjects=2, episodes=2, recalls=None, pulls=2):
    """Trials of subjects who are right with these probabilities, exactly: so many of each ten episodes."""
    rows = []
    for subject in range(subjects):
        for episode in range(10 * episodes):
            latest = {}
            for order, context in enumerate(ORDER):
                exposure = 1 + ORDER[:order].count(context)
                right = (episode % 10) < round(10 * (p_new if exposure == 1 else p_known))
                for pull in range(pulls):
                    recalled = latest.get(context, order - 1) if recalls == "own" else order - 1
                    rows.append(
                        {
                            "subject": f"seed {subject}",
                            "episode": episode,
                            "trial": pulls * order + pull,
                            "action": 0,
                            "reward": float(right),
                            "correct": right,
                            "regret": 0.0 if right else 0.8,
                            "context": context,
                            "exposure": exposure,
                            "exposure_trial": pull,
                            "exposure_order": order,
                        }
                        | ({} if recalls is None else {"recalled": recalled, "recalled_similarity": 1.0})
                    )
                latest[context] = order
    return from_trials(pd.DataFrame(rows))


@pytest.fixture(scope="module")
def records():
    plain = {name: lived(0.1) for name in ("lstm", "lstm_restart", "untrained")}
    noisy = {
        f"noise_{level:g}_{name}": lived(0.9 - 2 * level, recalls="own")
        for name in ("ep_lstm", "ep_lstm_noisy", "ep_lstm_kernel")
        for level in NOISES
    }
    recalling = {"ep_lstm": lived(0.9, recalls="own"), "ungated": lived(0.5, recalls="last")}
    ablated = {"ablated": lived(0.1, recalls="last")}
    return recalling | plain | ablated | {"observer": lived(1.0)} | noisy


def test_claims_are_the_shares_of_right_first_pulls(records):
    tables = EXPERIMENT.measure(records)
    told = {claim.measure: claim for claim in judge(EXPERIMENT, tables["claims"])}
    assert all(claim.measured is not None for claim in told.values())
    first = "first pull correct, exposures 2 to 10"
    for name, share in {"ep_lstm": 0.9, "lstm": 0.1, "ungated": 0.5, "observer": 1.0}.items():
        assert told[f"{name}: {first}"].measured == pytest.approx(share)
    assert told[f"ep_lstm: {first}"].accepted and told[f"lstm: {first}"].accepted
    assert told[f"ablated less lstm: {first}"].measured == pytest.approx(0)
    assert told["ep_lstm over lstm: regret of exposure 1"].measured == pytest.approx(1)
    assert told["ep_lstm: first pull correct, 20 % of bits flipped"].measured == pytest.approx(0.5)
    claims = tables["claims"].set_index("measure")["value"]
    assert claims["lstm: regret of exposure 1"] == pytest.approx(2 * 0.9 * 0.8)
    assert claims["ep_lstm: recalled what was stored under this barcode"] == 1
    # Who recalls the exposure before: at the sixth and seventh the same context follows on itself once, of six returns.
    wrong = tables["retrieval"].set_index("name")["right"]
    assert wrong["ungated"].tolist() == pytest.approx([1 / 6] * 2)


def test_figures_show_regret_first_pulls_and_noise(records):
    drawing = EXPERIMENT.draw(EXPERIMENT.measure(records))["episodic_bandits"]
    lines = [axes.get_lines() for axes in drawing.figure.axes]
    assert [len(axes) for axes in lines[:2]] == [3, 3]
    by_name = {line.get_label(): line.get_ydata() for line in lines[2]}
    np.testing.assert_allclose(by_name["episodic LSTM"], [0.1, 0.9, 0.9])
    noise = {line.get_label(): line.get_ydata() for line in lines[3]}
    np.testing.assert_allclose(noise["episodic LSTM"], [0.9, 0.8, 0.7, 0.6, 0.5])
    assert set(drawing.data) == {"regret", "first_pulls", "noise"}


def test_conditions_differ_in_what_is_recalled_alone():
    made = EXPERIMENT.conditions(EXPERIMENT.config("laptop"))
    assert {name: each.agent.recall for name, each in made.items()} == {
        "ep_lstm": "gate",
        "lstm": "none",
        "lstm_restart": "none",
        "ungated": "input",
        "ep_lstm_noisy": "gate",
        "ep_lstm_kernel": "gate",
    }
    assert len({each.trainer for each in made.values()}) == 1
    assert not made["lstm"].agent.restart and made["lstm_restart"].agent.restart
    assert {name for name, each in made.items() if float(each.task.noise) > 0} == {
        "ep_lstm_noisy",
        "ep_lstm_kernel",
    }
