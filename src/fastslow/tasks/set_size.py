"""Pictures to be answered, two to six at a time: how much of learning is working memory?

In each block a few new pictures come up again and again, and each has one of three answers, told by its reward. What
was told of a picture once is all there is to know, so that whoever keeps it makes no second mistake of a kind;
learning little by little does not care how many pictures there are. People are in between, the nearer to the former
the fewer pictures there are. Collins & Frank 2012 (the task, people), Collins et al. 2014.
"""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from fastslow.errors import check
from fastslow.tasks import task
from fastslow.tasks.task import Task, Variable, check_count, opening, outcome, pick
from fastslow.timestep import Cue, TimeStep

ANSWERS = 3
FEWEST, MOST = 2, 6
"""Set sizes that there are shares of answers for."""
SHARES = np.array(
    [
        [[0, 1, 1]] * 5 + [[0, 0, 2]],
        [[0, 1, 2]] * 3 + [[1, 1, 1]] * 3,
        [[0, 1, 3]] * 2 + [[0, 2, 2]] * 2 + [[1, 1, 2]] * 2,
        [[0, 2, 3]] * 2 + [[1, 1, 3]] * 2 + [[1, 2, 2]] * 2,
        [[1, 2, 3]] * 2 + [[2, 2, 2]] * 4,
    ]
)
"""Of a block of 2, 3, ... 6 pictures, how many have the same answer, each of six cases as likely as in the blocks of
Collins & Frank's 79 people."""
FEATURES = 8
PATTERNS = np.array([[(-1.0) ** bin(i & j).count("1") for j in range(FEATURES)] for i in range(FEATURES)])
"""Eight patterns of eight signs, any two of which agree in exactly half (a Hadamard matrix)."""


def ranks(draws: Float[Array, " n"]) -> Int[Array, " n"]:
    """0 for the least, and so on; a permutation without sorting, which is slow in lanes."""
    return (draws[None] < draws[:, None]).sum(axis=1)


def shuffled(rows: Float[Array, "n ..."], draws: Float[Array, " n"]) -> Float[Array, "n ..."]:
    """The rows in the order of independent draws."""
    return jax.nn.one_hot(ranks(draws), len(rows)) @ rows


class Block(NamedTuple):
    """A block's hidden truth."""

    size: Int[Array, ""]
    """How many pictures there are; the rows beyond it are never shown."""
    codes: Float[Array, "picture feature"]
    """1 and -1."""
    answers: Int[Array, " picture"]
    """The action that pays."""


class SetSizeState(NamedTuple):
    block: Block
    picture: Int[Array, ""]
    """The one at hand."""
    shown: Int[Array, " picture"]
    """How often each was shown so far."""
    before: Int[Array, " picture"]
    """The trial in which each was last shown, before that at hand; -1 where it never was."""
    trial: Int[Array, ""]
    told: Bool[Array, ""]
    """The answer was given and its outcome is shown."""


