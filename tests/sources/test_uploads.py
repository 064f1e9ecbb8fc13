"""Uploads: kept under a safe name, once, and deletable."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.deadline import Deadline
from core.errors import PictureError, UploadFailed
from core.index.sqlite.engine import SqliteIndex
from core.indexing.scan import scan
from core.pictures.formats import EXTENSIONS
from core.sources.uploads import add_upload, remove_upload, safe_name
from tests import hostile_pictures as hostile
from tests.conftest import plain
from tests.small_disk import needs_mount, small_disk


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_an_upload_is_kept_byte_for_byte(tmp_path: Path) -> None:
    assert add_upload(tmp_path / "up", "a house.png", plain()) == "uploads/a house.png"
    assert (tmp_path / "up" / "a house.png").read_bytes() == plain()
    assert names(tmp_path / "up") == ["a house.png"]


def test_the_same_picture_under_the_same_name_is_kept_once(tmp_path: Path) -> None:
    assert add_upload(tmp_path, "a.png", plain()) == add_upload(tmp_path, "a.png", plain())
    assert names(tmp_path) == ["a.png"]


def test_another_picture_under_the_same_name_gets_a_number(tmp_path: Path) -> None:
    add_upload(tmp_path, "a.png", plain("red"))
    assert add_upload(tmp_path, "a.png", plain("blue")) == "uploads/a (2).png"
    assert (tmp_path / "a.png").read_bytes() == plain("red")


def test_ten_visitors_with_one_name_lose_nothing(tmp_path: Path) -> None:
    pictures = [plain((n, 9, 9)) for n in range(10)]
    threads = [
        threading.Thread(target=add_upload, args=(tmp_path, "IMG_0001.png", data))
        for data in pictures
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {file.read_bytes() for file in tmp_path.iterdir()} == set(pictures)


def test_what_is_no_picture_is_refused_and_not_kept(tmp_path: Path) -> None:
    with pytest.raises(PictureError):
        add_upload(tmp_path / "up", "a.jpg", hostile.text())
    assert not (tmp_path / "up").exists()


@pytest.mark.parametrize("name", ["photo", "photo.txt", "photo.php", ".htaccess", "", "...", "/"])
def test_an_upload_is_named_so_that_the_scan_finds_it(
    store: SqliteIndex, tmp_path: Path, name: str
) -> None:
    path = add_upload(tmp_path / "up", name, plain())
    scan(store, {"uploads/": tmp_path / "up"}, Deadline())
    assert list(store.files()) == [path]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd.png", "passwd.png"),
        ("..\\..\\windows\\system.png", "system.png"),
        ("C:\\pictures\\a.png", "a.png"),
        ("a:stream.png", "a_stream.png"),
        ("con.png", "_con.png"),
        ("COM1", "_COM1.jpg"),
        ("two\nlines\0.png", "two_lines_.png"),
        ("\u202egnp.exe", "_gnp.exe.jpg"),
        ("a" * 300 + ".png", "a" * 196 + ".png"),
        ("é" * 300 + ".jpeg", "é" * 97 + ".jpeg"),
        ("half \ud800.png", "half _.png"),
        (" .png. ", "png.jpg"),
    ],
)
def test_a_name_loses_what_any_system_trips_over(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text(st.characters(), max_size=300))
def test_every_name_becomes_one_that_a_file_can_have(name: str) -> None:
    safe = safe_name(name)
    assert len(safe.encode()) <= 200
    assert not set(safe) & set('/\\<>:"|?*\0\n')
    assert not safe.startswith(".")
    assert Path(safe).suffix.lower() in EXTENSIONS
    assert safe_name(safe) == safe


def test_an_upload_can_be_deleted(tmp_path: Path) -> None:
    path = add_upload(tmp_path, "a.png", plain())
    remove_upload(tmp_path, path)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "path",
    [
        "uploads/../outside.png",
        "../outside.png",
        "uploads//outside.png",
        "images/outside.png",
        "outside.png",
        "uploads/",
        "uploads/inner/deep.png",
        "uploads/inner",
    ],
)
def test_nothing_but_an_upload_is_ever_deleted(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "uploads"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "deep.png").write_bytes(b"")
    (folder / "outside.png").write_bytes(b"")
    (tmp_path / "outside.png").write_bytes(b"")
    remove_upload(folder, path)
    assert (tmp_path / "outside.png").exists()
    assert (folder / "outside.png").exists()
    assert (folder / "inner" / "deep.png").exists()


def test_deleting_from_a_folder_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    remove_upload(tmp_path / "missing", "uploads/a.png")


@needs_mount
def test_an_upload_to_a_full_disk_is_a_sentence_and_leaves_nothing_half(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "64k") as disk:
        data = plain() + bytes(100_000)
        with pytest.raises(UploadFailed, match="disk is full"):
            add_upload(disk, "a.png", data)
        assert names(disk) == []
