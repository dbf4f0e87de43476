"""Atari's games (Bellemare et al. 2013), seen as DQN saw them (Mnih et al. 2015), played by ale-py's emulator.

An action is repeated for four frames; what is seen is one frame of 84 x 84 shades of grey, the brighter of the last
two at each place, so that what is drawn in every other frame only is not missed. Frames are not stacked here: whoever
remembers stores each once.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, UInt8

from fastslow.tasks import emulator
from fastslow.tasks.emulator import REPEAT, Setup, Shown
from fastslow.tasks.gymnax_bridge import GAME_VARIABLES
from fastslow.tasks.task import Task, Variable, check_count, check_range
from fastslow.tasks.worlds import Worlds, where_lane
from fastslow.timestep import TimeStep


class Games(NamedTuple):
    """All lanes' games; all but the handle lane by lane. Not to be saved: the handle is good in this process alone."""

    emulator_handle: UInt8[Array, " 8"]
    seen: UInt8[Array, "lane height width"]
    paid: Float[Array, " lane"]
    score: Float[Array, " lane"]
    steps: Int[Array, " lane"]
    lives: Int[Array, " lane"]
    over: Bool[Array, " lane"]
    """The game is over, or was cut off, and must be reset before it is stepped."""


class Atari(Task):
    """A game; with `lives` each life is an episode, the game going on from one to the next.

    The emulator stands outside the compiled program: one is made for each `start`, its state is no array, and it can
    neither be batched by `vmap` (`worlds` has the lanes) nor saved; what was running when a run was cut begins anew.
    The first games of the lanes are drawn from their keys, all later chance is the emulator's own generator's.

    A trial is a whole game, whatever an episode is. A missed response does nothing.
    """

    game: str = eqx.field(static=True, default="pong")
    """The game, as ale-py names it."""
    lives: bool = eqx.field(static=True, default=False)
    """A life lost ends the episode (discount 0), the game goes on (Mnih 2015: in training, not in evaluation)."""
    clip: bool = eqx.field(static=True, default=False)
    """Rewards of a step are cut to -1 to 1 (Mnih 2015: yes; Pritzel 2017: no)."""
    noops: int = eqx.field(static=True, default=30)
    """Most frames of doing nothing with which a game begins (Mnih 2015: 30)."""
    sticky: float = eqx.field(static=True, default=0.0)
    """Probability at each frame that the action before goes on (Machado 2018: .25; Mnih 2015: 0)."""
    frames: int = eqx.field(static=True, default=108_000)
    """Most frames in a game, 30 minutes; then it is cut off (discount 1)."""
    full: bool = eqx.field(static=True, default=False)
    """All 18 actions, not only those that matter in the game (Mnih 2015: no)."""
    side: int = eqx.field(static=True, default=84)
    """Height and width of what is seen (Mnih 2015: 84)."""
    threads: int = eqx.field(static=True, default=0)
    """Threads that step the lanes; 0: one per core."""

    variant: ClassVar[str] = (
        "DQN's preprocessing (Mnih 2015): 4 frames an action, the maximum of the last two, 84 x 84 greys averaged over "
        "areas (there interpolated), 0 to 30 no-ops, the minimal action set; no press of fire at the start"
    )
    cite: ClassVar[tuple[str, ...]] = ("bellemare2013", "mnih2015", "machado2018")
    trial_variables: ClassVar[tuple[Variable, ...]] = GAME_VARIABLES

    def __check_init__(self) -> None:
        emulator.actions_of(self.game, self.full)
        check_count("noops", self.noops, 0)
        check_range("sticky", self.sticky, 0, 1)
        for name in ("frames", "side"):
            check_count(name, getattr(self, name), REPEAT)
        check_count("threads", self.threads, 0)

    @property
    def observation_shape(self) -> tuple[int, ...]:
        return (self.side, self.side)

    @property
    def actions(self) -> int:
        return emulator.actions_of(self.game, self.full)

    @property
    def episode_steps(self) -> int:
        return -(-self.frames // REPEAT)

    def worlds(self, lanes: int) -> Worlds:
        check_count("lanes", lanes, 1)
        return AtariWorlds(self, lanes)

    def sample(self, key: Key[Array, ""]) -> Key[Array, ""]:
        """What the first game's chances are drawn from."""
        return key

    def start(self, problem: Key[Array, ""], key: Key[Array, ""]) -> tuple[Games, TimeStep]:
        """A game alone, in an emulator of its own."""
        state, timestep = self.worlds(1).start(problem[None])
        return state, jax.tree.map(lambda x: x[0], timestep)

    def step(self, state: Games, action: Int[Array, ""], key: Key[Array, ""]) -> tuple[Games, TimeStep]:
        state, timestep = self.worlds(1).step(state, action[None], key[None])
        return state, jax.tree.map(lambda x: x[0], timestep)


class AtariWorlds(Worlds):
    """Games side by side in one emulator."""

    task: Atari
    lanes: int = eqx.field(static=True)

    outside: ClassVar[bool] = True

    @property
    def setup(self) -> Setup:
        task = self.task
        return Setup(
            task.game, self.lanes, task.side, task.frames, task.sticky, task.noops, task.full, task.threads
        )

    def start(self, keys: Key[Array, " lane"]) -> tuple[Games, TimeStep]:
        every = jnp.arange(self.lanes, dtype=jnp.int32)
        handle = emulator.created(self.setup)
        state = begun(*emulator.reset(handle, self.setup, every, emulator.seeds_of(keys)))
        return state, opening_of(state)

    def step(
        self, state: Games, actions: Int[Array, " lane"], keys: Key[Array, " lane"]
    ) -> tuple[Games, TimeStep]:
        valid = (actions >= 0) & (actions < self.task.actions)
        done = jnp.where(valid, actions, 0).astype(jnp.int32)
        handle, shown = emulator.step(state.emulator_handle, self.setup, done)
        won = shown.reward.astype(jnp.float32)
        reward = jnp.clip(won, -1.0, 1.0) if self.task.clip else won
        over = shown.terminated | shown.truncated
        paid, score, steps = state.paid + reward, state.score + won, state.steps + 1
        after = Games(handle, shown.frame, paid, score, steps, shown.lives, over)
        end = shown.terminated
        if self.task.lives:
            end |= shown.lives < state.lives
        trial = trial_of(after, jnp.where(valid, actions, -1), shown.terminated, valid)
        return after, TimeStep(shown.frame, reward, 1.0 - end.astype(jnp.float32), end | over, trial)

    def renew(
        self, state: Games, ended: Bool[Array, " lane"], keys: Key[Array, " lane"]
    ) -> tuple[Games, TimeStep]:
        """New games where they are over; where a life was lost the game goes on, and what is seen is seen again."""
        over = state.over & ended
        no, nothing = jnp.zeros_like(over), jnp.zeros_like(state.steps)
        before = Shown(state.seen, nothing, no, no, state.lives, nothing)
        fresh = begun(*emulator.reset_where(state.emulator_handle, self.setup, over, before))
        state = Games(fresh.emulator_handle, *where_lane(over, fresh[1:], state[1:]))
        return state, opening_of(state)


def begun(handle: UInt8[Array, " 8"], shown: Shown) -> Games:
    """Games of which nothing but the first frame is known."""
    zero, no = jnp.zeros_like(shown.reward), jnp.zeros_like(shown.terminated)
    paid = zero.astype(jnp.float32)
    return Games(handle, shown.frame, paid, paid, zero, shown.lives, no)


def opening_of(state: Games) -> TimeStep:
    nothing, no = jnp.zeros_like(state.paid), jnp.zeros_like(state.over)
    blank = jax.tree.map(jnp.zeros_like, trial_of(state, state.steps, no, no))
    return TimeStep(state.seen, nothing, nothing + 1, no, blank)


def trial_of(state: Games, action: Array, terminated: Array, valid: Array) -> dict[str, Array]:
    return {
        "trial": jnp.zeros_like(state.steps),
        "trial_end": state.over,
        "action": action,
        "reward": state.paid,
        "score": state.score,
        "steps": state.steps,
        "terminated": terminated,
        "valid": valid,
    }
