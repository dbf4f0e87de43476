"""The schema of behaviour as data: the columns that mean the same for agents, people and animals.

Analyses rely on these names alone, so that whoever's trials have them can be analysed.
"""

from typing import NamedTuple

import numpy as np

from fastslow.errors import UserError, check

CELL = ("subject", "episode", "trial")
"""The dimensions of every variable that has one value per trial."""


class Column(NamedTuple):
    """One column of the trial table, and the variable of the record that bears its name."""

    kind: str
    """`bool`, `int`, `float` or `text`."""
    meaning: str
    levels: str
    needed: bool = False
    least: float = -np.inf
    most: float = np.inf
    tail: str | None = None
    """Name of a fourth dimension; the table then has the columns `name_0`, `name_1`, ..."""
    unit: str = ""


SCHEMA: dict[str, Column] = {
    "subject": Column("text", "who behaved", "any name; 'seed 3' for agents", needed=True),
    "episode": Column("int", "episode, session or block, within the subject", "0, 1, ...", least=0),
    "trial": Column("int", "trial number within the episode", "0, 1, ...", needed=True, least=0),
    "action": Column("int", "the choice", "0, 1, ...; -1 missing", needed=True, least=-1),
    "reward": Column(
        "float", "reward of the trial; 0 where the trial was not completed", "real", needed=True
    ),
    "valid": Column(
        "bool", "the trial holds a valid choice and its outcome; analyses skip the others", "true, false"
    ),
    "transition": Column("int", "how the choice led on", "1 common, 0 rare, -1 none", least=-1, most=1),
    "state": Column("int", "second-stage state reached", "0, 1, ...; -1 none", least=-1),
    "p_reward": Column(
        "float", "probability that each arm or state pays", "0 to 1", least=0, most=1, tail="arm"
    ),
    "correct": Column("bool", "the choice was the best that the hidden truth allows", "true, false"),
    "regret": Column("float", "expected reward of the best choice less that of the choice made", ">= 0"),
    "value": Column("float", "the subject's estimate of the return before it chose", "real"),
    "rpe": Column("float", "reward prediction error of the trial", "real"),
    "rt": Column("float", "time from the choice's onset to the choice", ">= 0", unit="s"),
}
"""The columns that mean the same for every subject; a table may have more, which are kept as they are."""

TAILS = {name: column.tail for name, column in SCHEMA.items() if column.tail} | {
    "hidden": "unit",
    "units": "unit",
    "activity": "unit",
    "observation": "feature",
    "mean_reward": "arm",
}
PADDING = {"f": np.nan, "i": -1, "u": 0, "b": False, "U": ""}
"""What stands, by dtype, in cells where `present` is False."""


def cast(name: str, values: np.ndarray) -> np.ndarray:
    """The array in its schema's kind; what is not in the schema keeps its own, text as unicode."""
    kind = SCHEMA[name].kind if name in SCHEMA else "bool" if name == "present" else None
    if values.dtype.kind not in "biuf":
        check(kind in (None, "text"), f"The variable '{name}' holds {values.dtype}, but it must be {kind}.")
        return values.astype(np.str_)
    if kind == "float" and values.dtype.kind != "f":
        return values.astype(np.float64)
    if kind in ("int", "bool") and values.dtype.kind == "f":
        # NaN fails this comparison too, so that no missing value turns into a number.
        whole = values == np.round(values)
        if not whole.all():
            raise UserError(
                f"The variable '{name}' holds {values[~whole][0]}, but it must hold whole numbers."
            )
    if kind == "bool":
        check(
            bool(np.isin(values, (0, 1)).all()),
            f"The variable '{name}' must hold only true and false (1 and 0).",
        )
    return values.astype({"int": np.int64, "bool": np.bool_}.get(kind or "", values.dtype))
