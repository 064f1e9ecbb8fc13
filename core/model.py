"""The few types that the whole project speaks in: data only."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

# A file's path in the index starts with its root; the folder behind a root is the workspace's to
# know, so that an index can move to another machine.
GALLERY = "gallery/"
IMAGES = "images/"
UPLOADS = "uploads/"
# Pictures that are fetched where they are, each below the name of its source.
REMOTE = "remote/"
ROOTS = (GALLERY, IMAGES, UPLOADS, REMOTE)

# What a file belongs to: the bundled pictures, or what a person brought.
COLLECTIONS = frozenset(("gallery", "own"))


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
    max_pixels: width times height is at most this.
    """

    embedder: str
    formats: Collection[str]
    max_bytes: int
    above_side: int = 0
    below_side: float = math.inf
    max_pixels: float = math.inf


@dataclass(frozen=True, slots=True)  # a scan holds one for each file
class FileRow:
    """A file as the last scan left it.

    size and mtime_ns are None for an imported one. mtime_ns alone is None for a file that the next
    scan has to read again, whatever its size and time are.
    """

    path: str
    picture_id: str
    size: int | None
    mtime_ns: int | None


class Cause(StrEnum):
    """Why a file that was seen is not in the index. The values are kept in the index."""

    REFUSED = "refused"  # a picture by its name or its first bytes, but it cannot be read
    KIND = "kind"  # a picture or a film of a kind that is not read
    EMBEDDER = "embedder"  # a picture that is read, but the embedder gave it no vector
    LINK = "link"  # a linked folder that is not followed
    LEFT_OUT = "left out"  # previews, copies and bins of other programs, and what is hidden
    OTHER = "other"  # no picture


@dataclass(frozen=True)
class Unreadable:
    """A file or a folder that a scan saw and did not take, and why.

    path: ends in "/" for a folder. reason: a sentence for the person.
    size and mtime_ns are None where something else than the file's content stands in the way (a
    permission): then it is tried again at each scan. mtime_ns alone is None for a file that the
    next scan has to read again.
    kind: what the cause is about, in a word: the kind of file that is not read, or the name by
    which something was left out; else "".
    reader: core.pictures.READER_VERSION of the program that refused the content, else 0.
    """

    path: str
    reason: str
    size: int | None = None
    mtime_ns: int | None = None
    cause: Cause = Cause.REFUSED
    kind: str = ""
    reader: int = 0


@dataclass(frozen=True)
class NotIndexed:
    """A line of the list of files that were seen and are not in the index."""

    path: str
    reason: str
    cause: Cause


@dataclass(frozen=True)
class Away:
    """A root, a linked folder or a source that is not there now, though the index has its files.

    path: ends in "/". files: how many are kept. reason: a sentence, where more is known than that
    nothing is there.
    """

    path: str
    files: int
    reason: str = ""


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


class ColumnType(StrEnum):
    """What the values of a column are. The values are kept in the index."""

    NUMBER = "number"
    DATE = "date"
    CATEGORY = "category"  # few different values: one chooses among them
    TEXT = "text"


class Value(NamedTuple):
    """What a column says of a picture.

    text: as a person reads it; a date as "2026-11-27". number: what it is compared by: a number
    itself, a date as its day since 0001-01-01 (`datetime.date.toordinal`); else None.
    """

    text: str
    number: float | None = None


def collection_of(path: str) -> str:
    """Which of COLLECTIONS the file at a path belongs to."""
    return "gallery" if path.startswith(GALLERY) else "own"


@dataclass(frozen=True)
class Column:
    """Something that is known of pictures, as their author or the date they were taken.

    taken: True once somebody said that searches may be narrowed by it. collections: those of
    COLLECTIONS of whose pictures it says something; all while no scan has looked.
    """

    name: str
    type: ColumnType
    taken: bool = False
    collections: frozenset[str] = COLLECTIONS

    def speaks_of(self, scope: Scope) -> bool:
        """True if it says something of a picture in the collection of `scope`."""
        return scope.collection not in COLLECTIONS or scope.collection in self.collections


@dataclass(frozen=True)
class Filter:
    """What a column has to say of a picture: exactly one of a range, one of some, or a text.

    low, high: bounds of a number or a date (see `Value.number`), both included; None: no bound.
    any_of: texts, one of which it is. contains: a text that is in it; large and small letters are
    the same. A picture of which the column says nothing is left out.
    """

    column: str
    low: float | None = None
    high: float | None = None
    any_of: tuple[str, ...] = ()
    contains: str = ""


@dataclass(frozen=True)
class Order:
    """In which order pictures are listed: by a column; those that it says nothing of come last."""

    column: str
    descending: bool = False


@dataclass(frozen=True)
class Scope:
    """Which files are meant: a collection ("own", "gallery" or "all") and a folder inside it.

    folder: a path that ends in "/", or empty. only: ids of the pictures that are meant; None where
    all are. filters: what has to be known of the pictures that are meant, all of it.
    """

    collection: str = "all"
    folder: str = ""
    only: frozenset[str] | None = None
    filters: tuple[Filter, ...] = ()

    def holds(self, path: str) -> bool:
        """True for a file of the collection and the folder; which pictures are meant is left out.

        >>> Scope("own", "images/boats/").holds("images/boats/red.jpg")
        True
        """
        if self.folder:
            return path.startswith(self.folder)
        return self.collection not in COLLECTIONS or self.collection == collection_of(path)


OWN = Scope("own")
BUNDLED = Scope("gallery")
EVERYTHING = Scope("all")


@dataclass(frozen=True)
class Region:
    """A rectangle inside a picture, in shares of its upright width and height, 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Hit:
    """A picture, its true cosine with the query, and each part's exact share of that cosine.

    alike: hits of the same ranking that are near-identical to this one and are shown with it.
    """

    picture_id: str
    cosine: float
    rank: int
    shares: tuple[float, ...] = ()
    alike: tuple[Hit, ...] = ()


@dataclass(frozen=True)
class SavedSearch:
    """A query that was given a name, so that it can be opened again.

    address: the page and its parameters, as behind the host in the browser ("?q=boat").
    embedder_id: who answered when it was saved. face: the ids of the first pictures that were found
    then. saved: seconds since 1970.
    """

    name: str
    address: str
    embedder_id: str
    face: tuple[str, ...]
    saved: float


@dataclass(frozen=True)
class Vote:
    """Which of two models a person found the better one for a query.

    query: in words. better, other: embedder ids. voted: seconds since 1970.
    """

    query: str
    better: str
    other: str
    voted: float


@dataclass(frozen=True)
class Plan:
    """What a run would do. `calls` is what it costs with a paid embedder."""

    calls: int
    duplicates: int  # files whose bytes are another file's: embedded once
    skipped: int  # files that are pictures or films, and cannot be read
    failed: int  # pictures that were refused before; only "Retry failed" tries them again
