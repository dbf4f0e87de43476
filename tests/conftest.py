"""Strict settings for every test: ranks never broadcast silently, and data sets are found by FASTSLOW_DATA."""

import os
from pathlib import Path

import jax
import pytest

jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "standard")


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of behavioural data sets; tests that need it skip where FASTSLOW_DATA is unset."""
    folder = os.environ.get("FASTSLOW_DATA")
    if not folder:
        pytest.skip("FASTSLOW_DATA is not set")
    return Path(folder)
