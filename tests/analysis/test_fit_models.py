"""Fitted likelihoods are those of the agents, optima are optima, and simulated parameters and models come back."""

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from fastslow.agents.rescorla_wagner import rescorla_wagner
from fastslow.agents.rl_wm import rl_alone, rl_wm
from fastslow.agents.tabular import hybrid, model_based, model_free
from fastslow.agents.win_stay import win_stay_lose_shift
from fastslow.analysis.choice_data import BANDIT, ONE_CHOICE, STIMULI, TWO_CHOICES, choices_of
from fastslow.analysis.choice_models import MODELS, SCALES, evaluate
from fastslow.analysis.compare_models import compare_models, score_table, shares
from fastslow.analysis.fit_models import WEAK, Fit, contains, fit_models, tidy
from fastslow.errors import UserError
from fastslow.records.follow import follow, relive
from fastslow.tasks.bandit import IndependentBandit
from fastslow.tasks.set_size import PATTERNS, SetSize
from fastslow.tasks.two_step import TwoStepInOne
from fastslow.tasks.two_step_daw import TwoStepDaw
from fastslow.timestep import Percept

FORMS = {ONE_CHOICE: TwoStepInOne(), TWO_CHOICES: TwoStepDaw(), BANDIT: IndependentBandit(arms=3)}
AGENTS = {
    "win_stay_lose_shift": (win_stay_lose_shift, {"epsilon": 0.3}),
    "rescorla_wagner": (rescorla_wagner, {"alpha": 0.3, "beta": 4.0}),
    "model_free": (model_free, {"alpha": 0.4, "beta": 3.0, "lambda": 0.6, "p": 0.2}),
    "model_based": (model_based, {"alpha": 0.4, "beta": 3.0, "p": 0.2}),
    "hybrid": (
        hybrid,
        {"alpha1": 0.3, "alpha2": 0.6, "lambda": 0.7, "beta1": 4.0, "beta2": 2.5, "w": 0.4, "p": 0.15},
    ),
    "rl_alone": (rl_alone, {"alpha": 0.2, "epsilon": 0.1, "pers": 0.4}),
    "rl_wm": (rl_wm, {"alpha": 0.2, "rho": 0.8, "K": 2.4, "phi": 0.2, "epsilon": 0.1, "pers": 0.4}),
}


def table(form, subjects=2, episodes=2, trials=12, seed=0):
    """Anyone's trials, drawn at random, some of them missed; episodes of different lengths."""
    random = np.random.default_rng(seed)
    rows = [
        {"subject": f"s{s}", "episode": e, "trial": t}
        for s in range(subjects)
        for e in range(episodes)
        for t in range(trials - e)
    ]
    made = pd.DataFrame(rows)
    n = len(made)
    made["action"] = random.integers(0, 3 if form in (BANDIT, STIMULI) else 2, n)
    made["reward"] = random.integers(0, 2, n).astype(float)
    made["valid"] = random.random(n) > 0.1
    if form == STIMULI:
        made["set_size"] = 2 + 2 * made["episode"]
        made["stimulus"] = random.integers(0, made["set_size"])
    elif form != BANDIT:
        made["transition"] = np.where(made["valid"], random.random(n) < 0.7, -1).astype(int)
        made["state"] = np.where(made["transition"] == 1, made["action"], 1 - made["action"])
    if form == TWO_CHOICES:
        made["action2"] = random.integers(0, 2, n)
    made.loc[~made["valid"], ["action", "reward"]] = [-1, 0]
    return made


def coordinates(name, form):
    parameters = MODELS[name].parameters(form)
    return np.array([[SCALES[each].coordinate(AGENTS[name][1][each]) for each in parameters]])


def agent_of(name, task):
    make, parameters = AGENTS[name]
    return make(task, **{"lambda_" if key == "lambda" else key: value for key, value in parameters.items()})


CASES = [(name, form) for form in FORMS for name, model in MODELS.items() if form in model.forms]
TWO_STEP = [name for name, form in CASES if form == TWO_CHOICES]
STIMULUS_CASES = [(name, STIMULI) for name, model in MODELS.items() if STIMULI in model.forms]


