"""What a scan does with files that are no pictures by their name, or of a kind that is not read."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from core.deadline import Deadline
from core.index.sqlite.engine import SqliteIndex
from core.indexing.scan import ScanResult, scan
from core.model import Cause
from tests import hostile_pictures as hostile
from tests.conftest import fill, plain


def look(store: SqliteIndex, images: Path) -> ScanResult:
    return scan(store, {"images/": images}, Deadline())


def write(images: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        (images / name).parent.mkdir(parents=True, exist_ok=True)
        (images / name).write_bytes(data)


def kinds(store: SqliteIndex, cause: Cause = Cause.KIND) -> dict[str, int]:
    counts = store.not_indexed_counts("e:1")
    return {kind: number for (of, kind), number in counts.items() if of is cause}


def box(brand: bytes) -> bytes:
    """The beginning of an ISO base media file of this brand."""
    return b"\0\0\0\x18ftyp" + brand + bytes(4) + b"isom" + brand + bytes(900)


def tiff() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 12), "red").save(out, "TIFF")
    return out.getvalue()


NOT_READ = {
    "burst.heic": (box(b"hevc"), "HEIC sequence"),
    "photo.jxl": (b"\xff\x0a" + bytes(500), "JPEG XL"),
    "boxed.jxl": (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(500), "JPEG XL"),
    "photo.jp2": (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(500), "JPEG 2000"),
    "raw.CR2": (b"II*\0\x10\0\0\0CR\2\0" + bytes(3000), "CR2"),
    "raw.cr3": (box(b"crx "), "CR3"),
    "raw.NEF": (tiff(), "NEF"),
    "raw.dng": (tiff(), "DNG"),
    "raw.raf": (b"FUJIFILMCCD-RAW 0201" + bytes(500), "RAF"),
    "IMG_0001.MOV": (box(b"qt  "), "QuickTime movie"),
    "clip.mp4": (box(b"isom"), "MP4 movie"),
    "drawing.svg": (b"<?xml version='1.0'?><svg xmlns='x'/>", "SVG"),
    "layers.psd": (b"8BPS\0\1" + bytes(500), "Photoshop"),
    "named-wrongly.jpg": (b"\xff\x0a" + bytes(500), "JPEG XL"),
    "no-suffix": (b"8BPS\0\1" + bytes(500), "Photoshop"),
}


@pytest.mark.parametrize("name", NOT_READ)
def test_a_file_of_a_kind_that_is_not_read_is_listed_by_its_kind(
    store: SqliteIndex, images: Path, name: str
) -> None:
    data, kind = NOT_READ[name]
    write(images, {name: data})
    fill(images, 1)
    assert look(store, images) == ScanResult(new=1, unreadable=1)
    assert kinds(store) == {kind: 1}
    assert kind in store.unreadable()[f"images/{name}"].reason


def test_kinds_are_counted(store: SqliteIndex, images: Path) -> None:
    movie, raw = NOT_READ["clip.mp4"][0], NOT_READ["raw.CR2"][0]
    write(images, {"a.mp4": movie, "b.m4v": movie, "c/d.cr2": raw})
    look(store, images)
    assert kinds(store) == {"MP4 movie": 2, "CR2": 1}


@pytest.mark.parametrize(
    "name", ["no-suffix", "photo.jpg_original", "IMG_1.JPG~", "picture.dat", "2024.05.01", "x.txt"]
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
def test_a_picture_under_any_name_is_recognised_by_its_bytes(
    store: SqliteIndex, images: Path, name: str, kind: str
) -> None:
    write(images, {name: hostile.picture(kind)})
    assert look(store, images) == ScanResult(new=1)
    assert list(store.files()) == [f"images/{name}"]


OTHERS = {
    "notes.txt": b"nothing to see",
    "IMG_0001.xmp": b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>",
    "photo.jpg.json": b'{"title": "photo.jpg"}',
    "README.md": b"# Pictures\n",
    "Thumbs.db": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
    "page.html": b"<!DOCTYPE html><html></html>",
    "pictures.zip": b"PK\3\4" + bytes(500),
    "catalog.lrcat": b"SQLite format 3\0" + bytes(500),
    "empty": b"",
}


def test_files_that_are_no_pictures_are_listed_apart_from_those_that_are_missed(
    store: SqliteIndex, images: Path
) -> None:
    write(images, OTHERS)
    fill(images, 1)
    assert look(store, images) == ScanResult(new=1)
    assert kinds(store) == {}
    assert sum(kinds(store, Cause.OTHER).values()) == len(OTHERS)


def test_a_text_file_with_the_name_of_a_picture_is_missed(store: SqliteIndex, images: Path) -> None:
    write(images, {"letter.jpg": b"nothing to see"})
    assert look(store, images).unreadable == 1
    assert kinds(store, Cause.REFUSED) == {"": 1}


@pytest.mark.parametrize("name", [".gitkeep", ".DS_Store", ".directory"])
def test_a_hidden_file_that_is_no_picture_is_not_mentioned(
    store: SqliteIndex, images: Path, name: str
) -> None:
    write(images, {name: b"x"})
    look(store, images)
    assert store.unreadable() == {}


def test_of_a_film_only_the_beginning_is_read(store: SqliteIndex, images: Path) -> None:
    with (images / "film.mp4").open("wb") as file:
        file.write(NOT_READ["clip.mp4"][0])
        file.truncate(2 * 2**30)
    look(store, images)
    assert kinds(store) == {"MP4 movie": 1}


def test_a_file_that_becomes_a_picture_leaves_the_list(store: SqliteIndex, images: Path) -> None:
    write(images, {"photo": b"nothing to see"})
    look(store, images)
    write(images, {"photo": plain()})
    assert look(store, images) == ScanResult(new=1)
    assert store.unreadable() == {}


def test_a_deleted_file_leaves_the_list(store: SqliteIndex, images: Path) -> None:
    write(images, {"notes.txt": b"nothing to see", "photo.jxl": NOT_READ["photo.jxl"][0]})
    fill(images, 1)
    look(store, images)
    for name in ("notes.txt", "photo.jxl"):
        (images / name).unlink()
    look(store, images)
    assert store.unreadable() == {}
