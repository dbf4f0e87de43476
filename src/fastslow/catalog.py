"""Every task, agent, trainer, experiment and analysis by name: one explicit table of import strings.

Nothing is imported to list them, so the command line answers at once. A new one is one line here and shows up
in `fastslow list` and in the tests that run over all; a user's own needs none: it is `file.py:Name` or
`module:Name`.
"""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from fastslow.errors import UserError, nearest


class Entry(NamedTuple):
    """Where something is (within fastslow), what it is in a phrase, and its sources in references.bib."""

    target: str
    summary: str
    cite: str = ""
    draw: str = ""
    """Of an analysis: the function that draws its table."""
    then: str = ""
    """Of an analysis: the function that summarises its table over subjects."""

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self.cite.split())


def entries(rows: dict[str, tuple[str, ...]]) -> dict[str, Entry]:
    return {name: Entry(*row) for name, row in rows.items()}


# A task: a Task class, or a function that returns a task; its parameters are the options.
TASKS = entries(
    {
        "bandit": ("tasks.bandit:IndependentBandit", "k independent uniform arms", "wang2016 duan2016"),
        "bandit_correlated": ("tasks.bandit:CorrelatedBandit", "two arms, p2 = 1 - p1", "wang2016 wang2018"),
        "bandit_easy": ("tasks.bandit:easy", "correlated arms, p1 is .1 or .9", "wang2016"),
        "bandit_medium": ("tasks.bandit:medium", "correlated arms, p1 is .25 or .75", "wang2016"),
        "bandit_hard": ("tasks.bandit:hard", "correlated arms, p1 is .4 or .6", "wang2016"),
        "informative_arm": (
            "tasks.informative_arm:InformativeArm",
            "arm 11 tells which one pays",
            "wang2016",
        ),
        "restless": ("tasks.restless:RestlessBandit", "two arms that walk, calm or volatile", "wang2016"),
        "restless_calm": ("tasks.restless:calm", "two arms that walk slowly", "wang2016"),
        "restless_volatile": ("tasks.restless:volatile", "two arms that walk fast", "wang2016"),
        "drifting_bandit": (
            "tasks.drifting_bandit:DriftingBandit",
            "arms whose payoffs drift, with reminders",
            "daw2006 bornstein2017 gershman2017",
        ),
        "risky_choice": (
            "tasks.risky_choice:RiskyChoice",
            "certain and small, or risky and large",
            "wang2018 stopper2014",
        ),
        "inferred_value": (
            "tasks.inferred_value:InferredValue",
            "one of two sides pays, one target is shown",
            "wang2018 brombergmartin2010",
        ),
        "volatile": (
            "tasks.volatility:VolatileBandit",
            "arms that reverse, seldom or often",
            "wang2018 behrens2007",
        ),
        "volatility_schedule": (
            "tasks.volatility:VolatilitySchedule",
            "a calm and a volatile half",
            "wang2018 behrens2007",
        ),
        "reversal": ("tasks.reversal:Reversal", "three arms, the better one changes", "zorowitz2023"),
        "reversal_unannounced": (
            "tasks.reversal:unannounced",
            "the same at times nobody can foresee",
            "zorowitz2023",
        ),
        "tabular_mdp": (
            "tasks.tabular_mdp:TabularMDP",
            "random MDPs, lived through n times",
            "duan2016 osband2013",
        ),
        "two_step": ("tasks.two_step:TwoStep", "two-step task, separate steps", "wang2018 miller2017"),
        "two_step_in_one": ("tasks.two_step:TwoStepInOne", "two-step task, one choice a trial", "wang2018"),
        "two_step_wang2016": ("tasks.two_step:wang2016", "two-step task without swaps", "wang2016"),
        "episodic_two_step": (
            "tasks.episodic_two_step:EpisodicTwoStep",
            "two-step task, past trials come back",
            "ritterepisodic2018 vikbladh2017",
        ),
        "foraging": (
            "tasks.foraging:Foraging",
            "two sides whose rewards wait",
            "wang2018 tsutsui2016 lau2005",
        ),
        "foraging_whole": (
            "tasks.foraging:foraging_whole",
            "the same, held-out probabilities included",
            "wang2018 tsutsui2016 lau2005",
        ),
        "two_step_daw": ("tasks.two_step_daw:TwoStepDaw", "two-step task, two choices a trial", "daw2011"),
        "harlow": ("tasks.harlow:Harlow", "learning sets, objects as codes", "harlow1949 wang2018 wang2016"),
        "harlow_one_recurs": ("tasks.harlow:one_recurs", "learning sets, one object recurs", "wang2016"),
        "harlow_ring": (
            "tasks.harlow_ring:HarlowRing",
            "learning sets, objects on a ring",
            "harlow1949 wang2018 wang2016",
        ),
        "harlow_pixels": (
            "tasks.harlow_pixels:HarlowPixels",
            "learning sets, pictures on a screen",
            "harlow1949 wang2018 wang2016",
        ),
        "maze": ("tasks.maze:Maze", "small mazes seen from within, to train on", "duan2016"),
        "maze_large": ("tasks.maze:large", "large mazes that training never shows", "duan2016"),
        "corridor": (
            "tasks.corridor:Corridor",
            "a path to a reward, step by step",
            "lengyel2008 blundell2016",
        ),
        "associations": (
            "tasks.associations:Associations",
            "two lists of patterns, an answer pays for each",
            "mccloskey1989 mcclelland1995 french1999",
        ),
        "set_size": (
            "tasks.set_size:SetSize",
            "two to six pictures to be answered",
            "collins2012 collins2014",
        ),
        "tree": ("tasks.tree:Tree", "random trees, a reward at each state", "lengyel2008"),
        "minatar": ("tasks.gymnax_bridge:minatar", "Atari's games in miniature", "young2019 lange2022"),
        "gymnax": ("tasks.gymnax_bridge:Gymnax", "any environment of gymnax", "lange2022"),
        "atari": ("tasks.atari:Atari", "Atari's games, emulated", "bellemare2013 mnih2015 machado2018"),
        "bandit_one_good": ("tasks.bandit:OneGoodArm", "k arms, one of which pays", "ritter2018"),
        "recurring": ("tasks.recurring:recurring", "any task, made to come back", "ritter2018"),
        "barcode_bandits": (
            "tasks.barcode_bandits:barcode_bandits",
            "bandits that come back, each under its barcode",
            "ritter2018",
        ),
        "i_maze": ("tasks.i_maze:IMaze", "a known maze, a hidden goal", "wang2016 mirowski2017"),
        "water_maze": (
            "tasks.water_maze:WaterMaze",
            "an open pool, a hidden platform",
            "ritter2018 morris1984",
        ),
        "compositional_bandits": (
            "tasks.compositional_bandits:CompositionalBandits",
            "two codes determine the arm, no pair comes back",
            "ritter2018",
        ),
        "contextual_choice": (
            "tasks.contextual_choice:ContextualChoice",
            "late evidence, beside a context that comes back",
            "ritter2018",
        ),
        "contextual_water_maze": (
            "tasks.water_maze:contextual_water_maze",
            "pools that come back, each under its barcode",
            "ritter2018 morris1984",
        ),
    }
)
# An agent: a function of `task` and, if it can be trained, `config` and `key`; the rest are the options.
AGENTS = entries(
    {
        "meta_rl": (
            "agents.recurrent:make",
            "recurrent network that reads its own past",
            "wang2016 duan2016",
        ),
        "episodic_meta_rl": (
            "agents.ep_recurrent:make",
            "recurrent network that recalls its past activity",
            "ritter2018 botvinick2019",
        ),
        "dopamine": (
            "agents.dopamine:make",
            "critic and actor apart, dopamine in between",
            "wang2018 stopper2014",
        ),
        "box2": (
            "agents.episodic_value:box2",
            "values of states like this one, remembered",
            "botvinick2019 blundell2016 lengyel2008 gershman2017",
        ),
        "mfec": ("agents.episodic_value:mfec", "model-free episodic control", "blundell2016"),
        "nec": ("agents.episodic_value:nec", "neural episodic control", "pritzel2017"),
        "dqn": ("agents.q_network:make", "deep Q-network", "mnih2015 hessel2018"),
        "rainbow": (
            "agents.q_network:rainbow",
            "deep Q-network with streams and distributions",
            "hessel2018 wangz2016 bellemare2017",
        ),
        "value_network": (
            "agents.value_network:value_network",
            "network of values that learns in life",
            "rumelhart1986 mccloskey1989 sutton2018",
        ),
        "q_table": ("agents.q_table:q_table", "tabular Q-learning", "watkins1992 sutton2018"),
        "uniform": ("agents.uniform:uniform", "chooses at random"),
        "bayes_optimal": ("agents.bayes_optimal:bayes_optimal", "optimal, independent arms", "bellman1956"),
        "bayes_correlated": ("agents.bayes_correlated:bayes_correlated", "optimal, p2 = 1 - p1", "wang2016"),
        "bayes_greedy": ("agents.bayes_greedy:bayes_greedy", "ideal in the two-step task", "wang2018"),
        "bayes_episodic": (
            "agents.bayes_episodic:bayes_episodic",
            "ideal where past two-step trials come back",
            "ritterepisodic2018 vikbladh2017",
        ),
        "bayes_risky": ("agents.bayes_risky:bayes_risky", "ideal, certain or risky lever", "wang2018"),
        "swimmer": (
            "agents.swimmer:swimmer",
            "searches a pool, then swims straight",
            "ritter2018 morris1984",
        ),
        "bayes_compositional": (
            "agents.bayes_compositional:bayes_compositional",
            "knows what each of two codes means",
            "ritter2018",
        ),
        "accumulator": ("agents.accumulator:accumulator", "sums noisy evidence", "wald1947"),
        "recalling": (
            "agents.recalling:recalling",
            "an observer whose beliefs come back with the task",
            "ritter2018",
        ),
        "gittins": ("agents.gittins:gittins", "finite-horizon Gittins index", "gittins1979"),
        "thompson": ("agents.thompson:thompson", "posterior sampling", "thompson1933"),
        "optimistic_thompson": (
            "agents.thompson:optimistic_thompson",
            "most often best of many samples",
            "duan2016",
        ),
        "restless_thompson": (
            "agents.restless_thompson:restless_thompson",
            "posterior sampling for arms that walk",
            "wang2016 thompson1933",
        ),
        "side_belief": (
            "agents.cue_values:side_belief",
            "ideal, infers which side pays",
            "brombergmartin2010 wang2018",
        ),
        "cue_td": (
            "agents.cue_values:cue_td",
            "TD values of cues, model-free",
            "brombergmartin2010 wang2018",
        ),
        "bayes_recurring": (
            "agents.bayes_recurring:bayes_recurring",
            "ideal where bandits come back",
            "ritter2018",
        ),
        "bayes_volatility": (
            "agents.bayes_volatility:bayes_volatility",
            "ideal where arms reverse seldom or often",
            "wang2018 behrens2007",
        ),
        "behrens": ("agents.behrens:behrens", "drifting probability, drifting volatility", "behrens2007"),
        "bayes_reversal": (
            "agents.bayes_reversal:bayes_reversal",
            "filter over which arm is the better one",
            "hampton2006 zorowitz2023",
        ),
        "informed": ("agents.informed:informed", "best there is, informative arm", "wang2016"),
        "searcher": ("agents.informed:searcher", "search without replacement, informative arm", "wang2016"),
        "learning_set": ("agents.learning_set:learning_set", "ideal in Harlow's task", "harlow1949 wang2018"),
        "ucb": ("agents.ucb:ucb", "upper confidence bounds", "auer2002"),
        "greedy": ("agents.greedy:greedy", "greatest posterior mean", "duan2016"),
        "epsilon_greedy": ("agents.greedy:epsilon_greedy", "greedy that lapses", "duan2016"),
        "psrl": ("agents.mdp_planners:psrl", "posterior sampling in MDPs", "osband2013 duan2016"),
        "opsrl": (
            "agents.mdp_planners:opsrl",
            "optimistic posterior sampling in MDPs",
            "osband2013 duan2016",
        ),
        "ucrl2": ("agents.mdp_planners:ucrl2", "optimism in MDPs", "jaksch2010 duan2016"),
        "beb": ("agents.mdp_planners:beb", "Bayesian exploration bonus in MDPs", "kolter2009 duan2016"),
        "mdp_greedy": ("agents.mdp_planners:mdp_greedy", "plans in the mean MDP", "duan2016"),
        "mdp_epsilon_greedy": (
            "agents.mdp_planners:mdp_epsilon_greedy",
            "plans in the mean MDP, lapses",
            "duan2016",
        ),
        "sampling": (
            "agents.sampling:sampling",
            "recalls one past pull of each arm, softmax",
            "bornstein2017 gershman2017",
        ),
        "rescorla_wagner": ("agents.rescorla_wagner:rescorla_wagner", "delta rule, softmax", "rescorla1972"),
        "bayes_forager": ("agents.foragers:bayes_forager", "knows how sides are baited", "wang2018"),
        "local_matcher": ("agents.foragers:local_matcher", "matches recent income", "sugrue2004"),
        "rl_wm": (
            "agents.rl_wm:rl_wm",
            "values and a working memory, set-size task",
            "collins2012 collins2014 collins2024",
        ),
        "rl_alone": ("agents.rl_wm:rl_alone", "values alone, set-size task", "collins2012 collins2024"),
        "perfect_memory": (
            "agents.rl_wm:perfect_memory",
            "forgets nothing, set-size task",
            "collins2012",
        ),
        "win_stay_lose_shift": (
            "agents.win_stay:win_stay_lose_shift",
            "repeats what paid, leaves what did not",
            "wilson2019",
        ),
        "model_free": ("agents.tabular:model_free", "SARSA(lambda) in the two-step task", "daw2011"),
        "model_based": ("agents.tabular:model_based", "planner in the two-step task", "daw2011"),
        "hybrid": ("agents.tabular:hybrid", "weighs planner and SARSA(lambda)", "daw2011"),
    }
)
# A trainer: a function (task, make_agent, config) -> Loop; the fields of `config` are the options.
TRAINERS = entries(
    {
        "a2c": ("training.actor_critic:a2c", "advantage actor-critic", "wang2018 mnih2016"),
        "ppo": ("training.ppo:ppo", "proximal policy optimisation", "schulman2017"),
        "q_learning": (
            "training.q_learning:q_learning",
            "deep Q-learning from replay",
            "mnih2015 vanhasselt2016 schaul2016 hessel2018",
        ),
        "data_efficient": (
            "training.q_learning:data_efficient",
            "Rainbow's learning for little experience",
            "vanhasselt2019 hessel2018",
        ),
        "neural_episodic": (
            "training.neural_episodic:neural_episodic",
            "slow learning of a memory's embedding",
            "pritzel2017",
        ),
        "living": ("training.living:living", "none: the agent lives on", "blundell2016"),
        "vae": (
            "training.vae:vae",
            "what is seen is learned first, then the agent lives",
            "blundell2016 kingma2014",
        ),
    }
)
# An experiment: an `experiments.experiment.Experiment`.
EXPERIMENTS = entries(
    {
        "box2": (
            "experiments.box2:EXPERIMENT",
            "deciding from single memories",
            "botvinick2019 lengyel2008 blundell2016 gershman2017",
        ),
        "episodic_bandits": (
            "experiments.episodic_bandits:EXPERIMENT",
            "bandits that come back are recalled, not learned again",
            "ritter2018 botvinick2019",
        ),
        "compositional_bandits": (
            "experiments.compositional_bandits:EXPERIMENT",
            "two recollections that tell half each are put together",
            "ritter2018 botvinick2019",
        ),
        "episodic_water_maze": (
            "experiments.episodic_water_maze:EXPERIMENT",
            "a platform once found is swum to straight",
            "ritter2018 botvinick2019",
        ),
        "contextual_choice": (
            "experiments.contextual_choice:EXPERIMENT",
            "noisy evidence is waited for once, and then recalled",
            "ritter2018 wald1947",
        ),
        "reinstatement": (
            "experiments.reinstatement:EXPERIMENT",
            "when what is recalled is let in, and what it is",
            "ritter2018 botvinick2019",
        ),
        "forgetting": (
            "experiments.forgetting:EXPERIMENT",
            "what was mastered is learned again, unless it is recalled",
            "ritter2018 botvinick2019",
        ),
        "episodic_minatar": (
            "experiments.episodic_minatar:EXPERIMENT",
            "memory beside slow learning on games",
            "pritzel2017 blundell2016 mnih2015 young2019 agarwal2021",
        ),
        "episodic_atari": (
            "experiments.episodic_atari:EXPERIMENT",
            "memory on Atari's games, beside what was published",
            "pritzel2017 blundell2016 mnih2015 bellemare2013 castro2018",
        ),
        "fast_needs_slow": (
            "experiments.fast_needs_slow:EXPERIMENT",
            "a memory with its embedding frozen, slow, too fast",
            "botvinick2019 pritzel2017 blundell2016 goldberger2004",
        ),
        "interference": (
            "experiments.interference:EXPERIMENT",
            "large steps overwrite what was learned",
            "mccloskey1989 mcclelland1995 french1999 botvinick2019",
        ),
        "bandits": (
            "experiments.bandits:EXPERIMENT",
            "two arms, five training distributions",
            "wang2016 wang2018",
        ),
        "foraging": (
            "experiments.foraging:EXPERIMENT",
            "choices divided as income",
            "wang2018 tsutsui2016 lau2005",
        ),
        "harlow": ("experiments.harlow:EXPERIMENT", "learning to learn", "harlow1949 wang2018 wang2016"),
        "informative_arm": ("experiments.informative_arm:EXPERIMENT", "pay once to know", "wang2016"),
        "restless": (
            "experiments.restless:EXPERIMENT",
            "learning rate follows volatility",
            "wang2016 behrens2007",
        ),
        "inferred_value": (
            "experiments.inferred_value:EXPERIMENT",
            "a surprise tells of the target not seen",
            "wang2018 brombergmartin2010",
        ),
        "volatility": (
            "experiments.volatility:EXPERIMENT",
            "learning rate and units track volatility",
            "wang2018 behrens2007",
        ),
        "reversal": (
            "experiments.reversal:EXPERIMENT",
            "people, network and observer around a reversal",
            "zorowitz2023 hampton2006",
        ),
        "set_size": (
            "experiments.set_size:EXPERIMENT",
            "people, networks, working memory under load",
            "collins2012 collins2014 collins2024 ritter2018 wang2016",
        ),
        "dopamine": (
            "experiments.dopamine:EXPERIMENT",
            "block or stimulate dopamine, weights frozen",
            "wang2018 stopper2014",
        ),
        "rl2_bandits": (
            "experiments.rl2_bandits:EXPERIMENT",
            "k arms, n pulls, as good as Gittins",
            "duan2016",
        ),
        "rl2_mdps": ("experiments.rl2_mdps:EXPERIMENT", "random MDPs, beside classic planners", "duan2016"),
        "two_step": (
            "experiments.two_step:EXPERIMENT",
            "model-free trains model-based",
            "wang2018 miller2017",
        ),
        "episodic_two_step": (
            "experiments.episodic_two_step:EXPERIMENT",
            "planning from a single past trial that is recalled",
            "ritterepisodic2018 vikbladh2017",
        ),
        "mazes": ("experiments.mazes:EXPERIMENT", "one walk is enough", "duan2016 wang2016"),
        "recovery": ("experiments.recovery:EXPERIMENT", "are the fits to be believed?", "wilson2019 daw2011"),
    }
)
# An analysis: a function of a trial table (`trials`) or of a record with units (`record`), per subject, or of a table
# of scores over runs and games (`scores`); its other parameters are the options. Then the function of its table that
# draws, and the one that summarises, if any.
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
CATALOG = {
    "task": TASKS,
    "agent": AGENTS,
    "trainer": TRAINERS,
    "experiment": EXPERIMENTS,
    "analysis": ANALYSES,
}
PLURAL = {kind: f"{kind}s" for kind in CATALOG} | {"analysis": "analyses"}


