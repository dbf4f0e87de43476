"""Who plays MinAtar, and how: the settings that the experiments on it share.

They were chosen on seeds of their own (docs/promises.md says among how many).
"""

from dataclasses import asdict, replace

from jaxtyping import Array, Key

from fastslow.agents import episodic_value, q_network
from fastslow.agents.agent import Agent
from fastslow.agents.episodic_value import EpisodicConfig
from fastslow.agents.q_network import QNetworkConfig, RainbowConfig
from fastslow.agents.uniform import uniform
from fastslow.experiments.curves import rounds
from fastslow.experiments.experiment import Condition
from fastslow.memory import dictionary
from fastslow.tasks.gymnax_bridge import minatar
from fastslow.tasks.task import Task
from fastslow.training.living import LivingConfig, living
from fastslow.training.neural_episodic import NeuralEpisodicConfig, neural_episodic
from fastslow.training.q_learning import QLearningConfig, q_learning

GAMES = ("asterix", "breakout", "freeway", "space_invaders")
GAMMA = 0.99
LANES = {"random": 4, "mfec": 1, "nec": 4, "dqn": 4, "rainbow": 4}
"""Games side by side. One where each game is to profit from the one before, which is stored only when it is over; a
gradient step every four steps in any case."""
CAPACITY = 8192
NEC = EpisodicConfig(
    **asdict(dictionary.NEC) | {"rate": 0.5},
    gamma=GAMMA,
    horizon=25,
    bootstrap=True,
    encoder="minatar",
    features=32,
)
MFEC = EpisodicConfig(**asdict(dictionary.MFEC), gamma=GAMMA, epsilon=0.005, features=64)
DQN = QNetworkConfig()
RAINBOW = RainbowConfig()
NEC_LEARNS = NeuralEpisodicConfig(learning_rate=1e-3, horizon=NEC.horizon, gamma=GAMMA)
DQN_LEARNS = QLearningConfig(horizon=3, double=True, last_epsilon=0.001)
RAINBOW_LEARNS = QLearningConfig(double=True, prioritised=True, horizon=3, last_epsilon=0.001)


def played(
    agent: str,
    game: str,
    steps: int,
    capacity: int = CAPACITY,
    exact: bool = True,
    features: int = 0,
    noise: float = 0.0,
    **learns: object,
) -> Condition:
    """The life of an agent in a game: random, mfec, nec, dqn or rainbow; `learns` changes how it learns.

    A gradient step is taken every 4 steps of the games that are played side by side.
    `capacity` is how many entries per action `nec` holds; `mfec`, which never writes over, four times as many. `exact`:
    to `nec` too a state that is stored is worth what is stored of it. `features`: units of the Q-network after its
    convolutions (0: as usual). `noise`: how much of a channel more is lit by chance.
    """
    task, lanes = minatar(game, noise=noise), LANES[agent]
    how = rounds(steps, lanes)

    def chance(task: Task, config: None, key: Key[Array, ""]) -> Agent:
        return uniform(task)

    if agent == "random":
        return Condition(task, None, LivingConfig(**how), chance, living, curve=True)
    if agent == "mfec":
        memory = replace(MFEC, capacity=4 * capacity)
        return Condition(task, memory, LivingConfig(**how), episodic_value.make, living, curve=True)
    how["act"] = 4 // lanes
    if agent == "nec":
        config = replace(NEC_LEARNS, **how, **learns)
        memory = replace(NEC, capacity=capacity, exact=exact)
        return Condition(task, memory, config, episodic_value.make, neural_episodic, curve=True)
    network, config = {"dqn": (DQN, DQN_LEARNS), "rainbow": (RAINBOW, RAINBOW_LEARNS)}[agent]
    network, config = replace(network, features=features), replace(config, **how, **learns)
    return Condition(task, network, config, q_network.make, q_learning, curve=True)
