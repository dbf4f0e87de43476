"""Episodic two-step: what was published, as data, and what is accepted for it (Ritter et al. 2018, bioRxiv 360537)."""

import math

from fastslow.analysis.stay import CONDITIONS
from fastslow.experiments.experiment import Expectation

PUBLISHED = {
    "uncued": ((1.0, 0.0), (0.135, 0.06), (0.085, 0.06), (1.0, 0.0)),
    "cued": ((0.72, 0.07), (0.465, 0.06), (0.42, 0.06), (0.78, 0.07)),
    "episodic": ((0.845, 0.06), (0.30, 0.09), (0.355, 0.10), (0.72, 0.10)),
}
"""Staying of the published agents by panel, in the order of `CONDITIONS`, with standard errors: read off the figure."""
ACCEPTED = {
    "uncued": ((0.90, math.inf), (-math.inf, 0.235), (-math.inf, 0.185), (0.90, math.inf)),
    "episodic": ((0.725, math.inf), (-math.inf, 0.42), (-math.inf, 0.475), (0.60, math.inf)),
}
"""At least as separated as published, less .10 (uncued) or .12 (episodic)."""
WHERE = "Ritter 2018 (bioRxiv), stay probabilities"
LESIONED = "ep_lesion less ep_lstm: greatest change of staying, uncued"
ABOVE = "ep_lstm: interaction, episodic, lower end of the interval"


def expectations() -> tuple[Expectation, ...]:
    digitised = {"where": WHERE, "confidence": "digitised, +-.02"}
    stays = [
        Expectation(
            f"ep_lstm: stay, {panel}, {condition}",
            value,
            *(ACCEPTED[panel][place] if panel in ACCEPTED else ()),
            **digitised,
            note="" if panel in ACCEPTED else "reported",
        )
        for panel in PUBLISHED
        for place, (condition, (value, _)) in enumerate(zip(CONDITIONS, PUBLISHED[panel], strict=True))
    ]
    ideal = {"where": "the task", "confidence": "computed"}
    known = [
        Expectation(f"{name}: stay, {panel}, {condition}", value, value - 0.01, value + 0.01, **ideal)
        for name, panel, values in (
            ("observer", "uncued", (1.0, 0.0, 0.0, 1.0)),
            ("observer", "episodic", (1.0, 0.0, 0.0, 1.0)),
            ("episodic_model_free", "episodic", (1.0, 1.0, 0.0, 0.0)),
        )
        for condition, value in zip(CONDITIONS, values, strict=True)
    ]
    return (
        *stays,
        Expectation("ep_lstm: interaction, episodic", 0.91, note="reported", **digitised),
        Expectation(ABOVE, "above 0", low=0.5, **digitised),
        Expectation("ep_lstm: reward_effect, episodic", 0.035, note="reported", **digitised),
        Expectation(
            "ep_lstm: weight of the recalled trial's reward x transition", "above 0", low=0.0, **digitised
        ),
        Expectation(
            "ep_lstm: weight of the previous trial's reward x transition",
            "above 0",
            note="reported; ideal: 0",
            **digitised,
        ),
        Expectation(LESIONED, 0.0, high=0.05, where="control", note="recall is lesioned, not what is held"),
        Expectation("ep_lesion: interaction, episodic", 0.0, -0.05, 0.05, where="control"),
        Expectation(
            "lstm: interaction, episodic", 0.0, note="reported: no memory to recall from", where="control"
        ),
        Expectation(
            "observer_no_memory: interaction, episodic",
            0.0,
            note="reported: what the task itself does",
            **ideal,
        ),
        Expectation("ep_lstm: interaction, episodic less next", "above 0", low=0.5, where="control"),
        *(
            Expectation(f"{name}: interaction, episodic less next", 0.0, -0.05, 0.05, where="control")
            for name in ("ep_lesion", "lstm", "observer_no_memory")
        ),
        Expectation("untrained: interaction, episodic", "near 0", where="control", note="reported"),
        *known,
        Expectation("observer: reward per trial, uncued", 0.702, 0.697, 0.707, **ideal),
        Expectation("observer: reward per trial, cued", "the most there is", note="reported", **ideal),
        Expectation(
            "observer_no_memory: reward per trial, cued",
            "the most without a memory",
            note="reported",
            **ideal,
        ),
        Expectation("ep_lstm: reward per trial, uncued", 0.702, note="reported; ideal", **ideal),
        Expectation(
            "ep_lstm: reward per trial, cued",
            0.67,
            where="a public replication",
            note="reported",
            confidence="text",
        ),
        Expectation(
            "lstm: reward per trial, cued",
            0.655,
            where="a public replication",
            note="reported",
            confidence="text",
        ),
    )
