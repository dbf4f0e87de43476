"""Who plays Atari, and how: the published settings, but for sizes that a laptop holds.

MFEC as in Blundell et al. 2016; NEC as in Pritzel et al. 2017, where the paper is silent as in public code
(docs/experiments.md); DQN as in Dopamine (Castro et al. 2018). Games are played by ale-py's emulator.
"""

from dataclasses import asdict, replace

from jaxtyping import Array, Key

from fastslow.agents import episodic_value, q_network
from fastslow.agents.agent import Agent
from fastslow.agents.episodic_value import EpisodicConfig, NECConfig
from fastslow.agents.q_network import QNetworkConfig
from fastslow.agents.uniform import uniform
from fastslow.experiments.curves import rounds
from fastslow.experiments.experiment import Condition
from fastslow.memory import dictionary
from fastslow.tasks.atari import Atari
from fastslow.tasks.emulator import REPEAT
from fastslow.tasks.task import Task
from fastslow.training.living import LivingConfig, living
from fastslow.training.neural_episodic import NeuralEpisodicConfig, neural_episodic
from fastslow.training.q_learning import QLearningConfig, q_learning

LANES = {"random": 4, "mfec": 1, "nec": 4, "dqn": 4}
"""Games side by side: four where a gradient step every four steps is then one a round; one (as published) where each
game is to profit from the one before, which by 300,000 frames of Q*bert doubled the score (one seed of its own)."""
MFEC = EpisodicConfig(
    **asdict(dictionary.MFEC), capacity=50_000, gamma=1.0, epsilon=0.005, features=64, try_first=12
)
NEC = NECConfig(capacity=20_000, encoder="dqn", frames=4)
DQN = QNetworkConfig(encoder="dqn", frames=4)
NEC_LEARNS = NeuralEpisodicConfig(
    learn_from=5000,
    epsilon_steps=20_000,
    optimizer="rmsprop",
    learning_rate=7.92e-6,
    max_gradient=1e6,
)
DQN_LEARNS = QLearningConfig(
    learn_from=20_000,
    epsilon_steps=250_000,
    target_period=2000,
    optimizer="centred_rmsprop",
    learning_rate=2.5e-4,
    clip_reward=True,
)


def played(agent: str, game: str, frames: int, noops: int = 30, **learns: object) -> Condition:
    """The life of an agent in a game: random, mfec, nec or dqn, each life of the player an episode; `learns` changes
    how it learns."""
    # Seeds take a core each, so that a second thread for their emulators would only wait.
    task, how = Atari(game, lives=True, noops=noops, threads=1), rounds(frames // REPEAT, LANES[agent])

    def chance(task: Task, config: None, key: Key[Array, ""]) -> Agent:
        return uniform(task)

    if agent == "random":
        return Condition(task, None, LivingConfig(**how), chance, living, curve=True)
    if agent == "mfec":
        return Condition(task, MFEC, LivingConfig(**how), episodic_value.make, living, curve=True)
    if agent == "nec":
        config = replace(NEC_LEARNS, **how, **learns)
        return Condition(task, NEC, config, episodic_value.make, neural_episodic, curve=True)
    return Condition(task, DQN, replace(DQN_LEARNS, **how, **learns), q_network.make, q_learning, curve=True)
