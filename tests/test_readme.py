"""The README's Python lines run as they stand, and its commands exist."""

import re
from pathlib import Path

from fastslow import catalog
from fastslow.cli import COMMANDS

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_the_python_lines_run_and_learn():
    (block,) = re.findall(r"```python\n(.*?)```", README, re.S)
    names: dict[str, object] = {}
    exec(compile(block, "README.md", "exec"), names)
    table = names["table"]
    assert len(table) == 100
    # Chance is 25 after 100 pulls; what the reader gets must have learned something.
    assert table["mean"].iloc[-1] < 15


def test_every_command_and_name_in_it_exists():
    lines = re.findall(r"^fastslow (\w+)(.*)$", README, re.M)
    assert {command for command, _ in lines} <= set(COMMANDS)
    for _, rest in lines:
        for kind, name in re.findall(r"--(task|agent|trainer|analysis) ([\w.:]+)", rest):
            if ":" not in name:
                catalog.check_name(kind, name)
    for name in re.findall(r"^\| `(\w+)` \|", README, re.M):
        catalog.check_name("experiment", name)
    experiments = re.findall(r"^\| `(\w+)` \|", README, re.M)
    assert set(experiments) == set(catalog.EXPERIMENTS)
