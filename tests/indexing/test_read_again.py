"""When a file is read again although neither its size nor its time has changed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.deadline import Deadline
from core.errors import Cancelled
from core.index.sqlite.engine import SqliteIndex
from core.indexing import read as indexing_read
from core.indexing import scan as indexing_scan
from core.indexing.scan import ScanResult, scan
from core.model import Scope
from tests.conftest import ColourEmbedder, fill, plain
from tests.indexing.conftest import E, Job

ROOT = Path(__file__).parents[2]


def look(store: SqliteIndex, images: Path) -> ScanResult:
    return scan(store, {"images/": images}, Deadline())


def fill_padded(folder: Path, count: int) -> list[Path]:
    """Pictures of one size, with room for another in its place: a reader ignores what follows."""
    files = fill(folder, count)
    for file in files:
        file.write_bytes(file.read_bytes().ljust(500, b"\0"))
    return files


def replace(file: Path, data: bytes) -> None:
    """Other content at the same size and time."""
    before = file.stat()
    file.write_bytes(data.ljust(before.st_size, b"\0"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def upgrade(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the program reads with a newer reader."""
    newer = indexing_read.READER_VERSION + 1
    monkeypatch.setattr(indexing_read, "READER_VERSION", newer)
    monkeypatch.setattr(indexing_scan, "READER_VERSION", newer)


def test_a_file_replaced_at_the_same_size_and_time_is_seen_when_all_are_read_again(
    store: SqliteIndex, images: Path
) -> None:
    file, _ = fill_padded(images, 2)
    look(store, images)
    replace(file, plain("blue", 16, 16))
    assert look(store, images) == ScanResult(unchanged=2)
    store.read_again(only_refused=False)
    assert look(store, images) == ScanResult(new=1, unchanged=1)
    assert look(store, images) == ScanResult(unchanged=2)


def test_a_picture_replaced_by_no_picture_is_seen(store: SqliteIndex, images: Path) -> None:
    file, _ = fill_padded(images, 2)
    look(store, images)
    replace(file, b"no picture")
    store.read_again(only_refused=False)
    assert look(store, images) == ScanResult(unchanged=1, unreadable=1)


def test_reading_all_again_changes_nothing_for_those_who_search(
    store: SqliteIndex, images: Path
) -> None:
    fill(images, 3)
    look(store, images)
    before = store.generation(E)
    store.read_again(only_refused=False)
    look(store, images)
    assert store.generation(E) == before


def test_only_what_is_new_is_embedded_after_reading_all_again(job: Job, images: Path) -> None:
    files = fill_padded(images, 5)
    job.run(ColourEmbedder())
    replace(files[0], plain("blue", 16, 16))
    job.store.read_again(only_refused=False)
    embedder = ColourEmbedder()
    job.run(embedder)
    assert embedder.calls == ["image"]
    assert job.store.counts(E, Scope()) == (5, 5)


def test_a_stop_while_all_are_read_again_leaves_the_rest_for_the_next_scan(
    store: SqliteIndex, images: Path
) -> None:
    fill(images, 30)
    look(store, images)
    store.read_again(only_refused=False)
    deadline = Deadline()

    def stop_at_ten(done: int, total: int) -> None:
        if done == 10:
            deadline.cancel.set()

    with pytest.raises(Cancelled):
        scan(store, {"images/": images}, deadline, stop_at_ten)
    assert len(store.files()) == 30
    read: list[int] = []
    scan(store, {"images/": images}, Deadline(), lambda done, total: read.append(total))
    assert read == [20] * 20


def test_an_imported_picture_has_no_file_to_read_again(store: SqliteIndex, images: Path) -> None:
    fill(images, 1)
    look(store, images)
    with store.writing() as db:
        db.execute("INSERT INTO files VALUES ('images/imported.png', 'x', NULL, NULL)")
    store.read_again(only_refused=False)
    look(store, images)
    assert "images/imported.png" in store.files()


BROKEN = {"broken.jpg": b"\xff\xd8\xff broken", "photo.jxl": b"\xff\x0a" + bytes(99), "a.txt": b"a"}


@pytest.mark.parametrize("name", BROKEN)
def test_what_one_reader_refused_is_tried_once_by_the_next(
    store: SqliteIndex, images: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (images / name).write_bytes(BROKEN[name])
    look(store, images)
    assert look(store, images).unchanged == 1
    upgrade(monkeypatch)
    assert look(store, images).unchanged == 0
    assert look(store, images).unchanged == 1


def test_a_picture_that_was_taken_is_not_read_again_by_the_next_reader(
    store: SqliteIndex, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(images, 2)
    look(store, images)
    upgrade(monkeypatch)
    assert look(store, images) == ScanResult(unchanged=2)


def test_what_was_refused_before_readers_had_numbers_is_tried_again(
    store: SqliteIndex, images: Path
) -> None:
    file = images / "now-read.png"
    file.write_bytes(plain())
    status = file.stat()
    with store.writing() as db:
        db.execute(
            "INSERT INTO unreadable (path, reason, size, mtime_ns) VALUES (?, 'Refused.', ?, ?)",
            ("images/now-read.png", status.st_size, status.st_mtime_ns),
        )
    assert look(store, images) == ScanResult(new=1)


def test_what_was_refused_is_tried_again_on_demand_and_nothing_else(
    store: SqliteIndex, images: Path
) -> None:
    good = fill_padded(images, 1)[0]
    bad = images / "bad.png"
    bad.write_bytes(b"no picture".ljust(500, b"\0"))
    look(store, images)
    replace(good, plain("blue", 16, 16))
    replace(bad, plain("green"))
    store.read_again(only_refused=True)
    assert look(store, images) == ScanResult(new=1, unchanged=1)
    assert store.unreadable() == {}


# A process of its own, because an audit hook cannot be removed. It scans twice and prints what the
# second scan opened below the images, and how often it asked the index.
UNCHANGED_SCAN = """
import os, sqlite3, sys
from pathlib import Path
from core.deadline import Deadline
from core.index.sqlite.engine import SqliteIndex
from core.indexing.scan import scan

folder, images = sys.argv[1:]
store = SqliteIndex(Path(folder))
scan(store, {"images/": Path(images)}, Deadline())
opened, asked = [], []
sys.addaudithook(lambda event, args: event == "open" and opened.append(str(args[0])))
with store.connection() as db:
    db.set_trace_callback(asked.append)
scan(store, {"images/": Path(images)}, Deadline())
print(sum(name.startswith(images + os.sep) for name in opened), len(asked))
"""


def statements(folder: Path, images: Path) -> tuple[int, int]:
    """How many files a scan of unchanged folders opens, and how many statements it makes."""
    done = subprocess.run(
        [sys.executable, "-c", UNCHANGED_SCAN, str(folder), str(images)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    opened, asked = done.stdout.split()
    return int(opened), int(asked)


def test_a_scan_of_unchanged_files_opens_none_and_asks_the_index_a_fixed_number_of_times(
    tmp_path: Path, images: Path
) -> None:
    def add(folder: Path, count: int) -> None:
        fill(folder, count)
        for number in range(count):
            (folder / f"{number}.txt").write_text("no picture")
            (folder / f"{number}.jxl").write_bytes(BROKEN["photo.jxl"])
            fill(folder / f"{number}" / "@eaDir", 1)

    add(images, 2)
    few = statements(tmp_path / "few", images)
    add(images / "more", 40)
    assert statements(tmp_path / "many", images) == few
    assert few[0] == 0
