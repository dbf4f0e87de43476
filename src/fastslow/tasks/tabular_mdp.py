"""Small random Markov decision processes, met again and again within an episode so that they can be learned.

Duan et al. 2016 (section 3.2), after Osband et al. 2013: ten states, five actions; rewards N(m, 1) with m ~ N(1, 1) for
each state and action, transitions drawn flat from the simplex (Dirichlet with all ones). A life of ten steps begins
in the first state; the same MDP is lived through several times. What they call a trial is an episode here, and what
they call an episode a life, for an episode here is what an agent forgets after.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from fastslow.tasks import task
from fastslow.tasks.task import Task, Variable, check_count, opening, outcome, pick
from fastslow.timestep import TimeStep

MDP_VARIABLES = (
    task.TRIAL,
    task.TRIAL_END,
    task.ACTION,
    task.REWARD,
    Variable("state", "the state in which the choice was made", "0, 1, ..."),
    Variable("life", "how often the process was begun before, within the episode", "0, 1, ..."),
    Variable("expected_reward", "mean reward of the choice in that state; 0 where it is missing", "real"),
    task.VALID,
)


class MDP(NamedTuple):
    """The hidden truth of an episode."""

    transition: Float[Array, "state action next"]
    """Probability that a choice in a state leads to the next."""
    reward: Float[Array, "state action"]
    """Mean reward."""


class MDPState(NamedTuple):
    mdp: MDP
    at: Int[Array, ""]
    time: Int[Array, ""]


class TabularMDP(Task):
    """A random MDP, lived through `lives` times from its first state.

    The observation is the state, one-hot, and a flag that is 1 where a life has just ended (the paper's d): then the
    state is the first one again, and where the last choice would have led stays unknown. A missed choice pays
    nothing and leaves the state as it is.
    """

    states: int = eqx.field(static=True, default=10)
    """States (Duan 2016: 10)."""
    choices: int = eqx.field(static=True, default=5)
    """Actions in each state (Duan 2016: 5)."""
    horizon: int = eqx.field(static=True, default=10)
    """Steps in a life (Duan 2016: 10)."""
    lives: int = eqx.field(static=True, default=10)
    """Lives in an episode (Duan 2016: 10, 25, 50, 75, 100)."""

    variant: ClassVar[str] = (
        "Duan 2016, section 3.2: m ~ N(1,1), rewards N(m,1), Dirichlet(1) transitions, fixed first state; rewards "
        "depend on state and action, not on the state reached"
    )
    cite: ClassVar[tuple[str, ...]] = ("duan2016", "osband2013")
    trial_variables: ClassVar[tuple[Variable, ...]] = MDP_VARIABLES

    def __check_init__(self) -> None:
        for name in ("states", "choices", "horizon", "lives"):
            check_count(name, getattr(self, name), 1)

    @property
    def observation_shape(self) -> tuple[int, ...]:
        return (self.states + 1,)

    @property
    def actions(self) -> int:
        return self.choices

    @property
    def episode_steps(self) -> int:
        return self.lives * self.horizon

    def sample(self, key: Key[Array, ""]) -> MDP:
        transition_key, reward_key = jax.random.split(key)
        # Exponential draws over their sum are flat on the simplex.
        draws = jax.random.exponential(transition_key, (self.states, self.choices, self.states))
        mean = 1 + jax.random.normal(reward_key, (self.states, self.choices))
        return MDP(draws / draws.sum(-1, keepdims=True), mean)

    def start(self, problem: MDP, key: Key[Array, ""]) -> tuple[MDPState, TimeStep]:
        zero = jnp.int32(0)
        state = MDPState(problem, zero, zero)
        trial = self.trial_of(state, zero, jnp.float32(0), jnp.float32(0))
        return state, opening(self.seen(zero, jnp.bool_(False)), trial)

    def seen(self, at: Int[Array, ""], ended: Array) -> Float[Array, " cue"]:
        here = jax.nn.one_hot(at, self.states)
        return jnp.append(here, ended.astype(jnp.float32))

    def trial_of(self, state: MDPState, action: Array, reward: Array, mean: Array) -> dict[str, Array]:
        valid = (action >= 0) & (action < self.choices)
        return {
            "trial": state.time,
            "trial_end": jnp.bool_(True),
            "action": jnp.where(valid, action, -1),
            "reward": reward,
            "state": state.at,
            "life": state.time // self.horizon,
            "expected_reward": mean,
            "valid": valid,
        }

    def step(self, state: MDPState, action: Int[Array, ""], key: Key[Array, ""]) -> tuple[MDPState, TimeStep]:
        noise_key, move_key = jax.random.split(key)
        valid = (action >= 0) & (action < self.choices)
        # One product with a one-hot row: in lanes cheaper than a gather.
        chosen = jax.nn.one_hot(state.at * self.choices + action, self.states * self.choices) * valid
        mean = pick(state.mdp.reward.ravel(), jnp.where(valid, state.at * self.choices + action, -1))
        reward = jnp.where(valid, mean + jax.random.normal(noise_key), 0.0)
        odds = jnp.cumsum(chosen @ state.mdp.transition.reshape(-1, self.states))[:-1]
        there = (jax.random.uniform(move_key) >= odds).sum().astype(jnp.int32)

        time = state.time + 1
        ended = time % self.horizon == 0
        at = jnp.where(ended, 0, jnp.where(valid, there, state.at))
        trial = self.trial_of(state, action, reward, mean)
        return MDPState(state.mdp, at, time), outcome(
            self.seen(at, ended), reward, time >= self.episode_steps, trial
        )
