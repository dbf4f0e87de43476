"""Analyses.

Each is a function of a trial table (`trials`) or of a record with units (`record`), per subject, or of a table of
scores over runs and games (`scores`); its other parameters are the options. Then the function of its table that draws,
and the one that summarises, if any.
"""

from fastslow.catalog.entry import entries

STAY, PAST = "analysis.stay:stay_", "analysis.choice_regression:choice_"
EPISODIC = "analysis.episodic_stay:"
CODING, MATCH = "analysis.unit_coding:", "analysis.matching:"
TRIALS, CHOICES, UNITS = "figures.of_trials:", "figures.of_choices:", "figures.of_units:"
SCORES, OF_SCORES = "analysis.scores:", "figures.of_scores:"
ANALYSES = entries(
    {
        "stay_probability": (
            STAY + "probability",
            "staying by reward and transition",
            "daw2011",
            CHOICES + "stay_probability",
            STAY + "summary",
        ),
        "choice_regression": (
            PAST + "coefficients",
            "choice on history",
            "miller2017",
            CHOICES + "choice_regression",
            PAST + "summary",
        ),
        "episodic_stay": (
            EPISODIC + "episodic_stay",
            "staying by the last trial, and by one recalled",
            "ritterepisodic2018 vikbladh2017",
            CHOICES + "episodic_stay",
            EPISODIC + "episodic_summary",
        ),
        "episodic_regression": (
            EPISODIC + "episodic_coefficients",
            "cued choice on the recalled and the last trial",
            "ritterepisodic2018 vikbladh2017",
            CHOICES + "episodic_regression",
            EPISODIC + "coefficient_summary",
        ),
        "regret": (
            "analysis.regret:regret_after",
            "expected regret after so many pulls",
            "wang2016",
            TRIALS + "regret",
        ),
        "cumulative_regret": (
            "analysis.regret:cumulative_regret",
            "expected regret by trial",
            "wang2016",
            TRIALS + "cumulative_regret",
        ),
        "suboptimal_pulls": (
            "analysis.regret:suboptimal_pulls",
            "wrong pulls by trial",
            "wang2016",
            TRIALS + "suboptimal_pulls",
        ),
        "p_correct": ("analysis.regret:p_correct", "best choices by trial", "wang2016", TRIALS + "p_correct"),
        "around_reversal": (
            "analysis.reversal:around_reversal",
            "best choices around reversals",
            "zorowitz2023",
            TRIALS + "around_reversal",
        ),
        "learning_set": (
            "analysis.learning_set:learning_set",
            "accuracy by trial, missed ones wrong",
            "harlow1949 wang2018",
            TRIALS + "learning_set",
        ),
        "exposures": (
            "analysis.exposures:by_exposure",
            "best choices each time a task comes back",
            "ritter2018",
            TRIALS + "exposures",
        ),
        "within_trials": (
            "analysis.within_trials:within_trials",
            "right responses by step of the trial",
            "ritter2018",
            TRIALS + "within_trials",
        ),
        "retrieval": (
            "analysis.exposures:retrieval",
            "whether what was recalled is of this context",
            "ritter2018",
            TRIALS + "retrieval",
        ),
        "gate": (
            "analysis.reinstatement:gate",
            "how far what is recalled is let in, right or not",
            "ritter2018",
            TRIALS + "gate",
        ),
        "forgetting": (
            "analysis.forgetting:forgetting",
            "what a task costs again when it returns",
            "ritter2018",
            TRIALS + "forgetting",
        ),
        "set_size": (
            "analysis.set_size:set_size",
            "learning curves by set size",
            "collins2012 collins2014",
            TRIALS + "set_size",
            "analysis.set_size:set_size_summary",
        ),
        "load_effects": (
            "analysis.set_size:load_effects",
            "accuracy by set size and delay",
            "collins2012 collins2014",
            TRIALS + "load_effects",
            "analysis.set_size:load_summary",
        ),
        "rescorla_wagner": (
            "analysis.rescorla_wagner:fit_blocks",
            "learning rates by block",
            "behrens2007 wang2016",
            CHOICES + "rescorla_wagner",
        ),
        "sliding_rates": (
            "analysis.sliding_rate:sliding_rates",
            "learning rate in a sliding window",
            "behrens2007 wang2018",
            TRIALS + "sliding_rates",
        ),
        "learning_quantiles": (
            "analysis.learning_speed:learning_quantiles",
            "learning curves, quantiles over subjects",
            "harlow1949",
            TRIALS + "learning_quantiles",
        ),
        "matching": (
            MATCH + "matching",
            "choice against income",
            "tsutsui2016",
            CHOICES + "matching",
            MATCH + "matching_summary",
        ),
        "win_stay": (
            MATCH + "win_stay",
            "win-stay, lose-shift",
            "trepka2021",
            CHOICES + "win_stay",
            MATCH + "win_stay_summary",
        ),
        "income_regression": (
            "analysis.income_regression:income_regression",
            "choice on past rewards and choices",
            "lau2005",
            CHOICES + "income_regression",
            "analysis.income_regression:income_summary",
        ),
        "reversal_errors": (
            "analysis.reversal_errors:recorded_errors",
            "errors at a cue before and after reversals",
            "brombergmartin2010 wang2018",
            UNITS + "reversal_errors",
        ),
        "unit_coding": (
            CODING + "unit_coding",
            "partial correlations of units",
            "wang2018 tsutsui2016 benjamini1995",
            UNITS + "unit_coding",
            CODING + "coding_summary",
        ),
        "decoding": (
            "analysis.decoding:decoding",
            "what can be read out of units",
            "wang2018",
            UNITS + "decoding",
            "analysis.decoding:decoding_summary",
        ),
        "state_paths": (
            "analysis.state_paths:state_paths",
            "principal components by condition",
            "wang2018",
            UNITS + "state_paths",
        ),
        "representation": (
            "analysis.similarity:representation",
            "dissimilarity of states by condition",
            "kriegeskorte2008",
            UNITS + "representation",
        ),
        "walk_lengths": (
            "analysis.navigation:walk_lengths",
            "actions in each walk through a maze",
            "duan2016",
            TRIALS + "walk_lengths",
        ),
        "return_paths": (
            "analysis.navigation:return_paths",
            "first walks to targets found before",
            "ritter2018",
            TRIALS + "return_paths",
        ),
        "walk_savings": (
            "analysis.navigation:walk_savings",
            "later walks over the first",
            "duan2016 wang2016",
            TRIALS + "walk_savings",
        ),
        "fit_models": (
            "analysis.fit_models:fit_models",
            "models of choice fitted and compared",
            "daw2011 wilson2019 stephan2009",
            CHOICES + "fit_models",
            "analysis.compare_models:compare_models",
        ),
        "aggregate_scores": (
            SCORES + "aggregate_scores",
            "runs and games in one number",
            "agarwal2021",
            OF_SCORES + "aggregate_scores",
        ),
        "performance_profiles": (
            SCORES + "performance_profiles",
            "share of runs above each score",
            "agarwal2021",
            OF_SCORES + "performance_profiles",
        ),
        "compare_scores": (
            SCORES + "compare_scores",
            "probability that one agent is the better",
            "agarwal2021",
            OF_SCORES + "compare_scores",
        ),
        "human_normalised": (
            "analysis.human_normalised:human_normalised",
            "scores between random and human, by game",
            "quan2020 pritzel2017",
            OF_SCORES + "human_normalised",
            "analysis.human_normalised:game_means",
        ),
        "frames_to_threshold": (
            "analysis.sample_efficiency:frames_to_threshold",
            "experience it takes to become this good",
            "kaplan1958",
            OF_SCORES + "frames_to_threshold",
            "analysis.sample_efficiency:efficiency_summary",
        ),
    }
)
