"""Bits are compared with those of other processes here, so programs are compiled as they are there."""

import jax
import pytest


@pytest.fixture(scope="package", autouse=True)
def compiled_as_usual(compiled_once):
    fast = jax.config.values["jax_disable_most_optimizations"]
    jax.config.update("jax_disable_most_optimizations", False)
    yield
    jax.config.update("jax_disable_most_optimizations", fast)
