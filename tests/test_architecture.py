"""The house keeps its rules: rooms import upwards only, one style, and no code from data."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src/fastslow").rglob("*.py"))
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_MODULES = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}


def tool(name: str, *words: str) -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / name, *words], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_import_contracts():
    tool("lint-imports")


def test_lint():
    tool("ruff", "check", "src", "tests")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_code_comes_from_data(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in FORBIDDEN_CALLS, f"{path.name}:{node.lineno}"
        if isinstance(node, ast.keyword):
            assert node.arg not in ("allow_pickle", "shell"), f"{path.name}:{node.lineno}"
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            assert not FORBIDDEN_MODULES & {name.partition(".")[0] for name in names}, path.name


def test_every_module_says_what_and_why():
    for path in SOURCES:
        assert ast.get_docstring(ast.parse(path.read_text())), path
