"""Strict settings for every test: ranks never broadcast silently, and data sets are found by FASTSLOW_DATA."""

import gc
import os
from pathlib import Path

import jax
import pytest

jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "standard")

FAST_TO_COMPILE = ("--xla_cpu_use_fusion_emitters=false", "--xla_cpu_parallel_codegen_split_count=1")


def pytest_configure(config):
    """Programs are compiled fast, since each runs for milliseconds, and once; not so where they run for minutes.

    Without XLA's fusion emitters compiling takes half of the time, and in one part, not cut into 32 for as many cores,
    a sixth less. XLA reads its flags when JAX first computes. Tracing makes millions of objects that live on: to look
    through them for garbage as often as Python does took another seventh.
    """
    if config.option.markexpr == "slow":
        return
    os.environ["XLA_FLAGS"] = " ".join([os.environ.get("XLA_FLAGS", ""), *FAST_TO_COMPILE]).strip()
    gc.set_threshold(50_000, 10, 10)
    jax.config.update("jax_disable_most_optimizations", True)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


@pytest.fixture(scope="session", autouse=True)
def compiled_once(tmp_path_factory, request):
    """Worker processes share what they compile: their folders lie side by side in the run's own."""
    if request.config.option.markexpr == "slow":
        return
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    jax.config.update("jax_compilation_cache_dir", str(shared / "compiled"))


def forget() -> None:
    """Let go of all compiled programs: hundreds of them kept at once fill gigabytes."""
    jax.clear_caches()
    gc.collect()


@pytest.fixture(scope="module", autouse=True)
def forgotten_by_file():
    """What a file's tests compiled goes with them."""
    yield
    forget()


@pytest.fixture
def forgotten():
    """For tests that run over the whole catalog: what one of them compiled goes with it."""
    yield
    forget()


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of behavioural data sets; tests that need it skip where FASTSLOW_DATA is unset."""
    folder = os.environ.get("FASTSLOW_DATA")
    if not folder:
        pytest.skip("FASTSLOW_DATA is not set")
    return Path(folder)
