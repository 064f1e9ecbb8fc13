"""The house: which room may import which, held against the imports that are really there."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from core.workspace import Workspace
from core.workspace.copying import FolderCopying
from core.workspace.models import Models
from core.workspace.origins import Origins
from core.workspace.words import Words

ROOT = Path(__file__).parents[1]

# From the ground up: a module may import from its own room and from those on lines above its own,
# never from its own line's neighbours or from below. CONTRIBUTING.md shows the same list.
FLOORS = (
    ("errors", "model", "vectors", "deadline", "files", "file_lock", "words", "tuning", "entra"),
    ("settings", "pictures"),
    ("sources",),
    ("metadata",),
    ("embedders", "index"),
    ("hosting", "indexing", "search", "explore", "story"),
    ("workspace",),
    ("__main__",),
)
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def python_files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imports(file: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every (module, names) that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, ()
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, tuple(alias.name for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "importlib.import_module":
            yield ast.unparse(node.args[0]).strip("'"), ()


def room(file: Path) -> str:
    """The room of core/ that a file lies in."""
    return file.relative_to(ROOT / "core").parts[0].removesuffix(".py")


def rooms_imported(file: Path) -> Iterator[tuple[str, str]]:
    """(room, module) of every import from core/."""
    for module, names in imports(file):
        parts = module.split(".")
        if parts[0] != "core":
            continue
        if len(parts) > 1:
            yield parts[1], module
        else:
            for name in names:
                yield name, f"core.{name}"


@pytest.mark.parametrize("file", python_files("core"), ids=lambda f: str(f.relative_to(ROOT)))
def test_a_room_of_the_core_imports_only_from_rooms_below_it(file: Path) -> None:
    if file.parent.name == "core" and file.stem == "__init__":
        return
    here = room(file)
    for there, module in rooms_imported(file):
        if there == here:
            continue
        ground = FLOOR_OF[here] == FLOOR_OF[there] == 0
        assert ground or FLOOR_OF[there] < FLOOR_OF[here], f"{here} imports {module}"


def test_every_room_of_the_core_has_its_floor() -> None:
    rooms = {room(file) for file in python_files("core")} - {"__init__"}
    assert rooms == set(FLOOR_OF)


@pytest.mark.parametrize(
    "file",
    [*python_files("core"), *python_files("ui"), *python_files("pages")],
    ids=lambda f: str(f.relative_to(ROOT)),
)
def test_nobody_reaches_past_the_door_of_a_room(file: Path) -> None:
    here = room(file) if (ROOT / "core") in file.parents else ""
    for there, module in rooms_imported(file):
        if there != here:
            assert module == f"core.{there}", f"{module} is inside its room"


def test_the_core_knows_neither_streamlit_nor_the_pages() -> None:
    for file in python_files("core"):
        for module, _ in imports(file):
            assert module.split(".")[0] not in ("streamlit", "ui", "pages"), file


def test_what_pages_share_knows_no_page() -> None:
    for file in python_files("ui"):
        for module, _ in imports(file):
            assert module.split(".")[0] != "pages", file


def test_no_page_holds_the_index() -> None:
    """Pages ask the workspace for results: no SQL, no engine, no array of the collection."""
    for file in [*python_files("ui"), *python_files("pages")]:
        for module, _ in imports(file):
            assert module.split(".")[:2] not in (["sqlite3"], ["core", "index"]), file
        assert "._index" not in file.read_text("utf-8"), file
        assert "._space" not in file.read_text("utf-8"), file


# What changes the collection or the server; ui/visitor.py checks who asks. Where a part of the
# workspace does it, the name of the part comes first.
CHANGES = {
    "cancel_clip_download",
    "copying.cancel_copy",
    "copying.copy_from_folder",
    "copying.copy_to_folder",
    "export_index",
    "forget_away",
    "import_index",
    "keep_places",
    "kept_searches",
    "models.add_second",
    "models.remove_second",
    "models.switch_over",
    "models.vote",
    "models.votes",
    "origins.add_source",
    "origins.add_upload",
    "origins.remove_source",
    "origins.remove_uploads",
    "read_all_again",
    "read_refused_again",
    "rescan",
    "retry_failed",
    "start_clip_download",
    "start_indexing",
    "stop_indexing",
    "take_columns",
    "tick_gallery",
    "tuning",
    "words.learn_words",
    "words.prepare_showcase",
    "words.stop_preparing",
    "zip_pictures",
}
# By the name that a caller writes last.
CHANGE_OF = {change.rpartition(".")[2]: change for change in CHANGES}
PARTS = {
    "": Workspace,
    "copying": FolderCopying,
    "models": Models,
    "origins": Origins,
    "words": Words,
}


def test_every_action_that_changes_something_asks_who_wants_it() -> None:
    for file in [*python_files("ui"), *python_files("pages")]:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in CHANGE_OF:
                asked, path = asked_through(node)
                assert asked == "manage", f"{file.name}:{node.lineno} {ast.unparse(node)}"
                assert path == CHANGE_OF[node.attr], f"{file.name}:{node.lineno} {path}"


def asked_through(node: ast.expr) -> tuple[str, str]:
    """The function whose answer is asked, "" for none, and the attributes that lead from there."""
    path: list[str] = []
    while isinstance(node, ast.Attribute):
        path.insert(0, node.attr)
        node = node.value
    return ast.unparse(node.func) if isinstance(node, ast.Call) else "", ".".join(path)


def test_every_such_action_exists() -> None:
    assert len(CHANGE_OF) == len(CHANGES), "two actions have one name"
    for change in CHANGES:
        part, _, action = change.rpartition(".")
        assert hasattr(PARTS[part], action), change


def test_every_package_that_the_product_imports_is_declared() -> None:
    declared = {
        name.lower().replace("_", "-")
        for file in ROOT.glob("requirements*.txt")
        for name in re.findall(r"^[\w.-]+", file.read_text("utf-8"), re.MULTILINE)
    }
    distributions = packages_distributions()
    for file in [*python_files("core"), *python_files("ui"), *python_files("pages")]:
        for module, _ in imports(file):
            package = module.split(".")[0]
            if package in sys.stdlib_module_names or package in ("core", "ui", "pages"):
                continue
            # An extra may not be installed here; its packages are declared by the name imported.
            # Packages of one name, as azure.identity, share a folder with others of their maker.
            names = distributions.get(package, [package, "-".join(module.split(".")[:2])])
            assert declared & {name.lower().replace("_", "-") for name in names}, (
                f"{file.relative_to(ROOT)} imports {package}"
            )
