"""Two-step: what was published, as data, and what is accepted for it.

Wang et al. 2018 (Fig. 5), Daw et al. 2011, and what the shared data sets of rats and people give.
"""

import math

from fastslow.analysis.stay import CONDITIONS
from fastslow.experiments.experiment import Expectation
from fastslow.records.presets import PRESETS

PUBLISHED = dict(zip(CONDITIONS, (0.99, 0.64, 0.62, 0.99), strict=True))
"""Stay probabilities of the published agents, digitised from Wang 2018, Fig. 5c (mean of 8 seeds)."""
ANIMALS = {"rat_two_step_miller": "rats", "human_two_step_zorowitz": "people"}
"""What known data sets are called in tables and figures; others keep the names of their files."""
R2_MODEL_BASED, R2_MODEL_FREE = 0.89, 5.8e-7
"""Published r2 of the agent's prediction errors on each learner's (Wang 2018, Fig. 5f-g, text)."""
W_PEOPLE, R2_PEOPLE, R2_BOLD = 0.39, 0.28, 0.32
"""People (Daw 2011, n = 17): median weight of planning in choices (.61 model-free); r2 over people of that weight with
the weight of planning in the ventral striatum (p = .027); r2 with that in the anticipatory signal there."""
STRIATUM = (
    ("r2 of prediction errors with a planner's, onset", "", R2_MODEL_BASED, "r2_model_based"),
    ("r2 with what is a model-free learner's alone", "", R2_MODEL_FREE, "r2_model_free_residual"),
    ("weight of planning in prediction errors", "above 0", "", "weight of planning in prediction errors"),
    ("weight of planning in choices", W_PEOPLE, "", "w fitted to choices"),
    ("r2 of the two weights over subjects", R2_PEOPLE, "", "r2 of both weights of planning, over seeds"),
    ("the same, anticipatory signal", R2_BOLD, "", "none"),
)
"""Box 4, Fig. C-D as numbers: what, in people (ventral striatum and choices), in the published network, and the measure
that stands beside it."""
RATS, PEOPLE = ANIMALS
FITTED = (
    (RATS, "rats", "model_free", "above 0", 0.0, "Miller 2017"),
    (RATS, "rats", "rescorla_wagner", "above 0", 0.0, "Miller 2017"),
    (RATS, "rats", "win_stay_lose_shift", "above 0", 0.0, "Miller 2017"),
    (RATS, "rats", "hybrid", "reported", -math.inf, "Miller 2017"),
    (PEOPLE, "people", "model_free", "reported", -math.inf, "Daw 2011"),
    (PEOPLE, "people", "hybrid", "reported", -math.inf, "Daw 2011"),
)
"""Whose choices the planner fits better (BIC above its own) or worse than which model: data set, name, model."""
FIG_5C = "Wang 2018, Fig. 5c"


def daw_form() -> list[Expectation]:
    """What the network trained for Daw's form shows, beside people and the published network."""
    fig_5f, fig_5g = {"where": "Wang 2018, Fig. 5f"}, {"where": "Wang 2018, Fig. 5g"}
    daw = {"where": "Daw 2011", "confidence": "text"}
    return [
        Expectation("agent_daw: interaction", "above 0", low=0.0, note="people: above 0, p < .00005", **daw),
        Expectation("agent_daw: reward_effect", "above 0", note="reported; people: p < .00000001", **daw),
        Expectation(
            "agent_daw: weight of planning in prediction errors",
            "above 0",
            low=0.5,
            note="people: ventral striatum",
            **daw,
        ),
        Expectation(
            "agent_daw: r2_model_free_residual", R2_MODEL_FREE, high=0.05, confidence="text", **fig_5g
        ),
        Expectation(
            "agent_daw: r2_model_based", R2_MODEL_BASED, confidence="text", note="reported", **fig_5f
        ),
        Expectation("agent_daw: BIC, model_free less planner", "above 0", low=0.0, **daw),
        Expectation("agent_daw: BIC, hybrid less planner", "reported", **daw),
        Expectation("agent_daw: w fitted to choices", W_PEOPLE, note="reported", **daw),
        Expectation(
            "agent_daw: r2 of both weights of planning, over seeds", R2_PEOPLE, note="reported", **daw
        ),
        Expectation(
            "agent_steps: weight of planning in prediction errors",
            "above 0",
            low=0.5,
            note="Wang's form",
            **daw,
        ),
        Expectation("untrained_daw: r2_model_based", "near 0", where="control", note="reported"),
    ]


