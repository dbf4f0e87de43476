"""Seven worlds of a few steps, each of which only one faculty of a learner can fail.

A learner that cannot solve a probe in seconds will not solve a benchmark in hours, and the first probe that
fails says what is broken: the value head, its gradient to the inputs, the discount, the policy, both
together, memory, or learning within the episode. The first five after the test environments of Rejax (Liesen
et al. 2024); the last two are ours.
"""

from abc import abstractmethod
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from fastslow.tasks import task
from fastslow.tasks.task import Task, Variable, opening, outcome
from fastslow.timestep import TimeStep


class ProbeState(NamedTuple):
    sign: Float[Array, ""]
    time: Int[Array, ""]


class Probe(Task):
    """Two actions, one number seen; the hidden truth is a sign, -1 or 1, drawn anew each episode."""

    best: ClassVar[float]
    """Expected undiscounted return of the best policy."""
    chance: ClassVar[float]
    """Expected undiscounted return of a random policy."""
    trials: ClassVar[int] = 1
    """Trials in an episode."""
    steps: ClassVar[int] = 1
    """Steps in a trial."""

    cite: ClassVar[tuple[str, ...]] = ("liesen2024",)
    trial_variables: ClassVar[tuple[Variable, ...]] = (
        task.TRIAL,
        task.TRIAL_END,
        task.ACTION,
        task.REWARD,
        Variable("sign", "the hidden truth of the episode", "-1 or 1"),
        task.VALID,
    )
    observation_shape: ClassVar[tuple[int, ...]] = (1,)
    actions: ClassVar[int] = 2

    @property
    def episode_steps(self) -> int:
        return self.trials * self.steps

    @abstractmethod
    def seen(self, sign: Float[Array, ""], time: Int[Array, ""]) -> Float[Array, ""]:
        """What is observed before the action of step `time`."""

    @abstractmethod
    def paid(self, sign: Float[Array, ""], time: Int[Array, ""], action: Int[Array, ""]) -> Float[Array, ""]:
        """The reward of `action` at step `time`."""

    def sample(self, key: Key[Array, ""]) -> Float[Array, ""]:
        return jax.random.rademacher(key, dtype=jnp.float32)

    def start(self, problem: Float[Array, ""], key: Key[Array, ""]) -> tuple[ProbeState, TimeStep]:
        state = ProbeState(problem, jnp.int32(0))
        trial = self.trial_of(state, jnp.int32(0), jnp.float32(0))
        return state, opening(self.seen(problem, state.time)[None], trial)

    def trial_of(self, state: ProbeState, action: Array, reward: Array) -> dict[str, Array]:
        valid = (action == 0) | (action == 1)
        return {
            "trial": state.time // self.steps,
            "trial_end": state.time % self.steps == self.steps - 1,
            "action": jnp.where(valid, action, -1),
            "reward": reward,
            "sign": state.sign,
            "valid": valid,
        }

    def step(
        self, state: ProbeState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[ProbeState, TimeStep]:
        reward = self.paid(state.sign, state.time, action)
        trial = self.trial_of(state, action, reward)
        time = state.time + 1
        observation = self.seen(state.sign, time)[None]
        return ProbeState(state.sign, time), outcome(observation, reward, time >= self.episode_steps, trial)


class ConstantReward(Probe):
    """Pays 1 whatever is seen or done: does the value head learn a constant? V = 1."""

    variant: ClassVar[str] = "probe 1: constant reward, one step; what is seen means nothing"
    best: ClassVar[float] = 1.0
    chance: ClassVar[float] = 1.0

    def seen(self, sign, time):
        return sign

    def paid(self, sign, time, action):
        return jnp.float32(1)


class ObservedReward(Probe):
    """Pays the number seen: does the value's gradient reach the inputs? V = observation."""

    variant: ClassVar[str] = "probe 2: reward equals the observation, one step"
    best: ClassVar[float] = 0.0
    chance: ClassVar[float] = 0.0

    def seen(self, sign, time):
        return sign

    def paid(self, sign, time, action):
        return sign


class DelayedReward(Probe):
    """Shows 0, then 1, then pays 1 or 3 by chance: is the discount right? V = 2 gamma, then 2."""

    variant: ClassVar[str] = "probe 3: a reward of mean 2 after two steps"
    best: ClassVar[float] = 2.0
    chance: ClassVar[float] = 2.0
    steps: ClassVar[int] = 2

    def seen(self, sign, time):
        return time.astype(jnp.float32)

    def paid(self, sign, time, action):
        return jnp.where(time == 1, 2.0 + sign, 0.0)


class ActedReward(Probe):
    """Pays 1 for action 1 and -1 for action 0: does the policy follow the advantage?"""

    variant: ClassVar[str] = "probe 4: reward depends on the action alone, one step"
    best: ClassVar[float] = 1.0
    chance: ClassVar[float] = 0.0

    def seen(self, sign, time):
        return sign

    def paid(self, sign, time, action):
        return side(action)


class MatchedReward(Probe):
    """Pays 1 for action 1 where 1 is seen and action 0 where -1 is, else -1: do both learn together?"""

    variant: ClassVar[str] = "probe 5: reward depends on observation and action, one step"
    best: ClassVar[float] = 1.0
    chance: ClassVar[float] = 0.0

    def seen(self, sign, time):
        return sign

    def paid(self, sign, time, action):
        return sign * side(action)


class RememberedReward(Probe):
    """Shows the sign at once, then 0; the fourth action must match it: is anything carried over time?"""

    variant: ClassVar[str] = "probe 6: the cue of the first step decides the reward of the fourth"
    best: ClassVar[float] = 1.0
    chance: ClassVar[float] = 0.0
    steps: ClassVar[int] = 4

    def seen(self, sign, time):
        return jnp.where(time == 0, sign, 0.0)

    def paid(self, sign, time, action):
        return jnp.where(time == self.steps - 1, sign * side(action), 0.0)


class LearnedReward(Probe):
    """Shows nothing; one action, the same all episode, pays 1 and the other -1: is the second trial better?

    The first trial is a guess (0 on average), the three later ones can be right each time. Only an agent that
    sees its last action and reward, and remembers, can tell.
    """

    variant: ClassVar[str] = "probe 7: a hidden rewarded side for four trials of one step"
    best: ClassVar[float] = 3.0
    chance: ClassVar[float] = 0.0
    trials: ClassVar[int] = 4

    def seen(self, sign, time):
        return jnp.float32(0)

    def paid(self, sign, time, action):
        return sign * side(action)


def side(action: Int[Array, ""]) -> Float[Array, ""]:
    """Action 1 as 1, action 0 as -1, any other as 0."""
    return jnp.where(action == 1, 1.0, jnp.where(action == 0, -1.0, 0.0))


PROBES = (
    ConstantReward,
    ObservedReward,
    DelayedReward,
    ActedReward,
    MatchedReward,
    RememberedReward,
    LearnedReward,
)
