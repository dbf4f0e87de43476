"""Agents. Each is a function of `task` and, if it can be trained, `config` and `key`; the rest are the options."""

from fastslow.catalog.entry import entries

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
