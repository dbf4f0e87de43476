"""From the text of a file's cells to the typed columns of a trial table, row by row accountable.

Every number is parsed here and nowhere else, so that each refusal can name the column and the row.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from fastslow.errors import UserError
from fastslow.records.presets import Preset
from fastslow.records.schema import SCHEMA

NO_VALUE = ("", "na", "n/a", "nan", "null", "none", ".")
TRUTH = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}
WORDS = {
    "valid": TRUTH,
    "correct": TRUTH,
    "reward": TRUTH,
    "transition": TRUTH | {"common": 1.0, "rare": 0.0, "uncommon": 0.0},
}
"""Words that stand for numbers, by column."""
ABSENT = {"action": -1.0, "reward": 0.0, "transition": -1.0, "state": -1.0}
"""What stands where a trial has no value; such a trial is not valid."""

MOST_WHOLE = 1e9
"""Trial, action and state numbers from here on are mistakes (a time stamp, a wrong column)."""


class Reader(NamedTuple):
    """One file's cells, and all that is known about how they are to be read."""

    cells: Mapping[str, np.ndarray]
    rows: np.ndarray
    """Each row's number in the file; the header is row 1."""
    path: Path
    preset: Preset

    def table(self, columns: Mapping[str, str]) -> pd.DataFrame:
        """The trial table; `columns` says which column of the file is which of the schema."""
        table: dict[str, np.ndarray] = {"subject": self.text("subject", columns["subject"])}
        levels: dict[str, list[str]] = {}
        labels: dict[str, np.ndarray] = {}
        table["episode"] = np.zeros(len(self.rows), np.int64)
        if "episode" in columns:
            source = columns["episode"]
            label, table["episode"] = self.episodes(source, table["subject"])
            if source != "episode" or (label != table["episode"].astype(label.dtype)).any():
                labels[source if source not in SCHEMA else f"source_{source}"] = label
        missing = np.zeros(len(self.rows), bool)
        for name, source in columns.items():
            if name in ("subject", "episode", "trial"):
                continue
            values = (
                self.coded(name, source, levels) if name in ("action", "state") else self.number(name, source)
            )
            self.refuse_outside(name, source, values)
            if name in ABSENT:
                missing |= np.isnan(values)
                values = np.where(np.isnan(values), ABSENT[name], values)
            table[name] = values
        if "state" in table and "transition" in table:
            # Where no second stage was reached, what the file says of the transition means nothing.
            table["transition"] = np.where(table["state"] < 0, -1.0, table["transition"])
        table["valid"] = self.validity(table.get("valid"), missing)
        if "correct" in table:
            blank = np.isnan(table["correct"])
            self.refuse(blank & table["valid"], columns["correct"], "has no value on a valid trial")
            table["correct"] = np.where(blank, 0.0, table["correct"])
        numbers = self.whole("trial", columns["trial"])
        if self.preset.repeats:
            labels["source_trial"] = numbers
            numbers = pd.Series(numbers).groupby([table["subject"], table["episode"]]).cumcount().to_numpy()
        table["trial"] = numbers - 1 if numbers.min() == 1 else numbers
        self.refuse_repeated(table, columns["trial"])
        return self.assemble(table, labels, levels, columns)

    def assemble(
        self,
        table: dict[str, np.ndarray],
        labels: dict[str, np.ndarray],
        levels: dict[str, list[str]],
        columns: Mapping[str, str],
    ) -> pd.DataFrame:
        """Columns in the schema's order and kinds, then the labels, then what else the file holds."""
        kinds = {"int": np.int64, "bool": np.bool_}
        order = [name for known in SCHEMA for name in table if name == known or name.startswith(f"{known}_")]
        frame = {name: table[name] for name in dict.fromkeys(order)}
        for name in frame:
            if name in SCHEMA and SCHEMA[name].kind in kinds:
                frame[name] = frame[name].astype(kinds[SCHEMA[name].kind])
        used = set(columns.values())
        others = {name: guessed(values) for name, values in self.cells.items() if name not in used}
        others = {self.preset.renamed.get(name, name): values for name, values in others.items()}
        others = {f"source_{name}" if name in frame else name: values for name, values in others.items()}
        trials = pd.DataFrame(frame | labels | others)
        trials.attrs = {f"{name}_levels": words for name, words in levels.items()}
        return trials

    def text(self, name: str, source: str) -> np.ndarray:
        """Stripped words; none may be missing."""
        words = stripped(self.cells[source])
        self.refuse(words == "", source, f"is empty, but every row needs its {name}")
        return words

    def number(self, name: str, source: str) -> np.ndarray:
        """Floats, the sum of several columns where `source` joins them; NaN where there is no value."""
        parts = summands(name, source, self.cells)
        if len(parts) > 1:
            return np.sum([self.number(name, part) for part in parts], axis=0)
        words = WORDS.get(name, {})
        values, missing, text = parsed(self.cells[source], words, self.no_value(name))
        kind = f"a number or one of: {', '.join(words)}" if words else "a number"
        self.refuse(text, source, f"is not {kind}")
        self.refuse(~missing & ~np.isfinite(values), source, "is not finite")
        return values * self.preset.scale.get(name, 1.0)

    def no_value(self, name: str) -> tuple[str, ...]:
        """Words that stand for a missing value in a column of the schema, besides the usual ones."""
        return (*self.preset.no_value, *self.preset.missing.get(name, ()))

    def whole(self, name: str, source: str) -> np.ndarray:
        """Whole numbers from 0; none may be missing."""
        values = self.number(name, source)
        self.refuse(np.isnan(values), source, f"is empty, but every row needs its {name}")
        self.refuse(
            (values < 0) | (values != np.round(values)), source, f"is no {name} number (0, 1, 2, ...)"
        )
        self.refuse(values >= MOST_WHOLE, source, f"is too large for a {name} number")
        return values.astype(np.int64)

    def coded(self, name: str, source: str, levels: dict[str, list[str]]) -> np.ndarray:
        """Actions or states as 0, 1, ... (words in the preset's order, or sorted); NaN where missing."""
        cells = self.cells[source]
        values, missing, text = parsed(cells, {}, self.no_value(name))
        if name in self.preset.levels:
            words = list(self.preset.levels[name])
            text = ~missing
        elif text.any():
            words = sorted({cell.strip() for cell in pd.unique(cells[~missing])})
        elif set(values[~missing]) == {-1.0, 1.0}:
            levels[name] = ["-1", "1"]
            return (values + 1) / 2
        else:
            return np.where(values == -1, np.nan, values)
        levels[name] = words
        codes = {word: float(code) for code, word in enumerate(words)}
        coded = pd.Series(stripped(cells)).map(codes).to_numpy(float)
        self.refuse(~missing & np.isnan(coded), source, f"is none of: {', '.join(words)}")
        return coded

    def episodes(self, source: str, subjects: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The labels of the file, and their order within each subject: by number, or words as they appear."""
        self.text("episode", source)
        label = guessed(self.cells[source])
        self.refuse(pd.isna(label), source, "is missing, but every row needs its episode")
        codes = pd.Series(label if label.dtype.kind in "if" else pd.factorize(label)[0])
        return label, codes.groupby(subjects).rank(method="dense").to_numpy(np.int64) - 1

    def validity(self, said: np.ndarray | None, missing: np.ndarray) -> np.ndarray:
        """Valid unless the file says otherwise or something that a trial needs is missing."""
        valid = ~missing
        if said is not None:
            valid &= said == 1
        if self.preset.invalid:
            valid &= self.number("valid", self.preset.invalid) != 1
        return valid

    def refuse_outside(self, name: str, source: str, values: np.ndarray) -> None:
        """Refuse numbers that the schema does not allow."""
        known = SCHEMA.get(name) or SCHEMA["p_reward"]
        bad = (values < known.least) | (values > known.most)
        if known.kind != "float":
            bad |= ~np.isnan(values) & ((values != np.round(values)) | (values >= MOST_WHOLE))
        if known.kind == "bool":
            bad |= (values < 0) | (values > 1)
        self.refuse(bad, source, f"is not a {name} ({known.levels})")

    def refuse_repeated(self, table: Mapping[str, np.ndarray], source: str) -> None:
        """Refuse a trial that is there twice."""
        key = pd.DataFrame({name: table[name] for name in ("subject", "episode", "trial")})
        again = key.duplicated().to_numpy()
        if again.any():
            row = int(again.argmax())
            first = int((key == key.iloc[row]).all(axis=1).to_numpy().argmax())
            raise UserError(
                f"Row {self.rows[row]} of '{self.path}' repeats {source} {self.cells[source][row]} of "
                f"subject '{table['subject'][row]}' in row {self.rows[first]}; remove one, or name the "
                "column of sessions or blocks with --map episode=COLUMN."
            )

    def refuse(self, bad: np.ndarray, source: str, why: str) -> None:
        """Raise at the first bad row."""
        if bad.any():
            row = int(bad.argmax())
            parts = [source] if source in self.cells else source.split("+")
            held = " + ".join(str(self.cells[part.strip()][row]) for part in parts)
            excerpt = " ".join(held[:40].split())
            raise UserError(
                f"Row {self.rows[row]} of '{self.path}': column '{source}' holds "
                f"'{excerpt}', which {why}; mend the file or map another column."
            )


def summands(name: str, column: str, source: Collection[str]) -> list[str]:
    """The columns of the file that one of the schema is made of: one or, of a number, a sum (`left+right`)."""
    known = SCHEMA.get(name) or SCHEMA["p_reward"]
    if column in source or "+" not in column or known.kind != "float":
        return [column]
    return [part.strip() for part in column.split("+")]


def parsed(
    cells: np.ndarray, words: Mapping[str, float], no_value: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers (NaN where there is none), where a value is missing, and where there is text instead."""
    codes, unique = pd.factorize(cells)
    none = {*NO_VALUE, *no_value}
    values, missing, text = (
        np.full(len(unique), np.nan),
        np.zeros(len(unique), bool),
        np.zeros(len(unique), bool),
    )
    for i, cell in enumerate(unique):
        word = cell.strip().lower()
        try:
            missing[i] = word in none
            values[i] = np.nan if missing[i] else words[word] if word in words else float(word)
        except ValueError:
            text[i] = True
    return values[codes], missing[codes], text[codes]


def stripped(cells: np.ndarray) -> np.ndarray:
    """The cells without blanks at either end."""
    codes, unique = pd.factorize(cells)
    return np.array([cell.strip() for cell in unique], dtype=object)[codes]


def guessed(cells: np.ndarray) -> np.ndarray:
    """A column unknown to the schema: whole numbers, numbers or else text, whichever loses nothing."""
    values, missing, text = parsed(cells, {}, ())
    words = [cell.strip() for cell in pd.unique(cells)]
    padded = any(len(word) > 1 and word[0] == "0" and word.isdigit() for word in words)
    if text.any() or padded or missing.all():
        return stripped(cells)
    whole = not missing.any() and all(word.lstrip("+-").isdigit() for word in words)
    return values.astype(np.int64) if whole and np.abs(values).max() < 2**53 else values