def check_name(kind: str, name: str) -> None:
    """`UserError` with the nearest name where there is no such thing; imports nothing."""
    if ":" in name:
        place = name.rpartition(":")[0]
        if place.endswith(".py") and not Path(place).is_file():
            raise UserError(f"There is no file '{place}' to take the {kind} from; check its path.")
    elif name not in CATALOG[kind]:
        raise UserError(f"There is no {kind} '{name}'{nearest(name, CATALOG[kind])}")


def load(kind: str, name: str) -> Any:
    """What a name stands for: an entry of the table, or the user's own (`file.py:Name`, `module:Name`).

    **Raises** `UserError` naming the nearest, the missing file or the error in it.
    """
    check_name(kind, name)
    if ":" not in name:
        return load_target(CATALOG[kind][name].target)
    place, _, attribute = name.rpartition(":")
    module = import_file(Path(place)) if place.endswith(".py") else import_named(place)
    if not hasattr(module, attribute):
        known = [known for known in vars(module) if not known.startswith("_")]
        raise UserError(f"'{place}' has no '{attribute}'{nearest(attribute, known)}")
    return getattr(module, attribute)


def load_target(target: str) -> Any:
    """What an entry's import string names."""
    place, _, attribute = target.partition(":")
    return getattr(importlib.import_module(f"fastslow.{place}"), attribute)


def import_file(path: Path) -> ModuleType:
    """The module in a user's file, under a name of its own, imported once."""
    path = path.resolve()
    name = f"fastslow_user_{path.stem}"
    known = sys.modules.get(name)
    if known is not None and known.__file__ == str(path):
        return known
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise UserError(f"'{path.name}' cannot be imported: {type(error).__name__}: {error}.") from error
    return module


def import_named(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UserError(f"There is no module '{name}' ({error}); is its folder on PYTHONPATH?") from error