@pytest.mark.parametrize(("name", "form"), CASES)
def test_the_likelihood_is_that_of_the_agent_that_follows_the_trials(name, form):
    trials, task = table(form), FORMS[form]
    if name == "rescorla_wagner" and form == TWO_CHOICES:
        agent = model_free(task, 0.3, 4.0, 1.0, 0.0)
    else:
        agent = agent_of(name, task)
    followed = follow(agent, task, trials)
    columns = ["log_likelihood", "log_likelihood2"] if form == TWO_CHOICES else ["log_likelihood"]
    expected = followed[columns].sum(axis=1).groupby(trials["subject"]).sum().to_numpy()
    choices = choices_of(trials, float(task.transition) if form != BANDIT else None)
    x = np.repeat(coordinates(name, form), 2, axis=0)
    assert choices.form == form
    np.testing.assert_allclose(evaluate(name, x, choices, choices.lanes).total, expected, rtol=2e-5)


@pytest.mark.parametrize("name", [name for name, _ in STIMULUS_CASES])
def test_the_likelihood_of_answers_is_that_of_the_agent_told_of_them(name):
    trials, task = table(STIMULI, trials=24), SetSize()
    parameters = {("capacity" if key == "K" else key): value for key, value in AGENTS[name][1].items()}
    agent = AGENTS[name][0](task, **parameters)

    def told(rows):
        """Log likelihood of an episode's answers, by the agent's own steps."""
        code = PATTERNS[rows["stimulus"]].astype(np.float32)
        size = np.full((len(rows), 1), rows["set_size"].iloc[0] / 6, np.float32)
        shown = np.stack([np.concatenate([code, np.full_like(size, asks), size], 1) for asks in (1, 0)], 1)
        nothing = np.zeros(len(rows))
        time = np.arange(2 * len(rows))
        percepts = Percept(
            jnp.asarray(shown.reshape(len(time), -1)),
            jnp.asarray(np.stack([nothing - 1, rows["action"]], 1).ravel().astype(np.int32)),
            jnp.asarray(np.stack([nothing, rows["reward"]], 1).ravel().astype(np.float32)),
            jnp.asarray(time == 0),
            jnp.asarray(time.astype(np.int32)),
            jnp.zeros(len(time)),
        )
        logits = relive(agent, jax.tree.map(lambda x: x[None], percepts), jax.random.key(0)).logits[0, ::2]
        log_p = np.asarray(jax.nn.log_softmax(logits), float)
        return log_p[np.arange(len(rows)), rows["action"]][rows["valid"]].sum()

    choices = choices_of(trials)
    x = np.repeat(coordinates(name, STIMULI), 2, axis=0)
    expected = [sum(told(rows) for _, rows in one.groupby("episode")) for _, one in trials.groupby("subject")]
    assert choices.form == STIMULI
    np.testing.assert_allclose(evaluate(name, x, choices, choices.lanes).total, expected, rtol=2e-5)


@pytest.mark.parametrize(("name", "form"), CASES + STIMULUS_CASES)
def test_gradient_agrees_with_finite_differences(name, form):
    choices = choices_of(table(form), 0.7)
    x = np.repeat(coordinates(name, form), 2, axis=0)
    at = evaluate(name, x, choices, choices.lanes)
    for i in range(x.shape[1]):
        shift = 1e-5 * (np.arange(x.shape[1]) == i)
        up, down = (evaluate(name, x + sign * shift, choices, choices.lanes).total for sign in (1, -1))
        np.testing.assert_allclose(at.gradient[:, i], (up - down) / 2e-5, atol=1e-6)
    eigenvalues = np.linalg.eigvalsh(at.information)
    assert (eigenvalues > -1e-9).all() and (eigenvalues.max(axis=1) > 0).all()


def learner(alpha, beta, trials, seed, arms=2, subject="s"):
    """A Rescorla-Wagner chooser, by another hand than the agent's."""
    random, q, rows = np.random.default_rng(seed), np.full(arms, 0.5), []
    p = random.permutation(np.linspace(0.2, 0.8, arms))
    for t in range(trials):
        weights = np.exp(beta * q)
        action = int(random.choice(arms, p=weights / weights.sum()))
        reward = float(random.random() < p[action])
        q[action] += alpha * (reward - q[action])
        rows.append({"subject": subject, "episode": 0, "trial": t, "action": action, "reward": reward})
    return pd.DataFrame(rows)


