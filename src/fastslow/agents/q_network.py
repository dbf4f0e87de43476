"""The deep Q-network: the value of every action by a slowly learned network; it remembers nothing.

Mnih et al. 2015, with the improvements that Rainbow put together (Hessel et al. 2018): two streams for the state and
for what each action adds (dueling), and a distribution of the return in place of its mean (C51). How it learns is the
trainer's (training.q_learning).
"""

from dataclasses import dataclass
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, PyTree, Shaped

from fastslow.agents.agent import Agent
from fastslow.agents.observer import first_best, lapse, sampled
from fastslow.errors import UserError
from fastslow.networks.conv import FORMS, Conv
from fastslow.networks.embedding import as_float
from fastslow.networks.frames import none_before, picture, shape_of, stacked
from fastslow.rules.q_learning import dueling
from fastslow.tasks.task import Task, check_count, check_range
from fastslow.timestep import Output, Percept


@dataclass(frozen=True)
class QNetworkConfig:
    """Sizes and switches of the network."""

    encoder: str = "minatar"
    """Convolutions, by name (networks.conv.FORMS)."""
    features: int = 0
    """Units of the layer after them; 0: as the encoder has it."""
    frames: int = 1
    """How many of the latest frames are seen at once (Mnih 2015: 4)."""
    dueling: bool = False
    """Streams for state and advantages."""
    atoms: int = 1
    """Points of the distribution of returns (Bellemare 2017: 51); 1: its mean alone."""
    limit: float = 10.0
    """Returns from -limit to limit are told apart, where there are atoms (Bellemare 2017: 10)."""
    epsilon: float = 0.01
    """Probability of a uniform action; a trainer sets another while it trains."""

    def __post_init__(self) -> None:
        if self.encoder not in FORMS:
            raise UserError(f"encoder is '{self.encoder}', but it must be one of: {', '.join(FORMS)}.")
        check_count("features", self.features, 0)
        check_count("frames", self.frames, 1)
        check_count("atoms", self.atoms, 1)
        check_range("limit", self.limit, 1e-6, 1e9)
        check_range("epsilon", self.epsilon, 0, 1)


class QNetwork(Agent):
    """Chooses the greatest of Q(s, .), with probability epsilon any. Its state is the frames before the latest. Probe:
    `q`."""

    torso: Conv
    heads: Float[Array, "feature head atom"]
    """Of the actions; the last one, where there are two streams, is of the state."""
    bias: Float[Array, "head atom"]
    epsilon: Float[Array, ""]
    config: QNetworkConfig = eqx.field(static=True)
    actions: int = eqx.field(static=True)
    seen: tuple[int, ...] = eqx.field(static=True)
    """Shape of one frame."""

    cite: ClassVar[tuple[str, ...]] = ("mnih2015", "hessel2018", "bellemare2017", "wangz2016")

    @property
    def support(self) -> Float[Array, " atom"]:
        """The returns that the atoms stand for."""
        return jnp.linspace(-self.config.limit, self.config.limit, self.config.atoms)

    def logits(self, seen: Shaped[Array, "..."]) -> Float[Array, "action atom"]:
        """Of each action's distribution of returns; with one atom, Q itself. `seen` is a frame, or a stack of them."""
        features = self.torso(as_float(picture(seen)))
        out = jnp.einsum("f,fha->ha", features, self.heads) + self.bias
        if not self.config.dueling:
            return out
        return dueling(out[self.actions :], out[: self.actions])

    def means(self, logits: Float[Array, "*batch action atom"]) -> Float[Array, "*batch action"]:
        """Q, the mean of the distribution."""
        if self.config.atoms == 1:
            return logits[..., 0]
        return jax.nn.softmax(logits) @ self.support

    def init_state(self, key: Key[Array, ""]) -> PyTree:
        return none_before(self.seen, self.config.frames)

    def begin_episode(self, state: PyTree) -> PyTree:
        return jax.tree.map(jnp.zeros_like, state)

    def step(self, state: PyTree, percept: Percept, key: Key[Array, ""]) -> tuple[PyTree, Output]:
        seen, state = stacked(state, percept.observation)
        q = self.means(self.logits(seen))
        return state, sampled(key, lapse(first_best(q), self.epsilon), q.max(), q=q)

    def end_episode(self, state: PyTree, percept: Percept, key: Key[Array, ""]) -> PyTree:
        return state


def make(task: Task, config: QNetworkConfig, key: Key[Array, ""]) -> QNetwork:
    """A newborn network; all values near 0."""
    frame = task.observation_shape
    torso_key, head_key = jax.random.split(key)
    form = FORMS[config.encoder]
    form = form._replace(features=config.features or form.features)
    torso = Conv(shape_of(frame, config.frames), form, torso_key)
    heads = task.actions + config.dueling
    weights = jax.random.normal(head_key, (torso.features, heads, config.atoms)) * 0.1 / torso.features**0.5
    bias = jnp.zeros((heads, config.atoms))
    return QNetwork(torso, weights, bias, jnp.float32(config.epsilon), config, task.actions, frame)


@dataclass(frozen=True)
class RainbowConfig(QNetworkConfig):
    """The network of Rainbow: two streams, and the distribution of returns."""

    dueling: bool = True
    atoms: int = 51


def rainbow(task: Task, config: RainbowConfig, key: Key[Array, ""]) -> QNetwork:
    """Rainbow's network (Hessel et al. 2018; 51 atoms from -10 to 10), without noisy layers."""
    return make(task, config, key)
