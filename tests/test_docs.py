"""The documentation is true: names, defaults, commands, options, links, sources, tests and Python lines."""

import dataclasses
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from fastslow import bibliography, catalog
from fastslow.cli import (
    COMMANDS,
    analyse,
    behave,
    cite,
    export,
    options,
    parse,
    recover,
    report,
    reproduce,
    train,
)
from fastslow.cli import catalogue as listing
from fastslow.records.presets import PRESETS
from fastslow.records.schema import SCHEMA
from fastslow.records.scores import COLUMNS as SCORES

ROOT = Path(__file__).parents[1]
PAGES = {str(path.relative_to(ROOT / "docs")): path.read_text() for path in sorted(ROOT.glob("docs/**/*.md"))}
ALL = "\n".join(PAGES.values())
KINDS = {"tasks.md": ("task",)} | {name: ("agent", "trainer") for name in PAGES if name.startswith("agents/")}
"""What a heading with a catalog name in it is about, by page."""
SKELETONS = {"my_task.py": "task.py", "my_agent.py": "agent.py", "my_experiment.py": "experiment.py"}


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGES[page], re.M | re.S)


def prose(page: str) -> str:
    """A page without its blocks."""
    return re.sub(r"^```.*?^```$", "", PAGES[page], flags=re.M | re.S)


def rows(text: str, first: str) -> list[list[str]]:
    """The cells of the table whose header begins with `first`; empty where there is none."""
    table = re.search(rf"^\| {re.escape(first)} .*\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.M)
    lines = table.group(1).splitlines() if table else []
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_block_has_a_language():
    for page, text in PAGES.items():
        fences = re.findall(r"^```(\w*)$", text, re.M)
        assert len(fences) % 2 == 0 and not any(fences[1::2]), page
        assert set(fences[::2]) <= {"python", "sh", "text"}, page


@pytest.mark.parametrize("page", [page for page in PAGES if "```python" in PAGES[page]])
def test_python_lines_run(page):
    names: dict[str, object] = {}
    for number, block in enumerate(blocks(page, "python")):
        exec(compile(block, f"{page}, block {number}", "exec"), names)


@pytest.mark.parametrize("kind", catalog.CATALOG)
def test_every_catalog_entry_is_named(kind):
    missing = [name for name in catalog.CATALOG[kind] if f"`{name}`" not in ALL]
    assert not missing, f"docs name no {kind} {missing}"


def sections() -> list[tuple[str, list[str], str]]:
    """Kind, catalog names in the heading, and text of every section about catalog entries."""
    found = []
    for page, kinds in KINDS.items():
        for heading, text in re.findall(r"^#+ (.*)\n((?:(?!#).*\n)*)", prose(page), re.M):
            for kind in kinds:
                names = [name for name in re.findall(r"`(\w+)`", heading) if name in catalog.CATALOG[kind]]
                found += [(kind, names, text)] if names else []
    return found


def test_options_and_defaults_are_the_codes():
    told = set()
    for kind, names, text in sections():
        table = {row[0].strip("`"): row[1] for row in rows(text, "option")}
        for name in names:
            fields = dataclasses.fields(options.options_of(catalog.load(kind, name)))
            assert set(table) == {field.name for field in fields}, name
            for field in fields:
                default, written = field.default, table[field.name]
                if isinstance(default, (bool, str)):
                    assert written == str(default), f"{name}.{field.name}"
                elif default == ():
                    assert written == "none", f"{name}.{field.name}"
                else:
                    assert float(written) == default, f"{name}.{field.name}"
            told.add((kind, name))
    assert told == {(kind, name) for kind in ("task", "agent", "trainer") for name in catalog.CATALOG[kind]}


def test_every_column_is_told():
    for name in catalog.TASKS:
        for variable in catalog.load("task", name)().trial_variables:
            assert (
                f"| `{variable.name}`" in PAGES["tasks.md"] or f", `{variable.name}` |" in PAGES["tasks.md"]
            )
    assert [row[0].strip("`") for row in rows(PAGES["data.md"], "column")] == list(SCHEMA)
    assert {row[0].strip("`") for row in rows(PAGES["data.md"], "preset")} == set(PRESETS)
    assert [row[0].strip("`") for row in rows(PAGES["data.md"], "`--analysis`")] == list(catalog.ANALYSES)


def test_presets_and_claims_are_the_experiments():
    page = PAGES["experiments.md"]
    cost = {row[0].strip("`"): row[1:] for row in rows(page, "experiment")}
    judged = [tuple(row[:2] + row[3:4]) for row in rows(page, "experiment | claim")]
    expected = []
    for name in catalog.EXPERIMENTS:
        experiment = catalog.load("experiment", name)
        assert experiment.claim in " ".join(page.replace("\n> ", " ").split()), name
        for preset, cell in zip(experiment.presets, cost[name], strict=True):
            config = experiment.presets[preset]
            conditions = experiment.conditions(config).values()
            updates = sum(each.trainer.updates * each.steps_per_update for each in conditions)
            millions = config.seeds * updates / 1e6
            decimals = len(cell.partition(".")[2])
            right = f"{config.seeds} seeds, {millions:.{decimals}f}".replace(" 0.", " .")
            assert cell == right, f"docs/experiments.md, {name}, {preset}: write '{right}'"
        due = [each for each in experiment.expectations if "laptop" in each.presets]
        expected += [(f"`{name}`", each.measure, each.accepts) for each in due]
    assert judged == expected


def command_lines() -> list[str]:
    """All of `fastslow ...` in blocks of shell lines and in running text."""
    lines = [line for page in PAGES for block in blocks(page, "sh") for line in block.splitlines()]
    inline = [span for page in PAGES for span in re.findall(r"`(fastslow [^`]+)`", prose(page))]
    assert all(line.startswith("fastslow ") for line in lines)
    return sorted({*lines, *inline})


FORMS: dict[str, Callable[[list[str]], type]] = {
    "list": lambda words: listing.List,
    "cite": lambda words: cite.Cite,
    "reproduce": lambda words: reproduce.Reproduce,
    "report": lambda words: report.Report,
    "train": lambda words: fields(
        [*train.general(), *groups(words, ("task", "agent", "trainer"), train.DEFAULTS)]
    ),
    "behave": lambda words: fields(behave.fields_of(words)),
    "analyse": lambda words: fields(analyse.fields_of(words)),
    "export": lambda words: export.Export,
    "recover": lambda words: fields(recover.fields_of(words)),
}
"""What reads the words of each command."""


def fields(given: list) -> type:
    return dataclasses.make_dataclass("Form", given, frozen=True)


def groups(words: list[str], kinds: tuple[str, ...], defaults: dict[str, str] | None = None) -> list:
    return [field for kind in kinds for field in train.option_group(words, kind, defaults)]


@pytest.mark.parametrize("line", command_lines())
def test_commands_are_understood(line):
    for mine, ours in SKELETONS.items():
        line = line.replace(mine, str(ROOT / "skeletons" / ours))
    command, *words = shlex.split(line)[1:]
    if command in ("--help", "--version"):
        return
    assert command in COMMANDS
    words = [word for word in words if word != "--help"]
    given = parse.parse(FORMS[command](words), words, command, "")
    for kind in ("task", "agent", "trainer", "analysis"):
        if getattr(given, kind, ""):
            catalog.check_name(kind, getattr(given, kind))
    if command == "reproduce" and given.name:
        catalog.check_name("experiment", given.name)
        assert given.preset in reproduce.PRESETS
    if command == "cite":
        assert all(cite.keys_of(name) for name in given.names)
    if command == "list" and given.what:
        assert given.what in catalog.PLURAL.values()
    if command == "analyse" and given.map:
        assert set(analyse.column_map(given.map)) <= {*SCHEMA, *SCORES}


def test_options_in_running_text_exist():
    known = {name for form in FORMS.values() for name in parse.option_names(form([]))}
    for kind, entries in catalog.CATALOG.items():
        if kind != "experiment":
            for name in entries:
                group = options.options_of(catalog.load(kind, name))
                known |= {n.replace("--", f"--{kind}.", 1) for n in parse.option_names(group)}
    spans = [span for page in PAGES for span in re.findall(r"`(--[^`]+)`", prose(page))]
    written = {word for span in spans for word in span.split() if word.startswith("--")}
    assert written <= known | {"--analysis.NAME"}, written - known


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def test_links_resolve():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)]+)\)", prose(page)):
            place, _, anchor = target.partition("#")
            path = (ROOT / "docs" / page).parent / place if place else ROOT / "docs" / page
            assert path.resolve().is_file(), f"{page}: {target}"
            if anchor:
                headings = re.findall(r"^#+ (.*)$", path.read_text(), re.M)
                assert anchor in map(slug, headings), f"{page}: {target}"
    linked = set(re.findall(r"\]\(([\w/]+\.md)\)", PAGES["index.md"]))
    assert linked == set(PAGES) - {"index.md"}