def test_the_optimum_is_that_of_a_fine_grid():
    trials = learner(0.3, 4.0, 150, 1)
    choices = choices_of(trials)
    alpha, beta = (
        part.ravel() for part in np.meshgrid(np.linspace(0.01, 0.99, 99), np.linspace(0.1, 12, 120))
    )
    x = np.stack([SCALES["alpha"].coordinate(alpha), SCALES["beta"].coordinate(beta)], axis=1)
    lanes = choices.lanes.of(np.zeros(len(x), int))
    totals = evaluate("rescorla_wagner", x, choices, lanes).total
    fitted = fit_models(trials, ["rescorla_wagner"]).set_index("parameter")
    best = int(totals.argmax())
    assert fitted.loc["alpha", "log_likelihood"] >= totals[best]
    assert fitted.loc["alpha", "log_likelihood"] == pytest.approx(totals[best], abs=0.01)
    assert fitted.loc["alpha", "estimate"] == pytest.approx(alpha[best], abs=0.01)
    assert fitted.loc["beta", "estimate"] == pytest.approx(beta[best], abs=0.1)
    # The interval is the curvature's: a likelihood-ratio interval from the grid lies close to it.
    profile = totals.reshape(120, 99).max(axis=0)
    inside = np.linspace(0.01, 0.99, 99)[profile > totals.max() - 1.92]
    assert fitted.loc["alpha", "low"] == pytest.approx(inside.min(), abs=0.05)
    assert fitted.loc["alpha", "high"] == pytest.approx(inside.max(), abs=0.08)


def test_a_model_never_fits_worse_than_one_it_contains():
    fits = fit_models(pd.concat([table(form, 4, 1, 60, seed=3) for form in [TWO_CHOICES]]))
    totals = fits.drop_duplicates(["subject", "model"]).pivot(
        index="subject", columns="model", values="log_likelihood"
    )
    assert fits["converged"].all()
    for larger in TWO_STEP:
        for smaller in TWO_STEP:
            if contains(larger, smaller):
                # Parameters stop at .001 and .999, where the contained model has 0 and 1.
                assert (totals[larger] > totals[smaller] - 0.02).all(), (larger, smaller)
    assert contains("hybrid", "model_based") and contains("model_free", "rescorla_wagner")
    assert not contains("model_free", "model_based") and not contains("hybrid", "win_stay_lose_shift")


def test_parameters_of_many_arms_come_back():
    fits = fit_models(
        pd.concat([learner(0.2, 6.0, 600, seed, 3, f"s{seed}") for seed in range(6)]), ["rescorla_wagner"]
    )
    means = fits.groupby("parameter")["estimate"].median()
    assert means["alpha"] == pytest.approx(0.2, abs=0.06) and means["beta"] == pytest.approx(6.0, abs=1.5)
    truth = fits["parameter"].map({"alpha": 0.2, "beta": 6.0})
    assert ((fits["low"] < truth) & (truth < fits["high"])).sum() >= 10


def test_bic_and_aic_by_hand():
    trials = learner(0.3, 4.0, 40, 2)
    row = fit_models(trials, ["win_stay_lose_shift"]).iloc[0]
    won, same = trials["reward"].to_numpy()[:-1] > 0, np.diff(trials["action"]) == 0
    k = int((won == same).sum())
    # 39 choices of which k by the rule, each then with probability 1 - epsilon / 2; and the first by chance.
    total = k * np.log(k / 39) + (39 - k) * np.log(1 - k / 39) + np.log(0.5)
    assert row["log_likelihood"] == pytest.approx(total, abs=1e-6)
    assert row["estimate"] == pytest.approx(2 * (1 - k / 39), abs=1e-3)
    assert row["bic"] == pytest.approx(np.log(40) - 2 * total) and row["aic"] == pytest.approx(2 - 2 * total)


def test_what_the_choices_do_not_tell_is_flagged():
    same = pd.DataFrame({"subject": "s", "episode": 0, "trial": range(30), "action": 0, "reward": 1.0})
    fits = fit_models(same)
    assert np.isfinite(fits[["estimate", "low", "high", "bic"]].to_numpy()).all()
    assert (fits.query("model == 'rescorla_wagner'")["note"] != "").any()
    one = fit_models(same.iloc[:1], ["rescorla_wagner"])
    assert np.isfinite(one["estimate"]).all() and (one["note"] == "not identified").all()
    assert one["log_likelihood"].iloc[0] == pytest.approx(np.log(0.5))
    weak = fit_models(same.iloc[:1], ["rescorla_wagner"], prior="weak")
    assert weak.loc[weak["parameter"] == "beta", "estimate"].iloc[0] == pytest.approx(5.0, rel=1e-3)


