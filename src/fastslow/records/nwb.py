"""What reading and writing NWB files have in common: the extra, the session's facts, the place of our blueprint.

Neurodata Without Borders (Rübel et al. 2022) is a standard for sessions of neurophysiology: a table of trials, a
table of units with their spike times, and who, when and where, in one HDF5 file.
"""

import importlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastslow.errors import UserError

BLUEPRINT = "fastslow"
"""Name of the scratch text that holds the record's blueprint."""
PROCESSING = "fastslow"
"""Name of the processing module that holds what has one value per time step or per unit."""
SESSION = (
    *(
        "session_description",
        "identifier",
        "session_id",
        "experiment_description",
        "experimenter",
        "institution",
    ),
    *("lab", "protocol", "notes", "keywords", "related_publications", "surgery", "virus", "pharmacology"),
    *("stimulus_notes", "slices", "data_collection"),
)
"""Facts of a session that are kept, as text or lists of text."""
SUBJECT = ("subject_id", "species", "sex", "age", "genotype", "strain", "description", "weight")
"""Facts of the subject that are kept."""


def need_pynwb() -> Any:
    """The package pynwb, or the one sentence that says how to get it."""
    try:
        with quiet():
            return importlib.import_module("pynwb")
    except ImportError:
        raise UserError("NWB files need the package pynwb; pip install 'fastslow[neuro]'.") from None


@contextmanager
def quiet() -> Iterator[None]:
    """Without the warnings about other people's files (an older schema, a missing age), which are no faults here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
