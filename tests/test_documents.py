"""What the documents say of files, functions and settings, held against what is really there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from core.settings import NAMES, Settings, load_settings

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"

# How the names of files in this repository end. Not .onnx and .json: the README names files that a
# person brings.
SUFFIXES = (".py", ".md", ".txt", ".toml", ".zip", ".css", ".js", ".jpg", ".example", ".sqlite")

# What is written like a path and names none: folders that a person makes, a file of every folder.
NOT_OURS = {"vision/", "text/", "__init__.py", "words.txt", "index.zip", "sources/", "remote/"}


def text_of(document: Path) -> str:
    """The document without the addresses of other sites, whose paths are not ours."""
    return re.sub(r"https?://[^\s)`]+", "", document.read_text("utf-8"))


def paths_in(document: Path) -> set[str]:
    """Everything in the document that is written like a path of this repository."""
    text = text_of(document)
    words = re.findall(r"[\w./-]+", text)
    files = {word for word in words if word.endswith(SUFFIXES) and word not in SUFFIXES}
    folders = set(re.findall(r"`([\w./-]+/)`", text))
    return (files | folders) - NOT_OURS


def functions_in(document: Path) -> set[tuple[str, str]]:
    """(file, name) of every `file.py: name` in the document."""
    return set(re.findall(r"`([\w./-]+\.py): ([\w.]+)`", text_of(document)))


def names_of(file: Path) -> set[str]:
    """What a module defines: functions, classes, constants, and `Class.method`."""
    names: set[str] = set()
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
        if isinstance(node, ast.ClassDef):
            methods = [entry for entry in node.body if isinstance(entry, ast.FunctionDef)]
            names |= {f"{node.name}.{method.name}" for method in methods}
    return names


@pytest.mark.parametrize("document", [README, CONTRIBUTING], ids=lambda path: path.name)
def test_every_path_that_a_document_names_is_there(document: Path) -> None:
    named = paths_in(document)
    assert named
    assert {path for path in named if not (ROOT / path).exists()} == set()


@pytest.mark.parametrize("document", [README, CONTRIBUTING], ids=lambda path: path.name)
def test_every_module_that_a_document_runs_is_there(document: Path) -> None:
    ours = re.findall(r"-m ((?:benchmarks|tests|tools)(?:\.\w+)+)", text_of(document))
    assert ours
    for module in ours:
        place = ROOT / module.replace(".", "/")
        assert place.with_suffix(".py").exists() or (place / "__main__.py").exists(), module


def test_every_function_that_the_map_of_the_house_names_is_there() -> None:
    named = functions_in(CONTRIBUTING)
    assert named
    for file, name in sorted(named):
        assert name in names_of(ROOT / file), f"{file}: {name}"


def test_the_map_of_the_house_shows_every_floor_as_it_is_tested() -> None:
    from tests.test_architecture import FLOORS

    shown = re.findall(r"^ *\d\. (.+)$", text_of(CONTRIBUTING), re.MULTILINE)
    floors = [tuple(re.findall(r"`(\w+)`", line)) for line in shown]
    assert [floor for floor in floors if floor in FLOORS] == list(FLOORS)


# -- settings --------------------------------------------------------------------------------


def defaults_in_the_readme() -> dict[str, str]:
    """The settings table: name -> the default as it is written; "" where it is not in code font."""
    defaults: dict[str, str] = {}
    for names, default in re.findall(r"^\| (`[A-Z0-9_`, ]+`) \| ([^|]*)\|", text_of(README), re.M):
        value = re.fullmatch(r"`(.+)`", default.strip())
        for name in re.findall(r"\w+", names):
            assert name not in defaults, f"{name} stands twice in the table"
            defaults[name] = value[1] if value else ""
    return defaults


def test_the_settings_table_names_every_setting_and_no_other() -> None:
    assert set(defaults_in_the_readme()) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_settings_table_gives_the_default_of_the_code(name: str) -> None:
    written = defaults_in_the_readme()[name]
    if written:
        assert load_settings({name: written}, root=ROOT) == load_settings({}, root=ROOT)
    else:
        assert not getattr(Settings(), name.lower())


def test_the_example_of_an_env_file_names_every_setting_and_no_other() -> None:
    example = (ROOT / ".env.example").read_text("utf-8")
    assert set(re.findall(r"^(\w+)=", example, re.MULTILINE)) == set(NAMES)


def test_a_copy_of_the_example_of_an_env_file_changes_nothing() -> None:
    copied = load_settings({}, dotenv_path=ROOT / ".env.example", root=ROOT)
    assert copied == load_settings({}, root=ROOT)


# -- commands --------------------------------------------------------------------------------


def test_the_tests_of_the_clean_checkout_are_started_by_the_command_of_the_readme() -> None:
    command = re.search(r"^python3 -m venv .*-m pytest$", text_of(README), re.MULTILINE)
    assert command
    assert command[0] in (ROOT / ".ci" / "run").read_text("utf-8")