@pytest.mark.parametrize("bound", ["low", "high"])
def test_an_estimate_at_either_bound_is_flagged_below_zero_too(bound):
    choices = choices_of(table(ONE_CHOICE, 1, 1), 0.7)
    names = MODELS["model_based"].parameters(ONE_CHOICE)
    x = np.array([[float(SCALES[each].coordinate(getattr(SCALES[each], bound))) for each in names]])
    none = np.zeros(1)
    rows = tidy("model_based", Fit(x, none, np.full(x.shape, np.inf), none == 0, none), choices)
    assert rows["parameter"].tolist() == list(names) and (rows["note"] == "at its bound").all()


def test_a_single_rare_trial_goes_through_every_model():
    row = {
        "subject": "s",
        "episode": 0,
        "trial": 0,
        "action": 1,
        "action2": 0,
        "reward": 1.0,
        "transition": 0,
    }
    fits = fit_models(pd.DataFrame([row]))
    assert set(fits["model"]) == set(TWO_STEP) and np.isfinite(fits[["estimate", "low", "high", "bic"]]).all(
        axis=None
    )
    assert (fits["log_likelihood"] > 2 * np.log(0.5) - 1e-6).all()


def test_the_side_of_the_common_state_may_differ_between_subjects():
    trials = table(ONE_CHOICE)
    mirrored = trials.assign(state=1 - trials["state"])
    np.testing.assert_array_equal(choices_of(trials).lanes.state, choices_of(mirrored).lanes.state)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"valid": False}, "no valid choice, so there is nothing to fit"),
        ({"action": 0.5}, "'action' of the trial table holds 0.5 in a valid trial"),
        ({"reward": np.nan}, "'reward' of the trial table has 60 values that are not finite"),
        ({"transition": 2}, "'transition' of the trial table holds 2"),
        ({"transition": 0}, "Only 0% of the transitions are common"),
    ],
)
def test_refuses_trials_that_no_model_can_take(change, message):
    trials = pd.DataFrame({"subject": "s", "episode": 0, "trial": range(60), "action": 0, "reward": 1.0})
    with pytest.raises(UserError, match=message):
        fit_models(trials.assign(**change))


def test_refuses_models_that_do_not_fit_the_trials_and_subjects_without_choices():
    trials = learner(0.3, 4.0, 10, 0)
    with pytest.raises(UserError, match="no model of choice 'hybird'; did you mean 'hybrid'"):
        fit_models(trials, ["hybird"])
    with pytest.raises(UserError, match="'hybrid' needs two-step trials"):
        fit_models(trials, ["hybrid"])
    with pytest.raises(
        UserError, match=r"'rl_wm' needs choices for stimuli, but .* fit win_stay_lose_shift and"
    ):
        fit_models(trials, ["rl_wm"])
    stimuli = trials.assign(stimulus=1, set_size=1)
    with pytest.raises(UserError, match=r"'hybrid' needs trials without stimuli, .* fit rl_alone and rl_wm"):
        fit_models(stimuli, ["hybrid"])
    with pytest.raises(UserError, match="no prior 'wek'"):
        fit_models(trials, prior="wek")
    silent = trials.assign(subject="silent", valid=False)
    with pytest.raises(UserError, match="Subject 'silent' has no valid choice"):
        fit_models(pd.concat([trials.assign(valid=True), silent]))


