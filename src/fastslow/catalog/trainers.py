"""Trainers. Each is a function (task, make_agent, config) -> Loop; the fields of `config` are the options."""

from fastslow.catalog.entry import entries

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
