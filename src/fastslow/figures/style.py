"""One palette and one set of sizes for every figure, and the only place where figures are made and written.

Colours mean the same thing in every figure: whoever behaves keeps one (agents, observers, rats, people), fast
learning has one hue and slow learning another. Most hues are Okabe and Ito's (2008), chosen to be told apart
by colour-blind eyes. Matplotlib's settings are borrowed while a panel is drawn and handed back: nothing
global stays changed.
"""

import io
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar

import matplotlib
import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import ListedColormap, to_hex, to_rgb
from matplotlib.figure import Figure

from fastslow.errors import UserError, check, nearest

P, R = ParamSpec("P"), TypeVar("R")

WIDTHS = {"single": 89.0, "middle": 120.0, "double": 183.0}
"""Column widths in mm, as in the journals of Springer Nature."""
ROW_HEIGHT = 58.0
"""Height of one row of panels, mm."""
MM = 1 / 25.4

FAST, SLOW = "#D55E00", "#8E3B80"
"""What is learned within an episode, and what is learned over episodes."""
INK, GREY, PALE = "#1A1A1A", "#6E6E6E", "#D9D9D9"
SPARE_LINES, SPARE_MARKERS = ("-", "--", "-.", ":"), ("o", "s", "^", "v", "D")
SPARE = ("#B2457E", "#5B7F95", "#7A6A53", "#3F8F8B")
P_LEFT_MAP = ListedColormap(colormaps["viridis"](np.linspace(0, 0.92, 256)), "p_left")
"""Colour map of probabilities from 0 to 1: viridis without its palest end, which is lost on white."""
LOSS_MAP = "cividis_r"
"""Colour map of regret: darker is worse."""
SHARE_MAP = "Blues"
"""Colour map of shares from 0 to 1: darker is more."""
ARMS = ("#2F4B6E", "#E8D9B5")
"""Left and right arm of an action raster."""

SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 7.0,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7.0,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "axes.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlepad": 5.0,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.3,
    "lines.markersize": 3.5,
    "hatch.linewidth": 0.6,
    "svg.hashsalt": "fastslow",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,  # letters that a drawing program can edit
}
FORMATS: dict[str, dict[str, None]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
"""How figures are written, and what is left out so that the same figure is the same bytes."""
USUAL = (".png", ".svg")
"""The formats of a figure whose name asks for none."""


class Look(NamedTuple):
    """How one subject, group or condition appears in every figure."""

    label: str
    colour: str
    line: Any = "-"
    marker: str = "o"


class Drawing(NamedTuple):
    """A figure and the numbers drawn in it."""

    figure: Figure
    data: pd.DataFrame | Mapping[str, pd.DataFrame]
    """One tidy table, or several by name."""

    def save(self, path: Path | str) -> list[Path]:
        """Write the figure and its numbers, as `save` does."""
        return save(self.figure, path, self.data)


LOOKS: dict[str, Look] = {
    "subjects": Look("subjects", "#3A6EA5"),
    "agent": Look("meta-RL agent", FAST),
    "agent_steps": Look("meta-RL agent, separate steps", "#F0A06A", "--"),
    "agent_daw": Look("meta-RL agent, Daw's form", "#C9622E", "-.", "s"),
    "agent_timed": Look("agent that learned the schedule", "#F0A06A", "--"),
    "at_maximum": Look("agents at the maximum", FAST),
    "all_seeds": Look("agents, all seeds", "#F0A06A", "--"),
    "ep_lstm": Look("episodic LSTM", FAST),
    "ep_lesion": Look("the same, recall lesioned", "#F0A06A", "--"),
    "ep_first": Look("trained to recall by one code", "#0072B2", "-", "s"),
    "lost_first": Look("second code's recall alone", "#E69F00", "-.", "v"),
    "lost_second": Look("first code's recall alone", "#56B4E9", "--", "s"),
    "lstm": Look("LSTM", SLOW, "-", "^"),
    "untrained": Look("untrained twin", "#B9ADA3", ":", "s"),
    "yoked": Look("untrained twin, agent's trials", "#8C8C9E", ":", "s"),
    "episodic": Look("episodic", "#0072B2"),
    "episodic_max": Look("episodic, best return", "#0072B2"),
    "episodic_mean": Look("episodic, mean return", "#56B4E9", "--", "s"),
    "ep_lstm_noisy": Look("episodic LSTM, trained with noise", "#56B4E9", "--", "s"),
    "ep_lstm_kernel": Look("the same, five recalled", "#332288", "-.", "^"),
    "recalled_same": Look("what is of this context", "#4D4D4D", "-.", "^"),
    "recalled_right": Look("right solution recalled", "#0072B2"),
    "recalled_wrong": Look("no right solution recalled", "#E69F00", "--", "s"),
    "presentation_1": Look("first presentation", "#F0A06A", "--", "s"),
    "presentation_2": Look("second presentation", FAST),
    "ungated": Look("memory without gate", "#009E73", "-.", "^"),
    "ablated": Look("episodic LSTM, recall ablated", "#F0A06A", "--", "v"),
    "lstm_restart": Look("LSTM that begins anew", "#B48BAA", "--", "v"),
    "sampling": Look("recalls one trial", "#0072B2"),
    "network_sequential": Look("network, then the second list", SLOW),
    "network_interleaved": Look("network, then both lists", "#CC79A7", "--", "s"),
    "until_known": Look("network, until the second is known", SLOW, ":", "^"),
    "dictionary_sequential": Look("dictionary, then the second list", "#0072B2"),
    "dictionary_interleaved": Look("dictionary, then both lists", "#56B4E9", "--"),
    "q_table": Look("tabular Q-learning", SLOW, "-.", "^"),
    "planner_0.8": Look("planner, noise 0.8", "#332288", "-", "^"),
    "planner_1": Look("planner, noise 1", "#CC79A7", "--", "s"),
    "planner_1.3": Look("planner, noise 1.3", "#B9862C", "-.", "v"),
    "best": Look("who knows the tree", INK, ":", "None"),
    "nec": Look("NEC", "#0072B2"),
    "slow": Look("memory, slow embedding", FAST),
    "frozen": Look("memory, random embedding", "#56B4E9", "--", "s"),
    "too_fast": Look("memory, embedding 100 times faster", "#332288", "-.", "v"),
    "no_memory": Look("no memory", SLOW, "-", "^"),
    "mfec": Look("MFEC", "#56B4E9", "--", "s"),
    "dqn": Look("DQN", SLOW, "-", "^"),
    "dqn_adam": Look("DQN, Adam", "#B48BAA", "--", "^"),
    "per": Look("prioritised replay", "#B9862C", "-.", "v"),
    "rainbow": Look("Rainbow", "#332288", "-", "D"),
    "c51": Look("C51", "#CC79A7", ":", "v"),
    "iqn": Look("IQN", "#117733", "-.", "<"),
    "quantile": Look("quantile regression", "#9A9A3C", "--", ">"),
    "q_lambda": Look("Q*(λ)", "#7A6FB0", "--", "p"),
    "retrace": Look("Retrace(λ)", "#6E6E6E", (0, (3, 1.5)), "X"),
    "a3c": Look("A3C", "#009E73", ":", "P"),
    "simple": Look("SimPLe", "#E69F00", "--", "s"),
    "der": Look("data-efficient Rainbow", "#332288", "-.", "D"),
    "drq_eps": Look("DrQ(ε)", "#00A6A6", "-", "v"),
    "spr": Look("SPR", "#C9622E", "-", "h"),
    "no_reward": Look("agent without reward input", "#A08C7D", "--", "s"),
    "independent": Look("agent, independent arms", "#009E73"),
    "correlated": Look("agent, correlated arms", "#0072B2"),
    "bayes_optimal": Look("Bayes-optimal", INK),
    "bayes_correlated": Look("Bayes-optimal, correlated", INK, (0, (6, 1.2, 1.2, 1.2))),
    "gittins": Look("Gittins index", INK, "--"),
    "thompson": Look("Thompson sampling", "#5A5A5A", "-."),
    "optimistic_thompson": Look("optimistic Thompson", "#5A5A5A", ":", "D"),
    "ucb": Look("UCB", "#A8A8A8", ":"),
    "epsilon_greedy": Look("epsilon-greedy", "#8C8C8C", "--", "s"),
    "greedy": Look("greedy", "#8C8C8C", ":", "v"),
    "psrl": Look("PSRL", "#5A5A5A", "-."),
    "opsrl": Look("optimistic PSRL", "#5A5A5A", ":", "D"),
    "ucrl2": Look("UCRL2", "#A8A8A8", ":", "s"),
    "beb": Look("BEB", INK, "--", "^"),
    "random": Look("random", PALE, ":"),
    "feedforward": Look("agent without memory", "#5B7F95", "-", "v"),
    "shortest": Look("shortest path", INK, ":", "None"),
    "observer": Look("ideal observer", "#4D4D4D", "-", "D"),
    "observer_no_memory": Look("ideal, no memory", "#9A9A9A", "--", "d"),
    "observer_first": Look("ideal, first code alone", "#6E6E6E", "-.", "<"),
    "observer_second": Look("ideal, second code alone", "#B0B0B0", ":", ">"),
    "episodic_model_free": Look("repeats what paid then", "#CC79A7", "--", "v"),
    "bayes_greedy": Look("ideal observer", "#4D4D4D", "-", "D"),
    "bayes_forager": Look("Bayesian forager", "#4D4D4D", "-", "D"),
    "local_matcher": Look("matcher of local income", "#6C8EBF", "--", "s"),
    "model_based": Look("model-based", "#332288", "-", "^"),
    "model_free": Look("model-free", "#CC79A7", "-", "v"),
    "hybrid": Look("hybrid", "#7A6FB0", "-", "p"),
    "win_stay_lose_shift": Look("win-stay lose-shift", "#9A9A3C", (0, (1, 1)), "*"),
    "rescorla_wagner": Look("Rescorla-Wagner", "#7A5C1E", (0, (3, 1.5)), "s"),
    "control": Look("untouched", FAST),
    "block_win": Look("risky win blocked", "#0072B2"),
    "block_certain": Look("certain reward blocked", "#009E73"),
    "stimulate_loss": Look("risky loss stimulated", "#8E3B80"),
    "bayes_risky": Look("ideal gambler", "#4D4D4D", "-", "D"),
    "rl_wm": Look("RL + working memory", "#332288", "-", "^"),
    "rl_alone": Look("RL alone", "#7A5C1E", (0, (3, 1.5)), "s"),
    "perfect_memory": Look("perfect memory", "#4D4D4D", "-", "D"),
    "behrens": Look("Behrens' learner", "#117733", (0, (5, 1)), "<"),
    "rats": Look("rats", "#E69F00", "-", "h"),
    "mice": Look("mice", "#E8B93B", "-", "H"),
    "people": Look("people", "#56B4E9", "-", "P"),
    "monkeys": Look("monkeys", "#00A6A6", "-", "X"),
}


def look(name: str) -> Look:
    """The look of a name; an unknown name keeps its own text and always gets the same spare look."""
    if name in LOOKS:
        return LOOKS[name]
    place = zlib.crc32(name.encode())
    line, marker = SPARE_LINES[place // 4 % 4], SPARE_MARKERS[place // 16 % 5]
    return Look(name.replace("_", " "), SPARE[place % 4], line, marker)


def tint(colour: str, share: float = 0.55) -> str:
    """The colour mixed with white (`share` 0: itself, 1: white)."""
    return to_hex((1 - share) * np.array(to_rgb(colour)) + share)


@contextmanager
def styled() -> Iterator[None]:
    """Matplotlib's settings as above inside, as they were outside; whoever draws by hand draws within it."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        yield


def panel(draw: Callable[P, R]) -> Callable[P, R]:
    """A drawing function run within `styled`, whatever the reader's own settings are."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        with styled():
            return draw(*args, **kwargs)

    return drawn


@panel
def figure(
    columns: int = 1,
    rows: int = 1,
    width: str = "double",
    height: float | int | None = None,
    column_ratios: Sequence[float] | None = None,
    row_ratios: Sequence[float] | None = None,
    letters: bool = True,
) -> tuple[Figure, np.ndarray]:
    """A figure of `rows` x `columns` panels and their axes [row, column], lettered a, b, c by rows.

    **Arguments**: `width` single, middle or double column; `height` in mm (default: 58 for each row).
    """
    if width not in WIDTHS:
        raise UserError(f"There is no figure width '{width}'{nearest(width, WIDTHS)}")
    check(
        columns >= 1 and rows >= 1, f"A figure of {rows} x {columns} panels has none; give 1 or more of each."
    )
    size = (WIDTHS[width] * MM, (ROW_HEIGHT * rows if height is None else height) * MM)
    made = Figure(figsize=size, layout="constrained")
    axes = made.subplots(rows, columns, squeeze=False, width_ratios=column_ratios, height_ratios=row_ratios)
    if letters and axes.size > 1:
        for letter, one in zip("abcdefghijklmnopqrstuvwxyz", axes.flat, strict=False):
            one.set_title(letter, loc="left", fontweight="bold", fontsize=9)
    return made, axes


def save(made: Figure, path: Path | str, data: pd.DataFrame | Mapping[str, pd.DataFrame]) -> list[Path]:
    """Write `path`.png (300 dpi), `path`.svg and the numbers drawn as CSV: the same bytes at each repeat.

    **Arguments**: `path` without a suffix, or with one of `FORMATS`, which is then the only format; its folder is
    made. `data` one tidy table (`path`.csv) or several by name (`path`.NAME.csv; without NAME where it is empty).

    **Returns**: the files written. **Raises**: `UserError` if one cannot be written.
    """
    path = Path(path)
    kinds = (path.suffix,) if path.suffix in FORMATS else USUAL
    path = path.with_suffix("") if path.suffix in FORMATS else path
    named = {"": data} if isinstance(data, pd.DataFrame) else data
    tables = {f".{name}" if name else "": one for name, one in named.items()}
    contents: dict[str, bytes] = {}
    with styled():
        # The layout is settled once: worked out anew at each writing, it would drift.
        if made.get_layout_engine() is not None:
            made.draw_without_rendering()
            made.set_layout_engine("none")
        for kind in kinds:
            buffer = io.BytesIO()
            made.savefig(buffer, format=kind[1:], dpi=300, metadata=FORMATS[kind])
            contents[kind] = buffer.getvalue()
    for name, table in tables.items():
        contents[f"{name}.csv"] = table.to_csv(
            index=False, float_format="%.10g", lineterminator="\n"
        ).encode()
    written = []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for suffix, content in contents.items():
            file = path.with_name(path.name + suffix)
            file.write_bytes(content)
            written.append(file)
    except OSError as problem:
        raise UserError(
            f"The figure {path} cannot be written ({problem.strerror}); "
            "give a folder that is writable and has room."
        ) from None
    return written
