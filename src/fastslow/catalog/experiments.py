"""Experiments. Each is an `experiments.experiment.Experiment`."""

from fastslow.catalog.entry import entries

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
