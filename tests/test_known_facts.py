"""What is known of pictures, from the files beside them to a search that is narrowed by it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL.ExifTags import Base

from core.index import open_index
from core.model import BUNDLED, EVERYTHING, OWN, Column, ColumnType, Filter, Order, Scope
from core.search import Part, to_csv
from core.settings import Settings, load_settings
from core.workspace import Workspace
from tests.conftest import plain
from tests.metadata.test_exif import EIFFEL_TOWER, exif, picture

COLOURS = ("red", "green", "blue", "white")

METADATA = """file_name;Author;Year;Seen;Note
red.png;Ada;1503;27.11.2026;"=1+1"
green.png;Ben;1600;28.11.2026;plain; and more
blue.png;Ada;1889;29.11.2026;“quoted”
gone.png;Cid;1900;30.11.2026;nothing
"""

IN_USE = (
    Column("Author", ColumnType.CATEGORY, taken=True),
    Column("Year", ColumnType.NUMBER, taken=True),
    Column("Seen", ColumnType.DATE, taken=True),
    Column("Note", ColumnType.TEXT, taken=True),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    images = tmp_path / "images"
    (images / "gallery").mkdir(parents=True)
    for colour in COLOURS:
        (images / f"{colour}.png").write_bytes(plain(colour, 32, 32))
    (images / "metadata.csv").write_text(METADATA, "utf-8-sig")
    return tmp_path


@pytest.fixture
def workspace(root: Path) -> Iterator[Workspace]:
    opened = Workspace(load_settings({}, root=root), root)
    opened.indexer.join(60)
    yield opened
    opened.indexer.join(60)
    opened.close()


@pytest.fixture
def used(workspace: Workspace) -> Workspace:
    use(workspace, *IN_USE)
    return workspace


def use(workspace: Workspace, *columns: Column) -> None:
    workspace.take_columns(columns)
    workspace.indexer.join(60)


def rescan(workspace: Workspace) -> None:
    workspace.rescan()
    workspace.indexer.join(60)


def photograph() -> bytes:
    taken = {Base.DateTimeOriginal: "2026:11:27 10:00:00"}
    return picture(exif({Base.Model: "X100"}, taken, EIFFEL_TOWER))


def names(workspace: Workspace, *filters: Filter, order: Order | None = None) -> list[str]:
    """The names of the pictures that a filter leaves, as they are listed."""
    page = workspace.browse(replace(EVERYTHING, filters=filters), order).page(0, 100)
    return [result.picture.name for result in page]


def told(workspace: Workspace) -> dict[str, dict[str, str]]:
    """What is known, by the pictures' names."""
    listed = workspace.browse(EVERYTHING).page(0, 100)
    columns = workspace.known.columns()
    known = workspace.known.told([one.picture.id for one in listed], columns)
    return {one.picture.name: known.get(one.picture.id, {}) for one in listed}


def test_columns_are_shown_with_their_types_before_they_are_used(workspace: Workspace) -> None:
    found = workspace.found_facts()
    assert [(one.name, one.filled) for one in found.columns] == [
        ("Author", 3),
        ("Year", 3),
        ("Seen", 3),
        ("Note", 3),
    ]
    types = {one.name: one.type for one in found.columns}
    assert (types["Year"], types["Seen"]) == (ColumnType.NUMBER, ColumnType.DATE)
    assert workspace.known.columns() == []
    assert any("gone.png" in problem for problem in found.problems)


def test_columns_in_use_say_what_the_file_says(used: Workspace) -> None:
    assert told(used)["red.png"] == {
        "Author": "Ada",
        "Year": "1503",
        "Seen": "2026-11-27",
        "Note": "=1+1",
    }
    assert told(used)["white.png"] == {}


def test_a_search_is_narrowed_by_what_is_known(used: Workspace) -> None:
    scope = Scope(filters=(Filter("Author", any_of=("Ada",)), Filter("Year", high=1600)))
    ranking = used.search([Part(used.queries.text("blue"))], scope)
    assert [result.picture.name for result in ranking.page(0, 9)] == ["red.png"]
    assert used.compared(ranking) == 1


def test_pictures_are_listed_in_the_order_of_a_column(used: Workspace) -> None:
    assert names(used, order=Order("Year", descending=True)) == [
        "blue.png",
        "green.png",
        "red.png",
        "white.png",
    ]


def test_a_ranking_is_sorted_as_the_index_lists(used: Workspace) -> None:
    listed = used.browse(EVERYTHING).page(0, 100)
    ids = [one.picture.id for one in listed]
    for order in (Order("Year"), Order("Year", descending=True), Order("Author"), Order("Note")):
        by_search = [ids[number] for number in used.known.sorted(ids, order)]
        by_index = [one.picture.id for one in used.browse(EVERYTHING, order).page(0, 100)]
        assert by_search == by_index


