"""Scan: what lies in the folders, against what the index knows."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from core.deadline import Deadline
from core.errors import Cancelled
from core.index.sqlite.engine import SqliteIndex
from core.indexing.scan import ScanResult, scan
from core.model import Scope
from tests import hostile_pictures as hostile
from tests.conftest import fill, plain

ROOT = Path(__file__).parents[2]


needs_unix = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes in folders are Unix's")


def look(store: SqliteIndex, images: Path) -> ScanResult:
    return scan(store, {"images/": images}, Deadline())


def paths(store: SqliteIndex) -> list[str]:
    return sorted(store.files())


def test_pictures_are_found_at_any_depth(store: SqliteIndex, images: Path) -> None:
    (images / "a" / "b").mkdir(parents=True)
    (images / "one.png").write_bytes(plain("red"))
    (images / "a" / "b" / "TWO.PNG").write_bytes(plain("blue"))
    assert look(store, images) == ScanResult(new=2)
    assert paths(store) == ["images/a/b/TWO.PNG", "images/one.png"]


def test_a_second_scan_reads_nothing(store: SqliteIndex, images: Path) -> None:
    fill(images, 3)
    look(store, images)
    read: list[int] = []
    result = scan(store, {"images/": images}, Deadline(), lambda done, total: read.append(done))
    assert result == ScanResult(unchanged=3)
    assert read == []


@needs_unix
def test_a_second_scan_leaves_the_generation_alone(store: SqliteIndex, images: Path) -> None:
    fill(images, 3)
    (images / "broken.jpg").write_bytes(b"broken")
    os.mkfifo(images / "pipe.jpg")
    (images / "nowhere.jpg").symlink_to(images / "missing")
    (images / os.fsdecode(b"bad\xff.jpg")).write_bytes(plain())
    look(store, images)
    before = store.generation("e:1")
    look(store, images)
    assert store.generation("e:1") == before


def test_a_folder_without_pictures_is_no_error(store: SqliteIndex, images: Path) -> None:
    (images / "notes.txt").write_text("nothing to see")
    assert look(store, images) == ScanResult()
    assert look(store, images / "missing") == ScanResult()


def test_a_renamed_file_is_the_same_picture(store: SqliteIndex, images: Path) -> None:
    file = fill(images, 1)[0]
    look(store, images)
    before = store.ids(Scope())
    file.rename(images / "renamed.png")
    assert look(store, images) == ScanResult(moved=1, gone=1)
    assert store.ids(Scope()) == before
    assert paths(store) == ["images/renamed.png"]
    assert store.orphans() == []


def test_a_changed_file_is_another_picture(store: SqliteIndex, images: Path) -> None:
    file = fill(images, 1)[0]
    look(store, images)
    before = store.ids(Scope())
    file.write_bytes(plain("blue"))
    assert look(store, images).new == 1
    assert store.orphans() == before


def test_a_deleted_file_is_gone(store: SqliteIndex, images: Path) -> None:
    files = fill(images, 2)
    look(store, images)
    files[0].unlink()
    assert look(store, images) == ScanResult(unchanged=1, gone=1)
    assert len(store.ids(Scope())) == 1
    assert len(store.orphans()) == 1


def test_a_text_file_named_jpg_is_listed_with_its_reason(store: SqliteIndex, images: Path) -> None:
    (images / "letter.jpg").write_bytes(hostile.text())
    fill(images, 1)
    assert look(store, images) == ScanResult(new=1, unreadable=1)
    assert "not a picture" in store.unreadable()["images/letter.jpg"].reason


def test_a_mended_file_leaves_the_list(store: SqliteIndex, images: Path) -> None:
    file = images / "one.jpg"
    file.write_bytes(hostile.truncated("JPEG"))
    look(store, images)
    assert "cut short" in store.unreadable()["images/one.jpg"].reason
    file.write_bytes(hostile.picture("JPEG"))
    assert look(store, images) == ScanResult(new=1)
    assert store.unreadable() == {}


def test_a_picture_that_breaks_leaves_the_results(store: SqliteIndex, images: Path) -> None:
    file = fill(images, 1)[0]
    look(store, images)
    before = store.generation("e:1")
    file.write_bytes(b"no longer a picture")
    look(store, images)
    assert store.ids(Scope()) == []
    assert store.generation("e:1") > before


HOSTILE = {
    "quotes": 'it\'s "quoted" `so`.png',
    "newlines": "two\nlines\r.png",
    "Markdown": "[click](javascript:alert) **bold** ![x](y).png",
    "HTML": "<script>alert(1)<|script>&amp;.png",
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈.png",
    "right to left": "\u202egnp.exe.png",
    "255 bytes": "é" * 125 + "a.png",
    "SQL": "'; DROP TABLE files; --.png",
    "percent": "100%_done*?.png",
    "spaces": "  leading and trailing .png",
}


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE.keys())
def test_any_name_that_a_file_can_have_is_taken(
    store: SqliteIndex, images: Path, name: str
) -> None:
    try:
        (images / name).write_bytes(plain())
    except OSError:
        pytest.skip("this file system does not take the name")
    look(store, images)
    assert paths(store) == [f"images/{name}"]
    (picture,) = store.pictures(store.ids(Scope())).values()
    assert picture.name == name
    (images / name).unlink()
    look(store, images)
    assert paths(store) == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_a_name_that_is_no_text_is_said(store: SqliteIndex, images: Path) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    (images / name).write_bytes(plain())
    (images / os.fsdecode(b"\xff\xfe")).mkdir()
    (images / os.fsdecode(b"\xff\xfe") / "inside.png").write_bytes(plain("blue"))
    assert look(store, images).unreadable == 2
    assert all("UTF-8" in entry.reason for entry in store.unreadable().values())
    (images / name).rename(images / "café.png")
    assert look(store, images).new == 1
    assert len(store.unreadable()) == 1


def test_hidden_files_and_folders_are_left_out(store: SqliteIndex, images: Path) -> None:
    (images / ".thumbnails").mkdir()
    (images / ".thumbnails" / "one.png").write_bytes(plain())
    (images / "._two.png").write_bytes(plain())
    assert look(store, images) == ScanResult()


@needs_unix
def test_pipes_and_devices_are_never_opened(store: SqliteIndex, images: Path) -> None:
    os.mkfifo(images / "pipe.jpg")
    (images / "endless.jpg").symlink_to("/dev/zero")
    assert look(store, images) == ScanResult()


def test_a_link_to_nowhere_is_said(store: SqliteIndex, images: Path) -> None:
    (images / "lost.jpg").symlink_to(images / "missing.jpg")
    (images / "round.jpg").symlink_to(images / "round.jpg")
    assert look(store, images).unreadable == 2


def test_a_folder_that_links_to_itself_ends(store: SqliteIndex, images: Path) -> None:
    fill(images, 1)
    (images / "again").symlink_to(images)
    assert look(store, images).new == 1


def test_one_root_inside_another_is_walked_once(store: SqliteIndex, images: Path) -> None:
    gallery = images / "gallery"
    fill(gallery, 2)
    fill(images, 1)
    scan(store, {"gallery/": gallery, "images/": images}, Deadline(), skipped=[images / "thumbs"])
    assert paths(store) == ["gallery/0000.png", "gallery/0001.png", "images/0000.png"]


def test_folders_that_are_nobodys_pictures_are_skipped(store: SqliteIndex, images: Path) -> None:
    fill(images / "static" / "thumbs", 2)
    fill(images / "mine", 1)
    scan(store, {"images/": images}, Deadline(), skipped=[images / "static" / "thumbs"])
    assert paths(store) == ["images/mine/0000.png"]


def test_a_file_too_large_to_hold_is_said_without_reading_it(
    store: SqliteIndex, images: Path
) -> None:
    with (images / "film.png").open("wb") as file:
        file.truncate(2 * 2**30)
    look(store, images)
    assert "larger than" in store.unreadable()["images/film.png"].reason


def test_a_scan_that_is_stopped_keeps_what_it_has_read(store: SqliteIndex, images: Path) -> None:
    fill(images, 40)
    deadline = Deadline()

    def stop_at_ten(done: int, total: int) -> None:
        if done == 10:
            deadline.cancel.set()

    with pytest.raises(Cancelled):
        scan(store, {"images/": images}, deadline, stop_at_ten)
    assert len(store.files()) == 10
    assert look(store, images).new == 30


def test_a_file_that_goes_away_between_listing_and_reading_is_no_error(
    store: SqliteIndex, images: Path
) -> None:
    files = fill(images, 30)

    def delete_the_last(done: int, total: int) -> None:
        files[-1].unlink(missing_ok=True)

    scan(store, {"images/": images}, Deadline(), delete_the_last)
    assert len(store.files()) == 29
    assert store.unreadable() == {}


def test_memory_stays_flat_however_many_files(store: SqliteIndex, images: Path) -> None:
    def peak(count: int) -> int:
        folder = images / str(count)
        folder.mkdir()
        # What fills a file up after its last pixel is noise to a reader, and weight in memory.
        for number in range(count):
            data = plain((9, number % 256, number // 256), width=16, height=16)
            (folder / f"{number}.png").write_bytes(data + bytes(200_000))
        tracemalloc.start()
        scan(store, {"images/": folder}, Deadline())
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    few, many = peak(20), peak(200)
    assert many < few + 2_000_000  # all 200 at once would be 40 MB


AS_NOBODY = """
import os, sys
from pathlib import Path
from core.deadline import Deadline
from core.pictures import check
from core.indexing.scan import scan
from core.index.sqlite.engine import SqliteIndex
from tests.conftest import plain
check(plain())  # Pillow loads its readers late, and they may lie where nobody may look
store = SqliteIndex(Path(sys.argv[1]))
os.setgroups([])
os.setuid(65534)
print(scan(store, {"images/": Path(sys.argv[2])}, Deadline()))
for path, entry in store.unreadable().items():
    print(path, entry.reason)
