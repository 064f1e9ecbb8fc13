"""What other programs leave beside the pictures is left out of a scan, and counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.deadline import Deadline
from core.index.sqlite.engine import SqliteIndex
from core.indexing.scan import ScanResult, scan
from core.model import Cause
from tests.conftest import fill, plain

FOLDERS = (
    "@eaDir",
    "@EADIR",
    "@__thumb",
    ".@__thumb",
    "#recycle",
    "@Recycle",
    "#snapshot",
    "$RECYCLE.BIN",
    "RECYCLER",
    "System Volume Information",
    ".Trash-1000",
    ".Trashes",
    ".dtrash",
    ".AppleDouble",
    "__MACOSX",
    ".thumbnails",
    ".xvpics",
    "Summer Previews.lrdata",
    ".picasaoriginals",
    ".stversions",
    "lost+found",
    ".anything-hidden",
)


def look(store: SqliteIndex, images: Path) -> ScanResult:
    return scan(store, {"images/": images}, Deadline())


def left_out(store: SqliteIndex) -> dict[str, int]:
    counts = store.not_indexed_counts("e:1")
    return {kind: number for (cause, kind), number in counts.items() if cause is Cause.LEFT_OUT}


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_of_another_program_is_left_out_at_any_depth_and_counted(
    store: SqliteIndex, images: Path, name: str
) -> None:
    fill(images / "deep" / "er", 1)
    for folder in (images, images / "deep" / "er"):
        fill(folder / name / "IMG_0142.jpg", 2)
    assert look(store, images) == ScanResult(new=1)
    assert sum(left_out(store).values()) == 2
    assert f"images/deep/er/{name}/" in store.unreadable()


@pytest.mark.parametrize("name", ["._IMG_0142.jpg", "._notes.txt", ".hidden.png"])
def test_a_file_that_is_left_out_is_counted(store: SqliteIndex, images: Path, name: str) -> None:
    (images / name).write_bytes(plain())
    assert look(store, images) == ScanResult()
    assert sum(left_out(store).values()) == 1


@pytest.mark.parametrize("name", ["eaDir", "recycle", "MACOSX", "trash", "lost and found", "a._b"])
def test_a_name_that_only_resembles_one_is_read(
    store: SqliteIndex, images: Path, name: str
) -> None:
    fill(images / name, 1)
    assert look(store, images) == ScanResult(new=1)


def test_each_reason_says_what_was_left_out(store: SqliteIndex, images: Path) -> None:
    for name in FOLDERS:
        (images / name).mkdir(exist_ok=True)
    look(store, images)
    assert all(entry.reason.startswith("Left out: ") for entry in store.unreadable().values())


def test_previews_that_an_earlier_version_indexed_leave_the_index(
    store: SqliteIndex, images: Path
) -> None:
    fill(images / "thumbs of a drive", 1)
    fill(images, 2)
    look(store, images)
    (images / "thumbs of a drive").rename(images / "@eaDir")
    assert look(store, images) == ScanResult(unchanged=2, gone=1)