def test_columns_wait_for_a_decision_until_it_is_made_and_new_ones_ask_again(
    workspace: Workspace, root: Path
) -> None:
    assert workspace.undecided_columns() == {"Author", "Year", "Seen", "Note"}
    use(workspace, *(replace(column, taken=False) for column in IN_USE))
    assert workspace.known.columns() == []
    assert workspace.undecided_columns() == set()
    with (root / "images" / "metadata.jsonl").open("w") as file:
        file.write('{"file_name": "red.png", "School": "Italian"}\n')
    rescan(workspace)
    assert workspace.undecided_columns() == {"School"}


def test_another_type_is_taken_as_the_person_says(used: Workspace) -> None:
    use(used, replace(IN_USE[1], type=ColumnType.CATEGORY), *IN_USE[2:])
    assert [column.name for column in used.known.columns()] == ["Year", "Seen", "Note"]
    spread = used.known.spread(used.known.columns()[0], EVERYTHING)
    assert {text for text, _ in spread.values} == {"1503", "1600", "1889"}


def test_a_changed_file_is_read_again_and_one_that_went_takes_its_facts_along(
    used: Workspace, root: Path
) -> None:
    file = root / "images" / "metadata.csv"
    file.write_text("file_name,Year\nwhite.png,1000\n")
    rescan(used)
    assert names(used, Filter("Year", high=1200)) == ["white.png"]
    file.unlink()
    rescan(used)
    assert names(used, Filter("Year")) == []
    # The column comes back as it was used.
    file.write_text("file_name,Year\nred.png,1001\n")
    rescan(used)
    assert names(used, Filter("Year")) == ["red.png"]


def test_an_unchanged_folder_is_not_read_again(used: Workspace) -> None:
    before = used.map_state()
    rescan(used)
    assert used.map_state() == before


def test_a_moved_picture_takes_what_is_known_at_its_new_place(used: Workspace, root: Path) -> None:
    (root / "images" / "red.png").rename(root / "images" / "gone.png")
    rescan(used)
    assert told(used)["gone.png"]["Author"] == "Cid"


def test_folders_are_a_column_once_there_are_several(workspace: Workspace, root: Path) -> None:
    boats = root / "images" / "boats" / "small"
    boats.mkdir(parents=True)
    (boats / "boat.png").write_bytes(plain("yellow", 32, 32))
    rescan(workspace)
    use(workspace, Column("Folder", ColumnType.TEXT, taken=True))
    assert names(workspace, Filter("Folder", contains="boats")) == ["boat.png"]


def test_facts_of_a_folder_that_is_away_are_kept(used: Workspace, root: Path) -> None:
    (root / "images").rename(root / "unplugged")
    rescan(used)
    assert used.away()
    assert names(used, Filter("Author", any_of=("Ben",))) == ["green.png"]


def test_pictures_of_the_same_bytes_say_what_the_first_of_them_says(
    used: Workspace, root: Path
) -> None:
    (root / "images" / "a.png").write_bytes((root / "images" / "red.png").read_bytes())
    (root / "images" / "metadata.csv").write_text("file_name,Year\nred.png,1503\na.png,1400\n")
    rescan(used)
    assert names(used, Filter("Year", high=1450)) == ["a.png"]
    assert any("several files" in problem for problem in used.found_facts().problems)


def test_a_photograph_says_its_camera_and_day_and_its_place_only_where_that_is_wanted(
    workspace: Workspace, root: Path
) -> None:
    (root / "images" / "photograph.jpg").write_bytes(photograph())
    rescan(workspace)
    found = {one.name for one in workspace.found_facts().columns}
    assert {"Camera", "Date taken"} <= found
    assert "GPS position" not in found
    workspace.keep_places(True)
    workspace.indexer.join(60)
    assert "GPS position" in {one.name for one in workspace.found_facts().columns}
    workspace.keep_places(False)
    workspace.indexer.join(60)
    assert "GPS position" not in {one.name for one in workspace.found_facts().columns}


def test_a_place_is_in_no_export(workspace: Workspace, root: Path) -> None:
    (root / "images" / "photograph.jpg").write_bytes(photograph())
    workspace.keep_places(True)
    workspace.indexer.join(60)
    found = workspace.found_facts().columns
    use(workspace, *(Column(one.name, one.type, taken=True) for one in found))
    position = told(workspace)["photograph.jpg"]["GPS position"]
    exported = io.BytesIO()
    workspace.export_index(exported)
    assert b"Camera" in exported.getvalue()
    assert position.encode() not in exported.getvalue()
    assert "GPS position" not in [column.name for column in workspace.known.may_leave()]


def test_an_exported_index_brings_its_columns_along(used: Workspace, tmp_path: Path) -> None:
    exported = io.BytesIO()
    used.export_index(exported)
    (tmp_path / "other" / "images" / "gallery").mkdir(parents=True)
    other = Workspace(load_settings({}, root=tmp_path / "other"), tmp_path / "other")
    other.indexer.join(60)
    exported.seek(0)
    other.import_index(exported)
    rescan(other)
    assert [(c.name, c.type) for c in other.known.columns()] == [(c.name, c.type) for c in IN_USE]
    assert told(other)["red.png"]["Note"] == "=1+1"
    assert names(other, Filter("Year", high=1550)) == ["red.png"]
    other.close()