class SetSize(Task):
    """A block: `presentations` of each of a few pictures, one a trial, in two steps: the picture, then its outcome.

    At the first step an answer is due, which pays 1 if it is the picture's own and else 0; at the second the picture
    is still there with the reward, and what is done does not matter. The block is over with the outcome of its last
    trial. Seen are the picture's code, eight signs, then 1 where an answer is due, then the set size over 6 (people are
    shown the whole set beforehand). Codes are drawn anew for each block, any two agreeing in half of their signs.

    The cue's context is the code: what is known of a picture can be recalled when it is shown, and stored when its
    outcome is. Each picture is a task that comes back, and begins anew whenever it is shown.

    Order: each trial shows a picture of which n presentations are left with probability proportional to n / (2 size -
    age), where age counts the trials since it was last shown (since the block began), so that all delays from 1 to 2
    size - 1 are about as frequent as among the people.
    """

    least: int = eqx.field(static=True, default=2)
    """Pictures in the smallest blocks (Collins & Frank 2012: 2); every size up to `most` is as frequent."""
    most: int = eqx.field(static=True, default=6)
    """Pictures in the largest blocks (Collins & Frank 2012: 6)."""
    presentations: int = eqx.field(static=True, default=9)
    """How often each picture of a block is shown (Collins & Frank 2012: 9 to 15)."""
    same_pictures: bool = eqx.field(static=True, default=False)
    """Pictures of all blocks are the same eight, so that only the answers are new (ours)."""

    variant: ClassVar[str] = (
        "Collins & Frank 2012: blocks of 2 to 6 pictures, three answers, feedback without chance; pictures are codes, "
        "each is shown equally often, no block is prolonged; not the tasks with chance or two sizes of reward"
    )
    cite: ClassVar[tuple[str, ...]] = ("collins2012", "collins2014")
    trial_variables: ClassVar[tuple[Variable, ...]] = (
        task.TRIAL,
        task.TRIAL_END,
        task.ACTION,
        task.REWARD,
        task.VALID,
        task.CORRECT,
        Variable("set_size", "pictures in the block", "2 to 6"),
        Variable("stimulus", "number of the picture within the block", "0, 1, ..."),
        Variable("iteration", "how often the picture was shown so far, this trial included", "1, 2, ..."),
        Variable(
            "delay", "trials since the picture was last shown; 0 at its first time", "0, 1, ...", "trials"
        ),
        Variable("answer", "the action that pays", "0, 1, 2"),
    )
    observation_shape: ClassVar[tuple[int, ...]] = (FEATURES + 2,)
    actions: ClassVar[int] = ANSWERS

    def __check_init__(self) -> None:
        check_count("least", self.least, FEWEST)
        check_count("most", self.most, FEWEST)
        check_count("presentations", self.presentations, 1)
        check(self.most <= MOST, f"most is {self.most}, but a block has at most {MOST} pictures.")
        check(
            self.least <= self.most,
            f"least is {self.least} and most is {self.most}, but least must not exceed most.",
        )

    @property
    def episode_steps(self) -> int:
        return 2 * self.most * self.presentations - 1

    def sample(self, key: Key[Array, ""]) -> Block:
        size_key, sign_key, code_key, case_key, action_key, deal_key = jax.random.split(key, 6)
        size = jax.random.randint(size_key, (), self.least, self.most + 1)
        patterns = jnp.asarray(PATTERNS, jnp.float32)
        if not self.same_pictures:
            patterns = patterns * jax.random.rademacher(sign_key, (1, FEATURES), jnp.float32)
        codes = shuffled(patterns, jax.random.uniform(code_key, (FEATURES,)))[:MOST]
        case = jax.random.randint(case_key, (), 0, SHARES.shape[1])
        shares = jnp.asarray(SHARES, jnp.float32)[size - FEWEST, case]
        shares = shuffled(shares, jax.random.uniform(action_key, (ANSWERS,)))
        # Which of the places 0 to size - 1 falls to each picture; the first places have the first answer, and so on.
        draws = jnp.where(jnp.arange(MOST) < size, jax.random.uniform(deal_key, (MOST,)), 2.0)
        place = ranks(draws)
        answers = (jnp.cumsum(shares)[None] <= place[:, None]).sum(axis=1)
        return Block(size, codes, jnp.minimum(answers, ANSWERS - 1).astype(jnp.int32))

    def start(self, problem: Block, key: Key[Array, ""]) -> tuple[SetSizeState, TimeStep]:
        nothing = jnp.zeros(MOST, jnp.int32)
        blank = SetSizeState(problem, jnp.int32(0), nothing, nothing - 1, jnp.int32(0), jnp.bool_(False))
        state = self.show(blank, key)
        timestep = opening(self.seen(state), self.trial_of(state, jnp.int32(-1)))
        return state, timestep._replace(cue=self.cue(state))

    def show(self, state: SetSizeState, key: Key[Array, ""]) -> SetSizeState:
        """The next picture, drawn."""
        left = jnp.where(jnp.arange(MOST) < state.block.size, self.presentations - state.shown, 0)
        age = state.trial - state.before
        weight = left / jnp.maximum(2 * state.block.size - age, 0.001)
        picture = jax.random.categorical(key, jnp.log(weight)).astype(jnp.int32)
        here = (jnp.arange(MOST) == picture).astype(jnp.int32)
        return state._replace(picture=picture, shown=state.shown + here, told=jnp.bool_(False))

    def step(
        self, state: SetSizeState, action: Int[Array, ""], key: Key[Array, ""]
    ) -> tuple[SetSizeState, TimeStep]:
        answered = state._replace(told=jnp.bool_(True))
        here = jnp.arange(MOST) == state.picture
        before = jnp.where(here, state.trial, state.before)
        following = self.show(state._replace(before=before, trial=state.trial + 1), key)
        after = jax.tree.map(lambda new, old: jnp.where(state.told, new, old), following, answered)
        trial = self.trial_of(state, action)
        last = ~state.told & (state.trial + 1 >= state.block.size * self.presentations)
        timestep = outcome(self.seen(after), trial["reward"], last, trial)
        return after, timestep._replace(cue=self.cue(after))

    def code(self, state: SetSizeState) -> Float[Array, " feature"]:
        return (jnp.arange(MOST) == state.picture).astype(jnp.float32) @ state.block.codes

    def seen(self, state: SetSizeState) -> Float[Array, " feature"]:
        rest = jnp.stack([(~state.told).astype(jnp.float32), state.block.size / MOST])
        return jnp.concatenate([self.code(state), rest])

    def cue(self, state: SetSizeState) -> Cue:
        return Cue(self.code(state)[None], ~state.told, state.told, ~state.told)

    def trial_of(self, state: SetSizeState, action: Array) -> dict[str, Array]:
        """The columns of the trial at hand when `action` is taken; it ends unless its outcome is shown already."""
        answer = pick(state.block.answers, state.picture)
        valid = ~state.told & (action >= 0) & (action < ANSWERS)
        correct = valid & (action == answer)
        before = pick(state.before, state.picture)
        return {
            "trial": state.trial,
            "trial_end": ~state.told,
            "action": jnp.where(valid, action, -1),
            "reward": correct.astype(jnp.float32),
            "valid": valid,
            "correct": correct,
            "set_size": state.block.size,
            "stimulus": state.picture,
            "iteration": pick(state.shown, state.picture),
            "delay": jnp.where(before < 0, 0, state.trial - before),
            "answer": answer,
        }
