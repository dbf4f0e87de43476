"""To walk in a maze and see no more than what lies ahead: what all maze tasks share.

An episode in the sense of the task holds several walks, its trials: each begins at a start and ends at the target or
when time is up. The maze and the target stay, so whoever remembers where the target was gets there sooner.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from fastslow.tasks import task
from fastslow.tasks.maze_atlas import offsets
from fastslow.tasks.task import Variable, opening, outcome, pick
from fastslow.timestep import TimeStep

FORWARD, LEFT, RIGHT = range(3)
ACTIONS = 3
MAZE_VARIABLES = (
    task.TRIAL,
    task.TRIAL_END,
    Variable("action", "the last action of the walk; -1 where it is missing", "0 forward, 1 left, 2 right"),
    Variable("reward", "reward of the whole walk", "real"),
    Variable("maze", "number of the maze", "0, 1, ..."),
    Variable("target", "cell of the target, hidden", "0, 1, ..., row by row"),
    Variable("steps", "actions taken in the walk", "1 to limit"),
    Variable("found", "the target was found within the limit", "0 or 1"),
    Variable("shortest", "actions on the shortest path from start to target", ">= 1"),
    Variable("hits", "times that the agent walked into a wall", "0, 1, ..."),
    Variable("cell", "cell reached", "0, 1, ..., row by row"),
    Variable("heading", "direction faced there", "0 north, 1 east, 2 south, 3 west"),
    Variable("valid", "the last action was one of the three", "0 or 1"),
)


class MazeProblem(NamedTuple):
    """An episode's hidden truth."""

    maze: Int[Array, ""]
    passages: Int[Array, " cell"]
    target: Int[Array, ""]
    starts: Int[Array, " trial"]
    """Where each walk begins, as `4 cell + heading`."""
    shortest: Int[Array, " trial"]


class MazeState(NamedTuple):
    problem: MazeProblem
    cell: Int[Array, ""]
    heading: Int[Array, ""]
    trial: Int[Array, ""]
    steps: Int[Array, ""]
    """Actions taken in this walk."""
    hits: Int[Array, ""]
    reward: Float[Array, ""]
    """Earned in this walk."""


class Pay(NamedTuple):
    """What is earned: `goal` at the target, less `wall` for walking into one, less `step` for every action."""

    goal: Float[Array, ""]
    wall: Float[Array, ""]
    step: Float[Array, ""]


class Senses(NamedTuple):
    """What is perceived (plain numbers, static)."""

    columns: int
    """Cells in a row of the grid."""
    depth: int
    """Cells seen in the direction faced, the own one included."""
    compass: bool
    """Whether the direction faced is told."""

    @property
    def size(self) -> int:
        return 6 * self.depth + 1 + 4 * self.compass


def view(state: MazeState, restarted: Bool[Array, ""], senses: Senses) -> Float[Array, " view"]:
    """What is seen: `depth` cells in the direction faced, the own one first, until a wall stops the eye.

    Of each cell: whether it is open ahead, to the right and to the left; whether the target is in it, or beside it
    to the right or left with no wall between. Then whether a walk has just ended and this is the next one's start;
    with `compass` the direction faced, one-hot. What is not seen is 0.
    """
    passages, target = state.problem.passages, state.problem.target
    sides = (state.heading + jnp.array([0, 1, 3])) % 4
    picks = jax.vmap(pick, in_axes=(None, 0))
    steps = picks(jnp.asarray(offsets(senses.columns)), sides)
    cells = state.cell + steps[0] * jnp.arange(senses.depth)
    is_open = (picks(passages, cells)[:, None] >> sides[None]) & 1
    seen = jnp.concatenate([jnp.ones(1, jnp.int32), jnp.cumprod(is_open[:-1, 0])])[:, None]
    # A cell itself is seen as it is, the ones beside it through its openings.
    into = jnp.concatenate([jnp.ones_like(seen), is_open[:, 1:]], axis=1)
    there = jnp.add.outer(cells, steps.at[0].set(0)) == target
    # Beyond a wall the numbers of the cells mean nothing.
    cells_seen = jnp.concatenate([is_open, into * there], axis=1) * seen
    parts = [cells_seen.ravel(), restarted[None]]
    if senses.compass:
        parts.append(jnp.arange(4) == state.heading)
    return jnp.concatenate([part.astype(jnp.float32) for part in parts])


def put(problem: MazeProblem, trial: Int[Array, ""]) -> MazeState:
    """At the start of walk number `trial`."""
    pose = pick(problem.starts, trial)
    zero = jnp.int32(0)
    return MazeState(problem, pose // 4, pose % 4, trial, zero, zero, jnp.float32(0))


def begin(problem: MazeProblem, senses: Senses) -> tuple[MazeState, TimeStep]:
    """The start of an episode."""
    no, zero = jnp.bool_(False), jnp.int32(0)
    state = put(problem, zero)
    return state, opening(view(state, no, senses), trial_of(state, zero, no, no))


def trial_of(
    state: MazeState, action: Int[Array, ""], found: Bool[Array, ""], ended: Bool[Array, ""]
) -> dict[str, Array]:
    """The trial variables, of the state that the action led to."""
    valid = (action >= 0) & (action < ACTIONS)
    return {
        "trial": state.trial,
        "trial_end": ended,
        "action": jnp.where(valid, action, -1),
        "reward": state.reward,
        "maze": state.problem.maze,
        "target": state.problem.target,
        "steps": state.steps,
        "found": found,
        "shortest": pick(state.problem.shortest, state.trial),
        "hits": state.hits,
        "cell": state.cell,
        "heading": state.heading,
        "valid": valid,
    }


def walk(
    state: MazeState, action: Int[Array, ""], pay: Pay, senses: Senses, limit: int
) -> tuple[MazeState, TimeStep]:
    """One action; where it ends the walk, the agent is put at the next one's start in the same step.

    An action that is none of the three takes its time and does nothing else.
    """
    forward = action == FORWARD
    turn = jnp.where(action == RIGHT, 1, 0) - jnp.where(action == LEFT, 1, 0)
    is_open = (pick(state.problem.passages, state.cell) >> state.heading) & 1 == 1
    onwards = jnp.where(forward & is_open, pick(jnp.asarray(offsets(senses.columns)), state.heading), 0)
    hits = forward & ~is_open
    cell = state.cell + onwards
    found = cell == state.problem.target
    reward = pay.goal * found - pay.wall * hits - pay.step
    reached = state._replace(
        cell=cell,
        heading=(state.heading + turn) % 4,
        steps=state.steps + 1,
        hits=state.hits + hits,
        reward=state.reward + reward,
    )
    ended = found | (reached.steps >= limit)
    restart = put(state.problem, state.trial + 1)
    following = jax.tree.map(lambda new, old: jnp.where(ended, new, old), restart, reached)
    last = following.trial >= state.problem.starts.shape[0]
    shown = view(following, ended, senses)
    return following, outcome(shown, reward, last, trial_of(reached, action, found, ended))
