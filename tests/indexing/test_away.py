"""A drive that is not mounted loses nothing; what a person deletes is gone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.deadline import Deadline
from core.index.sqlite.engine import SqliteIndex
from core.indexing.away import MANY, away, forget_away
from core.indexing.scan import ScanResult, scan
from core.model import Away, Scope
from tests.conftest import ColourEmbedder, fill, plain
from tests.indexing.conftest import E, Job
from tests.small_disk import needs_mount, small_disk

GONE = Away("images/", 14)


def look(store: SqliteIndex, images: Path) -> ScanResult:
    return scan(store, {"images/": images}, Deadline())


def take_away(images: Path, way: str) -> None:
    """As it looks when the drive that holds the pictures is not there."""
    images.rename(images.with_name("elsewhere"))
    if way != "missing":
        images.mkdir()
    if way == "with a note":
        (images / "NOT MOUNTED.txt").write_text("Mount the drive.")
    if way == "with empty folders":
        (images / "2024").mkdir()
    if way == "a file in its place":
        images.rmdir()
        images.write_text("")


def bring_back(images: Path) -> None:
    shutil.rmtree(images) if images.is_dir() else images.unlink(missing_ok=True)
    images.with_name("elsewhere").rename(images)


WAYS = ["missing", "empty", "with a note", "with empty folders", "a file in its place"]


@pytest.mark.parametrize("way", WAYS)
def test_what_is_away_stays_in_the_index_and_is_said(
    store: SqliteIndex, images: Path, way: str
) -> None:
    fill(images, 14)
    look(store, images)
    take_away(images, way)
    assert look(store, images).gone == 0
    assert len(store.files()) == 14
    assert store.orphans() == []
    assert away(store) == [GONE]


@pytest.mark.parametrize("way", WAYS)
def test_what_comes_back_is_not_read_again(store: SqliteIndex, images: Path, way: str) -> None:
    fill(images, 14)
    look(store, images)
    take_away(images, way)
    look(store, images)
    bring_back(images)
    read: list[int] = []
    scan(store, {"images/": images}, Deadline(), lambda done, total: read.append(done))
    assert read == []
    assert away(store) == []
    assert store.unreadable() == {}


def test_a_scan_of_what_is_still_away_changes_nothing(store: SqliteIndex, images: Path) -> None:
    fill(images, 14)
    look(store, images)
    take_away(images, "missing")
    look(store, images)
    before = store.generation(E)
    look(store, images)
    assert store.generation(E) == before
    assert away(store) == [GONE]


def test_a_missing_root_keeps_even_one_picture(store: SqliteIndex, images: Path) -> None:
    fill(images, 1)
    look(store, images)
    take_away(images, "missing")
    look(store, images)
    assert away(store) == [Away("images/", 1)]


def test_a_few_pictures_that_were_all_there_was_can_be_deleted(
    store: SqliteIndex, images: Path
) -> None:
    files = fill(images, MANY - 1)
    look(store, images)
    for file in files:
        file.unlink()
    assert look(store, images) == ScanResult(gone=MANY - 1)
    assert away(store) == []


def test_a_whole_folder_that_was_deleted_is_gone(store: SqliteIndex, images: Path) -> None:
    fill(images / "2023", 30)
    fill(images / "2024", 1)
    look(store, images)
    shutil.rmtree(images / "2023")
    assert look(store, images).gone == 30
    assert away(store) == []


def test_all_pictures_replaced_by_others_are_gone(store: SqliteIndex, images: Path) -> None:
    for file in fill(images, 14):
        file.rename(file.with_name(f"first {file.name}"))
    look(store, images)
    shutil.rmtree(images)
    images.mkdir()
    (images / "other.png").write_bytes(plain("blue"))
    assert look(store, images).gone == 14


def test_one_root_that_is_away_does_not_keep_what_was_deleted_in_another(
    store: SqliteIndex, tmp_path: Path
) -> None:
    roots = {"images/": tmp_path / "drive", "uploads/": tmp_path / "uploads"}
    fill(roots["images/"], 14)
    files = fill(roots["uploads/"], 3)
    scan(store, roots, Deadline())
    take_away(roots["images/"], "empty")
    files[0].unlink()
    assert scan(store, roots, Deadline()).gone == 1
    assert away(store) == [GONE]


def test_what_could_not_be_read_stays_on_the_list_while_its_root_is_away(
    store: SqliteIndex, images: Path
) -> None:
    fill(images, 14)
    (images / "broken.jpg").write_bytes(b"broken")
    look(store, images)
    take_away(images, "empty")
    look(store, images)
    assert list(store.unreadable()) == ["images/broken.jpg"]


@pytest.mark.parametrize("how", ["missing", "empty"])
def test_a_linked_folder_whose_drive_is_away_keeps_its_pictures(
    store: SqliteIndex, images: Path, tmp_path: Path, how: str
) -> None:
    drive = tmp_path / "drive"
    fill(drive, 14)
    fill(images, 2)
    (images / "album").symlink_to(drive)
    look(store, images)
    take_away(drive, how)
    assert look(store, images).gone == 0
    assert away(store) == [Away("images/album/", 14)]
    bring_back(drive)
    assert look(store, images).unchanged == 16
    assert away(store) == []
    assert store.unreadable() == {}


def test_a_link_that_was_deleted_takes_its_pictures_along(
    store: SqliteIndex, images: Path, tmp_path: Path
) -> None:
    fill(tmp_path / "drive", 14)
    fill(images, 2)
    (images / "album").symlink_to(tmp_path / "drive")
    look(store, images)
    (images / "album").unlink()
    assert look(store, images).gone == 14


def test_a_folder_that_was_deleted_inside_a_link_is_gone(
    store: SqliteIndex, images: Path, tmp_path: Path
) -> None:
    fill(tmp_path / "drive" / "a", 14)
    fill(tmp_path / "drive" / "b", 2)
    (images / "album").symlink_to(tmp_path / "drive")
    look(store, images)
    shutil.rmtree(tmp_path / "drive" / "a")
    assert look(store, images).gone == 14


def test_what_is_forgotten_on_purpose_is_gone_and_nothing_else(
    store: SqliteIndex, tmp_path: Path
) -> None:
    roots = {"images/": tmp_path / "drive", "uploads/": tmp_path / "uploads"}
    fill(roots["images/"], 14)
    (roots["uploads/"]).mkdir()
    (roots["uploads/"] / "mine.png").write_bytes(plain("blue"))
    scan(store, roots, Deadline())
    take_away(roots["images/"], "empty")
    scan(store, roots, Deadline())
    forget_away(store)
    assert list(store.files()) == ["uploads/mine.png"]
    assert len(store.orphans()) == 14
    assert away(store) == []
    scan(store, roots, Deadline())
    assert away(store) == []


def test_what_is_away_is_still_found_and_not_asked_for(job: Job, images: Path) -> None:
    fill(images, 14)
    job.run(ColourEmbedder())
    take_away(images, "empty")
    embedder = ColourEmbedder()
    job.run(embedder)
    assert job.store.counts(E, Scope()) == (14, 14)
    assert embedder.calls == []
    assert job.store.failures(E) == []


def test_a_picture_that_waits_for_its_vector_goes_on_waiting_while_it_is_away(
    job: Job, images: Path
) -> None:
    fill(images, 14)
    job.run(None)
    take_away(images, "missing")
    job.run(ColourEmbedder())
    assert job.state == "done"
    assert job.store.failures(E) == []
    bring_back(images)
    job.run(ColourEmbedder())
    assert job.store.counts(E, Scope()) == (14, 14)


def test_a_copy_that_is_there_is_embedded_while_the_other_is_away(
    job: Job, images: Path, tmp_path: Path
) -> None:
    files = fill(tmp_path / "drive", 14)
    (images / "z").mkdir()
    (images / "z" / "copy.png").write_bytes(files[0].read_bytes())
    (images / "album").symlink_to(tmp_path / "drive")
    job.run(None)
    take_away(tmp_path / "drive", "missing")
    job.run(ColourEmbedder())
    assert job.store.counts(E, Scope()) == (1, 14)


@needs_mount
def test_an_unmounted_drive_is_away(store: SqliteIndex, tmp_path: Path) -> None:
    with small_disk(tmp_path / "mounted", "4m") as drive:
        fill(drive, 14)
        look(store, drive)
    assert list(drive.iterdir()) == []
    look(store, drive)
    assert away(store) == [GONE]