def expectations() -> tuple[Expectation, ...]:
    within = [
        Expectation(f"agent: stay, {name}", value, value - 0.06, value + 0.06, FIG_5C, "digitised, +-.02")
        for name, value in PUBLISHED.items()
    ]
    beside = [
        Expectation(
            f"agent_steps: stay, {name}", value, where=FIG_5C, confidence="digitised, +-.02", note="reported"
        )
        for name, value in PUBLISHED.items()
    ]
    ideal = [
        Expectation(f"observer: stay, {name}", value, value - 0.01, value + 0.01, "computed", "computed")
        for name, value in zip(CONDITIONS, (1.0, 0.666, 0.665, 1.0), strict=True)
    ]
    controls = [
        Expectation(f"model_free: {measure}", "control", where="Daw 2011", note="SARSA(lambda), Wang's form")
        for measure in (*(f"stay, {c}" for c in CONDITIONS), "interaction", "reward_effect", "planning_index")
    ]
    others = []
    for data_set, name in ANIMALS.items():
        for measure, value in PRESETS[data_set].signature.items():
            what = f"{name}: stay, {measure}" if measure in CONDITIONS else f"{name}: {measure}"
            others.append(
                Expectation(what, value, value - 0.01, value + 0.01, "the data set", "exact", needs=data_set)
            )
    fitted = [
        Expectation(
            f"{name}: BIC, {model} less planner",
            published,
            low,
            where=where,
            confidence="text",
            needs=data_set,
        )
        for data_set, name, model, published, low, where in FITTED
    ]
    fitted += [
        Expectation(
            f"rats: share fitted best by the planner{which}",
            "planners",
            low=1.0,
            where="Miller 2017",
            confidence="text",
            note=note,
            needs="rat_two_step_miller",
        )
        for which, note in (
            (", hybrid aside", "six rats"),
            ("", "six rats; the hybrid, of which the planner is a part, counted in"),
        )
    ]
    # Daw 2011: the hybrid describes people better than either of its parts, for all that it has to estimate.
    hybrid = {
        "people": ("above 0", 0.0, W_PEOPLE, "Daw 2011"),
        "rats": ("reported", -math.inf, "planners", "Miller 2017"),
    }
    for data_set, name in ANIMALS.items():
        more, low, weight, where = hybrid[name]
        told = {"where": where, "confidence": "text", "needs": data_set}
        fitted.append(Expectation(f"{name}: evidence (nats), hybrid less planner", more, low, **told))
        fitted.append(Expectation(f"{name}: w fitted to choices", weight, note="reported", **told))
    return (
        *within,
        Expectation(
            "agent: reward per trial", 0.706, low=0.69, where="ideal observer", confidence="computed"
        ),
        *beside,
        Expectation(
            "agent_steps: reward per trial",
            0.706,
            where="ideal observer",
            confidence="computed",
            note="reported",
        ),
        Expectation(
            "agent_steps: interaction", 0.72, where=FIG_5C, confidence="digitised, +-.04", note="reported"
        ),
        Expectation(
            "agent_steps: r2_model_based",
            R2_MODEL_BASED,
            low=0.80,
            where="Wang 2018, Fig. 5f",
            confidence="text",
            note="at second-stage onset alone",
        ),
        Expectation(
            "agent_steps: r2_model_free_residual",
            R2_MODEL_FREE,
            high=0.05,
            where="Wang 2018, Fig. 5g",
            confidence="text",
            note="the part of the model-free prediction that the model-based one does not share",
        ),
        Expectation("untrained_steps: r2_model_based", "near 0", where="control", note="reported"),
        *ideal,
        Expectation("observer: reward per trial", 0.706, 0.70, 0.712, "computed", "computed"),
        Expectation(
            "model_free_daw: interaction", 0.0, -0.05, 0.05, "Daw 2011", "text", "SARSA(lambda), Daw's form"
        ),
        *controls,
        Expectation(
            "model_free: model_free_index", "above 0", low=0.0, where="Miller 2017", confidence="text"
        ),
        Expectation("model_based: interaction", "above .3", low=0.3, where="Daw 2011", confidence="text"),
        Expectation("model_based_daw: interaction", "above .3", low=0.3, where="Daw 2011", confidence="text"),
        *daw_form(),
        *others,
        *fitted,
    )