def test_files_tests_and_make_targets_exist():
    for path, _, test in re.findall(r"`((?:src|tests|skeletons|benchmarks)/[\w/.]*)(::(\w+))?`", ALL):
        if path != "benchmarks/results":  # made by `make bench`
            assert (ROOT / path).exists(), path
        if test:
            assert f"def {test}(" in (ROOT / path).read_text(), f"{path}::{test}"
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`make ([\w-]+)`", ALL):
        assert f"\n{target}:" in makefile, target


def test_sources_exist():
    keys = set(re.findall(r"[\[ ]@(\w+)", ALL))
    assert len(keys) > 10 and all(bibliography.bibtex(key) for key in keys)


def test_anchor_numbers_are_those_that_are_tested():
    anchors = catalog.import_file(ROOT / "tests/agents/test_bandit_observers.py").ANCHORS
    tested = dict(
        zip(("`uniform`", "`bayes_optimal`", "`thompson`"), list(anchors.values())[:3], strict=True)
    )
    tested |= {"`ucb`, c = .5": anchors["ucb .5"], "`ucb`, c = 1": anchors["ucb 1"]}
    tested |= {"`ucb`, c = 2": anchors["ucb1"], "`bayes_correlated`": anchors["correlated"]}
    written = {row[0]: row[1:] for row in rows(PAGES["agents/bandit_observers.md"], "observer")}
    assert written.keys() == tested.keys()
    for name, cells in written.items():
        assert [None if cell == "-" else float(cell) for cell in cells] == list(tested[name][1]), name
