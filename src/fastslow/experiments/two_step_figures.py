"""Two-step: its figures, drawn from the tables of measures."""

from collections.abc import Mapping

import pandas as pd

from fastslow.analysis.compare_models import above_best
from fastslow.analysis.statistics import summarise
from fastslow.experiments.experiment import Drawing
from fastslow.experiments.two_step_measures import AGENTS, DAW_CONTROLS, ONSET
from fastslow.experiments.two_step_published import PUBLISHED, R2_MODEL_BASED, R2_MODEL_FREE
from fastslow.figures import panels_fits, panels_two_step, style
from fastslow.figures.marks import rows_of


@style.panel
def draw(tables: Mapping[str, pd.DataFrame]) -> dict[str, Drawing]:
    return {
        "stay": draw_stay(tables),
        "lags": draw_lags(tables),
        "prediction_errors": draw_errors(tables),
        "models": draw_models(tables),
    }


def draw_errors(tables: Mapping[str, pd.DataFrame]) -> Drawing:
    """Whose prediction errors the network's resemble, in both forms of the task (Wang 2018, Fig. 5f-g)."""
    figure, axes = style.figure(3, 1)
    rows = tables["prediction_errors"]
    rows = rows[rows["event"] == ONSET]
    published = pd.DataFrame(
        {
            "name": "agent_steps",
            "predictor": ["r2_model_based", "r2_model_free_residual"],
            "published": [R2_MODEL_BASED, R2_MODEL_FREE],
        }
    )
    forms = {"agent_steps": "untrained_steps", "agent_daw": "untrained_daw"}
    for axis, (name, twin) in zip((axes[0, 0], axes[0, 2]), forms.items(), strict=True):
        known = {name: name, twin: "untrained"}
        explained = rows[rows["name"].isin(known)].assign(
            name=lambda part, known=known: part["name"].map(known)
        )
        shown = published[published["name"] == name]
        panels_two_step.explained_bars(
            axis, summarise(explained, ["name", "predictor"], "r2"), explained, shown
        )
    onset = tables["prediction_error_steps"]
    panels_two_step.error_scatter(axes[0, 1], onset, name="agent_steps")
    axes[0, 1].set_ylabel("agent's prediction error, one seed")
    return Drawing(figure, {"r2": rows, "steps": onset})


def draw_models(tables: Mapping[str, pd.DataFrame]) -> Drawing:
    """Which model fits whose choices: BIC above that of the group's best model, a dot per subject."""
    names = sorted(pd.unique(tables["fits"]["name"]), key=lambda name: (name not in AGENTS, name))
    figure, axes = style.figure(len(names), 1, height=68, letters=len(names) > 1)
    drawn = []
    for axis, name in zip(axes[0], names, strict=True):
        fits = tables["fits"].query("name == @name and prior == 'none'")
        rows = above_best(fits).assign(name=name)
        panels_fits.bic_bars(axis, rows, style.look(name).label)
        drawn.append(rows)
    return Drawing(figure, pd.concat(drawn, ignore_index=True))


def with_others(table: pd.DataFrame, first: tuple[str, ...], last: tuple[str, ...]) -> list[str]:
    """The names in `first`, then whoever is compared, then those in `last`."""
    others = sorted(set(table["name"]) - {*AGENTS, *DAW_CONTROLS})
    return [*first, *others, *last]


def draw_stay(tables: Mapping[str, pd.DataFrame]) -> Drawing:
    """Stay bars: agents, observer and controls, and whoever is compared (Wang 2018, Fig. 5c)."""
    shown = with_others(tables["stay"], ("agent", "agent_steps", "observer"), ("model_free", "untrained"))
    means = rows_of(tables["stay"], shown)
    subjects = rows_of(tables["stay_by_subject"], shown)
    published = pd.DataFrame(
        {"name": "agent", "condition": PUBLISHED.keys(), "published": PUBLISHED.values()}
    )
    figure, axes = style.figure(1, 1, height=68)
    panels_two_step.stay_bars(axes[0, 0], means, subjects, published)
    return Drawing(figure, means)


def draw_lags(tables: Mapping[str, pd.DataFrame]) -> Drawing:
    """Multi-lag regression of choices (Wang 2018, Fig. 5e)."""
    shown = with_others(tables["lags"], ("agent", "agent_steps", "observer", "model_free"), ())
    figure, axes = style.figure(3, -(-len(shown) // 3))
    for place, axis in enumerate(axes.flat):
        if place >= len(shown):
            axis.set_visible(False)
            continue
        rows = tables["lags"][tables["lags"]["name"] == shown[place]]
        panels_two_step.lag_coefficients(axis, rows, shown[place], legend=place == 0)
        axis.set_title(style.look(shown[place]).label)
    return Drawing(figure, rows_of(tables["lags"], shown))
