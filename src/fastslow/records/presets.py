"""The shared data sets as data: which source column is which, how it is coded, whose it is.

A preset is all that `read_trials` must know to turn a published file into a trial table; a lab adds its own
by one more entry. A file whose header is exactly a preset's is recognised without being named.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fastslow.errors import UserError, check, nearest


@dataclass(frozen=True)
class Preset:
    """How one data set is written."""

    header: tuple[str, ...]
    """The columns of the file, in order; an exact match selects the preset. Of an NWB file: the columns of its table
    of trials that select it, whatever others there are."""
    columns: Mapping[str, str]
    """Column of the schema -> column of the file, or several whose sum it is (`left+right`)."""
    species: str
    cite: tuple[str, ...]
    """Keys in references.bib."""
    licence: str
    invalid: str | None = None
    """Column of the file that is 1 where the trial was missed or violated."""
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Words that stand for 0, 1, ... in a column of the schema."""
    no_value: tuple[str, ...] = ()
    """Words, besides the usual ones, that stand for a missing value in any column."""
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The same for single columns of the schema."""
    scale: Mapping[str, float] = field(default_factory=dict)
    """What a column of the schema is multiplied by to be in the schema's unit."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Columns of the file that the schema does not know -> what analyses call them; others keep their names."""
    repeats: bool = False
    """A missed trial was run again under the same number: number the rows anew, in the file's order."""
    nwb: bool = False
    """It is an NWB file, not a table of text."""
    signature: Mapping[str, float] = field(default_factory=dict)
    """What a right reading gives, mean over subjects: stay probabilities, interaction and reward effect in the two-step
    task, accuracy (by trial, from 1) in reversal learning, or by set size and presentation of the stimulus (from 1); of
    matching, what the data set's own page has."""


