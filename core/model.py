"""The few types that the whole project speaks in: data only."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

# A file's path in the index starts with its root; the folder behind a root is the workspace's to
# know, so that an index can move to another machine.
GALLERY = "gallery/"
IMAGES = "images/"
UPLOADS = "uploads/"
ROOTS = (GALLERY, IMAGES, UPLOADS)


@dataclass(frozen=True)
class Picture:
    """What is known of a picture.

    id: SHA-256 of its bytes, in hex. format: one of core.pictures.FORMATS. width, height: pixels,
    as seen upright. bytes: size of the file. note: a sentence for the person, or "".
    paths: its files, best name first.
    """

    id: str
    format: str
    width: int
    height: int
    bytes: int
    note: str
    paths: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's name without its folders."""
        return self.paths[0].rsplit("/", 1)[-1] if self.paths else self.id[:12]


@dataclass(frozen=True)
class Limits:
    """What an embedder takes as a picture.

    embedder: its name as a person knows it, for the sentence that refuses a picture.
    formats: names out of core.pictures.FORMATS, JPEG and PNG among them.
    max_bytes: the size of the largest file.
    above_side, below_side: both sides are longer and shorter than this, in pixels.
    """

    embedder: str
    formats: Collection[str]
    max_bytes: int
    above_side: int = 0
    below_side: float = math.inf


@dataclass(frozen=True, slots=True)  # a scan holds one for each file
class FileRow:
    """A file as the last scan left it; size and mtime_ns are None for an imported one."""

    path: str
    picture_id: str
    size: int | None
    mtime_ns: int | None


@dataclass(frozen=True)
class Unreadable:
    """A file that is no picture that can be used, and why.

    size and mtime_ns are None where something else than the file's content stands in the way (a
    permission): then it is tried again at each scan.
    """

    path: str
    reason: str
    size: int | None = None
    mtime_ns: int | None = None


@dataclass(frozen=True)
class Failure:
    """A picture that the embedder gave no vector for, and why.

    again: it was the service or the file that was away, not the picture that was refused: the
    next run tries it without being told.
    """

    picture_id: str
    path: str
    reason: str
    again: bool = False


class Missing(NamedTuple):
    """A picture that waits for its vector, and the size of its file."""

    picture_id: str
    path: str
    bytes: int


@dataclass(frozen=True)
class Scope:
    """Which files are meant: a collection ("own", "gallery" or "all") and a folder inside it.

    `folder` is a path that ends in "/", or empty.
    """

    collection: str = "all"
    folder: str = ""


OWN = Scope("own")
BUNDLED = Scope("gallery")
EVERYTHING = Scope("all")


@dataclass(frozen=True)
class Hit:
    """A picture, its true cosine with the query, and each part's exact share of that cosine."""

    picture_id: str
    cosine: float
    rank: int
    shares: tuple[float, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What a run would do. `calls` is what it costs with a paid embedder."""

    calls: int
    duplicates: int  # files whose bytes are another file's: embedded once
    skipped: int  # files that cannot be read
    failed: int  # pictures that were refused before; only "Retry failed" tries them again
