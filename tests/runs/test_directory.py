"""A run directory has one configuration and one owner; everything else is refused in a sentence."""

import errno
import json
import os
import subprocess
import sys

import pytest

from fastslow.errors import UserError
from fastslow.runs import directory, files
from fastslow.runs.directory import open_run

CONFIGURATION = {"task": {"name": "two_step", "swap": 0.025}, "seeds": 4}


def test_a_new_run_writes_a_manifest_and_the_same_run_goes_on(tmp_path):
    for _ in range(2):
        with open_run(tmp_path / "a" / "run", CONFIGURATION, [0, 1]) as path:
            manifest = directory.read_manifest(path)
    assert manifest["schema"] == directory.SCHEMA and manifest["seeds"] == [0, 1]
    assert manifest["configuration"] == CONFIGURATION
    assert manifest["hash"] == directory.config_hash(
        {"seeds": 4, "task": {"swap": 0.025, "name": "two_step"}}
    )
    assert {"fastslow", "jax", "jaxlib", "python"} <= set(manifest["versions"])
    assert {"backend", "xla_flags", "random_generator"} <= set(manifest["machine"])
    assert str(tmp_path) not in json.dumps(manifest)


def test_another_run_is_refused_and_the_difference_named(tmp_path):
    with open_run(tmp_path / "run", CONFIGURATION, [0]):
        pass
    other = {"task": {"name": "two_step", "swap": 0.05}, "seeds": 4}
    with pytest.raises(UserError, match=r"task\.swap is 0\.025 there, 0\.05 here\); choose another --out"):
        directory.check_directory(tmp_path / "run", other)


def test_foreign_folders_files_and_closed_ones_are_refused_untouched(tmp_path, monkeypatch):
    (tmp_path / "thesis.tex").write_text("x")
    with (
        pytest.raises(UserError, match="is not empty and holds no run"),
        open_run(tmp_path, CONFIGURATION, [0]),
    ):
        pass
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.tex"]
    with pytest.raises(UserError, match="is a file"):
        directory.check_directory(tmp_path / "thesis.tex", CONFIGURATION)
    monkeypatch.setattr(directory.os, "access", lambda path, mode: False)
    (tmp_path / "closed").mkdir()
    with pytest.raises(UserError, match="closed' is not writable; choose another --out"):
        directory.check_directory(tmp_path / "closed", CONFIGURATION)
    with pytest.raises(UserError, match="not a writable folder"):
        directory.check_directory(tmp_path / "closed" / "new" / "run", CONFIGURATION)


def test_a_full_disk_is_named_and_the_directory_can_be_used_later(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(files.os, "fsync", full)
        with (
            pytest.raises(UserError, match=r"manifest\.json': the disk is full; free some space"),
            open_run(tmp_path / "run", CONFIGURATION, [0]),
        ):
            pass
    with open_run(tmp_path / "run", CONFIGURATION, [0]) as path:
        assert directory.read_manifest(path)["configuration"] == CONFIGURATION


@pytest.mark.parametrize("content", ["", "[1]", "{}", '{"configuration": 3}', "[" * 100_000])
def test_a_manifest_that_is_none_is_named(tmp_path, content):
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(UserError, match="manifest"):
        directory.read_manifest(tmp_path)


def test_a_later_schema_says_which_release_reads_it(tmp_path):
    later = {"schema": 99, "configuration": {}, "versions": {"fastslow": "7.0"}}
    (tmp_path / "manifest.json").write_text(json.dumps(later))
    with pytest.raises(UserError, match=r"later release of fastslow \(7\.0\)"):
        directory.read_manifest(tmp_path)


def test_one_owner_at_a_time_and_the_lock_of_the_dead_is_free(tmp_path):
    owner = (
        "import sys, time\nfrom fastslow.runs.directory import take_lock\nfrom pathlib import Path\n"
        "lock = take_lock(Path(sys.argv[1]))\nprint('mine', flush=True)\ntime.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", owner, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "mine\n"
    message = f"in use by process {process.pid}; wait for it"
    with pytest.raises(UserError, match=message), open_run(tmp_path, CONFIGURATION, [0]):
        pass
    assert not (tmp_path / "manifest.json").exists()
    process.kill()
    process.communicate()
    assert (tmp_path / "lock").read_text() == f"{process.pid}\n"
    with open_run(tmp_path, CONFIGURATION, [0]):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
        with pytest.raises(UserError, match="in use"), open_run(tmp_path, CONFIGURATION, [0]):
            pass
