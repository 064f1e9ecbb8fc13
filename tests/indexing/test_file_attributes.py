"""Whatever time, size, name or place a file has: it never keeps the others out of the index."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.deadline import Deadline
from core.index.sqlite.engine import SqliteIndex
from core.indexing.scan import ScanResult, scan
from core.model import Scope
from tests.conftest import ColourEmbedder, fill, plain
from tests.indexing.conftest import E, Job

YEAR_NS = 31_556_952 * 10**9


def look(store: SqliteIndex, images: Path) -> ScanResult:
    return scan(store, {"images/": images}, Deadline())


def set_time(file: Path, nanoseconds: int) -> None:
    try:
        os.utime(file, ns=(nanoseconds, nanoseconds))
    except (OSError, OverflowError):
        pytest.skip("this file system does not take the time")


TIMES = {
    "the year 2413": (2413 - 1970) * YEAR_NS,
    "the last nanosecond that fits": 2**63 - 1,
    "the first nanosecond that does not fit": 2**63,
    "the year 1901": (1901 - 1970) * YEAR_NS,
    "the year 1600": (1600 - 1970) * YEAR_NS,
    "a nanosecond before 1970": -1,
    "1970": 0,
    "beyond two times 64 bits": 2**66 + 1,
}


@pytest.mark.parametrize("nanoseconds", TIMES.values(), ids=TIMES.keys())
def test_a_picture_with_any_time_is_indexed_beside_the_others(
    job: Job, images: Path, nanoseconds: int
) -> None:
    files = fill(images, 6)
    set_time(files[2], nanoseconds)
    job.run(ColourEmbedder())
    assert job.state == "done"
    assert job.store.counts(E, Scope()) == (6, 6)


@pytest.mark.parametrize("nanoseconds", TIMES.values(), ids=TIMES.keys())
def test_a_picture_with_any_time_is_not_read_again_while_it_stays_as_it_is(
    store: SqliteIndex, images: Path, nanoseconds: int
) -> None:
    set_time(fill(images, 1)[0], nanoseconds)
    look(store, images)
    assert look(store, images) == ScanResult(unchanged=1)


def test_a_change_from_one_far_time_to_another_is_seen(store: SqliteIndex, images: Path) -> None:
    file = images / "one.png"
    file.write_bytes(plain("red"))
    set_time(file, TIMES["the year 2413"])
    look(store, images)
    before = file.stat()
    file.write_bytes(plain("blue").ljust(before.st_size, b"\0"))
    set_time(file, TIMES["the year 2413"] + 10**9)
    assert file.stat().st_size == before.st_size
    assert look(store, images).new == 1


def test_an_unreadable_file_with_a_far_time_is_listed(store: SqliteIndex, images: Path) -> None:
    (images / "letter.jpg").write_text("no picture")
    set_time(images / "letter.jpg", TIMES["the year 2413"])
    fill(images, 2)
    assert look(store, images) == ScanResult(new=2, unreadable=1)
    assert look(store, images) == ScanResult(unchanged=3, unreadable=1)


@pytest.mark.parametrize("size", [0, 2**33, 2**43 - 4096])
def test_a_file_of_any_size_is_listed_beside_the_others(
    store: SqliteIndex, images: Path, size: int
) -> None:
    fill(images, 2)
    try:
        with (images / "film.png").open("xb") as file:
            file.truncate(size)
    except OSError:
        pytest.skip("this file system does not take the size")
    assert look(store, images) == ScanResult(new=2, unreadable=1)


NAMES = {
    "only spaces": "   .png",
    "one space": " .png",
    "no-break and zero-width spaces": "\u00a0\u200b\u2003.png",
    "control characters": "\x01\x1b[31m\x7f.png",
    "a line separator": "a\u2028b.png",
    "half of a combined letter": "\u0301.png",
    "beyond the first plane": "\U0001f5bc\U000e0001.png",
    "not a character": "\uffff.png",
    "a dot at the end of the stem": "a..png",
    "like an option": "--help.png",
    "like a device": "con.png",
    "as long as a name may be": "n" * 251 + ".png",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
@pytest.mark.parametrize("of", ["file", "folder"])
def test_a_picture_with_any_name_is_taken(
    store: SqliteIndex, images: Path, name: str, of: str
) -> None:
    fill(images, 1)
    file = images / (name if of == "file" else f"{name}/inside.png")
    try:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(plain())
    except OSError:
        pytest.skip("this file system does not take the name")
    assert look(store, images) == ScanResult(new=2)
    assert f"images/{file.relative_to(images).as_posix()}" in store.files()


@pytest.mark.skipif(os.name != "posix", reason="elsewhere names are text")
def test_names_that_are_no_text_are_said_beside_the_others(job: Job, images: Path) -> None:
    fill(images, 2)
    try:
        (images / os.fsdecode(b"\xff.png")).write_bytes(plain())
        (images / os.fsdecode(b"\xed\xa0\x80.png")).write_bytes(plain())  # a surrogate as UTF-8
    except OSError:
        pytest.skip("this file system does not take the names")
    job.run(ColourEmbedder())
    assert (job.state, job.store.counts(E, Scope())) == ("done", (2, 2))
    assert all("UTF-8" in entry.reason for entry in job.store.unreadable().values())
    assert len(job.store.unreadable()) == 2


@contextmanager
def tree(folder: Path, name: str, levels: int) -> Iterator[None]:
    """A picture below that many folders of one name, however long its path becomes.

    Made and removed from inside, because no call takes a path that long.
    """
    (folder / name).mkdir()
    at = os.open(folder / name, os.O_RDONLY)
    for _ in range(levels - 1):
        os.mkdir(name, dir_fd=at)
        at, above = os.open(name, os.O_RDONLY, dir_fd=at), at
        os.close(above)
    file = os.open("deep.png", os.O_WRONLY | os.O_CREAT, dir_fd=at)
    os.write(file, plain("blue"))
    os.close(file)
    try:
        yield
    finally:
        os.unlink("deep.png", dir_fd=at)
        for _ in range(levels - 1):
            at, below = os.open("..", os.O_RDONLY, dir_fd=at), at
            os.close(below)
            os.rmdir(name, dir_fd=at)
        os.close(at)
        shutil.rmtree(folder / name)


needs_dir_fd = pytest.mark.skipif(os.mkdir not in os.supports_dir_fd, reason="paths alone there")


@needs_dir_fd
@pytest.mark.parametrize(
    ("name", "levels"), [("a", 1500), ("n" * 255, 14)], ids=["1,500 levels", "3,600 bytes"]
)
def test_a_picture_at_the_end_of_a_long_path_is_taken(
    job: Job, images: Path, name: str, levels: int
) -> None:
    fill(images, 2)
    with tree(images, name, levels):
        job.run(ColourEmbedder())
        assert (job.state, job.store.counts(E, Scope())) == ("done", (3, 3))


@needs_dir_fd
def test_a_path_that_the_system_does_not_open_is_said_beside_the_others(
    job: Job, images: Path
) -> None:
    fill(images, 2)
    with tree(images, "n" * 255, 20):
        job.run(ColourEmbedder())
    assert (job.state, job.store.counts(E, Scope())) == ("done", (2, 2))
    (entry,) = job.store.unreadable().values()
    assert "longer than this system can open" in entry.reason