def test_the_evidence_is_the_integral_over_the_prior():
    trials = learner(0.3, 4.0, 120, 4)
    choices = choices_of(trials)
    # The weak prior's two coordinates, 4 standard deviations to either side.
    axes = [mean + spread * np.linspace(-4, 4, 61) for mean, spread in (WEAK["unit"], WEAK["positive"])]
    x = np.stack([part.ravel() for part in np.meshgrid(*axes)], axis=1)
    lanes = choices.lanes.of(np.zeros(len(x), int))
    totals = evaluate("rescorla_wagner", x, choices, lanes).total
    density = np.prod([norm.pdf(x[:, i], *WEAK[kind]) for i, kind in enumerate(("unit", "positive"))], axis=0)
    cell = np.prod([axis[1] - axis[0] for axis in axes])
    exact = np.log((np.exp(totals - totals.max()) * density).sum() * cell) + totals.max()
    fitted = fit_models(trials, ["rescorla_wagner"], prior="weak")
    assert fitted["evidence"].iloc[0] == pytest.approx(exact, abs=0.2)
    plain = fit_models(trials, ["rescorla_wagner"])
    assert plain["evidence"].iloc[0] == pytest.approx(-plain["bic"].iloc[0] / 2)


def test_a_few_odd_trials_have_evidence_too():
    for trials in (table(TWO_CHOICES, 1, 1, 1), table(BANDIT, 2, 1, 5).assign(reward=1.0)):
        fits = fit_models(trials.assign(valid=True, action=0), prior="weak")
        assert np.isfinite(fits[["estimate", "low", "high", "evidence", "bic"]].to_numpy()).all()
        assert (fits["evidence"] <= 0).all()


def test_a_fit_that_starts_from_another_ends_at_the_same_optimum():
    trials = pd.concat([learner(0.3, 5.0, 100, seed, subject=f"s{seed}") for seed in range(3)])
    afresh = fit_models(trials, prior="weak")
    plain = fit_models(trials)
    onwards = fit_models(trials, prior="weak", start=plain)
    # Both are converged: less than .00001 of log posterior is to be gained from either.
    np.testing.assert_allclose(onwards["evidence"], afresh["evidence"], atol=2e-3)
    np.testing.assert_allclose(onwards["estimate"], afresh["estimate"], rtol=0.01)
    with pytest.raises(UserError, match="no 'rescorla_wagner' of subject 's2'"):
        fit_models(trials, ["rescorla_wagner"], start=plain[plain["subject"] != "s2"])


def test_comparison_counts_subjects_and_shares():
    bic = {"a": [10.0, 10.0, 30.0], "b": [20.0, 20.0, 20.0]}
    fits = pd.DataFrame(
        [{"subject": s, "model": m, "bic": values[s]} for s in range(3) for m, values in bic.items()]
    ).assign(evidence=lambda rows: -rows["bic"] / 2)
    assert score_table(fits)["best"].tolist() == ["a", "a", "b"]
    other = fits.assign(evidence=[1.0, 2.0, 1.0, 2.0, 3.0, 2.0])
    assert score_table(other, "evidence")["best"].tolist() == ["b", "b", "a"]
    assert compare_models(other).set_index("model")["most_evident_for"].to_dict() == {"a": 1, "b": 2}
    with pytest.raises(UserError, match="not compared by 'bci'; did you mean 'bic'"):
        score_table(fits, "bci")
    compared = compare_models(fits).set_index("model")
    assert compared["best_for"].to_dict() == {"a": 2, "b": 1} and compared["worse"]["a"] == 0
    assert compared["share"]["a"] == pytest.approx(3 / 5, abs=0.01)  # one imagined subject each
    # P(x > .5) of Beta(3, 2) = 11/16.
    assert compared["exceedance"]["a"] == pytest.approx(11 / 16, abs=0.01)
    with pytest.raises(UserError, match="Subject '2' has no fit of 'b'"):
        compare_models(fits.iloc[:-1])
    alone = compare_models(fits[fits["subject"] == 0])
    assert alone["subjects"].tolist() == [1, 1] and np.isfinite(alone["exceedance"]).all()
    np.testing.assert_allclose(shares(np.zeros((4, 2))), [3, 3])


def test_memory_never_fits_worse_than_values_alone_and_one_trial_goes_through():
    fits = fit_models(table(STIMULI, trials=30)).drop_duplicates(["subject", "model"])
    wide = fits.pivot(index="subject", columns="model", values="log_likelihood")
    assert (wide["rl_wm"] >= wide["rl_alone"] - 1e-3).all()
    for prior in ("none", "weak"):
        one = fit_models(table(STIMULI, 1, 1, 1).assign(valid=True, action=2), prior=prior)
        assert np.isfinite(one[["estimate", "low", "high", "evidence", "bic"]].to_numpy()).all()
        assert set(one["model"]) == {"rl_alone", "rl_wm"}