def test_a_table_has_the_columns_in_use_and_no_formula(used: Workspace) -> None:
    page = used.browse(EVERYTHING, Order("Year")).page(0, 1)
    head, line = to_csv(page, told=used.known.to_export(page)).splitlines()
    assert head == "rank,name,id,similarity,Author,Year,Seen,Note"
    assert line.endswith(",Ada,1503,2026-11-27,'=1+1")


def test_the_table_of_a_zip_has_them_too(used: Workspace) -> None:
    target = io.BytesIO()
    used.zip_pictures(target, used.browse(EVERYTHING, Order("Year")).page(0, 1), [])
    with zipfile.ZipFile(target) as archive:
        head, line = archive.read("ranking.csv").decode().splitlines()
    assert head.endswith(",Author,Year,Seen,Note,file")
    assert line.endswith(",pictures/red.png")


def test_what_is_there_twice_is_told_within_a_filter(used: Workspace, root: Path) -> None:
    for name in ("red", "green"):
        data = (root / "images" / f"{name}.png").read_bytes()
        (root / "images" / f"{name} again.png").write_bytes(data)
    rescan(used)
    early = Scope(filters=(Filter("Year", high=1550),))
    assert len(used.duplicate_groups().copies) == 2
    (copies,) = used.duplicate_groups(early).copies
    assert "images/red.png" in copies.paths


def test_a_run_that_was_killed_before_it_had_learned_learns_the_next_time(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings({}, root=root)
    with monkeypatch.context() as patched:
        patched.setattr("core.indexing.facts.set_columns", lambda index, columns: 1 / 0)
        broken = Workspace(settings, root)
        broken.indexer.join(60)
        assert broken.progress().state == "failed"
        broken.close()
    whole = Workspace(settings, root)
    whole.indexer.join(60)
    assert [one.name for one in whole.found_facts().columns][:2] == ["Author", "Year"]
    whole.close()


def test_a_damaged_note_of_what_was_found_is_nothing_found(workspace: Workspace) -> None:
    for kept in ("[", "[]", '{"columns": [1]}', '{"columns": [["a", "colour", 1, [], ""]]}'):
        workspace._index.set_meta("facts_found", kept)
        assert workspace.found_facts().columns == ()
    rescan(workspace)
    assert len(workspace.found_facts().columns) == 4


def test_what_is_known_is_kept_in_a_database_as_well(root: Path, postgres: Settings) -> None:
    settings = replace(
        load_settings({}, root=root),
        postgres_host=postgres.postgres_host,
        postgres_port=postgres.postgres_port,
        postgres_db=postgres.postgres_db,
        postgres_user=postgres.postgres_user,
        postgres_password=postgres.postgres_password,
        postgres_schema=postgres.postgres_schema,
    )
    opened = Workspace(settings, root)
    opened.indexer.join(60)
    use(opened, *IN_USE)
    assert names(opened, Filter("Seen", low=739948)) == names(opened, Filter("Year", low=1600))
    opened.close()
    kept = open_index(settings)
    assert json.loads(kept.meta("facts_found"))["columns"][0][0] == "Author"
    kept.close()


# -- the gallery beside one's own pictures -------------------------------------------------------


@pytest.fixture
def beside_the_gallery(root: Path) -> Iterator[Workspace]:
    """Own pictures with labels in use, beside a gallery with others."""
    gallery = root / "images" / "gallery"
    (gallery / "pink.png").write_bytes(plain((250, 60, 190), 32, 32))
    (gallery / "metadata.csv").write_text("file_name,Style\npink.png,mosaic\n", "utf-8")
    opened = Workspace(load_settings({}, root=root), root)
    opened.indexer.join(60)
    opened.tick_gallery(True)
    use(opened, *IN_USE, Column("Style", ColumnType.CATEGORY, taken=True))
    opened.tick_gallery(False)
    yield opened
    opened.indexer.join(60)
    opened.close()


def test_each_collection_is_searched_by_the_columns_that_speak_of_it(
    beside_the_gallery: Workspace,
) -> None:
    known = beside_the_gallery.known
    assert [one.name for one in known.columns(BUNDLED)] == ["Style"]
    assert {one.name for one in known.columns(OWN)} == {one.name for one in IN_USE}
    assert len(known.columns()) == 5


def test_a_table_of_own_pictures_has_no_columns_of_the_gallery(
    beside_the_gallery: Workspace,
) -> None:
    page = beside_the_gallery.browse(OWN).page(0, 9)
    assert "Style" not in beside_the_gallery.known.to_export(page).columns


def test_only_what_is_known_of_the_counted_pictures_is_shown_and_decided(
    beside_the_gallery: Workspace,
) -> None:
    found = {one.name for one in beside_the_gallery.found_facts().columns}
    assert found == {one.name for one in IN_USE}
    use(beside_the_gallery, replace(IN_USE[0], taken=False))
    assert [one.name for one in beside_the_gallery.known.columns()] == ["Style"]
    beside_the_gallery.tick_gallery(True)
    assert beside_the_gallery.undecided_columns() == set()