print(sorted(store.files()))
"""

needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may become another user"
)


def scan_as_nobody(data: Path, images: Path) -> str:
    for file in (data, *data.rglob("*")):
        os.chown(file, 65534, 65534)
    command = [sys.executable, "-c", AS_NOBODY, str(data), str(images)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return result.stdout


@needs_root
def test_a_file_that_may_not_be_read_is_listed_and_taken_once_it_may(public_folder: Path) -> None:
    images, data = public_folder / "images", public_folder / "data"
    SqliteIndex(data).close()
    secret, _ = fill(images, 2)
    secret.chmod(0)
    said = scan_as_nobody(data, images)
    assert "images/0000.png The file may not be read; change its permissions." in said
    assert "['images/0001.png']" in said
    secret.chmod(0o644)
    said = scan_as_nobody(data, images)
    assert "['images/0000.png', 'images/0001.png']" in said
    assert "may not" not in said


@needs_root
def test_a_folder_that_may_not_be_opened_is_said_and_its_files_are_not_forgotten(
    public_folder: Path,
) -> None:
    images, data = public_folder / "images", public_folder / "data"
    store = SqliteIndex(data)
    fill(images / "private", 1)
    fill(images, 1)
    look(store, images)
    store.close()
    (images / "private").chmod(0)
    said = scan_as_nobody(data, images)
    assert "images/private/ The folder may not be opened; change its permissions." in said
    assert "['images/0000.png', 'images/private/0000.png']" in said
    (images / "private").chmod(0o755)
    assert "may not" not in scan_as_nobody(data, images)


@needs_root
def test_a_root_behind_a_closed_door_is_said_and_its_files_are_not_forgotten(
    public_folder: Path,
) -> None:
    images, data = public_folder / "closed" / "images", public_folder / "data"
    store = SqliteIndex(data)
    fill(images, 1)
    look(store, images)
    store.close()
    images.parent.chmod(0)
    said = scan_as_nobody(data, images)
    assert "images/ The folder may not be opened; change its permissions." in said
    assert "['images/0000.png']" in said
