"""Teacher forcing: an agent led through its own trials relives them; led through others', it is judged by hand."""

import jax
import numpy as np
import pandas as pd
import pytest

from fastslow.agents.bayes_greedy import bayes_greedy
from fastslow.agents.check import quick_jit
from fastslow.agents.interaction import interaction
from fastslow.agents.rescorla_wagner import rescorla_wagner
from fastslow.agents.tabular import hybrid, model_based, model_free
from fastslow.errors import UserError
from fastslow.loop import run
from fastslow.records.collect import collect
from fastslow.records.follow import follow, predicted_errors
from fastslow.tasks.bandit import IndependentBandit
from fastslow.tasks.restless import RestlessBandit
from fastslow.tasks.two_step import TwoStep, TwoStepInOne
from fastslow.tasks.two_step_daw import TwoStepDaw

TASKS = {
    "bandit": (IndependentBandit(3, 12), rescorla_wagner),
    "in_one": (TwoStepInOne(trials=12), hybrid),
    "fixation": (TwoStep(trials=12), hybrid),
    "daw": (TwoStepDaw(trials=12), hybrid),
}


@quick_jit
def play(agent, task):
    return run(interaction(agent, task, 5), jax.random.key(4), task.episode_steps)[1]


def table_of(trace):
    """The trial table of the lanes' episodes, in shuffled order of rows."""
    ends = np.asarray(trace.trial["trial_end"])[:, 0]
    columns = {name: np.asarray(values)[ends] for name, values in trace.trial.items()}
    trials, lanes = columns["action"].shape
    trial, lane = np.meshgrid(np.arange(trials), np.arange(lanes), indexing="ij")
    table = pd.DataFrame({"subject": [f"seed {i}" for i in lane.ravel() % 2], "episode": lane.ravel() // 2})
    table["trial"] = trial.ravel()
    for name, values in columns.items():
        if values.shape == trial.shape and name not in table:
            table[name] = values.ravel()
    return table.assign(step=trial.ravel(), lane=lane.ravel()).sample(frac=1, random_state=1)


@pytest.mark.parametrize("name", TASKS)
def test_led_through_its_own_trials_an_agent_relives_them(name):
    task, make = TASKS[name]
    agent = make(task)
    trace = play(agent, task)
    table = table_of(trace)
    followed = follow(agent, task, table)
    assert followed.index.equals(table.index)

    stages = task.episode_steps // 12
    choosing = table["step"].to_numpy() * stages + (1 if stages == 3 else 0)
    lane = table["lane"].to_numpy()
    for i in range(2):
        q = np.asarray(trace.output.probes["q"])[choosing, lane, i]
        np.testing.assert_allclose(followed[f"q_{i}"], q, atol=1e-5)
    np.testing.assert_allclose(followed["value"], np.asarray(trace.output.value)[choosing, lane], atol=1e-5)

    log_p = np.asarray(jax.nn.log_softmax(trace.output.logits))[choosing, lane]
    made = np.asarray(trace.output.action)[choosing, lane]
    np.testing.assert_allclose(followed["log_likelihood"], log_p[np.arange(len(made)), made], atol=1e-4)
    choices = [column for column in followed if column.startswith("p_choice")]
    assert len(choices) == (3 if name == "bandit" else 2)
    np.testing.assert_allclose(followed[choices].sum(axis=1), 1)

    # Errors appear in the interaction one step after the trial's last; the last trial's never do.
    inner = table["step"].to_numpy() < 11
    learning = (table["step"].to_numpy()[inner] + 1) * stages
    delta = np.asarray(trace.output.probes["delta_reward"])[learning, lane[inner]]
    np.testing.assert_allclose(followed["delta_reward"][inner], delta, atol=1e-5)
    assert followed["delta_reward"].notna().all()


TRIALS = pd.DataFrame(
    {
        "subject": "rat",
        "trial": [1, 2, 3, 4],
        "action": [0, -1, 1, 0],
        "state": [1, -1, 1, 0],
        "reward": [1.0, np.nan, 0.0, 1.0],
        "valid": [True, False, True, True],
    }
)


@pytest.mark.parametrize(
    "task", [TwoStepInOne(), TwoStep(), TwoStep(fixation=False)], ids=["one", "three", "two"]
)
def test_a_rat_by_hand_in_every_form(task):
    """V(1): .5 -> .75 -> .375, V(0) = .5 until the last trial; alpha = .5; the void second trial is skipped."""
    followed = follow(model_based(task, alpha=0.5), task, TRIALS)
    assert followed[["log_likelihood", "delta_stage2", "delta_reward"]].isna().all(axis=1).tolist() == [
        False,
        True,
        False,
        False,
    ]
    np.testing.assert_allclose(followed["delta_reward"][[0, 2, 3]], [0.5, -0.75, 0.5], rtol=1e-6)
    third = 0.75 - (0.8 * 0.75 + 0.2 * 0.5)
    fourth = 0.5 - (0.8 * 0.5 + 0.2 * 0.375)
    np.testing.assert_allclose(followed["delta_stage2"][[0, 2, 3]], [0, third, fourth], atol=1e-6)
    assert followed["log_likelihood"][0] == pytest.approx(np.log(0.5))
    # Q(0) - Q(1) = (.8 x .5 + .2 x .75) - (.8 x .75 + .2 x .5) = -.15, beta = 5
    assert followed["log_likelihood"][2] == pytest.approx(-np.log1p(np.exp(-0.75)), rel=1e-4)


def test_sessions_of_unequal_length_do_not_mix():
    task = TwoStepInOne()
    agent = model_free(task)
    short = TRIALS.assign(subject="b").iloc[:1]
    together = follow(agent, task, pd.concat([TRIALS, short], ignore_index=True))
    pd.testing.assert_frame_equal(together.iloc[:4], follow(agent, task, TRIALS))
    np.testing.assert_allclose(together.iloc[4], together.iloc[0])


def test_the_two_learners_differ_at_the_onset_of_the_second_stage_alone():
    task = TwoStep(trials=30)
    record = collect([model_based(task)], task, jax.random.key(0), 5, gamma=1.0)
    errors = predicted_errors(record, task, model_based(task), model_free(task))
    assert list(errors["event"].unique()) == ["second_stage", "outcome"] and len(errors) == 2 * 5 * 30
    onset = errors[errors["event"] == "second_stage"]
    outcome = errors[errors["event"] == "outcome"]
    np.testing.assert_array_equal(outcome["rpe_model_based"], outcome["rpe_model_free"])
    assert np.corrcoef(onset["rpe_model_based"], onset["rpe_model_free"])[0, 1] < 0.95
    # The planner's own errors, formed step by step from its values, nearly are those predicted for it.
    assert np.corrcoef(onset["rpe"], onset["rpe_model_based"])[0, 1] > 0.9


def test_rare_transition_to_the_good_state_by_hand():
    """After one rewarded rare trial (choice 0, state 1), Q_MF(0) rises while Q_MB(0) rises less than Q_MB(1)."""
    task = TwoStepInOne()
    trials = TRIALS.iloc[[0, 3]].assign(state=[1, 1])
    errors = predicted_errors(trials, task, model_based(task, 0.5), model_free(task, 0.5, lambda_=1.0))
    second = errors[(errors["event"] == "second_stage") & (errors["trial"] == 4)].iloc[0]
    assert second["rpe_model_based"] == pytest.approx(0.75 - (0.8 * 0.5 + 0.2 * 0.75))
    assert second["rpe_model_free"] == pytest.approx(0.75 - 0.75)


def test_the_ideal_observer_predicts_rats(data_folder):
    rats = pd.read_csv(data_folder / "rat_two_step_miller" / "trials.csv.gz")
    trials = pd.DataFrame(
        {
            "subject": rats["rat"],
            "episode": rats["session"],
            "trial": rats["trial"],
            "action": (rats["choice"] == "r").astype(int),
            # Which side leads commonly where differs between rats; state 0 is where choice 0 commonly leads.
            "state": ((rats["choice"] == "r") == (rats["common"] == 1)).astype(int),
            "reward": rats["reward"].astype(float),
            "valid": rats["violation"] == 0,
        }
    )
    trials["reward"] = trials["reward"].where(trials["valid"], 0)
    planner = follow(model_based(TwoStepInOne(), 0.4, 5.0, 0.1), TwoStepInOne(), trials)["log_likelihood"]
    repeater = follow(model_free(TwoStepInOne(), 0.4, 5.0, 1.0, 0.1), TwoStepInOne(), trials)[
        "log_likelihood"
    ]
    assert planner.isna().sum() == 10
    assert planner.mean() > repeater.mean() and planner.mean() > np.log(0.5)


def test_refuses_trials_that_say_they_are_whole_and_are_not():
    task = TwoStepInOne()
    agent = bayes_greedy(task)
    with pytest.raises(UserError, match="no column 'state'"):
        follow(agent, task, TRIALS.drop(columns="state"))
    with pytest.raises(UserError, match="'state' of the trial table holds -1 in row 1"):
        follow(agent, task, TRIALS.assign(valid=True, action=0, reward=0.0))
    with pytest.raises(UserError, match="'reward' of the trial table holds nan in row 1"):
        follow(agent, task, TRIALS.assign(valid=True, action=0, state=0))
    with pytest.raises(UserError, match="'action' of the trial table holds 2 in row 0"):
        follow(agent, task, TRIALS.assign(action=2))
    with pytest.raises(UserError, match="is empty"):
        follow(agent, task, TRIALS.iloc[:0])


def test_restless_bandits_are_followed_like_any_other():
    task = RestlessBandit(pulls=5)
    table = pd.DataFrame({"subject": "x", "trial": [0, 1], "action": [0, 1], "reward": [1.0, 0.0]})
    followed = follow(rescorla_wagner(task, 0.5), task, table)
    np.testing.assert_allclose(followed["delta_reward"], [0.5, -0.5])
    np.testing.assert_allclose(followed["q_0"], [0.5, 0.75])
