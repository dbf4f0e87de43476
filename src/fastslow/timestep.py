"""All that passes between a world and an agent.

Each is a named tuple of arrays for ONE lane; batches add leading axes (`lane`, then `time` in front of it).
The keystone of the design is here: an agent learns fast in its state, slowly in its parameters.
"""

from typing import NamedTuple

from jaxtyping import Array, Bool, Float, Int, PyTree, Shaped


class Cue(NamedTuple):
    """What tells an agent with a memory of its past activity when to store it and what to recall (Ritter 2018)."""

    context: Float[Array, "*batch part code"]
    """What the present task is known by, the same whenever it comes back; in several parts where each is a cue of its
    own."""
    recall: Bool[Array, "*batch"]
    """What is stored under the context may be recalled at this step."""
    store: Bool[Array, "*batch"]
    """The activity after taking in this step is to be stored under the context."""
    begins: Bool[Array, "*batch"]
    """A task, one of several in the episode, is at its first step."""


class TimeStep(NamedTuple):
    """What a task gives after it is started and after every action."""

    observation: Shaped[Array, "..."]
    """What is seen now (shape `task.observation_shape`; float32, or bytes from 0 to 255, or yes and no); the last
    action and reward are not part of it."""
    reward: Float[Array, "*batch"]
    """Paid for the action just taken; 0 at the start."""
    discount: Float[Array, "*batch"]
    """1 while the future counts, 0 where the episode, or one of several tasks in it, ended for good; the learner
    multiplies by gamma."""
    last: Bool[Array, "*batch"]
    """True on the outcome of the episode's last action; no action follows."""
    trial: dict[str, Array]
    """The trial variables (`task.trial_variables`) of the action just taken; `trial_end` marks the step at
    which a trial is complete and all its columns hold."""
    cue: Cue | None = None
    """In tasks that come back within an episode."""


class Percept(NamedTuple):
    """What an agent gets before each action; `observation` is the task's, the rest is its own past."""

    observation: Shaped[Array, "..."]
    last_action: Int[Array, "*batch"]
    """The action taken one step ago; -1 at the first step of an episode."""
    last_reward: Float[Array, "*batch"]
    """The reward received for it; 0 at the first step."""
    first: Bool[Array, "*batch"]
    """True at the first step of an episode."""
    time: Int[Array, "*batch"]
    """Steps since the episode began, 0 at the first."""
    perturbation: Float[Array, "*batch"]
    """What an experimenter adds to the agent's prediction-error signal (stimulation above 0, block below); 0 in
    ordinary life, and without effect on agents that have no such signal."""
    cue: Cue | None = None
    """The task's."""


class Output(NamedTuple):
    """What an agent gives: its choice and all that an experimenter may want to look at."""

    action: Int[Array, "*batch"]
    logits: Float[Array, "*batch action"]
    """Log choice probabilities up to a constant, given all that the agent drew before it chose (finite)."""
    value: Float[Array, "*batch"]
    """Its estimate of the return from here; 0 for agents that have none."""
    units: Float[Array, "*batch unit"]
    """What an electrode would record; may have no units."""
    probes: dict[str, PyTree]
    """Named signals: gates, values of each action, posteriors, prediction errors."""


class Trace(NamedTuple):
    """One step of an interaction: the percept, the agent's output to it, and what the world then did."""

    percept: Percept
    output: Output
    reward: Float[Array, "*batch"]
    discount: Float[Array, "*batch"]
    last: Bool[Array, "*batch"]
    trial: dict[str, Array]