PRESETS: dict[str, Preset] = {
    # Six rats, each in 1 to 15 sessions; `common` holds for each rat's own transition structure.
    "rat_two_step_miller": Preset(
        header=(
            *("rat", "session", "trial", "choice", "outcome_side", "common", "reward", "p_left", "p_right"),
            *("violation", "bad_timing", "t_init", "t_choice", "t_second", "t_outcome"),
        ),
        columns={
            "subject": "rat",
            "episode": "session",
            "trial": "trial",
            "action": "choice",
            "reward": "reward",
            "transition": "common",
            "state": "outcome_side",
            "p_reward_0": "p_left",
            "p_reward_1": "p_right",
        },
        species="rat",
        cite=("miller2017", "miller2022", "venditto2024"),
        licence="MIT",
        invalid="violation",
        levels={"action": ("l", "r"), "state": ("l", "r")},
        no_value=("v",),
        signature={
            "common-rewarded": 0.820,
            "rare-rewarded": 0.470,
            "common-unrewarded": 0.464,
            "rare-unrewarded": 0.806,
            "interaction": 0.693,
            "reward_effect": 0.010,
        },
    ),
    # 400 people online, one block of 201 trials each; missed trials were run again.
    "human_two_step_zorowitz": Preset(
        header=(
            *("platform", "subject", "trial", "drift_ix", "state_1_key", "state_1_choice", "state_1_rt"),
            *("transition", "state_2", "state_2_key", "state_2_choice", "state_2_rt", "outcome", "missing"),
        ),
        columns={
            "subject": "subject",
            "trial": "trial",
            "action": "state_1_choice",
            "reward": "outcome",
            "transition": "transition",
            "state": "state_2",
            "rt": "state_1_rt",
        },
        species="human",
        cite=("zorowitz2023",),
        licence="MIT",
        invalid="missing",
        scale={"rt": 0.001},
        repeats=True,
        signature={
            "common-rewarded": 0.761,
            "rare-rewarded": 0.698,
            "common-unrewarded": 0.656,
            "rare-unrewarded": 0.696,
            "interaction": 0.103,
            "reward_effect": 0.054,
        },
    ),
    # 406 people online, one session of 90 trials each; the file's `correct` is the better arm of the trial.
    "human_reversal_zorowitz": Preset(
        header=(
            *("platform", "subject", "block", "trial", "correct", "choice", "key", "rt", "accuracy"),
            "outcome",
        ),
        columns={
            "subject": "subject",
            "trial": "trial",
            "action": "choice",
            "reward": "outcome",
            "correct": "accuracy",
            "rt": "rt",
        },
        species="human",
        cite=("zorowitz2023",),
        licence="MIT",
        signature={
            "accuracy, trial 1": 0.369,
            "accuracy, trial 15": 0.675,
            "accuracy, trial 20": 0.502,
            "accuracy": 0.567,
            "accuracy, first trial after a reversal": 0.184,
        },
    ),
    # 79 people, 18 blocks each, in which 2 to 6 pictures have one of three keys each; presentations of a picture are
    # counted whether it was answered or not. Its `delay` is that since the picture was last answered rightly.
    "human_rlwm_collins": Preset(
        header=(
            *(
                "subno",
                "block",
                "ns",
                "time",
                "stimseq",
                "imageseq",
                "folderseq",
                "iterseq",
                "corAseq",
                "choice",
            ),
            *("key", "cor", "rew", "rt", "condition (HC=0,SZ=1)", "pcor", "delay"),
        ),
        columns={
            "subject": "subno",
            "episode": "block",
            "trial": "time",
            "action": "choice",
            "reward": "rew",
            "correct": "cor",
            "rt": "rt",
        },
        species="human",
        cite=("collins2012",),
        licence="MIT",
        levels={"action": ("1", "2", "3")},
        no_value=("-1",),
        renamed={
            "ns": "set_size",
            "stimseq": "stimulus",
            "iterseq": "iteration",
            "pcor": "times_correct",
            "delay": "delay_since_correct",
        },
        signature={
            "set size 2, iteration 1": 0.35,
            "set size 2, iteration 2": 0.67,
            "set size 2, iteration 3": 0.94,
            "set size 2, iteration 5": 0.97,
            "set size 2, iteration 9": 0.98,
            "set size 6, iteration 1": 0.38,
            "set size 6, iteration 2": 0.54,
            "set size 6, iteration 3": 0.59,
            "set size 6, iteration 5": 0.75,
            "set size 6, iteration 9": 0.89,
        },
    ),
    # Mice that choose between two lick spouts whose reward probabilities drift or jump, a session per NWB file
    # (Allen Institute for Neural Dynamics); 0 left, 1 right, 2 no response.
    "mouse_foraging_nwb_aind": Preset(
        header=(
            *("animal_response", "rewarded_historyL", "rewarded_historyR"),
            *("reward_probabilityL", "reward_probabilityR", "goCue_start_time"),
        ),
        columns={
            "action": "animal_response",
            "reward": "rewarded_historyL+rewarded_historyR",
            "p_reward_0": "reward_probabilityL",
            "p_reward_1": "reward_probabilityR",
        },
        species="mouse",
        cite=("rubel2022",),
        licence="MIT",
        missing={"action": ("2",)},
        nwb=True,
    ),
    # Sixteen mice in 469 sessions of several blocks; p_left and p_right are those of baiting, and stay as they are.
    "mouse_dynamic_foraging": Preset(
        header=(
            *("session", "animal", "trial", "reward", "choice", "p_left", "p_right", "better_side"),
            *("bait_l", "bait_r", "block"),
        ),
        columns={
            "subject": "animal",
            "episode": "session",
            "trial": "trial",
            "action": "choice",
            "reward": "reward",
        },
        species="mouse",
        cite=("bari2019", "trepka2021"),
        licence="MIT",
        signature={
            "choice fraction on income fraction, slope": 0.586,
            "choice fraction on income fraction, r": 0.873,
            "log-ratio sensitivity": 0.50,
            "win-stay": 0.854,
            "lose-shift": 0.365,
        },
    ),
}
NOTHING_KNOWN = Preset((), {}, "", (), "")
"""For a file of which only the user knows how it is written."""


def plan_of(preset: str | None, path: Path) -> Preset | None:
    """The preset of a name, for a file of its kind."""
    if preset is None:
        return None
    if preset not in PRESETS:
        raise UserError(f"There is no preset '{preset}'{nearest(preset, PRESETS)}")
    check(
        PRESETS[preset].nwb == (path.suffix == ".nwb"),
        f"The preset '{preset}' is for {'NWB files' if PRESETS[preset].nwb else 'tables of text'}, but '{path}' is "
        "none; leave it out.",
    )
    return PRESETS[preset]


def provenance(preset: str | None) -> dict[str, object]:
    """What a preset says of whose the trials are."""
    if preset is None:
        return {}
    plan = PRESETS[preset]
    return {"preset": preset, "species": plan.species, "cite": list(plan.cite), "licence": plan.licence}
