"""A linked folder is followed, and every folder is read once, whatever leads to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.deadline import Deadline
from core.index.sqlite.engine import SqliteIndex
from core.indexing.scan import ScanResult, scan
from core.model import Cause, Scope
from core.sources import read_picture
from tests.conftest import fill, plain


def look(store: SqliteIndex, images: Path, *skipped: Path) -> ScanResult:
    return scan(store, {"images/": images}, Deadline(), skipped=skipped)


def paths(store: SqliteIndex) -> list[str]:
    return sorted(store.files())


def not_followed(store: SqliteIndex) -> dict[str, str]:
    entries = store.unreadable().values()
    return {entry.path: entry.reason for entry in entries if entry.cause is Cause.LINK}


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    """A folder outside the pictures, with two pictures of its own."""
    fill(tmp_path / "drive", 1)
    (tmp_path / "drive" / "deep").mkdir()
    (tmp_path / "drive" / "deep" / "blue.png").write_bytes(plain("blue"))
    return tmp_path / "drive"


def test_a_linked_folder_is_read_under_the_name_of_the_link(
    store: SqliteIndex, images: Path, drive: Path
) -> None:
    (images / "album").symlink_to(drive)
    assert look(store, images) == ScanResult(new=2)
    assert paths(store) == ["images/album/0000.png", "images/album/deep/blue.png"]
    (picture,) = store.pictures(store.page(Scope(folder="images/album/deep/"), 0, 1)).values()
    assert read_picture(picture, {"images/": images}) == plain("blue")


def test_a_relative_link_and_a_link_to_a_link_are_followed(
    store: SqliteIndex, images: Path, drive: Path, tmp_path: Path
) -> None:
    (tmp_path / "other name").symlink_to(drive)
    (images / "album").symlink_to(Path("..") / "other name")
    assert look(store, images).new == 2


def test_a_second_scan_of_a_linked_folder_reads_nothing(
    store: SqliteIndex, images: Path, drive: Path
) -> None:
    (images / "album").symlink_to(drive)
    (images / "again").symlink_to(drive)
    look(store, images)
    before = store.generation("e:1")
    assert look(store, images) == ScanResult(unchanged=2)
    assert store.generation("e:1") == before


def test_a_folder_with_two_links_is_read_below_the_first(
    store: SqliteIndex, images: Path, drive: Path
) -> None:
    (images / "b").symlink_to(drive)
    (images / "a").symlink_to(drive)
    assert look(store, images) == ScanResult(new=2)
    assert paths(store) == ["images/a/0000.png", "images/a/deep/blue.png"]
    assert not_followed(store) == {"images/b/": "The linked folder is read already, as images/a/."}


def test_a_folder_inside_the_pictures_is_read_where_it_lies(
    store: SqliteIndex, images: Path
) -> None:
    fill(images / "z", 1)
    (images / "a").symlink_to(images / "z")
    assert look(store, images).new == 1
    assert paths(store) == ["images/z/0000.png"]
    assert list(not_followed(store)) == ["images/a/"]


@pytest.mark.parametrize("target", [".", "..", "../..", "/"])
def test_a_link_to_a_folder_above_is_said_and_not_followed(
    store: SqliteIndex, images: Path, target: str
) -> None:
    fill(images / "deep", 1)
    (images / "deep" / "up").symlink_to(images / target)
    assert look(store, images).new == 1
    assert list(not_followed(store)) == ["images/deep/up/"]


def test_links_that_lead_to_each_other_end(
    store: SqliteIndex, images: Path, drive: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    fill(other, 3)
    (drive / "to other").symlink_to(other)
    (other / "to drive").symlink_to(drive)
    (other / "to itself").symlink_to(other)
    (images / "album").symlink_to(drive)
    look(store, images)
    assert len(paths(store)) == 5
    assert len(not_followed(store)) == 2


def test_a_folder_of_which_a_part_is_linked_too_is_read_once(
    store: SqliteIndex, images: Path, drive: Path
) -> None:
    (images / "a").symlink_to(drive / "deep")
    (images / "b").symlink_to(drive)
    look(store, images)
    assert paths(store) == ["images/a/blue.png", "images/b/0000.png"]
    assert not_followed(store) == {"images/b/deep/": "The folder is read already, as images/a/."}


def test_a_link_to_another_root_is_not_followed(
    store: SqliteIndex, images: Path, tmp_path: Path
) -> None:
    uploads = tmp_path / "data" / "uploads"
    fill(uploads / "deep", 2)
    (images / "uploads").symlink_to(uploads)
    (images / "part").symlink_to(uploads / "deep")
    roots = {"images/": images, "uploads/": uploads}
    scan(store, roots, Deadline(), skipped=[tmp_path / "data"])
    assert paths(store) == ["uploads/deep/0000.png", "uploads/deep/0001.png"]
    assert sorted(not_followed(store)) == ["images/part/", "images/uploads/"]


@pytest.mark.parametrize("inside", ["", "deep"])
def test_a_link_into_the_data_folder_is_not_followed(
    store: SqliteIndex, images: Path, drive: Path, inside: str
) -> None:
    (images / "data").symlink_to(drive / inside)
    assert look(store, images, drive) == ScanResult()
    assert list(not_followed(store)) == ["images/data/"]


def test_the_data_folder_inside_a_linked_folder_is_left_out(
    store: SqliteIndex, images: Path, drive: Path
) -> None:
    (images / "album").symlink_to(drive)
    look(store, images, drive / "deep")
    assert paths(store) == ["images/album/0000.png"]


def test_a_root_that_is_a_link_is_read(store: SqliteIndex, images: Path, tmp_path: Path) -> None:
    fill(images, 2)
    (images / "loop").symlink_to(images)
    (tmp_path / "root").symlink_to(images)
    assert look(store, tmp_path / "root").new == 2


def test_a_linked_folder_leaves_out_what_any_folder_does(
    store: SqliteIndex, images: Path, drive: Path
) -> None:
    fill(drive / "@eaDir", 2)
    (images / "album").symlink_to(drive)
    (images / ".hidden").symlink_to(drive)
    assert look(store, images).new == 2
