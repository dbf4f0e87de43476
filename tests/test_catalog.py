"""Every line of the catalog is true: it imports, builds, and names a source that we have."""

import inspect

import pytest

from fastslow import bibliography, catalog
from fastslow.agents.agent import Agent
from fastslow.cli import options
from fastslow.cli.assemble import Choice, agent_maker, task_of, trainable
from fastslow.errors import UserError

LINES = [(kind, name) for kind, entries in catalog.CATALOG.items() for name in entries]


@pytest.mark.parametrize(("kind", "name"), LINES)
def test_the_line_imports_and_has_summary_and_source(kind, name):
    entry = catalog.CATALOG[kind][name]
    assert callable(catalog.load(kind, name)) or kind == "experiment"
    assert entry.summary and len(entry.summary) < 60
    assert all(bibliography.bibtex(key) for key in entry.keys)
    assert entry.keys or name == "uniform"
    if entry.then:
        assert callable(catalog.load_target(entry.then))
    if kind == "analysis":
        assert callable(catalog.load_target(entry.draw))


@pytest.mark.parametrize("name", catalog.TASKS)
def test_tasks_are_built_from_their_own_options_and_share_their_sources(name):
    defaults = options.values_of(options.options_of(catalog.load("task", name))())
    task = task_of(Choice(name, defaults))
    assert set(catalog.TASKS[name].keys) <= set(task.cite)


@pytest.mark.parametrize("kind", ["task", "agent", "trainer"])
def test_every_option_has_a_help_text_or_is_a_plain_parameter(kind):
    for name in catalog.CATALOG[kind]:
        maker = catalog.load(kind, name)
        if options.config_type(maker) or inspect.isclass(maker):
            source = options.config_type(maker) or maker
            names = {field.name for field in options.options_of(maker).__dataclass_fields__.values()}
            assert names - {"arms"} <= set(options.field_docs(source)), name


def test_an_observer_is_made_for_its_task_and_a_learner_is_told_apart():
    import jax

    task = task_of(Choice("bandit", {"arms": 3, "pulls": 7}))
    agent = agent_maker(Choice("thompson", {}))(task, jax.random.key(0))
    assert isinstance(agent, Agent)
    assert trainable("meta_rl") and not trainable("thompson")


def test_a_users_own_enters_by_file_or_module(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("from fastslow.tasks.bandit import IndependentBandit as Mine\n")
    assert catalog.load("task", f"{file}:Mine").__name__ == "IndependentBandit"
    assert catalog.load("task", "fastslow.tasks.bandit:easy")().two_valued


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("two_stp", "no task 'two_stp'; did you mean 'two_step'"),
        ("none.py:Mine", "no file 'none.py'"),
        ("fastslow.nowhere:Mine", "no module 'fastslow.nowhere'"),
        ("fastslow.tasks.bandit:esy", "no 'esy'; did you mean 'easy'"),
    ],
)
def test_unknown_names_are_answered(name, message):
    with pytest.raises(UserError, match=message):
        catalog.load("task", name)


def test_a_file_with_a_mistake_in_it_is_named(tmp_path):
    (tmp_path / "broken.py").write_text("import nothing_of_that_name\n")
    with pytest.raises(UserError, match=r"'broken\.py' cannot be imported: ModuleNotFoundError"):
        catalog.load("task", f"{tmp_path}/broken.py:Mine")


def test_sources_have_what_a_list_shows():
    for key in bibliography.references():
        assert bibliography.field(key, "author") and bibliography.field(key, "title")
        assert key.endswith(bibliography.field(key, "year"))
    assert bibliography.label("wang2018") == "Wang et al. 2018"
    assert bibliography.label("rescorla1972") == "Rescorla & Wagner 1972"
    assert bibliography.full("thompson1933").startswith("Thompson 1933. On the likelihood")
    with pytest.raises(UserError, match="did you mean 'wang2018'"):
        bibliography.bibtex("wang2019")
