"""Tasks. Each is a Task class, or a function that returns a task; its parameters are the options."""

from fastslow.catalog.entry import entries

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
